"""The door of the engine: a cell's weights packed once, then run over any batch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.cells import Cell
from rnncalc.engine import loops
from rnncalc.engine.jit import specialised
from rnncalc.engine.pack import Packed, Rows, run_of
from rnncalc.engine.room import aligned
from rnncalc.schedule import Abreast, Schedule
from rnncalc.threads import EVERY, shares, side_by_side

if TYPE_CHECKING:
    from rnncalc.engine.across import AcrossCell
    from rnncalc.engine.across_back import AcrossAdjoint
    from rnncalc.engine.back import CompiledAdjoint
    from rnncalc.engine.back_pack import PackedBack
    from rnncalc.engine.split import SplitCell

Arrays = Mapping[str, np.ndarray]
CHUNK = 256 * 1024  # bytes of the block of `infer`: what stays in a second-level cache beside the weights


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
        begins = {line: packed.offset(line) for line in cell.lines}
        self.lines = {line: (begin, begin + sizes[cell.size(line)]) for line, begin in begins.items()}

    def forward(self, x: np.ndarray, schedule: Schedule, initial: Arrays) -> Arrays:
        """Every signal: name → (N + rows, width), views of one block. Arguments as for `WalkedCell.forward`."""
        if isinstance(schedule, Abreast):
            return self.across.forward(x.reshape(schedule.sequences, schedule.steps, -1), initial)
        pitch = self.packed.pitch
        block = aligned(schedule.rows * pitch, self.dtype)
        self.begin(block, schedule.sequences, initial)
        fed = run_of(x)

        def share(part: slice) -> None:
            self._code(*self._arguments(block, schedule.starts, *fed, *self._nothing, part=part))

        side_by_side(share, shares(schedule.sequences, self.threads) if schedule.sequences else [EVERY])
        return Rows(block.reshape(-1, pitch), self.lines)

    def adjoint(self, signals: Arrays, x: np.ndarray, schedule: Schedule) -> CompiledAdjoint | AcrossAdjoint:
        """Backpropagation through what `forward` left behind."""
        from rnncalc.engine.back import CompiledAdjoint

        if isinstance(schedule, Abreast):
            from rnncalc.engine.across_back import AcrossAdjoint

            return AcrossAdjoint(self.across, signals)  # type: ignore[arg-type]
        assert isinstance(signals, Rows)
        return CompiledAdjoint(self, signals, x, schedule)

    @cached_property
    def back(self) -> PackedBack:
        """The weights packed for the way back, on first need."""
        from rnncalc.engine.back_pack import PackedBack

        return PackedBack(self.packed, self.parameters)

    @cached_property
    def across(self) -> AcrossCell:
        """The same, packed to be run across sequences, on first need."""
        from rnncalc.engine.across import AcrossCell

        return AcrossCell(self.cell, self.parameters, self.sizes, self.dtype)

    def infer(
        self, x: np.ndarray, schedule: Schedule, initial: Arrays, threads: int = 1
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows.

        threads: how many may share the units of a line.
        """
        sequences = schedule.sequences
        out = np.empty((schedule.rows - sequences, self.emitted), self.dtype)
        final = np.empty((sequences, self.kept), self.dtype)
        if threads > 1 and not schedule.ragged and schedule.steps and self.split.pays():
            self._infer_split(x, schedule, initial, out, final, threads)
        else:
            self._infer_alone(x, schedule, initial, out, final)
        return out, {state: final[:, at : at + width] for state, _offset, width, at in self.states}

    def _infer_alone(
        self, x: np.ndarray, schedule: Schedule, initial: Arrays, out: np.ndarray, final: np.ndarray
    ) -> None:
        sequences, pitch = schedule.sequences, self.packed.pitch
        rows = min(schedule.rows, sequences + max(CHUNK // (pitch * self.dtype.itemsize), 2 * schedule.most))
        self._run(aligned(rows * pitch, self.dtype), x, schedule, initial, out.reshape(-1), final)

    @cached_property
    def split(self) -> SplitCell:
        """The same for one long sequence: its units shared among threads, where that pays."""
        from rnncalc.engine.split import SplitCell

        return SplitCell(self)

    def _infer_split(
        self,
        x: np.ndarray,
        schedule: Schedule,
        initial: Arrays,
        out: np.ndarray,
        final: np.ndarray,
        threads: int,
    ) -> None:
        sequences, pitch = schedule.sequences, self.packed.pitch
        block = aligned(2 * sequences * pitch, self.dtype)
        self.begin(block, sequences, initial)
        fed, pitch_x = run_of(x)
        done = self.split.infer(fed, pitch_x, block, sequences, schedule.steps, threads, out.reshape(-1))
        rows = block.reshape(2, sequences, pitch)[done % 2]
        if done < schedule.steps:  # called off: one thread does the rest
            states = {state: rows[:, offset : offset + width] for state, offset, width, _at in self.states}
            rest = slice(done * sequences, None)
            self._infer_alone(x[rest], Schedule.full(sequences, schedule.steps - done), states, out[rest], final)
            return
        for _state, offset, width, at in self.states:
            final[:, at : at + width] = rows[:, offset : offset + width]

    def stream(self, schedule: Schedule, initial: Arrays) -> CompiledStream:
        """The cell fed one step at a time; the schedule is that of one step."""
        return CompiledStream(self, schedule, initial)

    def _run(
        self, block: np.ndarray, x: np.ndarray, schedule: Schedule, initial: Arrays, out: np.ndarray, final: np.ndarray
    ) -> None:
        """Run the loop through a block."""
        self.begin(block, schedule.sequences, initial)
        if isinstance(schedule, Abreast):
            width = schedule.steps * x.shape[1]
            arguments = self._arguments(
                block, schedule.starts, np.ascontiguousarray(x).reshape(-1), width, out, final, 1
            )
        else:
            arguments = self._arguments(block, schedule.starts, *run_of(x), out, final)
        self._code(*arguments)

    def begin(self, block: np.ndarray, sequences: int, initial: Arrays) -> None:
        """Lay the initial states into the first rows of a block; zero where there is none."""
        pitch = self.packed.pitch
        first = block[: sequences * pitch].reshape(sequences, pitch)
        for state, offset, width, _at in self.states:
            first[:, offset : offset + width] = initial.get(state, 0)

    def _arguments(
        self,
        block: np.ndarray,
        starts: np.ndarray,
        x: np.ndarray,
        width: int,
        out: np.ndarray,
        final: np.ndarray,
        abreast: int = 0,
        part: slice = EVERY,
    ) -> tuple[Any, ...]:
        packed = self.packed
        given = (self.cell.digest, block, packed.geometry, starts, part.start, part.stop, x, width, abreast)
        return *given, *packed.tables, packed.emitted, out, packed.states, final

    @cached_property
    def _nothing(self) -> tuple[np.ndarray, np.ndarray]:
        """In place of `out` and `final` where every row is kept."""
        return np.empty(0, self.dtype), np.empty((0, 0), self.dtype)

    @cached_property
    def _code(self) -> Any:
        """The loop for this cell and dtype, compiled or found in the cache on first need."""
        panels, starts = self.packed.panels, self.packed.geometry
        return specialised(loops.forward, *self._arguments(panels, starts, panels, 0, *self._nothing))


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
        self.code, self.fixed = compiled._code, (cell.digest, self.block, packed.geometry, schedule.starts)
        self.tables = (*packed.tables, packed.emitted)
        self.ends = (packed.states, self.final)

    def step(self, x: np.ndarray) -> np.ndarray:
        """x_t (N, D) → what the cell emits, (N, width)."""
        out = np.empty((self.sequences, self.emitted), self.dtype)
        self.code(*self.fixed, 0, self.sequences, *run_of(x), 0, *self.tables, out.reshape(-1), *self.ends)
        if self.stateful:
            self.before[:] = self.after
        return out
