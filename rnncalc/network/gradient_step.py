"""One step of gradient descent: clipping, then θ − lr·dθ. Parameters move, initial states (h0, c0, y0) never do.

Clipping by norm looks at all parameters as one vector g and scales it to the length K where it is longer; clipping by
value then cuts every entry to [−K, K]. Source of the first: Pascanu, Mikolov and Bengio, On the difficulty of training
recurrent neural networks, 2013.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rnncalc.network.gradient_norm import Norm
from rnncalc.network.gradients import Gradients
from rnncalc.network.stack import Stack

AnyStack = TypeVar("AnyStack", bound=Stack)
Places = dict[tuple[int, str, str], np.ndarray]  # (layer from 0, −1: read-out; direction; name) → array


@dataclass(frozen=True)
class Clipped:
    """Gradients of the parameters as the update takes them.

    norm: their length before; factor: what shortened them; by_value: whether entries were cut.
    """

    gradients: Places
    norm: float
    factor: float
    by_value: bool


@dataclass(frozen=True)
class Update:
    """One step of gradient descent: gradients as it used them, the network after it and its loss; None without lr."""

    clipped: Clipped
    network: Stack | None
    loss: float | None

    @property
    def parameters(self) -> Places:
        """Every parameter after the step; what is none has not moved and is left out."""
        if self.network is None:
            return {}
        return {
            place: array
            for position, part in self.network.parts()
            for name, array in part.arrays.items()
            if (place := (position.layer, position.direction, name)) in self.clipped.gradients
        }


def clip(
    gradients: Gradients,
    norm: float | None = None,
    value: float | None = None,
    fixed: frozenset[tuple[int, str, str]] = frozenset(),
) -> Clipped:
    """Clip by the norm of all parameters together, then by value; None: not at all. fixed: what is no parameter."""
    arrays = {place: array for place, array in by_place(gradients, states=False).items() if place not in fixed}
    length = Norm.of(list(arrays.values()))
    factor = 1.0 if norm is None else float(length.factor(norm))
    if factor != 1:
        arrays = {place: (array.astype(np.float64) * factor).astype(array.dtype) for place, array in arrays.items()}
    by_value = value is not None and any(bool((np.abs(array) > value).any()) for array in arrays.values())
    if by_value and value is not None:
        arrays = {place: np.clip(array, -value, value) for place, array in arrays.items()}
    return Clipped(arrays, float(length.value), factor, by_value)


def updated(network: AnyStack, clipped: Clipped, lr: float) -> AnyStack:
    """A network whose parameters have moved by one step of gradient descent."""
    moved = copy.copy(network)
    moved.forget()
    for position, part in moved.parts():
        for name, array in part.arrays.items():
            gradient = clipped.gradients.get((position.layer, position.direction, name))
            if gradient is not None:
                part.arrays[name] = array - array.dtype.type(lr) * gradient
    return moved


def by_place(gradients: Gradients, states: bool = True) -> Places:
    """Every gradient by its place; without states: of the parameters alone."""
    return {
        (position.layer, position.direction, name): array
        for position, part in gradients.parts()
        for name, array in (part if states else part.stacks).items()
    }
