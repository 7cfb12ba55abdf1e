"""Decimal commas: 0,5 is a number where the text leaves no doubt."""

from __future__ import annotations

import re

from rnncalc.problems.parse.commas import nested_with_commas

_STATED = re.compile(r"^[ \t]*(?:decimal|dezimal)[ \t]*[:=][ \t]*(comma|point)\b", re.MULTILINE)
_COMMA = re.compile(r"(?<![\d.,])(\d{1,9})(?:,|\{,\})(\d{1,17})(?!\d|[,.]\d|\{,\})")
_CERTAIN = re.compile(r"(?<![\d.,])0(?:,|\{,\})\d+(?!\d|[,.]\d|\{,\}\d)|(?<![\d.,])\d{1,9}\{,\}(?!\d{3}(?!\d))\d+")
_POINT = re.compile(r"(?<![\d.:/-])-?\d+\.\d+(?![\d.:/])")
_VECTOR = re.compile(r"\([ \t]*[-+−]?[\d.]+(?:[ \t]*;[ \t]*[-+−]?[\d.]+)+[ \t]*\)")
_SPACED = re.compile(r"(?<=\d),[ \t]+[-+]?\d")  # a comma between numbers, with a space behind it


def with_points(text: str, decimal: str = "") -> tuple[str, bool]:
    """The text with decimal points, and whether there were commas that nobody said to be decimal.

    Commas are decimal where the text says so, or where no number has a point and some begin with “0,”, with another
    mark between them: a semicolon, a line, a cell; `0,5, 0,7` has both and is read so too.
    """
    if decimal:
        return (_pointed(text) if decimal == "comma" else text), False
    stated = _STATED.search(text)
    certain = len(_CERTAIN.findall(text))
    points = len(_POINT.findall(text))
    if stated and stated[1] == "point":
        return text, False
    if not stated and (certain < 2 or points > certain // 4 or _lists(text)):
        return text, False
    return _pointed(text), True


def _pointed(text: str) -> str:
    """The text with points, and commas for the semicolons between the numbers of a vector, (0,5; −0,4)."""
    text = nested_with_commas(_COMMA.sub(r"\1.\2", text))
    return _VECTOR.sub(lambda vector: vector[0].replace(";", ","), text)


def _lists(text: str) -> bool:
    """Whether the commas may be between the numbers of a list: [0,1], (1,0,0)."""
    return (
        any(
            re.fullmatch(r"\s*[-\d\s,]+", inside) and inside.count(",") > 1
            for inside in re.findall(r"[\[(]([^\[\]()]*)[\])]", text)
        )
        and not _SPACED.search(text)
        and "{,}" not in text
        and ";" not in text
    )
