"""Points: the worth of each number, and how much of it an answer earns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnncalc.check.answers.claims import Answers
from rnncalc.check.answers.shaped import Quantity
from rnncalc.check.verdicts.judging import Judging
from rnncalc.check.verdicts.number import digits, equals
from rnncalc.check.verdicts.records import ACCEPTED, CARRIED, Judgement
from rnncalc.common import strict_json
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.problems.keys import stated
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.problem import Problem


@dataclass(frozen=True)
class Scale:
    """The worth of numbers in one problem.

    points: by quantity; empty where every number is worth one. min_digits: a number with fewer significant digits must
    be exact. carry: the credit of a number that follows from an earlier slip, 0 to 1. gates: of the last layer.
    """

    points: Mapping[str, float]
    min_digits: int
    carry: float
    gates: str

    @classmethod
    def of_problem(cls, problem: Problem) -> Scale:
        """Read the scale from a problem. Raises ProblemError."""
        gates, min_digits = problem.network.layers[-1].cell.gates, int(_setting(problem, "min_digits", 2))
        return cls(_points(problem), min_digits, _setting(problem, "carry", 1.0), gates)

    def owner(self, name: str) -> tuple[str, int]:
        """The name that a quantity's points are under, and how many share them: dU has those of dU.i, dU.f, …"""
        stack, _dot, gate = name.rpartition(".")
        if name not in self.points and stack in self.points and gate in self.gates:
            return stack, len(self.gates)
        return name, 1

    def worth(self, name: str, quantity: Quantity) -> float:
        """The points of one number of a quantity."""
        owner, gates = self.owner(name)
        return self.points[owner] / max(_count(quantity) * gates, 1) if owner in self.points else 1.0


class Marking:
    """The judgements of one person's answers, with the credit that each number earns."""

    def __init__(self, scale: Scale, answers: Answers, judging: Judging):
        self.scale, self.answers, self.judging = scale, answers, judging
        self.trivial = judging.trivial() if scale.carry else set()
        self.worth = {name: scale.worth(name, quantity) for name, quantity in answers.answered.items()}

    def judgement(self, at: int) -> Judgement:
        """The judgement of one claim."""
        claim, verdict = self.answers.claims[at], self.judging.verdicts[at]
        computed = self.judging.right_value(at)
        coarse = claim.typed is not None and digits(claim.typed) < self.scale.min_digits
        credit = 1.0 if verdict in ACCEPTED else 0.0
        if verdict == CARRIED and at not in self.trivial:
            credit = self.scale.carry
        if coarse and claim.typed and (computed is None or not equals(claim.typed, computed)):
            credit = 0.0
        return Judgement(
            claim.quantity, claim.step, claim.index, claim.text, computed, verdict, coarse, credit,
            self.worth.get(claim.quantity, 1.0), self.judging.own.get(at), claim.problem, claim.key,
        )  # fmt: skip

    def score(self, values: list[Judgement]) -> float:
        """The points earned over all points. A blank among the quantities that have points earns nothing."""
        points = self.scale.points
        if points:
            values = [value for value in values if self.scale.owner(value.name)[0] in points]
            whole = sum(points.values())
        else:
            whole = 0.0
            for value in values:
                whole += _count(self.answers.answered[value.name]) if value.answer is None else 1.0
        earned = sum(value.credit * value.points for value in values)
        return float(earned / whole) if whole else 0.0


def _count(quantity: Quantity) -> int:
    """The number of entries of a quantity, without steps that a sequence does not have."""
    return sum(quantity.spot(index) is not None for index in np.ndindex(*quantity.shape))


def _points(problem: Problem) -> dict[str, float]:
    """The points of each quantity. Raises ProblemError."""
    given = stated(problem.given, "points")
    if given is None:
        return {}
    value = strict_json.read(given.value) if isinstance(given.value, str) else given.value
    if not isinstance(value, Mapping):
        raise ProblemError(_('{where}: points are weights by name, such as {{"h": 4, "y": 2}}'), where=given.where)
    return {name: _number(RawValue(part, f"{given.where}.{name}"), "points") for name, part in value.items()}


def _setting(problem: Problem, name: str, usual: float) -> float:
    given = stated(problem.given, name)
    return usual if given is None else _number(given, name)


def _number(given: RawValue, name: str) -> float:
    values = given.numbers().values
    if values.size != 1 or not np.isfinite(values).all() or values.item() < 0:
        raise ProblemError(_("{where}: {name} is one number, 0 or more"), where=given.where, name=name)
    return float(values.item())
