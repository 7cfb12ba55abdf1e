"""The update as a graph: θ − lr·dθ, with the gradient clipped where that is asked."""

from __future__ import annotations

import numpy as np

from rnncalc.check import intervals
from rnncalc.check.graph import Graph, Key
from rnncalc.check.intervals import Value
from rnncalc.check.spec import Spec


def update(graph: Graph, spec: Spec) -> None:
    """θ − lr·dθ, with the gradient clipped where that is asked."""
    task, rules = spec.task, spec.rules
    keys = [("d", number, symbol) for number, run in enumerate(spec.all_runs) for symbol in run.parameters]
    lr = task.lr if rules.lr is None else rules.lr
    assert lr is not None
    step = np.array(lr * rules.update)
    factor: Key = ("clip",)
    most = task.clip_norm
    if most is not None:

        def whole(array: np.ndarray) -> np.ndarray:
            return array.sum(axis=tuple(range(array.ndim - (1 if spec.lanes else 0))))

        def shrink(*gradients: Value) -> Value:
            squares = [intervals.square(gradient) for gradient in gradients]
            low, high = (sum(whole(intervals.bounds(one)[end]) for one in squares) for end in (0, 1))
            ends = [np.where(root > most, most / root, 1.0) for root in (np.sqrt(low), np.sqrt(high))]
            return ends[0] if np.all(low == high) else intervals.Interval(ends[1], ends[0])

        graph.add(factor, keys, shrink)
    for key in keys:
        needs = [("θ", *key[1:]), key, *([factor] if most is not None else [])]

        def make(theta: Value, gradient: Value, *shrunk: Value) -> Value:
            if task.clip_value is not None:
                bound = task.clip_value
                gradient = intervals.through(lambda array: np.clip(array, -bound, bound), gradient)
            for by in shrunk:
                gradient = gradient * by
            return theta + gradient * step

        graph.add(("new", *key[1:]), needs, make)
