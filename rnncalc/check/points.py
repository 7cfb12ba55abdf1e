"""Points: the worth of each number, how much of it an answer earns, and the reason why it earns no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnncalc.check.answers.claims import HOMEWORK, Answers
from rnncalc.check.answers.names import QuantityIndex
from rnncalc.check.answers.quantities import Quantity
from rnncalc.check.verdicts.judging import Judging
from rnncalc.check.verdicts.precision import Precision, precision_of
from rnncalc.check.verdicts.records import ACCEPTED, BLANK, CARRIED, Judgement
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.problems.keys import near, stated
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.problem import Problem


@dataclass(frozen=True)
class Scale:
    """The worth of numbers in one problem.

    points: by quantity; empty where every number is worth one. usual, by_name: the precision asked for. carry: the
    credit of a number that follows from an earlier slip, 0 to 1; at_most: the share of all points that such numbers may
    earn. gates: of the last layer; top: what its signals' names may begin with, which are the bare ones: layers[2].h is
    h.
    """

    points: Mapping[str, float]
    usual: Precision
    by_name: Mapping[str, Precision]
    carry: float
    at_most: float
    gates: str
    top: str = ""

    @classmethod
    def of_problem(cls, problem: Problem, quantities: QuantityIndex) -> Scale:
        """Read the scale from a problem. Raises ProblemError."""
        usual, by_name = Precision("at_least", max(_min_digits(problem), 1)), dict[str, Precision]()
        given = stated(problem.given, "precision")
        if given is not None:
            precision = precision_of(given)
            if isinstance(precision, Precision):
                usual = precision
            else:
                message = _("{where}: precision is asked for “{name}”, which is no quantity here{near}")
                by_name = {_name(quantities, name, given.where, message): part for name, part in precision.items()}
        layers = problem.network.layers
        top = f"layers[{len(layers)}]." if len(layers[-1].passes) == 1 else ""
        points = _points(problem)
        for name in points:
            _name(
                quantities, name, "points", _("{where}: points are given for “{name}”, which is no quantity here{near}")
            )
        return cls(points, usual, by_name, *_carry(problem), layers[-1].cell.gates, top)

    def owner(self, name: str) -> tuple[str, int]:
        """The name that a quantity's points are under, and how many share them: dU has those of dU.i, dU.f, …"""
        if self.top and name not in self.points and name.removeprefix(self.top) in self.points:
            return name.removeprefix(self.top), 1
        stack, _dot, gate = name.rpartition(".")
        if name not in self.points and stack in self.points and gate in self.gates:
            return stack, len(self.gates)
        return name, 1

    def worth(self, name: str, quantity: Quantity) -> float:
        """The points of one number of a quantity."""
        owner, gates = self.owner(name)
        return self.points[owner] / max(quantity.count * gates, 1) if owner in self.points else 1.0

    def precision(self, name: str) -> Precision:
        """What a number of a quantity must show."""
        names = (name, name.rpartition(".")[0], name.removeprefix(self.top))
        return next((self.by_name[known] for known in names if known in self.by_name), self.usual)


