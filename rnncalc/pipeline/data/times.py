"""The times of one column: numbers, ISO 8601 dates, or dates of one format. What needs a guess is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline.data.cells import Decimals

EXACT = 2.0**53  # whole numbers beyond it cannot all be told apart
REMEMBERED = 100_000  # texts
KEY = np.dtype("S40")  # an instant as text of one width
_ISO = re.compile(
    r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,15}))?)?\s?(Z|[+-][012]\d(?::?[0-5]\d)?)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_DATE = re.compile(
    r"(\d{1,4})([-/.])\d{1,2}\2(\d{1,4})"
    r"(?:([T ])\d{1,2}:\d\d(:\d\d)?(\.\d{1,6})?(\s?[AP]M)?(\s?(?:Z|[+-]\d\d:?\d\d))?)?",
    re.ASCII | re.IGNORECASE,
)


class Times:
    """The times of one column, all of one kind: numbers, or dates, with a UTC offset each or none at all.

    written: the format of its dates, as `datetime.strptime` takes it; empty for numbers and ISO 8601.
    """

    def __init__(self, source: str, column: str, decimals: Decimals, written: str = ""):
        self.source, self.column, self.decimals, self.written = source, column, decimals, written
        self.first: tuple[Any, str, int] | None = None  # kind, text and line
        self.known: dict[str, float | bytes] = {}  # keys: sequences often have the same times
        if written:
            try:
                datetime.strptime(" ", written)
            except ValueError as error:
                if "does not match" not in str(error):
                    raise ProblemError(_("--time-format {format}: {reason}"), format=written, reason=error) from None
            except re.error:
                message = _("--time-format {format}: a part of the date is there twice")
                raise ProblemError(message, format=written) from None

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the keys."""
        return np.dtype(np.float64) if self.first is None or self.first[0] == "number" else KEY

    def key(self, text: str, line: int) -> float | bytes:
        """Return a key that sorts as the times do: a number, or the instant as text of one width. Raises ParseError."""
        parsed = _formatted(text, self.written) if self.written else self._plain(text)
        if parsed is None and self.written:
            message = _("{name}, line {line}: “{text}” in column {column} is no time of the format {format}: {advice}")
            raise ParseError(message, **self._where(text, line), format=self.written)
        if self.first is None:
            if parsed is None:
                message = _(
                    "{name}, line {line}: “{text}” in column {column} is no time that can be put in order: {advice}"
                )
                raise ParseError(message, **self._where(text, line))
            self.first = parsed[0], text[:50], line
        kind, other, other_line = self.first
        if parsed is None or parsed[0] != kind:
            message = _(
                "{name}, line {line}: “{text}” is no time like those before (column {column}, “{other}” in line "
                "{other_line}): {advice}"
            )
            raise ParseError(message, **self._where(text, line), other=other, other_line=other_line)
        return parsed[1]

    def keys(self, texts: list[str], lines: Sequence[int]) -> np.ndarray:
        """Return the keys of some cells with their lines. Raises ParseError."""
        made = []
        for text, line in zip(texts, lines):
            key = self.known.get(text)
            if key is None:
                key = self.key(text, line)
                if len(self.known) < REMEMBERED:
                    self.known[text] = key
            made.append(key)
        return np.array(made, self.dtype)

    def find(self, cells: Iterable[tuple[int, str]]) -> None:
        """Find the format of a column from all its cells, with their lines: the one format that each of them fits.

        Numbers and ISO 8601 need none. Raises ParseError where day and month could be exchanged throughout.
        """
        possible: list[str] | None = None
        for line, text in cells:
            if possible is None:
                if self._plain(text) is not None or not (possible := _formats(text)):
                    return  # as it is, or to be refused with its line
                first = line, text
            left = [written for written in possible if _formatted(text, written) is not None]
            if not left:
                self.written = possible[0] if len(possible) == 1 and line > first[0] else ""
                return
            possible = left
        if possible and len(possible) > 1:
            message = _(
                "{name}, column {column}: “{text}” in line {line} may be {formats}, and so may all others: say which "
                'with --time-format "{example}"'
            )
            where = {"name": self.source, "column": self.column, "line": first[0], "text": first[1][:50]}
            raise ParseError(message, **where, formats=_(" or ").join(possible), example=possible[0])
        self.written = possible[0] if possible else ""

    def _plain(self, text: str) -> tuple[Any, Any] | None:
        """Return the kind of a number or an ISO date, and its key; None if it is neither."""
        value = self.decimals.number(text)
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
        return (day is not None, hour is not None, offset is not None), _key(instant, (fraction or "").ljust(15, "0"))

    def _where(self, text: str, line: int) -> dict[str, Any]:
        advice = _(
            "write ISO dates (2024-01-31 or 2024-01-31 13:05) or numbers, say how dates are written with --time-format "
            '"%d/%m/%Y", or sort the file and leave --time out'
        )
        return {"name": self.source, "line": line, "text": text[:50], "column": self.column, "advice": advice}


def is_time(text: str) -> bool:
    """Tell whether a text is a date as this module reads it, in some format; numbers are none."""
    return _ISO.fullmatch(text.strip()) is not None or bool(_formats(text))


def _formatted(text: str, written: str) -> tuple[Any, Any] | None:
    """Return the kind of a date of that format, and its key; None if it is none."""
    try:
        instant = datetime.strptime(text.strip(), written)
        if instant.tzinfo is not None:
            instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return written, _key(instant, f"{instant.microsecond:06d}".ljust(15, "0"))


def _key(instant: datetime, fraction: str) -> bytes:
    return f"{instant.replace(tzinfo=None, microsecond=0).isoformat()}.{fraction}".encode()


def _formats(text: str) -> list[str]:
    """Return the formats that a date may have, by its year of four digits; dots stand behind the day first."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return []
    first, mark, last, between, seconds, fraction, half, offset = match.groups()
    dates = ["%Y-%m-%d"] if len(first) == 4 else []
    if len(last) == 4 and len(first) < 3:
        dates = ["%d-%m-%Y", *["%m-%d-%Y"] * (mark != ".")]
    clock = ""
    if between:
        clock = f"{between}%{'I' if half else 'H'}:%M" + ":%S" * bool(seconds) + ".%f" * bool(fraction)
        clock += "".join((" " * part[0].isspace() + name) for part, name in ((half, "%p"), (offset, "%z")) if part)
    return [date.replace("-", mark) + clock for date in dates]
