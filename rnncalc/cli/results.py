"""What a training run has reached, as lines that people read: one for each part of the data, every number named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rnncalc.common.i18n import N_, _

if TYPE_CHECKING:
    from rnncalc.report.document import Document

NAMES = {
    "loss": N_("loss"),
    "perplexity": N_("perplexity"),
    "accuracy": N_("accuracy"),
    "macro_f1": N_("macro F1"),
    "whole": N_("whole sequences right"),
    "rmse": N_("RMSE in the units of the data"),
    "mae": N_("MAE in the units of the data"),
    "bigram_loss": N_("loss of the bigram baseline"),
    "persistence_loss": N_("loss if the present value stayed"),
    "mean_loss": N_("loss of the mean of training"),
    "majority_loss": N_("loss of the classes' shares in training"),
    "persistence_accuracy": N_("right if the present value stayed"),
    "mean_accuracy": N_("right by the mean of training"),
    "majority_accuracy": N_("right by the most frequent class"),
}
SHARES = ("accuracy", "whole", "persistence_accuracy", "mean_accuracy", "majority_accuracy")


def lines(run: Any, reached: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Training, validation and test, where there are such; a note on the baseline. reached: as `reached` finds it."""
    progress, texts = run.trainer.progress, list[str]()
    if progress.history:
        last = {**progress.history[-1], **reached.get("training", {})}
        texts.append(_line(_("training, epoch {n}").format(n=len(progress.history)), last))
    for part, values in reached.items():
        if part == "training":
            continue
        if part == "validation":
            title = _("validation, epoch {n}, whose weights are kept").format(n=progress.best_epoch)
        else:
            title = _("test, not seen in training")
        texts.append(_line(title, values))
    if any("bigram_loss" in values for values in reached.values()):
        texts.append(_("(bigram baseline: interpolated Kneser-Ney, counted in the text that is not the test)"))
    return texts


def reached(run: Any) -> dict[str, dict[str, float]]:
    """What the kept weights reach on the parts of the data that the run did not learn from; without any, the baseline
    on what it learnt from, unless that knows it by heart, as that of a text does."""
    from rnncalc.pipeline import baselines
    from rnncalc.pipeline import run as runs
    from rnncalc.pipeline.recipe import Run

    parts = {"validation": run.trainer.validation, "test": run.test}
    judged = {name: runs.judged(run, part) for name, part in parts.items() if part is not None}
    if not judged and isinstance(run, Run) and run.about.kind != "text":
        judged["training"] = baselines.baseline(run, run.trainer.data)
    return judged


def _line(title: str, values: Mapping[str, float]) -> str:
    shown = [f"{_(name)} {_shown(key, values[key])}" for key, name in NAMES.items() if key in values]
    return _("{title}: {values}").format(title=title, values=_(", ").join(shown))


def _shown(key: str, value: float) -> str:
    return f"{value:.2%}" if key in SHARES else f"{value:.6g}"


def summary(run: Any, model: str) -> Document:
    """The result as a document, with the losses as a curve."""
    from rnncalc.report.training import training

    return training(
        Path(model).name, repr(run.network), lines(run, reached(run)), run.options, run.trainer.progress.history
    )


def tell(run: Any, model: str, seconds: float, curve: bool) -> None:
    """Print it."""
    from rnncalc.report.loss_curve import curve as drawn

    progress = run.trainer.progress
    if curve:
        click.echo(drawn(progress.history), nl=False)
    for line in lines(run, reached(run)):
        click.echo(line)
    click.echo(_("{model}: {n} steps in {s:.1f} s").format(model=model, n=progress.steps, s=seconds))
