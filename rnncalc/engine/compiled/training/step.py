"""Training steps of a whole network, batch after batch in machine code.

The tape is written once for a network and for the largest batch so far. There are up to four ways through a step:
where few rows have a target the read-out runs on those alone, and with `truncate` the gradient goes back in sweeps
unless a batch is too short for that to matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.engine.compiled.training import batches
from rnncalc.engine.compiled.training import loops as train_loops
from rnncalc.engine.compiled.training.batches import Laid
from rnncalc.engine.compiled.training.network_program import NetworkProgram
from rnncalc.engine.compiled.training.tape import Tape
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.losses import LOSSES

InitialStates = Sequence[Mapping[str, np.ndarray]]


class CompiledStep:
    """Losses, gradients and updates of a run of batches, all in machine code.

    places: pass → symbol → where its entries lie in θ, from 1; theta: θ, of which the passes' arrays are views; g: a
    vector like it. update: the optimiser's formula with what it takes after θ and g but for its numbers, of which
    there are so many; without it nothing is changed. chunk, truncate: 0: not cut.
    """

    def __init__(
        self, layers: Sequence[Layer], read_out: DirectionalLayer | None,
        places: Callable[[DirectionalLayer], Mapping[str, np.ndarray]],
        theta: np.ndarray, g: np.ndarray, loss: str, chunk: int = 0, truncate: int = 0,
        update: tuple[Any, Sequence[np.ndarray], int] | None = None,
    ):  # fmt: skip
        self.given = layers, read_out, places, theta, loss
        self.theta, self.g, self.loss, self.chunk, self.truncate = theta, g, loss, chunk, truncate
        self.update, self.some = update, read_out is not None
        self.entries = LOSSES[loss].apart
        self.backwards = any("backward" in layer.passes for layer in layers)
        self.rows = self.sequences = 0
        self.kinds: tuple[bool, bool] | None = None
        self.numbers = np.zeros(update[2] if update else 2, theta.dtype)

    def laid(self, begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray) -> Laid:
        """Batches, longest sequence first: where sequences begin in the data, their lengths, where batches begin."""
        return Laid(begins, lengths, cuts, self.backwards, self.truncate)

    def __call__(
        self, laid: Laid, x: np.ndarray, y: np.ndarray, initial_states: InitialStates, mode: int, share: float = 1.0,
        rates: np.ndarray | None = None, clip_norm: float = 0.0, first: float = math.nan, exploded: float = math.inf,
        carry: bool = False,
    ) -> np.ndarray:  # fmt: skip
        """Play the batches: (batches, 4) of total loss, rows that were right, norm of the gradient, weight.

        x, y: rows of the data for `laid.rows`, ours to change; of θ's dtype, tokens too, or of int64 for class numbers.
        initial_states: of each pass, by state, (width,) or (sequences, width). mode: JUDGE; DIFFERENTIATE, the loss
        times `share`, into g; TRAIN, the mean loss, each batch with its row of `rates`, the optimiser's numbers. It
        stops at a batch whose loss is no number or so many times the `first` one, of the run if that is NaN: from there
        on weights are -1. carry: a batch goes on from where the one before stopped.
        """
        table = laid.feed(x, y, self.some, self.entries)
        rows, sequences = int(table[:, batches.ALL].max(initial=0)), int(table[:, batches.SEQUENCES].max(initial=0))
        kinds = y.ndim == 1, x.ndim == 1
        if rows > self.rows or sequences > self.sequences or kinds != self.kinds:
            self._write(max(rows, self.rows), max(sequences, self.sequences), *kinds)
        count = int(table[0, batches.SEQUENCES]) if len(table) else 0
        for program, given in zip(self.network.programs, initial_states):
            program.start(given, sequences)
        results = np.full((len(table), 4), -1.0)
        self.network.share[0] = share
        calls, patches, words = self.tables
        rates = np.zeros((len(table), len(self.numbers)), self.theta.dtype) if rates is None else rates
        train_loops.play_batches(
            mode, table, calls, patches, words, self.marks, self.g, self.network.outcome, self.network.share, rates,
            self.numbers, clip_norm, first, exploded, carry, results,
        )  # fmt: skip
        self.last = count
        return results

    def states(self) -> list[dict[str, np.ndarray]]:
        """Where every pass goes on after the batches that were carried on: copies."""
        return [
            {state: program.rows_of(state, self.last).copy() for state in program.cell.state}
            for program in self.network.programs
        ]

    def _write(self, rows: int, sequences: int, classes: bool, tokens: bool) -> None:
        """The tape for batches of at most so many rows; some more, so that it is seldom written anew."""
        if self.kinds != (classes, tokens):
            layers, read_out, places, theta, loss = self.given
            self.network = NetworkProgram(layers, read_out, places, theta, loss, classes, tokens)
        self.kinds, self.rows, self.sequences = (classes, tokens), rows, sequences
        network, tape = self.network, Tape()
        network.hold(rows, sequences)
        marks = [0]
        for program in network.all:
            program.refresh(tape)
        marks.append(len(tape))
        for variant in range(4):
            chosen, sweeps = bool(variant & 1) and self.some, self.truncate if variant & 2 else 0
            needed = chosen == bool(variant & 1) and bool(sweeps) == bool(variant & 2)
            if needed:
                network.up(tape, chosen)
            marks.append(len(tape))
            if needed:
                network.down(tape, self.g, chosen, self.chunk, sweeps)
            marks.append(len(tape))
        if self.update:
            kernel, vectors, _count = self.update
            tape.call(kernel, self.theta, self.g, *vectors, self.numbers)
        marks.append(len(tape))
        for program in network.programs:
            program.keep(tape)
        marks.append(len(tape))
        self.marks, self.tape, self.tables = np.array(marks, np.int64), tape, tape.tables()
