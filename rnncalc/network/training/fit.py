"""`Network.fit`: arrays in, a trained network and its history out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.suggest import hint
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import quiet
from rnncalc.model.losses import takes_classes
from rnncalc.network.stack import Stack
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.target_weights import class_weights
from rnncalc.network.training.targets import seen_backward
from rnncalc.network.training.trainer import Trainer

WAIT = 1.0  # seconds for which steps are left to machine code: what Ctrl-C waits for


@quiet
def fit(
    network: Stack, x: Any, y: Any, loss: str, lengths: ArrayLike | None, validation: tuple[Any, ...] | float | None,
    watch: Callable[[Trainer], None] | None, threads: int | str | None, sample_weight: Any, class_weight: Any,
    given: Mapping[str, Any],
) -> list[dict[str, float]]:  # fmt: skip
    """Train a network in place; arguments as for `Network.fit`. Returns the history."""
    if watch is not None and not callable(watch):
        raise ProblemError(_("watch must be a function that takes the Trainer, or None"))
    chosen = settings(loss=loss, **given)

    def read(x: Any, y: Any, lengths: ArrayLike | None = None, weights: Any = None) -> Sequences:
        return Sequences.of(
            x, y, lengths, weights, classes=are_classes(loss, y, x, network.y_width), inputs=network.sizes["D"]
        )

    data, held_out = read(x, y, lengths, sample_weight), None
    if network.summary == "last" and "backward" in network.layers[-1].passes and _at_last_alone(data):
        logging.getLogger("rnncalc").warning(seen_backward())
    if isinstance(validation, int | float):
        data, held_out = data.split(validation, chosen.seed)
    elif validation is not None:
        if not isinstance(validation, tuple | list) or not 2 <= len(validation) <= 4:
            raise ProblemError(_("validation is a share, or (x, y), (x, y, lengths), (x, y, lengths, sample_weight)"))
        held_out = read(*validation)
    if class_weight is not None:
        weights = class_weights(data.y, network.sizes["O"], class_weight)
        data, held_out = data.by_class(weights), held_out and held_out.by_class(weights)
    trainer = Trainer(network, data, chosen, held_out, threads)
    return trainer.run(watch) if watch else trainer.run(wait=WAIT)


def _at_last_alone(data: Sequences) -> bool:
    """Whether no step has a target but the last of each sequence, and some sequence has another."""
    filled = data.lengths > 0
    at = np.zeros(len(data.y), bool)
    at[data.offsets[1:][filled] - 1] = True
    there = data.y >= 0 if data.y.ndim == 1 else ~np.isnan(data.y).all(axis=1)
    return not at.all() and not (there & ~at).any()


def settings(**given: Any) -> Settings:
    """Settings by name. An unknown name raises ProblemError, which suggests the nearest known one."""
    known = [field.name for field in fields(Settings)]
    for name in given:
        if name not in known:
            raise ProblemError(_("training has no setting “{name}”: {hint}"), name=name, hint=hint(name, known))
    return Settings(**given)


def are_classes(loss: str, y: Any, x: Any, outputs: int) -> bool:
    """Whether targets are class numbers: the loss takes them, and they are no distributions, a row a step.

    Rows (N, O) are distributions, one a sequence, if they are as long as there are outputs, and not as there are steps.
    """
    a_sequence = _depth(y) == 2 and _depth(x) == 3 and len(y[0]) == outputs != len(x[0])
    return takes_classes(loss) and _depth(y) < 3 and not a_sequence


def _depth(part: Any) -> int:
    """How deep lists lie within lists, of the first entries."""
    depth = 0
    while isinstance(part, list | tuple | np.ndarray) and (not isinstance(part, np.ndarray) or part.ndim) and len(part):
        part, depth = part[0], depth + 1
    return depth
