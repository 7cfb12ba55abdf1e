"""An element-wise line of numbers that are known between two bounds.

A line in which each name stands once is computed operation by operation. Where a name stands there more often and the
line is monotone in each while the others are fixed, its bounds are those of the corners. Both are exact, and every line
of the built-in cells is of these kinds. Any other line, h * h or b / (2 - b), is computed operation by operation, too:
its bounds hold what is possible, and may hold more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product as combinations
from typing import Any

import numpy as np

from rnncalc.check.graph import intervals
from rnncalc.check.graph.intervals import Interval, Value, bounds, hull
from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    evaluate,
    is_binary,
    names,
    parts,
    walk,
)
from rnncalc.model.equations.functions import PAIRS


class BoundedLine:
    """An element-wise line, with what its expression says of the way to its bounds.

    names: those in it. once: whether each stands there once, so that bounds are exact operation by operation.
    """

    def __init__(self, expression: Expression):
        nodes = list(walk(expression))
        every = [node.id for node in nodes if isinstance(node, Name)]
        self.expression, self.names = expression, tuple(names(expression))
        self.once = len(every) == len(self.names)
        self.divisors = [node.right for node in nodes if is_binary(node, "/")]
        bent = any(isinstance(node, Call) and node.function == "abs" for node in nodes)
        self.monotone = not bent and all(every.count(n) == 1 or _is_linear(expression, n) for n in self.names)

    def __call__(self, values: Mapping[str, Value]) -> Value:
        unsure = [name for name in self.names if isinstance(values[name], Interval)]
        if not unsure:
            return evaluate(self.expression, values)  # type: ignore[arg-type]
        if self.once or not self.monotone or any(_may_be_zero(divisor, values) for divisor in self.divisors):
            return stepwise(self.expression, values)
        corners = []
        for ends in combinations((0, 1), repeat=len(unsure)):
            chosen = {name: bounds(values[name])[end] for name, end in zip(unsure, ends)}
            at_corner: dict[str, Any] = {**values, **chosen}
            corners.append(np.asarray(evaluate(self.expression, at_corner)))
        return hull(corners)


line_of = lru_cache(maxsize=4096)(BoundedLine)


def stepwise(node: Expression, values: Mapping[str, Value]) -> Value:
    """Compute a line operation by operation."""
    if isinstance(node, Number):
        return np.asarray(node.value)
    if isinstance(node, Name):
        return values[node.id]
    if isinstance(node, Negative):
        return -stepwise(node.operand, values)
    if isinstance(node, Call):
        return intervals.function(node.function, stepwise(node.argument, values))
    left = stepwise(node.left, values)
    if node.operator == "*" and node.left == node.right:
        return intervals.square(left)
    right = stepwise(node.right, values)
    if node.operator in PAIRS:
        lo, hi = (PAIRS[node.operator](*ends) for ends in zip(bounds(left), bounds(right)))
        return Interval(lo, hi)
    if node.operator == "/":
        return left / right
    if node.operator == "*":
        return left * right
    return left + right if node.operator == "+" else left - right


def _may_be_zero(divisor: Expression, values: Mapping[str, Value]) -> bool:
    lo, hi = bounds(stepwise(divisor, values))
    return bool(((lo <= 0) & (hi >= 0)).any())


def _is_linear(node: Expression, name: str) -> bool:
    if name not in names(node) or isinstance(node, Name):
        return True
    if isinstance(node, Call) or is_binary(node, PAIRS):
        return False
    if isinstance(node, Binary) and node.operator in "*/":
        both = name in names(node.left) and name in names(node.right)
        if both or (node.operator == "/" and name in names(node.right)):
            return False
    return all(_is_linear(part, name) for part in parts(node))
