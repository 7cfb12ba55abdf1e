"""Batches laid out for the tape: many at once, from which sequences they hold to the registers of every step.

What `PackedBatch` says of one batch in arrays of its own, `lay` writes for a run of batches into a few long ones; a
batch knows where its part begins. Within a batch sequences come longest first.

Threads share a batch: each has a part of its sequences, neighbours in that order, laid out like a batch of its own. In
the blocks of signals the parts lie one after the other, and an index says where the rows lie in the order of one
thread, in which whatever runs over all sequences is added up. So a number is the same on any number of threads.
Longer than other files, so that the registers and whatever fills them stand together.
"""

from __future__ import annotations

import numpy as np

from rnncalc.common.threads import FEWEST
from rnncalc.engine.compiled.codegen.jit import allocating, jit
from rnncalc.model.losses import Loss, counts

# registers of a part: sequences, rows of steps, both together; where the steps begin and how many entries that has;
# inputs; the row of the same step seen from the end; rows that are judged, which they are, where blocks of them begin,
# and their targets; which sequence of the batch is the first; in the blocks of all parts the first row, the first row
# of a step, the first row of the last step
SEQUENCES, ROWS, ALL, ROW_OFFSETS, STEPS, X, MIRROR, JUDGED, CHOSEN, FLAT, BLOCKS, Y, TARGETS = range(13)
SEQUENCE, BASE, FIRST, LAST = range(13, 17)
# registers of a batch: its rows, of them those that are judged, and its inputs; in the order of one thread where each
# row lies in the blocks and among the inputs, which row of the blocks it continues, and where those that are judged lie
TOTAL, TOTAL_JUDGED, TOTAL_X, ORDER, X_ORDER, BEFORE, JUDGED_ORDER = range(17, 24)
COUNT, VARIANT = 24, 25  # of targets of a batch; bit 0: only chosen rows are judged, bit 1: truncated
LATE = 26  # of a part: for each row, the one with which a sequence that is visited from its end stops
NUMBER = 27  # of the training step, below 0: it is none, and nothing is left out
ROW_WEIGHTS, WEIGHED = 28, 29  # of a part: what each target's loss counts, and of how many; none: all alike
COLUMNS = 30
BLOCK = 128  # rows of a block of those that do not continue one another


