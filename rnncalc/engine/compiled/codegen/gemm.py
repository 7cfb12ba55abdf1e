"""Weights times vectors: packed panels and a tile of accumulators that stays in registers.

A product adds to the columns of a row C what A (rows, K) times a packed weight gives. The weight's columns are the
units of its gates in whole vectors, taken two at a time: such a pair is a panel, K × 2 vectors, one after the other in
memory. A tile takes some rows of A and one panel: every accumulator starts from C, then for each k, ascending, one
entry of A is spread over a vector and multiplied by the panel's two vectors. An odd last vector is a panel by itself.

Small weights would leave most of a vector empty. There a vector runs across sequences, one unit of as many sequences as
it has lanes: a row of A or C holds such a group of sequences, and every entry of it is a vector. The tile then spreads
the weight's entries, and no longer those of A.

Every entry of C is one chain of fused multiply-adds in ascending order of k, in all forms and whatever the number of
rows: a sequence has the same bits alone and in any batch.
"""

from __future__ import annotations

from functools import cache

import numba
import numpy as np
from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.jit import address_of, call_address, inner, jit
from rnncalc.engine.compiled.codegen.register import WIDTH
from rnncalc.engine.compiled.codegen.vector import Vector

ROWS = (
    8 if WIDTH == 64 else 4
)  # rows of a tile: two accumulators each, of the 32 registers of AVX-512 or the 16 of AVX2
WIDE = 8 if WIDTH == 64 else 4  # vectors of a tile of one row: enough independent sums to hide the latency
ALONG, TURNED, ACROSS = range(3)  # the forms of a product
UNITS = 4  # units of a tile across sequences
GROUPS = 4 if WIDTH == 64 else 2  # rows of it


