"""One step of gradient descent: clipping, then θ − lr·dθ. Parameters move, starts (h0, c0, y0) never do.

Clipping by norm looks at all parameters as one vector g and scales it to the length K where it is longer; clipping by
value then cuts every entry to [−K, K]. Source of the first: Pascanu, Mikolov and Bengio, On the difficulty of training
recurrent neural networks, 2013.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
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
        found = {
            (number, way, name): array
            for number, layer in enumerate(self.network.layers)
            for way, one in layer.passes.items()
            for name, array in one.arrays.items()
        }
        top = self.network.read_out.arrays if self.network.read_out else {}
        found |= {(-1, "forward", name): array for name, array in top.items()}
        return {place: array for place, array in found.items() if place in self.clipped.gradients}


def clip(
    gradients: Gradients,
    norm: float | None = None,
    value: float | None = None,
    fixed: frozenset[tuple[int, str, str]] = frozenset(),
) -> Clipped:
    """Clip by the norm of all parameters together, then by value; None: not at all. fixed: what is no parameter."""
    found = {place: array for place, array in _parameters(gradients) if place not in fixed}
    length = Norm.of(list(found.values()))
    factor = 1.0 if norm is None else float(length.factor(norm))
    if factor != 1:
        found = {place: (array.astype(np.float64) * factor).astype(array.dtype) for place, array in found.items()}
    by_value = value is not None and any(bool((np.abs(array) > value).any()) for array in found.values())
    if by_value and value is not None:
        found = {place: np.clip(array, -value, value) for place, array in found.items()}
    return Clipped(found, float(length.value), factor, by_value)


def updated(network: AnyStack, clipped: Clipped, lr: float) -> AnyStack:
    """A network whose parameters have moved by one step of gradient descent."""
    moved = copy.copy(network)
    moved.forget()
    moved.layers = [copy.copy(layer) for layer in network.layers]
    for number, layer in enumerate(moved.layers):
        layer.passes = {way: copy.copy(one) for way, one in layer.passes.items()}
        for way, one in layer.passes.items():
            one.arrays = _moved(one.arrays, clipped, (number, way), lr)
    if network.read_out:
        moved.read_out = copy.copy(network.read_out)
        moved.read_out.arrays = _moved(network.read_out.arrays, clipped, (-1, "forward"), lr)
    return moved


def _moved(
    arrays: Mapping[str, np.ndarray], clipped: Clipped, where: tuple[int, str], lr: float
) -> dict[str, np.ndarray]:
    found = dict(arrays)
    for name, array in arrays.items():
        gradient = clipped.gradients.get((*where, name))
        found[name] = array if gradient is None else array - array.dtype.type(lr) * gradient
    return found


def _parameters(gradients: Gradients) -> Iterator[tuple[tuple[int, str, str], np.ndarray]]:
    """Every parameter's gradient with its place; starts are left out."""
    for number, layer in enumerate(gradients.layers):
        for way, one in layer.passes.items():
            for name, array in one.items():
                if name not in one.starts:
                    yield (number, way, name), array
    if gradients.read_out:
        for name, array in gradients.read_out.items():
            yield (-1, "forward", name), array
