"""How rows are shown: packed rows as the arrays of one sequence or of a batch, in the order of the caller."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from rnncalc.model.packed_batch import KEPT, BatchMajor, PackedBatch


class View:
    """How packed rows are shown: as one sequence or as a batch, batch first or time first."""

    def __init__(self, schedule: PackedBatch, batch: bool, time_first: bool = False):
        self.schedule, self.batch, self.time_first = schedule, batch, time_first

    @classmethod
    def full(cls, sequences: int, steps: int, batch: bool, time_first: bool) -> View:
        """Every sequence has every step."""
        make = _full if sequences * steps <= KEPT else _full.__wrapped__
        return make(sequences, steps, batch, time_first)

    @cached_property
    def batch_major(self) -> View:
        """The same with the rows of a sequence side by side."""
        return View(BatchMajor(self.schedule.sequences, self.schedule.steps), self.batch, self.time_first)

    @property
    def step_axis(self) -> int:
        """The axis of the steps in what is shown."""
        return int(self.batch and not self.time_first)

    def part(self, sequences: slice) -> View:
        """The same for some sequences of a batch."""
        schedule = self.schedule
        present = schedule.present[sequences] if schedule.ragged else None
        count = len(range(*sequences.indices(schedule.sequences)))
        return View(PackedBatch(count, schedule.steps, present), self.batch, self.time_first)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The axes of sequences and steps of what is shown: (T,), (N, T) or (T, N)."""
        schedule = self.schedule
        shape = (schedule.sequences, schedule.steps) if self.batch else (schedule.steps,)
        return shape[::-1] if self.time_first else shape

    @property
    def axes(self) -> tuple[str, ...]:
        """What the axes of `shape` count."""
        return ("step", "sequence") if self.time_first else ("sequence", "step") if self.batch else ("step",)

    def batch_first(self, array: np.ndarray) -> np.ndarray:
        """An array that is shown so, as (N, T, width)."""
        return np.swapaxes(array, 0, 1) if self.time_first else array if self.batch else array[None]

    def shown(self, array: np.ndarray) -> np.ndarray:
        """The inverse of `batch_first`."""
        return np.swapaxes(array, 0, 1) if self.time_first else array if self.batch else array[0]

    def rows(self, array: np.ndarray) -> np.ndarray:
        """The inverse of `steps`: an array that is shown so, as rows."""
        return self.schedule.pack(self.batch_first(array))

    def steps(self, rows: np.ndarray) -> np.ndarray:
        """Rows of all steps as (T, width), (N, T, width) or (T, N, width)."""
        return self.shown(self.schedule.unpack(rows))

    def sequences(self, rows: np.ndarray) -> np.ndarray:
        """A row for each sequence as (width,) or (N, width)."""
        return rows if self.batch else rows[0]


@lru_cache(maxsize=16)
def _full(sequences: int, steps: int, batch: bool, time_first: bool) -> View:
    return View(PackedBatch.full(sequences, steps), batch, time_first)
