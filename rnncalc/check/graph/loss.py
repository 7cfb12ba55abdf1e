"""The loss as a graph: each step's loss, their sum, and the gradient with which backpropagation begins.

Cross-entropy is computed from y, as a person does from the y on the sheet; from s where y is exactly 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncalc.check.graph import intervals
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Interval, Value
from rnncalc.check.graph.keys import output
from rnncalc.check.graph.many_problems import along_rows
from rnncalc.check.graph.spec import Spec
from rnncalc.model.losses import Loss

EDGE = 700.0  # stands for the logarithm of 0


def build(graph: Graph, spec: Spec, era: str = "") -> None:
    """Add each step's loss and their sum."""
    for visit in range(1, spec.visits + 1):
        needs, kind = _sources(spec, era, visit)
        graph.add(("losses", era, visit), needs, _losses(spec, kind, visit))
    every: list[Key] = [("losses", era, visit) for visit in range(1, spec.visits + 1)]

    def total(*losses: Value) -> Value:
        whole: Any = spec.zeros(1)
        for loss in losses:
            whole = whole + intervals.through(lambda array: array.sum(axis=0, keepdims=True), loss)
        return whole

    graph.add(("loss", era), every, total, copies=len(every) == 1 and spec.schedule.sequences == 1)


def seeds(graph: Graph, spec: Spec) -> None:
    """Add the gradient of the loss at y or s of every visit."""
    for visit in range(1, spec.visits + 1):
        needs, kind = _sources(spec, "", visit)
        graph.add(("seed", visit), needs, _seed(spec, kind, visit))


def arriving(graph: Graph, spec: Spec) -> None:
    """Add the gradients that arrive from outside."""
    for (number, line, visit), rows in spec.arriving.items():
        if spec.rules.losses != "all":
            later = [len(other) for (*to, at), other in spec.arriving.items() if to == [number, line] and at > visit]
            rows = np.where(np.arange(len(rows))[:, None] < max(later, default=0), 0.0, rows)
        factor = spec.rules.sign * spec.rules.gradient_factor
        graph.given(("arriving", number, line, visit), spec.wide(rows) * factor + spec.zeros(*rows.shape))


def _sources(spec: Spec, era: str, visit: int) -> tuple[list[Key], str]:
    """The quantities from which the loss is computed, and their kind: y, s, or the function between both."""
    y, s = output(spec, era, "y", visit), output(spec, era, "s", visit)
    if spec.objective is None or spec.objective.at == "y":
        return [y], "y"
    function = _function(spec)
    return ([s], "s") if function == "identity" else ([y, s], function)


def _function(spec: Spec) -> str:
    run = spec.read_out or spec.runs[spec.layers[-1][0][0]]
    return getattr(run.cell.lines.get("y"), "function", "identity")


def _rows(spec: Spec, visit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, the entries that have one, and the entries that have a gradient."""
    assert spec.objective is not None
    here = spec.schedule.step(visit)[0]
    first, loss = spec.schedule.sequences, spec.objective.loss
    rows = spec.objective.rows[here.start - first : here.stop - first]
    there = ~np.isnan(rows)
    counts = there if loss is None or loss.apart else there.any(axis=1, keepdims=True) & np.ones_like(there)
    return spec.wide(np.where(there, rows, 0.0)), spec.wide(there), spec.wide(counts)


def _losses(spec: Spec, kind: str, visit: int) -> Callable[..., Value]:
    targets, there, _kept = _rows(spec, visit)
    assert spec.objective is not None
    loss = spec.objective.loss
    weight = np.array(spec.objective.weight * spec.rules.loss_factor)
    if spec.rules.losses == "last alone":
        weight = weight * spec.wide(_last(spec, visit))

    def make(y: Value, *scores: Value) -> Value:
        if loss is None:
            return intervals.summed(y * np.where(there, targets, 0.0), 1) * weight
        entries = _entries(loss, kind, "value", y, targets)
        if scores and not isinstance(y, Interval):  # where y is exactly 0 or 1
            low, high = loss.from_y[kind].domain
            exact = _along(loss.value, intervals.bounds(scores[0])[0], targets)
            entries = np.where((y > low) & (y < high), intervals.bounds(entries)[0], exact)
        return intervals.summed(entries * np.where(there, 1.0, 0.0), 1) * weight

    return make


def _entries(loss: Loss, kind: str, piece: str, given: Value, targets: np.ndarray) -> Value:
    """The value or the gradient of a loss, entry by entry, from y or s.

    Between bounds, it is largest and smallest at the ends or at a turning point.
    """
    form = loss.from_y.get(kind)
    compute: Callable[..., np.ndarray] = getattr(form or loss, piece)
    turns = (form or loss).turns(targets)[piece == "gradient"]
    if not isinstance(given, Interval):
        return _along(compute, given, targets)
    if not form and not loss.apart:
        return intervals.hull(intervals.by_own_entry(lambda row: compute(row, targets), given))
    domain = form.domain if form and piece == "value" else (-np.inf, np.inf)
    lo, hi = intervals.clipped(given.lo, *domain), intervals.clipped(given.hi, *domain)
    corners = [lo, hi, *(intervals.clipped(turn, lo, hi) for turn in turns)]
    return intervals.hull([np.nan_to_num(_along(compute, v, targets), posinf=EDGE, neginf=-EDGE) for v in corners])


def _along(compute: Callable[..., np.ndarray], values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Apply along the second axis what works along the last one; infinite values raise no warning."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return along_rows(compute, values, targets)


def _seed(spec: Spec, kind: str, visit: int) -> Callable[..., Value]:
    targets, _there, counts = _rows(spec, visit)
    assert spec.objective is not None
    rules, loss = spec.rules, spec.objective.loss
    factor = spec.objective.weight * rules.sign * rules.gradient_factor
    if rules.losses != "all":
        counts = counts & spec.wide(_last(spec, visit)[:, None])
    mask = np.where(counts, factor, 0.0)

    def make(y: Value, *_scores: Value) -> Value:
        if rules.upstream in ("one", "weighted"):
            ones = mask if rules.upstream == "weighted" else np.where(counts, 1.0, 0.0)
            return np.broadcast_to(ones, y.shape).copy()
        if loss is None:
            return np.broadcast_to(targets * mask, y.shape)
        gradient = _entries(loss, kind, "gradient", y, targets)
        return (gradient + targets if rules.upstream == "without target" else gradient) * mask

    return make


def _last(spec: Spec, visit: int) -> np.ndarray:
    """For each row of a visit, whether no later step of its sequence has a target."""
    later = np.zeros(int(spec.schedule.counts[visit - 1]), bool)
    for after in range(visit + 1, spec.visits + 1):
        has = _rows(spec, after)[1].any(axis=1).reshape(-1)
        later[: has.size] |= has
    return ~later
