"""One cell of a table: a number, or a gap. What needs a guess is refused."""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError

GAPS = frozenset(("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"))  # how programs write that nothing is there
_GROUPED = re.compile(r"[+-]?[$€£¥]?\s?\d+([.,'’ \u00a0\u202f]\d+)*\s?[%$€£¥]?")
_COMMA = re.compile(r"[+-]?(?:\d*,\d+|\d+,)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_SEPARATED = re.compile(r"[+-]?[1-9]\d{0,2}(?:([,.'’ \u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d*)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)


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
        if value is None and _SEPARATED.fullmatch(text.strip()):
            what = _("“{text}” is no number: write it without separators of thousands").format(text=text[:50])
        message = _("{name}, line {line}, column {column}: {what}")
        raise ParseError(message, name=source, line=line, column=column, what=what)
