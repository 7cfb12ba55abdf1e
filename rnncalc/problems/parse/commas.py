"""Decimal commas in one matrix: 0,5 0,7 has commas within its numbers and another mark between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rnncalc.common.i18n import _

MARKS = ("point", "comma")
DECIMAL, OF_A_TABLE = "decimal", "decimal, of a table"  # said of commas
_ENTRY = re.compile(r"[-+−]?\d+(?:,\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},0\d\d")  # 59,000
_THOUSAND = re.compile(rf"(?<![\w.,]){_THOUSANDS.pattern}(?![\w.,])")
_RUN = re.compile(r"[\d.,]+")
_POINTS = re.compile(r"\d*\.\d+(?:,\d*\.\d+)+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d),(?=\d)")
_NESTED = re.compile(r"\[\s*\[[^\[\]]*\](?:\s*[;,]?\s*\[[^\[\]]*\])*\s*\]")
_BETWEEN = re.compile(r"[\s;|\[\](){}]+")


def with_points(text: str) -> str:
    """The text with decimal points where its commas can be nothing else; else as it is.

    Commas are decimal where blanks separate the numbers and no blank follows a comma, `0,5 0,7`; where semicolons
    separate them and a number begins with “0,”, `0,5; 1,2`; and where a zero follows a comma, `0,059`, since no integer
    begins so. `1,2; 3,4` are four numbers, `1,5` are two.
    """
    if "," not in text or "." in text or not text.isascii() or re.search(r",\s|,\Z|\A,|,[^\d]|[^\d],", text):
        return text
    entries = [entry for entry in _BETWEEN.split(text) if entry]
    if not entries or not all(_ENTRY.fullmatch(entry) for entry in entries):
        return text
    if any(_THOUSANDS.fullmatch(entry) for entry in entries):
        return text
    spaced = re.search(r"\d[ \t]+[-+\d]", text) is not None
    zero = any(re.match(r"[-+]?0,", entry) for entry in entries)
    certain = any(re.search(r",0\d", entry) for entry in entries)
    if certain or spaced or (zero and len(entries) > 1):
        return nested_with_commas(text.replace(",", "."))
    return text


def nested_with_commas(text: str) -> str:
    """The text with commas for the semicolons of brackets within brackets: [[0.4; 0.3]; [0.1; 0.6]].

    Where commas are decimal, semicolons stand between numbers, and every inner bracket is a row.
    """
    return _NESTED.sub(lambda rows: rows[0].replace(";", ","), text)


def read(text: str, decimal: str) -> str:
    """The text of a matrix with decimal points, as somebody says, else where it leaves no doubt."""
    return stated(text, decimal) if decimal else with_points(text)


def doubt(value: object) -> str:
    """What is to be said of the commas of a matrix: DECIMAL, or what may be a number with a decimal comma, a pair, 1,5,
    or a thousand, 1,050; empty where nothing is."""
    if isinstance(value, list):
        return next((said for said in map(doubt, value) if said not in ("", DECIMAL) and "," in said), "")
    text = value.strip() if isinstance(value, str) and "," in value and len(value) <= 2000 else ""
    if text and with_points(text) != text:
        return DECIMAL
    if "." not in text and (thousand := _THOUSAND.search(text)):
        return thousand[0]
    return text if re.fullmatch(r"[-+]?\d+,\d+", text) else ""


def stated(value: Any, decimal: str) -> Any:
    """The texts of a value, which may be nested, as the problem says that numbers are written: comma or point.

    A file is read so later on, and its name stays as it is.
    """
    if isinstance(value, dict):
        return {key: stated(part, decimal) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [stated(part, decimal) for part in value]
    if not decimal or not isinstance(value, str) or value.lstrip().startswith("@"):
        return value
    if decimal == "comma":
        return nested_with_commas(_RUN.sub(_pointed, value))
    return _RUN.sub(lambda run: _BETWEEN_DIGITS.sub(", ", run[0]), value)


def _pointed(run: re.Match[str]) -> str:
    """A run of digits and marks with points for commas; 0.46,0.88 are two numbers all the same."""
    return run[0] if _POINTS.fullmatch(run[0]) else _BETWEEN_DIGITS.sub(".", run[0])


def notes(values: Mapping[str, object], in_doubt: bool = False) -> list[str]:
    """What is said of commas that may be decimal: how they are read, and how else they can be.

    values: texts, and the numbers of files. in_doubt: only of pairs that may be one number.
    """
    said = []
    for name, value in values.items():
        of_file = isinstance(value, str) and value.lstrip().startswith("@")
        text = getattr(value, "commas", "") or ("" if of_file else doubt(value))
        if text in (DECIMAL, OF_A_TABLE):
            note = _("{name}: commas read as decimal commas; --decimal point reads them as separators")
            if text == OF_A_TABLE:  # where another mark separates
                note = _("{name}: commas read as decimal commas")
            said += [] if in_doubt else [note.format(name=name)]
        elif text:
            note = _("{name}: {text} read as two numbers; --decimal comma reads one")
            if _THOUSANDS.fullmatch(text):
                note = _("{name}: {text} read as {whole}; --decimal comma reads {point}")
            whole, point = (text.replace(",", mark) for mark in ("", "."))
            said.append(note.format(name=name, text=text, whole=whole, point=point))
    return said
