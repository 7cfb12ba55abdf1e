"""The engine's way back: one cell's backpropagation over any batch, as `WalkedAdjoint` does it line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.engine import back_loops as loops
from rnncalc.engine.compiled import CompiledCell
from rnncalc.engine.jit import machine_code
from rnncalc.engine.pack import Rows, run_of
from rnncalc.engine.room import aligned
from rnncalc.equations import INPUT
from rnncalc.schedule import Schedule
from rnncalc.threads import EVERY, shares, side_by_side

if TYPE_CHECKING:
    from rnncalc.engine.across_back import AcrossAdjoint


class CompiledAdjoint:
    """Gradients on their way back through the rows of one forward pass; the methods are those of `WalkedAdjoint`."""

    def __init__(self, compiled: CompiledCell, signals: Rows, x: np.ndarray, schedule: Schedule):
        self.compiled, self.cell, self.schedule = compiled, compiled.cell, schedule
        self.packed, self.back = compiled.packed, compiled.back
        self.signals, self.inputs = signals.block, x
        self.arriving = self.latest = self.reached = self._block()  # of the next sweep, the latest one, and all
        self.slopes = np.zeros(len(self.packed.extras), compiled.dtype)

    def _block(self) -> np.ndarray:
        """Adjoints of every row, all zero, and one row more for what is thrown away."""
        rows = self.schedule.rows + 1
        block = aligned(rows * self.back.pitch, self.compiled.dtype)
        block[:] = 0
        return block.reshape(rows, self.back.pitch)

    def _view(self, block: np.ndarray, signal: str) -> np.ndarray:
        begin = self.back.offset(signal)
        return block[: self.schedule.rows, begin : begin + self.compiled.sizes[self.cell.size(signal)]]

    def add(self, signal: str, rows: np.ndarray) -> None:
        """What arrives at a signal from above, (rows, width)."""
        self._view(self.arriving, signal)[self.schedule.sequences :] += rows

    def run(self, chunk: int = 0) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before."""
        self._loop(self.latest, chunk)

    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        self.latest, earlier, first = self.arriving, self._block(), self.schedule.sequences
        self._loop(earlier, 0)
        for state in self.cell.state:  # what reached the starts stays there
            start = self._view(earlier, state)[:first]
            self._view(self.latest, state)[:first] = start
            start[:] = 0
        self.reached = self.latest if self.reached is self.arriving else self.reached + self.latest
        self.arriving = earlier

    def _loop(self, earlier: np.ndarray, chunk: int) -> None:
        alone = len(self.slopes) or not self.schedule.sequences  # element-wise parameters add up over the sequences
        parts = [EVERY] if alone else shares(self.schedule.sequences, self.compiled.threads)

        def share(part: slice) -> None:
            arguments = self._back_arguments(self.signals, self.latest, earlier, chunk, part)
            self.back.code(arguments)(*arguments)

        side_by_side(share, parts)

    def hand_down(self, lower: CompiledAdjoint | AcrossAdjoint, signal: str) -> None:
        """Add the gradient at the inputs of the latest run or sweep to a signal of the layer below."""
        if not isinstance(lower, CompiledAdjoint):
            lower.add(signal, self.below())
            return
        begin = lower.schedule.sequences * lower.back.pitch + lower.back.offset(signal)
        if self.cell.adds_input:
            lower.add(signal, self._view(self.latest, INPUT)[self.schedule.sequences :])
        self._input_gradients(self.latest, lower.arriving.reshape(-1), begin, lower.back.pitch)

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        back, first = self.back, self.schedule.sequences
        block, inputs = (self.reached if whole else self.latest), self.compiled.sizes["D"]
        dx = aligned(len(self.inputs) * back.input_width, self.compiled.dtype).reshape(-1, back.input_width)
        dx[:] = 0
        if self.cell.adds_input:
            dx[:, :inputs] = self._view(block, INPUT)[first:]
        self._input_gradients(block, dx.reshape(-1), 0, back.input_width)
        return dx[:, :inputs]

    def _input_gradients(self, block: np.ndarray, dx: np.ndarray, begin: int, pitch: int) -> None:
        """Add what reached the product lines, times the input weights, to rows that begin there."""
        back = self.back

        def share(part: slice) -> None:
            first, rows = self.schedule.sequences + part.start, part.stop - part.start
            arguments = (
                block.reshape(-1), back.pitch, back.geometry, first, rows, back.inputs, back.panels, back.columns, dx,
                begin + part.start * pitch, pitch,
            )  # fmt: skip
            machine_code(loops.input_gradients, self.compiled.dtype, *arguments)(*arguments)

        side_by_side(share, shares(len(self.inputs), self.compiled.threads))

    @property
    def totals(self) -> Rows:
        """What reached each line, (N + rows, width), as far as it is kept."""
        return Rows(self.reached[: self.schedule.rows], self.back.totals)

    @property
    def starts(self) -> dict[str, np.ndarray]:
        """What reached the initial states, (N, width)."""
        return {state: self._view(self.reached, state)[: self.schedule.sequences] for state in self.cell.state}

    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, by symbol."""
        back, dtype = self.back, self.compiled.dtype
        weights, biases = aligned(back.entries, dtype), aligned(back.width, dtype)
        weights[:], biases[:] = 0, 0

        def share(part: slice) -> None:
            arguments = self._weight_arguments(self.reached, weights, biases, part)
            machine_code(loops.weight_gradients, dtype, *arguments)(*arguments)

        side_by_side(share, shares(back.width // self.packed.lanes, self.compiled.threads, fewest=1))
        found = back.parameter_gradients(weights, biases)
        for name in self.packed.program.extras:
            begin = self.packed.offset(name)
            slope = self.slopes[begin : begin + len(self.compiled.parameters[name])]
            found[name] = found[name] + slope if name in found else slope
        return found

    # the loops and what they are called with --------------------------------------------------------------------------

    def _back_arguments(
        self, signals: np.ndarray, block: np.ndarray, earlier: np.ndarray, chunk: int, part: slice
    ) -> tuple[Any, ...]:
        back, flat = self.back, [array.reshape(-1) for array in (signals, block, earlier)]
        return (
            self.cell.digest, flat[0], self.packed.pitch, back.geometry, flat[1], flat[2], back.pitch, chunk,
            self.schedule.starts, part.start, part.stop, back.products, back.rowwise, back.panels, back.columns,
            self.packed.extras, self.slopes,
        )  # fmt: skip

    def _weight_arguments(
        self, block: np.ndarray, weights: np.ndarray, biases: np.ndarray, part: slice
    ) -> tuple[Any, ...]:
        """part: vectors of the product lines."""
        back, dtype, rows = self.back, self.compiled.dtype, len(self.inputs)
        before = self.schedule.before if self.cell.state else np.arange(rows)
        together = min(rows, loops.BLOCK)
        packed, sources = aligned(together * back.width, dtype), aligned(together * back.deepest, dtype)
        return (
            block.reshape(-1), back.pitch, self.signals.reshape(-1), self.packed.pitch, *run_of(self.inputs),
            self.schedule.sequences, rows, before, self.packed.lanes, part.start, part.stop, back.gradients,
            back.runs, packed, sources, weights, biases,
        )  # fmt: skip
