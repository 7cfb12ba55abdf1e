"""The one forward loop, for every cell.

`cell` is the literal digest of a cell: Numba compiles the loop once for each, and `elementwise` emits that cell's
lines. Rows lie as `packed_batch` says; a row of the block holds all signals of one step of one sequence, as
`forward_lines` says.

The block may hold every row, and is then a trace. Or it holds a few steps at a time: what the cell emits is handed on,
the last rows are carried over, and the block stays in cache however many steps there are.
"""

from __future__ import annotations

from numba import literally

from rnncalc.engine.compiled.codegen.affine import call_affine
from rnncalc.engine.compiled.codegen.forward_lines import copy, elementwise
from rnncalc.engine.compiled.codegen.gemm import call_multiply
from rnncalc.engine.compiled.codegen.jit import inner, jit
from rnncalc.engine.compiled.codegen.softmax import row_lines
from rnncalc.engine.compiled.layout import (
    AFFINE,
    COLUMN,
    DEPTH,
    EARLIER,
    FINAL,
    INPUT_AT,
    INPUTS,
    LANES,
    MULTIPLY,
    OFFSET,
    PANEL,
    PITCH,
    SOURCE,
    STAGE,
    STAGES,
    VECTORS,
    WIDTH,
    WIDTH_H,
    WIDTH_O,
)

TOKENS = -1  # in place of pitch_x: x holds the numbers of one-hot rows, -1 a row of zeros
HOISTED = 128  # rows whose input products are computed at once: enough to fill tiles, few enough to stay in cache


