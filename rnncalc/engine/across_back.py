"""Backpropagation across the sequences: the backward loop of every cell, and the gradients of the weights lane by lane.

An adjoint block lies as the trace does, a few groups after the other, with a row behind each few for what is thrown
away. A weight's gradient is a sum over the rows of a lane, and over the lanes in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import literally, types
from numba.extending import intrinsic

from rnncalc.engine import back_loops
from rnncalc.engine.across import AcrossCell, AcrossRows, Folded, feed
from rnncalc.engine.jit import address_of, call_address, cell_signature, jit, machine_code
from rnncalc.engine.room import aligned
from rnncalc.engine.subnormal import flush, restore
from rnncalc.engine.turn import ADDED, GROUPS, OUT, spread, turn
from rnncalc.engine.vector import WIDTH, Vector
from rnncalc.equations import INPUT

if TYPE_CHECKING:
    from rnncalc.schedule import Schedule

TALL = 4 if WIDTH == 64 else 2  # units of a tile of `outer`, which takes WIDE entries of the source
WIDE = 4
LINE, SOURCE, EARLIER, DEPTH, UNITS, OUT_AT = range(6)  # columns of the table of weight gradients


@jit
def backward(
    loop, geometry, sequences, steps, lanes, signals, pitch_s, adjoint, earlier, pitch, chunk, starts, products,
    rowwise, panels, columns, extras, dextras,
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
            0, groups, products, rowwise, panels, columns, extras, dextras,
        )  # fmt: skip
        base, base_s = end, end_s


@intrinsic
def call_backward(
    typing, address, signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, starts, low, high, products,
    rowwise, panels, columns, extras, dextras,
):  # fmt: skip
    """A cell's `back_loops.backward` through its address."""
    arguments = (
        signals, pitch_s, geometry, adjoint, earlier, pitch, chunk, starts, low, high, products, rowwise, panels,
        columns, extras, dextras,
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


class AcrossAdjoint:
    """Gradients on their way back across the sequences; the methods are those of `CompiledAdjoint`."""

    def __init__(self, across: AcrossCell, signals: AcrossRows, x: np.ndarray, schedule: Schedule):
        self.across, self.cell, self.schedule, self.x = across, across.cell, schedule, x
        self.packed, self.back, self.signals = across.packed, across.back, signals.folded
        self.slopes = np.zeros(len(self.packed.extras), across.dtype)
        self.arriving = self.latest = self._block()
        self.reached = [self.latest]  # by every sweep
        self.waiting: dict[str, np.ndarray] = {}

    def _block(self) -> Folded:
        sizes = {slot: self.across.sizes["D" if slot == INPUT else self.cell.size(slot)] for slot in self.back.slots}
        places = {slot: (begin, sizes[slot]) for slot, begin in self.back.slots.items()}
        shape = self.signals.sequences, self.signals.levels - 1
        return Folded(self.packed, self.back.pitch, places, shape, more=self.back.pitch)

    def add(self, signal: str, rows: np.ndarray) -> None:
        """What arrives at a signal from above, (rows, width)."""
        self.waiting[signal] = self.waiting[signal] + rows if signal in self.waiting else rows

    def _bring(self) -> None:
        """Turn in what waits, on top of what a sweep before has left at the same signal."""
        for signal, rows in self.waiting.items():
            if len(self.reached) > 1:
                rows = rows + self.arriving.out(signal, 1, self.schedule.steps)
            wanted = np.ascontiguousarray(rows, self.across.dtype).reshape(self.schedule.sequences, -1)
            self.arriving.exchange(ADDED, wanted, signal, 1)
        self.waiting = {}

    def run(self, chunk: int = 0) -> None:
        """Through time, to the first step; with `chunk`, never from one block of so many steps into the one before."""
        self._bring()
        self._loop(self.latest, chunk)

    def sweep(self) -> None:
        """One step back from every row at once; what reached the steps before arrives there for the next sweep."""
        self._bring()
        self.latest, earlier = self.arriving, self._block()
        self._loop(earlier, 0)
        for state in self.cell.state:  # what reached the starts stays there
            start = earlier.out(state, 0, 1)
            self.latest.exchange(ADDED, start, state, 0)
            earlier.exchange(ADDED, np.zeros_like(start), state, 0)
        if self.latest is not self.reached[0]:
            self.reached.append(self.latest)
        self.arriving = earlier

    def hand_down(self, lower: Any, signal: str) -> None:
        """Add the gradient at the inputs of the latest run or sweep to a signal of the layer below."""
        lower.add(signal, self.below())

    def below(self, whole: bool = False) -> np.ndarray:
        """The gradient at the inputs, (rows, D): of the latest run or sweep, or of all together."""
        return reduce(np.add, [self._below(one) for one in (self.reached if whole else [self.latest])])

    def _below(self, adjoint: Folded) -> np.ndarray:
        back, schedule, depth = self.back, self.schedule, self.across.sizes["D"]
        dx = np.empty((schedule.sequences, schedule.steps * depth), self.across.dtype)
        room = aligned(schedule.steps * GROUPS * depth * self.packed.lanes, self.across.dtype)
        places = np.empty(schedule.steps * depth, np.int64)
        arguments = (
            adjoint.block, back.pitch, back.geometry, schedule.sequences, schedule.steps, self.packed.lanes,
            back.inputs, back.panels, back.columns, depth, room, places, dx,
        )  # fmt: skip
        machine_code(input_gradients, self.across.dtype, *arguments)(*arguments)
        rows = dx.reshape(-1, depth)
        return rows + adjoint.out(INPUT, 1, schedule.steps) if self.cell.adds_input else rows

    @property
    def totals(self) -> Mapping[str, np.ndarray]:
        """What reached each line, (N + rows, width), as far as it is kept."""
        return _Together([AcrossRows(one) for one in self.reached])

    @property
    def starts(self) -> dict[str, np.ndarray]:
        """What reached the initial states, (N, width)."""
        return {state: reduce(np.add, [one.out(state, 0, 1) for one in self.reached]) for state in self.cell.state}

    def parameters(self) -> dict[str, np.ndarray]:
        """The gradient of every parameter, by symbol."""
        lanes, dtype, schedule = self.packed.lanes, self.across.dtype, self.schedule
        depth = self.across.sizes.get("D", 0)
        table, places, entries = self._table
        weights, biases = np.zeros(entries * lanes, dtype), np.zeros(self.back.width, dtype)
        fed = aligned(schedule.steps * GROUPS * depth * lanes, dtype)
        read = np.empty(schedule.steps * depth, np.int64)
        for one in self.reached:
            arguments = (
                one.block, self.back.pitch, self.signals.block, self.packed.pitch, self.x, lanes, self.back.width,
                table, fed, read, weights, biases,
            )  # fmt: skip
            machine_code(weight_gradients, dtype, *arguments)(*arguments)
        summed, units = weights.reshape(-1, lanes).sum(axis=1), biases.reshape(-1, lanes).sum(axis=1)
        found: dict[str, np.ndarray] = {}
        for line in self.back.lines:
            begin = self.back.slots[line.signal] // lanes
            for sign, bias in line.biases:
                share = sign * units[begin : begin + self.across.sizes[self.cell.size(line.signal)]]
                found[bias] = found[bias] + share if bias in found else share
        for weight, (sign, out, tall, wide) in places.items():
            found[weight] = sign * summed[out : out + tall * wide].reshape(tall, wide)
        slopes = self.slopes.reshape(-1, lanes).sum(axis=1)
        for name in self.packed.program.extras:
            begin = self.packed.offset(name) // lanes
            slope = slopes[begin : begin + len(self.across.parameters[name])]
            found[name] = found[name] + slope if name in found else slope
        return found

    @cached_property
    def _table(self) -> tuple[np.ndarray, dict[str, tuple[int, int, int, int]], int]:
        """The weight gradients to be summed; weight → (sign, place, units, depth); the entries of all."""
        table, places, out = list[list[int]](), dict[str, tuple[int, int, int, int]](), 0
        for line in self.back.lines:
            units = self.across.sizes[self.cell.size(line.signal)]
            for term in (*line.inputs, *line.products):
                depth = self.across.parameters[term.weight].shape[1]
                source = -1 if term.source == INPUT else self.packed.offset(term.signal)
                begin = self.back.slots[line.signal]
                table.append([begin, source, int(term.previous), depth, units, out * self.packed.lanes])
                places[term.weight] = term.sign, out, units, depth
                out += units * depth
        return np.array(table, np.int64).reshape(-1, 6), places, out

    def _loop(self, earlier: Folded, chunk: int) -> None:
        back, schedule = self.back, self.schedule
        tables = (back.products, back.rowwise, back.panels, back.columns, self.packed.extras, self.slopes)
        starts = np.empty(schedule.steps + 2, np.int64)
        if not back.address:
            back.address = self._address(tables)
        arguments = (
            back.address, back.geometry, schedule.sequences, schedule.steps, self.packed.lanes,
            self.signals.block, self.packed.pitch, self.latest.block, earlier.block, back.pitch, chunk, starts, *tables,
        )  # fmt: skip
        machine_code(backward, self.across.dtype, *arguments)(*arguments)

    def _address(self, tables: tuple[np.ndarray, ...]) -> int:
        """The backward loop of this cell and dtype."""
        none, geometry = np.empty(0, self.across.dtype), self.back.geometry
        arguments = (none, 0, geometry, none, none, 0, 0, geometry, 0, 0, *tables)
        return address_of(back_loops.backward, cell_signature(self.cell.digest, *arguments))


class _Together(Mapping[str, np.ndarray]):
    """Rows by name, added up over several sweeps when somebody asks."""

    def __init__(self, parts: list[AcrossRows]):
        self.parts = parts

    def __getitem__(self, name: str) -> np.ndarray:
        return reduce(np.add, [part[name] for part in self.parts])

    def __iter__(self) -> Iterator[str]:
        return iter(name for name in self.parts[0] if name != INPUT)

    def __len__(self) -> int:
        return sum(1 for _name in self)
