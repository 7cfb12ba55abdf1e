"""Batches laid out for the tape: many at once, from which sequences they hold to the registers of every step.

What `PackedBatch` says of one batch in arrays of its own, `lay` writes for a run of batches into a few long ones; a
batch knows where its part begins. Within a batch sequences come longest first.
"""

from __future__ import annotations

import numpy as np

from rnncalc.engine.compiled.codegen.jit import jit

# registers: sequences, rows of steps, both together; where the steps begin and how many entries that has; inputs; the
# row that each row continues; the row of the same step seen from the end; the first row of the last step; rows that
# are judged, which they are, where blocks of them begin, and their targets
SEQUENCES, ROWS, ALL, ROW_OFFSETS, STEPS, X, BEFORE, MIRROR, LAST, JUDGED, CHOSEN, FLAT, BLOCKS, Y, TARGETS = range(15)
WEIGHT, VARIANT = 15, 16  # what a batch's loss is divided by; bit 0: only chosen rows are judged, bit 1: truncated
COLUMNS = 17
BLOCK = 128  # rows of a block of those that do not continue one another


@jit
def lay(begins, lengths, cuts, rows, offsets, before, mirror, table):
    """Write the order of rows of every batch.

    begins, lengths: where each sequence's rows begin in the data, and how many; cuts: where each batch begins among the
    sequences. Where parts begin is written into the table as an entry's number, for `Laid` to make an address of it.
    """
    row, start = 0, 0
    for b in range(len(cuts) - 1):
        first, n = cuts[b], cuts[b + 1] - cuts[b]
        steps = 0
        if n:
            steps = lengths[first]
        table[b, SEQUENCES], table[b, ROW_OFFSETS], table[b, STEPS], table[b, X] = n, start, steps + 2, row
        offsets[start], offsets[start + 1] = 0, n
        count, here, there = n, row, n
        for t in range(steps):
            while count and lengths[first + count - 1] <= t:
                count -= 1
            table[b, LAST] = there
            for i in range(count):
                rows[row] = begins[first + i] + t
                before[row] = offsets[start + t] + i
                row, there = row + 1, there + 1
            offsets[start + t + 2] = there
        if len(mirror):
            at = here
            for t in range(steps):
                for i in range(offsets[start + t + 2] - offsets[start + t + 1]):
                    mirror[at] = offsets[start + lengths[first + i] - t] - n + i
                    at += 1
        table[b, ROWS], table[b, ALL] = row - here, row - here + n
        start += steps + 2


@jit
def choose_classes(classes, table, chosen, some):
    """Of each batch: how many rows have a target; where they are few, only those are judged."""
    for b in range(len(table)):
        begin, count, there = table[b, X], table[b, ROWS], 0
        for i in range(begin, begin + count):
            if classes[i] >= 0:
                chosen[begin + there] = i - begin
                there += 1
        table[b, WEIGHT], table[b, JUDGED] = there, count
        if some and 2 * there < count:
            table[b, JUDGED], table[b, VARIANT] = there, table[b, VARIANT] | 1
            for i in range(there):
                classes[begin + i] = classes[begin + chosen[begin + i]]


@jit
def choose_rows(targets, width, table, chosen, some, entries):
    """The same for targets (rows · width), NaN: none. entries: the weight counts them, not rows."""
    for b in range(len(table)):
        begin, count, there, present = table[b, X], table[b, ROWS], 0, 0
        for i in range(begin, begin + count):
            here = 0
            for k in range(i * width, (i + 1) * width):
                here += targets[k] == targets[k]  # NaN is not
            present += here
            if here:
                chosen[begin + there] = i - begin
                there += 1
        table[b, WEIGHT], table[b, JUDGED] = present if entries else there, count
        if some and 2 * there < count:
            table[b, JUDGED], table[b, VARIANT] = there, table[b, VARIANT] | 1
            for i in range(there):
                for k in range(width):
                    targets[(begin + i) * width + k] = targets[(begin + chosen[begin + i]) * width + k]


@jit
def flatten(table, flat):
    """For each batch, where blocks of the judged rows begin: 0, 0, BLOCK, …, all. Returns how much was written."""
    at = 0
    for b in range(len(table)):
        table[b, FLAT] = at
        flat[at], flat[at + 1] = 0, 0
        at, row = at + 2, 0
        while row < table[b, JUDGED]:
            row = min(row + BLOCK, table[b, JUDGED])
            flat[at] = row
            at += 1
        table[b, BLOCKS] = at - table[b, FLAT]
    return at


class Laid:
    """A run of batches: the rows of the data that they take, and, once those were fetched, the table for the tape.

    mirror: whether somebody runs backward; truncate: steps that a loss reaches, 0: all.
    """

    def __init__(self, begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray, mirror: bool, truncate: int = 0):
        batches, rows = len(cuts) - 1, int(lengths.sum())
        filled = np.flatnonzero(np.diff(cuts))
        longest = lengths[cuts[:-1][filled]]
        self.rows, self.before = np.empty(rows, np.int64), np.empty(rows, np.int64)
        self.mirror = np.empty(rows if mirror else 0, np.int64)
        self.offsets = np.empty(int(longest.sum()) + 2 * batches, np.int64)
        self.table = np.zeros((batches, COLUMNS), np.int64)
        lay(begins, lengths, cuts, self.rows, self.offsets, self.before, self.mirror, self.table)
        if truncate:
            self.table[:, VARIANT] = np.where(self.table[:, STEPS] - 2 > truncate, 2, 0)

    def feed(self, x: np.ndarray, y: np.ndarray, some: bool, entries: bool) -> np.ndarray:
        """The table, with the inputs and targets of `rows`, which are ours to keep and to change.

        some: where few rows have a target, only those are judged; entries: the loss is divided by entries, not rows.
        """
        table, size = self.table, 8
        self.x, self.y, self.chosen = x, y, np.empty(len(self.rows), np.int64)
        if y.ndim == 1:
            choose_classes(y, table, self.chosen, some)
        else:
            choose_rows(y.reshape(-1), y.shape[1], table, self.chosen, some, entries)
        self.flat = np.empty(int((table[:, JUDGED] // BLOCK).sum()) + 3 * len(table), np.int64)
        flatten(table, self.flat)
        first, width = table[:, X].copy(), x.shape[1] if x.ndim == 2 else 1
        table[:, TARGETS] = table[:, JUDGED] * (y.shape[1] if y.ndim == 2 else 1)
        table[:, X] = x.ctypes.data + first * width * x.itemsize
        table[:, Y] = y.ctypes.data + first * (y.shape[1] if y.ndim == 2 else 1) * y.itemsize
        for column, array in ((BEFORE, self.before), (CHOSEN, self.chosen), (MIRROR, self.mirror)):
            table[:, column] = array.ctypes.data + first * size
        table[:, ROW_OFFSETS] = self.offsets.ctypes.data + table[:, ROW_OFFSETS] * size
        table[:, FLAT] = self.flat.ctypes.data + table[:, FLAT] * size
        return table
