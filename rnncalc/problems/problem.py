"""A problem: a network, its inputs, and the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import quiet
from rnncalc.model.equations.printer import Letters
from rnncalc.network.network import Network
from rnncalc.network.trace import Trace
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.parse.given import RawValue

if TYPE_CHECKING:
    from rnncalc.network.gradient_step import Update
    from rnncalc.network.gradients import Gradients
    from rnncalc.network.objective import Objective

COMPILING = 0.5  # seconds until the compiled engine's first answer, Numba's import included


@dataclass
class Task:
    """The task beyond the forward pass: the loss, the depth of BPTT, and the update."""

    targets: np.ndarray | None = None  # the shape of y, or class numbers; NaN: none
    loss: str | None = None
    reduction: str | None = None
    dy: np.ndarray | None = None
    truncate: int | None = None
    chunk: int | None = None
    lr: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None


@dataclass
class Problem:
    """A network, its inputs and the task, ready to be computed.

    Attributes
    ----------
    x : (T, D), or (N, T, D) if `batch`
    layers : each layer's directions as they were given
    notes : what was assumed
    last_only : whether y is read out at the last step alone, as the equations say
    decimal : comma or point, how the problem says that numbers are written, its answers too; "" where it says nothing
    stated : the raw values as they were given, before anything was understood
    open : keys with the values that give another reading, which fits too: notation swapped, vectors row
    of_sheet : whether its letters are a sheet's that shows no equation, so that either reading may be meant
    given : the raw values of the last layer and the whole problem under our names, with the digits as they were typed
    """

    network: Network
    x: np.ndarray
    batch: bool
    layers: list[dict[str, GivenDirection]]
    task: Task = field(default_factory=Task)
    lengths: np.ndarray | None = None
    mask: np.ndarray | None = None
    last_only: bool = False
    title: str = ""
    source: str = ""
    decimal: str = ""
    notes: list[str] = field(default_factory=list)
    stated: Mapping[str, RawValue] = field(default_factory=dict)
    open: list[tuple[str, str]] = field(default_factory=list)
    of_sheet: bool = False
    given: dict[str, RawValue] = field(default_factory=dict)

    @property
    def backward_notes(self) -> list[str]:
        """The notes, and what is to be said of the gradients."""
        from rnncalc.network.gradients import gradient_notes

        return [*self.notes, *gradient_notes(self.network.layers, self.network.read_out)]

    def forward(self) -> Trace:
        """Run the forward pass on the network's engine."""
        return self.network.forward(self.x, lengths=self.lengths, mask=self.mask)

    @quiet
    def objective(self, trace: Trace) -> Objective:
        """The task's loss, row by row. Raises ProblemError."""
        from rnncalc.network.objective import resolve_objective

        task = self.task
        return resolve_objective(self.network, trace, task.targets, task.loss, task.reduction, task.dy)

    def backward(self, trace: Trace) -> Gradients:
        """Run backpropagation through time. Raises ProblemError where the task has neither targets nor dy."""
        task = self.task
        if task.targets is None and task.dy is None:
            raise ProblemError(_("targets are missing: give targets and a loss, or dy, the gradient that arrives at y"))
        return self.network.backward(
            trace, task.targets, loss=task.loss, reduction=task.reduction, dy=task.dy, truncate=task.truncate,
            chunk=task.chunk,
        )  # fmt: skip

    @quiet
    def update(self, trace: Trace, gradients: Gradients) -> Update:
        """Take the task's step of gradient descent."""
        from rnncalc.network.clipping import clip
        from rnncalc.network.gradient_step import Update, by_place, updated

        task, fixed = self.task, self.left_out
        learned = {place: array for place, array in by_place(gradients, states=False).items() if place not in fixed}
        clipped = clip(learned, task.clip_norm, task.clip_value)
        if task.lr is None:
            return Update(clipped, None, None)
        network = updated(self.network, clipped, task.lr)
        after = network.forward(self.x, lengths=self.lengths, mask=self.mask)
        objective = self.objective(trace)
        result = objective.evaluate(after.at(objective.at))
        return Update(clipped, network, float(result.loss) if task.dy is None else None)

    @property
    def left_out(self) -> frozenset[tuple[int, str, str]]:
        """The biases that were left out, by layer (−1: read-out), direction and name. They are zero and not learned."""
        biases = {
            (number, direction, name)
            for number, directions in enumerate(self.layers)
            for direction, given in directions.items()
            for name in given.cell.optional
            if name not in given.arrays
        }
        top = next(iter(self.layers[-1].values()))
        return frozenset(biases | {(-1, "forward", name) for name in top.on_top().optional if name not in top.arrays})

    @property
    def letters(self) -> Letters:
        """The reader's names in the last layer and the read-out."""
        return next(iter(self.layers[-1].values())).letters

    @property
    def shapes(self) -> dict[str, int]:
        """T, D, H, O, and N for a batch."""
        shape = {"N": self.x.shape[0]} if self.batch else {}
        return {**shape, "T": self.x.shape[-2], **self.network.sizes}


def quicker_engine(network: Network, sequences: int, steps: int) -> str:
    """The engine that answers first ("auto": the compiled one, where there is one).

    Interpreting takes a microsecond or two per line and column of every step.
    """
    operations = entries = 0
    for layer in network.passes:
        operations += 3 * len(layer.cell.lines)
        for parameter in layer.cell.parameters.values():
            if parameter.columns is not None:
                operations += 2 * layer.sizes[parameter.columns]
                entries += layer.sizes[parameter.rows] * layer.sizes[parameter.columns]
    seconds = steps * (operations * 1e-6 + entries * sequences * 1e-9)
    return "equations" if seconds < COMPILING else "auto"
