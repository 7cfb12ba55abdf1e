"""A judge of few words, for tests of what stands around the judging: right is what rounds to the same digits."""

from __future__ import annotations

import numpy as np

from rnncalc.check.records import Found, Judged, Verdict
from rnncalc.errors import ParseError, ProblemError
from rnncalc.parse.numbers import number
from rnncalc.quantities import Quantities, per_step


def check(problem, answers, *, diagnose=True):
    known = Quantities(problem)
    points = problem.given["points"].value if "points" in problem.given else {}
    values = []
    for name, given in _flat(answers):
        if name not in known:
            raise ProblemError(f"no quantity is called {name}")
        right, claimed = known[name], given.value
        for index in np.ndindex(right.shape):
            values.append(_judged(problem, name, right, claimed, index))
    whole = {name: known[name].size for name in known}
    for value in values:
        stacked = value.name.partition(".")[0]
        value.points = float(points[stacked]) / whole[stacked] if stacked in points else 1.0
    most = sum(float(part) for part in points.values()) or len(values)
    verdict = Verdict([value for value in values if value.answer is not None])
    verdict.score = sum(value.credit * value.points for value in values) / most
    if diagnose and verdict.first_wrong:
        verdict.mistakes = [Found("bias_omitted", "b was left out, so 0.5 is missing", 1, 2)]
    return verdict


def _flat(answers):
    for name, given in answers.items():
        if isinstance(given.value, dict):
            yield from ((f"{name}.{gate}", given[gate]) for gate in given.value)
        else:
            yield name, given


def _judged(problem, name, right, claimed, index):
    step = index[0] + 1 if index and per_step(problem, name, right) else None
    place = tuple(i + 1 for i in index[1 if step else 0 :])
    try:
        for i in index:
            claimed = claimed[i] if claimed is not None else None
    except (IndexError, TypeError, KeyError):
        claimed = "no such place"
    computed = float(right[index])
    if claimed is None:
        return Judged(name, step, place, None, computed, "blank")
    try:
        typed = number(str(claimed))
    except ParseError:
        return Judged(name, step, place, str(claimed), computed, "unreadable")
    near = abs(typed.value - computed) <= 0.5 * 10.0 ** (typed.place if typed.place is not None else -9) + 1e-12
    verdict = "right" if near else "wrong"
    return Judged(name, step, place, str(claimed), computed, verdict, credit=float(near), from_your_values=computed / 3)
