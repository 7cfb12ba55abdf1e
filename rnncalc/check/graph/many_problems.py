"""Many problems at once: every array has a last axis with a lane for each problem.

Lanes are last, so that code for one problem's arrays also fits theirs: the first axes are the same, biases (H, lanes)
broadcast to rows (N, H, lanes), and NumPy's inner loop runs along lanes, where memory is contiguous. This file has the
operations that must know of lanes: products, functions along a row, and functions that differ from lane to lane.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.model.equations.functions import FUNCTIONS


class PerLane:
    """A choice for each lane, where lanes differ: the name of a function, the rule of a slope."""

    def __init__(self, choices: Sequence[Hashable]):
        self.choices = tuple(choices)

    @cached_property
    def lanes(self) -> dict[Any, np.ndarray]:
        """choice → its lanes."""
        every = dict.fromkeys(self.choices)
        return {choice: np.array([at for at, own in enumerate(self.choices) if own == choice]) for choice in every}

    def each(self, compute: Callable[..., np.ndarray], *values: np.ndarray) -> np.ndarray:
        """Compute compute(choice, *values) for each choice in its lanes."""
        result = np.empty_like(values[0])
        for choice, here in self.lanes.items():
            result[..., here] = compute(choice, *[value[..., here] for value in values])
        return result


def common_or_per_lane(choices: Sequence[Hashable]) -> Any:
    """The choice that all lanes share, or Mixed."""
    first = choices[0]
    return first if all(choice is first or choice == first for choice in choices) else PerLane(choices)


def function(name: str | PerLane, value: np.ndarray) -> np.ndarray:
    """Apply one of FUNCTIONS, or a function of each lane; a rowwise one along the second axis."""
    if isinstance(name, PerLane):
        return name.each(function, value)
    entry = FUNCTIONS[name]
    return along_rows(entry.compute, value) if entry.rowwise else entry.compute(value)


def along_rows(compute: Callable[..., np.ndarray], *values: np.ndarray) -> np.ndarray:
    """Apply along the second axis what works along the last one."""
    if values[0].ndim == 2:
        return compute(*values)
    return np.moveaxis(compute(*[np.moveaxis(value, 1, -1) for value in values]), -1, 1)


def applied(weight: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Weight (H, K, lanes) times each row of vectors (N, K, lanes): (N, H, lanes)."""
    return np.einsum("hkl,nkl->nhl", weight, vectors)


def outer(gradient: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Σ over rows of gradient (N, H, lanes) ⊗ source (N, K, lanes): (H, K, lanes)."""
    return np.einsum("nhl,nkl->hkl", gradient, source)
