"""Training: batch after batch, epoch after epoch, until the end, or until validation stands still.

A batch depends on the seed, the epoch and its number; kernels add in one order; nothing depends on threads.

The loss that is minimised is a mean over the targets of the batch (over their entries, for the squared errors and the
binary cross-entropy), so that ragged batches weigh alike; each counts as much as its weight says, if there are any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.places import ROW, in_words
from rnncalc.common.spool import blocks
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import quiet
from rnncalc.model.losses import LOSSES, beyond, find, first_beyond, takes_classes
from rnncalc.network.backward import refuse_cuts
from rnncalc.network.stack import Stack
from rnncalc.network.training.interpreted_epochs import InterpretedEpochs
from rnncalc.network.training.optimizers import Rate
from rnncalc.network.training.run_state import RunState
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings


class Epochs(Protocol):
    """What takes the steps of a run, on either engine."""

    def train(self, lr: float, after_step: Callable[[], None], wait: float | None) -> None:
        """The rest of this epoch's steps; `after_step` is called after every one, or every `wait` seconds or so."""

    def evaluate(self, data: Sequences) -> tuple[float, float, int]:
        """The sum of the losses, their weight, and how many targets were right."""


class Trainer(RunState):
    """One run over one network, which is changed in place. Raises ProblemError, and DivergedError as it runs.

    threads: how many share a batch, if not as many as the network's.
    """

    def __init__(
        self, network: Stack, data: Sequences, settings: Settings, validation: Sequences | None = None,
        threads: int | str | None = None,
    ):  # fmt: skip
        _check_network(network, settings)
        _check_targets(network, settings, data)
        for part in (data, validation):
            _check_range(settings, part)
        if data.tokens and settings.input_dropout and not network.embeds:
            raise ProblemError(_("input_dropout leaves out numbers, and tokens are none: it needs an embedding"))
        if validation is None and settings.patience is not None:
            message = _("patience waits for a better validation loss, and nothing is put aside: {how}")
            raise ProblemError(message, how="--val 0.2, validation=0.2")
        if validation is not None and not validation.targets:
            raise ProblemError(_("validation: what is put aside has not one target: put more aside, with val"))
        super().__init__(network, data, settings, threads)
        self.validation = validation
        self.rate = Rate(
            self.optimizer.options["lr"], settings.epochs, settings.schedule, settings.gamma, settings.every,
            settings.warmup,
        )  # fmt: skip
        self.epochs: Epochs = InterpretedEpochs(self)
        if network.compiles:  # imported here: interpreting needs no compiler
            from rnncalc.network.training.compiled_epochs import CompiledEpochs

            self.epochs = CompiledEpochs(self)

    @quiet
    def run(
        self, watch: Callable[[Trainer], None] = lambda trainer: None, wait: float | None = None
    ) -> list[dict[str, float]]:
        """To the end; `watch` is called after every epoch, and every `wait` seconds or so, or after every step.

        Returns the history, an entry an epoch. The network then has the weights of the best validation, or the last
        ones where there is none. What `watch` raises stops the run where it is, to be taken up again from `state`.
        """
        settings, progress = self.settings, self.progress
        while progress.epoch < settings.epochs and not progress.stopped:
            lr = self.rate(progress.epoch, progress.drops)
            self.epochs.train(lr, lambda: watch(self), wait)
            self._end_epoch(lr)
            watch(self)
        return self.finish()

    def finish(self) -> list[dict[str, float]]:
        """Put the weights in place that are to be kept."""
        if self.validation is not None and self.progress.history:
            self.parameters.vector[:] = self.good
        self.parameters.changed()
        return self.progress.history

    def _end_epoch(self, lr: float) -> None:
        progress, settings = self.progress, self.settings
        entry: dict[str, float] = {"epoch": progress.epoch + 1, "loss": progress.loss, "lr": lr}
        if self._counts_right():
            entry["accuracy"] = progress.right / max(self.data.targets, 1)
        judged = progress.loss
        if self.validation is not None:
            judged, right = self.evaluate(self.validation)
            entry["val_loss"] = judged
            if self._counts_right():
                entry["val_accuracy"] = right
        progress.history.append(entry)
        improved = judged < progress.best
        if improved:
            progress.best, progress.best_epoch, progress.idle = judged, progress.epoch + 1, 0
        else:
            progress.idle += 1
        if improved or self.validation is None:
            self.good[:] = self.parameters.vector
        if settings.schedule == "plateau" and progress.idle and progress.idle % settings.every == 0:
            progress.drops += 1
        progress.epoch, progress.step = progress.epoch + 1, 0
        progress.total = progress.weight = 0.0
        progress.right = 0
        progress.stopped = settings.patience is not None and progress.idle > settings.patience

    def _counts_right(self) -> bool:
        return bool(LOSSES[self.settings.loss].right)

    @quiet
    def evaluate(self, data: Sequences) -> tuple[float, float]:
        """The mean loss, and the share of targets that were right (for the losses that know right from wrong)."""
        total, weight, right = self.epochs.evaluate(data)
        return total / (weight or 1), right / max(data.targets, 1)


def _check_network(network: Stack, settings: Settings) -> None:
    """Whether the network can be trained so. Raises ProblemError."""
    find(settings.loss, None, network.output)
    top = network.layers[-1]
    if not network.read_out and (len(top.passes) > 1 or "backward" in top.passes):
        raise ProblemError(_("a network whose last layer runs backward needs a read-out V to be trained"))
    refuse_cuts(network, settings.truncate, settings.chunk)
    if any(np.ndim(state) > 1 for layer in network.passes for state in layer.initial_states.values()):
        raise ProblemError(_("a network that is trained has one start for all sequences, (H,), not (N, H)"))


def _check_range(settings: Settings, data: Sequences | None) -> None:
    """Whether the loss can learn the targets. Raises ProblemError."""
    loss = LOSSES[settings.loss]
    if data is not None and data.y.ndim == 2 and loss.bounded:
        begin = 0
        for (some,) in blocks(data.y):
            if (at := first_beyond(loss, some)) is not None:
                place = in_words((*data.place(begin + at[0]), at[1]), (*ROW, "output"))
                raise ProblemError(beyond(loss, float(some[at]), place))
            begin += len(some)


def _check_targets(network: Stack, settings: Settings, data: Sequences) -> None:
    """Whether there are targets, and such as the network can give. Raises ProblemError."""
    outputs = network.sizes["O"]
    if not data.targets:
        raise ProblemError(_("there is not one target to learn from"))
    if takes_classes(settings.loss) and outputs < 2:
        message = _("{name} chooses between classes: the network needs two outputs or more")
        raise ProblemError(message, name=settings.loss)
    largest = max((int(some.max()) for (some,) in blocks(data.y)), default=0) if data.y.ndim == 1 else 0
    if largest >= outputs:
        message = _("{place}: class {n} is there, but the network has O = {o} outputs: classes are 0 to {last}")
        place = in_words(data.place(int((data.y >= outputs).argmax())), ROW)
        raise ProblemError(message, place=place, n=int(data.y[data.y >= outputs][0]), o=outputs, last=outputs - 1)
    if data.y.ndim == 2 and data.y.shape[1] != outputs:
        message = _("targets have {n} entries, but the network has O = {o} outputs")
        raise ProblemError(message, n=data.y.shape[1], o=outputs)
