"""Batches laid out for the tape: many at once, from which sequences they hold to the registers of every step.

What `PackedBatch` says of one batch in arrays of its own, `lay` writes for a run of batches into a few long ones; a
batch knows where its part begins. Within a batch sequences come longest first.

Threads share a batch: each has a part of its sequences, neighbours in that order, laid out like a batch of its own. In
the blocks of signals the parts lie one after the other, and an index says where the rows lie in the order of one
thread, in which whatever runs over all sequences is added up. So a number is the same on any number of threads.
"""

from __future__ import annotations

import numpy as np

from rnncalc.common.threads import FEWEST
from rnncalc.engine.compiled.codegen.jit import jit

# registers of a part: sequences, rows of steps, both together; where the steps begin and how many entries that has;
# inputs; the row of the same step seen from the end; rows that are judged, which they are, where blocks of them begin,
# and their targets; which sequence of the batch is the first; in the blocks of all parts the first row, the first row
# of a step, the first row of the last step
SEQUENCES, ROWS, ALL, ROW_OFFSETS, STEPS, X, MIRROR, JUDGED, CHOSEN, FLAT, BLOCKS, Y, TARGETS = range(13)
SEQUENCE, BASE, FIRST, LAST = range(13, 17)
# registers of a batch: its rows, of them those that are judged, and its inputs; in the order of one thread where each
# row lies in the blocks and among the inputs, which row of the blocks it continues, and where those that are judged lie
TOTAL, TOTAL_JUDGED, TOTAL_X, ORDER, X_ORDER, BEFORE, JUDGED_ORDER = range(17, 24)
WEIGHT, VARIANT = 24, 25  # what a batch's loss is divided by; bit 0: only chosen rows are judged, bit 1: truncated
COLUMNS = 26
BLOCK = 128  # rows of a block of those that do not continue one another


