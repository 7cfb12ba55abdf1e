"""Small operations of which gradients are composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from rnncalc.check.graph import intervals, lines
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.intervals import Value
from rnncalc.check.graph.many_problems import PerLane
from rnncalc.model.equations.derivative import contributions, slope_needs_argument
from rnncalc.model.equations.expression import Binary, Call, Expression, Name

Part = tuple[tuple[Key, ...], Callable[..., Value]]  # keys, and the function of their values that makes the part


def same(value: Value) -> Value:
    return value


def signed(sign: int, value: Value) -> Value:
    return value if sign > 0 else -value


def added(*values: Value) -> Value:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def sum_of(parts: list[Part]) -> Callable[..., Value]:
    if len(parts) == 1:
        return parts[0][1]
    spans, begin = [], 0
    for needs, make in parts:
        spans.append((make, begin, begin + len(needs)))
        begin += len(needs)

    def total(*values: Value) -> Value:
        return added(*[make(*values[first:last]) for make, first, last in spans])

    return total


def is_copy(parts: list[Part]) -> bool:
    return len(parts) == 1 and parts[0][1] is same


def times(make: Callable[..., Value], factor: Any) -> Callable[..., Value]:
    return make if factor is None else lambda *values: make(*values) * factor


def rows_summed(
    make: Callable[..., Value], rows: list[int], weigh: Callable[[Value], Value] = same
) -> Callable[..., Value]:
    return lambda *values: intervals.summed(weigh(make(*values)[rows]), 0)


def placed(row: np.ndarray, at: int, count: int) -> np.ndarray:
    rows = np.zeros((count, *row.shape))
    rows[at] = row
    return rows


def elementwise(expression: Expression, names: Sequence[str], cut: Sequence[bool], count: int) -> Callable[..., Value]:
    """The function that computes an element-wise line from the values of its names, those to be cut to `count` rows."""

    line = lines.line_of(expression)

    def make(*values: Value) -> Value:
        named = dict(zip(names, values))
        for name, short in zip(names, cut):
            if short and named[name].shape[0] > count:
                named[name] = named[name][:count]
        return line(named)

    return make


def call_of(expression: Expression, argument: str) -> Expression | None:
    """The expression if it applies a function to that line."""
    return expression if isinstance(expression, Call) and expression.argument == Name(argument) else None


def softmax_back(y: Value, dy: Value) -> Value:
    whole = intervals.through(lambda array: array[:, None], intervals.summed(y * dy, 1))
    return y * (dy - whole)


def log_softmax_back(y: Value, dy: Value) -> Value:
    whole = intervals.through(lambda array: array[:, None], intervals.summed(dy, 1))
    return dy - intervals.through(np.exp, y) * whole


def slopes(name: str | PerLane, rule: PerLane, y: np.ndarray, a: np.ndarray) -> np.ndarray:
    """f′ by each lane's rule."""
    names = name.choices if isinstance(name, PerLane) else [name] * len(rule.choices)

    def lane_slope(choice: tuple[str, str], y: np.ndarray, a: np.ndarray) -> np.ndarray:
        name, rule = choice
        if rule == "omitted":
            return np.ones(y.shape)
        slope = intervals.slope(name, a if rule == "preactivation" or slope_needs_argument(name) else y)
        return intervals.square(slope) if rule == "twice" else slope  # type: ignore[return-value]

    return PerLane(list(zip(names, rule.choices))).each(lane_slope, y, a)


BACK = {"softmax": softmax_back, "log_softmax": log_softmax_back}


@lru_cache(maxsize=1024)
def shares(line: str, expression: Expression) -> tuple[tuple[str, Expression], ...]:
    """The gradients that an element-wise line hands on, by name; the slope of a function is a name too."""
    if isinstance(expression, Call):
        assert isinstance(expression.argument, Name)
        gradient = Name("∂" + line)
        if expression.function == "identity":
            return ((expression.argument.id, gradient),)
        return ((expression.argument.id, Binary("*", gradient, Name("slope:" + line))),)
    return tuple(contributions(line, expression))
