"""A stage's sums across sequences: every line that has products, from its bias to its last product, in registers.

Across the sequences (see `gemm`) a line's sum is short: a few inputs, a few units. As a product for each source it
would be read and written once for each. Here a tile of units and groups of sequences starts from the biases, goes
through up to two sources, and is written once; if there are more, the next tile goes on from what it finds.

The order of the additions is that of `kernels.forward`: the bias, the inputs, then source after source.
"""

from __future__ import annotations

from functools import cache

import numba
import numpy as np
from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.gemm import ACROSS, GROUPS, UNITS
from rnncalc.engine.compiled.codegen.jit import address_of, call_address, inner
from rnncalc.engine.compiled.codegen.vector import Vector
from rnncalc.engine.compiled.layout import (
    CONTINUES,
    FROM_EARLIER,
    FROM_X,
    PANEL,
    STAGE,
    TERM_AT,
    TERM_COLUMNS,
    TERM_DEPTH,
    TERM_SOURCE,
    TILE_COLUMN,
    TILE_COLUMNS,
    TILE_UNITS,
)


@intrinsic(prefer_literal=True)
def tile(typing, rows, units, table, i, biases, columns, signals, before, here, pitch, x, x0, pitch_x, panels):
    """The i-th tile of the table for `rows` rows of the block; rows and units are literal. The rest as in `affine`."""

    def codegen(context, builder, signature, arguments):
        height, width = rows.literal_value, units.literal_value
        i_, before_, here_, pitch_, x0_, pitch_x_ = (arguments[k] for k in (3, 7, 8, 9, 11, 12))
        data = lambda k: context.make_array(signature.args[k])(context, builder, arguments[k]).data  # noqa: E731
        T, B, where, S, A, P = (data(k) for k in (2, 4, 5, 6, 10, 13))
        vector = Vector(builder, signature.args[6].dtype)
        constant = lambda value: ir.Constant(i_.type, value)  # noqa: E731
        plus, times, select = builder.add, builder.mul, builder.select
        entry = lambda k: builder.load(builder.gep(T, [plus(times(i_, constant(TILE_COLUMNS)), constant(k))]))  # noqa: E731
        is_ = lambda value, number: builder.icmp_signed("==", value, constant(number))  # noqa: E731

        column, fresh = entry(TILE_COLUMN), is_(entry(CONTINUES), 0)
        targets = [builder.load(builder.gep(where, [plus(column, constant(v))])) for v in range(width)]
        lines = [plus(here_, times(pitch_, constant(row))) for row in range(height)]
        cells = [(row, v) for row in range(height) for v in range(width)]
        begin, begins = select(fresh, B, S), [select(fresh, constant(0), line) for line in lines]
        sums = [vector.load(begin, plus(begins[row], targets[v])) for row, v in cells]
        panel = entry(PANEL)
        for which in (0, TERM_COLUMNS):
            kind, depth = entry(TERM_SOURCE + which), entry(TERM_DEPTH + which)
            source, apart = select(is_(kind, FROM_X), A, S), select(is_(kind, FROM_X), pitch_x_, pitch_)
            base = select(is_(kind, FROM_X), x0_, select(is_(kind, FROM_EARLIER), before_, here_))
            first = plus(base, entry(TERM_AT + which))
            sources = [plus(first, times(apart, constant(row))) for row in range(height)]

            above, body, end = builder.block, builder.append_basic_block("k"), builder.append_basic_block("end")
            builder.cbranch(builder.icmp_signed(">", depth, constant(0)), body, end)
            builder.position_at_end(body)
            k, running = builder.phi(depth.type), [builder.phi(vector.type) for _cell in cells]
            weights = [
                vector.spread(P, plus(panel, plus(times(k, constant(width)), constant(v)))) for v in range(width)
            ]
            taken = [vector.load(source, plus(start, times(k, constant(vector.lanes)))) for start in sources]
            after = [vector.fma(taken[row], weights[v], value) for (row, v), value in zip(cells, running)]
            following = plus(k, constant(1))
            builder.cbranch(builder.icmp_signed("<", following, depth), body, end)
            for phi, start, value in zip([k, *running], [constant(0), *sums], [following, *after]):
                phi.add_incoming(start, above)
                phi.add_incoming(value, body)
            builder.position_at_end(end)
            joined = [builder.phi(vector.type) for _cell in cells]
            for phi, start, value in zip(joined, sums, after):
                phi.add_incoming(start, above)
                phi.add_incoming(value, body)
            sums, panel = joined, plus(panel, times(depth, constant(width)))
        for (row, v), value in zip(cells, sums):
            vector.store(value, S, plus(lines[row], targets[v]))
        return context.get_dummy_value()

    return types.void(
        rows, units, table, i, biases, columns, signals, before, here, pitch, x, x0, pitch_x, panels
    ), codegen


@inner
def strip(units, table, i, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels):
    """A tile's units (literal) of all rows, each of which is a group of sequences."""
    literally(units)
    row = 0
    while row + GROUPS <= rows:
        at, now, fed = before + row * pitch, here + row * pitch, x0 + row * pitch_x
        tile(GROUPS, units, table, i, biases, columns, signals, at, now, pitch, x, fed, pitch_x, panels)
        row += GROUPS
    while row < rows:
        at, now, fed = before + row * pitch, here + row * pitch, x0 + row * pitch_x
        tile(1, units, table, i, biases, columns, signals, at, now, pitch, x, fed, pitch_x, panels)
        row += 1


@inner
def affine(form, stage, table, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels):
    """The lines of a stage that have products, in some rows of the block. form: literal, ACROSS.

    table: its columns are those of `layout`; biases: the first entries of every row; columns: where in a row each unit
    goes; before, here: where the rows begin that these continue, and these, and how far they are apart; x0, pitch_x:
    the same of x.
    """
    literally(form)
    for i in range(len(table)):
        if table[i, STAGE] == stage:
            if table[i, TILE_UNITS] == UNITS:
                strip(UNITS, table, i, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels)
            elif table[i, TILE_UNITS] == 2:
                strip(2, table, i, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels)
            else:
                strip(1, table, i, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels)


@intrinsic
def call_affine(
    typing, address, stage, table, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels
):
    """A stage's sums through their address."""
    arguments = (stage, table, biases, columns, signals, before, here, pitch, rows, x, x0, pitch_x, panels)
    return types.void(types.int64, *arguments), call_address


@cache
def address(dtype: np.dtype) -> int:
    """Where the machine code of `affine` lies for that dtype; compiled, or found on disk, on first need."""
    numbers, places, i = types.Array(numba.from_dtype(dtype), 1, "C"), types.Array(types.int64, 1, "C"), types.int64
    table = types.Array(types.int64, 2, "C")
    return address_of(
        affine, (types.literal(ACROSS), i, table, numbers, places, numbers, i, i, i, i, numbers, i, i, numbers)
    )
