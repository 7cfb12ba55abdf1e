"""Losses: how far what was computed is from the targets, and the gradient with which backpropagation begins.

Rows are steps: y, s and targets are (rows, O), and a target that is not a number (NaN) is no target. Losses from scores
(cross-entropy) take log Σ e^s as a whole and never the logarithm of a rounded softmax; their gradient arrives at s,
that of the others at y. Everything also holds for complex numbers, by which the tests differentiate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnncalc.errors import ProblemError, ShapeError
from rnncalc.functions import log_softmax, sigmoid, softmax
from rnncalc.language import _

REDUCTIONS = ("sum", "mean", "batch_mean")


@dataclass(frozen=True)
class Loss:
    """One loss: of a row's entries, each; its gradient, entry by entry; where that arrives; which outputs allow it.

    mean: the sum is divided by the number of entries, so that no reduction goes beside it. apart: an entry's loss does
    not depend on the other entries of its row.
    """

    entries: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray, np.ndarray], np.ndarray]
    text: str
    at: str = "y"
    outputs: tuple[str, ...] = ()
    mean: bool = False
    apart: bool = True


class Judged(NamedTuple):
    """What a loss says of all rows: the whole, each row's share (they add up), the gradient and where it arrives."""

    loss: float
    losses: np.ndarray  # (rows,)
    gradient: np.ndarray  # (rows, O)
    at: str


def squared_error(y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(y − t)²"""
    return (y - t) * (y - t)


def cross_entropy(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """−t log softmax(s)"""
    return -t * log_softmax(s)


def cross_entropy_gradient(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """softmax(s) Σ t − t, which is softmax(s) − t where t is a distribution."""
    return softmax(s) * t.sum(axis=-1, keepdims=True) - t


def binary_cross_entropy(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """log(1 + e^s) − t s"""
    positive = s.real > 0
    return np.where(positive, s, 0) - s * t + np.log1p(np.exp(np.where(positive, -s, s)))


LOSSES = {
    "half_squared_error": Loss(lambda y, t: squared_error(y, t) / 2, lambda y, t: y - t, "½ Σ (y − t)²"),
    "squared_error": Loss(squared_error, lambda y, t: 2 * (y - t), "Σ (y − t)²"),
    "mean_squared_error": Loss(squared_error, lambda y, t: 2 * (y - t), "mean of (y − t)²", mean=True),
    "cross_entropy": Loss(
        cross_entropy,
        cross_entropy_gradient,
        "−Σ t · log softmax(s)",
        "s",
        ("identity", "softmax", "log_softmax"),
        apart=False,
    ),
    "binary_cross_entropy": Loss(
        binary_cross_entropy, lambda s, t: sigmoid(s) - t, "Σ log(1 + e^s) − t · s", "s", ("identity", "sigmoid")
    ),
}


def find(name: str | None, reduction: str | None, output: str) -> Loss:
    """The loss of that name, if it fits the reduction and the output's function. Raises ProblemError."""
    if name is None:
        raise ProblemError(_("targets need a loss: {known}"), known=", ".join(LOSSES))
    if name not in LOSSES:
        raise ProblemError(_("loss is one of {known}, not “{name}”"), known=", ".join(LOSSES), name=name)
    if reduction is not None and reduction not in REDUCTIONS:
        raise ProblemError(_("reduction is one of {known}, not “{name}”"), known=", ".join(REDUCTIONS), name=reduction)
    loss = LOSSES[name]
    if loss.mean and reduction is not None:
        raise ProblemError(_("{name} is a mean already: leave the reduction out"), name=name)
    if loss.outputs and output not in loss.outputs:
        message = _("{name} is taken from the scores, so the output must be {known}, not {output}")
        raise ProblemError(message, name=name, known=" or ".join(loss.outputs), output=output)
    return loss


def judge(loss: Loss, values: np.ndarray, targets: np.ndarray, weight: float) -> Judged:
    """The loss of all rows. values: y or s, whichever the loss is taken from; targets of the same shape, NaN: none.

    weight: what every row's loss is multiplied by, as `weight` says.
    """
    there = ~np.isnan(targets)
    real = values.real.dtype.type
    wanted = np.where(there, targets, 0).astype(real)
    counts = there if loss.apart else there.any(axis=-1, keepdims=True)
    losses = np.where(there, loss.entries(values, wanted), 0).sum(axis=-1) * real(weight)
    gradient = np.where(counts, loss.gradient(values, wanted), 0) * real(weight)
    return Judged(losses.sum(), losses, gradient, loss.at)


def weight(loss: Loss, targets: np.ndarray, reduction: str | None, sequences: int) -> float:
    """What a reduction multiplies every row's loss by: 1, or one over the targets, the entries or the sequences."""
    there = ~np.isnan(targets)
    number = {"mean": int(there.any(axis=-1).sum()), "batch_mean": sequences}.get(reduction or "", 1)
    return 1 / max(int(there.sum()) if loss.mean else number, 1)


def one_hot(classes: np.ndarray, outputs: int) -> np.ndarray:
    """Class numbers from 0, NaN where there is none, as distributions. Raises ShapeError."""
    known = np.arange(outputs) == classes[..., None]
    for place in np.argwhere(~known.any(axis=-1) & ~np.isnan(classes)):
        message = _("targets: class {number} at {place}: classes are whole numbers from 0 to {last}")
        at, number = "".join(f"[{i + 1}]" for i in place), f"{classes[tuple(place)]:g}"
        raise ShapeError(message, number=number, place=at, last=outputs - 1)
    return np.where(np.isnan(classes)[..., None], np.nan, known)
