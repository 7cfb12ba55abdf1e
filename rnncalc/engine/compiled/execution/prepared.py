"""A call of one shape, prepared: all is found beforehand but the numbers, and little Python runs around the loop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.common.threads import EVERY, shares, side_by_side
from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.execution.recomputed import Recomputed
from rnncalc.engine.compiled.packing.memory import ScratchPool, aligned
from rnncalc.engine.compiled.packing.views import Rows, run_of
from rnncalc.model.packed_batch import BatchMajor, PackedBatch

CHUNK = 256 * 1024  # bytes of the block: what stays in a second-level cache beside the weights
FEWEST = 64  # rows of the block: each lap reads the input weights once, and eight rows at a time


class PreparedRun:
    """What a cell emits, and its last states, for any inputs of one schedule: x (rows, D) → (rows, width).

    wanted: whether anybody asks for the states. They come in the order of rows.
    """

    def __init__(
        self, compiled: PackedCell, schedule: PackedBatch, initial: Mapping[str, np.ndarray], wanted: bool = False
    ):
        packed, sequences = compiled.packed, schedule.sequences
        self.code, self.dtype = compiled.code, compiled.dtype
        self.out, self.final = (schedule.rows - sequences, compiled.emitted), (sequences * wanted, compiled.kept)
        rows = max(CHUNK // (packed.pitch * self.dtype.itemsize), FEWEST, 2 * schedule.most)
        self.entries, self.scratch = min(schedule.rows, sequences + rows) * packed.pitch, ScratchPool(self.dtype)
        self.first = np.empty(sequences * packed.pitch, self.dtype)  # the rows from which it starts
        compiled.begin(self.first, sequences, initial)
        self.digest, self.where = compiled.cell.digest, (packed.geometry, schedule.offsets, EVERY.start, EVERY.stop)
        self.tables, self.states = (*packed.tables, packed.emitted), packed.states
        self.steps = schedule.steps if isinstance(schedule, BatchMajor) else 0

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What it emits, and the states side by side, (N, kept)."""
        out, final = np.empty(self.out, self.dtype), np.empty(self.final, self.dtype)
        if self.steps:
            fed, pitch, by_batch = np.ascontiguousarray(x).reshape(-1), self.steps * x.shape[1], 1
        else:
            fed, pitch, by_batch = *run_of(x), 0
        block = self.scratch.take(self.entries)
        block[: len(self.first)] = self.first
        self.code(
            self.digest, block, *self.where, fed, pitch, by_batch, *self.tables, out.reshape(-1), self.states, final
        )
        self.scratch.give(block)
        return out, final


class Tracing:
    """Every signal of a cell, for any inputs of one schedule: x (rows, D) → name → (N + rows, width)."""

    def __init__(self, compiled: PackedCell, schedule: PackedBatch, initial: Mapping[str, np.ndarray]):
        packed, sequences, dtype = compiled.packed, schedule.sequences, compiled.dtype
        self.compiled, self.schedule, self.dtype, self.code = compiled, schedule, dtype, compiled.code
        self.pitch, self.entries = packed.pitch, schedule.rows * packed.pitch
        self.first = np.empty(sequences * packed.pitch, dtype)
        compiled.begin(self.first, sequences, initial)
        self.digest, self.where = compiled.cell.digest, (packed.geometry, schedule.offsets)
        self.parts = shares(sequences, compiled.threads) if sequences else [EVERY]
        out, final = compiled.nothing
        self.tables = *packed.tables, packed.emitted, out, packed.states, final

    def __call__(self, x: np.ndarray) -> Recomputed:
        block = aligned(self.entries, self.dtype)
        block[: len(self.first)] = self.first
        fed, pitch = run_of(x)

        def share(part: slice) -> None:
            self.code(self.digest, block, *self.where, part.start, part.stop, fed, pitch, 0, *self.tables)

        side_by_side(share, self.parts)
        return Recomputed(self.compiled, Rows(block.reshape(-1, self.pitch), self.compiled.lines), x, self.schedule)
