"""An element-wise line of numbers that are known between two bounds.

Where the line is monotone in each name while the others are fixed, its bounds are those of the corners: exact. So are
the lines of the built-in cells. Any other line, h * h or b / (2 - b), is computed operation by operation: its bounds
hold what is possible, and may hold more.
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


def line(expression: Expression, values: Mapping[str, Value]) -> Value:
    """Compute an element-wise line."""
    unsure = [name for name in names_of(expression) if isinstance(values[name], Interval)]
    if not unsure:
        return evaluate(expression, values)  # type: ignore[arg-type]
    if not is_monotone(expression) or any(_may_be_zero(divisor, values) for divisor in divisors(expression)):
        return stepwise(expression, values)
    corners = []
    for ends in combinations((0, 1), repeat=len(unsure)):
        chosen = {name: bounds(values[name])[end] for name, end in zip(unsure, ends)}
        at_corner: dict[str, Any] = {**values, **chosen}
        corners.append(np.asarray(evaluate(expression, at_corner)))
    return hull(corners)


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


@lru_cache(maxsize=4096)
def names_of(expression: Expression) -> tuple[str, ...]:
    """The names in an expression, cached."""
    return tuple(names(expression))


@lru_cache(maxsize=4096)
def divisors(expression: Expression) -> tuple[Expression, ...]:
    """What the expression divides by."""
    return tuple(node.right for node in walk(expression) if is_binary(node, "/"))


@lru_cache(maxsize=4096)
def is_monotone(expression: Expression) -> bool:
    """Whether the line rises or falls in each name, unless it divides by 0: the name stands there once, or linearly."""
    nodes = list(walk(expression))
    if any(isinstance(node, Call) and node.function == "abs" for node in nodes):
        return False
    every = [node.id for node in nodes if isinstance(node, Name)]
    return all(every.count(name) == 1 or _is_linear(expression, name) for name in names(expression))


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
