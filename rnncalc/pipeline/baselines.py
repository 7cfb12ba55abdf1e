"""What needs no network: the baseline that a model has to beat, judged by the same loss.

Text: the bigram. Classes: their shares in training, and so the most frequent of them. Numbers that lie ahead:
persistence, the present value stays. Other numbers: their mean in training.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnncalc.common.spool import blocks
from rnncalc.model.losses import LOSSES, are_right, counts, evaluate, usual_output
from rnncalc.network.training.sequences import Sequences
from rnncalc.pipeline.bigram import Bigram
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.pipeline.recipe import Run

Guess = Callable[[np.ndarray], np.ndarray]  # rows of inputs → values of the targets


def baseline(run: Run, data: Sequences) -> dict[str, float]:
    """Return the loss of the baseline under its name, and how many targets it has right."""
    train, about, outputs = run.trainer.data, run.about, run.network.sizes["O"]
    if about.kind == "text":
        learnt = [train, run.trainer.validation if data is run.test else None]
        return {"bigram_loss": Bigram([part for part in learnt if part], run.network.sizes["D"]).loss(data)}
    loss, scores = LOSSES[run.trainer.settings.loss], usual_output(run.trainer.settings.loss)
    name, guess = _guess(about, train, outputs, scores if loss.at == "s" else "")
    total, weight, right = 0.0, 0.0, 0
    weights = np.broadcast_to(1.0, len(data.x)) if data.weights is None else data.weights
    for x, y, weighs in blocks(data.x, data.y, weights):
        targets = np.where(y[:, None] < 0, np.nan, y[:, None] == np.arange(outputs)) if y.ndim == 1 else y
        values = np.broadcast_to(guess(x), targets.shape)
        total += float(evaluate(loss, values, targets, weighs).losses.sum())
        weight += float(weighs @ counts(loss, targets))
        right += int(are_right(loss, values, y, 0.0 if loss.at == "s" else 0.5).sum())
    judged = {f"{name}_loss": total / (weight or 1)}
    return {**judged, f"{name}_accuracy": right / max(data.targets, 1)} if loss.right else judged


def _guess(about: DataDescription, train: Sequences, outputs: int, scores: str) -> tuple[str, Guess]:
    """Return the name of a baseline, and what it says. scores: of which output function, if the loss is of scores."""
    if train.y.ndim == 1:
        counts = np.ones(outputs)  # each class once more than it was there, so that none is impossible
        for (some,) in blocks(train.y):
            counts += np.bincount(some[some >= 0], minlength=outputs)
        shares = counts / counts.sum()
        return "majority", lambda x: np.log(shares) if scores else shares
    if columns := _present(about):
        return "persistence", lambda x: _persistent(x[:, columns], about, columns)
    total, count = np.zeros(outputs), np.zeros(outputs)
    for (some,) in blocks(train.y):
        total, count = total + np.nansum(some, axis=0), count + (~np.isnan(some)).sum(axis=0)
    mean = total / np.maximum(count, 1)
    if not scores:
        return "mean", lambda x: mean
    inside = np.clip(mean, 1e-9, 1 - 1e-9)
    return "mean", lambda x: np.log(inside / (1 - inside)) if scores == "sigmoid" else np.log(inside)


def _present(about: DataDescription) -> list[int]:
    """Return the inputs that are the present values of the targets, for each output; none if they are no inputs."""
    inputs, targets = list(about.input or []), list(about.target or [])
    if about.kind != "table" or not about.ahead or not set(targets) <= set(inputs):
        return []
    return [inputs.index(name) for name in targets] * (about.horizon or 1)


def _persistent(x: np.ndarray, about: DataDescription, columns: list[int]) -> np.ndarray:
    """Return present values on the scale of the targets."""
    if about.x_mean:
        x = x * np.asarray(about.x_std)[columns] + np.asarray(about.x_mean)[columns]
    return (x - np.asarray(about.y_mean)) / np.asarray(about.y_std) if about.y_mean else x
