"""Arrays as kernels take them and give them: one run of memory, and views into it by name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.common.lazy_arrays import ArraysByName


def run_of(rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Rows as machine code takes them: one run of memory, and how far apart the rows begin; copied only in need."""
    if rows.flags.c_contiguous:
        return rows.reshape(-1), rows.shape[1]
    count, width = rows.shape
    size = rows.itemsize
    if count < 2 or rows.strides[1] != size or rows.strides[0] % size or rows.strides[0] < width * size:
        rows = np.ascontiguousarray(rows)
        return rows.reshape(-1), width
    pitch = rows.strides[0] // size
    return np.lib.stride_tricks.as_strided(rows, ((count - 1) * pitch + width,), (size,)), pitch


class Rows(ArraysByName):
    """The signals of a block (rows, pitch), name → (rows, width), as views. places: where each begins and ends."""

    names: Mapping[str, tuple[int, int]]

    def __init__(self, block: np.ndarray, places: Mapping[str, tuple[int, int]]):
        self.block, self.names = block, places

    def __getitem__(self, name: str) -> np.ndarray:
        begin, end = self.names[name]
        return self.block[:, begin:end]


class Parts(ArraysByName):
    """The arrays of which a vector is made, by name, as views. places: slice and shape."""

    names: Mapping[str, tuple[slice, tuple[int, ...]]]

    def __init__(self, vector: np.ndarray, places: Mapping[str, tuple[slice, tuple[int, ...]]]):
        self.vector, self.names = vector, places

    def __getitem__(self, name: str) -> np.ndarray:
        place, shape = self.names[name]
        return self.vector[place].reshape(shape)
