"""Backpropagation through a network: the loss first, then the read-out, then the layers from the top down.

Each cell goes back through its own steps (`walk`, `engine`); here is what lies between them: where the loss's gradient
arrives, how two directions share what comes from above, and how far back through time a gradient may go.

    truncated    every loss reaches the K latest steps. The gradient goes back in sweeps: the first visits every step
                 with what the loss brings there, the next with what the first handed to the step before, K in all
    in chunks    the sequence is cut in blocks of K steps, and nothing goes from one block to the block before
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.errors import ProblemError
from rnncalc.gradients import Gradients, LayerGradients, PassGradients
from rnncalc.language import _
from rnncalc.layer import Layer, Pass, unmerged
from rnncalc.losses import Judged
from rnncalc.question import asked
from rnncalc.schedule import Schedule
from rnncalc.trace import Ran, Signals, Steps, Trace

if TYPE_CHECKING:
    from rnncalc.network import Network


def backpropagate(
    network: Network,
    trace: Trace,
    targets: ArrayLike | None,
    loss: str | None,
    reduction: str | None,
    dy: ArrayLike | None,
    truncate: int | None,
    chunk: int | None,
) -> Gradients:
    """The gradients of a network's loss; arguments as for `Network.backward`. Raises ShapeError, ProblemError."""
    if not isinstance(trace, Trace):
        raise ProblemError(_("backward goes through what forward gave: net.backward(net.forward(x), …)"))
    if trace.made.network is not network or trace.made.weights is not network.weights:
        raise ProblemError(_("this trace was made by another network, or before its weights were changed"))
    truncate, chunk = depth(network, trace.view.schedule, truncate, chunk)
    question = asked(network, trace, targets, loss, reduction, dy)
    if dy is not None:
        judged = question.arriving(network.dtype)
    else:
        judged = question.judge(trace.scores if question.at == "s" else trace.output)
    return descend(network, trace, judged, chunk, truncate, with_loss=dy is None)


def descend(
    network: Network, trace: Trace, judged: Judged, chunk: int = 0, truncate: int = 0, with_loss: bool = True
) -> Gradients:
    """From a loss that has been judged to all gradients; chunk and truncate as `depth` gives them, 0: whole."""
    down = _Descent(network, trace)
    down.top(judged)
    if truncate:
        for _sweep in range(truncate):
            down.layers(sweep=True)
    else:
        down.layers(chunk=chunk)
    return down.gradients(judged, with_loss)


def depth(network: Network, schedule: Schedule, truncate: int | None, chunk: int | None) -> tuple[int, int]:
    """How many sweeps (0: one walk back through everything), and the steps of a block (0: one block)."""
    for name, number in (("truncate", truncate), ("chunk", chunk)):
        if number is not None and (not isinstance(number, int | np.integer) or number < 1):
            raise ProblemError(_("{name} is a number of steps, 1 or more, not {number}"), name=name, number=number)
    if truncate and chunk:
        message = _("truncate and chunk are two ways to cut: every loss reaches K steps, or blocks of K; give one")
        raise ProblemError(message)
    if (truncate or chunk) and any("backward" in layer.passes for layer in network.layers):
        raise ProblemError(_("a layer that runs backward sees the whole sequence: it cannot be truncated or cut"))
    steps = len(schedule.counts)
    return (truncate if truncate and truncate < steps else 0), (chunk if chunk and chunk < steps else 0)


