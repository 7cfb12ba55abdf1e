"""Functions that a sheet defines by a formula of one letter, f(z) = max(0, z): which one it is, or what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from rnncalc.model.equations.functions import FUNCTIONS, PAIRS
from rnncalc.problems.formulas.bounded import pieces, simplified
from rnncalc.problems.formulas.nodes import Apply, Node, Num, Prod, Quot, Sum, Sym, rebuilt, symbols_of, walk

POINTS = np.sort(np.concatenate([np.linspace(-9, 9, 37), np.sqrt(np.arange(2, 30)) - 3.1]))  # 0 among them
NAMED = (
    "tanh sigmoid relu leaky_relu elu softplus softsign hard_sigmoid hard_sigmoid_02 hard_tanh identity exp abs"
).split()
MOST_PARTS = 1000  # of a formula that is put in place of a call
_OTHERS = {"log": np.log, "arctan": np.arctan}


@dataclass(frozen=True)
class Body:
    """variable: the key of its letter; node: the formula."""

    variable: str
    node: Node

    @property
    def name(self) -> str:
        """Our name of the function that has these values, whatever its formula; empty where it is none of ours."""
        values = self._values()
        with np.errstate(all="ignore"):
            alike = (
                name
                for name in NAMED
                if values is not None and np.allclose(values, FUNCTIONS[name].compute(POINTS), rtol=1e-9, atol=1e-12)
            )
            return next(alike, "")

    @property
    def readable(self) -> bool:
        """Whether the formula is one of its own letter alone, and can be computed."""
        names = {name.key for name in symbols_of(self.node)}
        return names - {"e"} == {self.variable} and self._values() is not None

    def _values(self) -> np.ndarray | None:
        with np.errstate(all="ignore"):
            return _values(self.node, self.variable)

    def at(self, argument: Node) -> Node:
        """The formula with an argument in place of its letter."""

        def put(part: Node) -> Node:
            if isinstance(part, Sym) and part.symbol.key == self.variable:
                return argument
            return simplified(part) if isinstance(part, Apply) else part

        return rebuilt(self.node, put)


def opened(node: Node, bodies: Mapping[str, Body]) -> Node:
    """A formula with the bodies of the functions that it calls."""

    def put(part: Node) -> Node:
        if not isinstance(part, Apply) or len(part.arguments) != 1 or part.name not in bodies:
            return part
        whole = bodies[part.name].at(part.arguments[0])
        return whole if sum(1 for _part in walk(whole)) <= MOST_PARTS else part  # each f of f may double it

    return rebuilt(node, put) if bodies else node


def _values(node: Node, variable: str) -> np.ndarray | None:
    """The values of a formula at the points; None where something in it has none."""
    if isinstance(node, Num):
        return np.full_like(POINTS, node.value)
    if isinstance(node, Sym):
        e = np.full_like(POINTS, np.e) if node.symbol.key == "e" else None
        return POINTS if node.symbol.key == variable else e
    if isinstance(node, Apply) and node.name == "cases":
        return _in_pieces(node, variable)
    parts = (
        [term for _sign, term in node.terms] if isinstance(node, Sum)
        else node.factors if isinstance(node, Prod)
        else (node.above, node.below) if isinstance(node, Quot)
        else node.arguments if isinstance(node, Apply)
        else ()
    )  # fmt: skip
    values = [_values(part, variable) for part in parts]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    if isinstance(node, Sum):
        return sum((sign * value for (sign, _term), value in zip(node.terms, known)), np.zeros_like(POINTS))
    if isinstance(node, Prod):
        return reduce(np.multiply, known)
    if isinstance(node, Quot):
        return known[0] / known[1]
    assert isinstance(node, Apply)
    if node.name in PAIRS:
        return reduce(PAIRS[node.name], known)
    function = _OTHERS.get(node.name) or (
        FUNCTIONS[node.name].compute if node.name in NAMED or node.name == "step" else None
    )
    return function(known[0]) if function and len(known) == 1 else None


def _in_pieces(node: Apply, variable: str) -> np.ndarray | None:
    """The values of a function in pieces."""
    sections = pieces(node) if isinstance(node.arguments[0], Sym) else None
    values = [_values(formula, variable) for formula, _low, _high, _closed in sections or ()]
    known = [value for value in values if value is not None]
    if not sections or len(known) < len(values):
        return None
    inside = [high >= POINTS if closed else high > POINTS for _formula, _low, high, closed in sections]
    return np.select(inside, known)
