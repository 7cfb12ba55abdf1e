"""The gradients of weights across the sequences: sums over the rows of a lane here, and over the lanes in the end."""

from __future__ import annotations

from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.denormals import flush, restore
from rnncalc.engine.compiled.codegen.jit import inner, jit
from rnncalc.engine.compiled.codegen.register import WIDTH
from rnncalc.engine.compiled.codegen.vector import Vector
from rnncalc.engine.compiled.layout import DEPTH, EARLIER, LINE, OUT_AT, SOURCE, UNITS

TALL = 4 if WIDTH == 64 else 2  # units of a tile of `outer`, which takes WIDE entries of the source
WIDE = 4


@jit
def add_sums(adjoint, begin, pitch, signals, groups, pitch_s, fed, depth, rows, table, ones, dweights, dbiases, lanes):
    """dbiases += the adjoints of the product lines, dweights += those times what their weights took, lane by lane.

    begin: where the rows of the first step begin in the adjoint block; groups: rows before them in that of the signals;
    ones: a vector of them, which is what biases take.
    """
    mode: int = flush()
    outer_sum(adjoint, begin, pitch, len(dbiases) // lanes, ones, 0, 0, 1, lanes, rows, dbiases, 0)
    for g in range(len(table)):
        line, units, out = begin + table[g, LINE], table[g, UNITS], table[g, OUT_AT]
        if table[g, SOURCE] < 0:
            outer_sum(adjoint, line, pitch, units, fed, 0, depth * lanes, table[g, DEPTH], lanes, rows, dweights, out)
        else:
            at = (0 if table[g, EARLIER] else groups * pitch_s) + table[g, SOURCE]
            outer_sum(adjoint, line, pitch, units, signals, at, pitch_s, table[g, DEPTH], lanes, rows, dweights, out)
    restore(mode)


@inner
def outer_sum(a, a0, pitch_a, units, b, b0, pitch_b, depth, lanes, rows, c, c0):
    """C[unit, k] += Σ over rows of A[row, unit] · B[row, k], every entry a vector."""
    k = 0
    while k + WIDE <= depth:
        column(WIDE, a, a0, pitch_a, units, b, b0 + k * lanes, pitch_b, lanes, rows, c, c0 + k * lanes, depth)
        k += WIDE
    if depth - k == 3:
        column(3, a, a0, pitch_a, units, b, b0 + k * lanes, pitch_b, lanes, rows, c, c0 + k * lanes, depth)
    elif depth - k == 2:
        column(2, a, a0, pitch_a, units, b, b0 + k * lanes, pitch_b, lanes, rows, c, c0 + k * lanes, depth)
    elif depth - k == 1:
        column(1, a, a0, pitch_a, units, b, b0 + k * lanes, pitch_b, lanes, rows, c, c0 + k * lanes, depth)


@inner
def column(wide, a, a0, pitch_a, units, b, b0, pitch_b, lanes, rows, c, c0, depth):
    """`wide` (literal) entries of the source with all units."""
    literally(wide)
    unit = 0
    while unit + TALL <= units:
        here, to = a0 + unit * lanes, c0 + unit * depth * lanes
        outer(TALL, wide, a, here, pitch_a, b, b0, pitch_b, rows, c, to, depth)
        unit += TALL
    while unit < units:
        here, to = a0 + unit * lanes, c0 + unit * depth * lanes
        outer(1, wide, a, here, pitch_a, b, b0, pitch_b, rows, c, to, depth)
        unit += 1


@intrinsic(prefer_literal=True)
def outer(typing, tall, wide, a, a0, pitch_a, b, b0, pitch_b, rows, c, c0, depth):
    """A tile of `outer_sum`: tall · wide sums in registers (both literal), all rows."""

    def codegen(context, builder, signature, arguments):
        height, width = tall.literal_value, wide.literal_value
        a_, a0_, pitch_a_, b_, b0_, pitch_b_, rows_, c_, c0_, depth_ = arguments[2:]
        A, B, C = (
            context.make_array(signature.args[k])(context, builder, value).data
            for k, value in ((2, a_), (5, b_), (9, c_))
        )
        vector = Vector(builder, signature.args[2].dtype)
        constant = lambda value: ir.Constant(rows_.type, value)  # noqa: E731
        entries = [builder.mul(constant(i), depth_) for i in range(height)]
        places = [
            builder.add(c0_, builder.mul(builder.add(entry, constant(j)), constant(vector.lanes)))
            for entry in entries
            for j in range(width)
        ]
        before = [vector.load(C, place) for place in places]
        entry, body, end = builder.block, builder.append_basic_block("row"), builder.append_basic_block("end")
        builder.branch(body)
        builder.position_at_end(body)
        row = builder.phi(rows_.type)
        row.add_incoming(constant(0), entry)
        sums = [builder.phi(vector.type) for _ in places]
        at_a = builder.add(a0_, builder.mul(row, pitch_a_))
        at_b = builder.add(b0_, builder.mul(row, pitch_b_))
        left = [vector.load(A, builder.add(at_a, constant(i * vector.lanes))) for i in range(height)]
        right = [vector.load(B, builder.add(at_b, constant(j * vector.lanes))) for j in range(width)]
        after = [vector.fma(left[n // width], right[n % width], running) for n, running in enumerate(sums)]
        for running, first, last in zip(sums, before, after):
            running.add_incoming(first, entry)
            running.add_incoming(last, body)
        following = builder.add(row, constant(1))
        row.add_incoming(following, body)
        builder.cbranch(builder.icmp_signed("<", following, rows_), body, end)
        builder.position_at_end(end)
        for place, value in zip(places, after):
            vector.store(value, C, place)
        return context.get_dummy_value()

    return types.void(tall, wide, a, a0, pitch_a, b, b0, pitch_b, rows, c, c0, depth), codegen
