"""Adjoints that lie whole, every row of every sequence: for sweeps, and for who asks what reached a line.

A block lies as the trace does, a few groups after the other, with a row behind each few for what is thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np

from rnncalc.common.lazy_arrays import LazyArrays
from rnncalc.engine.compiled.codegen.jit import machine_code
from rnncalc.engine.compiled.codegen.transpose import ADDED
from rnncalc.engine.compiled.execution.lanes import Folded, LaneCell, LaneRows, LaneTrace
from rnncalc.engine.compiled.kernels.lanes_backward import below, sweep, weight_gradients
from rnncalc.engine.compiled.packing.memory import aligned
from rnncalc.model.equations.expression import INPUT


class Blocks:
    """The adjoint blocks of every sweep, or of the one run through time."""

    def __init__(self, runner: LaneCell, signals: LaneTrace):
        self.runner, self.cell, self.back, self.signals = runner, runner.cell, runner.back, signals
        self.sequences, self.steps, self.depth = signals.x.shape
        self.together = runner.together(self.steps)
        self.arriving = self._block()
        self.reached = list[Folded]()
        _weights, _biases, self.slopes = self.back.room()

    def _block(self) -> Folded:
        shape = self.sequences, self.steps
        return Folded(self.runner.packed, self.back.pitch, self.back.places, shape, self.together, self.back.pitch)

    def _bring(self, waiting: Mapping[str, np.ndarray]) -> None:
        """Turn in what arrives, on top of what a sweep before has left at the same signal."""
        for signal, rows in waiting.items():
            if self.reached:
                rows = rows + self.arriving.out(signal, 1, self.steps)
            wanted = np.ascontiguousarray(rows, self.runner.dtype).reshape(self.sequences, -1)
            self.arriving.transpose(ADDED, wanted, signal, 1)

    def run(self, waiting: Mapping[str, np.ndarray], chunk: int) -> Blocks:
        """Through time, to the first step."""
        self._bring(waiting)
        self.reached.append(self.arriving)
        self._loop(self.arriving, chunk)
        return self

    def sweep(self, waiting: Mapping[str, np.ndarray]) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        self._bring(waiting)
        latest, earlier = self.arriving, self._block()
        self.reached.append(latest)
        self._loop(earlier, 0)
        for state in self.cell.state:  # what reached the initial states stays there
            start = earlier.out(state, 0, 1)
            latest.transpose(ADDED, start, state, 0)
            earlier.transpose(ADDED, np.zeros_like(start), state, 0)
        self.arriving = earlier

    def _loop(self, earlier: Folded, chunk: int) -> None:
        signals, offsets = self.signals.folded, np.empty(self.steps + 2, np.int64)
        self._call(
            sweep, self.back.call, self.reached[-1].block, earlier.block, signals.block, signals.pitch,
            self.sequences, self.steps, chunk, offsets, self.slopes, self.back.lanes, self.together,
        )  # fmt: skip

    def _call(self, driver: Any, *arguments: Any) -> None:
        machine_code(driver, self.runner.dtype, arguments)(*arguments)

    def below(self, whole: bool) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        return reduce(np.add, [self._below(block) for block in (self.reached if whole else self.reached[-1:])])

    def _below(self, adjoint: Folded) -> np.ndarray:
        entries, lanes, dtype = self.steps * self.depth, self.back.lanes, self.runner.dtype
        dx, room = np.empty((self.sequences, entries), dtype), aligned(entries * self.together * lanes, dtype)
        sizes = self.sequences, self.steps, self.depth
        self._call(
            below, self.back.call, adjoint.block, *sizes, room, dx, np.empty(entries, np.int64), lanes, self.together
        )
        return dx.reshape(-1, self.depth)

    @property
    def adjoints(self) -> Mapping[str, np.ndarray]:
        """What reached each line, (N + rows, width), as far as it is kept."""
        parts = [LaneRows(part.places, part) for part in self.reached]
        names = [name for name in parts[0] if name != INPUT]
        return LazyArrays(names, lambda name: reduce(np.add, [part[name] for part in parts]))

    @property
    def initial_adjoints(self) -> dict[str, np.ndarray]:
        """What reached the initial states, (N, width)."""
        return {state: reduce(np.add, [part.out(state, 0, 1) for part in self.reached]) for state in self.cell.state}

    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, by symbol."""
        signals, lanes, entries = self.signals.folded, self.back.lanes, self.steps * self.depth
        weights, biases, _slopes = self.back.room()
        fed = aligned(entries * self.together * lanes, self.runner.dtype)
        offsets, read = np.empty(self.steps + 2, np.int64), np.empty(entries, np.int64)
        for adjoint in self.reached:
            self._call(
                weight_gradients, adjoint.block, adjoint.pitch, signals.block, signals.pitch, self.signals.x,
                self.back.sums, self.back.ones, fed, offsets, read, weights, biases, lanes, self.together,
            )  # fmt: skip
        return self.back.gradients(weights, biases, self.slopes)
