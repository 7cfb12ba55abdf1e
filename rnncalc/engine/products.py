"""Weights times vectors: packed panels and a tile of accumulators that stays in registers.

A product adds to the columns of a row C what A (rows, K) times a packed weight gives. The weight's columns are the
units of its gates in whole vectors, taken two at a time: such a pair is a panel, K × 2 vectors, one after the other in
memory. A tile takes some rows of A and one panel: every accumulator starts from C, then for each k, ascending, one
entry of A is spread over a vector and multiplied by the panel's two vectors. An odd last vector is a panel by itself.

Every entry of C is so one chain of fused multiply-adds in ascending order of k, whatever the number of rows: a sequence
has the same bits alone and in any batch.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rnncalc.engine.jit import jit
from rnncalc.engine.vector import WIDTH, Vector

ROWS = (
    8 if WIDTH == 64 else 4
)  # rows of a tile: two accumulators each, of the 32 registers of AVX-512 or the 16 of AVX2
WIDE = 8 if WIDTH == 64 else 4  # vectors of a tile of one row: enough independent sums to hide the latency


@intrinsic(prefer_literal=True)
def tile(typing, rows, vectors, a, a0, pitch_a, panels, p0, depth, columns, column, c, c0, pitch_c):
    """C[row, columns] += A[row, :depth] · panel for `rows` rows and `vectors` vectors (both literal).

    a0, pitch_a: where A's rows begin and how far apart; p0: where the panel begins; columns[column:]: where in C's row
    each vector goes; c0, pitch_c as for A.
    """

    def codegen(context, builder, signature, arguments):
        height, width = rows.literal_value, vectors.literal_value
        a_, a0_, pitch_a_, panels_, p0_, depth_, columns_, column_, c_, c0_, pitch_c_ = arguments[2:]
        pointer = lambda index, value: context.make_array(signature.args[index])(context, builder, value).data  # noqa: E731
        A, P, where, C = pointer(2, a_), pointer(5, panels_), pointer(8, columns_), pointer(10, c_)
        vector = Vector(builder, signature.args[2].dtype)
        index = p0_.type
        constant = lambda value: ir.Constant(index, value)  # noqa: E731

        targets = [builder.load(builder.gep(where, [builder.add(column_, constant(v))])) for v in range(width)]
        starts = [builder.add(a0_, builder.mul(pitch_a_, constant(row))) for row in range(height)]
        rows_c = [builder.add(c0_, builder.mul(pitch_c_, constant(row))) for row in range(height)]
        cells = [(row, v) for row in range(height) for v in range(width)]
        before = [vector.load(C, builder.add(rows_c[row], targets[v])) for row, v in cells]

        paired = min(width, 2) * vector.lanes  # entries of a panel for one k
        panel = builder.mul(depth_, constant(paired))
        bases = [builder.add(p0_, builder.mul(panel, constant(v // 2))) for v in range(width)]

        entry, body, done = builder.block, builder.append_basic_block("k"), builder.append_basic_block("end")
        builder.cbranch(builder.icmp_signed(">", depth_, constant(0)), body, done)
        builder.position_at_end(body)
        k = builder.phi(index)
        sums = [builder.phi(vector.type) for _ in cells]
        k.add_incoming(constant(0), entry)
        shift = builder.mul(k, constant(paired))
        weights = [
            vector.load(P, builder.add(builder.add(bases[v], shift), constant(v % 2 * vector.lanes)))
            for v in range(width)
        ]
        after = []
        for (row, v), running in zip(cells, sums):
            if v == 0:
                entry_a = vector.spread(A, builder.add(starts[row], k))
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

    signature = types.void(rows, vectors, a, a0, pitch_a, panels, p0, depth, columns, column, c, c0, pitch_c)
    return signature, codegen


@jit
def multiply(a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c):
    """C[:rows, columns[first : first + vectors]] += A[:rows, :depth] · the packed weight that begins at p0."""
    panel = 2 * lanes * depth
    v = 0
    if rows == 1:
        while v + WIDE <= vectors:
            tile(1, WIDE, a, a0, pitch_a, panels, p0 + v // 2 * panel, depth, columns, first + v, c, c0, pitch_c)
            v += WIDE
    while v + 2 <= vectors:
        p, row = p0 + v // 2 * panel, 0
        while row + ROWS <= rows:
            tile(
                ROWS,
                2,
                a,
                a0 + row * pitch_a,
                pitch_a,
                panels,
                p,
                depth,
                columns,
                first + v,
                c,
                c0 + row * pitch_c,
                pitch_c,
            )
            row += ROWS
        while row < rows:
            tile(
                1,
                2,
                a,
                a0 + row * pitch_a,
                pitch_a,
                panels,
                p,
                depth,
                columns,
                first + v,
                c,
                c0 + row * pitch_c,
                pitch_c,
            )
            row += 1
        v += 2
    if v < vectors:
        p = p0 + v // 2 * panel
        for row in range(rows):
            tile(
                1,
                1,
                a,
                a0 + row * pitch_a,
                pitch_a,
                panels,
                p,
                depth,
                columns,
                first + v,
                c,
                c0 + row * pitch_c,
                pitch_c,
            )
