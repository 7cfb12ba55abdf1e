"""One cell in training: what it does at every step, written as calls of a tape.

`CompiledCell` packs weights once and makes new blocks for every call. Here the parameters are one vector θ that changes
at every step, so a `CellProgram` knows where in θ each packed number comes from, and packing anew is one pass over an
index; its blocks are kept and grow to the largest batch. Gradients come out as one vector like θ.

The file is longer than 250 lines because the two ways through a cell and its packing share every one of their tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.common.threads import EVERY
from rnncalc.engine.compiled.execution.compiled_cell import CompiledCell
from rnncalc.engine.compiled.kernels import backward as back_loops
from rnncalc.engine.compiled.kernels import forward as loops
from rnncalc.engine.compiled.kernels import gradients as gradient_loops
from rnncalc.engine.compiled.kernels.forward import TOKENS
from rnncalc.engine.compiled.layout import SOURCE
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
    """Rows in memory: the address where they begin, and how many entries they are apart, or TOKENS."""

    data: Later | int
    pitch: int
    dtype: np.dtype

    @classmethod
    def of(cls, rows: np.ndarray, pitch: int, begin: int = 0) -> Fed:
        """Rows of a flat array, which must outlive the tape."""
        return cls(rows.ctypes.data + begin * rows.itemsize, pitch, rows.dtype)

    @property
    def view(self) -> View:
        return View(self.dtype, self.data, UNKNOWN)


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

    def refresh(self, tape: Tape) -> None:
        """θ has changed: fetch every packed number anew."""
        for kernel, arguments in self.weights_calls:
            tape.call(kernel, *arguments)

    # forward ----------------------------------------------------------------------------------------------------------

    def hold(self, rows: int, sequences: int) -> None:
        """Make room for batches of so many rows, the initial states included, and so many sequences."""
        self.capacity, self.sequences = rows, sequences
        self.block = self.room("signals", rows * self.pitch)
        self.adjoint = self.room("adjoint", (rows + 1) * self.pitch_a)
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
        size = self.dtype.itemsize
        begin = self.block.ctypes.data + self.packed.offset(name) * size
        return Fed(Later(batches.SEQUENCES, self.pitch * size, begin), self.pitch, self.dtype)

    def forward(self, tape: Tape, fed: Fed, flat: bool = False) -> None:
        """Fill the block. flat: rows that do not continue one another, as the read-out's do."""
        self.source, self.flat = fed, flat
        for state in self.cell.state:
            width = self.layer.sizes[self.cell.size(state)]
            to, of = Fed.of(self.block, self.pitch, self.packed.offset(state)), Fed.of(self.states[state], width)
            copy_rows(tape, train_loops.SET, batches.SEQUENCES, width, to, of)
        arguments = self.compiled.arguments(self.block, self._offsets, fed.view, fed.pitch)
        tape.call(loops.forward, Literal(self.cell.digest), *arguments[1:])

    def keep(self, tape: Tape) -> None:
        """Put the last states of a batch where the next one starts, of sequences of one length."""
        for state in self.cell.state:
            width, size = self.layer.sizes[self.cell.size(state)], self.dtype.itemsize
            begin = self.block.ctypes.data + self.packed.offset(state) * size
            last = Fed(Later(batches.LAST, self.pitch * size, begin), self.pitch, self.dtype)
            copy_rows(tape, train_loops.SET, batches.SEQUENCES, width, Fed.of(self.states[state], width), last)

    @property
    def _offsets(self) -> View:
        """Where its steps begin."""
        begin, length = (batches.FLAT, batches.BLOCKS) if self.flat else (batches.ROW_OFFSETS, batches.STEPS)
        return View(INDEX, Later(begin), Later(length))

    @property
    def first(self) -> Later | int:
        """Its first row that is no initial state, and how many rows follow."""
        return 0 if self.flat else Later(batches.SEQUENCES)

    @property
    def count(self) -> Later:
        return Later(batches.JUDGED if self.flat else batches.ROWS)

    # backward ---------------------------------------------------------------------------------------------------------

    def clear(self, tape: Tape, adjoint: np.ndarray) -> None:
        """An adjoint block, all zero as far as the batch goes."""
        rows = Later(batches.JUDGED if self.flat else batches.ALL, self.pitch_a)
        tape.call(train_loops.zero, View(self.dtype, adjoint.ctypes.data, rows))

    def arriving(self, name: str, adjoint: np.ndarray) -> Fed:
        """Where what arrives at a signal is added, from the first step on."""
        size = self.dtype.itemsize
        begin = adjoint.ctypes.data + self.back.offset(name) * size
        return Fed(
            begin if self.flat else Later(batches.SEQUENCES, self.pitch_a * size, begin), self.pitch_a, self.dtype
        )

    def back_through_time(self, tape: Tape, adjoint: np.ndarray, earlier: np.ndarray, chunk: int) -> None:
        """From the last step to the first; earlier: where the step before is met, the same block or another."""
        back, packed = self.back, self.packed
        tape.call(
            back_loops.backward, Literal(self.cell.digest), self.block, self.pitch, back.geometry, adjoint, earlier,
            self.pitch_a, chunk, self._offsets, EVERY.start, EVERY.stop, back.products, back.rowwise, back.panels,
            back.columns, packed.extras, self.slopes, np.empty(0, self.dtype), 0, 0, 0, -1,
        )  # fmt: skip

    def gradients(self, tape: Tape, adjoint: np.ndarray, g: np.ndarray) -> None:
        """The gradients of the parameters from what reached every row, into their places of g."""
        packed, back = self.packed, self.back
        tokens = self.source.pitch == TOKENS
        table = back.gradients[back.gradients[:, SOURCE] >= 0] if tokens else back.gradients
        continued = View(INDEX, Later(batches.BEFORE), Later(batches.ROWS))
        before = continued if self.cell.state else np.arange(self.capacity)
        x, block = self.source.view, gradient_loops.BLOCK
        tape.call(train_loops.zero, self.weights)
        tape.call(train_loops.zero, self.sums)
        tape.call(
            gradient_loops.weight_gradients, adjoint, self.pitch_a, self.block, self.pitch, x, self.source.pitch,
            self.first, self.count, before, packed.lanes, 0, back.width // packed.lanes, table, back.runs,
            self.room("packed", block * back.width), self.room("sources", block * back.deepest),
            self.weights, self.sums,
        )  # fmt: skip
        if tokens:
            picked = back.gradients[back.gradients[:, SOURCE] < 0]
            tape.call(
                train_loops.pick_gradients, adjoint, self.pitch_a, self.first, self.count, x, packed.lanes, picked,
                self.weights,
            )  # fmt: skip
        tape.call(train_loops.move, g, self.to, self.weights, self.of)
        if len(self.negative):
            tape.call(train_loops.negate, g, self.negative)
        tape.call(train_loops.clear, g, self.summed)
        tape.call(train_loops.add, g, *self.from_sums(self.sums, 0))
        for source, which in ((self.slopes, 1), (self.weights, 2)):
            if len(self._sums[which][0]):
                tape.call(train_loops.add, g, *self.from_sums(source, which))

    def below(self, tape: Tape, adjoint: np.ndarray, target: Fed) -> None:
        """Add the gradient at the inputs to rows."""
        back = self.back
        tape.call(
            gradient_loops.input_gradients, adjoint, self.pitch_a, back.geometry, self.first, self.count, back.inputs,
            back.panels, back.columns, target.view, 0, target.pitch,
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

    def from_sums(self, source: np.ndarray, which: int) -> tuple[np.ndarray, ...]:
        """What `add` takes after its target: sums of biases, slopes of element-wise parameters, weights used twice."""
        to, of, sign = self._sums[which]
        return to, source, of, sign


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
