"""A column of times: which of two submissions is the later one. Days and months are told apart by the whole column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_MONTHS = (
    "jan|janv|ene|gen|styc|янв", "feb|févr|fév|fev|lut|фев", "mar|mär|mrz|maa|mars|мар", "apr|avr|abr|kwi|апр",
    "may|mai|mei|mag|maj|мая|май", "jun|juin|giu|cze|июн", "jul|juil|lug|lip|июл", "aug|août|aou|ago|sie|авг",
    "sep|set|wrz|сен", "oct|okt|ott|out|paź|окт", "nov|lis|ноя", "dec|dez|déc|dic|gru|дек",
)  # fmt: skip
_MONTH = {word: number + 1 for number, words in enumerate(_MONTHS) for word in words.split("|")}
_CLOCK = re.compile(r"(\d{1,2})[:.h时点](\d{2})(?:[:.分](\d{2})(?:[.,]\d+)?)?\s*秒?")
_ZONE = re.compile(r"(?:\b(?:gmt|utc))?\s*(?<=[\d\sct])([+-])(\d{1,2}):?(\d{2})?\s*\)?$|(?<=\d)\s*z$")
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_THREE = re.compile(r"(?<!\d)(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})(?!\d)")
_WORDS = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+(?:de )?([^\W\d]{3,12})\.?[\s-]+(?:de )?(\d{4})")
_AMERICAN = re.compile(r"([^\W\d]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
AFTERNOON = ("pm", "p.m", "下午", "晚上", "午後")
MORNING = ("am", "a.m", "上午", "凌晨", "早上", "午前")


@dataclass(frozen=True)
class Moment:
    """A time of a row under both readings, day first and month first; the same twice where the text leaves no doubt."""

    day_first: datetime | None
    month_first: datetime | None

    def read(self, day_first: bool) -> datetime | None:
        return self.day_first if day_first else self.month_first


@dataclass(frozen=True)
class TimeColumn:
    """The times of a table, row by row, None where there is none; doubtful: whether 3/4 may be either."""

    times: list[datetime | None]
    doubtful: bool = False


def column(texts: Sequence[str]) -> TimeColumn:
    """The times of a column. Where day and month could be exchanged in every row, the order of the file decides if it
    is that of one reading alone; else it is doubtful, and day first."""
    moments = [moment(text) for text in texts]
    first, second = (_reading(moments, day_first) for day_first in (True, False))
    if first is None or second is None:
        return TimeColumn(first or second or [None for _moment in moments])
    if first == second:
        return TimeColumn(first)
    if _in_order(first) != _in_order(second):
        return TimeColumn(first if _in_order(first) else second)
    return TimeColumn(first, doubtful=True)


def _reading(moments: list[Moment | None], day_first: bool) -> list[datetime | None] | None:
    """The times under one reading; None if one of them has no such month."""
    times = [moment.read(day_first) if moment else None for moment in moments]
    return None if any(time is None and moment for time, moment in zip(times, moments)) else times


def _in_order(times: list[datetime | None]) -> bool:
    present = [at for at in times if at is not None]
    return len(present) > 2 and (present == sorted(present) or present == sorted(present, reverse=True))


def moment(text: str) -> Moment | None:
    """A time as people and platforms write it; None if it is none."""
    text = unicodedata.normalize("NFKC", text[:100]).casefold().strip()
    shift = timedelta()
    if (zone := _ZONE.search(text)) and ":" in text[: zone.start()]:
        text = text[: zone.start()]
        if zone[1]:
            shift = timedelta(hours=int(zone[2]), minutes=int(zone[3] or 0)) * (-1 if zone[1] == "+" else 1)
    days = _days(text)
    if days is None:
        return None
    (dates, rest) = days
    clock = _clock(rest)
    if clock is None:
        return None
    readings: list[datetime | None] = []
    for year, month, day in dates:
        try:
            readings.append(datetime(year, month, day) + clock + shift)
        except (ValueError, OverflowError):
            readings.append(None)
    return Moment(*readings) if any(readings) else None


def _days(text: str) -> tuple[list[tuple[int, int, int]], str] | None:
    """The date under both readings, and the text without it."""
    if match := _YEAR_FIRST.search(text):
        year, month, day = map(int, match.groups())
        return [(year, month, day)] * 2, text[match.end() :]
    if match := _THREE.search(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        by_day = (year, second, first)
        return [by_day, by_day if match[2] == "." else (year, first, second)], text[match.end() :]
    for pattern, day_at, month_at in ((_WORDS, 1, 2), (_AMERICAN, 2, 1)):
        for match in pattern.finditer(text):
            month = _month(match[month_at])
            if month:
                return [(int(match[3]), month, int(match[day_at]))] * 2, text[match.end() :]
    return None


def _month(word: str) -> int:
    """The number of a month by how its name begins; 0 if it is none."""
    return next((_MONTH[word[:length]] for length in (5, 4, 3) if word[:length] in _MONTH), 0)


def _clock(text: str) -> timedelta | None:
    """The time of day; midnight where there is none."""
    match = _CLOCK.search(text)
    if not match:
        return timedelta()
    hour, minute, second = (int(part or 0) for part in match.groups())
    if any(word in text for word in AFTERNOON):
        hour = hour % 12 + 12
    elif any(word in text for word in MORNING):
        hour %= 12
    return timedelta(hours=hour, minutes=minute, seconds=second) if hour < 25 else None
