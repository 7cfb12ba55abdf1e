"""The one forward loop, for every cell.

`cell` is the literal digest of a cell: Numba compiles the loop once for each, and `elementwise` emits that cell's
lines. Rows lie as `schedule` says; a row of the block holds all signals of one step of one sequence, as `step` says.

`forward` keeps every row. `infer` runs the same loop over a block that holds only some steps, hands on what the cell
emits, and carries the last rows over: the block stays in cache, and memory does not grow with the number of steps.
"""

from __future__ import annotations

import math

import numpy as np
from numba import literally

from rnncalc.engine.jit import jit
from rnncalc.engine.products import multiply
from rnncalc.engine.step import copy, elementwise, shifted_exp

# a cell's geometry: padded widths, entries of a row, entries of a vector, number of stages, where a copy of x lies
WIDTH_H, WIDTH_O, PITCH, LANES, STAGES, INPUT_AT = range(6)
# columns of the tables of products, of row-wise lines, and of states
STAGE, SOURCE, EARLIER, DEPTH, PANEL, COLUMN, VECTORS = range(7)
TARGET, KIND = 2, 4  # in place of EARLIER and PANEL
OFFSET, WIDTH, OUT_AT = range(3)
SOFTMAX, LOG_SOFTMAX = 1, 2
HOISTED = 128  # rows whose input products are computed at once: enough to fill tiles, few enough to stay in cache


@jit
def forward(cell, signals, geometry, starts, x, pitch_x, biases, inputs, products, rowwise, panels, columns, extras):
    """Fill the block `signals` (rows · pitch) from the initial states in its first rows.

    starts: where each step's rows begin; x: the inputs' rows; biases: the first entries of every row; inputs, products,
    rowwise: tables made by `compiled`; panels, columns: packed weights; extras: element-wise parameters.
    """
    literally(cell)
    H, O, pitch, lanes = geometry[WIDTH_H], geometry[WIDTH_O], geometry[PITCH], geometry[LANES]
    first = starts[1]
    ready = first
    for t in range(1, len(starts) - 1):
        before, here, end = starts[t - 1], starts[t], starts[t + 1]
        if here >= ready:
            ready = end
            ahead = t + 1
            while ahead < len(starts) - 1 and starts[ahead + 1] - here <= HOISTED:
                ready = starts[ahead + 1]
                ahead += 1
            lay(signals, geometry, here, ready, x, (here - first) * pitch_x, pitch_x, biases, inputs, panels, columns)
        for stage in range(geometry[STAGES]):
            for p in range(len(products)):
                if products[p, STAGE] == stage:
                    source = (before if products[p, EARLIER] else here) * pitch + products[p, SOURCE]
                    multiply(
                        signals, source, pitch, end - here, products[p, DEPTH], panels, products[p, PANEL], lanes,
                        columns, products[p, COLUMN], products[p, VECTORS], signals, here * pitch, pitch,
                    )  # fmt: skip
            for i in range(end - here):
                row, last = (here + i) * pitch, (before + i) * pitch
                for unit in range(0, H, lanes):
                    elementwise(cell, 0, stage, signals, row, last, H, O, extras, unit)
                for unit in range(0, O, lanes):
                    elementwise(cell, 1, stage, signals, row, last, H, O, extras, unit)
                for r in range(len(rowwise)):
                    if rowwise[r, STAGE] == stage:
                        source, target = row + rowwise[r, SOURCE], row + rowwise[r, TARGET]
                        softmax(signals, source, target, rowwise[r, DEPTH], lanes, rowwise[r, KIND])


@jit
def infer(
    cell, signals, geometry, starts, x, pitch_x, biases, inputs, products, rowwise, panels, columns, extras,
    emitted, out, states, final,
):  # fmt: skip
    """The emitted rows `out` and the states after each sequence's last step, `final`, through a block of a few steps.

    emitted: offset and width of what is emitted; states: a row of offset, width and place in `final` for each state;
    the rest as for `forward`.
    """
    literally(cell)
    pitch = geometry[PITCH]
    capacity = len(signals) // pitch
    steps = len(starts) - 2
    local = np.empty(steps + 2, np.int64)
    for i in range(starts[1] - (starts[2] - starts[1] if steps else 0)):  # sequences without a single step
        keep(signals, (starts[1] - 1 - i) * pitch, states, final, starts[1] - 1 - i)
    t = 1
    while t <= steps:
        shift, last = starts[t - 1], t
        while last < steps and starts[last + 2] - shift <= capacity:
            last += 1
        for k in range(last - t + 3):
            local[k] = starts[t - 1 + k] - shift
        forward(
            cell, signals, geometry, local[: last - t + 3], x[(starts[t] - starts[1]) * pitch_x :], pitch_x, biases,
            inputs, products, rowwise, panels, columns, extras,
        )  # fmt: skip
        for row in range(starts[t], starts[last + 1]):
            source, target = (row - shift) * pitch + emitted[OFFSET], (row - starts[1]) * emitted[WIDTH]
            copy(out, target, signals, source, emitted[WIDTH])
        for step in range(t, last + 1):  # sequences that end here
            count = starts[step + 1] - starts[step]
            following = starts[step + 2] - starts[step + 1] if step < steps else 0
            for i in range(following, count):
                keep(signals, (starts[step] + i - shift) * pitch, states, final, i)
        carried = (starts[last + 1] - starts[last]) * pitch
        begin = (starts[last] - shift) * pitch
        copy(signals, 0, signals, begin, carried)
        t = last + 1


@jit
def keep(signals, row, states, final, sequence):
    """Put the states of a row aside as the last ones of a sequence."""
    for s in range(len(states)):
        place = sequence * final.shape[1] + states[s, OUT_AT]
        copy(final, place, signals, row + states[s, OFFSET], states[s, WIDTH])


@jit
def lay(signals, geometry, begin, end, x, x0, pitch_x, biases, inputs, panels, columns):
    """Biases, input products and, where it is needed, a copy of x, in the rows begin:end: they wait for nothing."""
    pitch, at = geometry[PITCH], geometry[INPUT_AT]
    for row in range(begin, end):
        copy(signals, row * pitch, biases, 0, len(biases))
        if at >= 0:
            copy(signals, row * pitch + at, x, x0 + (row - begin) * pitch_x, pitch_x)
    for p in range(len(inputs)):
        multiply(
            x, x0, pitch_x, end - begin, inputs[p, DEPTH], panels, inputs[p, PANEL], geometry[LANES],
            columns, inputs[p, COLUMN], inputs[p, VECTORS], signals, begin * pitch, pitch,
        )  # fmt: skip


@jit
def softmax(signals, source, target, width, lanes, kind):
    """softmax or log softmax of one row, whatever surrounds it: the sum runs from the first score to the last."""
    largest = signals[source]
    for k in range(1, width):
        score = signals[source + k]
        if score > largest or score != score:  # a NaN, once met, stays
            largest = score
    for k in range(0, width, lanes):
        shifted_exp(signals, source + k, target + k, largest)
    total = signals[target]
    for k in range(1, width):
        total += signals[target + k]
    if kind == SOFTMAX:
        for k in range(width):
            signals[target + k] /= total
    else:
        shift = math.log(total)
        for k in range(width):
            signals[target + k] = (signals[source + k] - largest) - shift
