"""All parameters of a network as one vector θ, of which its arrays are views: what an optimiser changes in place.

Names are those of model files: `layers.0.U`, `layers.0.backward.W`, …, and `V`, `c` of the read-out on top.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.model.layer import DirectionalLayer
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
                self.slots.append(Slot(position.prefix + name, owner, name, begin, array.shape))
                begin += array.size
        self.vector = np.empty(begin, network.dtype)
        for slot in self.slots:
            self.vector[slot.begin : slot.begin + slot.size] = slot.owner.arrays[slot.array].reshape(-1)
        views = self.named(self.vector)
        for slot in self.slots:
            slot.owner.arrays = {**slot.owner.arrays, slot.array: frozen(views[slot.name])}
        self.changed()

    def named(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """A vector like θ as arrays by name, views of it."""
        return {slot.name: vector[slot.begin : slot.begin + slot.size].reshape(slot.shape) for slot in self.slots}

    def changed(self) -> None:
        """θ has changed: the network packs its weights anew when it next needs them."""
        self.network.forget()

    def places(self, owner: DirectionalLayer) -> dict[str, np.ndarray]:
        """Symbol → where each entry lies in θ, counted from 1, so that 0 is nowhere and a sign can be kept."""
        copied = copy.copy(owner)
        copied.arrays = {
            slot.array: np.arange(slot.begin + 1, slot.begin + slot.size + 1, dtype=np.float64).reshape(slot.shape)
            for slot in self.slots
            if slot.owner is owner
        }
        return copied.parameters

    def gathered(self, arrays: Mapping[str, np.ndarray] | Any, into: np.ndarray) -> np.ndarray:
        """Arrays by name, written into a vector like θ."""
        for slot in self.slots:
            into[slot.begin : slot.begin + slot.size] = np.reshape(arrays[slot.name], -1)
        return into
