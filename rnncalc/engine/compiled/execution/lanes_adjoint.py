"""Backpropagation across the sequences: some groups at a time through everything, so that nothing leaves the cache.

The signals of these groups are computed again, if the trace does not hold them; then come their adjoints, the sums that
are the gradients of the weights, lane by lane, and what reached their initial states and inputs. No adjoints are kept:
`lanes_blocks` computes them on demand, and all of them for sweeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from rnncalc.common.lazy_arrays import LazyArrays
from rnncalc.engine.compiled.codegen.jit import machine_code
from rnncalc.engine.compiled.execution.lanes import LaneCell, LaneTrace
from rnncalc.engine.compiled.execution.lanes_blocks import Blocks
from rnncalc.engine.compiled.kernels.lanes_backward import descend
from rnncalc.engine.compiled.packing.memory import aligned, shaped
from rnncalc.model.equations.expression import INPUT
from rnncalc.model.equations.functions import quiet


class LaneAdjoint:
    """Gradients on their way back across the sequences; the methods are those of `CompiledAdjoint`."""

    def __init__(self, runner: LaneCell, signals: LaneTrace):
        self.runner, self.signals = runner, signals
        self.waiting: dict[str, np.ndarray] = {}
        self.sweeps: Blocks | None = None
        self.chunk = 0

    def add(self, signal: str, rows: np.ndarray, at: np.ndarray | None = None) -> None:
        """What arrives at a signal from above, (rows, width): at every step, or in some rows of signals."""
        if at is not None:
            sequences, steps, _depth = self.signals.x.shape
            some, rows = rows, np.zeros((sequences * steps, rows.shape[1]), self.runner.dtype)
            rows[at - sequences] = some
        self.waiting[signal] = self.waiting[signal] + rows if signal in self.waiting else rows

    def run(self, chunk: int = 0, kept: bool = True) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before.

        It is done when somebody asks for what it gives, and what reached every row is made for who asks for that.
        """
        for signal, rows in self.waiting.items():
            self.waiting[signal] = shaped(rows.shape, self.runner.dtype)
            self.waiting[signal][:] = rows
        self.chunk = chunk

    @quiet
    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        self.sweeps = self.sweeps or Blocks(self.runner, self.signals)
        self.sweeps.sweep(self.waiting)
        self.waiting = {}

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        self._check_version()
        return self.blocks.below(whole) if self.blocks else self._with_inputs.inputs

    @property
    def adjoints(self) -> Mapping[str, np.ndarray]:
        """What reached each line, (N + rows, width), as far as it is kept."""
        if self.blocks:
            return self.blocks.adjoints
        return LazyArrays(
            [slot for slot in self.runner.back.places if slot != INPUT], lambda name: self.whole.adjoints[name]
        )

    @property
    def initial_adjoints(self) -> dict[str, np.ndarray]:
        """What reached the initial states, (N, width)."""
        return self.blocks.initial_adjoints if self.blocks else self._gradients.initial

    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, by symbol."""
        return self.blocks.parameters() if self.blocks else self._gradients.parameters

    @quiet
    def stacked(self) -> dict[str, np.ndarray]:
        """The gradient of every array that a person gives, by name."""
        return self.runner.cell.stacked(self.parameters())

    @property
    def _gradients(self) -> LaneGradients:
        """What a run gives, with the gradient at the inputs if that is there already."""
        return self.__dict__.get("_with_inputs") or self._without_inputs

    @cached_property
    def _with_inputs(self) -> LaneGradients:
        self._check_version()
        return LaneGradients(self, True)

    @cached_property
    def _without_inputs(self) -> LaneGradients:
        return LaneGradients(self, False)

    def _check_version(self) -> None:
        """Raises ProblemError if the weights have changed since the trace was made."""
        self.runner.compiled.check_version(self.signals.version)

    @property
    def blocks(self) -> Blocks | None:
        """The adjoint blocks where they are kept: of sweeps, and where gradients arrive at several signals."""
        return self.whole if not self.sweeps and len(self.waiting) > 1 else self.sweeps

    @cached_property
    def whole(self) -> Blocks:
        """The adjoints of a run, all of them."""
        self._check_version()
        return Blocks(self.runner, self.signals).run(self.waiting, self.chunk)


class LaneGradients:
    """What a run gives: `parameters` by symbol, `initial` by state and, if wanted, what reached the `inputs`."""

    def __init__(self, run: LaneAdjoint, wanted: bool):
        runner, signals, back = run.runner, run.signals, run.runner.back
        (sequences, steps, depth), lanes, dtype = signals.x.shape, back.lanes, runner.dtype
        [(signal, rows)] = run.waiting.items()
        dy = np.ascontiguousarray(rows).reshape(sequences, -1)
        together, at = runner.together(steps), np.empty(steps + 2, np.int64)
        entries = steps * together * lanes
        kept = runner.recomputes(steps)
        trace = runner.none if kept else signals.folded.block
        room = aligned((steps + 1) * together * runner.packed.pitch if kept else 0, dtype)
        adjoint = aligned(((steps + 1) * together + 1) * back.pitch, dtype)
        fed, dfed = (aligned(entries * depth, dtype) for _each in range(2))
        read, written = np.empty(steps * depth, np.int64), np.empty(steps * max(depth, rows.shape[1]), np.int64)
        initial = np.empty((sequences, runner.kept), dtype)
        dx = shaped((sequences if wanted else 0, steps * depth), dtype)
        sums = back.room()
        arguments = (
            runner.ahead, back.call, signals.x, signals.begin, trace, dy, back.places[signal][0], run.chunk,
            back.sums, back.ones, room, adjoint, fed, dfed, at, read, written, *sums, initial, dx, lanes, together,
            runner.none,
        )  # fmt: skip
        machine_code(descend, dtype, arguments)(*arguments)
        self.initial = {state: initial[:, place] for state, place in runner.states.items()}
        self.parameters, self.inputs = back.gradients(*sums), dx.reshape(-1, depth)
