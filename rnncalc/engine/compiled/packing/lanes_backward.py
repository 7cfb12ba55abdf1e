"""A cell packed for the way back across the sequences: what its drivers are called with, and what they sum."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from rnncalc.engine.compiled.kernels.lanes_backward import BackwardCall
from rnncalc.engine.compiled.layout import LANE_GRADIENT_COLUMNS, OFFSET
from rnncalc.engine.compiled.packing.backward import PackedBack
from rnncalc.engine.compiled.packing.forward import Packed
from rnncalc.model.equations.expression import INPUT


class PackedLanes:
    """Tables and transposed weights for one dtype; `places` says where a signal's adjoints lie, and how many units."""

    def __init__(self, packed: Packed, parameters: Mapping[str, np.ndarray], version: int):
        self.packed, self.parameters, self.back = packed, parameters, PackedBack(packed, parameters, version)
        self.cell, self.dtype, self.lanes, self.pitch = packed.cell, packed.dtype, packed.lanes, self.back.pitch
        letters = {slot: "D" if slot == INPUT else self.cell.size(slot) for slot in self.back.slots}
        self.places = {slot: (begin, packed.sizes[letters[slot]]) for slot, begin in self.back.slots.items()}
        self._find_sums()

    @cached_property
    def call(self) -> BackwardCall:
        """The cell's backward loop, compiled on first need, and what it is called with."""
        back = self.back
        states = self.packed.states.copy()
        states[:, OFFSET] = [back.slots[state] for state in self.cell.state]
        return BackwardCall(
            back.loop, back.geometry, self.pitch, back.products, back.rowwise, back.inputs, back.panels, back.columns,
            self.packed.extras, states, back.slots.get(INPUT, -1), back.clear,
        )  # fmt: skip

    def _find_sums(self) -> None:
        """The weight gradients to be summed, one for every line that uses a weight; the entries of all."""
        table, out = list[list[int]](), 0
        self.weights = list[tuple[str, int, int, int, int]]()  # weight, sign, place, units, depth
        for line in self.back.lines:
            begin, units = self.places[line.signal]
            for term in (*line.inputs, *line.products):
                depth = self.parameters[term.weight].shape[1]
                source = -1 if term.source == INPUT else self.packed.offset(term.signal)
                table.append([begin, source, int(term.previous), depth, units, out * self.lanes])
                self.weights.append((term.weight, term.sign, out, units, depth))
                out += units * depth
        self.sums, self.entries, self.ones = (
            np.array(table, np.int64).reshape(-1, LANE_GRADIENT_COLUMNS),
            out,
            np.ones(self.lanes, self.dtype),
        )

    def room(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For the sums of weights, biases and element-wise parameters, a vector for each entry."""
        sizes = self.entries * self.lanes, self.back.width, len(self.packed.element_wise)
        weights, biases, slopes = (np.zeros(size, self.dtype) for size in sizes)
        return weights, biases, slopes

    def gradients(self, *sums: np.ndarray) -> dict[str, np.ndarray]:
        """Symbol → gradient, of the sums of weights, biases and element-wise parameters, lane by lane."""
        weights, biases, slopes = (per_lane.reshape(-1, self.lanes).sum(axis=1) for per_lane in sums)
        by_symbol: dict[str, np.ndarray] = {}

        def add(name: str, share: np.ndarray) -> None:
            by_symbol[name] = by_symbol[name] + share if name in by_symbol else share

        for line in self.back.lines:
            offset, units = self.places[line.signal]
            begin = offset // self.lanes
            for sign, bias in line.biases:
                add(bias, sign * biases[begin : begin + units])
        for weight, sign, out, tall, wide in self.weights:
            add(weight, sign * weights[out : out + tall * wide].reshape(tall, wide))
        for name in self.packed.program.extras:
            begin = self.packed.offset(name) // self.lanes
            add(name, slopes[begin : begin + len(self.parameters[name])])
        return by_symbol
