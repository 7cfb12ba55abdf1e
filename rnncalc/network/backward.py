"""Backpropagation through a network: the loss first, then the read-out, then the layers from the top down.

Each cell goes back through its own steps (in `engine`); here is what lies between them: where the loss's gradient
arrives, how two directions share what comes from above, and how far back through time a gradient may go.

    truncated    every loss reaches the K latest steps. The gradient goes back in K passes: the first visits every step
                 with what the loss brings there, the next with what the first handed to the step before
    in chunks    the sequence is cut in blocks of K steps, and nothing goes from one block to the block before

Longer than other files: what arrives from outside, at any place, meets the loss's gradient here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.engine.interface import CellAdjoint
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype
from rnncalc.model.equations.functions import quiet
from rnncalc.model.layer import Layer
from rnncalc.model.losses import LossResult
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.model.summaries import OVER_STEPS, unsummarised
from rnncalc.network.gradients import DirectionGradients, Gradients, LayerGradients
from rnncalc.network.objective import resolve_objective
from rnncalc.network.stack import Stack
from rnncalc.network.states import by_layer
from rnncalc.network.trace import Signals, Trace


def backpropagate(
    network: Stack, trace: Trace, targets: ArrayLike | None, loss: str | None, reduction: str | None,
    dy: ArrayLike | None, dstates: Any, dh: Any, truncate: int | None, chunk: int | None,
) -> Gradients:  # fmt: skip
    """The gradients of a network's loss; arguments as for `Network.backward`. Raises ShapeError, ProblemError."""
    if not isinstance(trace, Trace):
        raise ProblemError(_("backward goes through what forward gave: net.backward(net.forward(x), …)"))
    if trace.provenance.network is not network or trace.provenance.weights is not network.weights:
        raise ProblemError(_("this trace was made by another network, or before its weights were changed"))
    truncate, chunk = depth(network, trace.view.schedule, truncate, chunk)
    elsewhere = None
    if dstates is not None or dh is not None:
        elsewhere = Arriving.of(network, trace, dstates, dh)
        if targets is None and dy is None:
            dy = np.zeros((*trace.view.shape, network.y_width), network.dtype)
    objective = resolve_objective(network, trace, targets, loss, reduction, dy)
    result = objective.evaluate(trace.at(objective.at)) if dy is None else objective.given_gradient(network.dtype)
    return backpropagate_loss(network, trace, result, chunk, truncate, dy is None, elsewhere)


def backpropagate_loss(
    network: Stack, trace: Trace, result: LossResult, chunk: int = 0, truncate: int = 0, with_loss: bool = True,
    elsewhere: Arriving | None = None,
) -> Gradients:  # fmt: skip
    """From an evaluated loss to all gradients; chunk and truncate as `depth` gives them, 0: whole."""
    down = _BackwardPass(network, trace)
    if elsewhere:
        down.bring(elsewhere)
    down.top(result)
    if truncate:
        for _sweep in range(truncate):
            down.layers(sweep=True)
    else:
        down.layers(chunk=chunk)
    return down.gradients(result, with_loss)


def depth(network: Stack, schedule: PackedBatch, truncate: int | None, chunk: int | None) -> tuple[int, int]:
    """How many truncation passes (0: one pass through all of time), and the steps of a block (0: one block)."""
    if truncate is chunk is None:
        return 0, 0
    for name, number in (("truncate", truncate), ("chunk", chunk)):
        if number is not None and (not isinstance(number, int | np.integer) or number < 1):
            raise ProblemError(_("{name} is a number of steps, 1 or more, not {number}"), name=name, number=number)
    if truncate and chunk:
        message = _("truncate and chunk are two ways to cut: every loss reaches K steps, or blocks of K; give one")
        raise ProblemError(message)
    refuse_cuts(network, truncate, chunk)
    steps = len(schedule.counts)
    return (truncate if truncate and truncate < steps else 0), (chunk if chunk and chunk < steps else 0)


