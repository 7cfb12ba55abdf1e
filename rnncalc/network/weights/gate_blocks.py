"""Gates as other libraries stack them: their order, and two biases where we have one.

A library's order is what `Cell.gate_orders` says, in our letters: ONNX's LSTM is i o f g.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ShapeError
from rnncalc.model.cells import CELLS, Cell


def from_library(array: np.ndarray, cell: str, library: str) -> np.ndarray:
    """The rows of an array that a library stacked, in our order."""
    ours, theirs = _orders(cell, library)
    return _blocks(array, theirs, ours)


def to_library(array: np.ndarray, cell: str, library: str) -> np.ndarray:
    """The inverse: our rows in the library's order."""
    ours, theirs = _orders(cell, library)
    return _blocks(array, ours, theirs)


def _orders(cell: str, library: str) -> tuple[str, str]:
    return CELLS[cell].gates, CELLS[cell].gate_order(library)


def _blocks(array: np.ndarray, before: str, after: str) -> np.ndarray:
    if before == after:
        return array
    if not array.ndim or not len(array) or len(array) % len(before):
        raise ShapeError(_("an array of the shape {shape} cannot hold {n} gates"), shape=array.shape, n=len(before))
    blocks = array.reshape(len(before), len(array) // len(before), *array.shape[1:])
    return blocks[[before.index(gate) for gate in after]].reshape(array.shape)


def one_bias(cell: str, first: np.ndarray | None, second: np.ndarray | None) -> dict[str, np.ndarray]:
    """The input's bias and the state's, in our order, as b; of gru_after the state's for n as d."""
    biases: dict[str, np.ndarray] = {}
    if first is not None and second is not None and first.shape != second.shape:
        raise ShapeError(_("the two biases are {first} and {second}"), first=first.shape, second=second.shape)
    if cell == "gru_after" and second is not None:
        units = len(second) // 3
        biases["d"] = second[2 * units :]
        second = np.concatenate([second[: 2 * units], np.zeros(units, second.dtype)])
    given = [bias for bias in (first, second) if bias is not None]
    if given:
        biases["b"] = given[0] if len(given) == 1 else given[0] + given[1]
    return biases


def two_biases(cell: Cell, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The inverse: b is the input's bias; the state's is zero but for d."""
    second = np.zeros_like(arrays["b"])
    if cell.name == "gru_after":
        second[-len(arrays["d"]) :] = arrays["d"]
    return arrays["b"], second


def keeping_old(cell: Cell, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a GRU whose z keeps the old state: where it lets the new one in, z is 1 − σ(a) = σ(−a)."""
    if cell.switched.get("update") != "z_new":
        return dict(arrays)
    changed = {name: array.copy() for name, array in arrays.items()}
    for name in ("U", "W", "b"):
        units = len(changed[name]) // 3
        changed[name][units : 2 * units] *= -1
    return changed
