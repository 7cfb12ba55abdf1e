"""Dropout: entries of rows on their way into a layer that are left out, the others made larger: masks without a state.

Whether an entry is kept depends on the seed, the number of the training step, the level, the place of its sequence in
the batch, the unit, and on the time step where every step has a mask of its own. So a mask is the same on any number of
threads, on the way back, and in a run that is taken up again. Source of one mask a sequence: Gal and Ghahramani, A
theoretically grounded application of dropout in recurrent neural networks, 2016; of the hash: Steele, Lea and Flood,
Fast splittable pseudorandom number generators (SplitMix), 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncalc.model.packed_batch import PackedBatch

GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass(frozen=True)
class Dropout:
    """rates: what share of the rows' entries is left out on the way into each layer and the read-out.

    mask: whether a sequence or a step has one of its own.
    """

    rates: Sequence[float]
    mask: str = "sequence"
    seed: int = 0

    def __bool__(self) -> bool:
        return any(self.rates)

    def base(self, level: int) -> int:
        """What the masks of one level begin with."""
        start = np.array([self.seed], np.uint64)
        return int(_mixed(_mixed(start) ^ np.uint64(level + 1))[0])

    def applied(self, level: int, rows: np.ndarray, schedule: PackedBatch, step: int) -> np.ndarray:
        """Rows on their way into a level, or their gradient on its way back, of one training step."""
        rate = self.rates[level]
        if not rate:
            return rows
        visit = schedule.first.astype(np.uint64)
        times = np.repeat(np.arange(1, len(schedule.counts) + 1), schedule.counts).astype(np.uint64)
        key = _mixed(np.array([self.base(level)], np.uint64) ^ np.uint64(step))
        keys = _mixed(key + np.uint64(GOLDEN) * visit)
        if self.mask == "step":
            keys = _mixed(keys ^ times)
        units = np.uint64(GOLDEN) * np.arange(rows.shape[1], dtype=np.uint64)
        chance = (_mixed(keys[:, None] + units) >> np.uint64(11)) * 2.0**-53
        kept: np.ndarray = np.where(chance >= rate, rows / (1 - rate), 0).astype(rows.dtype)
        return kept


def _mixed(z: np.ndarray) -> np.ndarray:
    """SplitMix's last rounds."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
    return z ^ (z >> np.uint64(31))
