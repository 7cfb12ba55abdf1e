"""Reads answers in any form into claims: single numbers, each with its place in the computation.

An answer is nested lists, text in any form of matrix, or a dict by gate, step, layer or direction; blanks are left out.
Text that is no number becomes a claim with the reason, and so does a whole answer of another shape than its quantity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rnncalc.check.answers.entry_names import Place, place, shape_in
from rnncalc.check.answers.names import QuantityIndex
from rnncalc.check.answers.nested_lists import (
    DEEPEST,
    MisshapenError,
    as_text,
    entries,
    is_step,
    leaves,
    of_text,
    one_number,
    plain,
    shape_of,
    steps_of,
    twice,
    with_decimal_commas,
)
from rnncalc.check.answers.quantities import Index, Quantity, Scope, Spot
from rnncalc.check.graph.graph import Key
from rnncalc.check.verdicts.precision import USUAL, Precision
from rnncalc.check.verdicts.records import place_name
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, shown
from rnncalc.problems.parse.numbers import TypedNumber

HOMEWORK = 2_000  # numbers: more are not written by hand


@dataclass
class Claim:
    """One number as a person typed it.

    text: None where the answer has another shape than the quantity. typed: None where it cannot be read. problem: why
    it cannot be read, or what is wrong with the shape. key, spot: the quantity of the graph, and the place in it; no
    key where the shape is another one. precision: what it must show. numbers: how many it stands in place of.
    """

    quantity: str
    step: int | None
    index: Index
    text: str | None
    typed: TypedNumber | None
    key: Key = ()
    spot: Index = ()
    problem: str = ""
    precision: Precision = USUAL
    numbers: int = 1


class Answers:
    """The claims of one person. answered: the quantities that they are about, by name."""

    def __init__(self, quantities: QuantityIndex, answers: Mapping[str, Any]):
        self.quantities = quantities
        self.claims: list[Claim] = []
        self.answered: dict[str, Quantity] = {}
        self._read(quantities.whole, {name: plain(value) for name, value in answers.items()}, 0)
        self._once()

    def whole(self) -> list[Spot]:
        """Every number of the answered quantities, in an order that is the same for everybody.

        Empty if these are more numbers than homework has.
        """
        spots: dict[Spot, None] = {}
        if sum(math.prod(quantity.shape) for quantity in self.answered.values()) > HOMEWORK:
            return []
        for name in sorted(self.answered):
            spots.update(dict.fromkeys(self.answered[name].spots.values()))
        return list(spots)

    def _read(self, scope: Scope, answers: Mapping[str, Any], depth: int) -> None:
        if depth > DEEPEST:
            raise ProblemError(_("answers: nested deeper than any answer here"))
        for name, value in answers.items():
            if name.startswith("_") or value is None:
                continue
            if name == "layers":
                self._layers(value, depth)
            elif name in ("forward", "backward") and isinstance(value, Mapping):
                self._read(self.quantities.direction(scope, name), value, depth + 1)
            elif scope == self.quantities.whole:
                self._quantity(*self.quantities.scoped(name), value)
            else:
                self._quantity(scope, name, value)

    def _once(self) -> None:
        """Leave out what is typed twice alike. A number with two different answers has none that can be read."""
        claims: dict[tuple[str, int | None, Index], Claim] = {}
        for claim in self.claims:
            other = claims.setdefault((claim.quantity, claim.step, claim.index), claim)
            if other.text != claim.text and not other.problem:
                other.typed, other.problem = None, twice(other.text or "–", claim.text or "–")
        self.claims = list(claims.values())

    def _layers(self, value: Any, depth: int) -> None:
        count = len(self.quantities.spec.layers)
        if not isinstance(value, list) or len(value) > count or not all(isinstance(v, Mapping | None) for v in value):
            message = _("answers.layers: expected a list of {n}, a layer each: [{{“h”: …}}, …]")
            raise ProblemError(message.format(n=count))
        for layer, part in enumerate(value):
            if part is not None:
                self._read(self.quantities.layer(layer), part, depth + 1)

    def _quantity(self, scope: Scope, name: str, value: Any) -> None:
        for key, two_digits in self._digits(scope, name, value):
            self._at(scope, two_digits, f"{name}_{key}", value[key])
            value = {other: part for other, part in value.items() if other != key}
        if value == {}:
            return
        try:
            quantity = self.quantities.find(scope, name)
        except ProblemError:
            at = place(name, partial(shape_in, self.quantities, scope))
            if at is None:
                raise
            self._at(scope, at, name, value)
            return
        if isinstance(quantity, Quantity):
            self._claim(quantity, value)
        elif isinstance(value, Mapping) and not all(is_step(key) for key in value):
            for gate, part in value.items():
                if part is not None and not gate.startswith("_"):
                    gate_quantity = self.quantities.find(scope, f"{name}.{gate}")
                    assert isinstance(gate_quantity, Quantity)
                    self._claim(gate_quantity, part)
        else:
            self._claim(quantity[""], value)

    def _digits(self, scope: Scope, name: str, value: Any) -> list[tuple[str, Place]]:
        """What is answered for h11 among the steps of h, where it is no step but has two indices."""
        if not isinstance(value, Mapping) or not all(len(key) > 1 and is_step(key) for key in value):
            return []
        places = {key: place(f"{name}_{key}", partial(shape_in, self.quantities, scope)) for key in value}
        return [(key, at) for key, at in places.items() if at and at.index[0] != int(key) - 1]

    def _at(self, scope: Scope, at: Place, name: str, value: Any) -> None:
        """Claim what a name with indices asks for: h_2[1], the whole of h_2, or of h_2 what has a unit's number."""
        if isinstance(value, Mapping) and at.open and value and all(map(is_step, value)):
            for key, part in value.items():
                unit = place(f"{name}[{key}]", partial(shape_in, self.quantities, scope))
                if unit is None:
                    raise ProblemError(_("answers.{name}: there is no such number"), name=f"{name}[{key}]")
                if part is not None:
                    self._at(scope, unit, f"{name}[{key}]", part)
            return
        quantity = self.quantities.find(scope, at.name)
        quantity = quantity if isinstance(quantity, Quantity) else quantity[""]
        at = (
            at.vector
            if at.vector and len(list(entries(of_text(value) if isinstance(value, str) else value))) > 1
            else at
        )
        self._part(quantity, at.index, value, name)

    def _claim(self, quantity: Quantity, value: Any) -> None:
        """Claim every number of an answer; where its shape is another one, step by step."""
        steps, claimed = list[tuple[int, Any]](), len(self.claims)
        axis = quantity.axis
        if axis is not None and isinstance(value, Mapping) and value and all(map(is_step, value)):
            steps = steps_of(value, quantity.shape[axis])
        elif axis == 0 and isinstance(value, list) and len(value) == quantity.shape[0] > 1:
            steps = list(enumerate(value))
        if axis == 0 and quantity.name in ("s", "y") and self._of_last_step(value, quantity):
            value, steps = {str(quantity.shape[0]): value}, []
        whole = (None,) * len(quantity.shape)
        called = quantity.name if "]" in quantity.name else self.quantities.problem.letters.quantity(quantity.name)
        self._part(quantity, whole, value, called)
        together = self.claims[claimed:]
        if not steps or not together or together[0].key:
            return
        del self.claims[claimed:]
        for step, part in steps:
            if part is not None:
                index = tuple(step if at == axis else None for at in range(len(whole)))
                self._part(quantity, index, part, place_name(called, step + 1, ()))
        if isinstance(value, list) and not any(claim.key for claim in self.claims[claimed:]):
            self.claims[claimed:] = together  # not one row fits: the whole has another shape

    def _of_last_step(self, value: Any, quantity: Quantity) -> bool:
        """Whether an answer is the one output of a sequence, which the problem reads out at its last step."""
        if not self.quantities.problem.last_only or isinstance(value, Mapping) or quantity.shape[0] < 2:
            return False
        texts = list(entries(of_text(value) if isinstance(value, str) else value))
        return len(texts) == math.prod(quantity.shape[1:])

    def _part(self, quantity: Quantity, index: tuple[int | None, ...], value: Any, name: str) -> None:
        """Claim the numbers of an answer at an index; None: all along that axis. name: what is answered."""
        at = Place(name, index, quantity.shape)
        try:
            axis = quantity.axis if at.open == quantity.shape else None
            placed = [(at.full(free), leaf) for free, leaf in leaves(value, at.open, (), axis, 0)]
        except MisshapenError:
            self.answered[quantity.name] = quantity
            self.claims.append(_misshapen(quantity, at, value))
            return
        self._claim_each(quantity, placed)

    def _claim_each(self, quantity: Quantity, placed: list[tuple[Index, Any]]) -> None:
        self.answered[quantity.name] = quantity
        find = quantity.spots.get if math.prod(quantity.shape) <= HOMEWORK else quantity.spot
        for index, leaf in placed:
            spot = find(index)
            if leaf is None or spot is None:
                continue
            step, rest = quantity.split(index)
            typed, problem = one_number(leaf)
            text = leaf if isinstance(leaf, str) else shown(repr(leaf), 40)
            self.claims.append(Claim(quantity.name, step, rest, text, typed, *spot, problem))


