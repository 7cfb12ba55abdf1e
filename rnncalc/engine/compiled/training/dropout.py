"""Dropout as a call of a tape: `model/dropout.py` in machine code."""

from __future__ import annotations

import numpy as np

from rnncalc.engine.compiled.codegen.jit import jit
from rnncalc.model.dropout import FIRST, GOLDEN, SECOND

G, A, B = np.uint64(GOLDEN), np.uint64(FIRST), np.uint64(SECOND)


@jit
def mixed(z):
    """SplitMix's last rounds."""
    z = (z ^ (z >> np.uint64(30))) * A
    z = (z ^ (z >> np.uint64(27))) * B
    return z ^ (z >> np.uint64(31))


@jit
def drop(rows, pitch, width, offsets, sequence, step, base, numbers, each):
    """Rows of a part in place. sequence: its first one in the batch; step: of training, below 0: nothing is left out.

    base: of the level; numbers: the share that is left out, and 1 less it; each: whether every time step has its mask.
    """
    if step < 0:
        return
    n, rate, rest = offsets[1], numbers[0], numbers[1]
    key = mixed(np.uint64(base) ^ np.uint64(step))
    for t in range(1, len(offsets) - 1):
        for i in range(offsets[t + 1] - offsets[t]):
            own = mixed(key + G * np.uint64(sequence + i))
            if each:
                own = mixed(own ^ np.uint64(t))
            begin = (offsets[t] - n + i) * pitch
            for k in range(width):
                chance = np.float64(np.int64(mixed(own + G * np.uint64(k)) >> np.uint64(11))) * 2.0**-53
                if chance >= rate:
                    rows[begin + k] /= rest
                else:
                    rows[begin + k] = 0
