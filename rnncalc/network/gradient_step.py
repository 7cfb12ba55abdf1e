"""One step of gradient descent, θ − lr·dθ. Parameters move, initial states (h0, c0, y0) never do."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeVar

from rnncalc.network.clipping import Clipped, Places
from rnncalc.network.gradients import Gradients
from rnncalc.network.stack import Stack

AnyStack = TypeVar("AnyStack", bound=Stack)


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
