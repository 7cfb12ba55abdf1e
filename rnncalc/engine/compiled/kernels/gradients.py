"""The gradients of inputs and weights, from what the backward loop left in the adjoint block.

What the weights multiplied and what reached their lines make one product over all rows, in blocks that stay in cache.
"""

from __future__ import annotations

from rnncalc.engine.compiled.codegen.denormals import flush, restore
from rnncalc.engine.compiled.codegen.forward_lines import copy, pack
from rnncalc.engine.compiled.codegen.gemm import TURNED, call_multiply, products
from rnncalc.engine.compiled.codegen.jit import inner, jit
from rnncalc.engine.compiled.codegen.transpose import IN, transpose_tile
from rnncalc.engine.compiled.kernels.backward import call_backward
from rnncalc.engine.compiled.layout import (
    ADDS,
    APART,
    BEGIN,
    COLUMN,
    DEPTH,
    EARLIER,
    FIRST,
    LANES,
    MULTIPLY,
    OUT_AT,
    PANEL,
    PLACE,
    SIGN,
    SOURCE,
    SUM,
    UNITS,
    VECTORS,
)

BLOCK = 128  # rows whose adjoints are packed at once


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


@inner
def add_up(
    adjoint, pitch, signals, pitch_s, x, pitch_x, first, rows, before, order, order_x, lanes, low, high, gradients,
    columns, packed, sources, dweights, dbiases,
):  # fmt: skip
    """Add up all rows: dbiases += the adjoints of the product lines, dweights += those times what their weights took.

    before: the row that each row continues; order, order_x: where the rows lie in the blocks and among the inputs, if
    not one after the other, in the blocks from `first` on; low, high: vectors of the product lines, so that threads can
    share them; gradients: for each source of products the run of vectors that it goes to; columns: where a vector lies,
    one after the other; packed, sources: room for the adjoints and the sources of a block of rows. A weight's gradient
    comes transposed, a row for each entry of its source.
    """
    mode: int = flush()
    for begin in range(0, rows, BLOCK):
        count = min(BLOCK, rows - begin)
        for i in range(count):  # each vector of the block's rows becomes a panel
            at = (order[begin + i] if len(order) else first + begin + i) * pitch
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
                    row = order_x[begin + i] if len(order_x) else begin + i
                    copy(sources, i * depth, x, row * pitch_x, depth)
                else:
                    row = order[begin + i] if len(order) else first + begin + i
                    row = before[begin + i] if gradients[g, EARLIER] else row
                    copy(sources, i * depth, signals, row * pitch_s + gradients[g, SOURCE], depth)
            out = gradients[g, OUT_AT] + (start - gradients[g, FIRST]) * lanes
            products(
                TURNED, sources, 0, depth, depth, count, packed, start * lanes * count, lanes, columns, 0, vectors,
                dweights, out, wide,
            )  # fmt: skip
    restore(mode)


@inner
def arrange(table, lanes, dweights, dbiases, dslopes, places, g):
    """The sums of the loops as people know them, into g: the parameters one after the other, each row by row.

    What is summed twice has a row of the table for each sum, and only the first of them is not added. places: room, an
    entry for each unit.
    """
    for r in range(len(table)):
        kind, begin, apart, units = table[r, SUM], table[r, BEGIN], table[r, APART], table[r, UNITS]
        depth, to, sign, adds = table[r, DEPTH], table[r, PLACE], table[r, SIGN], table[r, ADDS]
        source = dweights if kind == 0 else dbiases if kind == 1 else dslopes
        wide, deep = 0, 0  # units and entries that are transposed in tiles
        if sign > 0 and not adds and units >= lanes and depth >= lanes:
            wide, deep = units // lanes * lanes, depth // lanes * lanes
            for unit in range(wide):
                places[unit] = unit * depth
            for k in range(0, deep, lanes):
                for unit in range(0, wide, lanes):
                    transpose_tile(IN, source, begin + unit + k * apart, apart, g, to + k, places, unit)
        for k in range(depth):
            for unit in range(wide if k < deep else 0, units):
                before = g[to + unit * depth + k] if adds else 0
                g[to + unit * depth + k] = before + sign * source[begin + unit + k * apart]


weight_gradients, lay_out = jit(add_up), jit(arrange)  # the same, which Python calls


@jit
def descend(
    loop, signals, pitch_s, geometry, adjoint, pitch, chunk, offsets, products, rowwise, panels, columns, extras,
    arriving, slot, width, clear, x, pitch_x, before, gradients, runs, shown, room, places, g,
):  # fmt: skip
    """The whole way back of a cell at once: its loop (by its address), the sums of the weights' gradients, and g.

    room: for the adjoints and the sources of a block of rows, and for the sums; the rest as for the three.
    """
    first, rows, lanes, lines = offsets[1], offsets[-1] - offsets[1], geometry[LANES], runs[-1]
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
        loop, signals, pitch_s, geometry, adjoint, adjoint, pitch, chunk, offsets, 0, max(first, rows), products,
        rowwise, panels, columns, extras, dextras, arriving, slot, width, 0, clear,
    )  # fmt: skip
    add_up(
        adjoint, pitch, signals, pitch_s, x, pitch_x, first, rows, before, before[:0], before[:0], lanes, 0,
        lines // lanes, gradients, runs, packed, sources, dweights, dbiases,
    )  # fmt: skip
    arrange(shown, lanes, dweights, dbiases, dextras, places, g)
