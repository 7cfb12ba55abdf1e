"""Answers in a sheet, under our names: h_2 = …, dL/dW = …, a loss, `answers.U_new.o`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.formulas import loss as losses
from rnncalc.problems.formulas.network import FromEquations
from rnncalc.problems.formulas.own_cell import OwnCell
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.numbers import BLANKS, TWICE, blanked
from rnncalc.problems.sheet.pieces import Assigned
from rnncalc.problems.sheet.roles import SIGNALS, UNIT

_STEP = re.compile(r"(?<=[\w}])\s*\(\s*(\d{1,6})\s*\)\W*\Z")  # behind a unit's number: h_1(2)
_NOTHING = re.compile(r"[\s\[\](){},;.]*")  # (…, …), of which nothing is filled in

Decision = FromEquations | OwnCell | None


class SheetAnswers(dict[str, Any]):
    """Answers by name. places: where the first of each name stands."""

    def __init__(self, nested: dict[str, Any], places: dict[str, str]):
        super().__init__(nested)
        self.places = places


def answers(items: Sequence[Assigned], made: Decision, first: int, count: int) -> SheetAnswers:
    """The answers by name, those of a step by its number from 1.

    first: the number of the sheet's first step; count: of steps, where the values of x say it.
    """
    nested: dict[str, Any] = {}
    places: dict[str, str] = {}
    for item in items:
        before = set(nested)
        if count and item.symbol.words[-1:] == ("T",) and not item.key:
            indices = tuple(str(first + count - 1) if index == "T" else index for index in item.symbol.indices)
            item = replace(item, symbol=replace(item.symbol, indices=indices))
        item = _at_signal(item, made, first)
        unit = None if item.key else UNIT.search(item.symbol.text)
        if unit:
            item = replace(item, symbol=replace(item.symbol, indices=item.symbol.indices[:-1]))
        step_behind = None if item.key or item.gradient or made else _STEP.search(item.symbol.text)
        if step_behind and len(item.symbol.indices) - len(item.symbol.words) > 1:
            name = replace(item.symbol, indices=item.symbol.indices[:-1]).key
            _put(nested, f"{name}({int(step_behind[1]) - first + 1})", nested_texts(item.value), item)
            places |= dict.fromkeys(nested.keys() - before, item.where)
            continue
        number = item.symbol.number or 0
        if unit and (item.gradient or item.symbol.before_update):  # the row of ∂L/∂W[1][2], U_new[1][2] is no step
            item = replace(item, symbol=replace(item.symbol, indices=item.symbol.indices[:-1]))
        *outer, last = _path(item, made)
        if unit and outer[:1] != ["layers"]:
            outer, last = [], ".".join([*outer, last])
        place: Any = nested
        for part in outer:
            empty = {} if item.key else _empty(part, made)
            place = place[part] if isinstance(place, list) else place.setdefault(part, empty)
            if not isinstance(place, dict) and (item.key or part != "layers"):
                raise ParseError(_("{where}: it is given twice"), where=item.where)
        step = _step(item)
        number = number if step is None else step - first + 1
        if unit:
            _put(place, f"{last}[{number}][{unit[1]}]", nested_texts(item.value), item)
        elif step is None:
            _put(place, last, nested_texts(item.value), item)
        else:
            row = row_of(item.value)
            steps = place.setdefault(last, {})
            name, place = (str(number), steps) if isinstance(steps, dict) else (f"{last}[{number}]", place)
            _put(place, name, row if isinstance(row, list) else [row], item)
        places |= dict.fromkeys(nested.keys() - before, item.where)
    return SheetAnswers(nested, places)


def _at_signal(item: Assigned, made: Decision, first: int) -> Assigned:
    """The gradient at a signal, ∂L/∂h_2, under the name dh_2, whose number is a step as that of h_2 is.

    At what stands before the first step it is dh0.
    """
    name = item.symbol
    place = made.of_signal(name.base) if isinstance(made, FromEquations) else None
    ours = place[2] if place else name.base if made is None and name.base in SIGNALS else ""
    if not item.gradient or name.number is None or not ours:
        return item
    if name.number == first - 1 and len(name.labels) == 1:
        return replace(item, symbol=Symbol(f"{ours}0", (), name.text))
    return replace(item, gradient=False, symbol=replace(name, base=f"d{name.base}"))


def _put(place: dict[str, Any], name: str, value: Any, item: Assigned) -> None:
    """Keep an answer under its name; beside another one both are kept, so that no one can choose.

    One that is left blank gives way. Raises ParseError where answers by step stand beside one for all.
    """
    if name in place and (isinstance(place[name], dict) or isinstance(value, dict)):
        raise ParseError(_("{where}: it is given twice"), where=item.where)
    place[name] = _both(place[name], value) if name in place else value


def _both(first: Any, second: Any) -> Any:
    """Two answers to the same, number by number where they have as many."""
    if _is_blank(first) or _is_blank(second):
        return second if _is_blank(first) else first
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [_both(*pair) for pair in zip(first, second)]
    return first if first == second else f"{_line(first)}{TWICE}{_line(second)}"


def _line(value: Any) -> str:
    return " ".join(map(_line, value)) if isinstance(value, list) else str(value)


def _is_blank(value: Any) -> bool:
    """Whether nothing is written in an answer."""
    return all(map(_is_blank, value)) if isinstance(value, list) else value is None or value in BLANKS


def _empty(part: str | int, made: Decision) -> Any:
    """Where answers go: of the layers, as many objects as there are."""
    return [{} for _layer in made.layers] if part == "layers" and isinstance(made, FromEquations) else {}


def _path(item: Assigned, made: Decision) -> list[Any]:
    """Our name of what is answered, with its gate or with its layer."""
    if item.key:
        name = item.key.removeprefix("answers.")
        name = "loss" if losses.is_loss(Symbol(name, (), name)) else name
        return [name] if "[" in name else name.split(".")
    if item.gradient:
        return [f"d{item.symbol.key}"]
    if old := item.symbol.before_update:
        return [f"{old}_new"]
    if losses.is_loss(item.symbol):
        return ["loss" if item.symbol.number is None else "losses"]
    number = item.symbol.number
    return _signal(item.symbol.key if number is None else item.symbol.without(number), made)


def _step(item: Assigned) -> int | None:
    return None if item.key or item.gradient else item.symbol.number


def _signal(name: str, made: Decision) -> list[Any]:
    """Our name of a signal of the sheet; of a stack, with its layer."""
    if not isinstance(made, FromEquations):
        return [made.names.get(name, name) if made else name]
    place = made.of_signal(name)
    if place is None:
        return [name]
    number, direction, ours = place
    layer = made.layers[number] if direction else None
    if layer is None or (len(made.layers) == 1 and len(layer.both) == 1):
        return [ours]
    outputs = [] if ours == "h" and len(layer.both) == 1 else [direction]
    return ["layers", number, *outputs, ours]


def row_of(text: str) -> Any:
    """One step's value as nested texts; a word stays one."""
    text = blanked(text)
    if "..." in text and _NOTHING.fullmatch(text):
        return "_"
    try:
        return matrix.read(text).through(np.ravel).nested() if re.search(r"[\[(\\;, ]", text.strip()) else text.strip()
    except ParseError:
        return text.strip()


def nested_texts(text: str) -> Any:
    """A value as nested texts; a text that is no number stays one."""
    try:
        return matrix.read(text).nested()
    except ParseError:
        return blanked(text)