def refuse_cuts(network: Stack, truncate: int | None, chunk: int | None) -> None:
    """Raises ProblemError if gradients through time are to be cut and something sees the whole sequence."""
    if (truncate or chunk) and network.summary in OVER_STEPS:
        raise ProblemError(_("a summary sees all steps: it cannot be truncated or cut"))
    if (truncate or chunk) and network.runs_backward:
        raise ProblemError(_("a layer that runs backward sees the whole sequence: it cannot be truncated or cut"))


class Arriving(NamedTuple):
    """What arrives beside the loss: at the final states of each directional layer, and at h of each layer's steps."""

    final: list[dict[str, np.ndarray]]  # of each directional layer: state → (N, width), in the caller's order
    emitted: list[np.ndarray | None]  # of each layer: (rows, width)

    @classmethod
    def of(cls, network: Stack, trace: Trace, dstates: Any, dh: Any) -> Arriving:
        """As `Network.backward` takes them. Raises ShapeError, ProblemError."""
        view, final = trace.view, list[dict[str, np.ndarray]]()
        parts = [{} for _part in network.passes] if dstates is None else by_layer(network, dstates)
        for part, given in zip(network.passes, parts):
            arrays = {}
            for state, array in given.items():
                if array is None:  # another layer has such a state
                    continue
                width = part.sizes[part.cell.size(state)]
                wanted = (view.schedule.sequences, width) if view.batch else (width,)
                arrays[state] = _shaped(f"dstates: {state}", array, wanted, network.dtype).reshape(-1, width)
            final.append(arrays)
        layers = network.layers
        several = isinstance(dh, list | tuple) and len(dh) == len(layers) > 1 and all(map(_is_layer, dh))
        emitted: list[Any] = list(dh) if several else [*[None] * (len(layers) - 1), dh]
        for number, (layer, array) in enumerate(zip(layers, emitted)):
            if array is None:
                continue
            plain = layer.direction == "forward" and "h" in layer.cell.arriving
            if layer.cell.emits != "h" and not plain:
                raise ProblemError(_("dh: {cell} has no h at which a gradient could arrive"), cell=layer.cell.name)
            width = layer.width if layer.cell.emits == "h" else layer.sizes["H"]
            emitted[number] = view.rows(_shaped("dh", array, (*view.shape, width), network.dtype))
        return cls(final, emitted)


def _is_layer(array: Any) -> bool:
    """Whether an entry of a list of dh is that of a layer, and not a row of numbers."""
    return array is None or np.ndim(array) > 1


