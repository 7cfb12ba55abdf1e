"""What the read-out sees of a sequence at a step: the top layer's output there, or a summary of its steps so far.

    last     h_t of each direction at the step itself
    final    the state that each direction ends with: forward at the step, backward at the sequence's first one
    mean     the mean of h_1 … h_t
    max      the largest of h_1 … h_t, entry by entry

At a sequence's last step `final` is PyTorch's h_n, and the others are taken over the whole sequence. Sums run from the
first step on, so that a sequence has the same bits alone and in any batch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnncalc.model.equations.functions import quiet
from rnncalc.model.merges import MERGES, unmerged
from rnncalc.model.packed_batch import PackedBatch

SUMMARIES = ("last", "final", "mean", "max")
OVER_STEPS = ("mean", "max")
ByDirection = Mapping[str, np.ndarray]  # direction → (rows, width), in the original order of time


@quiet
def summarised(kind: str, merge: str, outputs: ByDirection, schedule: PackedBatch) -> np.ndarray:
    """What the read-out sees at every step, (rows, width), of what each direction of the top layer emits."""
    rows = _merged(merge, list(_met(kind, outputs, schedule).values()))
    if kind not in OVER_STEPS:
        return rows
    rows = np.array(rows)
    steps = schedule.by_step(rows)
    for before, now in zip(steps, steps[1:]):
        before = before[: len(now)]
        if kind == "mean":
            now += before
        else:
            np.copyto(now, before, where=~_above(now, before))
    for t, now in enumerate(steps, 1) if kind == "mean" else ():
        now /= t
    return rows


@quiet
def unsummarised(
    kind: str, merge: str, gradient: np.ndarray, outputs: ByDirection, schedule: PackedBatch
) -> dict[str, np.ndarray]:  # fmt: skip
    """The gradient at what the read-out sees, as the gradient at each direction's output: back through `summarised`.

    The maximum's goes to the step that reached it first.
    """
    met = _met(kind, outputs, schedule)
    if kind in OVER_STEPS:
        gradient = np.array(gradient)
        steps = schedule.by_step(gradient)
        largest = schedule.by_step(summarised(kind, merge, outputs, schedule)) if kind == "max" else []
        rows = schedule.by_step(_merged(merge, list(met.values())))
        for t in range(len(steps) - 1, -1, -1):
            if kind == "mean":
                steps[t] /= t + 1
                if t + 1 < len(steps):
                    steps[t][: len(steps[t + 1])] += steps[t + 1]
            elif t:
                count = len(steps[t])
                passed = ~_above(rows[t], largest[t - 1][:count])
                steps[t - 1][:count] += np.where(passed, steps[t], 0)
                steps[t][passed] = 0
    shares = unmerged(merge, gradient, *met.values()) if len(met) > 1 else (gradient,)
    result = dict(zip(met, shares))
    if kind == "final" and "backward" in result:
        at_first = np.zeros_like(result["backward"])
        np.add.at(at_first, schedule.first, result["backward"])
        result["backward"] = at_first
    return result


def _met(kind: str, outputs: ByDirection, schedule: PackedBatch) -> dict[str, np.ndarray]:
    """The outputs of both directions that meet at a step."""
    late = kind == "final"
    return {way: rows[schedule.first] if late and way == "backward" else rows for way, rows in outputs.items()}


def _merged(merge: str, outputs: list[np.ndarray]) -> np.ndarray:
    return MERGES[merge](*outputs) if len(outputs) > 1 else outputs[0]


def _above(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Where a step has a new maximum; a NaN, once met, stays."""
    new: np.ndarray = (now.real > before.real) | np.isnan(now)
    return new
