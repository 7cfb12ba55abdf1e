"""The update as a graph: θ − lr·dθ, with the gradient clipped by norm and then by value if the task says so.

A bias that was not given is not learned: the norm does not count it, and the update leaves it as it is.
"""

from __future__ import annotations

import numpy as np

from rnncalc.check.graph import intervals
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Value
from rnncalc.check.graph.keys import parameter
from rnncalc.check.graph.spec import Spec
from rnncalc.network.clipping import Norm


def update(graph: Graph, spec: Spec) -> None:
    """Add every parameter after one step of gradient descent."""
    task, rules, most = spec.task, spec.rules, spec.task.clip_norm
    every = [(number, symbol, run) for number, run in enumerate(spec.all_runs) for symbol in run.parameters]
    moved = [(number, symbol) for number, symbol, run in every if symbol not in run.fixed]
    lr = task.lr if rules.lr is None else rules.lr
    assert lr is not None
    step, factor = np.array(lr * rules.update), list[Key]()
    if most is not None:

        def shrink(*gradients: Value) -> Value:
            sizes = [intervals.bounds(intervals.size(gradient)) for gradient in gradients]
            high, low = (Norm.of([size[end] for size in sizes], bool(spec.lanes)).factor(most) for end in (0, 1))
            return high if np.array_equal(low, high, equal_nan=True) else intervals.Interval(low, high)

        factor.append(graph.add(("clip",), [("d", *place) for place in moved], shrink))

    def clipped(gradient: Value, *shrunk: Value) -> Value:
        for by in shrunk:
            gradient = gradient * by
        bound = task.clip_value
        if bound is None:
            return gradient
        return intervals.through(lambda array: np.clip(array, -bound, bound), gradient)

    for place in moved:
        used: Key = ("clipped", *place)
        graph.add(used, [("d", *place), *factor], clipped)
        graph.add(("new", *place), [parameter(spec, *place), used], lambda theta, gradient: theta + gradient * step)
    for number, symbol, run in every:
        if symbol in run.fixed:
            graph.add(("new", number, symbol), [parameter(spec, number, symbol)], lambda theta: theta)
