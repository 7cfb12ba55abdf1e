"""Which sequence takes which step when: a batch as rows in the order in which a recurrence visits them.

Rows lie step by step. The first N rows are the initial states; then come all sequences that have a first step, all that
have a second, and so on, longest first. So the rows of a step and the rows that they continue are two runs from the
left, nothing is computed for a step that a sequence does not have, and a masked sequence is only another order of its
rows:

    lengths (2, 3, 0)      rows   init 1 init 0 init 2 | 1,0  0,0 | 1,1  0,1 | 1,2
                          offsets 0                      3          5          7     8
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.errors import ShapeError
from rnncalc.model.arrays import loose, whole_numbers

_BLOCK = 128  # rows of a block of `PackedBatch.flat`
KEPT = 100_000  # rows of a schedule that is worth keeping: what is called often is small


class PackedBatch:
    """The order of rows of a batch of N sequences over T steps. present (N, T) says which steps there are."""

    def __init__(self, sequences: int, steps: int, present: np.ndarray | None = None):
        self.sequences, self.steps = sequences, steps
        self.ragged = present is not None
        self.order = np.arange(sequences)
        self.counts = np.full(steps, sequences, np.int64)
        if present is not None:
            lengths = present.sum(axis=1)
            self.order = np.argsort(-lengths, kind="stable")
            times = np.argsort(~present, axis=1, kind="stable")  # (N, T), the steps that are there first
            there = np.arange(steps)[:, None] < lengths[self.order]  # (T, N)
            self.counts = there.sum(axis=1)
            self.counts = self.counts[self.counts > 0]
            self.take = (times[self.order] + steps * self.order[:, None]).T[there]  # rows of (N · T) in order
        self.offsets = np.concatenate([[0, sequences], sequences + np.cumsum(self.counts)]).astype(np.int64)

    @classmethod
    def of(cls, sequences: int, steps: int, lengths: ArrayLike | None, mask: ArrayLike | None) -> PackedBatch:
        """From lengths (N,), zero allowed, and a mask (T,) or (N, T) of the steps that there are. Raises ShapeError."""
        if mask is None and lengths is None:
            return cls.full(sequences, steps)
        present = None
        if mask is not None:
            present = loose(mask)
            present = present.astype(bool) if present.dtype.kind in "biuf" else np.empty(())
            if present.shape not in ((steps,), (sequences, steps)):
                message = _("mask must be (T,) = ({steps},) or (N, T) = ({n}, {steps}), got {shape}")
                raise ShapeError(message, steps=steps, n=sequences, shape=present.shape)
            present = np.broadcast_to(present, (sequences, steps))
        if lengths is not None:
            numbers = whole_numbers(lengths)
            if numbers is None or numbers.shape != (sequences,) or ((numbers < 0) | (numbers > steps)).any():
                message = _("lengths must be {n} whole numbers from 0 to T = {steps}")
                raise ShapeError(message, n=sequences, steps=steps)
            there = np.arange(steps) < numbers[:, None]
            present = there if present is None else present & there
        return cls(sequences, steps, present)

    @classmethod
    def flat(cls, rows: int) -> PackedBatch:
        """Rows that do not continue one another, in blocks that stay in cache: for a cell without a state."""
        return _flat(rows) if rows <= KEPT else _flat.__wrapped__(rows)

    @classmethod
    def full(cls, sequences: int, steps: int) -> PackedBatch:
        """Every sequence has every step."""
        return _full(sequences, steps) if sequences * steps <= KEPT else cls(sequences, steps)

    @cached_property
    def rows(self) -> int:
        """The number of rows, the initial ones included."""
        return int(self.offsets[-1])

    @cached_property
    def most(self) -> int:
        """The number of rows of the widest step."""
        return int(self.counts.max(initial=0))

    def row(self, visit: int, t: int) -> int:
        """The row of step t (0: the initial state) of the sequence in place `visit` of the order."""
        return int(self.offsets[t]) + visit

    def step(self, t: int) -> tuple[slice, slice]:
        """The rows of the t-th step (from 1) and the rows that they continue."""
        here, count = self.offsets[t], self.counts[t - 1]
        before = self.offsets[t - 1]
        return slice(here, here + count), slice(before, before + count)

    def pack(self, array: np.ndarray) -> np.ndarray:
        """(N, T, …) → a row for each step that is there, in order; of a single sequence without gaps, no copy."""
        if self.sequences == 1 and not self.ragged:
            return array[0]
        if not self.ragged:
            return np.ascontiguousarray(np.swapaxes(array, 0, 1)).reshape(-1, *array.shape[2:])
        return array.reshape(self.sequences * self.steps, *array.shape[2:])[self.take]

    def unpack(self, rows: np.ndarray) -> np.ndarray:
        """The inverse of `pack`; zeros where there is no step."""
        if self.sequences == 1 and not self.ragged:
            return rows[None]
        if not self.ragged:
            return np.swapaxes(rows.reshape(self.steps, self.sequences, *rows.shape[1:]), 0, 1)
        flat = np.zeros((self.sequences * self.steps, *rows.shape[1:]), rows.dtype)
        flat[self.take] = rows
        return flat.reshape(self.sequences, self.steps, *rows.shape[1:])

    @cached_property
    def present(self) -> np.ndarray:
        """(N, T): which steps there are."""
        present = np.full(self.sequences * self.steps, not self.ragged)
        if self.ragged:
            present[self.take] = True
        return present.reshape(self.sequences, self.steps)

    @cached_property
    def before(self) -> np.ndarray:
        """For each row of a step, the row that it continues."""
        counts = self.counts
        first = np.repeat(self.offsets[:-2], counts)  # where the rows of the step before begin
        return first + np.arange(self.rows - self.sequences) - np.repeat(self.offsets[1:-1] - self.sequences, counts)

    @cached_property
    def first(self) -> np.ndarray:
        """For each row of a step, that of its sequence's first step."""
        return np.concatenate([np.arange(0), *(np.arange(count) for count in self.counts)])

    def by_step(self, rows: np.ndarray) -> list[np.ndarray]:
        """The rows of each step, longest sequence first: views."""
        ends = self.offsets[1:] - self.sequences
        return [rows[begin:end] for begin, end in zip(ends, ends[1:])]

    @cached_property
    def mirror(self) -> np.ndarray:
        """For each row of a step, that of the same step if every sequence is visited from its end; its own inverse."""
        sequence = np.concatenate([np.arange(count) for count in self.counts]) if len(self.counts) else np.arange(0)
        visit = np.repeat(np.arange(len(self.counts)), self.counts)
        lengths = np.bincount(sequence, minlength=self.sequences)
        return self.offsets[1 + lengths[sequence] - 1 - visit] - self.sequences + sequence

    @cached_property
    def last(self) -> np.ndarray:
        """The row of each sequence's last state, in the order in which the sequences were given."""
        if not self.ragged:
            return np.arange(self.sequences) + int(self.offsets[-2])
        rows = np.arange(self.sequences)
        for t, count in enumerate(self.counts, 1):
            rows[:count] = self.offsets[t] + np.arange(count)
        final = np.empty_like(rows)
        final[self.order] = rows
        return final


