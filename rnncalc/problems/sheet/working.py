"""Answers that stand at the end of their working: h_3 = tanh(0.51) ≈ 0.4699, a_3 = 0.5·0.2 + 0.1 = 0.2 (rounded)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np

from rnncalc.errors import ParseError
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.problems.formulas import nodes
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.reader import NoFormulaError, Reader
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.parse.numbers import TypedNumber, number
from rnncalc.problems.sheet import values

LONGEST = 400  # characters of one side
MOST = 12  # signs in a row
_MARK = re.compile(rf"[()\[\]{{}}=≈,;，；。\n{BREAK}]|\.(?!\d)|[:：<>]")
_SIGN = re.compile(rf"[ \t{BREAK}]*(?:\n[ \t{BREAK}&]*)?([=≈])(?!=)")
_OPERATOR = re.compile(r"[-+*/·×∘^(\\]")
_WORD = re.compile(
    r"(?<![A-Za-z\\])(?!tanh|exp|log|sigm|relu|softm|max|min|eta|alpha)[A-Za-z]{3,}(?![A-Za-z]|[_(^\[])|[一-鿿]"
)
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?![\w.])")
_MOST_NUMBERS = 6  # of which each may be off by half its last digit


class Working(NamedTuple):
    """sides: the formulas between the signs; value: the text behind the last one, which ends at `end`."""

    sides: list[str]
    value: str
    end: int


def read(reader: Reader, at: int, trusted: bool, reads: Callable[[Symbol], bool]) -> Working | None:
    """The working that begins behind a sign; None where no further sign follows it, or what stands between is none.

    trusted: whether answers are expected here, so that a formula that cannot be read is working too. reads: whether
    what is worked out is computed from a name, so that 1.5 h_3 is a product.
    """
    text, sides = reader.text, list[str]()
    while len(sides) < MOST:
        end = _side_end(text, at)
        sign = _SIGN.match(text, end)
        if sign is None:
            break
        side = text[at:end].strip(f" \t{BREAK}")
        if not _is_working(reader, at, end, side, trusted, reads):
            return None
        sides.append(side)
        at = sign.end()
    value = values.read(text, at) if sides else None
    return Working(sides, *value) if value else None


def _side_end(text: str, at: int) -> int:
    """The place of the next sign or mark that no bracket encloses."""
    depth = 0
    for mark in _MARK.finditer(text, at, at + LONGEST):
        if mark[0] in "([{":
            depth += 1
        elif mark[0] in ")]}":
            depth -= 1
        elif depth <= 0 or mark[0] in "=≈\n":
            if mark[0] == BREAK and not text[at : mark.start()].strip(f" \t{BREAK}"):
                continue
            return mark.start()
    return min(len(text), at + LONGEST)


def _is_working(reader: Reader, at: int, end: int, side: str, trusted: bool, reads: Callable[[Symbol], bool]) -> bool:
    plain = values.read(reader.text, at)
    if plain is not None and plain[1] <= end:  # W = 0.5 U = 0.8 are two values in a row, 0.46212 = 0.4621 is one
        behind_value = reader.text[plain[1] : end].strip(f" \t{BREAK}")
        name = symbols.read(behind_value, 0)
        return not behind_value or (name is not None and name[1] == len(behind_value) and reads(name[0]))
    if not side or _WORD.search(side):
        return False
    try:
        node, behind = reader.read(at)
    except NoFormulaError:
        return trusted and bool(_OPERATOR.search(side))
    if reader.text[behind:end].strip(f" \t{BREAK}"):  # W - η ∂L/∂W
        return trusted and bool(_OPERATOR.search(side))
    return not isinstance(node, nodes.Sym)


def contradicted(working: Working) -> str:
    """The first side whose own numbers surely do not give the last one; empty where all may."""
    try:
        last = number(working.value)
    except ParseError:
        return ""
    return next((side for side in working.sides if _is_other(side, last)), "")


def _is_other(side: str, last: TypedNumber) -> bool:
    numbers = list(_NUMBER.finditer(side))
    if last.place is None or not 0 < len(numbers) <= _MOST_NUMBERS:
        return False
    reached = []
    for signs in product((-1, 0, 1), repeat=len(numbers)):
        text = side
        for part, sign in reversed(list(zip(numbers, signs))):
            half = 0.5 * 10.0 ** -len(part[0].partition(".")[2]) if "." in part[0] else 0.0
            text = f"{text[: part.start()]}{float(part[0]) + sign * half:.17f}{text[part.end() :]}"
        try:
            value = value_of(Reader(text, ()).whole())
        except NoFormulaError:
            value = None
        if value is None or not math.isfinite(value):
            return False
        reached.append(value)
    room = 10.0**last.place
    return not min(reached) - room <= last.value <= max(reached) + room


def value_of(node: nodes.Node) -> float | None:
    """The value of a formula of numbers; None where a name or a vector stands in it."""
    inside = [value_of(part) for part in nodes.parts(node)]
    known = [value for value in inside if value is not None]
    if len(known) < len(inside):
        return None
    if isinstance(node, nodes.Num):
        return node.value
    if isinstance(node, nodes.Sum):
        return sum(sign * value for (sign, _term), value in zip(node.terms, known))
    if isinstance(node, nodes.Prod):
        return math.prod(known)
    if isinstance(node, nodes.Quot) and known[1]:
        return known[0] / known[1]
    if isinstance(node, nodes.Apply) and len(known) == 1 and node.name == "log":
        return math.log(known[0]) if known[0] > 0 else None
    if isinstance(node, nodes.Apply) and len(known) == 1 and node.name in FUNCTIONS:
        return float(np.asarray(FUNCTIONS[node.name].compute(np.asarray(known[0]))))
    return None
