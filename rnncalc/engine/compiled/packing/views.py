"""Arrays as kernels take them and give them: one run of memory, and views into it by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np


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


class Rows(Mapping[str, np.ndarray]):
    """The signals of a block (rows, pitch), name → (rows, width): views, made when somebody asks."""

    def __init__(self, block: np.ndarray, places: Mapping[str, tuple[int, int]]):
        self.block, self.places = block, places

    def __getitem__(self, name: str) -> np.ndarray:
        begin, end = self.places[name]
        return self.block[:, begin:end]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


class Parts(Mapping[str, np.ndarray]):
    """The arrays of which a vector is made, by name: views, made when somebody asks. places: slice and shape."""

    def __init__(self, vector: np.ndarray, places: Mapping[str, tuple[slice, tuple[int, ...]]]):
        self.vector, self.places = vector, places

    def __getitem__(self, name: str) -> np.ndarray:
        place, shape = self.places[name]
        return self.vector[place].reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)
