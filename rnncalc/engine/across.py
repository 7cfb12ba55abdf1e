"""Many short rows: a vector runs across sequences, one unit of as many sequences as it has lanes.

Weights of a few units would leave most of a vector empty. So sequences are taken in groups of as many as a vector has
lanes; a row of the block is then one step of one group, and each of its entries a vector. The loop is that of every
cell (`loops.forward`); only its geometry and the form of its products differ, and the bits do not.

    x (N, T, D)  →  some groups at a time: (T, groups, D, lanes)  →  the loop  →  (T, groups, O, lanes)  →  y (N, T, O)

A trace keeps every step: for GROUPS groups at a time, the start and all steps, a row for each group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.cells import Cell
from rnncalc.engine import loops
from rnncalc.engine.across_loops import forward, trace
from rnncalc.engine.jit import address_of, cell_signature, machine_code, specialised
from rnncalc.engine.pack import Packed
from rnncalc.engine.products import ACROSS
from rnncalc.engine.room import aligned
from rnncalc.engine.turn import GROUPS, IN, OUT, exchange

if TYPE_CHECKING:
    from rnncalc.engine.back_pack import PackedBack

ROOM = 64 * 1024  # bytes of the block of `infer`

Arrays = Mapping[str, np.ndarray]


class Folded:
    """A block of all sequences and steps, a few groups after the other, and where it lies by name.

    levels: the start and every step; more: entries behind every GROUPS groups; places: name → (offset, units).
    """

    def __init__(
        self, packed: Packed, pitch: int, places: Mapping[str, tuple[int, int]], shape: tuple[int, int], more: int = 0
    ):
        self.lanes, self.dtype, self.pitch, self.places, self.more = packed.lanes, packed.dtype, pitch, places, more
        self.sequences, self.levels = shape[0], shape[1] + 1
        groups = -(-self.sequences // self.lanes)
        entries = self.levels * groups * pitch + -(-groups // GROUPS) * more
        self.block = aligned(entries, self.dtype)
        if more:
            self.block[:] = 0

    def exchange(self, way: int, rows: np.ndarray, name: str, first: int) -> None:
        """Turn the rows (N, steps · width) of a signal, from a level on, in or out."""
        offset, width = self.places[name]
        places = np.empty(rows.shape[1], np.int64)
        arguments = (rows, width, self.block, self.levels, self.more, self.pitch, first, offset, self.lanes, places)
        _exchange(way, self.dtype)(way, *arguments)

    def out(self, name: str, first: int, steps: int) -> np.ndarray:
        """Some steps of a signal, (N · steps, width)."""
        width = self.places[name][1]
        rows = np.empty((self.sequences, steps * width), self.dtype)
        self.exchange(OUT, rows, name, first)
        return rows.reshape(-1, width)


@cache
def _exchange(way: int, dtype: np.dtype) -> Any:
    """The machine code of one way."""
    rows, block, places = np.empty((0, 0), dtype), np.empty(0, dtype), np.empty(0, np.int64)
    return specialised(exchange, way, rows, 0, block, 0, 0, 0, 0, 0, 0, places)


class AcrossRows(Mapping[str, np.ndarray]):
    """The signals of a forward pass, name → (N + rows, width), turned out when somebody asks."""

    def __init__(self, folded: Folded):
        self.folded, self.found = folded, dict[str, np.ndarray]()

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.found:
            folded, width = self.folded, self.folded.places[name][1]
            found = self.found[name] = np.empty((folded.sequences * folded.levels, width), folded.dtype)
            folded.exchange(OUT, found[: folded.sequences], name, 0)
            folded.exchange(OUT, found[folded.sequences :].reshape(folded.sequences, -1), name, 1)
        return self.found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.folded.places)

    def __len__(self) -> int:
        return len(self.folded.places)


class AcrossCell:
    """A cell packed to be run across sequences."""

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.parameters, self.sizes, self.dtype = cell, parameters, sizes, dtype
        self.packed = Packed(cell, parameters, sizes, dtype, form=ACROSS)
        self.lanes = self.packed.lanes
        self.width = sizes[cell.size(cell.emits)]
        places = (self.packed.states // self.lanes).tolist()
        self.states = {state: slice(at, at + width) for state, (_begin, width, at) in zip(cell.state, places)}
        self.kept = sum(width for _begin, width, _at in places)
        self.places = {line: (self.packed.offset(line), sizes[cell.size(line)]) for line in self.packed.program.kept}

    def forward(self, x: np.ndarray, initial: Arrays) -> AcrossRows:
        """Every signal of every step. x (N, T, D), contiguous; initial: state → (N, width), zero if missing."""
        (sequences, steps, depth), packed = x.shape, self.packed
        folded = Folded(packed, packed.pitch, self.places, (sequences, steps))
        for state in self.states:
            start = np.zeros((sequences, self.places[state][1]), self.dtype)
            start[:] = initial.get(state, 0)
            folded.exchange(IN, start, state, 0)
        fed = aligned(steps * GROUPS * depth * self.lanes, self.dtype)
        starts, read = np.empty(steps + 2, np.int64), np.empty(steps * depth, np.int64)
        self._trace_code(*self._trace_arguments(x, folded.block, fed, starts, read))
        return AcrossRows(folded)

    def _trace_arguments(self, *arrays: np.ndarray) -> tuple[Any, ...]:
        packed, none = self.packed, np.empty(0, self.dtype)
        return (
            self._loop, packed.geometry, *arrays, self.lanes, *packed.tables, packed.emitted, packed.states, none,
        )  # fmt: skip

    @cached_property
    def _trace_code(self) -> Any:
        cube, line, places = np.empty((0, 0, 0), self.dtype), np.empty(0, self.dtype), self.packed.geometry
        return machine_code(trace, self.dtype, *self._trace_arguments(cube, line, line, places, places))

    @cached_property
    def back(self) -> PackedBack:
        """The weights packed for the way back, on first need."""
        from rnncalc.engine.back_pack import PackedBack

        return PackedBack(self.packed, self.parameters)

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
            none, packed.geometry, packed.geometry, 0, 0, none, 0, 0, *packed.tables, packed.emitted, none,
            packed.states, ends,
        )  # fmt: skip
        return address_of(loops.forward, cell_signature(self.cell.digest, *arguments))

    @cached_property
    def _code(self) -> Any:
        """What all cells share, compiled or found in the cache on first need."""
        cube, square, line = (np.empty((0,) * axes, self.dtype) for axes in (3, 2, 1))
        places = self.packed.geometry
        sample = self._arguments(cube, cube, square, square, places, places, places, line, line, line, square)
        return machine_code(forward, self.dtype, *sample)