def divided(lengths: np.ndarray, cuts: np.ndarray, parts: int) -> np.ndarray:
    """Where parts begin among the sequences, with about as many rows each; `parts` of every batch, some may be empty.

    Batches of as many sequences, all of one length, are divided alike, so that a stream finds its states again.
    """
    if parts == 1:
        return cuts
    before = np.concatenate([[0], np.cumsum(lengths)])
    first, count = before[cuts[:-1]], np.clip(np.diff(cuts) // FEWEST, 1, parts)
    ends = np.empty((len(first), parts), np.int64)
    for part in range(parts):
        rows = -(-(before[cuts[1:]] - first) * (part + 1) // count)  # rounded up
        ends[:, part] = np.searchsorted(before, first + rows)
        last = part + 1 >= count
        ends[last, part] = cuts[1:][last]
    return np.concatenate([cuts[:1], ends.reshape(-1)])


@jit
def lay(begins, lengths, cuts, rows, offsets, mirror, table):
    """Write the order of rows of every part.

    begins, lengths: where each sequence's rows begin in the data, and how many; cuts: where each part begins among the
    sequences. Where arrays begin is written into the table as an entry's number, for `Laid` to make an address of it.
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
def order_rows(table, parts, offsets, order, order_x, before):
    """The rows of every batch in the order of one thread, as the registers of a batch say."""
    at = 0
    for b in range(0, len(table), parts):
        steps, begin = 0, table[b, X]
        for p in range(b, b + parts):
            steps = max(steps, table[p, STEPS] - 2)
        for t in range(steps):
            for p in range(b, b + parts):
                if t < table[p, STEPS] - 2:
                    step = table[p, ROW_OFFSETS] + t
                    here, n, x = offsets[step + 1], table[p, SEQUENCES], table[p, X] - begin
                    for i in range(offsets[step + 2] - here):
                        order[at] = table[p, BASE] + here + i
                        order_x[at] = x + here - n + i
                        before[at] = table[p, BASE] + offsets[step] + i
                        at += 1


@jit
def choose_classes(classes, table, chosen):
    """Of each part: how many rows have a target, and which they are."""
    for b in range(len(table)):
        begin, there = table[b, X], 0
        for i in range(begin, begin + table[b, ROWS]):
            if classes[i] >= 0:
                chosen[begin + there] = i - begin
                there += 1
        table[b, WEIGHT], table[b, JUDGED] = there, there


@jit
def choose_rows(targets, width, table, chosen, entries):
    """The same for targets (rows · width), NaN: none. entries: the weight counts them, not rows."""
    for b in range(len(table)):
        begin, there, present = table[b, X], 0, 0
        for i in range(begin, begin + table[b, ROWS]):
            here = 0
            for k in range(i * width, (i + 1) * width):
                here += targets[k] == targets[k]  # NaN is not
            present += here
            if here:
                chosen[begin + there] = i - begin
                there += 1
        table[b, WEIGHT], table[b, JUDGED] = present if entries else there, there


@jit
def pick_targets(targets, width, table, parts, chosen, order_x, judged):
    """Of batches where only chosen rows are judged: their targets side by side; `judged`: where these rows lie."""
    for b in range(0, len(table), parts):
        begin, total, at = table[b, X], 0, 0
        for p in range(b, b + parts):
            total += table[p, ROWS]
        if table[b, VARIANT] & 1 == 0:
            continue
        places = np.full(total, -1)
        for p in range(b, b + parts):
            x = table[p, X]
            for i in range(table[p, JUDGED]):
                places[x - begin + chosen[x + i]] = table[p, FIRST] + i
                for k in range(width):
                    targets[(x + i) * width + k] = targets[(x + chosen[x + i]) * width + k]
        for i in range(total):
            if places[order_x[begin + i]] >= 0:
                judged[begin + at] = places[order_x[begin + i]]
                at += 1


@jit
def flatten(table, flat):
    """For each part, where blocks of the judged rows begin: 0, 0, BLOCK, …, all. Returns how much was written."""
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
    """A run of batches: the rows of the data that they take, and, once those were fetched, the tables for the tapes.

    mirror: whether somebody runs backward; truncate: steps that a loss reaches, 0: all; parts: how many share a batch.
    """

    def __init__(
        self, begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray, mirror: bool, truncate: int = 0, parts: int = 1
    ):
        self.parts, rows = parts, int(lengths.sum())
        cuts = divided(lengths, cuts, parts)
        filled = np.flatnonzero(np.diff(cuts))
        longest = lengths[cuts[:-1][filled]]
        self.rows, self.mirror = np.empty(rows, np.int64), np.empty(rows if mirror else 0, np.int64)
        self.offsets = np.empty(int(longest.sum()) + 2 * (len(cuts) - 1), np.int64)
        self.table = table = np.zeros((len(cuts) - 1, COLUMNS), np.int64)
        lay(begins, lengths, cuts, self.rows, self.offsets, self.mirror, table)
        each = table.reshape(-1, parts, COLUMNS)
        each[..., SEQUENCE] = np.cumsum(each[..., SEQUENCES], axis=1) - each[..., SEQUENCES]
        kept = each[..., ALL] + 1  # a row for what is thrown away
        each[..., BASE] = np.cumsum(kept, axis=1) - kept
        each[..., FIRST] = each[..., BASE] + each[..., SEQUENCES]
        each[..., LAST] += each[..., BASE]
        each[..., TOTAL] = each[..., ROWS].sum(axis=1, keepdims=True)
        self.capacity = int(kept.sum(axis=1).max(initial=0))
        self.batches, sequences = len(each), each[..., SEQUENCES].sum(axis=1)
        self.sequences, self.first_batch = int(sequences.max(initial=0)), int(sequences[:1].sum())
        self.order, self.order_x, self.before = (np.empty(rows, np.int64) for _each in range(3))
        order_rows(table, parts, self.offsets, self.order, self.order_x, self.before)
        if truncate:
            each[..., VARIANT] = np.where(each[..., STEPS].max(axis=1, keepdims=True) - 2 > truncate, 2, 0)

    @property
    def weights(self) -> list[int]:
        """What each batch's loss is divided by."""
        weights: list[int] = self.table[:: self.parts, WEIGHT].tolist()
        return weights

    def feed(self, x: np.ndarray, y: np.ndarray, some: bool, entries: bool) -> list[np.ndarray]:
        """The table of each part, with the inputs and targets of `rows`, which are ours to keep and to change.

        some: where few rows have a target, only those are judged; entries: the loss is divided by entries, not rows.
        """
        table, parts, size = self.table, self.parts, 8
        self.x, self.y, self.chosen, self.judged = x, y, np.empty(len(self.rows), np.int64), self.order
        flat, width = y.reshape(-1), y.shape[1] if y.ndim == 2 else 1
        if y.ndim == 1:
            choose_classes(flat, table, self.chosen)
        else:
            choose_rows(flat, width, table, self.chosen, entries)
        each = table.reshape(-1, parts, COLUMNS)
        few = some & (2 * each[..., JUDGED].sum(axis=1, keepdims=True) < each[..., TOTAL])
        each[..., WEIGHT] = each[..., WEIGHT].sum(axis=1, keepdims=True)
        each[..., JUDGED] = np.where(few, each[..., JUDGED], each[..., ROWS])
        each[..., VARIANT] |= few
        each[..., TOTAL_JUDGED] = each[..., JUDGED].sum(axis=1, keepdims=True)
        if few.any():
            self.judged = self.order.copy()
            pick_targets(flat, width, table, parts, self.chosen, self.order_x, self.judged)
        self.flat = np.empty(int((table[:, JUDGED] // BLOCK).sum()) + 3 * len(table), np.int64)
        flatten(table, self.flat)
        first, columns = table[:, X].copy(), x.shape[1] if x.ndim == 2 else 1
        start = np.repeat(first[::parts], parts)
        table[:, TARGETS] = table[:, JUDGED] * width
        table[:, Y] = y.ctypes.data + first * width * y.itemsize
        for column, rows in ((X, first), (TOTAL_X, start)):
            table[:, column] = x.ctypes.data + rows * columns * x.itemsize
        for column, array, rows in (
            (CHOSEN, self.chosen, first), (MIRROR, self.mirror, first), (ORDER, self.order, start),
            (X_ORDER, self.order_x, start), (BEFORE, self.before, start), (JUDGED_ORDER, self.judged, start),
        ):  # fmt: skip
            table[:, column] = array.ctypes.data + rows * size
        table[:, ROW_OFFSETS] = self.offsets.ctypes.data + table[:, ROW_OFFSETS] * size
        table[:, FLAT] = self.flat.ctypes.data + table[:, FLAT] * size
        return [np.ascontiguousarray(each[:, part]) for part in range(parts)]
