"""Standardisation: mean 0, deviation 1, by what the training data says; kept in the model, undone in predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.common.spool import blocks
from rnncalc.common.suggest import one_of
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights.schema import SCALES
from rnncalc.pipeline.account import Account
from rnncalc.pipeline.data.gaps import filled


def learn(train: Sequences, about: Account) -> None:
    """Learn mean and deviation of every column; of the targets too with `both`, where they are numbers."""
    about.complete(scale="both" if about.kind == "table" else "none")
    one_of("scale", about.scale, SCALES)
    if filled(about) and not about.x_fill:
        about.x_fill = _moments(train.x)[0]
    if about.scale != "none" and not train.tokens and not about.x_mean:
        about.x_mean, about.x_std = _moments(train.x)
    if about.scale == "both" and train.y.ndim == 2 and not about.classes and not about.y_mean:
        about.y_mean, about.y_std = _moments(train.y)


def applied(sequences: Sequences, about: Account) -> Sequences:
    """Return the same sequences, standardised."""
    x, y = sequences.x, sequences.y
    if about.x_fill:
        for (some,) in blocks(x):  # in place: x is ours, and may lie on disk
            some[:] = np.where(np.isnan(some), np.asarray(about.x_fill), some)
    if about.x_mean and not sequences.tokens:
        x = _standard(x, about.x_mean, about.x_std)
    if about.y_mean and y.ndim == 2:
        y = _standard(y, about.y_mean, about.y_std)
    return replace(sequences, x=x, y=y)


def undone(y: np.ndarray, about: Account) -> np.ndarray:
    """Return predictions in the units of the data."""
    if not about.y_mean:
        return y
    return y * np.asarray(about.y_std) + np.asarray(about.y_mean)


def _moments(rows: np.ndarray) -> tuple[list[float], list[float]]:
    """Compute mean and deviation of each column, block by block; a constant column has deviation 1."""
    width = rows.shape[1]
    count, total, squares = np.zeros(width), np.zeros(width), np.zeros(width)
    shift = np.nan_to_num(np.asarray(rows[:1], np.float64)[0])
    for (some,) in blocks(rows):
        block = np.asarray(some, np.float64) - shift
        count += (~np.isnan(block)).sum(axis=0)
        total += np.nansum(block, axis=0)
        squares += np.nansum(block * block, axis=0)
    mean = total / np.maximum(count, 1)
    deviation = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean * mean, 0))
    return (mean + shift).tolist(), np.where(deviation > 1e-12 * (1 + np.abs(mean)), deviation, 1).tolist()


def _standard(rows: np.ndarray, mean: list[float], deviation: list[float]) -> np.ndarray:
    if isinstance(rows, np.memmap):  # on disk, and ours
        for (block,) in blocks(rows):
            block[:] = (block - np.asarray(mean)) / np.asarray(deviation)
        return rows
    return (rows - np.asarray(mean)) / np.asarray(deviation)
