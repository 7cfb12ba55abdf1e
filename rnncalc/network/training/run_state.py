"""The state of a training run: what a step reads and changes, what a checkpoint holds, how a step is recorded.

All that a run is lies in `RunState.state()`: taken up from there, it ends with the same bits as without a pause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.threads import resolve_thread_count
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.model.dropout import Dropout
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.stack import Stack
from rnncalc.network.training.optimizers import Optimizer
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import NORMS, Progress, Settings

EXPLODED = 1e9  # times the first loss: no training comes back from there


class DivergedError(RnncalcError):
    """The loss is no number any more, or has exploded; the network has its last good weights."""


def _dropout(network: Stack, settings: Settings) -> Dropout:
    """What is left out on the way into each layer and the read-out; below an embedding there are no numbers."""
    rates = [settings.input_dropout, *[settings.dropout] * (len(network.layers) - 1)]
    rates.append(settings.dropout if network.read_out else 0.0)
    if network.embeds:
        rates[:2] = 0.0, settings.input_dropout
    return Dropout(rates, settings.dropout_mask, settings.seed)


class RunState:
    """One network and its parameter vector, the data, the settings, the optimizer, and how far the run has come.

    threads: how many share a batch, if not as many as the network's; they change no bit.
    """

    def __init__(self, network: Stack, data: Sequences, settings: Settings, threads: int | str | None = None):
        self.network, self.data, self.settings = network, data, settings
        self.threads = network.threads if threads is None else resolve_thread_count(threads)
        self.parameters = Parameters.of(network)
        self.dropout = _dropout(network, settings)
        self.g = np.zeros_like(self.parameters.vector)
        self.optimizer = Optimizer(settings.optimizer, len(self.g), network.dtype, network.compiles, **settings.options)
        self.progress = Progress()
        self.good = self.parameters.vector.copy()  # the best validated weights, or the latest epoch's
        self.states = (
            self.initial_states()
        )  # of each directional layer, by name; a stream carries them from chunk to chunk
        self.exploded = EXPLODED

    @property
    def streams(self) -> bool:
        """Whether the data is one long sequence, cut in chunks whose states are carried on."""
        return bool(self.settings.chunk) and len(self.data) == 1

    def initial_states(self) -> list[dict[str, np.ndarray]]:
        """The initial states of sequences that do not go on from another: each layer's own; none given means zero."""
        return [dict(layer.initial_states) for layer in self.network.passes]

    def record_step(self, total: float, right: int, norm: float, weight: float, good: bool) -> None:
        """Count a step that was taken. Raises DivergedError for one that was not, because its loss is no good."""
        progress, loss = self.progress, total / (weight or 1)
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
        for number, layer in enumerate(self.network.passes):
            for state in layer.cell.state:
                width = layer.sizes[layer.cell.size(state)]
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
