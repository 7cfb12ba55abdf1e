"""Weights of targets: what the loss of each counts in the mean that is minimised, by sequence, by step, by class.

The mean of a batch is Σ weight · loss / Σ weight, as PyTorch and scikit-learn take it; a weight of 0 is no target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.places import ROW, in_words
from rnncalc.common.spool import blocks, on_disk_if_large
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import loose
from rnncalc.network.training.targets import place

BALANCED = "balanced"  # every class weighs as much as any other, all its targets together


def row_weights(name: str, weights: Sequence[Any], offsets: np.ndarray, given: Sequence[int]) -> np.ndarray:
    """The weight of every row, (R,), of one a sequence or one a step. Raises ShapeError, ProblemError.

    name: what errors call them; offsets: where sequences begin; given: their steps before a length cut them.
    """
    count = len(weights) if np.iterable(weights) and hasattr(weights, "__len__") else 0
    if count != len(given):
        message = _("{name}: {n} sequences need {n} weights, or rows of them, got {m}")
        raise ShapeError(message, name=name, n=len(given), m=count)
    parts = [loose(part) for part in weights]
    rows = np.empty(int(offsets[-1]))
    for number, (part, steps) in enumerate(zip(parts, given)):
        if part.dtype.kind not in "iubf" or (part.ndim and part.shape != (steps,)):
            message = _("{name}: sequence {number} needs a weight, or one for each of its {n} steps")
            raise ShapeError(message, name=name, number=number + 1, n=steps)
        begin, end = offsets[number], offsets[number + 1]
        rows[begin:end] = part[: end - begin] if part.ndim else part
    return checked(name, rows, lambda row: in_words(place(row, offsets), ROW))


def class_weights(y: np.ndarray, outputs: int, said: Any) -> np.ndarray:
    """The weight of each class, (outputs,), of class numbers y (R,). Raises ShapeError, ProblemError.

    said: a number for each class; by class number, where the others weigh 1; or BALANCED: the number of targets over
    that of the classes that they have and that of the class.
    """
    if y.ndim != 1:
        raise ProblemError(_("class_weight is of classes, and the targets are rows of numbers"))
    if isinstance(said, str):
        if said != BALANCED:
            raise ProblemError(_("class_weight is “balanced”, or a weight for each class, not “{said}”"), said=said)
        counts = np.zeros(outputs)
        for (some,) in blocks(y):
            counts += np.bincount(some[some >= 0], minlength=outputs)
        return counts.sum() / (max(np.count_nonzero(counts), 1) * np.maximum(counts, 1))
    if isinstance(said, Mapping):
        for number in said:
            if not isinstance(number, int | np.integer) or not 0 <= number < outputs:
                message = _("class_weight: there is no class {number}: classes are whole numbers from 0 to {last}")
                raise ProblemError(message, number=repr(number), last=outputs - 1)
        said = [said.get(number, 1.0) for number in range(outputs)]
    try:
        weights = np.asarray(said, np.float64)
    except (TypeError, ValueError, OverflowError):
        weights = np.empty(0)
    if weights.shape != (outputs,):
        raise ShapeError(_("class_weight: {n} classes need {n} numbers"), n=outputs)
    return checked("class_weight", weights)


def by_class(y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight of every row, (R,), by its class; a row without one weighs nothing. Raises ProblemError."""
    if y.ndim != 1:
        raise ProblemError(_("class_weight is of classes, and the targets are rows of numbers"))
    rows, begin, table = on_disk_if_large(y.shape, weights.dtype), 0, np.append(weights, 0.0)
    for (some,) in blocks(y):
        rows[begin : begin + len(some)] = table[some]
        begin += len(some)
    return rows


def checked(name: str, weights: np.ndarray, where: Callable[[int], str] | None = None) -> np.ndarray:
    """Weights that are finite and none below 0. Raises ProblemError, where `where` says which one is not."""
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        at = int(wrong.argmax())
        message = _("{name}: a weight is a finite number from 0, and that of {place} is {value}")
        said = where(at) if where else _("entry {n}").format(n=at + 1)
        raise ProblemError(message, name=name, place=said, value=f"{weights[at]:g}")
    return np.asarray(weights, np.float64)
