"""The drivers of the way back across the sequences, and the gradients of weights as sums of vectors.

A weight's gradient is a sum over the rows of a lane here, and over the lanes in the end.
"""

from __future__ import annotations

from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine import back_loops
from rnncalc.engine.across_loops import feed
from rnncalc.engine.jit import call_address, jit
from rnncalc.engine.subnormal import flush, restore
from rnncalc.engine.turn import GROUPS, OUT, spread, turn
from rnncalc.engine.vector import WIDTH, Vector

TALL = 4 if WIDTH == 64 else 2  # units of a tile of `outer`, which takes WIDE entries of the source
WIDE = 4
LINE, SOURCE, EARLIER, DEPTH, UNITS, OUT_AT = range(6)  # columns of the table of weight gradients


@jit
def backward(
    loop, geometry, sequences, steps, lanes, signals, pitch_s, adjoint, earlier, pitch, chunk, starts, products,
    rowwise, panels, columns, extras, dextras, none,
):  # fmt: skip
    """Fill the adjoint blocks of some groups after the other. loop: the address of the cell's backward loop."""
    base, base_s = 0, 0
    for first in range(0, sequences, GROUPS * lanes):
        groups = min(GROUPS, (sequences - first + lanes - 1) // lanes)
        for t in range(len(starts)):
            starts[t] = t * groups
        end, end_s = base + ((steps + 1) * groups + 1) * pitch, base_s + (steps + 1) * groups * pitch_s
        call_backward(
            loop, signals[base_s:end_s], pitch_s, geometry, adjoint[base:end], earlier[base:end], pitch, chunk, starts,
            0, groups, products, rowwise, panels, columns, extras, dextras, none, 0, 0, 0, -1,
        )  # fmt: skip
        base, base_s = end, end_s


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
def weight_gradients(
    adjoint, pitch, signals, pitch_s, x, lanes, width, gradients, fed, read, dweights, dbiases,
):  # fmt: skip
    """dbiases += the adjoints of the product lines, dweights += those times what their weights took, lane by lane."""
    mode: int = flush()
    (sequences, steps, depth), base, base_s = x.shape, 0, 0
    for first in range(0, sequences, GROUPS * lanes):
        groups = min(GROUPS, (sequences - first + lanes - 1) // lanes)
        rows, begin, begin_s = steps * groups, base + groups * pitch, base_s + groups * pitch_s
        feed(x, first, groups, lanes, fed, read)
        for row in range(rows):
            for entry in range(width):
                dbiases[entry] += adjoint[begin + row * pitch + entry]
        for g in range(len(gradients)):
            line, out = begin + gradients[g, LINE], gradients[g, OUT_AT]
            if gradients[g, SOURCE] < 0:
                outer_sum(
                    adjoint, line, pitch, gradients[g, UNITS], fed, 0, depth * lanes, gradients[g, DEPTH], lanes, rows,
                    dweights, out,
                )  # fmt: skip
            else:
                at = (base_s if gradients[g, EARLIER] else begin_s) + gradients[g, SOURCE]
                outer_sum(
                    adjoint, line, pitch, gradients[g, UNITS], signals, at, pitch_s, gradients[g, DEPTH], lanes, rows,
                    dweights, out,
                )  # fmt: skip
        base, base_s = base + ((steps + 1) * groups + 1) * pitch, base_s + (steps + 1) * groups * pitch_s
    restore(mode)


@jit
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


@jit
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


@jit
def input_gradients(
    adjoint, pitch, geometry, sequences, steps, lanes, inputs, panels, columns, depth, room, places, dx
):
    """dx (N, steps · depth) = what reached the product lines times their input weights, transposed."""
    base = 0
    for first in range(0, sequences, GROUPS * lanes):
        groups = min(GROUPS, (sequences - first + lanes - 1) // lanes)
        room[:] = 0
        back_loops.input_gradients(
            adjoint, pitch, geometry, base // pitch + groups, steps * groups, inputs, panels, columns, room, 0,
            depth * lanes,
        )  # fmt: skip
        spread(places, steps, depth, groups * depth * lanes, lanes)
        for group in range(groups):
            turn(OUT, dx, first + group * lanes, lanes, room, group * depth * lanes, places)
        base += ((steps + 1) * groups + 1) * pitch
