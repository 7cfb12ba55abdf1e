"""Sequences transposed: from rows, one sequence after the other, to vectors with a sequence in every lane, and back.

A tile of as many rows as a vector has lanes, and of as many entries, is transposed in registers. Sequences are taken
in groups of as many as there are lanes, and some groups take their steps together, that their rows stay in the first-
level cache and the products have full tiles:

    rows (N, T, width)  ↔  for some groups at a time (T, groups, width, lanes)
"""

from __future__ import annotations

from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.jit import inner, jit
from rnncalc.engine.compiled.codegen.vector import Vector

OUT, IN, ADDED = range(3)


@inner
def spread(places, steps, width, stride, lanes):
    """Where the entries of all steps of a sequence lie: `stride` entries from step to step, a vector for each unit."""
    for t in range(steps):
        for unit in range(width):
            places[t * width + unit] = t * stride + unit * lanes


@jit
def transpose_signal(way, rows, width, block, levels, more, pitch, first, offset, lanes, together, places):
    """Some steps of one signal, for every sequence: rows (N, steps · width) ↔ a block of some groups at a time.

    levels: steps of the block, the start included; more: entries behind every few groups; together: how many these are;
    first: the level of the first step of `rows`; offset: where the signal lies in a row of the block; places: room, an
    entry for each of a row.
    """
    literally(way)
    steps, base = rows.shape[1] // width, 0
    for sequence in range(0, len(rows), together * lanes):
        groups = min(together, (len(rows) - sequence + lanes - 1) // lanes)
        spread(places, steps, width, groups * pitch, lanes)
        for group in range(groups):
            begin = base + (first * groups + group) * pitch + offset
            transpose_group(way, rows, sequence + group * lanes, lanes, block, begin, places)
        base += levels * groups * pitch + more


@inner
def transpose_group(way, rows, first, lanes, vectors, begin, places):
    """Entry by entry, rows[first + lane] (width) ↔ vectors[begin + places[entry] + lane].

    way: literal OUT, from vectors to rows; IN; or ADDED: in, on top of nothing: a lane without a sequence gets 0, where
    otherwise it does what the last sequence does, so that nothing overflows there alone.
    """
    literally(way)
    count, width = min(lanes, len(rows) - first), rows.shape[1]
    entry = 0
    if count == lanes and width >= lanes:
        while entry < width:
            entry = min(entry, width - lanes)  # the last block begins earlier, where there is no whole one left
            transpose_tile(way, rows.reshape(-1), first * width + entry, width, vectors, begin, places, entry)
            entry += lanes
        return
    for entry in range(width):
        to = begin + places[entry]
        for lane in range(count):
            if way == OUT:
                rows[first + lane, entry] = vectors[to + lane]
            else:
                vectors[to + lane] = rows[first + lane, entry]
        for lane in range(count, lanes if way != OUT else 0):
            vectors[to + lane] = rows[first + count - 1, entry] if way == IN else 0


@intrinsic(prefer_literal=True)
def transpose_tile(typing, way, rows, row, width, vectors, begin, places, entry):
    """A block of as many rows as lanes and as many entries, transposed in registers by exchanging halves of pairs."""

    def codegen(context, builder, signature, arguments):
        rows_, row_, width_, vectors_, begin_, places_, entry_ = arguments[1:]
        data = [
            context.make_array(signature.args[k])(context, builder, value).data
            for k, value in ((1, rows_), (4, vectors_), (6, places_))
        ]
        vector = Vector(builder, signature.args[1].dtype)
        constant = lambda value: ir.Constant(row_.type, value)  # noqa: E731
        lanes = range(vector.lanes)
        along = [builder.add(row_, builder.mul(width_, constant(lane))) for lane in lanes]
        looked_up = [builder.load(builder.gep(data[2], [builder.add(entry_, constant(lane))])) for lane in lanes]
        across = [builder.add(begin_, place) for place in looked_up]
        source, target = (along, across) if way.literal_value != OUT else (across, along)
        read, write = data[:2] if way.literal_value != OUT else data[1::-1]
        block = [vector.load(read, place) for place in source]
        half = 1
        while half < vector.lanes:
            for k in lanes:
                if not k & half:
                    a, b = block[k], block[k + half]
                    block[k] = vector.chosen(a, b, [n if not n & half else vector.lanes + n - half for n in lanes])
                    block[k + half] = vector.chosen(
                        a, b, [n + half if not n & half else vector.lanes + n for n in lanes]
                    )
            half *= 2
        for value, place in zip(block, target):
            vector.store(value, write, place)
        return context.get_dummy_value()

    return types.void(way, rows, row, width, vectors, begin, places, entry), codegen
