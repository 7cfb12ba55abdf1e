"""The door of the engine: a cell's weights packed once, then run over any batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.cells import Cell
from rnncalc.engine import loops
from rnncalc.engine.jit import specialised
from rnncalc.engine.pack import Packed, aligned
from rnncalc.schedule import Schedule

Arrays = Mapping[str, np.ndarray]
CHUNK = 256 * 1024  # bytes of the block of `infer`: what stays in a second-level cache beside the weights


class CompiledCell:
    """A cell with its parameters (symbol → array, all of one dtype), run by machine code."""

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.sizes, self.dtype = cell, sizes, dtype
        self.packed = Packed(cell, parameters, sizes, dtype)

    def forward(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> dict[str, np.ndarray]:
        """Every signal: name → (N + rows, width), views of one block. Arguments as for `WalkedCell.forward`."""
        block, rows = self._block(schedule.rows)
        self._start(rows, schedule, initial)
        self._forward(self.cell.digest, block, *self._arguments(x, schedule))
        return {line: self._view(rows, line) for line in self.cell.lines}

    def infer(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows."""
        packed = self.packed
        most = int(schedule.counts.max()) if len(schedule.counts) else 0
        steps = max(CHUNK // (packed.pitch * self.dtype.itemsize), 2 * most)
        block, rows = self._block(min(schedule.rows, schedule.sequences + steps))
        self._start(rows, schedule, initial)
        out = np.empty((schedule.rows - schedule.sequences, packed.emitted[loops.WIDTH]), self.dtype)
        final = np.empty((schedule.sequences, packed.states[:, loops.WIDTH].sum()), self.dtype)
        arguments = self._arguments(x, schedule)
        self._infer(self.cell.digest, block, *arguments, packed.emitted, out.reshape(-1), packed.states, final)
        return out, {
            state: final[:, at : at + width] for state, (_offset, width, at) in zip(self.cell.state, packed.states)
        }

    def _block(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        block = aligned(rows * self.packed.pitch, self.dtype)
        return block, block.reshape(rows, self.packed.pitch)

    def _view(self, rows: np.ndarray, name: str) -> np.ndarray:
        begin = self.packed.offset(name)
        return rows[:, begin : begin + self.sizes[self.cell.size(name)]]

    def _start(self, rows: np.ndarray, schedule: Schedule, initial: Arrays) -> None:
        for state in self.cell.state:
            self._view(rows, state)[: schedule.sequences] = initial.get(state, 0)

    def _arguments(self, x: np.ndarray, schedule: Schedule) -> tuple[Any, ...]:
        x = np.ascontiguousarray(x)  # machine code takes the pointer and asks no questions
        return self.packed.geometry, schedule.starts, x.reshape(-1), x.shape[1], *self.packed.tables

    # machine code, compiled or found in the cache on first need -------------------------------------------------------

    def _samples(self) -> tuple[Any, ...]:
        packed = self.packed
        return packed.panels, packed.geometry, packed.emitted, packed.panels, 0, *packed.tables

    @cached_property
    def _forward(self) -> Any:
        return specialised(loops.forward, self.cell.digest, *self._samples())

    @cached_property
    def _infer(self) -> Any:
        packed = self.packed
        final = np.empty((0, 0), self.dtype)
        return specialised(
            loops.infer, self.cell.digest, *self._samples(), packed.emitted, packed.panels, packed.states, final
        )
