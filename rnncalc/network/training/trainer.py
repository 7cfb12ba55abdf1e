"""Training: batch after batch, epoch after epoch, until the end, or until validation stands still.

All that a run is lies in `Trainer.state()`: taken up from there, it ends with the same bits as without a pause. A batch
depends on the seed, the epoch and its number; kernels add in one order; nothing depends on threads.

The loss that is minimised is a mean over the targets of the batch (over their entries, for the squared errors and the
binary cross-entropy), so that ragged batches weigh alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import blocks
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.model.losses import LOSSES, find
from rnncalc.network.stack import Stack
from rnncalc.network.training.optimizers import Optimizer, Rate
from rnncalc.network.training.parameter_vector import Parameters
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import NORMS, Progress, Settings

EXPLODED = 1e9  # times the first loss: no training comes back from there


class DivergedError(RnncalcError):
    """The loss is no number any more, or has exploded; the network has its last good weights."""


class Trainer:
    """One run over one network, which is changed in place. Raises ProblemError, and DivergedError as it runs."""

    def __init__(self, network: Stack, data: Sequences, settings: Settings, validation: Sequences | None = None):
        self.network, self.data, self.settings, self.validation = network, data, settings, validation
        find(settings.loss, None, network.output)
        top = network.layers[-1]
        if not network.read_out and (len(top.passes) > 1 or "backward" in top.passes):
            raise ProblemError(_("a network whose last layer runs backward needs a read-out V to be trained"))
        if (settings.chunk or settings.truncate) and any("backward" in layer.passes for layer in network.layers):
            raise ProblemError(_("a layer that runs backward sees the whole sequence: it cannot be truncated or cut"))
        if any(np.ndim(start) > 1 for one in network.passes for start in one.starts.values()):
            raise ProblemError(_("a network that is trained has one start for all sequences, (H,), not (N, H)"))
        self._check(data)
        if validation is not None and not validation.targets:
            raise ProblemError(_("validation: what is put aside has not one target: put more aside, with val"))
        self.parameters = Parameters(network)
        self.g = np.zeros_like(self.parameters.vector)
        compiled = network.engine == "numba" and network.compiles
        self.optimizer = Optimizer(settings.optimizer, len(self.g), network.dtype, compiled, **settings.options)
        self.rate = Rate(
            self.optimizer.options["lr"], settings.epochs, settings.schedule, settings.gamma, settings.every,
            settings.warmup,
        )  # fmt: skip
        self.progress = Progress()
        self.good = self.parameters.vector.copy()  # the best validated weights, or the latest epoch's
        self.states: list[dict[str, np.ndarray]] = self.starts()
        self.exploded = EXPLODED
        self.way: Any = self._way(compiled)

    def _check(self, data: Sequences) -> None:
        outputs = self.network.sizes["O"]
        if not data.targets:
            raise ProblemError(_("there is not one target to learn from"))
        if self.settings.loss == "cross_entropy" and outputs < 2:
            raise ProblemError(_("cross_entropy chooses between classes: the network needs two outputs or more"))
        largest = max((int(some.max()) for (some,) in blocks(data.y)), default=0) if data.y.ndim == 1 else 0
        if largest >= outputs:
            raise ProblemError(_("class {n} is there, but the network has O = {o} outputs"), n=largest, o=outputs)
        if data.y.ndim == 2 and data.y.shape[1] != outputs:
            message = _("targets have {n} entries, but the network has O = {o} outputs")
            raise ProblemError(message, n=data.y.shape[1], o=outputs)

    def _way(self, compiled: bool) -> Any:
        if not compiled:
            from rnncalc.network.training.interpreted_epochs import WalkedRun

            return WalkedRun(self)
        from rnncalc.network.training.compiled_epochs import CompiledRun

        return CompiledRun(self)

    @property
    def streams(self) -> bool:
        """Whether the data is one long sequence, cut in chunks whose states are carried on."""
        return bool(self.settings.chunk) and len(self.data) == 1

    def starts(self) -> list[dict[str, np.ndarray]]:
        """Where sequences start that are not carried on: from the layers' own starts, else from zero."""
        return [dict(one.starts) for one in self.network.passes]

    # the loop ---------------------------------------------------------------------------------------------------------

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
            self.way.epoch(lr, watch, wait)
            self._end_epoch(lr)
            watch(self)
        return self.finish()

    def finish(self) -> list[dict[str, float]]:
        """Put the weights in place that are to be kept."""
        if self.validation is not None and self.progress.history:
            self.parameters.vector[:] = self.good
        self.parameters.changed()
        return self.progress.history

    def took(self, total: float, right: int, norm: float, weight: int, good: bool) -> None:
        """A step was taken; or it was not, because its loss is no good."""
        progress, loss = self.progress, total / max(weight, 1)
        progress.norms = [*progress.norms[1 - NORMS :], norm]
        if progress.first is None:
            progress.first = loss
        if not good:
            self._diverged(loss)
        progress.step += 1
        progress.steps += 1
        progress.total, progress.weight = progress.total + total, progress.weight + weight
        progress.right += right

    def _diverged(self, loss: float) -> None:
        self.parameters.vector[:] = self.good
        self.parameters.changed()
        shown = ", ".join(f"{norm:.3g}" for norm in self.progress.norms)
        message = _(
            "the loss became {loss} in epoch {epoch}, step {step}; gradient norms of the latest steps: {norms}.\n"
            "The weights are those of the last good epoch. Try a smaller lr, or clip_norm."
        )
        where = {"epoch": self.progress.epoch + 1, "step": self.progress.step + 1}
        error = DivergedError("")
        error.args = (message.format(loss=f"{loss:g}", norms=shown, **where),)
        raise error

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

    def evaluate(self, data: Sequences) -> tuple[float, float]:
        """The mean loss, and the share of targets that were right (for the losses that know right from wrong)."""
        total, weight, right = self.way.judge(data)
        return total / max(weight, 1), right / max(data.targets, 1)

    # pausing ----------------------------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Everything that a run taken up again needs beside its settings and data: vectors, and plain numbers."""
        arrays = {"theta": self.parameters.vector, "good": self.good}
        arrays |= {f"optimizer.{name}": vector for name, vector in self.optimizer.vectors.items()}
        for number, states in enumerate(self.states):
            arrays |= {f"state.{number}.{name}": np.ascontiguousarray(rows) for name, rows in states.items()}
        return arrays, {**asdict(self.progress), "count": self.optimizer.count}

    def restore(self, arrays: Mapping[str, np.ndarray], numbers: Mapping[str, Any]) -> None:
        """Go on from a `state`. Raises ProblemError if it is another network's."""
        numbers = dict(numbers)
        vectors = {"theta": self.parameters.vector, "good": self.good}
        vectors |= {f"optimizer.{name}": vector for name, vector in self.optimizer.vectors.items()}
        shapes = {name: {vector.shape} for name, vector in vectors.items()}
        places = {}
        for number, one in enumerate(self.network.passes):
            for state in one.cell.state:
                width = one.sizes[one.cell.size(state)]
                places[f"state.{number}.{state}"] = number, state
                shapes[f"state.{number}.{state}"] = {(width,), (self.settings.batch, width)}
        for name in {**vectors, **arrays}:
            if name not in arrays or arrays[name].shape not in shapes.get(name, ()):
                raise ProblemError(_("the checkpoint is of another network or another optimizer: {name}"), name=name)
        for name, vector in vectors.items():
            vector[:] = arrays[name]
        self.states = [{} for _one in self.network.passes]
        for name, (number, state) in places.items():
            if name in arrays:
                self.states[number][state] = arrays[name]
        self.optimizer.count = numbers.pop("count")
        self.progress = Progress(**numbers)
        self.parameters.changed()
