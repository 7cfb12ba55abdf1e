"""The rules by which gradients and the update are computed, which a mistake can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnncalc.check.graph.many_problems import PerLane
from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import Expression


@dataclass(frozen=True)
class Rules:
    """How gradients and the update are computed. The defaults are right.

    Attributes
    ----------
    through_time : whether gradients go back to the step before
    losses : the losses in the gradient: "all", "last", or "last alone", which also counts alone in the loss
    terms : the steps in a sum over time: "all", "first", or "first below", first except in the read-out
    recurrent_slope : whether Wᵀδ has the next step's f′
    slope : f′ is "usual", "omitted", of the "preactivation" (1 − a²), or there "twice"
    slopes : the lines that `slope` is for; empty: all of the cells'
    transposed : whether gradients go back through Wᵀ
    upstream : dL/dy is "usual", "one", "weighted": one times the loss's weight, or "without target": y for y − t
    reported_as : quantity → the quantity that is reported in its place
    weights : run and symbol → (T, rows of a step), the weight of every summand of a parameter's gradient
    edges : line and name → the factor of what goes back from the line to the name; "" and a state: to the step before
    cache : the visit from which each visit takes its values on the way back; empty: its own
    cached : what it takes there: "all", the "input" or the "previous" states
    read_as : names that are read in place of others on the way back
    shares : line and name → what goes back from the line to the name, in place of the right term
    """

    through_time: bool = True
    losses: str = "all"
    terms: str = "all"
    recurrent_slope: bool = True
    slope: str = "usual"
    slopes: frozenset[str] = frozenset()
    transposed: bool = True
    upstream: str = "usual"
    sign: float = 1.0
    loss_factor: float = 1.0
    gradient_factor: float = 1.0
    lr: float | None = None
    update: float = -1.0
    reported_as: Mapping[Any, Any] = field(default_factory=dict)
    weights: Mapping[tuple[int, str], np.ndarray] = field(default_factory=dict)
    edges: Mapping[tuple[str, str], float] = field(default_factory=dict)
    cache: tuple[int, ...] = ()
    cached: str = "all"
    read_as: tuple[tuple[str, str], ...] = ()
    shares: tuple[tuple[tuple[str, str], Expression], ...] = ()

    def slope_of(self, cell: Cell, line: str) -> str | PerLane:
        """The rule of a line's slope."""
        touched = line in self.slopes if self.slopes else line not in cell.outputs
        return self.slope if touched else "usual"
