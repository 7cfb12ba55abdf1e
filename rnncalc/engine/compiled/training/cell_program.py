"""One cell in training: what it does at every step, written as calls of a tape.

`CompiledCell` packs weights once and makes new blocks for every call. Here the parameters are one vector θ that changes
at every step, so a `CellProgram` knows where in θ each packed number comes from, and packing anew is one pass over an
index; its blocks are kept and grow to the largest batch. Gradients come out as one vector like θ.

The file is longer than 250 lines because the two ways through a cell and its packing share every one of their tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncalc.common.threads import EVERY
from rnncalc.engine.compiled.execution.compiled_cell import CompiledCell
from rnncalc.engine.compiled.kernels import backward as back_loops
from rnncalc.engine.compiled.kernels import forward as loops
from rnncalc.engine.compiled.kernels import gradients as gradient_loops
from rnncalc.engine.compiled.kernels.forward import TOKENS
from rnncalc.engine.compiled.kernels.repack import move_blocks
from rnncalc.engine.compiled.layout import LENGTH, RUNS, SOURCE
from rnncalc.engine.compiled.packing.memory import aligned
from rnncalc.engine.compiled.packing.repacking import backward_calls, forward_calls
from rnncalc.engine.compiled.training import batches
from rnncalc.engine.compiled.training import loops as train_loops
from rnncalc.engine.compiled.training.tape import Later, Literal, Tape, View
from rnncalc.model.equations.expression import INPUT
from rnncalc.model.layer import DirectionalLayer

Places = Mapping[str, np.ndarray]
INDEX = np.dtype(np.int64)
NOWHERE = np.empty(0, np.int64)
UNKNOWN = 1 << 40  # entries of a run of memory whose end nobody asks for


@dataclass(frozen=True)
class Fed:
    """Rows in memory: the address where a part's begin, and how many entries they are apart, or TOKENS.

    every: where those of all parts begin; index: the register that says which row of these is the i-th of all.
    """

    data: Later
    pitch: int
    dtype: np.dtype
    every: Later | int = 0
    index: int = batches.ORDER

    @classmethod
    def of(cls, rows: np.ndarray, pitch: int, begin: int = 0, first: int = batches.FIRST) -> Fed:
        """Rows of a flat array, which must outlive the tape. first: the register that says which is a part's first."""
        every = rows.ctypes.data + begin * rows.itemsize
        return cls(Later(first, abs(pitch) * rows.itemsize, every), pitch, rows.dtype, every)

    def at(self, entry: int) -> Fed:
        """The same rows from an entry on."""
        assert isinstance(self.every, int)
        begin = entry * self.dtype.itemsize
        return replace(self, data=replace(self.data, plus=self.data.plus + begin), every=self.every + begin)

    @property
    def view(self) -> View:
        return View(self.dtype, self.data, UNKNOWN)


