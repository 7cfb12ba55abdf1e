"""Weights of classes by their names, as an option says them: balanced, or cat=2,dog=0.5."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.suggest import hint
from rnncalc.errors import ProblemError
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.target_weights import BALANCED, class_weights
from rnncalc.pipeline.data_description import DataDescription

FEW = 12  # classes whose weights are said in a note


def by_name(about: DataDescription, train: Sequences) -> np.ndarray:
    """Return the weight of each class, (O,), balanced as the data to train on has them. Raises ProblemError."""
    said, labels = about.class_weight, about.labels or about.vocabulary
    assert said is not None
    return class_weights(train.y, about.outputs, said if said == BALANCED else _by_number(said, labels))


def notes(about: DataDescription, weights: np.ndarray) -> list[str]:
    """Say what few classes count."""
    labels = about.labels or about.vocabulary
    if len(labels) > FEW:
        return []
    shown = ", ".join(f"{label}: {weight:.4g}" for label, weight in zip(labels, weights))
    return [_("what a target of each class counts: {weights}").format(weights=shown)]


def _by_number(said: str, labels: Sequence[str]) -> dict[int, float]:
    """Return the weights that a text gives, by class number."""
    weights = {}
    for part in said.split(","):
        label, equals, number = (word.strip() for word in part.rpartition("="))
        if not equals:
            raise ProblemError(_("class_weight is “balanced”, or a weight for each class: cat=2,dog=0.5"))
        if label not in labels:
            message = _("class_weight: there is no class “{label}”: {hint}")
            raise ProblemError(message, label=label, hint=hint(label, labels))
        try:
            weights[labels.index(label)] = float(number)
        except ValueError:
            message = _("class_weight: the weight of “{label}” is a number, not “{number}”")
            raise ProblemError(message, label=label, number=number) from None
    return weights
