"""The whole check: claims, verdicts, points, diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.check.answers.claims import Answers, Claim
from rnncalc.check.answers.names import Quantities
from rnncalc.check.answers.shaped import Quantity
from rnncalc.check.graph.spec import of_problem
from rnncalc.check.verdicts import number as one
from rnncalc.check.verdicts.judging import Judging
from rnncalc.check.verdicts.records import ACCEPTED, CARRIED, Judgement, Verdict
from rnncalc.check.verdicts.slip import arithmetic, rule
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import quiet
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.problem import Problem


@quiet
def check(problem: Problem, answers: Mapping[str, RawValue] | Mapping[str, Any], *, diagnose: bool = True) -> Verdict:
    """Are these answers right, and if not, why.

    answers: by name, as CONTRACT §2 has them, or as a program holds them. diagnose: look for the mistakes that explain
    wrong numbers, which takes longer than the verdicts. Raises ProblemError for a name that nobody knows, or where no
    answer is given.
    """
    quantities = quantities_of(problem)
    spec, read = quantities.spec, Answers(quantities, answers)
    if not read.claims:
        raise ProblemError(_("no answers: give them in the problem file, with --answers FILE, or as --h, --y …"))
    judging = Judging(spec, read.claims).judge()
    order = {key: place for place, key in enumerate(judging.order)}
    places = sorted(range(len(read.claims)), key=lambda at: order.get(judging.reported(read.claims[at].key), -1))
    followed = {}
    if any(verdict not in ACCEPTED for verdict in judging.verdicts.values()):
        followed = judging.follow()
    scoring = _Scoring(problem, read, judging)
    verdict = Verdict([scoring.judged(at) for at in places], notes=list(problem.notes))
    verdict.score = scoring.score(verdict.values)
    first = verdict.first_wrong
    if first is not None and first.key:
        claim = read.claims[places[verdict.values.index(first)]]
        before = {**followed, claim.key: judging.result(claim, first.from_your_values)}
        printed = {claim.key for claim in read.claims}
        verdict.arithmetic = arithmetic(problem, spec, claim, first.place, before, printed)
        verdict.rule = rule(claim)
    if diagnose and first is not None:
        from rnncalc.check.diagnosis.search import MistakeSearch

        found = MistakeSearch(problem, spec, judging, [read.claims[at] for at in places], verdict.values, read.whole())
        verdict.mistakes, verdict.blind = found.mistakes(), found.blind
    return verdict


def quantities_of(problem: Problem) -> Quantities:
    """What can be claimed of a problem, which is laid open once: whoever grades a class asks often of one."""
    found: Quantities | None = problem.__dict__.get("laid_open")
    if found is None:
        found = problem.__dict__["laid_open"] = Quantities(problem, of_problem(problem, problem.forward()))
    return found


class _Scoring:
    """Points: what each number is worth and earns."""

    def __init__(self, problem: Problem, read: Answers, judging: Judging):
        self.read, self.judging = read, judging
        weighed: tuple[dict[str, float], int, float] | None = problem.__dict__.get("weighed")
        if weighed is None:
            weighed = _points(problem), int(_setting(problem, "min_digits", 2)), _setting(problem, "carry", 1.0)
            problem.__dict__["weighed"] = weighed
        self.points, self.fewest, self.carry = weighed
        self.trivial = judging.trivial() if self.carry else set()
        self.gates = problem.network.layers[-1].cell.gates
        self.asked = self._asked()

    def judged(self, at: int) -> Judgement:
        """One claim as it is reported."""
        claim, verdict = self.read.claims[at], self.judging.verdicts[at]
        computed = self.judging.right_value(at)
        coarse = claim.typed is not None and one.digits(claim.typed) < self.fewest
        credit = 1.0 if verdict in ACCEPTED else 0.0
        if verdict == CARRIED and at not in self.trivial:
            credit = self.carry
        if coarse and claim.typed and (computed is None or not one.equals(claim.typed, computed)):
            credit = 0.0
        return Judgement(
            claim.quantity, claim.step, claim.index, claim.text, computed, verdict, coarse, credit,
            self.asked.get(claim.quantity, 1.0), self.judging.own.get(at), claim.problem, claim.key,
        )  # fmt: skip

    def _asked(self) -> dict[str, float]:
        """Quantity → the points of one of its numbers."""
        found = {}
        for name, quantity in self.read.asked.items():
            stack, gates = self._stack(name)
            found[name] = self.points[stack] / max(_count(quantity) * gates, 1) if stack in self.points else 1.0
        return found

    def _stack(self, name: str) -> tuple[str, int]:
        """Under which name a quantity's points stand, and how many share them: `dU` has those of dU.i, dU.f, …"""
        stack, _dot, gate = name.rpartition(".")
        if name not in self.points and stack in self.points and gate in self.gates:
            return stack, len(self.gates)
        return name, 1

    def score(self, values: list[Judgement]) -> float:
        """The points reached over the points asked; a blank that was asked for earns nothing."""
        if self.points:
            values = [value for value in values if self._stack(value.name)[0] in self.points]
            whole = sum(self.points.values())
        else:
            whole = 0.0
            for value in values:
                whole += _count(self.read.asked[value.name]) if value.answer is None else 1.0
        reached = sum(value.credit * value.points for value in values)
        return float(reached / whole) if whole else 0.0


def _count(quantity: Quantity) -> int:
    """How many numbers a quantity has; steps that a sequence does not have do not count."""
    return sum(quantity.spot(index) is not None for index in np.ndindex(*quantity.shape))


def _points(problem: Problem) -> dict[str, float]:
    """What is asked, and its weight. Raises ProblemError."""
    if "points" not in problem.given or problem.given["points"].value is None:
        return {}
    given = problem.given["points"]
    value = given.value
    if isinstance(value, str):
        from rnncalc.common import strict_json

        value = strict_json.read(value)
    if not isinstance(value, Mapping):
        raise ProblemError(_('{where}: points are weights by name, such as {{"h": 4, "y": 2}}'), where=given.where)
    return {name: _number(RawValue(part, f"{given.where}.{name}"), "points") for name, part in value.items()}


def _setting(problem: Problem, name: str, usual: float) -> float:
    if name not in problem.given or problem.given[name].value is None:
        return usual
    return _number(problem.given[name], name)


def _number(given: RawValue, name: str) -> float:
    values = given.numbers().values
    if values.size != 1 or not np.isfinite(values).all() or values.item() < 0:
        raise ProblemError(_("{where}: {name} is one number, 0 or more"), where=given.where, name=name)
    return float(values.item())


__all__ = ["Claim", "check"]
