"""Clipping of gradients: by the norm of all parameters together, then by value.

Clipping by norm looks at all parameters as one vector g and scales it to the length K where it is longer; clipping by
value then cuts every entry to [−K, K]. Source of the first: Pascanu, Mikolov and Bengio, On the difficulty of training
recurrent neural networks, 2013. In training the loop over the batches
finds the factor, and the optimisers apply both while they read g.

Squares of large entries overflow and those of small ones vanish, in float32 from 1e19 and 1e-23 on. So the arrays are
first divided by a power of two near their largest entry, which changes no bit where nothing would overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np

Places = dict[tuple[int, str, str], np.ndarray]  # (layer from 0, −1: read-out; direction; name) → array


class Norm(NamedTuple):
    """‖g‖ = root · 2^exponent, of one vector g, or of one for each lane."""

    root: np.ndarray
    exponent: np.ndarray

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], lanes: bool = False) -> Norm:
        """Of all entries together; lanes: of each entry of the last axis apart."""
        axes = [tuple(range(array.ndim - lanes)) for array in arrays]
        with np.errstate(all="ignore"):
            most = [np.abs(array).max(axis=axis, initial=0.0) for array, axis in zip(arrays, axes)]
            exponent = np.frexp(reduce(np.maximum, most, np.float64(0.0)))[1]
            scaled = [np.ldexp(array.astype(np.float64), -exponent) for array in arrays]
            squares = [(array * array).sum(axis=axis) for array, axis in zip(scaled, axes)]
            return cls(np.sqrt(sum(squares, np.float64(0.0))), exponent)

    @property
    def value(self) -> np.ndarray:
        """The norm as a number, infinite only where it is above all numbers."""
        with np.errstate(all="ignore"):
            return np.asarray(np.ldexp(self.root, self.exponent))

    def factor(self, most: float) -> np.ndarray:
        """What shortens g to the length `most`; 1 where it is not longer, NaN where it has no length."""
        with np.errstate(all="ignore"):
            shrunk = np.ldexp(most / self.root, -self.exponent)
        return np.where(np.isfinite(self.root), np.where(self.value > most, shrunk, 1.0), np.nan)


@dataclass(frozen=True)
class Clipped:
    """Gradients of the parameters as the update takes them.

    norm: their length before; factor: what shortened them; by_value: whether entries were cut.
    """

    gradients: Places
    norm: float
    factor: float
    by_value: bool


def clip(arrays: Places, norm: float | None = None, value: float | None = None) -> Clipped:
    """Clip by the norm of all parameters together, then by value; None: not at all."""
    length = Norm.of(list(arrays.values()))
    factor = 1.0 if norm is None else float(length.factor(norm))
    if factor != 1:
        arrays = {place: (array.astype(np.float64) * factor).astype(array.dtype) for place, array in arrays.items()}
    by_value = value is not None and any(bool((np.abs(array) > value).any()) for array in arrays.values())
    if by_value and value is not None:
        arrays = {place: np.clip(array, -value, value) for place, array in arrays.items()}
    return Clipped(arrays, float(length.value), factor, by_value)
