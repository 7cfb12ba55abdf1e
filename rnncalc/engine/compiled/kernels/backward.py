"""The one backward loop, for every cell: the mirror of `loops.forward`; and the gradients of the weights.

`backward` goes from the last step to the first and leaves in the adjoint block what reached every signal. What the
weights multiplied and what reached their lines then make one product over all rows, in blocks that stay in cache.
"""

from __future__ import annotations

from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.backward_lines import elementwise_back
from rnncalc.engine.compiled.codegen.denormals import flush, restore
from rnncalc.engine.compiled.codegen.forward_lines import copy, pack
from rnncalc.engine.compiled.codegen.gemm import TURNED, call_multiply, multiply
from rnncalc.engine.compiled.codegen.jit import call_address, jit
from rnncalc.engine.compiled.codegen.softmax import ACROSS, softmax_back
from rnncalc.engine.compiled.codegen.transpose import IN, turn_block
from rnncalc.engine.compiled.kernels.forward import LANES, MULTIPLY, STAGES, WIDTH_H, WIDTH_O

# columns of the tables of products, row-wise lines, input products and weight gradients
STAGE, SOURCE, EARLIER, DEPTH, PANEL, COLUMN, VECTORS = range(7)
VALUE, FROM, TO, WIDE, KIND = range(1, 6)
FIRST, OUT_AT = 4, 5  # in place of PANEL and COLUMN: the first vector of the lines, where their gradient begins
BLOCK = 128  # rows whose adjoints are packed at once
SUM, BEGIN, APART, UNITS, TALL, PLACE, SIGN, AGAIN = range(8)  # columns of the table of gradients as people know them


@jit
def backward(
    cell, signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, starts, low, high, products, rowwise, panels,
    columns, extras, dextras, arriving, slot, width, met, clear,
):  # fmt: skip
    """Fill the adjoint block from the last step to the first.

    signals, pitch_s: the trace; earlier: the block in which the step before is met, `adjoint` itself, or another for
    one sweep; its last row takes what a cut into chunks throws away. low, high: only these sequences; products:
    transposed weights; the rest as in the forward loop. At most `chunk` steps hang together; 0: all.

    arriving: what comes from above, a row of `width` for each row of a step, at the slot; may be empty. The block may
    be unset: from the entry `clear` on a row is set to zero before anything is added there, but for the first `met`
    rows of the last step, which already hold what reached them. clear < 0: all of it is zero.
    """
    literally(cell)
    mode: int = flush()
    H, O, lanes, steps = geometry[WIDTH_H], geometry[WIDTH_O], geometry[LANES], len(starts) - 2
    thrown = len(earlier) - pitch
    fresh = max(min(met, high) - low, 0)  # rows of this step that are already laid
    for t in range(steps, -1, -1):
        here, count = starts[t] + low, min(starts[t + 1] - starts[t], high) - low
        if clear >= 0:
            zero(adjoint, pitch, clear, here + fresh, here + count)
            fresh = max(count, 0)
        if t == 0 or count <= 0:
            continue
        before = starts[t - 1] + low
        if clear >= 0:
            zero(adjoint, pitch, clear, before, before + count)
        if len(arriving):
            gather(adjoint, pitch, slot, here, count, arriving, (here - starts[1]) * width, width)
        cut = chunk > 0 and t > 1 and (t - 1) % chunk == 0
        for stage in range(geometry[STAGES]):
            for i in range(count):
                row, now, last = (here + i) * pitch, (here + i) * pitch_s, (before + i) * pitch_s
                to = thrown if cut else (before + i) * pitch
                for r in range(len(rowwise)):
                    if rowwise[r, STAGE] == stage:
                        across = rowwise[r, KIND] > ACROSS
                        for lane in range(lanes if across else 1):
                            softmax_back(
                                signals, now + rowwise[r, VALUE] + lane, adjoint, row + rowwise[r, FROM] + lane,
                                row + rowwise[r, TO] + lane, rowwise[r, WIDE], lanes if across else 1,
                                rowwise[r, KIND] - (ACROSS if across else 0),
                            )  # fmt: skip
                for unit in range(0, H, lanes):
                    elementwise_back(
                        cell, 0, stage, signals, now, last, adjoint, row, earlier, to, H, O, extras, dextras, unit
                    )
                for unit in range(0, O, lanes):
                    elementwise_back(
                        cell, 1, stage, signals, now, last, adjoint, row, earlier, to, H, O, extras, dextras, unit
                    )
            for p in range(len(products)):
                if products[p, STAGE] != stage or (cut and products[p, EARLIER]):
                    continue
                source = here * pitch + products[p, SOURCE]
                if products[p, EARLIER]:
                    call_multiply(
                        geometry[MULTIPLY], adjoint, source, pitch, count, products[p, DEPTH], panels,
                        products[p, PANEL], lanes, columns, products[p, COLUMN], products[p, VECTORS], earlier,
                        before * pitch, pitch,
                    )  # fmt: skip
                else:
                    call_multiply(
                        geometry[MULTIPLY], adjoint, source, pitch, count, products[p, DEPTH], panels,
                        products[p, PANEL], lanes, columns, products[p, COLUMN], products[p, VECTORS], adjoint,
                        here * pitch, pitch,
                    )  # fmt: skip
    restore(mode)


