"""What was claimed: every answer as numbers with their places, whatever form it was written in.

Nested lists, text in any form of matrix, dicts by gate and by step, layers and directions; blanks are left out. What is
no number is kept and marked; what has another shape than the problem asks for is one claim with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.check.graph import Key
from rnncalc.check.quantities import Quantities
from rnncalc.check.shaped import Index, Quantity, Scope, Spot
from rnncalc.errors import ParseError, ProblemError, shown
from rnncalc.language import _
from rnncalc.parse.given import Given
from rnncalc.parse.numbers import BLANKS, Numbers, Typed, number

DEEPEST = 8  # lists and dicts inside each other
MOST = 1_000_000  # numbers of one answer
HOMEWORK = 2_000  # numbers that a person writes in all


@dataclass
class Claim:
    """One number as typed. typed: None where it cannot be read. problem: why, or what is wrong with the shape.

    text: None where numbers have another shape than is asked for.
    """

    quantity: str
    step: int | None
    index: Index
    text: str | None
    typed: Typed | None
    key: Key = ()
    spot: Index = ()
    problem: str = ""


@dataclass(frozen=True)
class _MisshapenError(Exception):
    wanted: tuple[int, ...]


class Answers:
    """The claims of one person, and which quantities they are about."""

    def __init__(self, quantities: Quantities, answers: Mapping[str, Any]):
        self.quantities = quantities
        self.claims: list[Claim] = []
        self.asked: dict[str, Quantity] = {}
        self._read(quantities.whole, {name: _plain(value) for name, value in answers.items()}, 0)

    def whole(self) -> list[Spot]:
        """Every number of the quantities that were answered, in an order that does not hang on who answered what; none
        where that is no homework any more.
        """
        found: dict[Spot, None] = {}
        if sum(math.prod(quantity.shape) for quantity in self.asked.values()) > HOMEWORK:
            return []
        for name in sorted(self.asked):
            quantity = self.asked[name]
            found.update(dict.fromkeys(spot for index in np.ndindex(*quantity.shape) if (spot := quantity.spot(index))))
        return list(found)

    def _read(self, scope: Scope, answers: Mapping[str, Any], depth: int) -> None:
        if depth > DEEPEST:
            raise ProblemError(_("answers: nested deeper than any answer here"))
        for name, value in answers.items():
            if name.startswith("_") or value is None:
                continue
            if name == "layers":
                self._layers(value, depth)
            elif name in ("forward", "backward") and isinstance(value, Mapping):
                self._read(self.quantities.way(scope, name), value, depth + 1)
            else:
                self._quantity(scope, name, value)

    def _layers(self, value: Any, depth: int) -> None:
        count = len(self.quantities.spec.layers)
        if not isinstance(value, list) or len(value) > count or not all(isinstance(v, Mapping | None) for v in value):
            message = _("answers.layers: expected a list of {n}, a layer each: [{{“h”: …}}, …]")
            raise ProblemError(message.format(n=count))
        for layer, part in enumerate(value):
            if part is not None:
                self._read(self.quantities.layer(layer), part, depth + 1)

    def _quantity(self, scope: Scope, name: str, value: Any) -> None:
        found = self.quantities.find(scope, name)
        if isinstance(found, Quantity):
            self._claim(found, value)
        elif isinstance(value, Mapping) and not all(_is_step(key) for key in value):
            for gate, part in value.items():
                if part is not None and not gate.startswith("_"):
                    one = self.quantities.find(scope, f"{name}.{gate}")
                    assert isinstance(one, Quantity)
                    self._claim(one, part)
        else:
            self._claim(found[""], value)

    def _claim(self, quantity: Quantity, value: Any) -> None:
        """Every number of one quantity."""
        self.asked[quantity.name] = quantity
        if isinstance(value, str):
            value = _of_text(value, bool(quantity.shape))
        try:
            leaves = list(_leaves(value, quantity.shape, (), quantity.axis, 0))
        except _MisshapenError:
            self.claims.append(_misshapen(quantity, value))
            return
        for index, leaf in leaves:
            spot = quantity.spot(index)
            if leaf is None or spot is None:
                continue
            step, rest = quantity.split(index)
            typed, problem = _number(leaf)
            text = leaf if isinstance(leaf, str) else shown(repr(leaf), 40)
            self.claims.append(Claim(quantity.name, step, rest, text, typed, *spot, problem))


def _misshapen(quantity: Quantity, value: Any) -> Claim:
    """What has another shape: wrong if it is numbers; if anything in it is none, that is what is said of it."""
    message = _("{name} must be of the shape {wanted}, got {got}")
    problem = message.format(name=quantity.name, wanted=quantity.shape, got=_shape_of(value))
    numbers = [_number(leaf) for leaf in _entries(value)]
    strange = next((why for typed, why in numbers if typed is None), "" if numbers else problem)
    text = (value if isinstance(value, str) else shown(repr(value), 40)) if strange else None
    return Claim(quantity.name, None, (), text, None, problem=strange or problem)


def _entries(value: Any) -> Iterator[Any]:
    """Everything in nested lists and dicts that is no list and no dict, blanks left out."""
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _entries(part)
    if value is not None and not isinstance(value, Mapping | list):
        yield value


def _leaves(
    value: Any, shape: tuple[int, ...], index: Index, axis: int | None, depth: int
) -> Iterator[tuple[Index, Any]]:
    """The entries of nested lists, each with its index in an array of that shape; an axis of one may be missing."""
    if value is None:
        return
    if depth > DEEPEST:
        raise _MisshapenError(shape)
    if isinstance(value, str) and shape:
        inner = _of_text(value, True)
        if isinstance(inner, list):
            value = inner
    if isinstance(value, Mapping):
        yield from _by_step(value, shape, index, axis, depth)
    elif not isinstance(value, list):
        if math.prod(shape) != 1:
            raise _MisshapenError(shape)
        yield (*index, *([0] * len(shape))), value
    elif not shape:
        if len(value) != 1:
            raise _MisshapenError(shape)
        yield from _leaves(value[0], shape, index, axis, depth + 1)
    elif len(value) == shape[0] and not (shape[0] == 1 and len(shape) > 1 and not isinstance(value[0], list | Mapping)):
        for at, part in enumerate(value):
            yield from _leaves(part, shape[1:], (*index, at), axis, depth + 1)
    elif shape[0] == 1:
        yield from _leaves(value, shape[1:], (*index, 0), axis, depth + 1)
    elif len(value) == 1:
        yield from _leaves(value[0], shape, index, axis, depth + 1)
    else:
        raise _MisshapenError(shape)


def _by_step(
    value: Mapping[str, Any], shape: tuple[int, ...], index: Index, axis: int | None, depth: int
) -> Iterator[tuple[Index, Any]]:
    """Rows keyed by step, {"3": ["0.97", "0.12"]}; of a batch, at the top or inside each sequence."""
    at = -1 if axis is None else axis - len(index)
    if at < 0 or at >= len(shape) or not all(_is_step(key) for key in value):
        raise _MisshapenError(shape)
    rest = (*shape[:at], *shape[at + 1 :])
    for key, part in value.items():
        step = int(key) - 1
        if not 0 <= step < shape[at]:
            message = _("answers: there is no step {step}; there are {count}")
            raise ProblemError(message, step=shown(key, 20), count=shape[at])
        for inner, leaf in _leaves(part, rest, (), None, depth + 1):
            yield (*index, *inner[:at], step, *inner[at:]), leaf


def _is_step(key: Any) -> bool:
    return isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10


def _number(leaf: Any) -> tuple[Typed | None, str]:
    """One number, or why it is none."""
    if isinstance(leaf, str):
        try:
            typed = number(leaf)
        except ParseError as error:
            return None, str(error)
        if np.isfinite(typed.value):
            return typed, ""
    return None, _('expected a number, got "{text}"').format(text=shown(leaf, 40))


def _of_text(text: str, array: bool) -> Any:
    """A text as nested lists of texts, if it is more than one number; what cannot be read stays as it is."""
    if not array:
        return text
    from rnncalc.parse import matrix

    try:
        number(text)
        return text
    except ParseError:
        pass
    try:
        if text.lstrip().startswith("@"):
            return text
        return matrix.read(text).nested()
    except ParseError:
        rows = [row.replace(",", " ").split() for row in text.strip("[] ").replace("\n", ";").split(";")]
        nested: list[Any] = [[None if word in BLANKS else word for word in row] for row in rows if row]
        return nested[0] if len(nested) == 1 else nested


def _plain(value: Any, depth: int = 0) -> Any:
    """Nested lists of texts and None, dicts of them; other things stay, to be refused one by one."""
    if isinstance(value, Given):
        if isinstance(value.value, str) and value.files and value.value.lstrip().startswith("@"):
            return _plain(value.numbers())
        return _plain(value.value, depth)
    if isinstance(value, Numbers):
        return value.nested()
    if depth > DEEPEST:
        raise ProblemError(_("answers: nested deeper than any answer here"))
    if isinstance(value, Mapping):
        return {str(key): _plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        if len(value) > MOST:
            raise ProblemError(_("answers: more than {n} numbers"), n=MOST)
        return [_plain(part, depth + 1) for part in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist(), depth)
    if isinstance(value, str):
        return None if value.strip() in BLANKS else value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | np.number):
        return repr(value.item() if isinstance(value, np.number) else value)
    return value


def _shape_of(value: Any) -> str:
    """What a person gave, as a shape: (2, 3), or the lengths of rows that differ."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        value = next((part for part in value if part is not None), None)
    if isinstance(value, Mapping):
        return _("an object")
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" if shape else _("one number")
