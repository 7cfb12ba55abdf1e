r"""Vectors that have a name of their own, before they are the inputs: x_1 = e(time), with e(time) = [1, 0]."""

from __future__ import annotations

import re

from rnncalc.problems.formulas.nodes import symbols_of
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet

_CALLED = r"(?<![\w\\])([A-Za-z]\w{0,3}'?)[(\[]\s*[\"'“]?((?![tnk]\s*[)\]])[^\W\d_]\w{0,30})[\"'”]?\s*[)\]]"
_GIVEN = re.compile(rf"{_CALLED}(?=\s*:?=\s*[-\d\[(\\])")
_READ = re.compile(rf"(?<==)(\s*){_CALLED}")


def with_indices(text: str) -> str:
    """The text, in one spelling, with e_{time} in place of e(time), where both x_1 = e(time) and its value stand."""
    given = {word.groups() for word in _GIVEN.finditer(text)}
    called = given & {word.groups()[1:] for word in _READ.finditer(text)}
    if not called:
        return text
    bases = {base for base, _word in called}
    return re.sub(
        _CALLED,
        lambda word: f"{word[1]}_{{{word[2]}}}" if word[1] in bases and word.groups() in given else word[0],
        text,
    )


def used_up(sheet: ScannedSheet) -> list[Assigned]:
    """The values without those of names that only say what the inputs are: no equation reads them."""
    read = {symbol.base for equation in sheet.equations for symbol in symbols_of(equation.node)}
    inputs = {key for alike, key in sheet.same if alike.symbol.number is not None}
    named = {item.symbol.base for item in sheet.assigned if item.symbol.key in inputs} - read
    return [item for item in sheet.assigned if item.symbol.base not in named or not item.symbol.indices]
