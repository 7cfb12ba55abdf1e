"""Many short rows: a vector runs across sequences, one unit of as many sequences as it has lanes.

Weights of a few units would leave most of a vector empty. So sequences are taken in groups of as many as a vector has
lanes; a row of the block is then one step of one group, and each of its entries a vector. The loop is that of every
cell (`kernels.forward`); only its geometry and the form of its products differ, and the bits do not.

    x (N, T, D)  →  some groups at a time: (T, groups, D, lanes)  →  the loop  →  (T, groups, O, lanes)  →  y (N, T, O)

A block of all steps lies so: for a few groups at a time, the start and all steps, a row for each group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.common.lazy_arrays import LazyArrays
from rnncalc.engine.compiled.codegen.gemm import ACROSS
from rnncalc.engine.compiled.codegen.jit import address_of, cell_signature, machine_code, specialised
from rnncalc.engine.compiled.codegen.transpose import OUT, transpose_signal
from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.kernels import forward as loops
from rnncalc.engine.compiled.kernels.lanes_forward import ForwardCall, forward, trace
from rnncalc.engine.compiled.packing.forward import Packed
from rnncalc.engine.compiled.packing.memory import aligned, shaped
from rnncalc.engine.interface import Arrays, Outputs

if TYPE_CHECKING:
    from rnncalc.engine.compiled.packing.lanes_backward import PackedLanes

ROOM = 64 * 1024  # bytes of the block of `infer`
FIRST = 64 * 1024  # bytes of two steps and their adjoints that go through a first-level cache
FEW, MANY = 4, (16, 8)  # groups that take their steps together; if they are small
RECOMPUTED = 512 * 1024  # bytes of signals and adjoints of a few groups that fit in a second-level cache


class Folded:
    """A block of all sequences and steps, a few groups after the other, and where it lies by name.

    levels: the start and every step; together: how many groups are a few;
    more: entries behind them; places: name → (offset, units).
    """

    def __init__(
        self, packed: Packed, pitch: int, places: Mapping[str, tuple[int, int]], shape: tuple[int, int],
        together: int, more: int = 0,
    ):  # fmt: skip
        self.lanes, self.dtype, self.pitch, self.places, self.more = packed.lanes, packed.dtype, pitch, places, more
        self.sequences, self.levels, self.together = shape[0], shape[1] + 1, together
        groups = -(-self.sequences // self.lanes)
        entries = self.levels * groups * pitch + -(-groups // together) * more
        self.block = aligned(entries, self.dtype)
        if more:
            self.block[:] = 0

    def transpose(self, way: int, rows: np.ndarray, name: str, first: int) -> None:
        """Turn the rows (N, steps · width) of a signal, from a level on, in or out."""
        offset, width = self.places[name]
        places = np.empty(rows.shape[1], np.int64)
        arguments = (
            rows,
            width,
            self.block,
            self.levels,
            self.more,
            self.pitch,
            first,
            offset,
            self.lanes,
            self.together,
            places,
        )
        _transpose_code(way, self.dtype)(way, *arguments)

    def out(self, name: str, first: int, steps: int) -> np.ndarray:
        """Some steps of a signal, (N · steps, width)."""
        width = self.places[name][1]
        rows = np.empty((self.sequences, steps * width), self.dtype)
        self.transpose(OUT, rows, name, first)
        return rows.reshape(-1, width)


@cache
def _transpose_code(way: int, dtype: np.dtype) -> Any:
    """The machine code of one way."""
    rows, block, places = np.empty((0, 0), dtype), np.empty(0, dtype), np.empty(0, np.int64)
    return specialised(transpose_signal, way, rows, 0, block, 0, 0, 0, 0, 0, 0, 0, places)


class LaneRows(LazyArrays):
    """Signals by name, (N + rows, width), transposed out on first need.

    places: their names; folded: the block where they lie.
    """

    folded: Folded

    def __init__(self, places: Collection[str], folded: Folded | None = None):
        super().__init__(places, keep=True)
        if folded:
            self.folded = folded

    def make(self, name: str) -> np.ndarray:
        folded, width = self.folded, self.folded.places[name][1]
        rows = np.empty((folded.sequences * folded.levels, width), folded.dtype)
        folded.transpose(OUT, rows[: folded.sequences], name, 0)
        folded.transpose(OUT, rows[folded.sequences :].reshape(folded.sequences, -1), name, 1)
        return rows


class LaneTrace(LaneRows):
    """The signals of a forward pass: what it took to make them, and their block, made on first need.

    x (N, T, D); begin (N, kept): the initial states, or of no rows where all are zero.
    """

    def __init__(self, runner: LaneCell, x: np.ndarray, begin: np.ndarray):
        super().__init__(runner.places)
        self.runner, self.x, self.begin, self.version = runner, x, begin, runner.compiled.version

    @cached_property
    def folded(self) -> Folded:  # type: ignore[override]
        self.runner.compiled.check_version(self.version)
        return self.runner.trace(self.x, self.begin)


class LaneCell:
    """A cell packed once more, to be run across sequences."""

    def __init__(self, compiled: PackedCell):
        self.compiled, self.cell, self.parameters = compiled, compiled.cell, compiled.parameters
        self.dtype = compiled.dtype
        cell, sizes, dtype = compiled.cell, compiled.sizes, compiled.dtype
        self.packed = Packed(cell, compiled.parameters, sizes, dtype, form=ACROSS, version=compiled.version)
        self.lanes = self.packed.lanes
        self.width, self.none = sizes[cell.size(cell.emits)], np.empty(0, dtype)
        places = (self.packed.states // self.lanes).tolist()
        self.states = {state: slice(at, at + width) for state, (_begin, width, at) in zip(cell.state, places)}
        self.kept = sum(width for _begin, width, _at in places)
        self.places = {line: (self.packed.offset(line), sizes[cell.size(line)]) for line in self.packed.program.kept}

    def forward(self, x: np.ndarray, initial: Arrays) -> LaneTrace:
        """Every signal of every step. x (N, T, D), contiguous; initial: state → (N, width), zero if missing.

        Where a few groups' signals fit in the cache, only what the cell emits is kept: the way back computes the rest
        again, a few groups at a time, sooner than it would come from memory.
        """
        (sequences, steps, _depth), emits = x.shape, self.cell.emits
        signals = LaneTrace(self, x, self._begin(sequences, initial))
        if self.recomputes(steps):
            emitted = signals.made[emits] = shaped((sequences * (steps + 1), self.width), self.dtype)
            emitted[:sequences] = initial.get(emits, 0)
            y = emitted[sequences:].reshape(sequences, steps, -1)
            self._infer(x, signals.begin, y, self.none.reshape(0, 0))
        else:
            signals.folded  # noqa: B018 - made here
        return signals

    def recomputes(self, steps: int) -> bool:
        """Whether the way back recomputes the signals."""
        return self._room(steps, self.together(steps)) <= RECOMPUTED

    def together(self, steps: int) -> int:
        """Groups that take their steps together: more of them hide better that a step waits for the one before."""
        fit = (many for many in MANY if self._room(1, many) <= FIRST and self._room(steps, many) <= RECOMPUTED)
        return next(fit, FEW)

    def _room(self, steps: int, groups: int) -> int:
        """Bytes of the signals of some groups, and of as many adjoints."""
        return 2 * (steps + 1) * groups * self.packed.pitch * self.dtype.itemsize

    def trace(self, x: np.ndarray, begin: np.ndarray) -> Folded:
        """A block of every signal of every step; arguments as `LaneTrace` has them."""
        sequences, steps, depth = x.shape
        together = self.together(steps)
        folded = Folded(self.packed, self.packed.pitch, self.places, (sequences, steps), together)
        fed = aligned(steps * together * depth * self.lanes, self.dtype)
        offsets, read = np.empty(steps + 2, np.int64), np.empty(steps * depth, np.int64)
        arguments = self.ahead, x, begin, folded.block, fed, offsets, read, self.lanes, together, self.none
        machine_code(trace, self.dtype, arguments)(*arguments)
        return folded

    @property
    def back(self) -> PackedLanes:
        """The weights packed for the way back, on first need."""
        self.compiled.fresh(self._back.back)
        return self._back

    @cached_property
    def _back(self) -> PackedLanes:
        from rnncalc.engine.compiled.packing.lanes_backward import PackedLanes

        return PackedLanes(self.packed, self.parameters, self.compiled.version)

    def infer(self, x: np.ndarray, initial: Arrays, wanted: bool) -> Outputs:
        """What the cell emits, (N, T, width), and, if they are wanted, the states after the last step, (N, width).

        x (N, T, D), contiguous; initial: state → (N, width), zero if missing.
        """
        sequences, steps, _depth = x.shape
        y = shaped((sequences, steps, self.width), self.dtype)
        final = np.empty((sequences if wanted else 0, self.kept), self.dtype)
        self._infer(x, self._begin(sequences, initial), y, final)
        return y, {state: final[:, place] for state, place in self.states.items()} if wanted else {}

    def _begin(self, sequences: int, initial: Arrays) -> np.ndarray:
        """The initial states (N, kept), of no rows where all are zero."""
        begin = np.zeros((sequences if initial else 0, self.kept), self.dtype)
        for state, start in initial.items():
            begin[:, self.states[state]] = start
        return begin

    def _infer(self, x: np.ndarray, begin: np.ndarray, y: np.ndarray, final: np.ndarray) -> None:
        (_sequences, steps, depth), lanes, pitch = x.shape, self.lanes, self.packed.pitch
        together = self.together(steps)
        rows = max(min(steps + 1, ROOM // (together * pitch * self.dtype.itemsize)), 2) * together
        block = aligned(rows * pitch, self.dtype)
        fed = aligned(steps * together * depth * lanes, self.dtype)
        out = aligned(steps * together * self.width * lanes, self.dtype)
        ends = aligned(together * self.kept * lanes, self.dtype).reshape(together, -1)
        offsets, read, written = (np.empty(count, np.int64) for count in (steps + 2, steps * depth, steps * self.width))
        arguments = self.ahead, x, y, begin, final, offsets, read, written, block, fed, out, ends, lanes, together
        machine_code(forward, self.dtype, arguments)(*arguments)

    @cached_property
    def ahead(self) -> ForwardCall:
        """The loop for this cell and dtype, compiled on first need, and what it is called with."""
        packed, none, geometry = self.packed, self.none, self.packed.geometry
        rest = packed.emitted, none, packed.states, none.reshape(0, 0)
        arguments = none, geometry, geometry, 0, 0, none, 0, 0, *packed.tables, *rest
        loop = address_of(loops.forward, cell_signature(self.cell.digest, *arguments))
        return ForwardCall(loop, geometry, *packed.tables, packed.emitted, packed.states)
