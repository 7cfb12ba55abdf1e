"""The door of the engine: a cell's weights packed once, then run over any batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.cells import Cell
from rnncalc.engine import loops
from rnncalc.engine.jit import specialised
from rnncalc.engine.pack import Packed, aligned, run_of
from rnncalc.schedule import Schedule

if TYPE_CHECKING:
    from rnncalc.engine.back import CompiledAdjoint
    from rnncalc.engine.back_pack import PackedBack

Arrays = Mapping[str, np.ndarray]
CHUNK = 256 * 1024  # bytes of the block of `infer`: what stays in a second-level cache beside the weights


class Rows(dict[str, np.ndarray]):
    """The signals of a forward pass, name → (rows, width), and the block (rows, pitch) of which they are views."""

    def __init__(self, block: np.ndarray, signals: Arrays):
        super().__init__(signals)
        self.block = block


class CompiledCell:
    """A cell with its parameters (symbol → array, all of one dtype), run by machine code."""

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.parameters, self.sizes, self.dtype = cell, parameters, sizes, dtype
        self.packed = Packed(cell, parameters, sizes, dtype)

    def forward(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> dict[str, np.ndarray]:
        """Every signal: name → (N + rows, width), views of one block. Arguments as for `WalkedCell.forward`."""
        rows = self._run(schedule.rows, x, schedule, initial, *self._nothing)
        return Rows(rows, {line: self._view(rows, line) for line in self.cell.lines})

    def adjoint(self, signals: Arrays, x: np.ndarray, schedule: Schedule) -> CompiledAdjoint:
        """Backpropagation through what `forward` left behind."""
        from rnncalc.engine.back import CompiledAdjoint

        assert isinstance(signals, Rows)
        return CompiledAdjoint(self, signals, x, schedule)

    @cached_property
    def back(self) -> PackedBack:
        """The weights packed for the way back, on first need."""
        from rnncalc.engine.back_pack import PackedBack

        return PackedBack(self.packed, self.parameters)

    def infer(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows."""
        packed = self.packed
        most = int(schedule.counts.max()) if len(schedule.counts) else 0
        steps = max(CHUNK // (packed.pitch * self.dtype.itemsize), 2 * most)
        out = np.empty((schedule.rows - schedule.sequences, packed.emitted[loops.WIDTH]), self.dtype)
        final = np.empty((schedule.sequences, packed.states[:, loops.WIDTH].sum()), self.dtype)
        self._run(min(schedule.rows, schedule.sequences + steps), x, schedule, initial, out.reshape(-1), final)
        return out, {
            state: final[:, at : at + width] for state, (_offset, width, at) in zip(self.cell.state, packed.states)
        }

    def _run(
        self, rows: int, x: np.ndarray, schedule: Schedule, initial: Arrays, out: np.ndarray, final: np.ndarray
    ) -> np.ndarray:
        """Run the loop through a block of that many rows, and return the block."""
        block = aligned(rows * self.packed.pitch, self.dtype)
        shaped = block.reshape(rows, self.packed.pitch)
        for state in self.cell.state:
            self._view(shaped, state)[: schedule.sequences] = initial.get(state, 0)
        self._code(*self._arguments(block, schedule.starts, *run_of(x), out, final))
        return shaped

    def _view(self, rows: np.ndarray, name: str) -> np.ndarray:
        begin = self.packed.offset(name)
        return rows[:, begin : begin + self.sizes[self.cell.size(name)]]

    def _arguments(
        self, block: np.ndarray, starts: np.ndarray, x: np.ndarray, width: int, out: np.ndarray, final: np.ndarray
    ) -> tuple[Any, ...]:
        packed = self.packed
        given = (self.cell.digest, block, packed.geometry, starts, x, width, *packed.tables)
        return *given, packed.emitted, out, packed.states, final

    @cached_property
    def _nothing(self) -> tuple[np.ndarray, np.ndarray]:
        """In place of `out` and `final` where every row is kept."""
        return np.empty(0, self.dtype), np.empty((0, 0), self.dtype)

    @cached_property
    def _code(self) -> Any:
        """The loop for this cell and dtype, compiled or found in the cache on first need."""
        panels, starts = self.packed.panels, self.packed.geometry
        return specialised(loops.forward, *self._arguments(panels, starts, panels, 0, *self._nothing))
