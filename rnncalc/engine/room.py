"""Blocks of memory for the loops, used again when the arrays that lay in them are gone.

A fresh block costs a page fault for every 4 kB of it, which for a small network is more than what is computed there.
"""

from __future__ import annotations

import math

import numpy as np

SMALL = 16 * 1024  # bytes; a block so small lies where it falls, and is left to the allocator
MOST = 64 * 1024 * 1024  # bytes that are kept for later


def aligned(entries: int, dtype: np.dtype) -> np.ndarray:
    """An unset array whose first entry lies at a multiple of 64 bytes, so that no vector straddles two cache lines.

    A small one lies where it falls: finding the multiple would cost more than it saves.
    """
    if entries * dtype.itemsize <= SMALL:
        return np.empty(entries, dtype)
    return np.asarray(_Lent(entries, dtype))


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


class _Lent:
    """A block on loan: an array made of it holds on to it, and the last one that goes gives it back."""

    def __init__(self, entries: int, dtype: np.dtype):
        wanted = entries * dtype.itemsize + 64
        step = 1 << max(wanted.bit_length() - 4, 12)  # sizes in steps of a sixteenth to an eighth, that like fits like
        self.block, self.kept = _KEPT.take(-(-wanted // step) * step), _KEPT
        place = self.block.__array_interface__["data"][0]
        self.__array_interface__ = {
            "data": (place + -place % 64, False),
            "shape": (entries,),
            "typestr": dtype.str,
            "version": 3,
        }

    def __del__(self) -> None:
        self.kept.give(self.block)
