"""Training steps of a whole network, batch after batch in machine code.

The tape is written once for a network and for the largest batch so far. There are up to four ways through a step:
where few rows have a target the read-out runs on those alone, and with `truncate` the gradient goes back in sweeps
unless a batch is too short for that to matter.

Threads share a batch. Each goes up and down with sequences of its own, and they meet; then each adds up some columns of
the weights' gradients over all rows, in the order of one thread, and they meet again; each takes a run of θ for the
update. So the bits are the same for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.common.threads import side_by_side
from rnncalc.engine.compiled.codegen import forward_lines
from rnncalc.engine.compiled.codegen.barrier import CALLED_OFF
from rnncalc.engine.compiled.training import loops as train_loops
from rnncalc.engine.compiled.training.batches import NUMBER, Laid
from rnncalc.engine.compiled.training.cell_program import Share
from rnncalc.engine.compiled.training.network_program import NetworkProgram
from rnncalc.engine.compiled.training.tape import Tape
from rnncalc.model.dropout import Dropout
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.losses import LOSSES

InitialStates = Sequence[Mapping[str, np.ndarray]]


class CompiledStep:
    """Losses, gradients and updates of a run of batches, all in machine code.

    places: pass → symbol → where its entries lie in θ, from 1; theta: θ, of which the passes' arrays are views; g: a
    vector like it. update: the optimiser's formula with what it takes after θ and g but for its numbers, of which
    there are so many; without it nothing is changed. chunk, truncate: 0: not cut. threads: how many share a batch.
    summary: what the read-out sees; dropout: what is left out on the way into layers.
    """

    def __init__(
        self, layers: Sequence[Layer], read_out: DirectionalLayer | None,
        places: Callable[[DirectionalLayer], Mapping[str, np.ndarray]],
        theta: np.ndarray, g: np.ndarray, loss: str, chunk: int = 0, truncate: int = 0,
        update: tuple[Any, Sequence[np.ndarray], int] | None = None, threads: int = 1, summary: str = "last",
        dropout: Dropout | None = None,
    ):  # fmt: skip
        self.given = layers, read_out, places, theta, loss, summary, dropout or Dropout(())
        self.theta, self.g, self.loss, self.chunk, self.truncate = theta, g, loss, chunk, truncate
        self.update, self.some = update, read_out is not None
        self.late = summary == "final"
        self.backwards = any("backward" in layer.passes for layer in layers)
        self.rows = self.sequences = 0
        self.expected = 0, 0
        self.kinds: tuple[bool, bool] | None = None
        directed = [part for layer in layers for part in layer.passes.values()]
        if any(forward_lines.program(part.cell).extras for part in [*directed, *([read_out] if read_out else [])]):
            threads = 1  # gradients of element-wise parameters are added up on the way, over all sequences
        self.parts = [
            Part(Share(number, threads), theta.dtype, update[2] if update else 2) for number in range(threads)
        ]

    def expect(self, rows: int, sequences: int) -> None:
        """Batches of up to so many rows and sequences will come: the blocks made for the first are large enough."""
        self.expected = rows + sequences + len(self.parts), sequences  # a row of each part is for what is thrown away

    def laid(self, begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray) -> Laid:
        """Batches, longest sequence first: where sequences begin in the data, their lengths, where batches begin."""
        return Laid(begins, lengths, cuts, self.backwards, self.truncate, len(self.parts), self.late)

    def __call__(
        self, laid: Laid, x: np.ndarray, y: np.ndarray, initial_states: InitialStates, mode: int, share: float = 1.0,
        rates: np.ndarray | None = None, clip_norm: float = 0.0, first: float = math.nan, exploded: float = math.inf,
        carry: bool = False, number: int = -1, weights: np.ndarray | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Play the batches: (batches, 4) of total loss, rows that were right, norm of the gradient, weight.

        x, y: rows of the data for `laid.rows`, ours to change; of θ's dtype, tokens too, or of int64 for class numbers.
        initial_states: of each pass, by state, (width,) or (sequences, width). mode: JUDGE; DIFFERENTIATE, the loss
        times `share`, into g; TRAIN, the mean loss, each batch with its row of `rates`, the optimiser's numbers. It
        stops at a batch whose loss is no number or so many times the `first` one, of the run if that is NaN: from there
        on weights are -1. carry: a batch goes on from where the one before stopped. number: of the first training step,
        for dropout; below 0: without. weights: like y, ours too, of θ's dtype: what the loss of each row counts.
        """
        numbers = np.repeat(np.arange(laid.batches), laid.parts)
        laid.table[:, NUMBER] = number + numbers if number >= 0 else -1
        weights = np.empty(0, self.theta.dtype) if weights is None else weights
        tables, kinds = laid.feed(x, y, self.some, LOSSES[self.loss], weights), (y.ndim == 1, x.ndim == 1)
        if laid.capacity > self.rows or laid.sequences > self.sequences or kinds != self.kinds:
            rows, sequences = self.expected
            self._write(max(laid.capacity, self.rows, rows), max(laid.sequences, self.sequences, sequences), *kinds)
        self.last = laid.first_batch
        for program, given in zip(self.network.programs, initial_states):
            program.start(given, laid.sequences)
        rates = np.zeros((laid.batches, len(self.parts[0].numbers)), self.theta.dtype) if rates is None else rates
        met = np.zeros(8, np.int64)  # a cache line by itself

        def play(part: Part) -> np.ndarray:
            results = np.full((laid.batches, 4), -1.0)
            part.share[0] = share
            train_loops.play_batches(
                mode, tables[part.of.number], laid.divisors, *part.tables, part.marks, self.g, part.outcome,
                part.share, rates, part.numbers, clip_norm, first, exploded, carry, results, len(self.parts), met,
            )  # fmt: skip
            return results

        try:
            return side_by_side(play, self.parts)[0]
        except BaseException:  # Ctrl-C before this thread began: the others would wait for it for ever
            met[0] = CALLED_OFF
            raise

    def states(self) -> list[dict[str, np.ndarray]]:
        """Where every pass goes on after the batches that were carried on: copies."""
        return [
            {state: program.rows_of(state, self.last).copy() for state in program.cell.state}
            for program in self.network.programs
        ]

    def _write(self, rows: int, sequences: int, classes: bool, tokens: bool) -> None:
        """The tapes for batches of at most so many rows; some more, so that they are seldom written anew."""
        if self.kinds != (classes, tokens):
            layers, read_out, places, theta, loss, summary, dropout = self.given
            self.network = NetworkProgram(layers, read_out, places, theta, loss, classes, tokens, summary, dropout)
        self.kinds, self.rows, self.sequences = (classes, tokens), rows, sequences
        self.network.hold(rows, sequences)
        for part in self.parts:
            self._write_part(part)

    def _write_part(self, part: Part) -> None:
        """One thread's tape, section after section, as `loops` counts them."""
        network, tape, share, marks = self.network, Tape(), part.of, [0]
        for program in network.all:
            program.refresh(tape, share)
        marks.append(len(tape))
        network.tally(tape, part.outcome)
        marks.append(len(tape))
        for program in network.all:
            program.hand_out(tape, self.g, share)
        marks.append(len(tape))
        if self.update:
            kernel, vectors, _count = self.update
            mine = share.of(len(self.theta), 16)
            tape.call(kernel, self.theta[mine], self.g[mine], *(vector[mine] for vector in vectors), part.numbers)
        marks.append(len(tape))
        for program in network.programs:
            program.keep(tape)
        for variant in range(4):
            marks.append(len(tape))
            chosen, sweeps = bool(variant & 1) and self.some, self.truncate if variant & 2 else 0
            needed = chosen == bool(variant & 1) and bool(sweeps) == bool(variant & 2)
            if needed:
                network.up(tape, chosen, part.share)
            marks.append(len(tape))
            if needed:
                network.down(tape, chosen, self.chunk, sweeps, share)
            marks.append(len(tape))
            if needed:
                network.add_up(tape, sweeps, share)
        marks.append(len(tape))
        part.marks, part.tape, part.tables = np.array(marks, np.int64), tape, tape.tables()


class Part:
    """What one thread has of its own: its tape, and the few numbers that it reads and writes.

    outcome: total loss, rows that were right; share: what each row's loss is multiplied by; numbers: the optimiser's.
    """

    tape: Tape
    marks: np.ndarray
    tables: tuple[np.ndarray, np.ndarray, np.ndarray]

    def __init__(self, of: Share, dtype: np.dtype, numbers: int):
        self.of, self.outcome = of, np.zeros(2)
        self.share, self.numbers = np.ones(1, dtype), np.zeros(numbers, dtype)
