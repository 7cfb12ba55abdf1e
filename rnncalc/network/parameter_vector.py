"""All parameters of a network as one vector θ, of which its arrays are views: what an optimiser changes in place.

Names are those of `Network.parameters`: `layers.0.forward.U`, `layers.0.backward.W`, …, and `V`, `c` of the read-out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.kinds import number, of_kind
from rnncalc.common.suggest import hint
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype
from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.gradients import Gradients
from rnncalc.network.stack import Stack
from rnncalc.network.trace import frozen


@dataclass(frozen=True)
class Slot:
    """Where one array lies in the vector."""

    name: str
    owner: DirectionalLayer
    array: str
    begin: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


class Parameters:
    """The vector θ of a network. From here on the network's arrays are read-only views of it."""

    def __init__(self, network: Stack):
        self.network = network
        self.slots: list[Slot] = []
        begin = 0
        for position, owner in network.parts():
            for name, array in owner.arrays.items():
                self.slots.append(Slot(position.path + name, owner, name, begin, array.shape))
                begin += array.size
        self.vector = np.empty(begin, network.dtype)
        self.views = self.named(self.vector)
        for slot in self.slots:
            view = self.views[slot.name]
            view[:] = slot.owner.arrays[slot.array]
            slot.owner.arrays = {**slot.owner.arrays, slot.array: frozen(view)}
        network.theta = self
        self.changed()

    @classmethod
    def of(cls, network: Stack) -> Parameters:
        """The network's own, made on first need."""
        return network.theta if isinstance(network.theta, Parameters) else cls(network)

    def named(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """A vector like θ as arrays by name, views of it."""
        return {slot.name: vector[slot.begin : slot.begin + slot.size].reshape(slot.shape) for slot in self.slots}

    def changed(self) -> None:
        """θ has changed: the network packs its weights anew when it next needs them."""
        self.network.forget()

    def set(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Put arrays by name in place, and pack anew. Raises ProblemError, ShapeError; then nothing has changed."""
        checked = self._checked(arrays)
        for name, array in checked:
            self.views[name][...] = array
        self.network.repack()

    def descend(self, gradients: Mapping[str, ArrayLike], lr: float) -> None:
        """θ − lr·dθ, of `Gradients` or of those by name, and pack anew; raises as `set` does."""
        named = gradients.parameters if isinstance(gradients, Gradients) else gradients
        if type(lr) is not float:
            number("lr", lr)
        checked, rate = self._checked(named), self.vector.dtype.type(lr)
        move, moves = self._move
        if len(checked) < len(self.slots):  # a parameter that is not there stays
            move.fill(0)
        for name, array in checked:
            np.multiply(array, rate, out=moves[name])
        self.vector -= move
        self.network.repack()

    @cached_property
    def _move(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Room for a step of θ, and the views of it by name: new pages every time would cost more."""
        move = np.empty_like(self.vector)
        return move, self.named(move)

    def _checked(self, arrays: Mapping[str, ArrayLike]) -> list[tuple[str, np.ndarray]]:
        """Arrays by name, of the network's number type, each of its parameter's shape."""
        of_kind("parameters", arrays, Mapping, _("a mapping of names to arrays"))
        checked, dtype = [], self.vector.dtype
        for name, value in arrays.items():
            view = self.views.get(name)
            if view is None:
                message = _("the network has no parameter “{name}”: {hint}")
                raise ProblemError(message, name=name, hint=hint(name, self.views))
            if type(value) is np.ndarray and value.dtype is dtype:
                array = value
            else:
                array = in_dtype(as_array(name, value), dtype)
            if array.shape != view.shape:
                message = _("{name} must be {wanted}, got {shape}")
                raise ShapeError(message, name=name, wanted=view.shape, shape=array.shape)
            checked.append((name, array))
        return checked

    def places(self, owner: DirectionalLayer) -> dict[str, np.ndarray]:
        """Symbol → where each entry lies in θ, counted from 1, so that 0 is nowhere and a sign can be kept."""
        copied = copy.copy(owner)
        copied.arrays = {
            slot.array: np.arange(slot.begin + 1, slot.begin + slot.size + 1, dtype=np.int64).reshape(slot.shape)
            for slot in self.slots
            if slot.owner is owner
        }
        return copied.parameters

    def gathered(self, arrays: Mapping[str, np.ndarray] | Any, into: np.ndarray) -> np.ndarray:
        """Arrays by name, written into a vector like θ."""
        for slot in self.slots:
            into[slot.begin : slot.begin + slot.size] = np.reshape(arrays[slot.name], -1)
        return into
