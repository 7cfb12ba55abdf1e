"""Many short rows: a vector runs across sequences, one unit of as many sequences as it has lanes.

Weights of a few units would leave most of a vector empty. So sequences are taken in groups of as many as a vector has
lanes; a row of the block is then one step of one group, and each of its entries a vector. The loop is that of every
cell (`loops.forward`); only its geometry and the form of its products differ, and the bits do not.

    x (N, T, D)  →  some groups at a time: (T, groups, D, lanes)  →  the loop  →  (T, groups, O, lanes)  →  y (N, T, O)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.cells import Cell
from rnncalc.engine import loops
from rnncalc.engine.jit import address_of, call_address, cell_signature, jit, machine_code
from rnncalc.engine.pack import Packed, aligned
from rnncalc.engine.products import ACROSS
from rnncalc.engine.vector import Vector

GROUPS = 4  # groups that take their steps together: their rows stay in the first-level cache
ROOM = 64 * 1024  # bytes of the block
WIDEST = 4  # vectors: rows that are wider fill vectors by themselves, and tiles of many rows do better


@jit
def forward(
    loop, geometry, x, y, begin, final, starts, read, written, block, fed, out, ends, lanes, biases, inputs, products,
    rowwise, panels, columns, extras, emitted, states,
):  # fmt: skip
    """All sequences, some groups at a time. x (N, T, D), y (N, T, O); begin, final (N, kept): the states' units.

    loop: the address of the cell's loop.
    begin: of no rows where all start from zero; final: of no rows where nobody asked. Room: starts, for the schedule of
    some groups; read, written, for where entries lie; block, fed, out, ends, for the loop, its inputs and outputs.
    """
    sequences, steps, depth = x.shape
    pitch, wide = geometry[loops.PITCH], y.shape[2]
    for first in range(0, sequences, GROUPS * lanes):
        groups = min(GROUPS, (sequences - first + lanes - 1) // lanes)
        for t in range(len(starts)):
            starts[t] = t * groups
        spread(read, steps, depth, groups, lanes)
        spread(written, steps, wide, groups, lanes)
        for group in range(groups):
            here, row = first + group * lanes, group * pitch
            turn(1, x.reshape(sequences, -1), here, lanes, fed, group * depth * lanes, read)
            for s in range(len(states)):
                place, units = states[s, loops.OUT_AT] // lanes, states[s, loops.WIDTH] // lanes
                for unit in range(units):
                    to = row + states[s, loops.OFFSET] + unit * lanes
                    block[to : to + lanes] = 0
                    for lane in range(min(lanes, len(begin) - here)):
                        block[to + lane] = begin[here + lane, place + unit]
        call_forward(
            loop, block, geometry, starts, fed, depth * lanes, biases, inputs, products, rowwise, panels, columns,
            extras, emitted, out, states, ends[:groups],
        )  # fmt: skip
        for group in range(groups):
            here = first + group * lanes
            turn(0, y.reshape(sequences, -1), here, lanes, out, group * wide * lanes, written)
            for lane in range(min(lanes, len(final) - here)):
                for unit in range(final.shape[1]):
                    final[here + lane, unit] = ends[group, unit * lanes + lane]


@intrinsic
def call_forward(
    typing, address, signals, geometry, starts, x, pitch_x, biases, inputs, products, rowwise, panels, columns, extras,
    emitted, out, states, final,
):  # fmt: skip
    """A cell's `loops.forward` through its address."""
    arguments = (
        signals, geometry, starts, x, pitch_x, biases, inputs, products, rowwise, panels, columns, extras, emitted, out,
        states, final,
    )  # fmt: skip
    return types.void(types.int64, *arguments), call_address


@jit
def spread(places, steps, width, groups, lanes):
    """Where the entries of all steps of a sequence lie among those of some groups."""
    for t in range(steps):
        for unit in range(width):
            places[t * width + unit] = (t * groups * width + unit) * lanes