@intrinsic(prefer_literal=True)
def tile(typing, form, rows, vectors, a, a0, pitch_a, panels, p0, depth, columns, column, c, c0, pitch_c):
    """C[row, columns] += A[row, :depth] · panel for `rows` rows and `vectors` vectors (all three numbers literal).

    a0, pitch_a: where A's rows begin and how far apart; p0: where the panel begins; columns[column:]: where in C's row
    each vector goes; c0, pitch_c as for A. form: ALONG the units; TURNED, where A lies transposed, a row of memory for
    each k, and every vector of the weight is a panel by itself; ACROSS sequences.
    """

    def codegen(context, builder, signature, arguments):
        kind, height, width = form.literal_value, rows.literal_value, vectors.literal_value
        transposed = kind == TURNED
        a_, a0_, pitch_a_, panels_, p0_, depth_, columns_, column_, c_, c0_, pitch_c_ = arguments[3:]
        pointer = lambda index, value: context.make_array(signature.args[index])(context, builder, value).data  # noqa: E731
        A, P, where, C = pointer(3, a_), pointer(6, panels_), pointer(9, columns_), pointer(11, c_)
        vector = Vector(builder, signature.args[3].dtype)
        index = p0_.type
        constant = lambda value: ir.Constant(index, value)  # noqa: E731

        targets = [builder.load(builder.gep(where, [builder.add(column_, constant(v))])) for v in range(width)]
        apart = constant(1) if transposed else pitch_a_
        rows_a = [builder.add(a0_, builder.mul(apart, constant(row))) for row in range(height)]
        rows_c = [builder.add(c0_, builder.mul(pitch_c_, constant(row))) for row in range(height)]
        cells = [(row, v) for row in range(height) for v in range(width)]
        before = [vector.load(C, builder.add(rows_c[row], targets[v])) for row, v in cells]

        if transposed:  # the next tile's sums lie far apart, where no processor looks for them by itself
            for row, v in cells:
                below = builder.add(rows_c[row], builder.mul(pitch_c_, constant(height)))
                vector.prefetch(C, builder.add(below, targets[v]))

        together = 1 if transposed else min(width, 2)  # vectors of a panel
        panel = builder.mul(depth_, constant(together * vector.lanes))
        bases = [builder.add(p0_, builder.mul(panel, constant(v // together))) for v in range(width)]

        entry, body, done = builder.block, builder.append_basic_block("k"), builder.append_basic_block("end")
        builder.cbranch(builder.icmp_signed(">", depth_, constant(0)), body, done)
        builder.position_at_end(body)
        k = builder.phi(index)
        sums = [builder.phi(vector.type) for _ in cells]
        k.add_incoming(constant(0), entry)
        if kind == ACROSS:
            begin = builder.add(p0_, builder.mul(k, constant(width)))
            weights = [vector.spread(P, builder.add(begin, constant(v))) for v in range(width)]
        else:
            shift = builder.mul(k, constant(together * vector.lanes))
            weights = [
                vector.load(P, builder.add(builder.add(bases[v], shift), constant(v % together * vector.lanes)))
                for v in range(width)
            ]
        along = builder.mul(k, pitch_a_) if transposed else k
        after = []
        for (row, v), running in zip(cells, sums):
            if v == 0 and kind == ACROSS:
                entry_a = vector.load(A, builder.add(rows_a[row], builder.mul(k, constant(vector.lanes))))
            elif v == 0:
                entry_a = vector.spread(A, builder.add(rows_a[row], along))
            after.append(vector.fma(entry_a, weights[v], running))
        following = builder.add(k, constant(1))
        k.add_incoming(following, builder.block)
        for running, start, end in zip(sums, before, after):
            running.add_incoming(start, entry)
            running.add_incoming(end, builder.block)
        last = builder.block
        builder.cbranch(builder.icmp_signed("<", following, depth_), body, done)
        builder.position_at_end(done)
        for (row, v), start, end in zip(cells, before, after):
            result = builder.phi(vector.type)
            result.add_incoming(start, entry)
            result.add_incoming(end, last)
            # phis must come first in a block, so stores follow in a second pass
            sums[cells.index((row, v))] = result
        for (row, v), result in zip(cells, sums):
            vector.store(result, C, builder.add(rows_c[row], targets[v]))
        return context.get_dummy_value()

    signature = types.void(form, rows, vectors, a, a0, pitch_a, panels, p0, depth, columns, column, c, c0, pitch_c)
    return signature, codegen


@inner
def strip(form, width, a, a0, pitch_a, rows, panels, p, depth, columns, column, c, c0, pitch_c):
    """One panel of `width` vectors times all rows: tiles as high as they can be. form, width: literal."""
    literally(form)
    literally(width)
    apart, row = 1 if form == TURNED else pitch_a, 0
    while row + ROWS <= rows:
        a_row, c_row = a0 + row * apart, c0 + row * pitch_c
        tile(form, ROWS, width, a, a_row, pitch_a, panels, p, depth, columns, column, c, c_row, pitch_c)
        row += ROWS
    if ROWS > 4 and row + 4 <= rows:
        a_row, c_row = a0 + row * apart, c0 + row * pitch_c
        tile(form, 4, width, a, a_row, pitch_a, panels, p, depth, columns, column, c, c_row, pitch_c)
        row += 4
    if row + 2 <= rows:
        a_row, c_row = a0 + row * apart, c0 + row * pitch_c
        tile(form, 2, width, a, a_row, pitch_a, panels, p, depth, columns, column, c, c_row, pitch_c)
        row += 2
    if row < rows:
        a_row, c_row = a0 + row * apart, c0 + row * pitch_c
        tile(form, 1, width, a, a_row, pitch_a, panels, p, depth, columns, column, c, c_row, pitch_c)


@jit
def multiply(form, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c):
    """C[:rows, columns[first : first + vectors]] += A[:rows, :depth] · the packed weight that begins at p0.

    form: literal, ALONG or TURNED.
    """
    literally(form)
    panel, v = 2 * lanes * depth, 0
    if rows == 1:  # more vectors at once, since one row alone has few independent sums
        while v + WIDE <= vectors:
            p = p0 + v // 2 * panel
            tile(form, 1, WIDE, a, a0, pitch_a, panels, p, depth, columns, first + v, c, c0, pitch_c)
            v += WIDE
        if WIDE > 4 and v + 4 <= vectors:
            p = p0 + v // 2 * panel
            tile(form, 1, 4, a, a0, pitch_a, panels, p, depth, columns, first + v, c, c0, pitch_c)
            v += 4
    while v + 2 <= vectors:
        p = p0 + v // 2 * panel
        strip(form, 2, a, a0, pitch_a, rows, panels, p, depth, columns, first + v, c, c0, pitch_c)
        v += 2
    if v < vectors:
        p = p0 + v // 2 * panel
        strip(form, 1, a, a0, pitch_a, rows, panels, p, depth, columns, first + v, c, c0, pitch_c)


@inner
def groups(form, width, a, a0, pitch_a, rows, panels, p, depth, columns, column, c, c0, pitch_c):
    """`width` units times all rows, each of which is a group of sequences. form, width: literal."""
    literally(form)
    literally(width)
    row = 0
    while row + GROUPS <= rows:
        a_row, c_row = a0 + row * pitch_a, c0 + row * pitch_c
        tile(form, GROUPS, width, a, a_row, pitch_a, panels, p, depth, columns, column, c, c_row, pitch_c)
        row += GROUPS
    while row < rows:
        a_row, c_row = a0 + row * pitch_a, c0 + row * pitch_c
        tile(form, 1, width, a, a_row, pitch_a, panels, p, depth, columns, column, c, c_row, pitch_c)
        row += 1


@inner
def multiply_across(form, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c):
    """What `multiply` does, across sequences: `vectors` counts the units. form: literal, ACROSS."""
    literally(form)
    v, p = 0, p0
    while v + UNITS <= vectors:
        groups(form, UNITS, a, a0, pitch_a, rows, panels, p, depth, columns, first + v, c, c0, pitch_c)
        v, p = v + UNITS, p + UNITS * depth
    if v + 2 <= vectors:
        groups(form, 2, a, a0, pitch_a, rows, panels, p, depth, columns, first + v, c, c0, pitch_c)
        v, p = v + 2, p + 2 * depth
    if v < vectors:
        groups(form, 1, a, a0, pitch_a, rows, panels, p, depth, columns, first + v, c, c0, pitch_c)


@intrinsic
def call_multiply(
    typing, address, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c
):
    """A product through its address: the loops of all cells share its machine code, and compile without it."""
    arguments = (a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c)
    return types.void(types.int64, *arguments), call_address


@cache
def address(dtype: np.dtype, form: int = ALONG) -> int:
    """Where the machine code of a form of product lies for that dtype; compiled, or found on disk, on first need."""
    function = multiply if form in (ALONG, TURNED) else multiply_across
    numbers, places, i = types.Array(numba.from_dtype(dtype), 1, "C"), types.Array(types.int64, 1, "C"), types.int64
    kinds = (types.literal(form), numbers, i, i, i, i, numbers, i, i, places, i, i, numbers, i, i)
    return address_of(function, kinds)
