"""One cell of a table: a number, a gap, or a time that can be put in order. What needs a guess is refused."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

GAPS = frozenset(("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"))  # how programs write that nothing is there
EXACT = 2.0**53  # whole numbers beyond it cannot all be told apart
_GROUPED = re.compile(r"[+-]?[$€£¥]?\s?\d+([.,'’ \u00a0\u202f]\d+)*\s?[%$€£¥]?")
_COMMA = re.compile(r"[+-]?(?:\d*,\d+|\d+,)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_ISO = re.compile(
    r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,15}))?)?\s?(Z|[+-][012]\d(?::?[0-5]\d)?)?)?)?",
    re.ASCII | re.IGNORECASE,
)


def number(text: str) -> float | None:
    """Return a cell as a number, `nan` and `inf` included; blanks around it do not matter."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def is_gap(text: str) -> bool:
    """Tell whether a cell says that there is no value."""
    return text.strip().lower() in GAPS


def is_grouped(text: str) -> bool:
    """Tell whether a text is a number as people write it: 1,234 or 0,5 or 12 % or $5."""
    return number(text) is None and text.count(".") < 2 and _GROUPED.fullmatch(text.strip()) is not None


class Decimals:
    """How the numbers of a file are written, with decimal points or commas: the first one decides, others are none.

    grouped: commas stand between columns too, where 1,234 in quotes may be a thousand and is refused.
    """

    def __init__(self, grouped: bool):
        self.grouped, self.mark = grouped, ""

    def number(self, text: str) -> float | None:
        """Return a cell as a number, as `number` does."""
        value = number(text)
        if value is not None and "." in text:
            self.mark = self.mark or "."
            return value if self.mark == "." else None
        if value is not None or self.mark == ".":
            return value
        text = text.strip()
        if not _COMMA.fullmatch(text) or (self.grouped and not self.mark and _THOUSANDS.fullmatch(text)):
            return None
        self.mark = ","
        return float(text.replace(",", "."))

    def otherwise(self, text: str) -> bool:
        """Tell whether a cell is a number with the other mark."""
        return bool(self.mark) and self.mark not in text and number(text.replace(",", ".")) is not None

    def finite(self, text: str, source: str, line: int, column: str) -> float:
        """Return a cell as a finite number. Raises ParseError with its place."""
        value = self.number(text)
        if value is not None and abs(value) < float("inf"):
            return value
        what = _("is blank") if not text.strip() else _("“{text}” is no number").format(text=text[:50])
        if value is None and self.otherwise(text):
            said = {",": _("“{text}”: above, decimals have a comma"), ".": _("“{text}”: above, decimals have a point")}
            what = said[self.mark].format(text=text[:50])
        message = _("{name}, line {line}, column {column}: {what}")
        raise ParseError(message, name=source, line=line, column=column, what=what)


class Times:
    """The times of one column, all of one kind: numbers, or ISO 8601 dates, with a UTC offset each or none at all."""

    def __init__(self, source: str, column: str):
        self.source, self.column = source, column
        self.first: tuple[Any, str, int] | None = None  # kind, text and line

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the keys."""
        return np.dtype(np.float64 if self.first is None or self.first[0] == "number" else "S40")

    def key(self, text: str, line: int) -> float | bytes:
        """Return a key that sorts as the times do: a number, or the instant as text of one width. Raises ParseError."""
        parsed = _key(text)
        where = {"name": self.source, "line": line, "text": text[:50], "column": self.column}
        advice = _("write ISO dates (2024-01-31 or 2024-01-31 13:05) or numbers; or sort the file and leave --time out")
        if self.first is None:
            if parsed is None:
                message = _(
                    "{name}, line {line}: “{text}” in column {column} is no time that can be put in order: {advice}"
                )
                raise ParseError(message, **where, advice=advice)
            self.first = parsed[0], text[:50], line
        kind, other, other_line = self.first
        if parsed is None or parsed[0] != kind:
            message = _(
                "{name}, line {line}: “{text}” is no time like those before (column {column}, “{other}” in line "
                "{other_line}): {advice}"
            )
            raise ParseError(message, **where, other=other, other_line=other_line, advice=advice)
        return parsed[1]


def _key(text: str) -> tuple[Any, Any] | None:
    """Return the kind of a time and its key; None if it cannot be put in order."""
    value = number(text)
    if value is not None:
        told_apart = abs(value) < EXACT or (value.is_integer() and text.strip() == str(int(value)))
        return ("number", value) if told_apart else None
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        day_and_clock = int(day or 1), int(hour or 0), int(minute or 0), int(second or 0)
        instant = datetime(int(year), int(month), *day_and_clock)
        if offset and offset not in "zZ":
            away = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].strip(":") or 0))
            if away >= timedelta(days=1):
                return None
            instant += away if offset[0] == "-" else -away
    except (ValueError, OverflowError):
        return None
    key = f"{instant.isoformat()}.{(fraction or '').ljust(15, '0')}".encode()
    return (day is not None, hour is not None, offset is not None), key
