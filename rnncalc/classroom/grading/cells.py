"""Cells of answers: one number, or a whole vector; decimal commas and points as the row writes them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rnncalc.check.answers.nested_lists import entries, of_text
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import one_line
from rnncalc.problems.parse.numbers import BLANKS, blanked

EMPTY = (*BLANKS, "-", "–", "—")  # "-" is how learning platforms write "no answer"
MOST = 5_000  # characters of a cell that may hold a vector
_COMMA = re.compile(r"[+-]?\d{0,40},\d{1,40}(?:[eE][+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # 1,234: a number with a decimal comma, or a thousand
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+,\d{1,40}")  # 1.234,5
_POINT = re.compile(r"[+-]?\d{0,40}\.\d{1,40}(?:[eE][+-]?\d{1,3})?")
_DASHES = str.maketrans("−–—﹣－，", "-----,")
_NAMED = re.compile(r"\s*[^\W\d][\w\[\](){}, .^]{0,30}[=≈]\s*")  # h_1 = 0.86


@dataclass(frozen=True)
class Cell:
    """What a person typed in a cell. entries: its numbers, where the column asks for several."""

    text: str
    entries: tuple[str, ...] = ()

    def misshapen(self, name: str, count: int) -> str:
        """What is wrong with it where so many numbers are asked for."""
        message = _("{name}: {n} numbers are asked for, got “{text}”")
        return message.format(name=name, n=count, text=one_line(self.text, 60))


def row(texts: list[str], wanted: list[int], comma: bool) -> tuple[list[Cell], list[str]]:
    """The cells of one person, and the texts that were taken for decimals though they might be thousands.

    wanted: how many numbers each cell is asked for. comma: whether the table writes decimal commas. 1,234 is 1.234
    unless this person writes points.
    """
    points = not comma and any("." in text and _POINT.fullmatch(text) for text in texts)
    cells, doubtful = [], []
    for text, count in zip(map(blanked, texts), wanted):
        if text.isdigit() or (count == 1 and _POINT.fullmatch(text)) or text in EMPTY:
            cells.append(Cell(text, (text,)))
            continue
        bare = _NAMED.sub("", text.translate(_DASHES), count=1)
        if _GROUPED.fullmatch(bare) and count == 1:
            if points:
                cells.append(Cell(text, (text,)))
                continue
            if not comma:
                doubtful.append(text)
        cells.append(_cell(text, bare, count))
    return cells, doubtful


def _cell(text: str, bare: str, count: int) -> Cell:
    if count == 1:
        single = decimal(bare.strip("[]【】 ") or bare)
        several = numbers(bare) if re.search(r"[,;\s\[]", single) else (single,)
        return Cell(single if single != text else text, several)
    merged = re.sub(r"(?<=\d),(?=\d)", ".", bare)
    plain = numbers(bare)
    if merged != bare and len(plain) != count and len(points := numbers(merged)) == count:
        return Cell(text, points)
    return Cell(text, plain)


def decimal(text: str) -> str:
    """A number with a decimal comma, by a point: 0,86 is 0.86, and 1.234,5 is 1234.5."""
    if _COMMA.fullmatch(text):
        return text.replace(",", ".")
    return text.replace(".", "").replace(",", ".") if _THOUSANDS.fullmatch(text) else text


@lru_cache(maxsize=4096)
def numbers(text: str) -> tuple[str, ...]:
    """The numbers of a vector in any form: [0.1, 0.2]; 0.1; 0.2; 0.1 0.2."""
    if len(text) > MOST:
        return ()
    text = unicodedata.normalize("NFKC", text).strip()
    nested: Any = of_text(text)
    if isinstance(nested, str):
        return (nested,)
    return tuple(str(entry) for entry in entries(_blanks(nested)))


def _blanks(value: Any) -> Any:
    """Nested lists in which a blank keeps its place."""
    if isinstance(value, list):
        return [_blanks(part) for part in value]
    return "_" if value is None else value
