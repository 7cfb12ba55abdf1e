"""The loss as a graph: each step's loss, their sum, and the gradient with which backpropagation begins.

A person takes cross-entropy from the y that stands on the sheet, so here too; where y is 0 to the last bit, from s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncalc.check import intervals
from rnncalc.check.forward import output
from rnncalc.check.graph import Graph, Key
from rnncalc.check.intervals import Interval, Value
from rnncalc.check.lanes import along_rows
from rnncalc.check.spec import Spec
from rnncalc.functions import log_softmax, sigmoid, softmax


def build(graph: Graph, spec: Spec, era: str = "") -> None:
    """Each step's loss, and the whole."""
    for visit in range(1, spec.visits + 1):
        needs, kind = _sources(spec, era, visit)
        graph.add(("losses", era, visit), needs, _losses(spec, kind, visit))
    every: list[Key] = [("losses", era, visit) for visit in range(1, spec.visits + 1)]

    def total(*losses: Value) -> Value:
        found: Any = 0.0
        for loss in losses:
            found = found + intervals.through(lambda array: array.sum(axis=0, keepdims=True), loss)
        return found

    graph.add(("loss", era), every, total, copies=len(every) == 1 and spec.schedule.sequences == 1)


def seeds(graph: Graph, spec: Spec) -> None:
    """The gradient of the loss at y or s, at every visit."""
    for visit in range(1, spec.visits + 1):
        needs, kind = _sources(spec, "", visit)
        graph.add(("seed", visit), needs, _seed(spec, kind, visit))


def _sources(spec: Spec, era: str, visit: int) -> tuple[list[Key], str]:
    """What the loss is taken from, and whether that is y, its scores, or both."""
    y, s = output(spec, era, "y", visit), output(spec, era, "s", visit)
    assert y is not None
    if s is None or spec.question is None or spec.question.at == "y":
        return [y], "y" if s is not None or spec.question is None or spec.question.at == "y" else "s"
    function = _function(spec)
    return ([s], "s") if function == "identity" else ([y, s], function)


def _function(spec: Spec) -> str:
    run = spec.read_out or spec.runs[spec.layers[-1][0][0]]
    return getattr(run.cell.lines.get("y"), "function", "identity")


def _rows(spec: Spec, visit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, which entries have one, and each row's sum of targets."""
    assert spec.question is not None
    here = spec.schedule.step(visit)[0]
    first = spec.schedule.sequences
    rows = spec.question.rows[here.start - first : here.stop - first]
    there = ~np.isnan(rows)
    targets = np.where(there, rows, 0.0)
    return spec.wide(targets), spec.wide(there), spec.wide(targets.sum(axis=1, keepdims=True))


def _losses(spec: Spec, kind: str, visit: int) -> Callable[..., Value]:
    targets, there, _sums = _rows(spec, visit)
    assert spec.question is not None
    loss = spec.question.loss
    weight = np.array(spec.question.weight * spec.rules.loss_factor)
    name = next((name for name, one in _names().items() if one is loss), "")
    if spec.rules.losses == "last alone":
        weight = weight * spec.wide(_last(spec, visit))

    def make(y: Value, *scores: Value) -> Value:
        if loss is None:
            entries: Any = y * np.where(there, targets, 0.0)
        elif name.endswith("squared_error"):
            entries = intervals.square(y - targets) * np.where(there, 0.5 if name.startswith("half") else 1.0, 0.0)
        elif name == "cross_entropy":
            entries = -(_log_probabilities(kind, y, scores) * targets)
        else:
            entries = _binary(kind, y, scores, targets, there)
        return intervals.summed(entries, 1) * weight

    return make


def _log_probabilities(kind: str, y: Value, scores: tuple[Value, ...]) -> Value:
    if kind in ("s", "y"):
        return intervals.function("log_softmax", y)
    if kind == "log_softmax":
        return y
    if isinstance(y, Interval):
        return Interval(np.log(np.maximum(y.lo, 1e-300)), np.log(np.maximum(y.hi, 1e-300)))
    safe = along_rows(log_softmax, scores[0]) if not isinstance(scores[0], Interval) else np.zeros_like(y)
    return np.where(y > 0, np.log(np.maximum(y, 1e-300)), safe)


def _binary(kind: str, y: Value, scores: tuple[Value, ...], targets: np.ndarray, there: np.ndarray) -> Value:
    """−t log p − (1 − t) log(1 − p), from p where it stands on the sheet, else from the score."""
    mask = there.astype(float)
    if kind == "sigmoid" and isinstance(y, Interval):
        low, high = np.clip(y.lo, 1e-300, 1.0), np.clip(y.hi, 1e-300, 1.0)
        yes = Interval(np.log(low), np.log(high))
        no = Interval(np.log(np.maximum(1 - high, 1e-300)), np.log(np.maximum(1 - low, 1e-300)))
        return -(yes * (targets * mask)) - no * ((1 - targets) * mask)
    score = scores[0] if scores else y
    if isinstance(score, Interval):
        corners = [_softplus(bound) - targets * bound for bound in (score.lo, score.hi)]
        return intervals.hull(corners) * mask
    chance = intervals.bounds(y)[0]
    own = score
    if kind == "sigmoid":
        inside = ((chance > 0) & (chance < 1)).all(axis=(0, 1))
        own = np.where(inside, np.log(chance / (1 - chance)), score)
    return (_softplus(own) - targets * own) * mask


def _softplus(score: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, score)


def _seed(spec: Spec, kind: str, visit: int) -> Callable[..., Value]:
    targets, there, sums = _rows(spec, visit)
    assert spec.question is not None
    rules, loss = spec.rules, spec.question.loss
    counts = there if loss is None or loss.apart else there.any(axis=1, keepdims=True) & np.ones_like(there)
    factor = spec.question.weight * rules.sign * rules.gradient_factor
    if rules.losses != "all":
        counts = counts & spec.wide(_last(spec, visit)[:, None])
    mask = np.where(counts, factor, 0.0)
    name = next((name for name, one in _names().items() if one is loss), "")

    def make(y: Value, *scores: Value) -> Value:
        if rules.upstream != "usual":
            ones = mask if rules.upstream == "weighted" else np.where(counts, 1.0, 0.0)
            return np.broadcast_to(ones, y.shape).copy()
        if loss is None:
            return np.broadcast_to(targets * mask, y.shape)
        if name.endswith("squared_error"):
            return (y - targets) * (mask * (1.0 if name.startswith("half") else 2.0))
        if name == "cross_entropy":
            return (_probabilities(kind, y) * sums - targets) * mask
        chance = y if kind == "sigmoid" else intervals.through(sigmoid, y)
        return (chance - targets) * mask

    return make


def _probabilities(kind: str, y: Value) -> Value:
    if kind in ("s", "y"):
        return intervals.function("softmax", y) if isinstance(y, Interval) else along_rows(softmax, y)
    return intervals.through(np.exp, y) if kind == "log_softmax" else y


def _last(spec: Spec, visit: int) -> np.ndarray:
    """For each row of a visit, whether no later one of its sequence has a target."""
    later = np.zeros(int(spec.schedule.counts[visit - 1]), bool)
    for after in range(visit + 1, spec.visits + 1):
        has = _rows(spec, after)[1].any(axis=1).reshape(-1)
        later[: has.size] |= has
    return ~later


def _names() -> Any:
    from rnncalc.losses import LOSSES

    return LOSSES
