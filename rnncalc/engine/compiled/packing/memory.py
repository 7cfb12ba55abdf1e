"""Blocks of memory for the loops, which begin at a multiple of 64 bytes, so that no vector straddles two cache lines.

A large block is used again when the arrays that lay in it are gone: fresh from the system, it costs a page fault for
every 4 kB. Small ones the allocator itself keeps.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import numpy as np

SMALL = 1024 * 1024  # bytes; what is less is left to the allocator
LINE = 64  # bytes of a cache line
LEVEL_1 = 32 * 1024  # bytes of a first-level cache
CHUNK = 256 * 1024  # bytes that stay in a second-level cache beside the weights
TOGETHER = 128  # sequences that take a step together at least: each time its weights are read
Scratch = tuple[int, tuple[np.ndarray, ...]]  # for how many rows, and the arrays
LEAST = 256 * 1024 * 1024  # bytes that are kept for later, on a machine of any size


def _most() -> int:
    """Bytes that are kept for later: a thirty-second of the machine's memory, where that can be asked."""
    try:
        return max(LEAST, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 32)
    except (AttributeError, ValueError, OSError):
        return LEAST


MOST = _most()


def aligned(entries: int, dtype: np.dtype) -> np.ndarray:
    """An unset array whose first entry lies at a multiple of 64 bytes.

    One that fits in a first-level cache lies where it falls: finding the multiple would cost more than it saves.
    """
    if entries * dtype.itemsize <= LEVEL_1:
        return np.empty(entries, dtype)
    if entries * dtype.itemsize < SMALL:
        block = np.empty(entries + LINE // dtype.itemsize, dtype)
        begin = -block.__array_interface__["data"][0] % LINE // dtype.itemsize
        return block[begin : begin + entries]
    return np.asarray(_Lent(entries, dtype))


def rows_in_cache(pitch: int, dtype: np.dtype) -> int:
    """Sequences that take all their steps before others begin, so that what a step hands on stays in cache.

    pitch: entries of a row of everything that a step of one sequence reads and writes.
    """
    return max(CHUNK // (3 * pitch * dtype.itemsize), TOGETHER)  # the step before, this one, and what streams by


class ScratchPool:
    """Arrays that somebody uses in call after call, and nobody beyond a call. make: rows → unset arrays for so many."""

    def __init__(self, make: Callable[[int], tuple[np.ndarray, ...]]):
        self.make, self.kept = make, list[Scratch]()

    def take(self, rows: int) -> Scratch:
        """For so many rows, or for more."""
        try:
            scratch = self.kept.pop()  # of two threads each gets its own
        except IndexError:
            return rows, self.make(rows)
        return scratch if scratch[0] >= rows else (rows, self.make(rows))

    def give(self, scratch: Scratch) -> None:
        """It may be used again, unless its first array is one of those that are kept for everybody."""
        if scratch[1][0].nbytes < SMALL:
            self.kept.append(scratch)


def shaped(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An unset array of that shape, in such a block."""
    return aligned(math.prod(shape), dtype).reshape(shape)


class _Kept:
    """Blocks that nobody uses, by size. Two threads may take and give at once: a list's pop and append are whole."""

    def __init__(self) -> None:
        self.blocks: dict[int, list[np.ndarray]] = {}
        self.bytes = 0

    def take(self, size: int) -> np.ndarray:
        try:
            block = self.blocks[size].pop()
        except (KeyError, IndexError):
            return np.empty(size, np.uint8)
        self.bytes -= size
        return block

    def give(self, block: np.ndarray) -> None:
        if self.bytes + len(block) > MOST:
            self.blocks, self.bytes = {}, 0  # what is used now is worth more than what was used before
        if len(block) <= MOST:
            self.blocks.setdefault(len(block), []).append(block)
            self.bytes += len(block)


_KEPT = _Kept()


def release() -> None:
    """Give what is kept for later back to the system."""
    _KEPT.blocks, _KEPT.bytes = {}, 0


class _Lent:
    """A block on loan: an array made of it holds on to it, and the last one that goes gives it back."""

    def __init__(self, entries: int, dtype: np.dtype):
        wanted = int(entries) * dtype.itemsize + LINE
        step = 1 << max(wanted.bit_length() - 4, 12)  # sizes in steps of a sixteenth to an eighth, that like fits like
        self.block, self.kept = _KEPT.take(-(-wanted // step) * step), _KEPT
        place = self.block.__array_interface__["data"][0]
        self.__array_interface__ = {
            "data": (place + -place % LINE, False),
            "shape": (entries,),
            "typestr": dtype.str,
            "version": 3,
        }

    def __del__(self) -> None:
        self.kept.give(self.block)
