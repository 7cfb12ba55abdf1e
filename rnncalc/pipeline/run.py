"""A run from beginning to end: checkpoints on the way, a model in the end, and what it reaches on unseen data."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from rnncalc.common import files
from rnncalc.common.files import WriteError
from rnncalc.model.losses import LOSSES, are_right
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import checkpoint, metrics
from rnncalc.pipeline.baselines import baseline
from rnncalc.pipeline.recipe import Run
from rnncalc.pipeline.series import outputs

WAIT = 0.1  # seconds for which steps are left to machine code: what Ctrl-C and the progress bar wait for


def carry_out(
    run: Run, output: str | None, interval: float, watch: Callable[[Trainer], None],
    warn: Callable[[WriteError], None] = lambda error: None,
) -> None:  # fmt: skip
    """Train to the end with a checkpoint every `interval` seconds; save the model. What `watch` raises comes out.

    warn: called where a checkpoint cannot be written; the run goes on. Raises WriteError if the model cannot be.
    """
    if output is None:
        run.trainer.run(watch, min(WAIT, interval))
        return
    last, place = time.monotonic(), checkpoint.path_of(output)

    def step(trainer: Trainer) -> None:
        nonlocal last
        if time.monotonic() - last >= interval:
            try:
                checkpoint.save_in(reserve, run, place)
            except WriteError as error:
                warn(error)
            last = time.monotonic()
        watch(trainer)

    _remove_left(output)
    with checkpoint.reserve(run, place) as reserve:
        run.trainer.run(step, min(WAIT, interval))
    save(run, output)
    if models.ours(place):
        files.remove(place)
    _remove_left(output)


def _remove_left(output: str) -> None:
    """Delete the unfinished files that a killed run has left."""
    for left in (*files.left_beside(output), *files.left_beside(checkpoint.path_of(output))):
        if models.ours(left):
            files.remove(left)


def save(run: Run, output: str) -> None:
    """Write the model as it is now. Raises WriteError."""
    with checkpoint.kept_on_error(run, output):
        models.save(models.Model(run.network, run.about.known(), run.options, run.trainer.progress.history), output)


def judged(run: Run, data: Sequences) -> dict[str, float]:
    """Return the loss; the figures of `metrics`, with the share of whole sequences that are right; the baseline's."""
    loss, right = run.trainer.evaluate(data)
    return {"loss": loss, **reached(run, data, loss, right), **baseline(run, data)}


def reached(run: Run, data: Sequences, loss: float, right: float) -> dict[str, float]:
    """Return figures by name. loss, right: the mean loss, and the share of targets that are right."""
    chosen, about = LOSSES[run.trainer.settings.loss], run.about
    if about.kind == "text":
        return {"perplexity": metrics.perplexity(loss), "accuracy": right}
    y = outputs(run.network, data)
    if not chosen.right:
        return metrics.of_numbers(y, data.y, about)
    middle = 0.5 if run.network.output == "sigmoid" else 0.0  # of y, where its score is 0
    scores = metrics.of_classes(y, data.y, chosen, middle)
    if data.targets > len(data) > 1:
        scores["whole"] = _whole(are_right(chosen, y, data.y, middle), data)
    return scores


def _whole(right: np.ndarray, data: Sequences) -> float:
    """Return the share of sequences whose every target is right."""
    there = data.y >= 0 if data.y.ndim == 1 else ~np.isnan(data.y).all(axis=1)
    wrong = np.add.reduceat(~right & there, data.offsets[:-1])[data.lengths > 0]
    return float((wrong == 0).mean())
