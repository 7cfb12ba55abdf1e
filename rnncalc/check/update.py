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
    lr = np.array(task.lr if rules.lr is None else rules.lr)
    factor: Key = ("clip",)
    most = task.clip_norm
    if most is not None:

        def shrink(*gradients: Value) -> Value:
            squares = [intervals.square(gradient) for gradient in gradients]
            low = sum(float(intervals.bounds(one)[0].sum()) for one in squares)
            high = sum(float(intervals.bounds(one)[1].sum()) for one in squares)
            ends = [min(1.0, most / root) if root else 1.0 for root in (np.sqrt(low), np.sqrt(high))]
            return np.array(ends[0]) if low == high else intervals.Interval(np.array(ends[1]), np.array(ends[0]))

        graph.add(factor, keys, shrink)
    for key in keys:
        needs = [("θ", *key[1:]), key, *([factor] if most is not None else [])]

        def make(theta: Value, gradient: Value, *shrunk: Value) -> Value:
            if task.clip_value is not None:
                bound = task.clip_value
                gradient = intervals.through(lambda array: np.clip(array, -bound, bound), gradient)
            for by in shrunk:
                gradient = gradient * by
            step = gradient * lr
            return theta - step if rules.update < 0 else theta + step

        graph.add(("new", *key[1:]), needs, make)