# The tables stand one by one: as one NamedTuple they give the same bits, but Numba unpacks it, and checks its class, at
# every call from Python, for which `net(x)` and `forward` of a small layer took 0.3 to 1.2 µs more (of 7 and 11).
@jit
def forward(
    cell, signals, geometry, offsets, low, high, x, pitch_x, by_batch, biases, inputs, products, rowwise, panels,
    columns, extras, emitted, out, states, final,
):  # fmt: skip
    """Fill the block `signals` (rows · pitch), step after step, from the initial states in its first rows.

    offsets: where each step's rows begin; low, high: of them, only these sequences, so that threads can share; x: the
    inputs' rows; biases: the first entries of every row; inputs, products, rowwise: tables made by `packing`, where
    products across sequences are the tiles of `affine`; panels, columns: packed weights; extras: element-wise
    parameters. emitted: which signal goes to `out`, a row each; states: which signals go to `final` after each
    sequence's last step. Without `out` the block must hold every row. by_batch: the rows of x and `out` lie one
    sequence after the other, all as long, and pitch_x is from one sequence to the next; else they lie as those of the
    block.
    """
    literally(cell)
    H, O, pitch, lanes = geometry[WIDTH_H], geometry[WIDTH_O], geometry[PITCH], geometry[LANES]
    capacity, steps, first = len(signals) // pitch, len(offsets) - 2, offsets[1]
    together = not by_batch and low == 0 and high >= first  # inputs of several steps are one run of rows
    shift, ready = 0, first  # the row at which the block begins; the row up to which inputs are laid
    for row in range(max(offsets[2] - first if steps else 0, low), min(first, high)):  # sequences without a step
        keep(signals, row * pitch, states, final, row)
    for t in range(1, steps + 1):
        before, here, end = offsets[t - 1] - shift, offsets[t] - shift, offsets[t + 1] - shift
        if end > capacity:  # the block is full: go on from its beginning, which nobody needs any more
            shift, here, end = offsets[t], 0, end - here
        count, following = end - here, offsets[t + 2] - offsets[t + 1] if t < steps else 0
        before, here, end = before + low, here + low, min(end, here + high)
        if end <= here:
            break  # of these sequences none has a step more
        x_here = (offsets[t] - first + low) * pitch_x
        if geometry[AFFINE]:
            copy_inputs(signals, geometry, here, end - here, x, x_here, pitch_x)
        elif offsets[t] >= ready:
            ready, ahead = offsets[t + 1], t + 2
            free = before if before > here else capacity  # the step before may lie at the end of the block
            while ahead < steps + 2 and offsets[ahead] - offsets[t] <= HOISTED and offsets[ahead] - shift <= free:
                if not together:
                    break
                ready, ahead = offsets[ahead], ahead + 1
            rows = ready - offsets[t] if together else end - here
            x0 = (t - 1) * (pitch_x // steps) + low * pitch_x if by_batch else x_here
            lay(signals, geometry, here, rows, x, x0, pitch_x, biases, inputs, panels, columns)
        for stage in range(geometry[STAGES]):
            if geometry[AFFINE]:
                call_affine(
                    geometry[AFFINE], stage, products, biases, columns, signals, before * pitch, here * pitch, pitch,
                    end - here, x, x_here, pitch_x, panels,
                )  # fmt: skip
            for p in range(0 if geometry[AFFINE] else len(products)):
                if products[p, STAGE] == stage:
                    source = (before if products[p, EARLIER] else here) * pitch + products[p, SOURCE]
                    call_multiply(
                        geometry[MULTIPLY], signals, source, pitch, end - here, products[p, DEPTH], panels,
                        products[p, PANEL], lanes, columns, products[p, COLUMN], products[p, VECTORS], signals,
                        here * pitch, pitch,
                    )  # fmt: skip
            for i in range(end - here):
                row, last = (here + i) * pitch, (before + i) * pitch
                for unit in range(0, H, lanes):
                    elementwise(cell, 0, stage, signals, row, last, H, O, extras, unit)
                for unit in range(0, O, lanes):
                    elementwise(cell, 1, stage, signals, row, last, H, O, extras, unit)
                row_lines(cell, stage, signals, row, rowwise, lanes)
        if len(out):
            for i in range(end - here):
                target = (low + i) * steps + t - 1 if by_batch else offsets[t] - first + low + i
                copy(out, target * emitted[WIDTH], signals, (here + i) * pitch + emitted[OFFSET], emitted[WIDTH])
            for i in range(max(following, low), min(count, high)):  # sequences that end here
                keep(signals, (here - low + i) * pitch, states, final, i)


@inner
def keep(signals, row, states, final, sequence):
    """Put the states of a row aside as the last ones of a sequence; `final` has no rows where nobody asked."""
    for s in range(len(states) if len(final) else 0):
        place = sequence * final.shape[1] + states[s, FINAL]
        copy(final, place, signals, row + states[s, OFFSET], states[s, WIDTH])


@inner
def lay(signals, geometry, begin, rows, x, x0, pitch_x, biases, inputs, panels, columns):
    """Biases, input products and, where it is needed, a copy of x, in some rows: they wait for nothing."""
    pitch = geometry[PITCH]
    for row in range(rows):
        copy(signals, (begin + row) * pitch, biases, 0, len(biases))
    copy_inputs(signals, geometry, begin, rows, x, x0, pitch_x)
    if pitch_x == TOKENS:
        for p in range(len(inputs)):
            pick(
                x, -x0, rows, inputs[p, DEPTH], panels, inputs[p, PANEL], geometry[LANES],
                columns, inputs[p, COLUMN], inputs[p, VECTORS], signals, begin * pitch, pitch,
            )  # fmt: skip
        return
    for p in range(len(inputs)):
        call_multiply(
            geometry[MULTIPLY], x, x0, pitch_x, rows, inputs[p, DEPTH], panels, inputs[p, PANEL], geometry[LANES],
            columns, inputs[p, COLUMN], inputs[p, VECTORS], signals, begin * pitch, pitch,
        )  # fmt: skip


@inner
def copy_inputs(signals, geometry, begin, rows, x, x0, pitch_x):
    """A copy of x in some rows, where it is needed."""
    pitch, at = geometry[PITCH], geometry[INPUT_AT]
    for row in range(rows if at >= 0 else 0):
        copy(signals, (begin + row) * pitch + at, x, x0 + row * pitch_x, geometry[INPUTS])


@inner
def pick(x, x0, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c):
    """What `multiply` does for one-hot rows whose numbers are x[x0:], of which it takes the columns of the weight."""
    for row in range(rows):
        token = int(x[x0 + row])
        if token < 0:
            continue
        for v in range(vectors):
            together = 1 if v == vectors - 1 and vectors % 2 else 2  # an odd last vector is a panel by itself
            source = p0 + v // 2 * 2 * lanes * depth + (token * together + v % 2) * lanes
            target = c0 + row * pitch_c + columns[first + v]
            for lane in range(lanes):
                c[target + lane] += panels[source + lane]