class Marking:
    """The judgements of one person's answers, with the credit that each number earns.

    requested: how many numbers were asked for, one point each; 0: as the problem says.
    """

    def __init__(self, scale: Scale, answers: Answers, judging: Judging, requested: int = 0):
        self.scale, self.answers, self.judging, self.requested = scale, answers, judging, requested
        self.trivial = judging.trivial() if scale.carry else set()
        self.worth = {name: scale.worth(name, quantity) for name, quantity in answers.answered.items()}

    def judgements(self, places: Sequence[int]) -> list[Judgement]:
        """The judgements of these claims, of which carried ones earn no more together than they may."""
        values = [self._judgement(at) for at in places]
        carried = [value for value in values if value.verdict == CARRIED and self._counts(value.name)]
        earned = sum(value.credit * value.points for value in carried)
        most = self.scale.at_most * self._whole(values)
        if earned > most * (1 + 1e-9):
            text = _("carried numbers earn at most {percent:.0f} % of all points")
            reason = text.format(percent=100 * self.scale.at_most)
            for value in carried:
                if value.credit:
                    value.credit *= most / earned
                    value.reason = reason
        return values

    def _judgement(self, at: int) -> Judgement:
        claim, verdict = self.answers.claims[at], self.judging.verdicts[at]
        credit, reason = 1.0 if verdict in ACCEPTED else 0.0, ""
        if verdict == CARRIED:
            credit = 0.0 if at in self.trivial else self.scale.carry
            if at in self.trivial:
                reason = _("no credit: after that slip there was nothing left to compute")
            elif credit < 1:
                reason = _("carried numbers earn {percent:.0f} %").format(percent=100 * credit)
        coarse = at in self.judging.coarse
        if coarse and verdict in (*ACCEPTED, CARRIED, BLANK):
            credit, reason = 0.0, claim.precision.reason()
        if verdict == BLANK:
            reason = _("no digit of it is shown; {reason}").format(reason=reason)
        points = self.worth.get(claim.quantity, 1.0) * claim.numbers
        return Judgement(
            claim.quantity, claim.step, claim.index, claim.text, self.judging.right_value(at), verdict, coarse, credit,
            points, self.judging.own.get(at), claim.problem, reason, claim.key,
        )  # fmt: skip

    def blanks(self) -> Iterator[Judgement]:
        """What has points and was not answered."""
        owner = self.scale.owner
        misshapen = {
            (owner(claim.quantity)[0], claim.step, claim.index) for claim in self.answers.claims if not claim.key
        }
        answered = {(owner(claim.quantity)[0], claim.key, claim.spot) for claim in self.answers.claims if claim.key}
        for name in self.scale.points:
            quantity = self._quantity(name)
            if quantity is None or (name, None, ()) in misshapen or not self.scale.points[name]:
                continue
            worth = self.scale.worth(name, quantity)
            if quantity.count > HOMEWORK:
                if name not in {owner(other)[0] for other in self.answers.answered}:
                    yield Judgement(name, None, (), None, None, BLANK, points=worth, reason=_("not answered"))
                continue
            for index, spot in quantity.spots.items():
                step, rest = quantity.split(index)
                places = {(name, step, rest[:length]) for length in range(len(rest) + 1)}
                if (name, *spot) not in answered and not places & misshapen:
                    yield Judgement(name, step, rest, None, None, BLANK, points=worth, reason=_("not answered"))

    def _quantity(self, name: str) -> Quantity | None:
        """The quantity that has points; None where the problem has none of that name."""
        if name in self.answers.answered:
            return self.answers.answered[name]
        try:
            quantity = self.answers.quantities.find(self.answers.quantities.whole, name)
        except ProblemError:
            return None
        return quantity if isinstance(quantity, Quantity) else quantity[""]

    def score(self, values: list[Judgement]) -> float:
        """The points earned over all points. A blank among the quantities that have points earns nothing."""
        whole = self._whole(values)
        earned = sum(value.credit * value.points for value in values if self._counts(value.name))
        return float(min(earned / whole, 1.0)) if whole else 0.0

    def _counts(self, name: str) -> bool:
        return not self.scale.points or self.scale.owner(name)[0] in self.scale.points

    def _whole(self, values: list[Judgement]) -> float:
        """All points that were to be had."""
        if self.scale.points:
            return sum(self.scale.points.values())
        answered = sum(value.points for value in values)
        return max(float(self.requested), answered)


def _points(problem: Problem) -> dict[str, float]:
    """The points of each quantity. Raises ProblemError."""
    given = stated(problem.given, "points")
    if given is None:
        return {}
    value = given.value
    if not isinstance(value, Mapping):
        raise ProblemError(_('{where}: points are weights by name, such as {{"h": 4, "y": 2}}'), where=given.where)
    return {name: _number(RawValue(part, f"{given.where}.{name}"), "points") for name, part in value.items()}


def _name(quantities: QuantityIndex, name: str, where: str, message: str) -> str:
    """A quantity's name as answers have it. Raises ProblemError, with the message, for one that there is not."""
    if name.startswith("layers"):
        return name
    try:
        quantity = quantities.find(quantities.whole, name)
    except ProblemError:
        if name.endswith("_new") or name.startswith("d") or name.startswith("loss"):
            return name  # there is no loss: nobody can answer it
        close = near(name, quantities.known(quantities.whole))
        raise ProblemError(message, where=where, name=name, near=close) from None
    return quantity.name if isinstance(quantity, Quantity) else quantity[""].name


def _carry(problem: Problem) -> tuple[float, float]:
    """The credit of a carried number, and the share of all points that such numbers may earn. Raises ProblemError."""
    given = stated(problem.given, "carry")
    if given is None:
        return 1.0, 1.0
    value = given.value
    if not isinstance(value, Mapping):
        return _share(given, "carry"), 1.0
    if not value or not set(value) <= {"credit", "at_most"}:
        message = _('{where}: carry is a credit, 0 to 1, or {{"credit": 0.5, "at_most": 0.6}}')
        raise ProblemError(message, where=given.where)
    credit, at_most = (
        _share(RawValue(value[key], f"{given.where}.{key}"), key) if key in value else 1.0
        for key in ("credit", "at_most")
    )
    return credit, at_most


def _share(given: RawValue, name: str) -> float:
    share = _number(given, name)
    if share > 1:
        raise ProblemError(_("{where}: {name} is a share, 0 to 1"), where=given.where, name=name)
    return share


def _min_digits(problem: Problem) -> float:
    given = stated(problem.given, "min_digits")
    return 2 if given is None else _number(given, "min_digits")


def _number(given: RawValue, name: str) -> float:
    values = given.numbers().values
    if values.size != 1 or not np.isfinite(values).all() or values.item() < 0:
        raise ProblemError(_("{where}: {name} is one number, 0 or more"), where=given.where, name=name)
    return float(values.item())
