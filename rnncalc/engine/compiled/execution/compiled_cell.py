"""The door of the engine: a packed cell, run over any batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.execution.prepared import PreparedRun, Tracing
from rnncalc.engine.compiled.execution.recomputed import Recomputed
from rnncalc.engine.compiled.packing.memory import aligned
from rnncalc.engine.compiled.packing.views import run_of
from rnncalc.engine.interface import Arrays, Outputs
from rnncalc.model.packed_batch import BatchMajor, PackedBatch

if TYPE_CHECKING:
    from rnncalc.engine.compiled.execution.adjoint import CompiledAdjoint
    from rnncalc.engine.compiled.execution.lanes import LaneCell
    from rnncalc.engine.compiled.execution.lanes_adjoint import LaneAdjoint
    from rnncalc.engine.compiled.execution.unit_split import SplitCell


class CompiledCell(PackedCell):
    """A packed cell, run by machine code."""

    def tracing(self, schedule: PackedBatch, initial: Arrays) -> Callable[[np.ndarray], Recomputed]:
        """What computes every signal of any inputs of a schedule, as `InterpretedCell.forward` does."""
        return (
            partial(self._trace_lanes, schedule, initial)
            if isinstance(schedule, BatchMajor)
            else Tracing(self, schedule, initial)
        )

    def _trace_lanes(self, schedule: BatchMajor, initial: Arrays, x: np.ndarray) -> Recomputed:
        kept = self.lane_batched.forward(x.reshape(schedule.sequences, schedule.steps, -1), initial)
        return Recomputed(self, kept, x, schedule)

    def adjoint(self, signals: Arrays, x: np.ndarray, schedule: PackedBatch) -> CompiledAdjoint | LaneAdjoint:
        """Backpropagation through what `tracing` left behind."""
        assert isinstance(signals, Recomputed)
        if isinstance(schedule, BatchMajor):
            from rnncalc.engine.compiled.execution.lanes_adjoint import LaneAdjoint

            return LaneAdjoint(self.lane_batched, signals.kept)  # type: ignore[arg-type]
        return self._adjoint(self, signals, schedule)

    @cached_property
    def _adjoint(self) -> type[CompiledAdjoint]:
        """What goes back along the units; looked up once, since an import costs as much as a short loop."""
        from rnncalc.engine.compiled.execution.adjoint import CompiledAdjoint

        return CompiledAdjoint

    @property
    def lane_batched(self) -> LaneCell:
        """The same, packed to be run across sequences, on first need."""
        self.fresh(self._lane_batched.packed)
        return self._lane_batched

    @cached_property
    def _lane_batched(self) -> LaneCell:
        from rnncalc.engine.compiled.execution.lanes import LaneCell

        return LaneCell(self)

    def infer(
        self, x: np.ndarray, schedule: PackedBatch, initial: Arrays, threads: int = 1, wanted: bool = True
    ) -> Outputs:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows.

        threads: how many may share the units of a line; wanted: whether anybody asks for the states.
        """
        if threads > 1 and not schedule.ragged and schedule.steps and self.split.pays():
            out, final = self._infer_split(x, schedule, initial, threads)
        else:
            out, final = self.prepared(schedule, initial, wanted).run(x)
        out = out.reshape(-1, self.emitted)
        return out, {state: final[:, at : at + width] for state, _offset, width, at in self.states if wanted}

    def prepared(self, schedule: PackedBatch, initial: Arrays, wanted: bool = False) -> PreparedRun:
        """The same for any inputs."""
        return PreparedRun(self, schedule, initial, wanted)

    @cached_property
    def split(self) -> SplitCell:
        """The same for one long sequence: its units shared among threads, where that pays."""
        from rnncalc.engine.compiled.execution.unit_split import SplitCell

        return SplitCell(self)

    @property
    def divisible(self) -> bool:
        """Whether several threads may share the units of one sequence."""
        return self.split.fits

    def _infer_split(
        self, x: np.ndarray, schedule: PackedBatch, initial: Arrays, threads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        sequences, pitch = schedule.sequences, self.packed.pitch
        out = np.empty((schedule.rows - sequences, self.emitted), self.dtype)
        block = aligned(2 * sequences * pitch, self.dtype)
        self.begin(block, sequences, initial)
        done = self.split.infer(*run_of(x), block, sequences, schedule.steps, threads, out.reshape(-1))
        rows = block.reshape(2, sequences, pitch)[done % 2]
        states = {state: rows[:, offset : offset + width] for state, offset, width, _at in self.states}
        if done < schedule.steps:  # called off: one thread does the rest
            rest = PackedBatch.full(sequences, schedule.steps - done)
            out[done * sequences :].reshape(-1)[:], final = self.prepared(rest, states, True).run(x[done * sequences :])
            return out, final
        return out, np.concatenate([np.empty((sequences, 0), self.dtype), *states.values()], axis=1)

    def stream(self, schedule: PackedBatch, initial: Arrays) -> CompiledStream:
        """The cell fed one step at a time; the schedule is that of one step."""
        return CompiledStream(self, schedule, initial)


class CompiledStream:
    """Some sequences that are fed one step at a time: the block keeps their states from one step to the next."""

    def __init__(self, compiled: PackedCell, schedule: PackedBatch, initial: Arrays):
        self.sequences, self.emitted, self.dtype = schedule.sequences, compiled.emitted, compiled.dtype
        cell, packed = compiled.cell, compiled.packed
        self.stateful = bool(cell.state)
        self.block = aligned(schedule.rows * packed.pitch, self.dtype)
        compiled.begin(self.block, schedule.sequences, initial)
        self.before, self.after = (
            self.block[begin * packed.pitch : (begin + schedule.sequences) * packed.pitch]
            for begin in (0, schedule.rows - schedule.sequences)
        )
        self.final = np.empty((schedule.sequences if cell.state else 0, compiled.kept), self.dtype)
        self.states = {state: self.final[:, at : at + width] for state, _offset, width, at in compiled.states}
        self.code, self.fixed = compiled.code, (cell.digest, self.block, packed.geometry, schedule.offsets)
        self.tables = (*packed.tables, packed.emitted)
        self.ends = (packed.states, self.final)

    def step(self, x: np.ndarray) -> np.ndarray:
        """x_t (N, D) → what the cell emits, (N, width)."""
        out = np.empty((self.sequences, self.emitted), self.dtype)
        self.code(*self.fixed, 0, self.sequences, *run_of(x), 0, *self.tables, out.reshape(-1), *self.ends)
        if self.stateful:
            self.before[:] = self.after
        return out
