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

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import literally, types
from numba.core import cgutils
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.jit import address_of, call_address, inner
from rnncalc.engine.compiled.codegen.register import WIDTH
from rnncalc.engine.compiled.codegen.vector import Vector

ROWS = (
    8 if WIDTH == 64 else 4
)  # rows of a tile: two accumulators each, of the 32 registers of AVX-512 or the 16 of AVX2
WIDE = 8 if WIDTH == 64 else 4  # vectors of a tile of one row: enough independent sums to hide the latency
ALONG, TURNED, ACROSS = range(3)  # the forms of a product
UNITS = 4  # units of a tile across sequences
GROUPS = 4 if WIDTH == 64 else 2  # rows of it


class ProductCode:
    """The code of a product: its operands, and tiles of them. Indices and numbers are those of Numba's arrays."""

    def __init__(self, context: Any, builder: ir.IRBuilder, form: int, signature: Any, arguments: Sequence[ir.Value]):
        a, a0, pitch_a, rows, depth, panels, p0, _lanes, columns, first, vectors, c, c0, pitch_c = arguments
        self.A, self.panels, self.columns, self.C = (
            context.make_array(signature.args[place])(context, builder, value).data
            for place, value in ((1, a), (6, panels), (9, columns), (12, c))
        )
        self.builder, self.form, self.vector = builder, form, Vector(builder, signature.args[1].dtype)
        self.a0, self.pitch_a, self.c0, self.pitch_c, self.p0 = a0, pitch_a, c0, pitch_c, p0
        self.rows, self.depth, self.first, self.vectors = rows, depth, first, vectors

    def number(self, value: int) -> ir.Constant:
        return ir.Constant(self.rows.type, value)

    def whole(self, count: ir.Value, size: int) -> ir.Value:
        """Of `count` things those that fill groups of this size, a power of two."""
        return self.builder.and_(count, self.number(-size))

    @contextmanager
    def steps(self, count: ir.Value, size: int) -> Iterator[ir.Value]:
        """A loop over whole groups: where each begins."""
        step, end = self.number(size), self.whole(count, size)
        with cgutils.for_range_slice(self.builder, self.number(0), end, step, inc=True) as (begin, _number):
            yield begin

    @contextmanager
    def rest(self, count: ir.Value, size: int) -> Iterator[ir.Value]:
        """A group of this size, of what groups twice as large left, if there is one: where it begins."""
        there = self.builder.icmp_unsigned("!=", self.builder.and_(count, self.number(size)), self.number(0))
        with self.builder.if_then(there):
            yield self.whole(count, 2 * size)

    def panel(self, vector: ir.Value) -> ir.Value:
        """Where the panel of a vector begins, the first of a pair; across sequences, of as many units."""
        each = self.number(1 if self.form == ACROSS else self.vector.lanes)
        return self.builder.add(self.p0, self.builder.mul(self.builder.mul(vector, self.depth), each))

    def strip(self, vector: ir.Value, width: int) -> None:
        """`width` vectors times all rows: tiles as high as they can be."""
        if self.form == ACROSS:
            with self.steps(self.rows, GROUPS) as row:
                self.tile(GROUPS, width, row, vector)
            with cgutils.for_range_slice(
                self.builder, self.whole(self.rows, GROUPS), self.rows, self.number(1), inc=True
            ) as (row, _number):
                self.tile(1, width, row, vector)
            return
        with self.steps(self.rows, ROWS) as row:
            self.tile(ROWS, width, row, vector)
        height = ROWS // 2
        while height:
            with self.rest(self.rows, height) as row:
                self.tile(height, width, row, vector)
            height //= 2

    def all(self) -> None:
        """Every vector and row."""
        if self.form == ACROSS:
            with self.steps(self.vectors, UNITS) as v:
                self.strip(v, UNITS)
            for width in (2, 1):
                with self.rest(self.vectors, width) as v:
                    self.strip(v, width)
            return
        alone_row = self.builder.icmp_signed("==", self.rows, self.number(1))
        with self.builder.if_else(alone_row) as (alone, several):
            with alone:  # more vectors at once, since one row alone has few independent sums
                with self.steps(self.vectors, WIDE) as v:
                    self.tile(1, WIDE, self.number(0), v)
                width = WIDE // 2
                while width:
                    with self.rest(self.vectors, width) as v:
                        self.tile(1, width, self.number(0), v)
                    width //= 2
            with several:
                with self.steps(self.vectors, 2) as v:
                    self.strip(v, 2)
                with self.rest(self.vectors, 1) as v:
                    self.strip(v, 1)

    def tile(self, height: int, width: int, row: ir.Value, first: ir.Value) -> None:
        """C[row, columns] += A[row, :depth] · panel for some rows and vectors from these on."""
        builder, vector, number, depth = self.builder, self.vector, self.number, self.depth
        transposed = self.form == TURNED
        column = builder.add(self.first, first)
        targets = [builder.load(builder.gep(self.columns, [builder.add(column, number(v))])) for v in range(width)]
        apart = number(1) if transposed else self.pitch_a
        rows = [builder.add(row, number(n)) for n in range(height)]
        rows_a = [builder.add(self.a0, builder.mul(apart, place)) for place in rows]
        rows_c = [builder.add(self.c0, builder.mul(self.pitch_c, place)) for place in rows]
        cells = [(n, v) for n in range(height) for v in range(width)]
        before = [vector.load(self.C, builder.add(rows_c[n], targets[v])) for n, v in cells]

        if transposed:  # the next tile's sums lie far apart, where no processor looks for them by itself
            for n, v in cells:
                below = builder.add(rows_c[n], builder.mul(self.pitch_c, number(height)))
                vector.prefetch(self.C, builder.add(below, targets[v]))

        together = 1 if transposed else min(width, 2)  # vectors of a panel
        panel = builder.mul(depth, number(together * vector.lanes))
        p = self.panel(first)
        bases = [builder.add(p, builder.mul(panel, number(v // together))) for v in range(width)]

        entry, body, done = builder.block, builder.append_basic_block("k"), builder.append_basic_block("end")
        builder.cbranch(builder.icmp_signed(">", depth, number(0)), body, done)
        builder.position_at_end(body)
        k = builder.phi(depth.type)
        sums = [builder.phi(vector.type) for _ in cells]
        k.add_incoming(number(0), entry)
        if self.form == ACROSS:
            begin = builder.add(p, builder.mul(k, number(width)))
            weights = [vector.spread(self.panels, builder.add(begin, number(v))) for v in range(width)]
        else:
            shift = builder.mul(k, number(together * vector.lanes))
            weights = [
                vector.load(self.panels, builder.add(builder.add(bases[v], shift), number(v % together * vector.lanes)))
                for v in range(width)
            ]
        along = builder.mul(k, self.pitch_a) if transposed else k
        after = []
        for (n, v), running in zip(cells, sums):
            if v == 0 and self.form == ACROSS:
                entry_a = vector.load(self.A, builder.add(rows_a[n], builder.mul(k, number(vector.lanes))))
            elif v == 0:
                entry_a = vector.spread(self.A, builder.add(rows_a[n], along))
            after.append(vector.fma(entry_a, weights[v], running))
        following = builder.add(k, number(1))
        k.add_incoming(following, builder.block)
        for running, start, end in zip(sums, before, after):
            running.add_incoming(start, entry)
            running.add_incoming(end, builder.block)
        last = builder.block
        builder.cbranch(builder.icmp_signed("<", following, depth), body, done)
        builder.position_at_end(done)
        results = [builder.phi(vector.type) for _ in cells]  # phis must come first in a block, before the stores
        for result, start, end in zip(results, before, after):
            result.add_incoming(start, entry)
            result.add_incoming(end, last)
        for (n, v), result in zip(cells, results):
            vector.store(result, self.C, builder.add(rows_c[n], targets[v]))


@intrinsic(prefer_literal=True)
def products(typing, form, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c):
    """The code of `multiply`. form: literal; made here and not by Numba of loops, which takes longer to compile."""

    def codegen(context, builder, signature, arguments):
        ProductCode(context, builder, form.literal_value, signature, arguments[1:]).all()
        return context.get_dummy_value()

    kinds = (form, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c)
    return types.void(*kinds), codegen


@inner
def multiply(form, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c):
    """C[:rows, columns[first : first + vectors]] += A[:rows, :depth] · the packed weight that begins at p0.

    form: literal: ALONG the units; TURNED, where A lies transposed, a row of memory for each k, and every vector of the
    weight is a panel by itself; ACROSS sequences, where `vectors` counts the units. a0, pitch_a: where A's rows begin
    and how far apart; columns: where in C's row each vector goes; c0, pitch_c as for A.
    """
    literally(form)
    products(form, a, a0, pitch_a, rows, depth, panels, p0, lanes, columns, first, vectors, c, c0, pitch_c)


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
    numbers, places, i = types.Array(numba.from_dtype(dtype), 1, "C"), types.Array(types.int64, 1, "C"), types.int64
    kinds = (types.literal(form), numbers, i, i, i, i, numbers, i, i, places, i, i, numbers, i, i)
    return address_of(multiply, kinds)
