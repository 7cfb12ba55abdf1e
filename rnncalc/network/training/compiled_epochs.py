"""Epochs in machine code: a block of steps at a time, so that Python comes by only now and then.

A step has the same bits whatever block it is played in: blocks are as long as somebody wants to wait for them, and no
longer than a bounded number of rows, which are fetched from the data (from disk, where it lies there) all at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from rnncalc.common.spool import fetched
from rnncalc.engine.compiled.training.batches import WEIGHT
from rnncalc.engine.compiled.training.loops import JUDGE, TRAIN
from rnncalc.engine.compiled.training.step import CompiledStep
from rnncalc.network.training.sequences import Sequences

if TYPE_CHECKING:
    from rnncalc.network.training.trainer import Trainer

Runs = tuple[np.ndarray, np.ndarray, np.ndarray]  # as `Sequences.runs` gives them
ROOM = 1 << 22  # bytes of inputs and targets that are fetched at once
KEPT = 1 << 28  # bytes of data of which a copy is kept in the type of the weights
FIRST = 4  # steps of the first block, from which the others' length is judged


class CompiledRun:
    """One run's steps; methods are those of `WalkedRun`."""

    def __init__(self, trainer: Trainer):
        self.trainer = trainer
        network, settings, theta = trainer.network, trainer.settings, trainer.parameters
        optimizer = trainer.optimizer
        count = len(optimizer.numbers(0.0, 1))
        update = optimizer.kernel, list(optimizer.vectors.values()), count
        self.step = CompiledStep(
            network.layers, network.read_out, theta.places, theta.vector, trainer.g, settings.loss,
            settings.chunk if len(trainer.data) > 1 else 0, settings.truncate, update,
        )  # fmt: skip
        self.whole = network.layers[0].only.cell.adds_input  # a one-hot row must be there in full
        self.ready: dict[int, tuple[np.ndarray, np.ndarray, Sequences]] = {}
        self.pace = 0.0  # seconds of a step, as far as is known

    def epoch(self, lr: float, watch: Callable[[Trainer], None], wait: float | None) -> None:
        """The rest of this epoch's steps; `watch` is called after every one, or every `wait` seconds or so."""
        trainer = self.trainer
        for runs in self._runs(trainer.data, trainer.settings.batch, trainer.progress.epoch, trainer.progress.step):
            at, batches, ends = 0, len(runs[2]) - 1, _rows_before(*runs)
            while at < batches:
                most = 1 if wait is None else FIRST if not self.pace else max(1, int(wait / self.pace))
                end = self._end(trainer.data, ends, at, min(at + most, batches))
                began = time.perf_counter()
                self._train(_part(runs, at, end), lr)
                self.pace = (time.perf_counter() - began) / (end - at)
                at = end
                watch(trainer)

    def _runs(self, data: Sequences, batch: int, epoch: int | None, begin: int) -> Iterator[Runs]:
        """The batches of an epoch, shuffled unless it is None: all at once, those of a stream many at a time."""
        settings = self.trainer.settings
        seed, shuffle = (0, False) if epoch is None else (settings.seed, settings.shuffle)
        while True:
            runs = data.runs(batch, seed, epoch or 0, shuffle, settings.chunk, begin)
            if len(runs[2]) < 2:
                return
            yield runs
            if not settings.chunk or len(data) > 1:
                return
            begin += len(runs[2]) - 1

    def _train(self, runs: Runs, lr: float) -> None:
        """One block of steps."""
        trainer, settings, progress = self.trainer, self.trainer.settings, self.trainer.progress
        optimizer, carry = trainer.optimizer, trainer.streams
        if not carry or not progress.step:
            trainer.states = trainer.starts()
        laid = self.step.laid(*runs)
        bound = math.inf if settings.clip_value is None else settings.clip_value
        counts = range(optimizer.count + 1, optimizer.count + len(runs[2]))
        rates = np.array([optimizer.numbers(lr, count, bound) for count in counts], trainer.network.dtype)
        first = math.nan if progress.first is None else progress.first
        results = self.step(
            laid, *self._rows(trainer.data, laid.rows), trainer.states, TRAIN, rates=rates,
            clip_norm=settings.clip_norm or 0.0, first=first, exploded=trainer.exploded, carry=carry,
        )  # fmt: skip
        if carry:
            trainer.states = self.step.states()
        for (total, right, norm, done), weight in zip(results.tolist(), laid.table[:, WEIGHT].tolist()):
            if done >= 0:
                optimizer.count += 1
            trainer.took(total, int(right), norm, weight, done >= 0)

    def judge(self, data: Sequences) -> tuple[float, float, int]:
        """The sum of the losses, their weight, and how many targets were right."""
        trainer, settings = self.trainer, self.trainer.settings
        total, weight, right, states = 0.0, 0.0, 0, trainer.starts()
        carry = bool(settings.chunk) and len(data) == 1
        for runs in self._runs(data, settings.batch if len(data) > 1 else 1, None, 0):
            at, batches, ends = 0, len(runs[2]) - 1, _rows_before(*runs)
            while at < batches:
                end = self._end(data, ends, at, batches)
                laid = self.step.laid(*_part(runs, at, end))
                results = self.step(laid, *self._rows(data, laid.rows), states, JUDGE, carry=carry)
                if carry:
                    states = self.step.states()
                for one in results.tolist():
                    total, right, weight = total + one[0], right + int(one[1]), weight + one[3]
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
        dtype = self.trainer.network.dtype
        if id(data) not in self.ready:  # what lies in memory is brought to its type once
            inputs, targets = data.x, data.y
            if not isinstance(inputs, np.memmap) and inputs.nbytes + targets.nbytes < KEPT:
                inputs, targets = inputs.astype(dtype), targets.astype(np.int64 if targets.ndim == 1 else dtype)
            self.ready[id(data)] = inputs, targets, data  # as long as it is held here, nobody else has its number
        x, y = (fetched(part, rows) for part in self.ready[id(data)][:2])
        if data.tokens and self.whole:
            x = np.arange(data.inputs) == x[:, None]
        return np.ascontiguousarray(x, dtype), np.ascontiguousarray(y, np.int64 if y.ndim == 1 else dtype)

    def changed(self) -> None:
        """θ has changed: the tape packs it anew at the beginning of every block."""


def _part(runs: Runs, at: int, end: int) -> Runs:
    """Some of the batches."""
    begins, lengths, cuts = runs
    first, last = cuts[at], cuts[end]
    return begins[first:last], lengths[first:last], cuts[at : end + 1] - first


def _rows_before(_begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """How many rows come before each batch, and in all."""
    before: np.ndarray = np.concatenate([[0], np.cumsum(lengths)])[cuts]
    return before