@intrinsic
def call_backward(
    typing, address, signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, starts, low, high, products,
    rowwise, panels, columns, extras, dextras, arriving, slot, width, met, clear,
):  # fmt: skip
    """A cell's `back_loops.backward` through its address."""
    arguments = (
        signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, starts, low, high, products, rowwise, panels,
        columns, extras, dextras, arriving, slot, width, met, clear,
    )  # fmt: skip
    return types.void(types.int64, *arguments), call_address


@jit
def zero(block, pitch, clear, begin, end):
    """Rows of a block, from the entry `clear` on."""
    for row in range(begin, end):
        for entry in range(row * pitch + clear, (row + 1) * pitch):
            block[entry] = 0


@jit
def gather(block, pitch, slot, begin, count, rows, first, width):
    """block[begin : begin + count, slot:] += rows, which are one run of memory that begins at `first`."""
    for i in range(count):
        to, of = (begin + i) * pitch + slot, first + i * width
        for unit in range(width):
            block[to + unit] += rows[of + unit]


@jit
def input_gradients(adjoint, pitch, geometry, first, rows, inputs, panels, columns, dx, place, pitch_x):
    """dx[place:] += what reached the product lines times their input weights, transposed, for all rows."""
    mode: int = flush()
    for begin in range(0, rows, BLOCK):
        count, to = min(BLOCK, rows - begin), place + begin * pitch_x
        for p in range(len(inputs)):
            call_multiply(
                geometry[MULTIPLY], adjoint, (first + begin) * pitch + inputs[p, SOURCE], pitch, count,
                inputs[p, DEPTH], panels, inputs[p, PANEL], geometry[LANES], columns, inputs[p, COLUMN],
                inputs[p, VECTORS], dx, to, pitch_x,
            )  # fmt: skip
    restore(mode)


