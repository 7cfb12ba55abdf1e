"""A training step along the equations: what `CompiledStep` does, line by line, for its tests and without a compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncalc.backprop import descend
from rnncalc.gradients import Gradients
from rnncalc.losses import LOSSES, one_hot
from rnncalc.parameters import Parameters
from rnncalc.question import Question
from rnncalc.schedule import Schedule
from rnncalc.trace import View

if TYPE_CHECKING:
    from rnncalc.network import Network


class WalkedStep:
    """Loss and gradient of one batch after another; arguments as for `CompiledStep`."""

    def __init__(self, network: Network, parameters: Parameters, loss: str):
        self.network, self.parameters, self.loss = network, parameters, LOSSES[loss]

    def refresh(self) -> None:
        """Nothing is packed."""

    def __call__(
        self,
        x: np.ndarray,
        schedule: Schedule,
        starts: Sequence[Mapping[str, np.ndarray]],
        targets: np.ndarray,
        share: float,
        chunk: int = 0,
        g: np.ndarray | None = None,
    ) -> tuple[float, int]:
        net, given = self.network, np.argsort(schedule.order)
        if x.ndim == 1:
            x = (np.arange(net.sizes["D"]) == x[:, None]).astype(net.dtype)
        begin = [{f"{state}0": rows[given] for state, rows in start.items()} for start in starts]
        self.trace = net.traced(schedule.unpack(x), View(schedule, True), begin)
        self.schedule = schedule
        values = self.trace.scores if self.loss.at == "s" else self.trace.output
        rows = targets
        if targets.ndim == 1:
            rows = one_hot(np.where(targets < 0, np.nan, targets), net.sizes["O"])
        judged = Question(rows, self.loss, 1.0).judge(values)
        if g is not None:
            found = descend(net, self.trace, Question(rows, self.loss, share).judge(values), chunk)
            self.parameters.gathered(_by_name(found), g)
        return float(judged.loss), self._right(values, targets)

    def last_states(self) -> list[dict[str, np.ndarray]]:
        """Every pass's states after the last step of each sequence, in the schedule's order."""
        last = self.schedule.last[self.schedule.order]
        ran = zip(self.network.passes, self.trace.made.ran)
        return [{state: one.blocks[state][last] for state in layer.cell.state} for layer, one in ran]

    def _right(self, values: np.ndarray, targets: np.ndarray) -> int:
        if targets.ndim == 1:
            return int((values.argmax(axis=1) == targets)[targets >= 0].sum())
        there = ~np.isnan(targets)
        hits = ((values > 0) == (targets > 0.5)) | ~there
        return int((hits.all(axis=1) & there.any(axis=1)).sum()) if self.loss is LOSSES["binary_cross_entropy"] else 0


def _by_name(gradients: Gradients) -> dict[str, np.ndarray]:
    """The gradients of the parameters under the names of `Parameters`."""
    found: dict[str, np.ndarray] = {}
    for number, layer in enumerate(gradients.layers):
        for way, one in layer.passes.items():
            second = way == "backward" and len(layer.passes) > 1
            prefix = f"layers.{number}.backward." if second else f"layers.{number}."
            found.update({prefix + name: array for name, array in one.items()})
    return found | (dict(gradients.read_out) if gradients.read_out else {})
