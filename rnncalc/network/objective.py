"""What a network is to minimise: a loss of its outputs and targets, or dy, the gradient at y; in the order of rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.places import in_words
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.arrays import as_array, in_dtype, with_gaps
from rnncalc.model.equations.functions import quiet
from rnncalc.model.losses import Loss, LossResult, beyond, evaluate, find, first_beyond, one_hot, weight
from rnncalc.network.stack import Stack
from rnncalc.network.trace import Trace

NONE = np.empty(0)  # the losses of rows where none is computed


class Objective(NamedTuple):
    """Targets (NaN: none), their loss and its weight; without a loss, `rows` is dy, the gradient at y."""

    rows: np.ndarray  # (rows, O)
    loss: Loss | None = None
    weight: float = 1.0

    @property
    def at(self) -> str:
        """Where the loss is taken: at the scores s or at y."""
        return self.loss.at if self.loss else "y"

    def given_gradient(self, dtype: np.dtype) -> LossResult:
        """A given dy as a result whose loss is not computed."""
        gradient = self.rows if self.rows.dtype is dtype else in_dtype(self.rows, dtype)
        return LossResult(0.0, NONE, gradient, "y")

    @quiet
    def evaluate(self, values: np.ndarray, rows: Any = slice(None)) -> LossResult:
        """The loss of those rows, of which y or s is given. A given dy is the gradient of the loss Σ dy·y."""
        if self.loss is None:
            gradient = self.rows[rows].astype(values.real.dtype)
            losses = (values * gradient).sum(axis=-1)
            return LossResult(losses.sum(), losses, gradient, "y")
        return evaluate(self.loss, values, self.rows[rows], self.weight)


def resolve_objective(
    network: Stack, trace: Trace, targets: ArrayLike | None, loss: str | None = None, reduction: str | None = None,
    dy: ArrayLike | None = None,
) -> Objective:  # fmt: skip
    """The objective that these arguments of `Network.backward` state. Raises ShapeError, ProblemError."""
    if (targets is None) == (dy is None):
        raise ProblemError(_("give targets and their loss, or dy, the gradient that arrives at y"))
    width = network.y_width
    if dy is not None:
        if loss is not None or reduction is not None:
            raise ProblemError(_("dy stands in place of a loss: leave loss and reduction out"))
        array = dy if type(dy) is np.ndarray and dy.dtype is network.dtype else as_array("dy", dy)
        rows, alone = _rows(trace, "dy", array, width), trace.view.schedule.sequences == 1
        return Objective(rows.copy() if alone or np.may_share_memory(rows, array) else rows)  # the caller's may change
    chosen = find(loss, reduction, network.output)
    targets = with_gaps(targets)
    wanted = _with_gaps(targets) if _has_gaps(targets) else as_array("targets", targets)
    if chosen.classes and wanted.shape == trace.view.shape:
        wanted = one_hot(wanted, width, trace.view.axes)
    rows = _rows(trace, "targets", wanted, width)
    if (at := first_beyond(chosen, rows)) is not None:
        raise ProblemError(beyond(chosen, float(rows[at]), _place(trace, len(rows), *at)))
    return Objective(rows, chosen, weight(chosen, rows, reduction, trace.view.schedule.sequences))


def _rows(trace: Trace, name: str, array: np.ndarray, width: int) -> np.ndarray:
    """An array of the shape of y as rows in packed order."""
    wanted = (*trace.view.shape, width)
    if array.shape != wanted:
        message = _("{name} must be of the shape of y, {wanted}, got {shape}")
        raise ShapeError(message, name=name, wanted=wanted, shape=array.shape)
    return trace.view.rows(array)


def _place(trace: Trace, count: int, row: int, output: int) -> str:
    """Where an entry of packed rows lies in what the caller has."""
    numbers = trace.view.steps(np.arange(1.0, count + 1)[:, None])[..., 0]
    where = tuple(map(int, np.argwhere(numbers == row + 1)[0]))
    return in_words((*where, output), (*trace.view.axes, "output"))


def _has_gaps(targets: Any) -> bool:
    return isinstance(targets, list | tuple) and any(part is None or _has_gaps(part) for part in targets)


def _with_gaps(targets: Any) -> np.ndarray:
    """Nested lists in which None stands for a number or for a whole row without a target."""
    shape: list[int] = []
    level: list[Any] = [targets]
    while level := [part for parts in level if parts is not None for part in parts]:
        shape.append(max(len(parts) for parts in _lists(targets, len(shape))))
        if not any(isinstance(part, list | tuple) for part in level):
            break
    return as_array("targets", _filled(targets, shape))


def _lists(nested: Any, level: int) -> list[Any]:
    """The lists at a level of nested lists."""
    lists = [nested]
    for _level in range(level):
        lists = [part for parts in lists for part in parts if part is not None]
    return lists


def _filled(nested: Any, shape: list[int]) -> Any:
    """Nested lists with NaN, of the shape that is missing, in place of None."""
    if nested is None:
        return np.full(shape, np.nan).tolist()
    return [_filled(part, shape[1:]) for part in nested] if isinstance(nested, list | tuple) else nested