@jit
def turn(inward, rows, first, lanes, vectors, begin, places):
    """Step by step, entry by entry: rows[first + lane] (width) ↔ vectors[begin + places[entry] + lane].

    inward: literal 1, from rows to vectors, where lanes without a sequence get 0; 0: back.
    """
    literally(inward)
    count, width = min(lanes, len(rows) - first), rows.shape[1]
    entry = 0
    if count == lanes and width >= lanes:
        while entry < width:
            entry = min(entry, width - lanes)  # the last block begins earlier, where there is no whole one left
            turn_block(inward, rows.reshape(-1), first * width + entry, width, vectors, begin, places, entry)
            entry += lanes
        return
    for entry in range(width):
        to = begin + places[entry]
        for lane in range(count):
            if inward:
                vectors[to + lane] = rows[first + lane, entry]
            else:
                rows[first + lane, entry] = vectors[to + lane]
        if inward:
            for lane in range(count, lanes):
                vectors[to + lane] = 0


@intrinsic(prefer_literal=True)
def turn_block(typing, inward, rows, row, width, vectors, begin, places, entry):
    """A block of as many rows as lanes and as many entries, turned in registers by exchanging halves of pairs."""

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
        source, target = (along, across) if inward.literal_value else (across, along)
        read, write = data[:2] if inward.literal_value else data[1::-1]
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

    return types.void(inward, rows, row, width, vectors, begin, places, entry), codegen


Arrays = Mapping[str, np.ndarray]


class AcrossCell:
    """A cell packed to be run across sequences."""

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.dtype = cell, dtype
        self.packed = Packed(cell, parameters, sizes, dtype, form=ACROSS)
        self.lanes = self.packed.lanes
        self.width = sizes[cell.size(cell.emits)]
        places = (self.packed.states // self.lanes).tolist()
        self.states = {state: slice(at, at + width) for state, (_begin, width, at) in zip(cell.state, places)}
        self.kept = sum(width for _begin, width, _at in places)

    def infer(self, x: np.ndarray, initial: Arrays, wanted: bool) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What the cell emits, (N, T, width), and, if they are wanted, the states after the last step, (N, width).

        x (N, T, D), contiguous; initial: state → (N, width), zero if missing.
        """
        (sequences, steps, depth), lanes, pitch = x.shape, self.lanes, self.packed.pitch
        begin = np.zeros((sequences if initial else 0, self.kept), self.dtype)
        for state, start in initial.items():
            begin[:, self.states[state]] = start
        y = np.empty((sequences, steps, self.width), self.dtype)
        final = np.empty((sequences if wanted else 0, self.kept), self.dtype)
        rows = max(min(steps + 1, ROOM // (GROUPS * pitch * self.dtype.itemsize)), 2) * GROUPS
        block = aligned(rows * pitch, self.dtype)
        fed = aligned(steps * GROUPS * depth * lanes, self.dtype)
        out = aligned(steps * GROUPS * self.width * lanes, self.dtype)
        ends = aligned(GROUPS * self.kept * lanes, self.dtype).reshape(GROUPS, -1)
        starts, read, written = (np.empty(count, np.int64) for count in (steps + 2, steps * depth, steps * self.width))
        self._code(*self._arguments(x, y, begin, final, starts, read, written, block, fed, out, ends))
        return y, {state: final[:, place] for state, place in self.states.items()} if wanted else {}

    def _arguments(self, *arrays: np.ndarray) -> tuple[Any, ...]:
        packed = self.packed
        return (
            self._loop, packed.geometry, *arrays, self.lanes, *packed.tables, packed.emitted, packed.states,
        )  # fmt: skip

    @cached_property
    def _loop(self) -> int:
        """The address of the loop for this cell and dtype."""
        packed, none = self.packed, np.empty(0, self.dtype)
        ends = np.empty((0, 0), self.dtype)
        arguments = (
            none, packed.geometry, packed.geometry, none, 0, *packed.tables, packed.emitted, none, packed.states, ends,
        )  # fmt: skip
        return address_of(loops.forward, cell_signature(self.cell.digest, *arguments))

    @cached_property
    def _code(self) -> Any:
        """What all cells share, compiled or found in the cache on first need."""
        cube, square, line = (np.empty((0,) * axes, self.dtype) for axes in (3, 2, 1))
        places = self.packed.geometry
        sample = self._arguments(cube, cube, square, square, places, places, places, line, line, line, square)
        return machine_code(forward, self.dtype, *sample)
