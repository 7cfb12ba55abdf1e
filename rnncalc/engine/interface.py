"""What a network asks of whatever runs a cell: both engines, the interpreter and the compiled one, keep to it.

T steps, N sequences, D inputs. Rows are the steps of all sequences in the order of a batch (`model/packed_batch.py`);
signals have N rows more, the initial states, before the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from rnncalc.model.packed_batch import PackedBatch

Arrays = Mapping[str, np.ndarray]
Outputs = tuple[np.ndarray, dict[str, np.ndarray]]  # what a cell emits, and its states after the last step


class CellRunner(Protocol):
    """A cell with its parameters, run over any batch. `initial`: state → (N, width), zero if missing."""

    threads: int  # how many may share the sequences of a batch

    def repack(self, theta: np.ndarray, places: Callable[[], Arrays]) -> None:
        """The parameters, views of θ, have changed in place. places: symbol → where each entry lies in θ, from 1."""

    def tracing(self, schedule: PackedBatch, initial: Arrays) -> Callable[[np.ndarray], Arrays]:
        """What computes, of any inputs (rows, D), every signal: name → (N + rows, width)."""

    def infer(
        self, x: np.ndarray, schedule: PackedBatch, initial: Arrays, threads: int = 1, wanted: bool = True
    ) -> Outputs:
        """What the cell emits, (rows, width), and each state after its sequence's last step, in the order of rows.

        threads: how many may share the units of a line; wanted: whether the states will be asked for.
        """

    def stream(self, schedule: PackedBatch, initial: Arrays) -> CellStream:
        """The cell fed one step at a time; the schedule is that of one step."""

    def adjoint(self, signals: Arrays, x: np.ndarray, schedule: PackedBatch) -> CellAdjoint:
        """Backpropagation through the signals that `tracing` gave for these inputs."""


class CompiledRunner(CellRunner, Protocol):
    """What machine code offers beyond that."""

    @property
    def lane_batched(self) -> LaneRunner:
        """The same cell, vectors running across the sequences."""

    @property
    def divisible(self) -> bool:
        """Whether several threads may share the units of one sequence."""

    def prepared(self, schedule: PackedBatch, initial: Arrays, wanted: bool = False) -> PreparedRunner:
        """`infer` for any inputs of one schedule."""


class PreparedRunner(Protocol):
    """A cell made ready for inputs of one schedule."""

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What it emits, row after row in one run of memory, and the states side by side; x likewise."""


class LaneRunner(Protocol):
    """A cell run with a sequence in every lane of a vector."""

    def infer(self, x: np.ndarray, initial: Arrays, wanted: bool) -> Outputs:
        """What the cell emits, (N, T, width), of x (N, T, D), and its last states, if they are wanted."""


class CellStream(Protocol):
    """Sequences that are fed one step at a time."""

    states: dict[str, np.ndarray]  # name → (N, width), after the latest step

    def step(self, x: np.ndarray) -> np.ndarray:
        """x_t (N, D) → what the cell emits, (N, width)."""


class CellAdjoint(Protocol):
    """Backpropagation through one cell: `add` what arrives from above, `run` or `sweep`, then ask for gradients."""

    def add(self, signal: str, rows: np.ndarray, at: np.ndarray | None = None) -> None:
        """The gradient that arrives at a signal, (rows, width): from above at every step, or in some rows."""

    def run(self, chunk: int = 0, kept: bool = True) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before.

        kept: whether what reached every row will be asked for.
        """

    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""

    @property
    def adjoints(self) -> Arrays:
        """What reached each of the cell's `adjoint_lines`, (N + rows, width)."""

    @property
    def initial_adjoints(self) -> Arrays:
        """What reached the initial states, (N, width)."""

    def stacked(self) -> Arrays:
        """The gradient of every array that a person gives, by name."""
