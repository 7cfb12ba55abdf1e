"""How a run is to go, and how far it has come."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.kinds import number, of_kind, whole
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError

MASKS = ("sequence", "step")  # what has a dropout mask of its own
NORMS = 5  # of the latest gradients, which a diverged run reports


@dataclass(frozen=True)
class Settings:
    """How to train; names are those of `rnncalc train` and its configuration files. None: the optimiser's default."""

    loss: str
    epochs: int = 20
    batch: int = 32
    optimizer: str = "adam"
    lr: float | None = None
    momentum: float | None = None
    alpha: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    eps: float | None = None
    weight_decay: float | None = None
    schedule: str = "constant"
    gamma: float = 0.1
    every: int = 10
    warmup: int = 0
    clip_norm: float | None = None
    clip_value: float | None = None
    chunk: int = 0
    truncate: int = 0
    shuffle: bool = True
    patience: int | None = None
    dropout: float = 0.0
    input_dropout: float = 0.0
    dropout_mask: str = "sequence"
    seed: int = 0

    def __post_init__(self) -> None:
        for part in fields(self):
            _check_kind(part.name, str(part.type), getattr(self, part.name))
        for name, least in (("epochs", 0), ("batch", 1), ("chunk", 0), ("truncate", 0), ("seed", 0), ("patience", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ProblemError(_("{name} cannot be less than {least}"), name=name, least=least)
        if self.chunk and self.truncate:
            message = _("truncate and chunk are two ways to cut: every loss reaches K steps, or blocks of K; give one")
            raise ProblemError(message)
        for name in ("clip_norm", "clip_value"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ProblemError(_("{name} must be above 0"), name=name)

        for name in ("dropout", "input_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ProblemError(_("{name} is at least 0 and below 1"), name=name)
        one_of("dropout_mask", self.dropout_mask, MASKS)

    @property
    def options(self) -> dict[str, float | None]:
        """The optimiser's numbers."""
        return {name: getattr(self, name) for name in OPTIONS}


def _check_kind(name: str, words: str, value: Any) -> None:
    """Refuse what is no number where one is needed. words: the annotation of the field. Raises ProblemError."""
    if value is None and "None" in words:
        return
    if words.startswith("int"):
        whole(name, value)
    if words.startswith("float"):
        number(name, value)
    if words == "bool":
        of_kind(name, value, (bool, np.bool_), _("true or false"))


OPTIONS = ("lr", "momentum", "alpha", "beta1", "beta2", "eps", "weight_decay")


@dataclass
class Progress:
    """How far a run has come: what `watch` sees, and what a checkpoint keeps beside the vectors."""

    epoch: int = 0  # epochs that are done
    step: int = 0  # batches of this epoch that are done
    steps: int = 0  # batches in all
    total: float = 0.0  # of this epoch: the loss so far, its weight, and how many targets were right
    weight: float = 0.0
    right: int = 0
    best: float = math.inf  # the best validation loss, or training loss without validation
    best_epoch: int = 0
    idle: int = 0  # epochs since it improved
    drops: int = 0
    first: float | None = None  # the first step's loss
    stopped: bool = False
    history: list[dict[str, float]] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)  # of the latest steps' gradients

    @property
    def loss(self) -> float:
        """The mean loss of this epoch so far."""
        return self.total / self.weight if self.weight else math.nan
