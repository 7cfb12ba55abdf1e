"""Many problems at once: every array carries one axis more at its end, a lane for each problem.

With the lanes last, what is said of one problem's array is said of all: the first axes are the same, biases (H, lanes)
meet rows (N, H, lanes), and NumPy's inner loop runs along the lanes, where memory is contiguous. Here is what needs to
know of them: products, functions along a row, and functions of which each lane has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.model.equations.functions import FUNCTIONS


class Mixed:
    """Something that is not the same in every lane: the name of a function, the rule of a slope."""

    def __init__(self, choices: Sequence[Hashable]):
        self.choices = tuple(choices)

    @cached_property
    def lanes(self) -> dict[Any, np.ndarray]:
        """choice → its lanes."""
        every = dict.fromkeys(self.choices)
        return {choice: np.array([at for at, one in enumerate(self.choices) if one == choice]) for choice in every}

    def each(self, compute: Callable[..., np.ndarray], *values: np.ndarray) -> np.ndarray:
        """compute(choice, *values), each choice in its own lanes."""
        found = np.empty_like(values[0])
        for choice, here in self.lanes.items():
            found[..., here] = compute(choice, *[value[..., here] for value in values])
        return found


def one_or_mixed(choices: Sequence[Hashable]) -> Any:
    """What all lanes share, or each lane's own."""
    first = choices[0]
    return first if all(choice is first or choice == first for choice in choices) else Mixed(choices)


def function(name: str | Mixed, value: np.ndarray) -> np.ndarray:
    """One of FUNCTIONS, or in each lane its own; a rowwise one along the second axis."""
    if isinstance(name, Mixed):
        return name.each(function, value)
    found = FUNCTIONS[name]
    return along_rows(found.compute, value) if found.rowwise else found.compute(value)


def along_rows(compute: Callable[[np.ndarray], np.ndarray], value: np.ndarray) -> np.ndarray:
    """What works along the last axis, along the second one."""
    return compute(value) if value.ndim == 2 else np.moveaxis(compute(np.moveaxis(value, 1, -1)), -1, 1)


def applied(weight: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Weight (H, K, lanes) times each row of vectors (N, K, lanes): (N, H, lanes)."""
    return np.einsum("hkl,nkl->nhl", weight, vectors)


def outer(gradient: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Σ over rows of gradient (N, H, lanes) ⊗ source (N, K, lanes): (H, K, lanes)."""
    return np.einsum("nhl,nkl->hkl", gradient, source)