def _shaped(name: str, given: ArrayLike, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A gradient of a shape. Raises ShapeError."""
    array = in_dtype(as_array(name, given), dtype)
    if array.shape != shape:
        raise ShapeError(_("{name} must be {wanted}, got {shape}"), name=name, wanted=shape, shape=array.shape)
    return array


def _as_they_are(level: int, rows: np.ndarray) -> np.ndarray:
    return rows


class _BackwardPass:
    """From the loss down through a network's layers: once, or once for each truncation pass."""

    def __init__(self, network: Stack, trace: Trace):
        self.network, self.view, self.runs = network, trace.view, trace.provenance.runs
        self.schedule = schedule = self.view.schedule
        self.fed = trace.provenance.fed or _as_they_are  # it is linear, and its own way back
        cells, runs = network.cells, self.runs
        self.read_out: CellAdjoint | None = None
        if network.read_out:
            top, runs = runs[-1], runs[:-1]
            self.read_out = cells[-1].adjoint(top.blocks, top.inputs, PackedBatch.flat(len(top.inputs)))
        self.passes = [cell.adjoint(run.blocks, run.inputs, schedule) for cell, run in zip(cells, runs)]
        self.arriving: np.ndarray | None = None  # what the top layer has yet to be given
        self.emitted: list[np.ndarray | None] = [None] * len(network.layers)  # what arrives from elsewhere

    def bring(self, arriving: Arriving) -> None:
        """What arrives beside the loss."""
        for adjoint, states in zip(self.passes, arriving.final):
            for state, array in states.items():
                adjoint.add(state, array, self.schedule.last)
        number = 0
        for level, (layer, rows) in enumerate(zip(self.network.layers, arriving.emitted)):
            if rows is not None and layer.cell.emits != "h":
                self.passes[number].add("h", rows)
            else:
                self.emitted[level] = rows
            number += len(layer.passes)

    def top(self, result: LossResult) -> None:
        """Bring in the loss, and take it through the read-out."""
        if self.read_out is None:
            cell = self.network.layers[-1].cell
            if result.at == "s" and "s" in cell.outputs and cell.emits != "s":
                self.passes[-1].add("s", result.gradient)
            else:
                self.arriving = result.gradient
            return
        self.read_out.add(result.at, result.gradient)
        self.read_out.run()
        self.arriving = self.fed(len(self.network.layers), self.read_out.below())
        if self.network.summarises:
            layer = self.network.layers[-1]
            self._bring(layer, len(self.passes) - len(layer.passes), self.arriving, self.network.summary)
            self.arriving = None

    def layers(self, *, sweep: bool = False, chunk: int = 0) -> None:
        """From the top layer to the bottom one: through all of time, or one truncation pass further."""
        gradient: np.ndarray | None = self.arriving
        end = len(self.passes)
        self.arriving = None
        for level in range(len(self.network.layers) - 1, -1, -1):
            layer = self.network.layers[level]
            begin, extra = end - len(layer.passes), self.emitted[level]
            if extra is not None:
                self.emitted[level] = None
                gradient = extra if gradient is None else gradient + extra
            if gradient is not None:
                self._bring(layer, begin, gradient)
            for adjoint in self.passes[begin:end]:
                if sweep:
                    adjoint.sweep()
                else:
                    adjoint.run(chunk, kept=level > 0)
            if level:
                gradient = self.fed(level, self._below(layer, begin))
            end = begin

    def _bring(self, layer: Layer, begin: int, gradient: np.ndarray, summary: str = "last") -> None:
        """The gradient from above, to each direction its share; `begin`: the number of the layer's first direction.

        summary: what above has seen of the directions.
        """
        shares = {layer.direction: gradient}
        if len(layer.passes) > 1 or summary != "last":
            first, outputs = self.schedule.sequences, {}
            for direction, run in zip(layer.passes, self.runs[begin:]):
                rows = run.blocks[layer.cell.emits][first:]
                outputs[direction] = rows[self.schedule.mirror] if direction == "backward" else rows
            shares = unsummarised(summary, layer.merge, gradient, outputs, self.schedule)
        for adjoint, (direction, share) in zip(self.passes[begin:], shares.items()):
            adjoint.add(layer.cell.emits, share[self.schedule.mirror] if direction == "backward" else share)

    @quiet
    def _below(self, layer: Layer, begin: int, whole: bool = False) -> np.ndarray:
        """What reached a layer's input, from both directions together."""
        gradients = []
        for adjoint, direction in zip(self.passes[begin:], layer.passes):
            dx = adjoint.below(whole)
            gradients.append(dx[self.schedule.mirror] if direction == "backward" else dx)
        return gradients[0] if len(gradients) == 1 else gradients[0] + gradients[1]

    def gradients(self, result: LossResult, with_loss: bool) -> Gradients:
        """Everything by name."""
        first, end, read_out = self.schedule.sequences, 0, None
        layers: list[LayerGradients] = []
        for layer in self.network.layers:
            passes = {}
            for direction, part in layer.passes.items():
                adjoint, shared = self.passes[end], self.runs[end].shared
                passes[direction] = DirectionGradients(part, adjoint, self.view, first, direction == "backward", shared)
                end += 1
            layers.append(LayerGradients(passes))
        if self.network.read_out and self.read_out:
            read_out = DirectionGradients(self.network.read_out, self.read_out, self.view, 0)
        if not with_loss:
            return Gradients(layers, read_out, self._x, None, None)
        return Gradients(layers, read_out, self._x, result.loss, self.view.steps(result.losses))

    def _x(self) -> np.ndarray:
        """The gradient at the inputs as it is shown."""
        return Signals({"dx": self.fed(0, self._below(self.network.layers[0], 0, whole=True))}, self.view)["dx"]