def _misshapen(quantity: Quantity, at: Place, value: Any) -> Claim:
    """The claim of an answer of another shape: wrong, or unreadable if anything in it is no number."""
    if isinstance(value, str) and at.open:
        value = of_text(value)
    name, count = at.name, math.prod(at.open)
    message = _("{name} must be of the shape {wanted}, got {got}") if at.open else _("{name} is one number, got {got}")
    problem = message.format(name=name, wanted=at.open, got=shape_of(value))
    if len(list(entries(value))) < count:
        problem += ": " + _("type _ for every number that is not answered")
    elif decimal := with_decimal_commas(value, count):
        problem += ": " + _("if its comma is a decimal comma, write {text}").format(text=shown(decimal, 40))
    if shape_of(value) == str(at.open):  # its first row is as long as it should be
        problem = _("{name} must be of the shape {wanted}: its rows are not all as long")
        problem = problem.format(name=name, wanted=at.open)
    numbers = [one_number(leaf) for leaf in entries(value)]
    strange = next((why for typed, why in numbers if typed is None), "" if numbers else problem)
    text = shown(as_text(value), 40) if strange else None
    step = None if quantity.axis is None else at.index[quantity.axis]
    rest = tuple(i + 1 for axis, i in enumerate(at.index) if i is not None and axis != quantity.axis)
    return Claim(
        quantity.name, None if step is None else step + 1, rest, text, None, problem=strange or problem, numbers=count
    )
