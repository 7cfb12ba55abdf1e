"""Decimal commas in one matrix: 0,5 0,7 has commas within its numbers and another mark between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rnncalc.common.i18n import _

_ENTRY = re.compile(r"[-+−]?\d+(?:,\d+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2},0\d\d")  # 59,000
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
        return text.replace(",", ".")
    return text


def doubtful(text: str) -> bool:
    """Whether a text is one pair that may be a number with a decimal comma: 1,5."""
    return re.fullmatch(r"\s*[-+]?\d+,\d+\s*", text) is not None and with_points(text) == text


def stated(value: Any, decimal: str) -> Any:
    """The texts of a value, which may be nested, as the problem says that numbers are written: comma or point."""
    if isinstance(value, dict):
        return {key: stated(part, decimal) for key, part in value.items()}
    if isinstance(value, list):
        return [stated(part, decimal) for part in value]
    return _stated(value, decimal) if isinstance(value, str) else value


def _stated(text: str, decimal: str) -> str:
    if decimal == "comma":
        return re.sub(r"(?<=\d),(?=\d)", ".", text)
    return re.sub(r"(?<=\d),(?=\d)", ", ", text)


def notes(values: Mapping[str, object]) -> list[str]:
    """What is said of commas that may be decimal: how they are read, and how else they can be."""
    said = []
    for name, text in values.items():
        if not isinstance(text, str) or text.lstrip().startswith("@") or len(text) > 2000:
            continue
        if with_points(text.strip()) != text.strip():
            note = _("{name}: commas read as decimal commas; --decimal point reads them as separators")
            said.append(note.format(name=name))
        elif doubtful(text):
            said.append(_("{name}: {text} read as two numbers; --decimal comma reads one").format(name=name, text=text))
    return said
