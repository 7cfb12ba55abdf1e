"""Training: batch after batch, epoch after epoch, until the end, or until validation stands still.

All that a run is lies in `Trainer.state()`: taken up from there, it ends with the same bits as without a pause. A batch
depends on the seed, the epoch and its number; kernels add in one order; nothing depends on threads.

The loss that is minimised is a mean over the targets of the batch (over their entries, for the squared errors and the
binary cross-entropy), so that ragged batches weigh alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.language import _
from rnncalc.losses import find
from rnncalc.optim import Optimizer, Rate
from rnncalc.parameters import Parameters
from rnncalc.sequences import Batch, Sequences
from rnncalc.settings import NORMS, Progress, Settings
from rnncalc.walked_step import WalkedStep

if TYPE_CHECKING:
    from rnncalc.network import Network

EXPLODED = 1e9  # times the first loss: no training comes back from there


class DivergedError(RnncalcError):
    """The loss is no number any more, or has exploded; the network has its last good weights."""


class Trainer:
    """One run over one network, which is changed in place. Raises ProblemError, and DivergedError as it runs."""

    def __init__(self, network: Network, data: Sequences, settings: Settings, validation: Sequences | None = None):
        self.network, self.data, self.settings, self.validation = network, data, settings, validation
        find(settings.loss, None, network.output)
        top = network.layers[-1]
        if not network.read_out and (len(top.passes) > 1 or "backward" in top.passes):
            raise ProblemError(_("a network whose last layer runs backward needs a read-out V to be trained"))
        if settings.chunk and any("backward" in layer.passes for layer in network.layers):
            message = _("a layer that runs backward sees the whole sequence: it cannot be trained in chunks")
            raise ProblemError(message)
        self._check(data)
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
        self.states: list[dict[str, np.ndarray]] = self._starts()
        self.step: Any = self._stepper(compiled)

    def _check(self, data: Sequences) -> None:
        outputs = self.network.sizes["O"]
        if not data.targets:
            raise ProblemError(_("there is not one target to learn from"))
        if self.settings.loss == "cross_entropy" and outputs < 2:
            raise ProblemError(_("cross_entropy chooses between classes: the network needs two outputs or more"))
        if data.y.ndim == 1 and data.y.max() >= outputs:
            raise ProblemError(_("class {n} is there, but the network has O = {o} outputs"), n=data.y.max(), o=outputs)
        if data.y.ndim == 2 and data.y.shape[1] != outputs:
            message = _("targets have {n} entries, but the network has O = {o} outputs")
            raise ProblemError(message, n=data.y.shape[1], o=outputs)

    def _stepper(self, compiled: bool) -> Any:
        if not compiled:
            return WalkedStep(self.network, self.parameters, self.settings.loss)
        from rnncalc.engine.train_step import CompiledStep

        net, theta = self.network, self.parameters
        return CompiledStep(net.layers, net.read_out, theta.places, theta.vector, self.settings.loss)

    def _starts(self) -> list[dict[str, np.ndarray]]:
        """Where sequences start that are not carried on: from the layers' own starts, else from zero."""
        return [dict(one.starts) for one in self.network.passes]

    # the loop ---------------------------------------------------------------------------------------------------------

    def run(self, watch: Callable[[Trainer], None] = lambda trainer: None) -> list[dict[str, float]]:
        """To the end; `watch` is called after every step and every epoch. Returns the history, an entry an epoch.

        The network then has the weights of the best validation, or the last ones where there is none. What `watch`
        raises stops the run where it is, to be taken up again from `state`.
        """
        settings, progress = self.settings, self.progress
        while progress.epoch < settings.epochs and not progress.stopped:
            lr = self.rate(progress.epoch, progress.drops)
            batches = self.data.epoch(
                settings.batch, settings.seed, progress.epoch, settings.shuffle, settings.chunk, progress.step
            )
            for batch in batches:
                self._train(batch, lr)
                watch(self)
            self._end_epoch(lr)
            watch(self)
        return self.finish()

    def finish(self) -> list[dict[str, float]]:
        """Put the weights in place that are to be kept."""
        if self.validation is not None and self.progress.history:
            self.parameters.vector[:] = self.good
        self.step.refresh()
        self.parameters.changed()
        return self.progress.history

    def _train(self, batch: Batch, lr: float) -> None:
        settings, progress = self.settings, self.progress
        if not batch.carried:
            self.states = self._starts()
        x, y = self._rows(self.data, batch)
        weight = self._weight(y)
        chunk = settings.chunk if len(self.data) > 1 else 0
        total, right = self.step(x, batch.schedule, self.states, y, 1 / max(weight, 1), chunk, self.g)
        loss, norm = total / max(weight, 1), self._norm()
        progress.norms = [*progress.norms[1 - NORMS :], norm]
        if progress.first is None:
            progress.first = loss
        if not math.isfinite(loss) or not math.isfinite(norm) or loss > EXPLODED * max(progress.first, 1):
            self._diverged(loss)
        factor = min(1.0, settings.clip_norm / norm) if settings.clip_norm and norm > 0 else 1.0
        self.optimizer.update(
            self.parameters.vector, self.g, lr, factor, math.inf if settings.clip_value is None else settings.clip_value
        )
        self.step.refresh()
        if settings.chunk and len(self.data) == 1:
            self.states = self.step.last_states()
        progress.step += 1
        progress.steps += 1
        progress.total, progress.weight = progress.total + total, progress.weight + weight
        progress.right += right

    def _rows(self, data: Sequences, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of a batch, gathered."""
        return data.x.take(batch.rows, axis=0).astype(self.network.dtype, copy=False), data.y.take(batch.rows, axis=0)

    def _weight(self, y: np.ndarray) -> int:
        """What the loss of a batch is divided by: its targets, or all their entries."""
        if y.ndim == 1:
            return int(np.count_nonzero(y >= 0))
        there = ~np.isnan(y)
        return int(there.any(axis=1).sum() if self.settings.loss == "cross_entropy" else there.sum())

    def _norm(self) -> float:
        if not self.optimizer.compiled:
            return float(np.sqrt((self.g.astype(np.float64) ** 2).sum()))
        from rnncalc.engine import train_loops

        return math.sqrt(train_loops.squares(self.g))

    def _diverged(self, loss: float) -> None:
        self.parameters.vector[:] = self.good
        self.step.refresh()
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
        return self.settings.loss in ("cross_entropy", "binary_cross_entropy")

    def evaluate(self, data: Sequences) -> tuple[float, float]:
        """The mean loss, and the share of targets that were right (for the losses that know right from wrong)."""
        total, weight, right, states = 0.0, 0, 0, self.states
        streams = self.settings.batch if len(data) > 1 else 1
        for batch in data.epoch(streams, 0, 0, False, self.settings.chunk):
            if not batch.carried:
                self.states = self._starts()
            x, y = self._rows(data, batch)
            found, hits = self.step(x, batch.schedule, self.states, y, 1.0)
            if self.settings.chunk and len(data) == 1:
                self.states = self.step.last_states()
            total, weight, right = total + found, weight + self._weight(y), right + hits
        self.states = states
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
        for name, vector in vectors.items():
            if name not in arrays or arrays[name].shape != vector.shape:
                raise ProblemError(_("the checkpoint is of another network or another optimizer: {name}"), name=name)
            vector[:] = arrays[name]
        self.states = [{} for _one in self.network.passes]
        for name, rows in arrays.items():
            kind, _dot, rest = name.partition(".")
            if kind == "state":
                number, _dot, state = rest.partition(".")
                self.states[int(number)][state] = rows
        self.optimizer.count = numbers.pop("count")
        self.progress = Progress(**numbers)
        self.step.refresh()
        self.parameters.changed()
