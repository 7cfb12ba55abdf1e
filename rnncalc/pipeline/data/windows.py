"""Rows arranged as sequences: targets moved ahead, those of the last step alone kept, series cut into windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import BLOCK, blocks, copied, on_disk_if_large, release
from rnncalc.errors import ProblemError
from rnncalc.network.training.sequences import Sequences
from rnncalc.pipeline.data.rows import DataRows, without_unseen
from rnncalc.pipeline.data_description import DataDescription


def arranged(rows: DataRows, about: DataDescription, whole: bool = False) -> tuple[Sequences, np.ndarray | None]:
    """Arrange rows as sequences, and their times alike.

    whole: a series stays one sequence, unless its windows have their target at the last step, after so many steps from
    the initial state; these are then counted from its end, so that the last one is whole.
    """
    about.complete(at=rows.at)
    rows = rows if about.predicting else _ahead(rows, about)
    series, overlap = None, 0
    last, window = about.at == "last", about.window or 0
    if window and (last or not whole):
        stride = about.stride or window
        cuts = [_windows(begin, end, window, stride, whole) for begin, end in zip(rows.offsets, rows.offsets[1:])]
        series = np.concatenate([[0], np.cumsum([len(cut) for cut in cuts])]).astype(np.int64)
        begins, ends = np.concatenate([np.zeros((0, 2), np.int64), *cuts]).T
        rows = _cut(rows, begins, ends - begins, stride != window)
        overlap = max(-(-window // stride) - 1, 0)
    if last and not about.predicting:
        _last_only(rows.y, rows.offsets)
    about.notes += without_unseen(rows.y, rows.unseen, rows.source)
    sequences = Sequences(rows.x, rows.y, rows.offsets, about.inputs, series, overlap)
    return sequences.weighted(rows.weights), rows.times


def _windows(begin: int, end: int, window: int, stride: int, from_end: bool) -> np.ndarray:
    """Return where the windows of a series begin and end: the last may be shorter, from the end the first."""
    if from_end:
        ends = np.arange(end, begin, -stride)[::-1]
        return np.stack([np.maximum(ends - window, begin), ends], axis=1)
    begins = np.arange(begin, max(end - window, begin) + stride, stride)
    begins = begins[begins < end]
    return np.stack([begins, np.minimum(begins + window, end)], axis=1)


def _cut(rows: DataRows, begins: np.ndarray, lengths: np.ndarray, copy: bool) -> DataRows:
    """Return the rows of windows one after the other; they are copied where windows share rows, or leave some out."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if not copy:
        return replace(rows, offsets=offsets)
    x, y = (copied(array, begins, lengths) for array in (rows.x, rows.y))
    times, weights = (None if of is None else copied(of, begins, lengths) for of in (rows.times, rows.weights))
    return replace(rows, x=x, y=y, offsets=offsets, times=times, weights=weights)


def _ahead(rows: DataRows, about: DataDescription) -> DataRows:
    """Move targets ahead; of a horizon, those of so many steps lie beside one another, the nearest first."""
    y, offsets = rows.y, rows.offsets
    ahead, horizon = about.ahead or 0, about.horizon or 1
    if not ahead:
        return rows
    if horizon == 1:
        _move(y, y, offsets, ahead)
        if rows.weights is not None:  # they are of the rows where the targets stand
            _move(rows.weights, rows.weights, offsets, ahead, 0)
        return rows
    if rows.weights is not None:
        raise ProblemError(_("a horizon of several steps has targets of several rows: --weight is of one"))
    if y.ndim == 1:
        raise ProblemError(_("a horizon of several steps is of numbers, and the targets are classes"))
    longest, reach = int(np.diff(offsets).max(initial=0)), ahead + horizon - 1
    if longest <= reach:
        message = _("no sequence is long enough to foretell {n} steps: the longest has {m}")
        raise ProblemError(message, n=reach, m=longest)
    width = y.shape[1]
    wide = on_disk_if_large((len(y), horizon * width), y.dtype)
    for step in range(horizon):
        _move(y, wide[:, step * width : (step + 1) * width], offsets, ahead + step)
    release(wide)
    return replace(rows, y=wide)


def _move(y: np.ndarray, into: np.ndarray, offsets: np.ndarray, ahead: int, none: float | None = None) -> None:
    """Put each row's target of so many steps later in its place, none where the sequence has ended by then."""
    none = none if none is not None else -1 if y.ndim == 1 else np.nan
    for begin in range(0, len(y) - ahead, BLOCK):  # in place: y is ours, and may lie on disk
        until = min(begin + BLOCK, len(y) - ahead)
        into[begin:until] = y[begin + ahead : until + ahead].copy()
    release(y)
    for begin, end in zip(offsets, offsets[1:]):
        into[max(end - ahead, begin) : end] = none


def _last_only(y: np.ndarray, offsets: np.ndarray) -> None:
    """Keep the target of each sequence's last row, in place."""
    ends, begin = offsets[1:][np.diff(offsets) > 0], 0
    for (some,) in blocks(y):  # an end is the row after a last one
        first, beyond = np.searchsorted(ends, [begin + 1, begin + len(some) + 1])
        at = ends[first:beyond] - 1 - begin
        kept = some[at]
        some[:] = -1 if y.ndim == 1 else np.nan
        some[at] = kept
        begin += len(some)