@jit
def weight_gradients(
    adjoint, pitch, signals, pitch_s, x, pitch_x, first, rows, before, lanes, low, high, gradients, columns, packed,
    sources, dweights, dbiases,
):  # fmt: skip
    """Add up all rows: dbiases += the adjoints of the product lines, dweights += those times what their weights took.

    before: the row that each row continues; low, high: vectors of the product lines, so that threads can share them;
    gradients: for each source of products the run of vectors that it goes to; columns: where a vector lies, one after
    the other; packed, sources: room for the adjoints and the sources of a block of rows. A weight's gradient comes
    transposed, a row for each entry of its source.
    """
    mode: int = flush()
    for begin in range(0, rows, BLOCK):
        count = min(BLOCK, rows - begin)
        for i in range(count):  # each vector of the block's rows becomes a panel
            at = (first + begin + i) * pitch
            for unit in range(low * lanes, high * lanes, lanes):
                pack(packed, unit * count + i * lanes, adjoint, at + unit, dbiases, unit)
        for g in range(len(gradients)):
            depth, wide = gradients[g, DEPTH], gradients[g, VECTORS] * lanes
            start = max(gradients[g, FIRST], low)  # of the run, what is this thread's
            vectors = min(gradients[g, FIRST] + gradients[g, VECTORS], high) - start
            if vectors <= 0:
                continue
            for i in range(count):
                if gradients[g, SOURCE] < 0:
                    copy(sources, i * depth, x, (begin + i) * pitch_x, depth)
                else:
                    row = before[begin + i] if gradients[g, EARLIER] else first + begin + i
                    copy(sources, i * depth, signals, row * pitch_s + gradients[g, SOURCE], depth)
            out = gradients[g, OUT_AT] + (start - gradients[g, FIRST]) * lanes
            multiply(
                TURNED, sources, 0, depth, depth, count, packed, start * lanes * count, lanes, columns, 0, vectors,
                dweights, out, wide,
            )  # fmt: skip
    restore(mode)


@jit
def lay_out(table, lanes, dweights, dbiases, dslopes, places, g):
    """The sums of the loops as people know them, into g: the parameters one after the other, each row by row.

    What is summed twice has a row of the table for each sum, and only the first of them is not added. places: room, an
    entry for each unit.
    """
    for r in range(len(table)):
        kind, begin, apart, units = table[r, SUM], table[r, BEGIN], table[r, APART], table[r, UNITS]
        depth, to, sign, again = table[r, TALL], table[r, PLACE], table[r, SIGN], table[r, AGAIN]
        source = dweights if kind == 0 else dbiases if kind == 1 else dslopes
        wide, deep = 0, 0  # units and entries that are turned in blocks
        if sign > 0 and not again and units >= lanes and depth >= lanes:
            wide, deep = units // lanes * lanes, depth // lanes * lanes
            for unit in range(wide):
                places[unit] = unit * depth
            for k in range(0, deep, lanes):
                for unit in range(0, wide, lanes):
                    turn_block(IN, source, begin + unit + k * apart, apart, g, to + k, places, unit)
        for k in range(depth):
            for unit in range(wide if k < deep else 0, units):
                before = g[to + unit * depth + k] if again else 0
                g[to + unit * depth + k] = before + sign * source[begin + unit + k * apart]


@jit
def descend(
    loop, signals, pitch_s, geometry, adjoint, pitch, chunk, starts, products, rowwise, panels, columns, extras,
    arriving, slot, width, clear, x, pitch_x, before, gradients, runs, shown, room, places, g,
):  # fmt: skip
    """The whole way back of a cell at once: its loop (by its address), the sums of the weights' gradients, and g.

    room: for the adjoints and the sources of a block of rows, and for the sums; the rest as for the three.
    """
    first, rows, lanes, lines = starts[1], starts[-1] - starts[1], geometry[LANES], runs[-1]
    deepest, entries = 0, 0
    for source in range(len(gradients)):
        deepest = max(deepest, gradients[source, DEPTH])
        entries += gradients[source, DEPTH] * gradients[source, VECTORS] * lanes
    at = min(rows, BLOCK) * lines
    packed, sources = room[:at], room[at : at + min(rows, BLOCK) * deepest]
    at += len(sources)
    sums = room[at : at + entries + lines + len(extras)]
    for entry in range(len(sums)):
        sums[entry] = 0
    dweights, dbiases, dextras = sums[:entries], sums[entries : entries + lines], sums[entries + lines :]
    call_backward(
        loop, signals, pitch_s, geometry, adjoint, adjoint, pitch, chunk, starts, 0, max(first, rows), products,
        rowwise, panels, columns, extras, dextras, arriving, slot, width, 0, clear,
    )  # fmt: skip
    weight_gradients(
        adjoint, pitch, signals, pitch_s, x, pitch_x, first, rows, before, lanes, 0, lines // lanes, gradients, runs,
        packed, sources, dweights, dbiases,
    )  # fmt: skip
    lay_out(shown, lanes, dweights, dbiases, dextras, places, g)