@dataclass(frozen=True)
class Share:
    """What one of some threads does of work that all have together: entries, columns, blocks, neighbours each."""

    number: int = 0
    parts: int = 1

    def of(self, count: int, together: int = 1) -> slice:
        """Its part of so many things, of which some stay together."""
        bunches = -(-count // together)
        begin, end = (min(bunches * k // self.parts * together, count) for k in (self.number, self.number + 1))
        return slice(begin, end)

    def weighted(self, work: np.ndarray) -> slice:
        """Its part of things of which each says how much work it is."""
        before = np.cumsum(work) - work
        begin, end = (np.searchsorted(before, int(work.sum()) * k / self.parts) for k in (self.number, self.number + 1))
        return slice(int(begin), int(end))


def copy_rows(
    tape: Tape, kind: int, count: int, width: int, target: Fed, source: Fed, other: Fed | None = None,
    to: Any = NOWHERE, of: Any = NOWHERE, by: Any = NOWHERE,
) -> None:  # fmt: skip
    """`loops.rows` for as many rows as a register says."""
    arguments: list[Any] = [kind, Later(count), width]
    for fed, index in ((target, to), (source, of), (other or source, by)):
        arguments += [fed.view, max(fed.pitch, 1), index]
    tape.call(train_loops.rows, *arguments)


class CellProgram:
    """One cell in training: its packed weights, where in θ they come from, and its blocks.

    places: symbol → where each entry lies in θ, from 1. below: whether the gradient at its inputs is wanted.
    """

    def __init__(self, layer: DirectionalLayer, places: Places, theta: np.ndarray, below: bool):
        self.layer, self.cell, self.theta, self.dtype = layer, layer.cell, theta, theta.dtype
        self.compiled = CompiledCell(layer.cell, layer.parameters, layer.sizes, theta.dtype)
        self.packed, self.back = self.compiled.packed, self.compiled.back
        self.pitch, self.pitch_a = self.packed.pitch, self.back.pitch
        self._rooms: dict[str, np.ndarray] = {}
        self.flat = False
        self.weights_calls = [
            *forward_calls(self.packed, places, theta),
            *backward_calls(self.back, places, theta, below),
        ]
        self._find_gradients(places)

    def room(self, name: str, entries: int) -> np.ndarray:
        """So many unset entries, the same ones every time."""
        if name not in self._rooms or len(self._rooms[name]) < entries:
            self._rooms[name] = aligned(entries, self.dtype)
        return self._rooms[name][:entries]

    # weights ----------------------------------------------------------------------------------------------------------

    def refresh(self, tape: Tape, share: Share) -> None:
        """θ has changed: fetch every packed number anew."""
        for kernel, arguments in self.weights_calls:
            if kernel is move_blocks:
                panels, theta, blocks, places, lanes = arguments
                mine = share.weighted(blocks[:, LENGTH] * blocks[:, RUNS])
                tape.call(kernel, panels, theta, blocks[mine], places.copy(), lanes)
            elif share.number == 0:
                tape.call(kernel, *arguments)

    # forward ----------------------------------------------------------------------------------------------------------

    def hold(self, rows: int, sequences: int) -> None:
        """Make room for batches of so many rows, all that a part has included, and so many sequences."""
        self.block = self.room("signals", rows * self.pitch)
        self.adjoint = self.room("adjoint", rows * self.pitch_a)
        self.states = {
            state: self.room(f"{state}0", sequences * self.layer.sizes[self.cell.size(state)])
            for state in self.cell.state
        }

    def start(self, initial_states: Mapping[str, np.ndarray], sequences: int) -> None:
        """From where the next batch goes on."""
        for state in self.cell.state:
            self.rows_of(state, sequences)[:] = initial_states.get(state, 0)

    def rows_of(self, state: str, sequences: int) -> np.ndarray:
        """A state of each sequence, at the start of the next batch: (sequences, width), a view."""
        width = self.layer.sizes[self.cell.size(state)]
        return self.states[state][: sequences * width].reshape(sequences, width)

    def fed(self, name: str) -> Fed:
        """A signal's rows, from the first step on, as a program above takes them."""
        return Fed.of(self.block, self.pitch, self.packed.offset(name))

    def forward(self, tape: Tape, fed: Fed, flat: bool = False) -> None:
        """Fill the block. flat: rows that do not continue one another, as the read-out's do."""
        self.source, self.flat = fed, flat
        for state in self.cell.state:
            width = self.layer.sizes[self.cell.size(state)]
            to = Fed.of(self.block, self.pitch, self.packed.offset(state), batches.BASE)
            of = Fed.of(self.states[state], width, first=batches.SEQUENCE)
            copy_rows(tape, train_loops.SET, batches.SEQUENCES, width, to, of)
        signals = self.part(self.block, self.pitch)
        arguments = self.compiled.arguments(signals, self._offsets, fed.view, fed.pitch)
        tape.call(loops.forward, Literal(self.cell.digest), *arguments[1:])

    def keep(self, tape: Tape) -> None:
        """Put the last states of a batch where the next one starts, of sequences of one length."""
        for state in self.cell.state:
            width = self.layer.sizes[self.cell.size(state)]
            to = Fed.of(self.states[state], width, first=batches.SEQUENCE)
            last = Fed.of(self.block, self.pitch, self.packed.offset(state), batches.LAST)
            copy_rows(tape, train_loops.SET, batches.SEQUENCES, width, to, last)

    @property
    def _offsets(self) -> View:
        """Where its steps begin."""
        begin, length = (batches.FLAT, batches.BLOCKS) if self.flat else (batches.ROW_OFFSETS, batches.STEPS)
        return View(INDEX, Later(begin), Later(length))

    def part(self, block: np.ndarray, pitch: int, more: int = 0) -> View:
        """A part's rows of a block, its initial states included, and some rows more."""
        first, count = (batches.FIRST, batches.JUDGED) if self.flat else (batches.BASE, batches.ALL)
        data = Later(first, pitch * self.dtype.itemsize, block.ctypes.data)
        return View(self.dtype, data, Later(count, pitch, more * pitch))

    @property
    def count(self) -> Later:
        """How many rows of a part are no initial states."""
        return Later(batches.JUDGED if self.flat else batches.ROWS)

    # backward ---------------------------------------------------------------------------------------------------------

    def clear(self, tape: Tape, adjoint: np.ndarray) -> None:
        """An adjoint block, all zero as far as the batch goes."""
        tape.call(train_loops.zero, self.part(adjoint, self.pitch_a))

    def arriving(self, name: str, adjoint: np.ndarray) -> Fed:
        """Where what arrives at a signal is added, from the first step on."""
        return Fed.of(adjoint, self.pitch_a, self.back.offset(name))

    def back_through_time(self, tape: Tape, adjoint: np.ndarray, earlier: np.ndarray, chunk: int) -> None:
        """From the last step to the first; earlier: where the step before is met, the same block or another."""
        back, packed = self.back, self.packed
        signals = self.part(self.block, self.pitch)
        blocks = (self.part(block, self.pitch_a, more=1) for block in (adjoint, earlier))
        tape.call(
            back_loops.backward, Literal(self.cell.digest), signals, self.pitch, back.geometry, *blocks, self.pitch_a,
            chunk, self._offsets, EVERY.start, EVERY.stop, back.products, back.rowwise, back.panels,
            back.columns, packed.extras, self.slopes, np.empty(0, self.dtype), 0, 0, 0, -1,
        )  # fmt: skip

    def clear_sums(self, tape: Tape, share: Share) -> None:
        """Nothing is added up yet."""
        for sums in (self.weights, self.sums):
            tape.call(train_loops.zero, sums[share.of(len(sums))])

    def add_up(self, tape: Tape, adjoint: np.ndarray, share: Share) -> None:
        """The sums for the gradients of the parameters, from what reached every row: some columns of them."""
        packed, back, source = self.packed, self.back, self.source
        tokens, block = source.pitch == TOKENS, gradient_loops.BLOCK
        table = back.gradients[back.gradients[:, SOURCE] >= 0] if tokens else back.gradients
        total, here = (batches.TOTAL_JUDGED, batches.JUDGED_ORDER) if self.flat else (batches.TOTAL, batches.ORDER)
        rows = Later(total)
        order, before = (View(INDEX, Later(register), rows) for register in (here, batches.BEFORE))
        order_x = View(INDEX, Later(here if source.index == batches.ORDER else source.index), rows)
        x = View(source.dtype, source.every, UNKNOWN)
        columns = share.of(back.width // packed.lanes, 2)
        if columns.start == columns.stop:
            return
        tape.call(
            gradient_loops.weight_gradients, adjoint, self.pitch_a, self.block, self.pitch, x, source.pitch, 0, rows,
            before, order, order_x, packed.lanes, columns.start, columns.stop, table, back.runs,
            self.room(f"packed {share.number}", block * back.width),
            self.room(f"sources {share.number}", block * back.deepest), self.weights, self.sums,
        )  # fmt: skip
        if tokens:
            picked = back.gradients[back.gradients[:, SOURCE] < 0]
            tape.call(
                train_loops.pick_gradients, adjoint, self.pitch_a, rows, order, x, order_x, packed.lanes,
                columns.start, columns.stop, picked, self.weights,
            )  # fmt: skip

    def hand_out(self, tape: Tape, g: np.ndarray, share: Share) -> None:
        """The sums into their places of g: those of a share of them."""
        mine = share.of(len(g), 16)

        def here(to: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
            which = (to >= mine.start) & (to < mine.stop)
            return [np.ascontiguousarray(part[which]) for part in (to, *others)]

        to, of = here(self.to, self.of)
        tape.call(train_loops.move, g, to, self.weights, of)
        for kernel, places in ((train_loops.negate, self.negative), (train_loops.clear, self.summed)):
            [at] = here(places)
            if len(at):
                tape.call(kernel, g, at)
        for source, (to, of, sign) in zip((self.sums, self.slopes, self.weights), self._sums):
            to, of, sign = here(to, of, sign)
            if len(to):
                tape.call(train_loops.add, g, to, source, of, sign)

    def below(self, tape: Tape, adjoint: np.ndarray, target: Fed) -> None:
        """Add the gradient at the inputs to rows."""
        back = self.back
        tape.call(
            gradient_loops.input_gradients, Fed.of(adjoint, self.pitch_a).view, self.pitch_a, back.geometry, 0,
            self.count, back.inputs, back.panels, back.columns, target.view, 0, target.pitch,
        )  # fmt: skip
        if self.cell.adds_input:
            width = self.layer.sizes["D"]
            copy_rows(tape, train_loops.ADD, self.count.register, width, target, self.arriving(INPUT, adjoint))

    def _find_gradients(self, places: Places) -> None:
        """Where in θ's gradient each number goes that the loops leave in `weights`, `sums` and `slopes`."""
        back = self.back
        self.weights, self.sums = aligned(back.entries, self.dtype), aligned(back.width, self.dtype)
        self.slopes = np.zeros_like(self.packed.extras)
        to, of, negative = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
        kept: list[list[tuple[np.ndarray, np.ndarray, int]]] = [[], [], []]
        for line in back.lines:
            units = self.layer.sizes[self.cell.size(line.signal)]
            for sign, bias in line.biases:
                kept[0].append((places[bias] - 1, back.offset(line.signal) + np.arange(units), sign))
        used = [place.weight for place in back.places]
        for weight, sign, out, depth, wide, first, units in back.places:
            at = (out + np.arange(depth * wide)).reshape(depth, wide)[:, first : first + units].T.reshape(-1)
            if used.count(weight) > 1:  # what several lines have to say is added up
                kept[2].append((places[weight].reshape(-1) - 1, at, sign))
                continue
            to.append(places[weight].reshape(-1) - 1)
            of.append(at)
            negative += [to[-1]] if sign < 0 else []
        for name in self.packed.program.extras:
            kept[1].append((places[name] - 1, self.packed.offset(name) + np.arange(len(places[name])), 1))
        self.to, self.of, self.negative = _joined(to), _joined(of), _joined(negative)
        self.summed = np.unique(_joined([to for part in kept for to, _of, _sign in part]))
        self._sums = [
            (
                _joined([to for to, _of, _sign in part]),
                _joined([of for _to, of, _sign in part]),
                np.concatenate([np.empty(0), *(np.full(len(to), sign) for to, _of, sign in part)]).astype(self.dtype),
            )
            for part in kept
        ]


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
