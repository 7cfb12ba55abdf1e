"""The engine's way back: one cell's backpropagation over any batch, as `InterpretedAdjoint` does it line by line.

Longer than other files, so that the routes through one loop stand together: at once, in parts, in sweeps.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from rnncalc.common.threads import EVERY, pieces, shares, side_by_side
from rnncalc.engine.compiled.codegen.jit import machine_code
from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.execution.recomputed import Recomputed
from rnncalc.engine.compiled.kernels import gradients as gradient_loops
from rnncalc.engine.compiled.packing.memory import aligned, rows_in_cache
from rnncalc.engine.compiled.packing.views import Parts, Rows, run_of
from rnncalc.model.equations.expression import INPUT
from rnncalc.model.equations.functions import quiet
from rnncalc.model.packed_batch import PackedBatch

LARGE = 1024 * 1024  # bytes of adjoints: fewer are not worth sharing among threads; of more, not all are kept at once
PART = 16 * 1024 * 1024  # bytes of the most that are
ROWS = gradient_loops.BLOCK  # the fewest that are: less would go over the weights' gradients too often


class CompiledAdjoint:
    """Gradients on their way back through the rows of one forward pass; the methods are those of `InterpretedAdjoint`.

    What comes from above waits until the loop brings it in. Where adjoints are many and nobody below waits for them,
    the loop goes back some steps at a time, and the weights' gradients take what they need while it is in cache; who
    asks for the adjoints afterwards has them computed again. Where they are few, one call does everything.
    """

    at, chunk = "", 0  # the signal at which something waits to be brought in
    sums: tuple[np.ndarray, np.ndarray] | None = None  # the gradients of weights and biases, once added up
    next: np.ndarray | None = None  # adjoints for the next sweep
    block: np.ndarray | None = None  # what reached every row, where one call has done everything

    def __init__(self, compiled: PackedCell, signals: Recomputed, schedule: PackedBatch):
        self.compiled, self.cell, self.schedule, self.dtype = compiled, compiled.cell, schedule, compiled.dtype
        self.packed, self.back, self.inputs = compiled.packed, compiled.back, signals.x
        assert signals.runs  # vectors along the units have left them
        self.signals, *self.fed = signals.runs  # of memory: the block, the inputs, and how far apart their rows begin
        self.arriving = self.back.nothing  # what waits to be brought in
        self.laid: list[tuple[str, np.ndarray, np.ndarray]] = []  # what is there before the loop: signal, where, rows
        self.version = compiled.version

    def add(self, signal: str, rows: np.ndarray, at: np.ndarray | None = None) -> None:
        """What arrives at a signal from above, (rows, width): at every step, or in some rows of signals.

        The loop brings in what arrives at every step of one signal; all else is laid into the block before it begins.
        """
        if at is None and self.at in ("", signal):
            self.arriving, self.at = self.arriving + rows if len(self.arriving) else np.ascontiguousarray(rows), signal
            return
        every = np.arange(self.schedule.sequences, self.schedule.rows)
        self.laid.append((signal, every if at is None else at, rows))

    def run(self, chunk: int = 0, kept: bool = True) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before.

        kept: whether what reached every row will be asked for.
        """
        self.chunk = chunk
        size = self.schedule.rows * self.back.pitch * self.dtype.itemsize
        if size < LARGE:
            self._at_once()
        elif kept or chunk or not self.schedule.sequences or not len(self.inputs):
            self.reached  # noqa: B018 - made here, while the weights are what they were
        else:
            self._in_parts()

    def _at_once(self) -> None:
        """Through time, and on to the gradients of the weights."""
        back, schedule = self.back, self.schedule
        block = aligned((schedule.rows + 1) * back.pitch, self.dtype)
        scratch = back.scratch.take(len(self.inputs))
        self.g = g = np.empty(back.shown_entries, self.dtype)
        slot, width = (back.slots[self.at], self.arriving.shape[1]) if self.at else (0, 0)
        clear = self._lay(block.reshape(-1, back.pitch), 0, 0, schedule.rows) if self.laid else back.clear
        before = schedule.before if self.cell.state else self._before
        arguments = (
            back.loop, self.signals, self.packed.pitch, back.geometry, block, back.pitch, self.chunk, schedule.offsets,
            *back.tables, self.arriving.reshape(-1), slot, width, clear, *self.fed, before,
            back.gradients, back.runs, back.shown, *scratch[1], g,
        )  # fmt: skip
        if back.descend is None:
            back.descend = machine_code(gradient_loops.descend, self.dtype, arguments)
        back.descend(*arguments)
        back.scratch.give(scratch)
        self.block = block

    @cached_property
    def reached(self) -> np.ndarray:
        """What reached every row, (rows + 1, pitch); the last row takes what is thrown away."""
        if self.block is not None:
            return self.block.reshape(-1, self.back.pitch)
        self.compiled.check_version(self.version)
        block = self._block(self.schedule.rows)
        slopes = np.zeros_like(self.slopes) if self.sums else self.slopes
        clear = self._lay(block, 0, 0, self.schedule.rows)
        self._loop(self.schedule.offsets, self.signals, block, block, self.arriving, slopes, clear=clear)
        return block

    @cached_property
    def latest(self) -> np.ndarray:
        """The same, of the latest sweep alone."""
        return self.reached

    def _in_parts(self) -> None:
        """Some steps at a time, from the last ones on: back through them, and on to the gradients of the weights."""
        offsets, first = self.schedule.offsets, self.schedule.sequences
        most = min(PART // (self.back.pitch * self.dtype.itemsize), self.schedule.rows // 4)
        most = max(most, first + self.schedule.most, ROWS + self.schedule.most)
        block, end, met = self._block(most), len(offsets) - 2, 0
        sums = self._no_sums()
        while end:
            begin = min(int(np.searchsorted(offsets, offsets[end + 1] - most)), end - 1)
            here = offsets[begin : end + 2] - offsets[begin]
            rows = slice(offsets[begin + 1] - first, offsets[end + 1] - first)
            block[here[-2] : here[-2] + met] = block[:met].copy()  # what the steps behind have handed on
            signals = self.signals[offsets[begin] * self.packed.pitch :]
            part = block[: here[-1] + 1]
            low = offsets[begin + 1] if begin else 0
            clear = self._lay(part, offsets[begin], low, offsets[end + 1], slice(here[-2], here[-2] + met))
            self._loop(here, signals, part, part, self.arriving[rows], self.slopes, met, clear)
            self._add_up(part, signals, int(here[1]), rows, int(offsets[begin]), *sums)
            met, end = int(here[1]), begin
        self.sums, self._initial = sums, block[:first].copy()

    @quiet
    def _lay(self, block: np.ndarray, begin: int, low: int, high: int, met: slice = slice(0, 0)) -> int:
        """Lay what is to be there before the loop into a block, if anything is. Returns the `clear` of the loop.

        begin: the row of signals that is the block's first; low, high: which rows of signals; met: rows of the block
        that hold something already. Where nothing is laid, the block is left unset.
        """
        if not self.laid:
            return self.back.clear
        block[: met.start], block[met.stop :] = 0, 0
        for signal, at, rows in self.laid:
            here = (at >= low) & (at < high)
            slot = self.back.offset(signal)
            block[at[here] - begin, slot : slot + rows.shape[1]] += rows[here]
        return -1

    @quiet
    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        earlier, first = self._zeros(), self.schedule.sequences
        resumed = self.next is not None
        self.latest = self.next if self.next is not None else self._zeros()
        for signal, at, rows in self.laid:
            self._view(self.latest, signal)[at] += rows
        self.laid = []
        self._loop(self.schedule.offsets, self.signals, self.latest, earlier, self.arriving, self.slopes)
        self.arriving = self.arriving[:0]
        for state in self.cell.state:  # what reached the initial states stays there
            start = self._view(earlier, state)[:first]
            self._view(self.latest, state)[:first] += start
            start[:] = 0
        self.reached, self.next = self.reached + self.latest if resumed else self.latest, earlier

    def _block(self, rows: int) -> np.ndarray:
        """Adjoints of so many rows, unset, and one row more for what is thrown away."""
        return aligned((rows + 1) * self.back.pitch, self.dtype).reshape(rows + 1, self.back.pitch)

    def _zeros(self) -> np.ndarray:
        block = self._block(self.schedule.rows)
        block[:] = 0
        return block

    def _view(self, block: np.ndarray, signal: str) -> np.ndarray:
        begin = self.back.offset(signal)
        return block[: self.schedule.rows, begin : begin + self.compiled.sizes[self.cell.size(signal)]]

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        self.compiled.check_version(self.version)
        back, first, block = self.back, self.schedule.sequences, self.reached if whole else self.latest
        inputs, rows = self.compiled.sizes["D"], len(self.inputs)
        dx = aligned(rows * back.input_width, self.dtype).reshape(-1, back.input_width)
        dx[:] = 0
        if self.cell.adds_input:
            dx[:, :inputs] = self._view(block, INPUT)[first:]

        def share(part: slice) -> None:
            arguments = (
                block.reshape(-1), back.pitch, back.geometry, first + part.start, part.stop - part.start, back.inputs,
                back.panels, back.columns, dx.reshape(-1), part.start * back.input_width, back.input_width,
            )  # fmt: skip
            machine_code(gradient_loops.input_gradients, self.dtype, arguments)(*arguments)

        side_by_side(share, shares(rows, self.compiled.threads))
        return dx[:, :inputs]

    @property
    def adjoints(self) -> Rows:
        """What reached each line, (N + rows, width), as far as it is kept."""
        return Rows(self.reached[: self.schedule.rows], self.back.adjoints)

    @property
    def initial_adjoints(self) -> dict[str, np.ndarray]:
        """What reached the initial states, (N, width)."""
        block = self._initial if self.sums else self.reached
        return {state: self._view(block, state)[: self.schedule.sequences] for state in self.cell.state}

    def stacked(self) -> Parts:
        """The gradient of every array that a person gives, by name."""
        self.g.setflags(write=False)
        return Parts(self.g, self.back.stacks)

    @cached_property
    def g(self) -> np.ndarray:
        """All of them, one after the other."""
        back, sums = self.back, self.sums
        if sums is None:
            sums, first = self._no_sums(), self.schedule.sequences
            self._add_up(self.reached, self.signals, first, slice(0, len(self.inputs)), 0, *sums)
        g = aligned(back.shown_entries, self.dtype)
        arguments = back.shown, self.packed.lanes, *sums, self.slopes, np.empty(back.width, np.int64), g
        machine_code(gradient_loops.lay_out, self.dtype, arguments)(*arguments)
        return g

    @cached_property
    def slopes(self) -> np.ndarray:
        """The gradients of the element-wise parameters, added up by the loops."""
        return np.zeros(len(self.packed.extras), self.dtype)

    @cached_property
    def _before(self) -> np.ndarray:
        """The row that each row continues, or any where a cell has no state."""
        return self.schedule.before if self.cell.state else np.arange(len(self.inputs))

    def _no_sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the gradients of weights and biases are added up."""
        sums = aligned(self.back.entries, self.dtype), aligned(self.back.width, self.dtype)
        for gradient in sums:
            gradient.fill(0)
        return sums

    # the loops and what they are called with --------------------------------------------------------------------------

    def _loop(
        self, offsets: np.ndarray, signals: np.ndarray, block: np.ndarray, earlier: np.ndarray, arriving: np.ndarray,
        slopes: np.ndarray, met: int = 0, clear: int = -1,
    ) -> None:  # fmt: skip
        """Back through some steps, whose rows begin at `offsets`; arguments as for `kernels.backward`."""
        back, packed, sequences = self.back, self.packed, self.schedule.sequences
        slot, width = back.offset(self.at) if self.at else 0, arriving.shape[1]

        def share(parts: list[slice]) -> None:
            for part in parts:
                arguments = (
                    self.cell.digest, signals, packed.pitch, back.geometry, block.reshape(-1), earlier.reshape(-1),
                    back.pitch, self.chunk, offsets, part.start, part.stop, back.products, back.rowwise, back.panels,
                    back.columns, packed.extras, slopes, arriving.reshape(-1), slot, width, met, clear,
                )  # fmt: skip
                back.code(arguments)(*arguments)

        alone = len(self.packed.element_wise) or not sequences  # element-wise parameters add up over the sequences
        most = rows_in_cache(packed.pitch + back.pitch, self.dtype)
        parts = [[EVERY]] if alone else [pieces(part, most) for part in shares(sequences, self.compiled.threads)]
        side_by_side(share, parts)

    def _add_up(
        self, block: np.ndarray, signals: np.ndarray, first: int, rows: slice, begin: int, weights: np.ndarray,
        biases: np.ndarray,
    ) -> None:  # fmt: skip
        """Add some rows to the gradients of weights and biases.

        block, signals: begin at the row `begin` of all; first: the row of them that is the first of `rows`.
        """
        back, count = self.back, rows.stop - rows.start
        before = self._before[rows] - begin if self.cell.state else self._before[:count]
        together = min(count, gradient_loops.BLOCK)
        fed = run_of(self.inputs[rows])

        def share(part: slice) -> None:  # each with room of its own: one is ahead of another
            room = aligned(together * back.width, self.dtype), aligned(together * back.deepest, self.dtype)
            arguments = (
                block.reshape(-1), back.pitch, signals, self.packed.pitch, *fed, first, count, before,
                before[:0], before[:0], self.packed.lanes, part.start, part.stop, back.gradients, back.runs, *room,
                weights, biases,
            )  # fmt: skip
            machine_code(gradient_loops.weight_gradients, self.dtype, arguments)(*arguments)

        side_by_side(share, shares(back.width // self.packed.lanes, self.compiled.threads, fewest=1))
