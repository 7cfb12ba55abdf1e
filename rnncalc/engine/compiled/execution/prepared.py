"""A call of one shape, prepared: all is found beforehand but the numbers, and little Python runs around the loop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.common.threads import EVERY, pieces, shares, side_by_side
from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.execution.recomputed import Recomputed
from rnncalc.engine.compiled.packing.memory import CHUNK, SMALL, aligned, rows_in_cache
from rnncalc.engine.compiled.packing.views import Rows, run_of
from rnncalc.model.packed_batch import BatchMajor, PackedBatch

FEWEST = 64  # rows of the block: each lap reads the input weights once, and eight rows at a time


class PreparedRun:
    """What a cell emits, and its last states, for any inputs of one schedule.

    wanted: whether anybody asks for the states. They come in the order of rows.
    """

    def __init__(
        self, compiled: PackedCell, schedule: PackedBatch, initial: Mapping[str, np.ndarray], wanted: bool = False
    ):
        packed, sequences, dtype = compiled.packed, schedule.sequences, compiled.dtype
        self.code, self.dtype = compiled.code, dtype
        self.out = (schedule.rows - sequences) * compiled.emitted
        self.final = (sequences, compiled.kept) if wanted else None
        most = sequences + max(CHUNK // (packed.pitch * dtype.itemsize), FEWEST, 2 * schedule.most)
        self.entries, self.laps = min(schedule.rows, most) * packed.pitch, schedule.rows > most
        self.first = np.empty(sequences * packed.pitch, dtype)  # the rows from which it starts; laps write over them
        compiled.begin(self.first, sequences, initial)
        self.blocks = list[np.ndarray]()  # used again: of two threads each gets its own
        self.pooled = self.entries * dtype.itemsize < SMALL
        self.parts = pieces(slice(0, sequences), rows_in_cache(packed.pitch, dtype)) if sequences else [EVERY]
        self.cell, self.pitch, self.where = compiled.cell.digest, packed.pitch, (packed.geometry, schedule.offsets)
        by_batch = isinstance(schedule, BatchMajor) and schedule.steps > 0
        pitch_x = compiled.sizes.get("D", 0) * (schedule.steps if by_batch else 1)
        self.tables = pitch_x, int(by_batch), *packed.tables, packed.emitted
        self.states, self.nothing = packed.states, compiled.nothing[1]

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What it emits, row after row in one run of memory, and the states side by side, (N, kept); x likewise."""
        out, final = np.empty(self.out, self.dtype), np.empty(self.final, self.dtype) if self.final else self.nothing
        try:
            block = self.blocks.pop()
        except IndexError:
            block = self._block()
        for part in self.parts:
            if self.laps:  # they write over the rows from which others start
                rows = slice(part.start * self.pitch, min(part.stop * self.pitch, len(self.first)))
                block[rows] = self.first[rows]
            where = *self.where, part.start, part.stop
            self.code(self.cell, block, *where, x.ravel(), *self.tables, out, self.states, final)
        if self.pooled:
            self.blocks.append(block)
        return out, final

    def _block(self) -> np.ndarray:
        """A block with the rows from which the loop starts."""
        block = aligned(self.entries, self.dtype)
        block[: len(self.first)] = self.first
        return block


class Tracing:
    """Every signal of a cell, for any inputs of one schedule: x (rows, D) → name → (N + rows, width)."""

    def __init__(self, compiled: PackedCell, schedule: PackedBatch, initial: Mapping[str, np.ndarray]):
        packed, sequences, dtype = compiled.packed, schedule.sequences, compiled.dtype
        self.compiled, self.schedule, self.dtype, self.code = compiled, schedule, dtype, compiled.code
        self.pitch, self.entries = packed.pitch, schedule.rows * packed.pitch
        self.first = np.empty(sequences * packed.pitch, dtype)
        compiled.begin(self.first, sequences, initial)
        self.digest, self.where = compiled.cell.digest, (packed.geometry, schedule.offsets)
        most = rows_in_cache(packed.pitch, dtype)
        self.parts = [pieces(part, most) for part in shares(sequences, compiled.threads)] if sequences else [[EVERY]]
        out, final = compiled.nothing
        self.tables = *packed.tables, packed.emitted, out, packed.states, final

    def __call__(self, x: np.ndarray) -> Recomputed:
        block = aligned(self.entries, self.dtype)
        block[: len(self.first)] = self.first
        fed, pitch = run_of(x)

        def share(parts: list[slice]) -> None:
            for part in parts:
                self.code(self.digest, block, *self.where, part.start, part.stop, fed, pitch, 0, *self.tables)

        side_by_side(share, self.parts)
        rows = Rows(block.reshape(-1, self.pitch), self.compiled.lines)
        return Recomputed(self.compiled, rows, x, self.schedule, (block, fed, pitch))
