"""Backpropagation across the sequences: the backward loop of every cell, and the gradients of the weights lane by lane.

An adjoint block lies as the trace does, a few groups after the other, with a row behind each few for what is thrown
away. A weight's gradient is a sum over the rows of a lane, and over the lanes in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.engine import back_loops
from rnncalc.engine.across import AcrossCell, AcrossRows, Folded
from rnncalc.engine.across_back_loops import backward, input_gradients, weight_gradients
from rnncalc.engine.jit import address_of, cell_signature, machine_code
from rnncalc.engine.room import aligned
from rnncalc.engine.turn import ADDED, GROUPS
from rnncalc.equations import INPUT

if TYPE_CHECKING:
    from rnncalc.schedule import Schedule


class AcrossAdjoint:
    """Gradients on their way back across the sequences; the methods are those of `CompiledAdjoint`."""

    def __init__(self, across: AcrossCell, signals: AcrossRows, x: np.ndarray, schedule: Schedule):
        self.across, self.cell, self.schedule, self.x = across, across.cell, schedule, x
        self.packed, self.back, self.signals = across.packed, across.back, signals.folded
        self.slopes = np.zeros(len(self.packed.extras), across.dtype)
        self.arriving = self.latest = self._block()
        self.reached = [self.latest]  # by every sweep
        self.waiting: dict[str, np.ndarray] = {}

    def _block(self) -> Folded:
        sizes = {slot: self.across.sizes["D" if slot == INPUT else self.cell.size(slot)] for slot in self.back.slots}
        places = {slot: (begin, sizes[slot]) for slot, begin in self.back.slots.items()}
        shape = self.signals.sequences, self.signals.levels - 1
        return Folded(self.packed, self.back.pitch, places, shape, more=self.back.pitch)

    def add(self, signal: str, rows: np.ndarray) -> None:
        """What arrives at a signal from above, (rows, width)."""
        self.waiting[signal] = self.waiting[signal] + rows if signal in self.waiting else rows

    def _bring(self) -> None:
        """Turn in what waits, on top of what a sweep before has left at the same signal."""
        for signal, rows in self.waiting.items():
            if len(self.reached) > 1:
                rows = rows + self.arriving.out(signal, 1, self.schedule.steps)
            wanted = np.ascontiguousarray(rows, self.across.dtype).reshape(self.schedule.sequences, -1)
            self.arriving.exchange(ADDED, wanted, signal, 1)
        self.waiting = {}

    def run(self, chunk: int = 0, kept: bool = True) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before."""
        self._bring()
        self._loop(self.latest, chunk)

    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        self._bring()
        self.latest, earlier = self.arriving, self._block()
        self._loop(earlier, 0)
        for state in self.cell.state:  # what reached the starts stays there
            start = earlier.out(state, 0, 1)
            self.latest.exchange(ADDED, start, state, 0)
            earlier.exchange(ADDED, np.zeros_like(start), state, 0)
        if self.latest is not self.reached[0]:
            self.reached.append(self.latest)
        self.arriving = earlier

    def hand_down(self, lower: Any, signal: str) -> None:
        """Add the gradient at the inputs of the latest run or sweep to a signal of the layer below."""
        lower.add(signal, self.below())

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        return reduce(np.add, [self._below(one) for one in (self.reached if whole else [self.latest])])

    def _below(self, adjoint: Folded) -> np.ndarray:
        back, schedule, depth = self.back, self.schedule, self.across.sizes["D"]
        dx = np.empty((schedule.sequences, schedule.steps * depth), self.across.dtype)
        room = aligned(schedule.steps * GROUPS * depth * self.packed.lanes, self.across.dtype)
        places = np.empty(schedule.steps * depth, np.int64)
        arguments = (
            adjoint.block, back.pitch, back.geometry, schedule.sequences, schedule.steps, self.packed.lanes,
            back.inputs, back.panels, back.columns, depth, room, places, dx,
        )  # fmt: skip
        machine_code(input_gradients, self.across.dtype, *arguments)(*arguments)
        rows = dx.reshape(-1, depth)
        return rows + adjoint.out(INPUT, 1, schedule.steps) if self.cell.adds_input else rows

    @property
    def totals(self) -> Mapping[str, np.ndarray]:
        """What reached each line, (N + rows, width), as far as it is kept."""
        return _Together([AcrossRows(one) for one in self.reached])

    @property
    def starts(self) -> dict[str, np.ndarray]:
        """What reached the initial states, (N, width)."""
        return {state: reduce(np.add, [one.out(state, 0, 1) for one in self.reached]) for state in self.cell.state}

    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, by symbol."""
        lanes, dtype, schedule = self.packed.lanes, self.across.dtype, self.schedule
        depth = self.across.sizes.get("D", 0)
        table, places, entries = self._table
        weights, biases = np.zeros(entries * lanes, dtype), np.zeros(self.back.width, dtype)
        fed = aligned(schedule.steps * GROUPS * depth * lanes, dtype)
        read = np.empty(schedule.steps * depth, np.int64)
        for one in self.reached:
            arguments = (
                one.block, self.back.pitch, self.signals.block, self.packed.pitch, self.x, lanes, self.back.width,
                table, fed, read, weights, biases,
            )  # fmt: skip
            machine_code(weight_gradients, dtype, *arguments)(*arguments)
        summed, units = weights.reshape(-1, lanes).sum(axis=1), biases.reshape(-1, lanes).sum(axis=1)
        found: dict[str, np.ndarray] = {}
        for line in self.back.lines:
            begin = self.back.slots[line.signal] // lanes
            for sign, bias in line.biases:
                share = sign * units[begin : begin + self.across.sizes[self.cell.size(line.signal)]]
                found[bias] = found[bias] + share if bias in found else share
        for weight, (sign, out, tall, wide) in places.items():
            found[weight] = sign * summed[out : out + tall * wide].reshape(tall, wide)
        slopes = self.slopes.reshape(-1, lanes).sum(axis=1)
        for name in self.packed.program.extras:
            begin = self.packed.offset(name) // lanes
            slope = slopes[begin : begin + len(self.across.parameters[name])]
            found[name] = found[name] + slope if name in found else slope
        return found

    def stacked(self) -> dict[str, np.ndarray]:
        """The gradient of every array that a person gives, by name."""
        return self.cell.stacked(self.parameters())

    @cached_property
    def _table(self) -> tuple[np.ndarray, dict[str, tuple[int, int, int, int]], int]:
        """The weight gradients to be summed; weight → (sign, place, units, depth); the entries of all."""
        table, places, out = list[list[int]](), dict[str, tuple[int, int, int, int]](), 0
        for line in self.back.lines:
            units = self.across.sizes[self.cell.size(line.signal)]
            for term in (*line.inputs, *line.products):
                depth = self.across.parameters[term.weight].shape[1]
                source = -1 if term.source == INPUT else self.packed.offset(term.signal)
                begin = self.back.slots[line.signal]
                table.append([begin, source, int(term.previous), depth, units, out * self.packed.lanes])
                places[term.weight] = term.sign, out, units, depth
                out += units * depth
        return np.array(table, np.int64).reshape(-1, 6), places, out

    def _loop(self, earlier: Folded, chunk: int) -> None:
        back, schedule = self.back, self.schedule
        tables = (back.products, back.rowwise, back.panels, back.columns, self.packed.extras, self.slopes)
        starts = np.empty(schedule.steps + 2, np.int64)
        if not back.address:
            back.address = self._address(tables)
        arguments = (
            back.address, back.geometry, schedule.sequences, schedule.steps, self.packed.lanes,
            self.signals.block, self.packed.pitch, self.latest.block, earlier.block, back.pitch, chunk, starts, *tables,
            np.empty(0, self.across.dtype),
        )  # fmt: skip
        machine_code(backward, self.across.dtype, *arguments)(*arguments)

    def _address(self, tables: tuple[np.ndarray, ...]) -> int:
        """The backward loop of this cell and dtype."""
        none, geometry = np.empty(0, self.across.dtype), self.back.geometry
        arguments = (none, 0, geometry, none, none, 0, 0, geometry, 0, 0, *tables, none, 0, 0, 0, -1)
        return address_of(back_loops.backward, cell_signature(self.cell.digest, *arguments))


class _Together(Mapping[str, np.ndarray]):
    """Rows by name, added up over several sweeps when somebody asks."""

    def __init__(self, parts: list[AcrossRows]):
        self.parts = parts

    def __getitem__(self, name: str) -> np.ndarray:
        return reduce(np.add, [part[name] for part in self.parts])

    def __iter__(self) -> Iterator[str]:
        return iter(name for name in self.parts[0] if name != INPUT)

    def __len__(self) -> int:
        return sum(1 for _name in self)
