"""Inputs that are missing: what stands for them, the same in training and in predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.common.spool import blocks, on_disk_if_large
from rnncalc.pipeline.data.rows import DataRows
from rnncalc.pipeline.data_description import DataDescription


def filled(about: DataDescription) -> bool:
    """Tell whether inputs may be missing."""
    return about.missing not in (None, "error")


def fill(rows: DataRows, about: DataDescription) -> DataRows:
    """Return rows with what stands for missing inputs, as far as the rows themselves say it.

    forward: the value before, of the same sequence. mask: an indicator beside every input, 1 where it is missing. What
    is left is nan, for which the mean of the training data stands: see `scaling`.
    """
    if about.missing == "forward":
        _carry_forward(rows.x, rows.offsets)
    elif about.missing == "mask":
        width = rows.x.shape[1]
        x = on_disk_if_large((len(rows.x), 2 * width), rows.x.dtype)
        for given, wide in blocks(rows.x, x):
            wide[:, :width], wide[:, width:] = given, np.isnan(given)
        return replace(rows, x=x)
    return rows


def _carry_forward(x: np.ndarray, offsets: np.ndarray) -> None:
    """Carry values forward in place, within each sequence."""
    begins = np.repeat(offsets[:-1], np.diff(offsets))
    for column in x.T:
        latest = np.maximum.accumulate(np.where(np.isnan(column), -1, np.arange(len(column))))
        known = latest >= begins
        column[known] = column[latest[known]]