class BatchMajor(PackedBatch):
    """Every sequence has every step, and its rows lie together, one sequence after the other.

    For what is computed across the sequences: x and y as they are given are rows in this order.
    """

    def row(self, visit: int, t: int) -> int:
        return self.sequences + visit * self.steps + t - 1 if t else visit

    def step(self, t: int) -> tuple[slice, slice]:
        raise ValueError("the rows of a step do not lie together")

    def pack(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array).reshape(-1, *array.shape[2:])

    def unpack(self, rows: np.ndarray) -> np.ndarray:
        return rows.reshape(self.sequences, self.steps, *rows.shape[1:])

    @cached_property
    def before(self) -> np.ndarray:
        rows = self.sequences - 1 + np.arange(self.rows - self.sequences)
        rows[:: self.steps] = np.arange(self.sequences)
        return rows

    @cached_property
    def first(self) -> np.ndarray:
        return np.repeat(self.steps * np.arange(self.sequences), self.steps)

    def by_step(self, rows: np.ndarray) -> list[np.ndarray]:
        return list(rows.reshape(self.sequences, self.steps, *rows.shape[1:]).swapaxes(0, 1))

    @cached_property
    def mirror(self) -> np.ndarray:
        rows = np.arange(self.rows - self.sequences).reshape(self.sequences, self.steps)
        return rows[:, ::-1].reshape(-1)

    @cached_property
    def last(self) -> np.ndarray:
        return self.sequences + self.steps * np.arange(1, self.sequences + 1) - 1


@lru_cache(maxsize=16)
def _full(sequences: int, steps: int) -> PackedBatch:
    return PackedBatch(sequences, steps)


@lru_cache(maxsize=16)
def _flat(rows: int) -> PackedBatch:
    schedule = PackedBatch(0, 0)
    schedule.counts = np.array([min(_BLOCK, rows - start) for start in range(0, rows, _BLOCK)], np.int64)
    schedule.offsets = np.concatenate([[0, 0], np.cumsum(schedule.counts)]).astype(np.int64)
    return schedule
