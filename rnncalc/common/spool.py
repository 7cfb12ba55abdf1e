"""Rows that are collected without knowing how many there will be: in memory while they are few, else on disk.

On disk they lie in a temporary file, of which the array is a map. What was read or written of a map counts as the
process's own memory until somebody says that it can go: `release`.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

LIMIT = 64 * 1024**2  # bytes that stay in memory
PENDING = 1 << 20  # bytes of small blocks that are written together
FETCHED = 1 << 14  # rows that are fetched together
BLOCK = 1 << 16  # rows that are moved at once


class Spool:
    """An array that grows by rows; beyond LIMIT bytes it lies in a temporary file."""

    def __init__(self, limit: int | None = None):
        self.limit, self.count, self.bytes = LIMIT if limit is None else limit, 0, 0
        self.blocks: list[np.ndarray] = []
        self.pending: list[np.ndarray] = []
        self.waiting = 0
        self.file: Any = None
        self.map: np.ndarray | None = None

    def __del__(self) -> None:
        if self.file is not None:
            self.file.close()

    def add(self, block: np.ndarray) -> None:
        """Some more rows, of one dtype and width throughout."""
        self.pending.append(block)
        self.count, self.bytes = self.count + len(block), self.bytes + block.nbytes
        self.waiting += block.nbytes + 200  # what an array costs beside its entries
        self.like = block
        if self.waiting >= PENDING:
            self._join()

    def _join(self) -> None:
        if self.pending:
            self.blocks.append(np.concatenate(self.pending))
            self.pending, self.waiting = [], 0
        if self.file is not None or self.bytes > self.limit:
            self.file = self.file or tempfile.TemporaryFile(prefix="rnncalc-")  # noqa: SIM115 - closed in `array`
            for block in self.blocks:
                block.tofile(self.file)
            self.blocks = []

    def array(self) -> np.ndarray:
        """All rows."""
        self._join()
        if self.file is None:
            return np.concatenate(self.blocks) if self.blocks else np.zeros((0, 1))
        if self.map is None:
            self.file.flush()
            self.map = np.memmap(self.file, self.like.dtype, "r+", shape=(self.count, *self.like.shape[1:]))
            self.file.close()  # the map keeps it until the last who needs it is gone
        return self.map


def on_disk_if_large(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros of a shape that is known: in memory, or beyond LIMIT bytes in a temporary file."""
    if int(np.prod(shape)) * dtype.itemsize <= LIMIT:
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(prefix="rnncalc-") as file:  # the map keeps it
        return np.memmap(file, dtype, "w+", shape=shape)


def release(rows: np.ndarray) -> None:
    """Let go of what a map holds in memory; it is fetched from its file again when it is needed."""
    pages = getattr(rows, "_mmap", None)
    if isinstance(pages, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        pages.madvise(mmap.MADV_DONTNEED)


def fetched(rows: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Some rows. Of a map little is held at once: to touch one place brings in its surroundings too."""
    if not isinstance(rows, np.memmap) or len(which) <= FETCHED:
        picked = rows.take(which, axis=0)
        release(rows)
        return picked
    picked = np.empty((len(which), *rows.shape[1:]), rows.dtype)
    for begin in range(0, len(which), FETCHED):
        picked[begin : begin + FETCHED] = fetched(rows, which[begin : begin + FETCHED])
    return picked


def blocks(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Views of some rows of each array after another, which are let go of afterwards."""
    for begin in range(0, len(arrays[0]), BLOCK):
        yield tuple(array[begin : begin + BLOCK] for array in arrays)
        if begin // BLOCK % 16 == 15:
            for array in arrays:
                release(array)


def copied(rows: np.ndarray, begins: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Runs of rows one after the other: on disk again, if that is where they lie."""
    ends = begins + lengths
    breaks = np.flatnonzero(begins[1:] != ends[:-1]) + 1  # neighbours go together
    firsts = np.concatenate([[0], breaks]).astype(np.int64)
    lasts = np.concatenate([breaks, [len(begins)]]).astype(np.int64) - 1
    spool, taken = Spool(), 0
    for first, last in zip(firsts, lasts) if len(begins) else ():
        for begin in range(int(begins[first]), int(ends[last]), BLOCK):
            spool.add(np.array(rows[begin : min(begin + BLOCK, int(ends[last]))]))
        taken += int(ends[last] - begins[first])
        if taken > 16 * BLOCK:
            release(rows)
            taken = 0
    return spool.array() if spool.count else np.array(rows[:0])