class _Descent:
    """One way down through a network's layers; sweeps go down again and again."""

    def __init__(self, network: Network, trace: Trace):
        self.network, self.schedule, self.view = network, trace.view.schedule, trace.view
        self.ran: list[Ran] = trace.made.ran
        cells = network.cells
        self.passes = [
            cell.adjoint(ran.blocks, ran.inputs, self.schedule)
            for cell, ran in zip(cells[: len(network.passes)], self.ran)
        ]
        self.read_out: Any = None
        if network.read_out:
            top = self.ran[-1]
            self.read_out = cells[-1].adjoint(top.blocks, top.inputs, Schedule.flat(len(top.inputs)))
        self.arriving: np.ndarray | None = None  # what the top layer has yet to be given

    def top(self, judged: Judged) -> None:
        """Bring in the loss, and take it through the read-out."""
        if self.read_out is None:
            cell = self.network.layers[-1].cell
            at = "s" if judged.at == "s" and "s" in cell.outputs else cell.emits
            if at != cell.emits:
                self.passes[-1].add(at, judged.gradient)
            else:
                self.arriving = judged.gradient
            return
        self.read_out.add(judged.at, judged.gradient)
        self.read_out.run()
        self.arriving = self._hand_down([(self.read_out, False)], len(self.network.layers) - 1, len(self.passes))

    def layers(self, *, sweep: bool = False, chunk: int = 0) -> None:
        """From the top layer to the bottom one: through all of time, or one sweep further."""
        gradient, end = self.arriving, len(self.passes)
        self.arriving = None
        for level, layer in reversed(list(enumerate(self.network.layers))):
            here = range(end - len(layer.passes), end)
            end = here.start
            ways = self._ways(layer, here)
            for (adjoint, mirrored), share in zip(ways, self._shares(layer, here, gradient)):
                if share is not None:
                    adjoint.add(layer.cell.emits, share[self.schedule.mirror] if mirrored else share)
                if sweep:
                    adjoint.sweep()
                else:
                    adjoint.run(chunk, kept=level > 0)
            gradient = self._hand_down(ways, level - 1, end) if level else None

    def _ways(self, layer: Layer, here: range) -> list[tuple[Any, bool]]:
        """The directions of a layer: what goes back through each, and whether its rows are mirrored."""
        return [(self.passes[which], way == "backward") for which, way in zip(here, layer.passes)]

    def _hand_down(self, ways: list[tuple[Any, bool]], level: int, end: int) -> np.ndarray | None:
        """What reached a level's input, to the layer below it: at once where nothing lies between, else as an array."""
        below = self.network.layers[level]
        if len(ways) == 1 and not ways[0][1] and list(below.passes) == ["forward"]:
            ways[0][0].hand_down(self.passes[end - 1], below.cell.emits)
            return None
        return self._below(ways)

    def _below(self, ways: list[tuple[Any, bool]], whole: bool = False) -> np.ndarray:
        """What reached a level's input, both directions together."""
        found = []
        for adjoint, mirrored in ways:
            dx = adjoint.below(whole)
            found.append(dx[self.schedule.mirror] if mirrored else dx)
        return found[0] if len(found) == 1 else found[0] + found[1]

    def _shares(self, layer: Layer, here: range, gradient: np.ndarray | None) -> list[np.ndarray | None]:
        """What comes from above, as each direction's share of it."""
        if gradient is None or len(here) == 1:
            return [gradient] * len(here)
        first = self.schedule.sequences
        f, b = (self.ran[which].blocks[layer.cell.emits][first:] for which in here)
        return [*unmerged(layer.merge, gradient, f, b[self.schedule.mirror])]

    def gradients(self, judged: Judged, with_loss: bool) -> Gradients:
        """Everything by name."""
        which, layers = iter(range(len(self.passes))), []
        for layer in self.network.layers:
            layers.append(LayerGradients({way: self._pass(one, next(which), way) for way, one in layer.passes.items()}))
        read_out = None
        if self.network.read_out:
            adjoint = self.read_out
            read_out = PassGradients(
                self.network.read_out, adjoint.stacked(), dict, lambda: Signals(adjoint.totals, self.view)
            )
        bottom = self.network.layers[0]

        def x() -> np.ndarray:
            ways = self._ways(bottom, range(len(bottom.passes)))
            return Signals({"dx": self._below(ways, whole=True)}, self.view)["dx"]

        if not with_loss:
            return Gradients(layers, read_out, x, None, None)
        return Gradients(layers, read_out, x, judged.loss, self.view.steps(judged.losses))

    def _pass(self, one: Pass, which: int, way: str) -> PassGradients:
        adjoint, ran = self.passes[which], self.ran[which]

        def totals() -> Signals:
            return Signals(Steps(adjoint.totals, self.schedule.sequences), self.view, way == "backward")

        def starts() -> dict[str, np.ndarray]:
            return {state: self._start(start, state in ran.shared) for state, start in adjoint.starts.items()}

        return PassGradients(one, adjoint.stacked(), starts, totals)

    def _start(self, rows: np.ndarray, shared: bool) -> np.ndarray:
        """A start's gradient in the order of the sequences; summed over them where they share one vector."""
        given = rows[np.argsort(self.schedule.order)] if self.schedule.ragged else rows
        return given.sum(axis=0) if shared else self.view.sequences(given)
