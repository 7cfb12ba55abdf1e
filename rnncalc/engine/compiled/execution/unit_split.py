"""One long sequence on several threads: each takes some units of every line, and all meet after every stage.

A product's columns are independent of each other, so a thread computes those of its own units, of every gate, and the
element-wise lines on them; the next product needs all of h, so nobody goes on before all have arrived. The chains of
additions are those of one thread, and so are the bits. It pays where the weights are large, because every thread reads
only its share of them, from a cache of its own.

Threads that wait for each other need a processor each. Where others are at work on them, a meeting takes as long as the
system lets somebody else run; then the first thread calls it off, and the rest of the sequence is computed by one.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

import numpy as np
from numba import literally

from rnncalc.common.threads import side_by_side
from rnncalc.engine.compiled.codegen.barrier import PATIENCE, arrive, leave, seen
from rnncalc.engine.compiled.codegen.forward_lines import copy, elementwise
from rnncalc.engine.compiled.codegen.gemm import call_multiply
from rnncalc.engine.compiled.codegen.jit import jit, specialised
from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.layout import (
    COLUMN,
    DEPTH,
    EARLIER,
    LANES,
    MULTIPLY,
    OFFSET,
    PANEL,
    PITCH,
    SOURCE,
    STAGE,
    STAGES,
    VECTORS,
    WIDTH,
    WIDTH_H,
)
from rnncalc.engine.compiled.packing.memory import aligned

AHEAD = 128  # rows whose input products are computed at once
LEAST = 256 * 1024  # bytes of recurrent weights, below which meeting costs more than reading
LONGEST = 20_000_000  # nanoseconds of such waiting in a call before it is called off
LOOKS = 20_000  # nanoseconds that they take, where there is no clock to ask
REST = 100  # calls that are then made by one thread, at most


@jit
def forward(
    cell, signals, geometry, sequences, steps, x, pitch_x, ahead, biases, inputs, products, panels, columns, extras,
    emitted, out, low, high, parts, longest, met,
):  # fmt: skip
    """All steps, of the vectors low … high of every line. `signals` has room for two steps, one after the other.

    ahead: room for biases and input products of AHEAD rows; parts: how many meet; longest: nanoseconds that the first
    thread waits before it calls it off; met: how often they have met, together, and after which meeting it ends, if so.
    Returns how many steps were done, the same in all threads.
    """
    literally(cell)
    H, pitch, lanes, wide = geometry[WIDTH_H], geometry[PITCH], geometry[LANES], len(biases)
    every, ready, meetings, waited = H // lanes, 0, 0, 0
    for t in range(steps):
        before, here = t % 2 * sequences, (t + 1) % 2 * sequences
        if t >= ready:
            rows = min(max(AHEAD // sequences, 1), steps - t) * sequences
            for row in range(rows):
                for line in range(0, wide, H):
                    begin = line + low * lanes
                    copy(ahead, row * wide + begin, biases, begin, (high - low) * lanes)
            for p in range(len(inputs)):
                share(
                    geometry[MULTIPLY], x, t * sequences * pitch_x, pitch_x, rows, inputs[p], panels, lanes, columns,
                    ahead, 0, wide, low, high, every,
                )  # fmt: skip
            first, ready = t, t + rows // sequences
        for i in range(sequences):
            for line in range(0, wide, H):
                begin, source = line + low * lanes, ((t - first) * sequences + i) * wide
                copy(signals, (here + i) * pitch + begin, ahead, source + begin, (high - low) * lanes)
        for stage in range(geometry[STAGES]):
            for p in range(len(products)):
                if products[p, STAGE] == stage:
                    source = (before if products[p, EARLIER] else here) * pitch + products[p, SOURCE]
                    share(
                        geometry[MULTIPLY], signals, source, pitch, sequences, products[p], panels, lanes, columns,
                        signals, here * pitch, pitch, low, high, every,
                    )  # fmt: skip
            for i in range(sequences):
                row, last = (here + i) * pitch, (before + i) * pitch
                for unit in range(low * lanes, high * lanes, lanes):
                    elementwise(cell, 0, stage, signals, row, last, H, 0, extras, unit)
            meetings += parts
            if waited > longest and low == 0 and met[1] == 0:
                met[1] = meetings
            arrive(met)
            looks, since = 0, 0
            while seen(met) < meetings:
                looks += 1
                if looks % PATIENCE == 0:
                    moment = leave()
                    waited += LOOKS if since == 0 else moment - since
                    since = moment
        for i in range(sequences):
            begin, end = low * lanes, min(high * lanes, emitted[WIDTH])
            target = (t * sequences + i) * emitted[WIDTH] + begin
            copy(out, target, signals, (here + i) * pitch + emitted[OFFSET] + begin, max(end - begin, 0))
        if met[1] > 0 and meetings >= met[1]:
            return t + 1
    return steps


@jit
def share(
    multiply, a, a0, pitch_a, rows, product, panels, lanes, columns, c, c0, pitch_c, low, high, every,
):  # fmt: skip
    """The vectors low … high of each of the lines of a product, every one of which has `every` vectors.

    Where `every` is odd, the last vectors of all lines lie behind the pairs of all lines.
    """
    lines, pairs = product[VECTORS] // every, every // 2 * 2
    for line in range(lines + every % 2):
        begin = line * pairs + (low if line < lines else 0)
        wide = min(high, pairs) - low if line < lines else lines
        if line == lines and high < every:
            break
        call_multiply(
            multiply, a, a0, pitch_a, rows, product[DEPTH], panels, product[PANEL] + begin * lanes * product[DEPTH],
            lanes, columns, product[COLUMN] + begin, wide, c, c0, pitch_c,
        )  # fmt: skip


class SplitCell:
    """A cell whose units are shared among threads; `pays` says whether it can be and is worth it."""

    def __init__(self, compiled: PackedCell):
        self.compiled, self.packed = compiled, compiled.packed
        self.every = self.packed.widths["H"] // self.packed.lanes
        self.resting, self.rest, self.longest = 0, 1, LONGEST

    def pays(self) -> bool:
        """Whether it is worth while, as far as one can tell from the cell and from the calls before."""
        self.resting = max(self.resting - 1, 0)
        return self.fits and not self.resting

    @cached_property
    def fits(self) -> bool:
        """Lines of one width, none of which mixes the units of a row; and weights that are large."""
        cell, sizes, size = self.compiled.cell, self.compiled.sizes, self.compiled.dtype.itemsize
        products = [term for line in self.packed.program.products for term in line.products]
        read = len(products) * sizes.get("H", 0) ** 2 * size
        plain = not cell.outputs and not cell.adds_input and not any(stage.rowwise for stage in cell.stages)
        return plain and bool(cell.state) and self.every >= 4 and read >= LEAST

    def infer(
        self, x: np.ndarray, pitch_x: int, block: np.ndarray, sequences: int, steps: int, threads: int, out: np.ndarray
    ) -> int:
        """Run the steps; the block, of two steps, begins with the initial states. Returns how many were done."""
        packed, pairs = self.packed, self.every // 2
        threads = min(threads, pairs)
        ends = [2 * (pairs * k // threads) for k in range(threads)] + [self.every]
        parts = [slice(low, high) for low, high in itertools.pairwise(ends)]
        met = np.zeros(8, np.int64)  # a cache line by itself
        room = [aligned(max(AHEAD, sequences) * len(packed.biases), self.compiled.dtype) for _part in parts]

        def run(part: slice) -> int:
            ahead = room[parts.index(part)]
            done: int = self._code(
                *self._arguments(block, sequences, steps, x, pitch_x, ahead, out, part, threads, met)
            )
            return done

        done = side_by_side(run, parts)[0]
        if done < steps:  # it is tried again at once, since a thread may only have been slow to find its processor
            self.resting, self.rest = self.rest, min(2 * self.rest, REST)
        else:
            self.rest = 1
        return done

    def _arguments(
        self, block: np.ndarray, sequences: int, steps: int, x: np.ndarray, pitch_x: int, ahead: np.ndarray,
        out: np.ndarray, part: slice, parts: int, met: np.ndarray,
    ) -> tuple[Any, ...]:  # fmt: skip
        packed = self.packed
        biases, inputs, products, _rowwise, panels, columns, extras = packed.tables
        return (
            self.compiled.cell.digest, block, packed.geometry, sequences, steps, x, pitch_x, ahead, biases, inputs,
            products, panels, columns, extras, packed.emitted, out, part.start, part.stop, parts, self.longest,
            met,
        )  # fmt: skip

    @cached_property
    def _code(self) -> Any:
        """The loop for this cell and dtype, compiled or found in the cache on first need."""
        none = np.empty(0, self.compiled.dtype)
        sample = self._arguments(none, 0, 0, none, 0, none, none, slice(0, 0), 0, self.packed.geometry)
        return specialised(forward, *sample)
