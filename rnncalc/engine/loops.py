"""The one forward loop, for every cell.

`cell` is the literal digest of a cell: Numba compiles the loop once for each, and `elementwise` emits that cell's
lines. Rows lie as `schedule` says; a row of the block holds all signals of one step of one sequence, as `step` says.
"""

from __future__ import annotations

import math

from numba import literally

from rnncalc.engine.jit import jit
from rnncalc.engine.products import multiply
from rnncalc.engine.step import elementwise, shifted_exp

# columns of the table of products, one row each
STAGE, SOURCE, EARLIER, DEPTH, PANEL, COLUMN, VECTORS = range(7)
SOFTMAX, LOG_SOFTMAX = 1, 2
HOISTED = 128  # rows whose input products are computed at once: enough to fill tiles, few enough to stay in cache


@jit
def forward(
    cell,
    signals,
    H,
    O,
    pitch,
    lanes,
    stages,
    starts,
    x,
    pitch_x,
    biases,
    inputs,
    products,
    rowwise,
    panels,
    columns,
    extras,
):
    """Fill the block `signals` (rows · pitch) from the initial states in its first rows.

    H, O: padded widths; starts: where each step's rows begin; x: the inputs' rows; biases: the first entries of every
    row; inputs, products, rowwise: tables made by `compiled`; panels, columns: packed weights; extras: element-wise
    parameters.
    """
    literally(cell)
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
            lay(signals, here, ready, pitch, lanes, x, first, pitch_x, biases, inputs, panels, columns)
        for stage in range(stages):
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
                    if rowwise[r, 0] == stage:
                        softmax(signals, row + rowwise[r, 1], row + rowwise[r, 2], rowwise[r, 3], lanes, rowwise[r, 4])


@jit
def lay(signals, begin, end, pitch, lanes, x, first, pitch_x, biases, inputs, panels, columns):
    """Biases and input products of the rows begin:end, which wait for nothing."""
    for row in range(begin, end):
        for j in range(len(biases)):
            signals[row * pitch + j] = biases[j]
    for p in range(len(inputs)):
        multiply(
            x, (begin - first) * pitch_x, pitch_x, end - begin, inputs[p, DEPTH], panels, inputs[p, PANEL], lanes,
            columns, inputs[p, COLUMN], inputs[p, VECTORS], signals, begin * pitch, pitch,
        )  # fmt: skip


@jit
def softmax(signals, source, target, width, lanes, kind):
    """softmax or log softmax of one row, whatever surrounds it: the sum runs from the first score to the last."""
    largest = signals[source]
    for k in range(1, width):
        # the comparison is written so that a NaN, once met, stays
        largest = largest if largest >= signals[source + k] or largest != largest else signals[source + k]
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
