"""Training along the equations: what `CompiledEpochs` does, line by line, for its tests and without a compiler."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from rnncalc.model.dropout import Dropout
from rnncalc.model.losses import LOSSES, are_right, counts, evaluate, one_hot
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.backward import backpropagate_loss
from rnncalc.network.clipping import Norm
from rnncalc.network.forward import traced, tracers
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.stack import Stack
from rnncalc.network.training.run_state import RunState
from rnncalc.network.training.sequences import Batch, Sequences
from rnncalc.network.view import View


class InterpretedEpochs:
    """One run's steps, batch by batch."""

    def __init__(self, run: RunState):
        self.run = run
        self.step = InterpretedStep(run.network, run.parameters, run.settings.loss, run.dropout)

    def train(self, lr: float, after_step: Callable[[], None], _wait: float | None) -> None:
        """The rest of this epoch's steps; `after_step` is called after every one."""
        run, settings = self.run, self.run.settings
        batches = run.data.epoch(
            settings.batch, settings.seed, run.progress.epoch, settings.shuffle, settings.chunk,
            run.progress.step,
        )  # fmt: skip
        for batch in batches:
            self._train_batch(batch, lr)
            after_step()

    def _train_batch(self, batch: Batch, lr: float) -> None:
        run, settings = self.run, self.run.settings
        if not batch.carried:
            run.states = run.initial_states()
        x, y, weights = self._rows(run.data, batch)
        weight, chunk = self._weight(y, weights), 0 if run.streams else settings.chunk
        states, truncate = self._begin(batch, run.states), settings.truncate
        total, right = self.step(
            x, batch.schedule, states, y, 1 / (weight or 1), chunk, truncate, run.g, run.progress.steps, weights
        )
        norm = float(Norm.of([run.g]).value)
        loss = total / (weight or 1)
        first = loss if run.progress.first is None else run.progress.first
        good = math.isfinite(loss) and math.isfinite(norm) and loss <= run.exploded * max(first, 1)
        if good:
            factor = min(1.0, settings.clip_norm / norm) if settings.clip_norm and norm > 0 else 1.0
            bound = math.inf if settings.clip_value is None else settings.clip_value
            run.optimizer.update(run.parameters.vector, run.g, lr, factor, bound)
            if run.streams:
                run.states = self.step.last_states()
        run.record_step(total, right, norm, weight, good)

    def evaluate(self, data: Sequences) -> tuple[float, float, int]:
        """The sum of the losses, their weight, and how many targets were right."""
        settings, total, weight, right = self.run.settings, 0.0, 0.0, 0
        states = self.run.initial_states()
        streams = settings.batch if len(data) > 1 else 1
        for batch in data.epoch(streams, 0, 0, False, settings.chunk):
            x, y, weights = self._rows(data, batch)
            given = self._begin(batch, states if batch.carried else self.run.initial_states())
            loss, hits = self.step(x, batch.schedule, given, y, 1.0, weights=weights)
            if settings.chunk and len(data) == 1:
                states = self.step.last_states()
            total, weight, right = total + loss, weight + self._weight(y, weights), right + hits
        return total, weight, right

    def _begin(self, batch: Batch, states: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """Where each sequence starts: one vector for all is spread over them."""
        count = batch.schedule.sequences
        return [
            {state: np.broadcast_to(rows, (count, rows.shape[-1])) for state, rows in initial.items()}
            for initial in states
        ]

    def _rows(self, data: Sequences, batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Inputs, targets and weights of a batch, gathered."""
        x, y = data.x.take(batch.rows, axis=0), data.y.take(batch.rows, axis=0)
        weights = None if data.weights is None else data.weights.take(batch.rows)
        return x.astype(self.run.network.dtype, copy=False), y, weights

    def _weight(self, y: np.ndarray, weights: np.ndarray | None) -> float:
        """What the loss of a batch is divided by: its targets, or all their entries, each as often as it counts."""
        rows = counts(self.step.loss, y)
        return float((rows if weights is None else rows * weights).sum())


class InterpretedStep:
    """Loss and gradient of one batch after another."""

    def __init__(self, network: Stack, parameters: Parameters, loss: str, dropout: Dropout | None = None):
        self.network, self.parameters, self.loss, self.dropout = network, parameters, LOSSES[loss], dropout

    def __call__(
        self, x: np.ndarray, schedule: PackedBatch, initial_states: Sequence[Mapping[str, np.ndarray]],
        targets: np.ndarray, share: float, chunk: int = 0, truncate: int = 0, g: np.ndarray | None = None,
        number: int = -1, weights: np.ndarray | None = None,
    ) -> tuple[float, int]:  # fmt: skip
        """The sum of the losses and how many rows were right; with g, their gradient times `share` into it.

        x (rows, D), or (rows,) numbers of one-hot rows, in packed order; initial_states: of each
        directional layer, by state;
        targets (rows, O), NaN: none, or (rows,) class numbers, -1: none. chunk, truncate: 0: not cut. number: of the
        training step, for its dropout; below 0: without. weights (rows,): what the loss of each row counts.
        """
        net, given = self.network, np.argsort(schedule.order)
        if x.ndim == 1 and net.embeds:
            x = x.astype(np.int64)
        elif x.ndim == 1:
            x = (np.arange(net.sizes["D"]) == x[:, None]).astype(net.dtype)
        initial = [{f"{state}0": rows[given] for state, rows in states.items()} for states in initial_states]
        view, fed = View(schedule, True), None
        if self.dropout and number >= 0:
            fed = partial(self.dropout.applied, schedule=schedule, step=number)
        self.trace = traced(net, schedule.unpack(x), view, tracers(net, view, initial), fed)
        self.schedule = schedule
        values = self.trace.at(self.loss.at)
        rows = targets
        if targets.ndim == 1:
            rows = one_hot(np.where(targets < 0, np.nan, targets), net.sizes["O"])
        counted = 1.0 if weights is None else weights
        result = evaluate(self.loss, values, rows, counted)
        if g is not None:
            steps = len(schedule.counts)
            cut = chunk if chunk < steps else 0, truncate if truncate < steps else 0
            gradients = backpropagate_loss(net, self.trace, evaluate(self.loss, values, rows, share * counted), *cut)
            named = {at.path + name: array for at, part in gradients.parts() for name, array in part.items()}
            self.parameters.gathered(named, g)
        return float(result.loss), int(are_right(self.loss, values, targets).sum())

    def last_states(self) -> list[dict[str, np.ndarray]]:
        """Every layer's states after the last step of each sequence, in packed order."""
        last = self.schedule.last[self.schedule.order]
        runs = zip(self.network.passes, self.trace.provenance.runs)
        return [{state: run.blocks[state][last] for state in layer.cell.state} for layer, run in runs]