def divided(lengths: np.ndarray, cuts: np.ndarray, parts: int) -> np.ndarray:
    """Which threads have a part of a batch: where each begins among the sequences, about as many rows each.

    At most `parts`; a thread has FEWEST sequences or none, so that a small batch is one thread's.
    """
    if parts == 1:
        return cuts
    before = np.concatenate([[0], np.cumsum(lengths)])
    first, count = before[cuts[:-1]], np.clip(np.diff(cuts) // FEWEST, 1, parts)
    ends = np.empty((len(first), parts), np.int64)
    for part in range(parts):
        rows = (before[cuts[1:]] - first) * (part + 1) // count
        ends[:, part] = np.searchsorted(before, first + rows)
        last = part + 1 >= count
        ends[last, part] = cuts[1:][last]
    return np.concatenate([cuts[:1], ends.reshape(-1)])


@jit
def lay(begins, lengths, cuts, rows, offsets, mirror, late, table):
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
                    if len(late):
                        late[at] = offsets[start + lengths[first + i]] - n + i
                    at += 1
        table[b, ROWS], table[b, ALL] = row - here, row - here + n
        start += steps + 2


@jit
def order_rows(table, parts, truncate, offsets, orders):
    """Where the parts of every batch lie in the blocks, and its rows in the order of one thread.

    Returns the rows of the blocks that the largest batch takes, and the sequences of the one that has most.
    """
    at, capacity, most = 0, 0, 0
    order, order_x, before, judged = orders[0], orders[1], orders[2], orders[3]
    for b in range(0, len(table), parts):
        begin, rows, sequences, steps, base = table[b, X], 0, 0, 0, 0
        for p in range(b, b + parts):
            n = table[p, SEQUENCES]
            table[p, SEQUENCE], table[p, BASE], table[p, FIRST] = sequences, base, base + n
            table[p, LAST] += base
            base += table[p, ALL] + 1  # a row for what is thrown away
            rows, sequences, steps = rows + table[p, ROWS], sequences + n, max(steps, table[p, STEPS] - 2)
        capacity, most = max(capacity, base), max(most, sequences)
        for p in range(b, b + parts):
            table[p, TOTAL], table[p, VARIANT] = rows, 2 if 0 < truncate < steps else 0
        for t in range(steps):
            for p in range(b, b + parts):
                if t < table[p, STEPS] - 2:
                    step = table[p, ROW_OFFSETS] + t
                    here, count = offsets[step + 1], offsets[step + 2] - offsets[step + 1]
                    index(order, at, count, table[p, BASE] + here)
                    index(order_x, at, count, table[p, X] - begin + here - table[p, SEQUENCES])
                    index(judged, at, count, table[p, BASE] + here)
                    index(before, at, count, table[p, BASE] + offsets[step])
                    at += count
    return capacity, most


@jit
def index(target, at, count, first):
    """target[at:] = first, first + 1, …"""
    for i in range(count):
        target[at + i] = first + i


@jit
def choose_classes(classes, table, chosen):
    """Of each part: how many rows have a target, and which they are."""
    for b in range(len(table)):
        begin, there = table[b, X], 0
        for i in range(begin, begin + table[b, ROWS]):
            if classes[i] >= 0:
                chosen[begin + there] = i - begin
                there += 1
        table[b, COUNT], table[b, JUDGED] = there, there


@jit
def choose_rows(targets, width, table, chosen, entries):
    """The same for targets (rows · width), NaN: none. entries: these are counted, not rows."""
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
        table[b, COUNT], table[b, JUDGED] = present if entries else there, there


@allocating
def choose_few(targets, width, weights, table, parts, some, chosen, orders):
    """Of each batch how many targets it has, and which rows are judged: where few have a target and `some`, only those.

    Then targets and weights lie side by side, and the last of the orders says where these rows lie in the blocks.
    """
    order_x, judged = orders[1], orders[3]
    for b in range(0, len(table), parts):
        begin, total, there, count, at = table[b, X], table[b, TOTAL], 0, 0, 0
        for p in range(b, b + parts):
            there, count = there + table[p, JUDGED], count + table[p, COUNT]
        few = some and 2 * there < total
        for p in range(b, b + parts):
            table[p, COUNT], table[p, TOTAL_JUDGED] = count, there if few else total
            if not few:
                table[p, JUDGED] = table[p, ROWS]
        if not few:
            continue
        places = np.full(total, -1)
        for p in range(b, b + parts):
            table[p, VARIANT] |= 1
            x = table[p, X]
            for i in range(table[p, JUDGED]):
                places[x - begin + chosen[x + i]] = table[p, FIRST] + i
                for k in range(width):
                    targets[(x + i) * width + k] = targets[(x + chosen[x + i]) * width + k]
                if len(weights):
                    weights[x + i] = weights[x + chosen[x + i]]
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

    mirror: whether somebody runs backward; truncate: steps that a loss reaches, 0: all; parts: how many share a batch;
    late: whether the state with which a layer stops that runs backward is asked for.
    """

    def __init__(
        self, begins: np.ndarray, lengths: np.ndarray, cuts: np.ndarray, mirror: bool, truncate: int = 0,
        parts: int = 1, late: bool = False,
    ):  # fmt: skip
        self.parts, rows = parts, int(lengths.sum())
        cuts = divided(lengths, cuts, parts)
        filled = np.flatnonzero(np.diff(cuts))
        longest = lengths[cuts[:-1][filled]]
        self.rows, self.mirror = np.empty(rows, np.int64), np.empty(rows if mirror else 0, np.int64)
        self.late = np.empty(rows if mirror and late else 0, np.int64)
        self.offsets = np.empty(int(longest.sum()) + 2 * (len(cuts) - 1), np.int64)
        self.table = table = np.zeros((len(cuts) - 1, COLUMNS), np.int64)
        lay(begins, lengths, cuts, self.rows, self.offsets, self.mirror, self.late, table)
        self.index = np.empty((4, rows), np.int64)  # ORDER, X_ORDER, BEFORE, JUDGED_ORDER
        self.capacity, self.sequences = order_rows(table, parts, truncate, self.offsets, self.index)
        self.batches, self.first_batch = len(table) // parts, int(table[:parts, SEQUENCES].sum())

    def feed(self, x: np.ndarray, y: np.ndarray, some: bool, loss: Loss, weights: np.ndarray) -> list[np.ndarray]:
        """The table of each part, with what belongs to `rows`, which is ours to keep and to change.

        some: where few rows have a target, only those are judged; loss: how often a row counts; weights: what the
        loss of each row counts, empty: all alike. `divisors` is then what each batch's loss is divided by.
        """
        table, parts, size = self.table, self.parts, 8
        self.x, self.y, self.weights, self.chosen = x, y, weights, np.empty(len(self.rows), np.int64)
        flat, width = y.reshape(-1), y.shape[1] if y.ndim == 2 else 1
        if y.ndim == 1:
            choose_classes(flat, table, self.chosen)
        else:
            choose_rows(flat, width, table, self.chosen, loss.apart)
        if len(weights):
            self.divisors = self._weight(counts(loss, y))
        choose_few(flat, width, weights, table, parts, some, self.chosen, self.index)
        if not len(weights):
            self.divisors = table[::parts, COUNT].astype(np.float64)
        self.flat = np.empty(int((table[:, JUDGED] // BLOCK).sum()) + 3 * len(table), np.int64)
        flatten(table, self.flat)
        first, columns = table[:, X].copy(), x.shape[1] if x.ndim == 2 else 1
        start = first if parts == 1 else np.repeat(first[::parts], parts)
        table[:, TARGETS], table[:, WEIGHED] = table[:, JUDGED] * width, table[:, JUDGED] if len(weights) else 0
        table[:, ROW_WEIGHTS] = weights.ctypes.data + first * weights.itemsize
        table[:, Y] = y.ctypes.data + first * width * y.itemsize
        for column, begin in ((X, first), (TOTAL_X, start)):
            table[:, column] = x.ctypes.data + begin * columns * x.itemsize
        for column, array in ((CHOSEN, self.chosen), (MIRROR, self.mirror), (LATE, self.late)):
            table[:, column] = array.ctypes.data + first * size
        rows = start[:, None] + len(self.rows) * np.arange(len(self.index))
        table[:, ORDER : JUDGED_ORDER + 1] = self.index.ctypes.data + rows * size
        table[:, ROW_OFFSETS] = self.offsets.ctypes.data + table[:, ROW_OFFSETS] * size
        table[:, FLAT] = self.flat.ctypes.data + table[:, FLAT] * size
        return [np.ascontiguousarray(table[part::parts]) for part in range(parts)]

    def _weight(self, counts: np.ndarray) -> np.ndarray:
        """The weight of each batch's targets together, added up in the order of one thread."""
        first, rows = self.table[:: self.parts, X], self.table[:: self.parts, TOTAL]
        order = self.index[1] + np.repeat(first, rows)
        weights = (self.weights * counts)[order].astype(np.float64)
        return np.bincount(np.repeat(np.arange(self.batches), rows), weights, self.batches)
