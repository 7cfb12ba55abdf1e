"""Sequences to train on: the rows of all of them below each other, and the batches that are drawn from them.

    x (R, D), or (R,) the numbers of one-hot rows     y (R, O), NaN: no target; or (R,) class numbers, -1: none
    weights (R,), what the loss of each row counts    offsets (N + 1,): where each sequence's rows begin

A target of a whole sequence lies at its last row. The batches of an epoch depend on the seed and the epoch alone, so
that a run can be taken up anywhere and goes on as if nothing had happened. Longer than other files, so that the data
and the order of its batches stand together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.kinds import text
from rnncalc.common.places import ROW, in_words
from rnncalc.common.spool import blocks, copied
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, listed, loose, refuse_masked, whole_numbers, with_gaps, without_graph
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.training.target_weights import by_class, row_weights
from rnncalc.network.training.targets import of_rows, place

POOL = 32  # batches that are sorted by length together: near enough in length, far enough from the same each epoch


@dataclass(frozen=True)
class Batch:
    """Rows of the data in the order of a schedule; carried: they go on where the batch before has stopped."""

    rows: np.ndarray
    schedule: PackedBatch
    carried: bool = False


@dataclass(frozen=True)
class Sequences:
    """Inputs and targets of N sequences. inputs: D.

    series (S + 1,): the sequences are windows that follow one another in time, and here each series of them begins.
    overlap: with how many windows before it a window may share rows.
    """

    x: np.ndarray
    y: np.ndarray
    offsets: np.ndarray
    inputs: int
    series: np.ndarray | None = None
    overlap: int = 0
    weights: np.ndarray | None = None  # none: all alike

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,): how many steps each has."""
        return np.diff(self.offsets)

    @property
    def tokens(self) -> bool:
        """Whether x holds numbers of one-hot rows."""
        return self.x.ndim == 1

    def place(self, row: int) -> tuple[int, int]:
        """In which sequence a row lies, and at which of its steps, both from 0."""
        return place(row, self.offsets)

    @cached_property
    def targets(self) -> int:
        """How many rows have a target."""
        if self.y.ndim == 1:
            return sum(int((some >= 0).sum()) for (some,) in blocks(self.y))
        return sum(int((~np.isnan(some)).any(axis=1).sum()) for (some,) in blocks(self.y))

    @classmethod
    def of(
        cls, x: Any, y: Any = None, lengths: ArrayLike | None = None, weights: Any = None, *, classes: bool, inputs: int
    ) -> Sequences:  # fmt: skip
        """From arrays as `Network.fit` takes them. classes: y are class numbers. Raises ShapeError, ProblemError.

        x: (N, T, D), (T, D), or a list of (T, D); whole numbers (N, T) or lists of them are the numbers of one-hot
        rows. y: like x with O in place of D, or one for each sequence, which then lies at its last step.
        """
        for part in x if isinstance(x, list | tuple) else (x,):
            refuse_masked("x", part)
        x, y = (listed(without_graph(rows)) for rows in (x, with_gaps(y)))
        whole = not isinstance(x, list | tuple) or not all(hasattr(item, "__len__") for item in x)
        array = as_array("x", x) if whole else None
        if array is not None and array.ndim == 2 and np.asarray(x).dtype.kind not in "iu":
            array, y, weights = array[None], None if y is None else [y], None if weights is None else [weights]
        if array is not None and not array.ndim:
            raise ShapeError(_("{name} must be an array of real numbers, not {value}"), name="x", value=text(x))
        sequences = [loose(rows) for rows in (x if array is None or np.asarray(x).dtype.kind in "iu" else array)]
        if not sequences:
            raise ShapeError(_("x: there is not one sequence"))
        for number, rows in enumerate(sequences, 1):
            if not rows.ndim:
                _inputs(number, x[number - 1], inputs)
        given = [len(rows) for rows in sequences]
        counts = given
        if lengths is not None:
            said = whole_numbers(lengths)
            counts = [] if said is None else said.reshape(-1).tolist()
        if len(counts) != len(given) or any(not 0 <= count <= most for count, most in zip(counts, given)):
            raise ShapeError(_("lengths must be {n} whole numbers, none longer than its sequence"), n=len(given))
        tokens = all(rows.ndim == 1 and rows.dtype.kind in "iu" for rows in sequences)
        if not tokens:
            sequences = [_inputs(number, rows, inputs) for number, rows in enumerate(sequences, 1)]
        offsets = _offsets(counts)
        parts = [rows[:count] for rows, count in zip(sequences, counts)]
        stacked = np.concatenate(parts) if parts else np.zeros((0, inputs))
        if tokens and len(stacked) and (stacked.min() < -1 or stacked.max() >= inputs):
            raise ShapeError(_("x: numbers of one-hot rows go from 0 to {last}"), last=inputs - 1)
        need_finite("x", stacked, offsets, ~np.isfinite(stacked), "input")
        targets = np.full(len(stacked), -1) if y is None else of_rows(y, offsets, given, classes)
        need_finite("y", targets, offsets, np.isinf(targets), "output")  # NaN: no target
        counted = None if weights is None else row_weights("sample_weight", weights, offsets, given)
        return cls(stacked, targets, offsets, inputs).weighted(counted)

    def weighted(self, weights: np.ndarray | None) -> Sequences:
        """With these weights of the rows, (R,), times those that they have; a target that weighs nothing is none."""
        if weights is None:
            return self
        for some, counts in blocks(self.y, weights):  # in place: y is ours, and may lie on disk
            some[counts == 0] = -1 if some.ndim == 1 else np.nan
        return replace(self, weights=weights if self.weights is None else self.weights * weights)

    def by_class(self, weights: np.ndarray) -> Sequences:
        """With the weight of each row's class too. weights: (O,)."""
        return self.weighted(by_class(self.y, weights))

    def in_full(self, x: np.ndarray) -> np.ndarray:
        """Some of its inputs with one-hot rows written out, (rows, D)."""
        return np.arange(self.inputs) == x[:, None] if self.tokens else x

    def only(self, number: int) -> Sequences:
        """One of the sequences, counted from 1. Raises ProblemError."""
        if not 1 <= number <= len(self):
            raise ProblemError(_("there are {n} sequences, no sequence {number}"), n=len(self), number=number)
        return self.chosen(np.array([number - 1]))

    def chosen(self, which: np.ndarray) -> Sequences:
        """Some of the sequences, in that order; rows are copied."""
        begins, lengths = self.offsets[which], self.lengths[which]
        return self._taken(lambda rows: copied(rows, begins, lengths), lengths)

    def _taken(self, take: Callable[[np.ndarray], np.ndarray], lengths: Sequence[int] | np.ndarray) -> Sequences:
        """Sequences of these lengths, of the rows that `take` takes of each array."""
        weights = None if self.weights is None else take(self.weights)
        return replace(
            self, x=take(self.x), y=take(self.y), weights=weights, offsets=_offsets(lengths), series=None
        )  # fmt: skip

    def split(self, share: float, seed: int) -> tuple[Sequences, Sequences | None]:
        """Without and with that share, drawn by the seed; the end of each series, of one long sequence its last steps.

        Windows that share rows with those put aside are in neither.
        Raises ShapeError.
        """
        if not 0 <= share < 1:
            raise ShapeError(
                _("the share put aside for validation is at least 0 and below 1, not {share}"), share=share
            )
        if not share:
            return self, None
        if len(self) == 1:
            cut = min(round(len(self.x) * (1 - share)), len(self.x) - 1)
            if cut < 1:
                raise ShapeError(_("{n} steps are too few to put {share} aside"), n=len(self.x), share=share)
            return self._taken(lambda rows: rows[:cut], [cut]), self._taken(
                lambda rows: rows[cut:], [len(self.x) - cut]
            )
        held = self._ends(share) if self.series is not None else self._drawn(share, seed)
        if not 0 < held.sum() < len(self):
            raise ShapeError(_("{n} sequences are too few to put {share} aside"), n=len(self), share=share)
        if self.series is not None and self.overlap:
            left = ~self._ends(share, self.overlap)
            if not left.any():
                raise ShapeError(_("{n} sequences are too few to put {share} aside"), n=len(self), share=share)
            return self.chosen(np.flatnonzero(left)), self.chosen(np.flatnonzero(held))
        cut = len(self) - int(held.sum())
        if held[cut:].all():  # neighbours, which need no copy
            return self._run(0, cut), self._run(cut, len(self))
        return self.chosen(np.flatnonzero(~held)), self.chosen(np.flatnonzero(held))

    def _drawn(self, share: float, seed: int) -> np.ndarray:
        """Which sequences are put aside: drawn."""
        held, count = np.zeros(len(self), bool), max(1, round(len(self) * share))
        held[np.random.default_rng([seed, 0]).permutation(len(self))[-count:]] = True
        return held

    def _ends(self, share: float, before: int = 0) -> np.ndarray:
        """Which windows are put aside: that share of each series, at its end, one at least; none of a single window.

        before: so many windows before them too.
        """
        assert self.series is not None
        counts = np.diff(self.series)
        held = np.clip(np.round(counts * share).astype(np.int64), 1, np.maximum(counts - 1, 0)).clip(0)
        number = np.arange(len(self)) - np.repeat(self.series[:-1], counts)
        return number >= np.repeat(counts - held - before * (held > 0), counts)

    def _run(self, first: int, last: int) -> Sequences:
        """Neighbouring sequences: views."""
        begin, end = self.offsets[first], self.offsets[last]
        return self._taken(lambda rows: rows[begin:end], self.lengths[first:last])

    # batches ----------------------------------------------------------------------------------------------------------

    def epoch(
        self, batch: int, seed: int, epoch: int, shuffle: bool, chunk: int = 0, begin: int = 0
    ) -> Iterator[Batch]:
        """The batches of an epoch from the begin-th on. One sequence with a chunk is a stream: see `stream`."""
        if chunk and len(self) == 1:
            yield from self.stream(batch, chunk, begin)
            return
        for which in self.order(batch, seed, epoch, shuffle)[begin:]:
            yield self.batch(which)

    def order(self, batch: int, seed: int, epoch: int, shuffle: bool) -> list[np.ndarray]:
        """Which sequences go together: neighbours in length where they differ, so that little is idle."""
        rng = np.random.default_rng([seed, 1, epoch])
        order, lengths = (rng.permutation(len(self)) if shuffle else np.arange(len(self))), self.lengths
        ragged = len(self) and lengths.min() != lengths.max()
        if ragged:
            pools = [order[i : i + POOL * batch] for i in range(0, len(order), POOL * batch)]
            order = np.concatenate([pool[np.argsort(-lengths[pool], kind="stable")] for pool in pools])
        batches = [order[i : i + batch] for i in range(0, len(order), batch)]
        return [batches[i] for i in rng.permutation(len(batches))] if ragged and shuffle else batches

    def batch(self, which: np.ndarray) -> Batch:
        """The rows of these sequences, step by step."""
        lengths = self.lengths[which]
        steps = int(lengths.max(initial=0))
        if len(lengths) and lengths.min() == steps:
            rows = self.offsets[which] + np.arange(steps)[:, None]
            return Batch(rows.reshape(-1), _full(len(which), steps))
        schedule = PackedBatch.of(len(which), steps, lengths, None)
        return Batch(self.offsets[which[schedule.take // steps]] + schedule.take % steps, schedule)

    def stream(self, batch: int, chunk: int, begin: int = 0) -> Iterator[Batch]:
        """One long sequence as so many streams side by side, `chunk` steps at a time, the states carried on."""
        length = self._streams(batch)
        for at in range(begin * chunk, length, chunk):
            steps = min(chunk, length - at)
            rows = length * np.arange(batch) + (at + np.arange(steps))[:, None]
            yield Batch(rows.reshape(-1), _full(batch, steps), carried=at > 0)

    def _streams(self, batch: int) -> int:
        """How many steps each of so many streams has."""
        length = len(self.x) // batch
        if length < 1:
            raise ShapeError(_("{n} steps are too few for {batch} streams"), n=len(self.x), batch=batch)
        return length

    def runs(
        self, batch: int, seed: int, epoch: int, shuffle: bool, chunk: int = 0, begin: int = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The batches of `epoch` from the begin-th on, as where sequences begin among the rows, their lengths, and
        where batches begin among them (one more than there are batches). Of a stream, so many that they fit anywhere.
        """
        if chunk and len(self) == 1:
            length = self._streams(batch)
            at = np.arange(begin * chunk, length, chunk)[: MOST // batch + 1]
            begins = at[:, None] + length * np.arange(batch)
            lengths = np.repeat(np.minimum(chunk, length - at), batch)
            return begins.reshape(-1), lengths, batch * np.arange(len(at) + 1)
        order = self.order(batch, seed, epoch, shuffle)[begin:]
        which = np.concatenate([NOTHING, *order])
        return self.offsets[which], self.lengths[which], _offsets([len(together) for together in order])

    def batches(self, batch: int, chunk: int = 0) -> int:
        """How many batches an epoch has."""
        if chunk and len(self) == 1:
            return -(-(len(self.x) // batch) // chunk)
        return -(-len(self) // batch)


MOST = 1 << 18  # pieces of a stream that are laid out at once
NOTHING = np.empty(0, np.int64)


@lru_cache(maxsize=64)
def _full(sequences: int, steps: int) -> PackedBatch:
    """The order of rows of sequences of one length."""
    return PackedBatch(sequences, steps)


def _inputs(number: int, rows: np.ndarray, inputs: int) -> np.ndarray:
    """The inputs of one sequence, (T, D). Raises ShapeError."""
    array = as_array(f"x[{number}]", rows)
    if array.ndim != 2 or array.shape[1] != inputs:
        message = _("x: sequence {number} must be (T, D) = (T, {inputs}), got {shape}")
        raise ShapeError(message, number=number, inputs=inputs, shape=array.shape)
    return array


def need_finite(name: str, rows: np.ndarray, offsets: np.ndarray, wrong: np.ndarray, axis: str) -> None:
    """Raises ProblemError at the first of the wrong numbers. wrong: like rows; axis: what the columns are."""
    if wrong.any():
        row, *entry = map(int, np.argwhere(wrong)[0])
        where = in_words((*place(row, offsets), *entry), (*ROW, axis))
        message = _("{name}: {place} is {text}: a finite number is needed")
        raise ProblemError(message.format(name=name, place=where, text=rows[row, *entry]))


def _offsets(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where parts of these lengths begin that follow one another, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
