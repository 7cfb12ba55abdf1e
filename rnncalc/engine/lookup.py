"""An embedding fed with tokens: columns of its table looked up by number, and gradients added to them.

Nothing of the size of rows times vocabulary is made. Tokens are whole numbers, one a row; -1 is one that nobody knows,
a row of zeros. Rows of numbers, one-hot or not, go to the engine's own cell, which gives a one-hot row the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, cast

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.engine.interface import Arrays, CellAdjoint, CellRunner, CellStream, CompiledRunner, Outputs
from rnncalc.errors import ProblemError
from rnncalc.model.packed_batch import PackedBatch

TABLE, OUT = "E", "h"  # the parameter and the signal of the cell


def are_tokens(rows: np.ndarray) -> bool:
    """Whether these are numbers of tokens and not rows of numbers."""
    return rows.dtype.kind in "iu"


class LookedUpCell:
    """A `CellRunner` of an embedding. make: the engine's own, for rows of numbers, made on first need."""

    def __init__(self, make: Callable[[], CellRunner], parameters: Arrays, dtype: np.dtype):
        self.make, self.parameters, self.dtype, self.threads = make, parameters, dtype, 1

    @cached_property
    def own(self) -> CellRunner:
        return self.make()

    def repack(self, theta: np.ndarray, places: Callable[[], Arrays]) -> None:
        """The parameters have changed in place."""
        if "own" in self.__dict__:
            self.own.repack(theta, places)

    def rows(self, tokens: np.ndarray) -> np.ndarray:
        """The rows of tokens of any shape, (…, K)."""
        looked_up = np.ascontiguousarray(np.moveaxis(self.parameters[TABLE][:, tokens], 0, -1))
        looked_up[tokens < 0] = 0
        return looked_up

    def infer(
        self, x: np.ndarray, schedule: PackedBatch, initial: Arrays, threads: int = 1, wanted: bool = True
    ) -> Outputs:
        """What the cell emits, (rows, K); of states there are none."""
        return (self.rows(x), {}) if are_tokens(x) else self.own.infer(x, schedule, initial, threads, wanted)

    def tracing(self, schedule: PackedBatch, initial: Arrays) -> Callable[[np.ndarray], Arrays]:
        """What computes every signal of any inputs of a schedule."""
        return partial(self._traced, schedule, initial)

    def _traced(self, schedule: PackedBatch, initial: Arrays, x: np.ndarray) -> Arrays:
        if not are_tokens(x):
            return self.own.tracing(schedule, initial)(x)
        rows = self.rows(x)
        return {OUT: np.concatenate([np.zeros((schedule.sequences, rows.shape[1]), self.dtype), rows])}

    def stream(self, schedule: PackedBatch, initial: Arrays) -> CellStream:
        """The cell fed one step at a time."""
        return LookedUpStream(self, schedule, initial)

    def adjoint(self, signals: Arrays, x: np.ndarray, schedule: PackedBatch) -> CellAdjoint:
        """Backpropagation through what `tracing` gave."""
        if not are_tokens(x):
            return self.own.adjoint(signals, x, schedule)
        return TokenAdjoint(self.parameters[TABLE], signals, x, schedule)

    @property
    def lane_batched(self) -> LookedUpLanes:
        return LookedUpLanes(self)

    @property
    def divisible(self) -> bool:
        """Whether several threads may share its units: there is nothing to compute, of tokens at least."""
        return False

    def prepared(self, schedule: PackedBatch, initial: Arrays, wanted: bool = False) -> Any:
        """`infer` for rows of numbers, which are what calls are prepared for."""
        return cast(CompiledRunner, self.own).prepared(schedule, initial, wanted)


class LookedUpLanes:
    """A `LaneRunner` of an embedding."""

    def __init__(self, cell: LookedUpCell):
        self.cell = cell

    def infer(self, x: np.ndarray, initial: Arrays, wanted: bool) -> Outputs:
        """(N, T) tokens or (N, T, V) → (N, T, K)."""
        if are_tokens(x):
            return self.cell.rows(x), {}
        return cast(CompiledRunner, self.cell.own).lane_batched.infer(x, initial, wanted)


class LookedUpStream:
    """A `CellStream` of an embedding."""

    def __init__(self, cell: LookedUpCell, schedule: PackedBatch, initial: Arrays):
        self.cell, self.given = cell, (schedule, initial)
        self.states: dict[str, np.ndarray] = {}

    @cached_property
    def own(self) -> CellStream:
        return self.cell.own.stream(*self.given)

    def step(self, x: np.ndarray) -> np.ndarray:
        """Tokens (N,) or rows (N, V) → (N, K)."""
        return self.cell.rows(x) if are_tokens(x) else self.own.step(x)


class TokenAdjoint:
    """A `CellAdjoint` of an embedding that was fed with tokens."""

    def __init__(self, table: np.ndarray, signals: Arrays, tokens: np.ndarray, schedule: PackedBatch):
        self.table, self.tokens, self.first = table, tokens, schedule.sequences
        self.arrived, self.whole = np.zeros_like(signals[OUT]), np.zeros_like(signals[OUT])

    def add(self, signal: str, rows: np.ndarray, at: np.ndarray | None = None) -> None:
        """What arrives from above."""
        self.arrived[slice(self.first, None) if at is None else at] += rows

    def run(self, chunk: int = 0, kept: bool = True) -> None:
        """There is no way through time here."""
        self.sweep()

    def sweep(self) -> None:
        """Keep what has arrived."""
        self.whole += self.arrived
        self.arrived[:] = 0

    def below(self, whole: bool = False) -> np.ndarray:
        """Raises ProblemError."""
        raise ProblemError(_("tokens are no numbers: there is no gradient at them"))

    @property
    def adjoints(self) -> Arrays:
        return {OUT: self.whole}

    @property
    def initial_adjoints(self) -> Arrays:
        return {}

    def stacked(self) -> Arrays:
        """The gradient of the table, zero where no token came."""
        by_token = np.zeros(self.table.shape[::-1], self.table.dtype)
        known = self.tokens >= 0
        np.add.at(by_token, self.tokens[known], self.whole[self.first :][known])
        return {TABLE: np.ascontiguousarray(by_token.T)}
