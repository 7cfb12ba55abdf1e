"""What was claimed: every answer as numbers with their places, whatever form it was written in.

Nested lists, text in any form of matrix, dicts by gate and by step, layers and directions; blanks are left out. What is
no number is kept and marked; what has another shape than the problem asks for is one claim with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.check.answers.leaves import (
    DEEPEST,
    MisshapenError,
    entries,
    is_step,
    leaves,
    of_text,
    one_number,
    plain,
    shape_of,
)
from rnncalc.check.answers.names import Quantities
from rnncalc.check.answers.shaped import Index, Quantity, Scope, Spot
from rnncalc.check.graph.graph import Key
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, shown
from rnncalc.problems.parse.numbers import Typed

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


class Answers:
    """The claims of one person, and which quantities they are about."""

    def __init__(self, quantities: Quantities, answers: Mapping[str, Any]):
        self.quantities = quantities
        self.claims: list[Claim] = []
        self.asked: dict[str, Quantity] = {}
        self._read(quantities.whole, {name: plain(value) for name, value in answers.items()}, 0)

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
        elif isinstance(value, Mapping) and not all(is_step(key) for key in value):
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
            value = of_text(value, bool(quantity.shape))
        try:
            found = list(leaves(value, quantity.shape, (), quantity.axis, 0))
        except MisshapenError:
            self.claims.append(_misshapen(quantity, value))
            return
        for index, leaf in found:
            spot = quantity.spot(index)
            if leaf is None or spot is None:
                continue
            step, rest = quantity.split(index)
            typed, problem = one_number(leaf)
            text = leaf if isinstance(leaf, str) else shown(repr(leaf), 40)
            self.claims.append(Claim(quantity.name, step, rest, text, typed, *spot, problem))


def _misshapen(quantity: Quantity, value: Any) -> Claim:
    """What has another shape: wrong if it is numbers; if anything in it is none, that is what is said of it."""
    message = _("{name} must be of the shape {wanted}, got {got}")
    problem = message.format(name=quantity.name, wanted=quantity.shape, got=shape_of(value))
    if shape_of(value) == str(quantity.shape):  # as far as its first row goes
        problem = _("{name} must be of the shape {wanted}: its rows are not all as long")
        problem = problem.format(name=quantity.name, wanted=quantity.shape)
    numbers = [one_number(leaf) for leaf in entries(value)]
    strange = next((why for typed, why in numbers if typed is None), "" if numbers else problem)
    text = (value if isinstance(value, str) else shown(repr(value), 40)) if strange else None
    return Claim(quantity.name, None, (), text, None, problem=strange or problem)
