"""Training steps in machine code: forward, loss and backward of a whole network, blocks and weights kept in place.

`CompiledCell` packs weights once and makes new blocks for every call. Here the parameters are one vector θ that changes
at every step, so a `Unit` knows where in θ each packed number comes from, and packing anew is one pass over an index;
its blocks are kept and grow to the largest batch. Gradients come out as one vector like θ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.engine import back_loops, train_loops
from rnncalc.engine.back_pack import PackedBack
from rnncalc.engine.compiled import CompiledCell
from rnncalc.engine.loops import TOKENS
from rnncalc.engine.pack import Packed
from rnncalc.engine.room import aligned
from rnncalc.equations import INPUT
from rnncalc.layer import Pass
from rnncalc.schedule import Schedule

Places = Mapping[str, np.ndarray]
WIDE = np.dtype(np.float64)


class Unit:
    """One cell in training: its packed weights, where in θ they come from, and its blocks.

    places: symbol → where each entry lies in θ, from 1. below: whether the gradient at its inputs is wanted.
    """

    def __init__(self, one: Pass, places: Places, theta: np.ndarray, below: bool):
        self.one, self.cell, self.theta, self.dtype = one, one.cell, theta, theta.dtype
        self.compiled = CompiledCell(one.cell, one.parameters, one.sizes, theta.dtype)
        self.packed, self.back = self.compiled.packed, self.compiled.back
        self.pitch, self.pitch_a = self.packed.pitch, self.back.pitch
        self._rooms: dict[str, np.ndarray] = {}
        self._find_sources(places, below)
        self._find_gradients(places)

    def room(self, name: str, entries: int) -> np.ndarray:
        """So many unset entries, the same ones every time."""
        if name not in self._rooms or len(self._rooms[name]) < entries:
            self._rooms[name] = aligned(entries, self.dtype)
        return self._rooms[name][:entries]

    # weights ----------------------------------------------------------------------------------------------------------

    def _find_sources(self, places: Places, below: bool) -> None:
        """Where in θ each packed weight comes from, by packing the places themselves."""
        index = Packed(self.cell, places, self.one.sizes, WIDE, self.packed.lanes)
        back = PackedBack(index, places)
        if not below:  # nobody asks for the gradient at the inputs: their transposed weights are never read
            for row in back.inputs:
                begin = row[back_loops.PANEL]
                back.panels[begin : begin + row[back_loops.DEPTH] * row[back_loops.VECTORS] * self.packed.lanes] = 0
        self.moves = []
        for target, numbers in (
            (self.packed.panels, index.panels),
            (self.back.panels, back.panels),
            (self.packed.extras, index.extras),
        ):
            for sign in (1, -1):
                to = np.flatnonzero(numbers * sign > 0)
                if len(to):
                    self.moves.append((target, to, (numbers[to] * sign - 1).astype(np.int64), sign))
        lines = [(line, sign, bias) for line in self.packed.program.products for sign, bias in line.biases]
        begins = [self.packed.offset(line.signal) + np.arange(len(places[bias])) for line, _sign, bias in lines]
        self.biases = _joined(begins), _joined([places[bias] - 1 for _l, _s, bias in lines]), self._signs(lines, places)

    def _signs(self, lines: Sequence[tuple[Any, int, str]], places: Places) -> np.ndarray:
        signs = [np.full(len(places[bias]), sign) for _line, sign, bias in lines]
        return np.concatenate([np.empty(0), *signs]).astype(self.dtype)

    def refresh(self) -> None:
        """θ has changed: fetch every packed number anew."""
        for target, to, of, sign in self.moves:
            train_loops.move(target, to, self.theta, of)
            if sign < 0:
                target[to] *= -1
        self.packed.biases[:] = 0
        train_loops.add(self.packed.biases, self.biases[0], self.theta, *self.biases[1:])

    # forward ----------------------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray, pitch_x: int, schedule: Schedule, starts: Mapping[str, np.ndarray]) -> None:
        """Fill the block. x: flat rows, pitch_x apart, or with TOKENS the numbers of one-hot rows."""
        self.x, self.pitch_x, self.schedule = x, pitch_x, schedule
        block = self.room("signals", schedule.rows * self.pitch)
        self.rows = block.reshape(schedule.rows, self.pitch)
        for state in self.cell.state:
            self.signal(state)[: schedule.sequences] = starts.get(state, 0)
        compiled = self.compiled
        compiled._code(*compiled._arguments(block, schedule.starts, x, pitch_x, *compiled._nothing))

    def signal(self, name: str) -> np.ndarray:
        """A signal in every row, those of the starts included: a view."""
        return self.compiled._view(self.rows, name)

    def flat(self, name: str) -> tuple[np.ndarray, int]:
        """A signal's rows as a unit above takes them: the rest of the block, and how far apart they lie."""
        return self.rows.reshape(-1)[self.schedule.sequences * self.pitch + self.packed.offset(name) :], self.pitch

    # backward ---------------------------------------------------------------------------------------------------------

    def clear(self) -> np.ndarray:
        """The adjoint block, all zero: a row more than there are, for what is thrown away."""
        self.adjoint = self.room("adjoint", (self.schedule.rows + 1) * self.pitch_a)
        self.adjoint[:] = 0
        return self.adjoint

    def arriving(self, name: str) -> np.ndarray:
        """What has arrived at a signal in every row of a step: a view to add to."""
        begin, first = self.back.offset(name), self.schedule.sequences
        rows = self.adjoint.reshape(-1, self.pitch_a)[first:-1]
        return rows[:, begin : begin + self.one.sizes[self.cell.size(name)]]

    def backward(self, chunk: int, g: np.ndarray) -> None:
        """Back through time; then the gradients of the parameters, into their places of g."""
        packed, back, schedule, block = self.packed, self.back, self.schedule, self.rows.reshape(-1)
        self.slopes[:] = 0
        arguments = (
            self.cell.digest, block, self.pitch, back.geometry, self.adjoint, self.adjoint, self.pitch_a, chunk,
            schedule.starts, 0, 1 << 62, back.products, back.rowwise, back.panels, back.columns, packed.extras,
            self.slopes,
        )  # fmt: skip
        back.code(arguments)(*arguments)
        count = schedule.rows - schedule.sequences
        before = schedule.before if self.cell.state else self._counting(count)
        tokens = self.pitch_x == TOKENS
        gradients = back.gradients[back.gradients[:, train_loops.SOURCE] >= 0] if tokens else back.gradients
        self.weights[:], self.sums[:] = 0, 0
        back_loops.weight_gradients(
            self.adjoint, self.pitch_a, block, self.pitch, self.x, self.pitch_x, schedule.sequences, count, before,
            packed.lanes, 0, back.width // packed.lanes, gradients, back.runs,
            self.room("packed", back_loops.BLOCK * back.width),
            self.room("sources", back_loops.BLOCK * back.deepest), self.weights, self.sums,
        )  # fmt: skip
        if tokens:
            picked = back.gradients[back.gradients[:, train_loops.SOURCE] < 0]
            train_loops.pick_gradients(
                self.adjoint, self.pitch_a, schedule.sequences, count, self.x, packed.lanes, picked, self.weights
            )
        train_loops.move(g, self.to, self.weights, self.of)
        if len(self.negative):
            g[self.negative] *= -1
        g[self.summed] = 0
        train_loops.add(g, *self.from_sums(self.sums, 0))
        if len(self.slopes):
            train_loops.add(g, *self.from_sums(self.slopes, 1))

    def _counting(self, count: int) -> np.ndarray:
        if len(getattr(self, "_count", ())) < count:
            self._count = np.arange(count)
        return self._count

    def below(self, target: np.ndarray, pitch: int) -> None:
        """Add the gradient at the inputs to flat rows, `pitch` apart."""
        back, schedule = self.back, self.schedule
        back_loops.input_gradients(
            self.adjoint, self.pitch_a, back.geometry, schedule.sequences, schedule.rows - schedule.sequences,
            back.inputs, back.panels, back.columns, target, 0, pitch,
        )  # fmt: skip
        if self.cell.adds_input:
            rows = self.adjoint.reshape(-1, self.pitch_a)[schedule.sequences : -1]
            begin, width = self.back.offset(INPUT), self.one.sizes["D"]
            strides = (pitch * target.itemsize, target.itemsize)
            np.lib.stride_tricks.as_strided(target, (len(rows), width), strides)[:] += rows[:, begin : begin + width]

    def _find_gradients(self, places: Places) -> None:
        """Where in θ's gradient each number goes that the loops leave in `weights`, `sums` and `slopes`."""
        back = self.back
        self.weights, self.sums = aligned(back.entries, self.dtype), aligned(back.width, self.dtype)
        self.slopes = np.zeros_like(self.packed.extras)
        to, of, negative = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
        kept: list[list[tuple[np.ndarray, np.ndarray, int]]] = [[], []]
        for line in back.lines:
            units = self.one.sizes[self.cell.size(line.signal)]
            for sign, bias in line.biases:
                kept[0].append((places[bias] - 1, back.offset(line.signal) + np.arange(units), sign))
            for term in (*line.inputs, *line.products):
                sign, out, depth, wide, begin = back.places[term.weight]
                at = (out + np.arange(depth * wide)).reshape(depth, wide)[:, begin : begin + units].T
                to.append(places[term.weight].reshape(-1) - 1)
                of.append(at.reshape(-1))
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
        """What `add` takes after its target, for sums of biases or for slopes of element-wise parameters."""
        to, of, sign = self._sums[which]
        return to, source, of, sign


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
