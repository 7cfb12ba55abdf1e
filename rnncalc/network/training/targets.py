"""Targets as people give them, one for each step or for each sequence, as a target of every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.places import ROW, in_words
from rnncalc.errors import ShapeError
from rnncalc.model.arrays import without_graph


def seen_backward() -> str:
    """What a layer that runs backward has seen where targets lie at the last step and nothing is summarised."""
    return _(
        "the targets lie at the last step, where a layer that runs backward has seen that one input only: "
        "summary final reads the state that each direction ends with"
    )


def place(row: int, offsets: np.ndarray) -> tuple[int, int]:
    """In which sequence a row lies, and at which of its steps, both from 0. offsets: where sequences begin."""
    sequence = int(np.searchsorted(offsets, row, side="right")) - 1
    return sequence, int(row - offsets[sequence])


def of_rows(y: Any, offsets: np.ndarray, given: Sequence[int], classes: bool) -> np.ndarray:
    """The targets of every row. offsets: where sequences begin; given: their steps before a length cut them."""
    y = list(y) if np.iterable(y) else [y]
    if len(y) != len(given):
        raise ShapeError(_("{n} sequences need {n} targets or rows of them, got {m}"), n=len(given), m=len(y))
    try:
        parts = [np.asarray(without_graph(part), np.float64) for part in y]
    except (TypeError, ValueError):
        raise ShapeError(
            _("y: targets are numbers: class numbers from 0, or rows of O; None where there is none")
        ) from None
    wide = 0 if classes else 1
    each = [part.ndim == wide + 1 and len(part) == steps for part, steps in zip(parts, given)]
    flat = not classes and all(part.ndim == 1 and len(part) == n for part, n in zip(parts, given))
    if flat and max(given, default=0) > 1:  # one number a step
        parts, each = [part[:, None] for part in parts], [True] * len(parts)
    if all(each):
        rows = np.concatenate([part[: end - begin] for part, begin, end in zip(parts, offsets, offsets[1:])])
    else:
        values = [part.reshape(-1) for part in parts]
        if any(len(value) != len(values[0]) for value in values) or (classes and len(values[0]) != 1):
            raise ShapeError(_("y: a row for each step, or one for each sequence, and all of one width"))
        width = len(values[0])
        rows = np.full((int(offsets[-1]), width), np.nan)
        kept = np.flatnonzero(np.diff(offsets) > 0)
        rows[offsets[1:][kept] - 1] = np.stack(values)[kept]
        rows = rows[:, 0] if classes else rows
    if not classes:
        return rows
    known = np.where(np.isnan(rows), -1, rows)
    wrong = (known != np.floor(known)) | (known < -1)
    if wrong.any():
        row = int(wrong.argmax())
        message = _("y: class numbers are whole numbers from 0, and {place} has {value}")
        raise ShapeError(message, place=in_words(place(row, offsets), ROW), value=f"{known[row]:g}")
    return known.astype(np.int64)
