"""The door of the engine: a cell's weights packed once, then run over any batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.common.threads import EVERY
from rnncalc.engine.compiled.codegen.jit import specialised
from rnncalc.engine.compiled.execution.prepared import Prepared, Tracing
from rnncalc.engine.compiled.execution.recomputed import Recalled
from rnncalc.engine.compiled.kernels import forward as loops
from rnncalc.engine.compiled.packing.forward import Packed, run_of
from rnncalc.engine.compiled.packing.memory import aligned
from rnncalc.model.cells import Cell
from rnncalc.model.packed_batch import Abreast, Schedule

if TYPE_CHECKING:
    from rnncalc.engine.compiled.execution.adjoint import CompiledAdjoint
    from rnncalc.engine.compiled.execution.lanes import AcrossCell
    from rnncalc.engine.compiled.execution.lanes_adjoint import AcrossAdjoint
    from rnncalc.engine.compiled.execution.unit_split import SplitCell
    from rnncalc.engine.compiled.packing.backward import PackedBack

Arrays = Mapping[str, np.ndarray]


class CompiledCell:
    """A cell with its parameters (symbol → array, all of one dtype), run by machine code.

    `threads` is how many share the sequences of a trace and of the way back; who owns the cell may change it.
    """

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.parameters, self.sizes, self.dtype = cell, parameters, sizes, dtype
        self.threads = 1
        self.packed = packed = Packed(cell, parameters, sizes, dtype)
        self.emitted = int(packed.emitted[loops.WIDTH])
        places = packed.states.tolist()
        self.states: list[tuple[str, int, int, int]] = [(state, *row) for state, row in zip(cell.state, places)]  # type: ignore[misc]
        self.kept = sum(width for _state, _offset, width, _at in self.states)
        begins = {line: packed.offset(line) for line in packed.program.kept}
        self.lines = {line: (begin, begin + sizes[cell.size(line)]) for line, begin in begins.items()}

    def tracing(self, schedule: Schedule, initial: Arrays) -> Callable[[np.ndarray], Recalled]:
        """What computes every signal of any inputs of a schedule, as `WalkedCell.forward` does."""
        return (
            partial(self._across, schedule, initial)
            if isinstance(schedule, Abreast)
            else Tracing(self, schedule, initial)
        )

    def _across(self, schedule: Abreast, initial: Arrays, x: np.ndarray) -> Recalled:
        kept = self.across.forward(x.reshape(schedule.sequences, schedule.steps, -1), initial)
        return Recalled(self, kept, x, schedule)

    def adjoint(self, signals: Recalled, x: np.ndarray, schedule: Schedule) -> CompiledAdjoint | AcrossAdjoint:
        """Backpropagation through what `forward` left behind."""
        if isinstance(schedule, Abreast):
            from rnncalc.engine.compiled.execution.lanes_adjoint import AcrossAdjoint

            return AcrossAdjoint(self.across, signals.kept)  # type: ignore[arg-type]
        return self.back.adjoint(self, signals.kept, x, schedule)  # type: ignore[arg-type]

    @cached_property
    def back(self) -> PackedBack:
        """The weights packed for the way back, on first need."""
        from rnncalc.engine.compiled.packing.backward import PackedBack

        return PackedBack(self.packed, self.parameters)

    @cached_property
    def across(self) -> AcrossCell:
        """The same, packed to be run across sequences, on first need."""
        from rnncalc.engine.compiled.execution.lanes import AcrossCell

        return AcrossCell(self.cell, self.parameters, self.sizes, self.dtype)

    def infer(
        self, x: np.ndarray, schedule: Schedule, initial: Arrays, threads: int = 1, wanted: bool = True
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows.

        threads: how many may share the units of a line; wanted: whether anybody asks for the states.
        """
        if threads > 1 and not schedule.ragged and schedule.steps and self.split.pays():
            out, final = self._infer_split(x, schedule, initial, threads)
        else:
            out, final = self.prepared(schedule, initial, wanted)(x)
        return out, {state: final[:, at : at + width] for state, _offset, width, at in self.states if wanted}

    def prepared(self, schedule: Schedule, initial: Arrays, wanted: bool = False) -> Prepared:
        """The same for any inputs."""
        return Prepared(self, schedule, initial, wanted)

    @cached_property
    def split(self) -> SplitCell:
        """The same for one long sequence: its units shared among threads, where that pays."""
        from rnncalc.engine.compiled.execution.unit_split import SplitCell

        return SplitCell(self)

    def _infer_split(
        self, x: np.ndarray, schedule: Schedule, initial: Arrays, threads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        sequences, pitch = schedule.sequences, self.packed.pitch
        out = np.empty((schedule.rows - sequences, self.emitted), self.dtype)
        block = aligned(2 * sequences * pitch, self.dtype)
        self.begin(block, sequences, initial)
        done = self.split.infer(*run_of(x), block, sequences, schedule.steps, threads, out.reshape(-1))
        rows = block.reshape(2, sequences, pitch)[done % 2]
        states = {state: rows[:, offset : offset + width] for state, offset, width, _at in self.states}
        if done < schedule.steps:  # called off: one thread does the rest
            rest = Schedule.full(sequences, schedule.steps - done)
            out[done * sequences :], final = self.prepared(rest, states, True)(x[done * sequences :])
            return out, final
        return out, np.concatenate([np.empty((sequences, 0), self.dtype), *states.values()], axis=1)

    def stream(self, schedule: Schedule, initial: Arrays) -> CompiledStream:
        """The cell fed one step at a time; the schedule is that of one step."""
        return CompiledStream(self, schedule, initial)

    def begin(self, block: np.ndarray, sequences: int, initial: Arrays) -> None:
        """Lay the initial states into the first rows of a block; zero where there is none."""
        pitch = self.packed.pitch
        first = block[: sequences * pitch]
        first.fill(0)
        for state, offset, width, _at in self.states if initial else ():
            first.reshape(sequences, pitch)[:, offset : offset + width] = initial.get(state, 0)

    def arguments(self, block: Any, starts: Any, x: Any, pitch_x: int) -> tuple[Any, ...]:
        """What the loop is called with to keep every row in the block."""
        packed, (out, final) = self.packed, self.nothing
        given = (self.cell.digest, block, packed.geometry, starts, EVERY.start, EVERY.stop, x, pitch_x, 0)
        return *given, *packed.tables, packed.emitted, out, packed.states, final

    @cached_property
    def nothing(self) -> tuple[np.ndarray, np.ndarray]:
        """In place of `out` and `final` where every row is kept."""
        return np.empty(0, self.dtype), np.empty((0, 0), self.dtype)

    @cached_property
    def code(self) -> Any:
        """The loop for this cell and dtype, compiled or found in the cache on first need."""
        panels, starts = self.packed.panels, self.packed.geometry
        return specialised(loops.forward, *self.arguments(panels, starts, panels, 0))


class CompiledStream:
    """Some sequences that are fed one step at a time: the block keeps their states from one step to the next."""

    def __init__(self, compiled: CompiledCell, schedule: Schedule, initial: Arrays):
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
        self.code, self.fixed = compiled.code, (cell.digest, self.block, packed.geometry, schedule.starts)
        self.tables = (*packed.tables, packed.emitted)
        self.ends = (packed.states, self.final)

    def step(self, x: np.ndarray) -> np.ndarray:
        """x_t (N, D) → what the cell emits, (N, width)."""
        out = np.empty((self.sequences, self.emitted), self.dtype)
        self.code(*self.fixed, 0, self.sequences, *run_of(x), 0, *self.tables, out.reshape(-1), *self.ends)
        if self.stateful:
            self.before[:] = self.after
        return out
