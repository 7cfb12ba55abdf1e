"""Standardisation: mean 0, deviation 1, by what the training data says; kept in the model, undone in predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import blocks, on_disk_if_large
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError
from rnncalc.model.losses import LOSSES
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights.schema import SCALES
from rnncalc.pipeline.data.gaps import filled
from rnncalc.pipeline.data_description import DataDescription


def usual_scale(loss: str, output: str) -> str:
    """Return what is standardised where nobody says, in every kind of file: inputs, and targets that are numbers.

    Not those that are yes or no, nor those that an output of bounded values could then not reach.
    """
    yes_or_no = loss in LOSSES and LOSSES[loss].right
    return "inputs" if yes_or_no or output != "identity" else "both"


def learn(train: Sequences, about: DataDescription, usual: str, loss: str) -> None:
    """Learn mean and deviation of every column; of the targets too with `both`, where they are numbers.

    usual: what is standardised unless the description says it; loss: what it is learnt for. Raises ProblemError.
    """
    about.complete(scale=usual)
    one_of("scale", about.scale, SCALES)
    if about.scale == "both" and loss in LOSSES and LOSSES[loss].bounded and train.y.ndim == 2:
        message = _("--scale both standardises targets, and {loss} learns them as they are: --scale inputs")
        raise ProblemError(message, loss=loss)
    if filled(about) and not about.x_fill:
        about.x_fill = _moments(train.x)[0]
    if about.scale != "none" and not train.tokens and not about.x_mean:
        about.x_mean, about.x_std = _moments(train.x)
    if about.scale == "both" and train.y.ndim == 2 and not about.classes and not about.y_mean:
        about.y_mean, about.y_std = _moments(train.y)


def applied(sequences: Sequences, about: DataDescription) -> Sequences:
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


def undone(y: np.ndarray, about: DataDescription) -> np.ndarray:
    """Return predictions in the units of the data."""
    if not about.y_mean:
        return y
    return y * np.asarray(about.y_std) + np.asarray(about.y_mean)


def _moments(rows: np.ndarray, unit: np.ndarray | float = 1.0) -> tuple[list[float], list[float]]:
    """Compute mean and deviation of each column, block by block; a constant column has deviation 1.

    unit: what each column is multiplied by meanwhile, so that no square overflows.
    """
    width = rows.shape[1]
    count, total, squares = np.zeros(width), np.zeros(width), np.zeros(width)
    shift = unit * np.nan_to_num(np.asarray(rows[:1], np.float64)[0])
    with np.errstate(over="ignore", invalid="ignore"):
        for (some,) in blocks(rows):
            block = unit * np.asarray(some, np.float64)
            block -= shift
            count += (~np.isnan(block)).sum(axis=0)
            total += np.nansum(block, axis=0)
            squares += np.nansum(block * block, axis=0)
        mean = total / np.maximum(count, 1)
        deviation = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean * mean, 0))
    if np.ndim(unit) == 0 and not np.isfinite([mean, deviation]).all():
        return _moments(rows, np.where(np.isfinite(mean) & np.isfinite(deviation), 1.0, 2.0**-600))
    deviation = np.where(deviation > 1e-12 * (unit + np.abs(mean)), deviation / unit, 1)
    return ((mean + shift) / unit).tolist(), deviation.tolist()


def _standard(rows: np.ndarray, mean: list[float], deviation: list[float]) -> np.ndarray:
    """Return rows of float64, block by block; those on disk, which are ours, are overwritten."""
    ours = isinstance(rows, np.memmap) and rows.dtype == np.float64
    standard = rows if ours else on_disk_if_large(rows.shape, np.dtype(np.float64))
    for some, given in blocks(standard, rows):
        some[:] = (given - np.asarray(mean)) / np.asarray(deviation)
    return standard
