"""Epochs in machine code: a block of steps at a time, so that Python comes by only now and then.

A step has the same bits in whatever block it runs. A block takes about as long as the caller wants to wait, and has a
bounded number of rows, which are fetched from the data (from disk, where it lies there) all at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from rnncalc.common.spool import fetched
from rnncalc.common.threads import shares
from rnncalc.engine.compiled.training.loops import JUDGE, TRAIN
from rnncalc.engine.compiled.training.step import CompiledStep
from rnncalc.network.training.run_state import RunState
from rnncalc.network.training.sequences import Sequences

Batches = tuple[np.ndarray, np.ndarray, np.ndarray]  # as `Sequences.runs` gives them
ROOM = 1 << 22  # bytes of inputs and targets that are fetched at once
KEPT = 1 << 28  # bytes of data of which a copy is kept in the type of the weights
FIRST = 4  # steps of the first block, whose time sets the length of the others


class CompiledEpochs:
    """One run's steps; methods are those of `InterpretedEpochs`."""

    def __init__(self, run: RunState):
        self.run = run
        network, settings, theta = run.network, run.settings, run.parameters
        optimizer = run.optimizer
        count = len(optimizer.numbers(0.0, 1))
        update = optimizer.kernel, list(optimizer.vectors.values()), count
        self.step = CompiledStep(
            network.layers, network.read_out, theta.places, theta.vector, run.g, settings.loss,
            settings.chunk if len(run.data) > 1 else 0, settings.truncate, update,
            len(shares(settings.batch if run.streams else min(settings.batch, len(run.data)), run.threads)),
            network.summary, run.dropout,
        )  # fmt: skip
        self.whole = network.layers[0].only.cell.adds_input  # a one-hot row must be there in full
        self.typed: dict[int, tuple[np.ndarray, np.ndarray, Sequences]] = {}
        self.pace = 0.0  # seconds of a step, as far as is known

    def train(self, lr: float, after_step: Callable[[], None], wait: float | None) -> None:
        """The rest of this epoch's steps; `after_step` is called after every one, or every `wait` seconds or so."""
        run = self.run
        for batches in self._batches(run.data, run.settings.batch, run.progress.epoch, run.progress.step):
            at, count, ends = 0, len(batches[2]) - 1, _rows_before(*batches)
            while at < count:
                most = 1 if wait is None else FIRST if not self.pace else max(1, int(wait / self.pace))
                end = self._end(run.data, ends, at, min(at + most, count))
                began = time.perf_counter()
                self._train_block(_part(batches, at, end), lr)
                self.pace = (time.perf_counter() - began) / (end - at)
                at = end
                after_step()

    def _batches(self, data: Sequences, batch: int, epoch: int | None, begin: int) -> Iterator[Batches]:
        """The batches of an epoch, shuffled unless it is None: all at once, those of a stream many at a time."""
        settings = self.run.settings
        seed, shuffle = (0, False) if epoch is None else (settings.seed, settings.shuffle)
        while True:
            batches = data.runs(batch, seed, epoch or 0, shuffle, settings.chunk, begin)
            if len(batches[2]) < 2:
                return
            self.step.expect(int(np.diff(_rows_before(*batches)).max()), int(np.diff(batches[2]).max()))
            yield batches
            if not settings.chunk or len(data) > 1:
                return
            begin += len(batches[2]) - 1

    def _train_block(self, batches: Batches, lr: float) -> None:
        """One block of steps."""
        run, settings, progress = self.run, self.run.settings, self.run.progress
        optimizer, carry = run.optimizer, run.streams
        if not carry or not progress.step:
            run.states = run.initial_states()
        laid = self.step.laid(*batches)
        bound = math.inf if settings.clip_value is None else settings.clip_value
        counts = range(optimizer.count + 1, optimizer.count + len(batches[2]))
        rates = np.array([optimizer.numbers(lr, count, bound) for count in counts], run.network.dtype)
        first = math.nan if progress.first is None else progress.first
        results = self.step(
            laid, *self._rows(run.data, laid.rows), run.states, TRAIN, rates=rates,
            clip_norm=settings.clip_norm or 0.0, first=first, exploded=run.exploded, carry=carry, number=progress.steps,
            weights=self._weights(run.data, laid.rows),
        )  # fmt: skip
        if carry:
            run.states = self.step.states()
        for (total, right, norm, done), weight in zip(results.tolist(), laid.divisors.tolist()):
            if done >= 0:
                optimizer.count += 1
            run.record_step(total, int(right), norm, weight, done >= 0)

    def evaluate(self, data: Sequences) -> tuple[float, float, int]:
        """The sum of the losses, their weight, and how many targets were right."""
        run, settings = self.run, self.run.settings
        total, weight, right, states = 0.0, 0.0, 0, run.initial_states()
        carry = bool(settings.chunk) and len(data) == 1
        for batches in self._batches(data, settings.batch if len(data) > 1 else 1, None, 0):
            at, count, ends = 0, len(batches[2]) - 1, _rows_before(*batches)
            while at < count:
                end = self._end(data, ends, at, count)
                laid = self.step.laid(*_part(batches, at, end))
                weights = self._weights(data, laid.rows)
                results = self.step(laid, *self._rows(data, laid.rows), states, JUDGE, carry=carry, weights=weights)
                if carry:
                    states = self.step.states()
                for loss, hits, _norm, share in results.tolist():
                    total, right, weight = total + loss, right + int(hits), weight + share
                at = end
        return total, weight, right

    def _end(self, data: Sequences, ends: np.ndarray, at: int, end: int) -> int:
        """Where a block ends that begins there: at `end`, or before there are too many rows; one batch at least.

        ends: how many rows there are before each batch.
        """
        width = sum(1 if part.ndim == 1 else part.shape[1] for part in (data.x, data.y))
        fits = int(np.searchsorted(ends, ends[at] + ROOM // (8 * width), "right")) - 1
        return max(at + 1, min(fits, end))

    def _rows(self, data: Sequences, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets, as the step takes them."""
        dtype = self.run.network.dtype
        if id(data) not in self.typed:  # data in memory is converted once
            inputs, targets = data.x, data.y
            if not isinstance(inputs, np.memmap) and inputs.nbytes + targets.nbytes < KEPT:
                inputs, targets = inputs.astype(dtype), targets.astype(np.int64 if targets.ndim == 1 else dtype)
            self.typed[id(data)] = inputs, targets, data  # held here so that its id is not given to another object
        x, y = (fetched(part, rows) for part in self.typed[id(data)][:2])
        x = data.in_full(x) if self.whole else x
        return np.ascontiguousarray(x, dtype), np.ascontiguousarray(y, np.int64 if y.ndim == 1 else dtype)

    def _weights(self, data: Sequences, rows: np.ndarray) -> np.ndarray | None:
        """What the loss of each row counts, as the step takes it."""
        return None if data.weights is None else fetched(data.weights, rows).astype(self.run.network.dtype)


def _part(batches: Batches, at: int, end: int) -> Batches:
    """Some of the batches."""
    begins, lengths, cuts = batches
    first, last = cuts[at], cuts[end]
    return begins[first:last], lengths[first:last], cuts[at : end + 1] - first


def _rows_before(_begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """How many rows come before each batch, and in all."""
    before: np.ndarray = np.concatenate([[0], np.cumsum(lengths)])[cuts]
    return before
