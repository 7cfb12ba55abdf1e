"""Interval arithmetic: numbers that are known only between two bounds, and the operations of a computation on them.

Every operation takes arrays and intervals, so one graph gives exact numbers from exact numbers and bounds from bounds.
Products are taken at the corners. Functions are monotone, but for abs; where a divisor may be 0, a quotient may be
anything.

Axes are counted from the front, because exact numbers may have a last axis of lanes: the same quantity of many problems
(`lanes`). Bounds have no lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.check.graph import many_problems
from rnncalc.model.equations.derivative import slope_of
from rnncalc.model.equations.expression import evaluate
from rnncalc.model.equations.functions import FUNCTIONS


@dataclass(slots=True)
class Interval:
    """An array of which each entry is some number between lo and hi."""

    lo: np.ndarray
    hi: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lo.shape

    def __getitem__(self, index: Any) -> Interval:
        return Interval(self.lo[index], self.hi[index])

    def __add__(self, other: Value) -> Interval:
        lo, hi = bounds(other)
        return Interval(self.lo + lo, self.hi + hi)

    __radd__ = __add__

    def __neg__(self) -> Interval:
        return Interval(-self.hi, -self.lo)

    def __sub__(self, other: Value) -> Interval:
        lo, hi = bounds(other)
        return Interval(self.lo - hi, self.hi - lo)

    def __rsub__(self, other: Value) -> Interval:
        return -self + other

    def __mul__(self, other: Value) -> Interval:
        lo, hi = bounds(other)
        return hull([self.lo * lo, self.lo * hi, self.hi * lo, self.hi * hi])

    __rmul__ = __mul__

    def __truediv__(self, other: Value) -> Interval:
        return divided(self, other)

    def __rtruediv__(self, other: Value) -> Interval:
        return divided(other, self)

    __array_ufunc__ = None  # an array on the left leaves the operation to the interval


Value = np.ndarray | Interval
TURNS = {  # function → values y between which its slope only rises or only falls
    "tanh": (0.0,), "softsign": (-1.0, 0.0, 1.0), "hard_tanh": (0.0,), "sigmoid": (0.5,), "hard_sigmoid": (0.5,),
    "hard_sigmoid_02": (0.5,),
}  # fmt: skip


def bounds(value: Value) -> tuple[np.ndarray, np.ndarray]:
    """(lo, hi); an exact number is both."""
    return (value.lo, value.hi) if isinstance(value, Interval) else (value, value)


def hull(corners: Sequence[np.ndarray]) -> Interval:
    """The smallest interval that contains all corners."""
    lo = hi = corners[0]
    for corner in corners[1:]:
        lo, hi = np.fmin(lo, corner), np.fmax(hi, corner)
    return Interval(lo, hi)


def divided(left: Value, right: Value) -> Interval:
    """The quotient; of a divisor that may be 0, any number."""
    (a, b), (lo, hi) = bounds(left), bounds(right)
    quotient = hull([a / lo, a / hi, b / lo, b / hi])
    anything = (lo <= 0) & (hi >= 0)
    return Interval(np.where(anything, -np.inf, quotient.lo), np.where(anything, np.inf, quotient.hi))


def unbounded(value: Interval) -> Interval:
    """The interval with ±∞ where a bound is not known, since 0 met ∞."""
    lo, hi = value.lo, value.hi
    if not np.isnan(lo + hi).any():
        return value
    return Interval(np.where(np.isnan(lo), -np.inf, lo), np.where(np.isnan(hi), np.inf, hi))


def clipped(value: Any, lo: Any, hi: Any) -> Any:
    """The value between two bounds: np.clip, at a tenth of its cost for the few numbers of a step."""
    return np.minimum(np.maximum(value, lo), hi)


def through(change: Callable[[np.ndarray], np.ndarray], value: Value) -> Value:
    """Apply a change of shape, or any change that keeps the order of numbers."""
    return Interval(change(value.lo), change(value.hi)) if isinstance(value, Interval) else change(value)


def transposed(value: Value) -> Value:
    """The transpose."""
    return through(lambda array: array.swapaxes(0, 1), value)


def joined(change: Callable[[Sequence[np.ndarray]], np.ndarray], values: Sequence[Value]) -> Value:
    """Join several arrays into one."""
    if not any(isinstance(value, Interval) for value in values):
        return change(values)  # type: ignore[arg-type]
    both = [bounds(value) for value in values]
    return Interval(change([lo for lo, _hi in both]), change([hi for _lo, hi in both]))


def applied(weight: Value, vectors: Value) -> Value:
    """Weight (H, K) times each row of vectors (N, K): (N, H)."""
    if not isinstance(weight, Interval):
        if not isinstance(vectors, Interval):
            return vectors @ weight.T if weight.ndim == 2 else many_problems.applied(weight, vectors)
        up, down = np.maximum(weight, 0).T, np.minimum(weight, 0).T
        return unbounded(Interval(vectors.lo @ up + vectors.hi @ down, vectors.hi @ up + vectors.lo @ down))
    every = weight[None] * through(lambda rows: rows[:, None, :], vectors)
    return summed(every, -1)


def outer(gradient: Value, source: Value) -> Value:
    """Σ over rows of gradient (N, H) ⊗ source (N, K): (H, K)."""
    if not isinstance(gradient, Interval) and not isinstance(source, Interval):
        return gradient.T @ source if gradient.ndim == 2 else many_problems.outer(gradient, source)
    return summed(through(lambda g: g[:, :, None], gradient) * through(lambda s: s[:, None, :], source), 0)


def summed(value: Value, axis: int) -> Value:
    """The sum along an axis."""
    return through(lambda array: array.sum(axis=axis), value)


def function(name: str | many_problems.PerLane, value: Value) -> Value:
    """Apply one of FUNCTIONS, which are monotone, but for abs; a rowwise one along the second axis."""
    if not isinstance(value, Interval):
        return many_problems.function(name, value)
    assert isinstance(name, str)
    if name == "abs":
        return size(value)
    compute = FUNCTIONS[name].compute
    if not FUNCTIONS[name].rowwise:
        return Interval(compute(value.lo), compute(value.hi))
    return Interval(*by_own_entry(compute, value))


def by_own_entry(compute: Callable[[np.ndarray], np.ndarray], value: Interval) -> list[np.ndarray]:
    """Compute a row twice for each entry: with its low end and the others' high ends, and the other way round.

    These are the bounds of a function whose entry is monotone in its own argument, and opposite in the others.
    """
    corners = [np.empty_like(value.lo), np.empty_like(value.lo)]
    for unit in range(value.shape[-1]):
        for corner, own, others in zip(corners, (value.lo, value.hi), (value.hi, value.lo)):
            row = others.copy()
            row[..., unit] = own[..., unit]
            corner[..., unit] = compute(row)[..., unit]
    return corners


def slope(name: str | many_problems.PerLane, value: Value) -> Value:
    """f′ in terms of y = f(a), of abs in terms of a; between two bounds it may be largest or least inside."""
    if not isinstance(value, Interval):
        return name.each(_slope, value) if isinstance(name, many_problems.PerLane) else _slope(name, value)
    assert isinstance(name, str)
    corners = [_slope(name, value.lo), _slope(name, value.hi)]
    corners += [_slope(name, clipped(turn, value.lo, value.hi)) for turn in TURNS.get(name, ())]
    return hull(corners)


def _slope(name: str, y: np.ndarray) -> np.ndarray:
    slope: np.ndarray = evaluate(slope_of(name), {"y": y, "a": y})
    return slope if np.ndim(slope) else np.full(y.shape, slope)


def square(value: Value) -> Value:
    """x², which is never below 0."""
    if not isinstance(value, Interval):
        return value * value
    around = size(value)
    return Interval(bounds(around)[0] ** 2, bounds(around)[1] ** 2)


def size(value: Value) -> Value:
    """|x|, which is never below 0."""
    if not isinstance(value, Interval):
        return np.abs(value)
    nearest = clipped(0.0, value.lo, value.hi)
    return Interval(np.abs(nearest), np.maximum(np.abs(value.lo), np.abs(value.hi)))


def widened(value: Value, down: np.ndarray | float, up: np.ndarray | float) -> Interval:
    """The interval widened at both ends."""
    lo, hi = bounds(value)
    return Interval(lo - down, hi + up)
