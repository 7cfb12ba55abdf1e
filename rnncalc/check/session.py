"""Checks answers to a problem: claims, verdicts, points, the first slip, and the mistakes behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from rnncalc.check.answers.claims import Answers
from rnncalc.check.answers.names import QuantityIndex
from rnncalc.check.graph.spec import of_problem
from rnncalc.check.scoring import Marking, Scale
from rnncalc.check.verdicts.judging import Judging
from rnncalc.check.verdicts.records import ACCEPTED, Verdict
from rnncalc.check.verdicts.slip import arithmetic, rule
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import quiet
from rnncalc.problems.problem import Problem

GRADIENTS = ("∂", "term", "d", "dstart", "dshared", "new", "∂x")  # how the keys of what needs the way back begin


class CheckSession:
    """Checks many answers to one problem, and computes only once what they share.

    Shared are the forward pass, the graph of the right solution, and the numbers that every mistake gives. The problem
    must not change between two checks.

    Parameters
    ----------
    problem : Problem
        The problem that was set.

    Examples
    --------
    >>> import rnncalc
    >>> from rnncalc.check import CheckSession
    >>> session = CheckSession(rnncalc.problem(U=0.9, W=0.5, b=0.3, x=[0.7, 0.5]).given)
    >>> [session.check({"h": answer}).verdict for answer in ("0.73 0.81", "0.73 0.88")]
    ['right', 'wrong']
    """

    def __init__(self, problem: Problem):
        self.problem = problem

    @cached_property
    def quantities(self) -> QuantityIndex:
        """The quantities that can be answered, by name."""
        return QuantityIndex(self.problem, of_problem(self.problem, self.problem.forward()))

    @cached_property
    def scale(self) -> Scale:
        """The worth of numbers, and the precision asked for. Raises ProblemError."""
        return Scale.of_problem(self.problem, self.quantities)

    @quiet
    def check(self, answers: Mapping[str, Any], *, diagnose: bool = True, requested: int = 0) -> Verdict:
        """Judge one person's answers, and say why they are wrong.

        Parameters
        ----------
        answers : mapping
            Quantity → numbers in any form: text, nested lists, arrays, dicts by gate or by step. Text keeps its digits.
        diagnose : bool
            Search for the mistakes that explain wrong numbers, which takes longer than the verdicts.
        requested : int
            How many numbers were asked for, where each is worth one point; 0: as the problem says.

        Returns
        -------
        Verdict
            The judgement of every number, the score, the first slip and its arithmetic, and the mistakes.

        Raises
        ------
        ProblemError
            If a name is unknown, or if nothing is answered.
        """
        problem, spec = self.problem, self.quantities.spec
        read = Answers(self.quantities, answers)
        if not read.claims:
            raise ProblemError(_("no answers: give them in the problem file, with --answers FILE, or as --h, --y …"))
        for claim in read.claims:
            claim.precision = self.scale.precision(claim.quantity)
        judging = Judging(spec, read.claims).judge()
        order = {key: place for place, key in enumerate(judging.order)}
        places = sorted(range(len(read.claims)), key=lambda at: order.get(judging.reported(read.claims[at].key), -1))
        followed = {}
        if any(verdict not in ACCEPTED for verdict in judging.verdicts.values()):
            followed = judging.follow()
        marking = Marking(self.scale, read, judging, requested)
        judgements = marking.judgements(places)
        backward = any(claim.key and claim.key[0] in GRADIENTS for claim in read.claims)
        notes = problem.backward_notes if backward else list(problem.notes)
        verdict = Verdict([*judgements, *marking.blanks()], notes=notes)
        verdict.score = marking.score(verdict.values)
        first = verdict.first_wrong
        if first is not None and first.key:
            claim = read.claims[places[verdict.values.index(first)]]
            before = {**followed, claim.key: judging.result(claim, first.from_your_values)}
            printed = {claim.key for claim in read.claims}
            verdict.arithmetic = arithmetic(problem, spec, claim, first.place, before, printed)
            verdict.rule = rule(claim)
        if diagnose and first is not None:
            from rnncalc.check.diagnosis.search import MistakeSearch  # answers that are right do without

            claims = [read.claims[at] for at in places]
            search = MistakeSearch(problem, spec, judging, claims, judgements, read.whole())
            said = problem.letters.said
            verdict.mistakes = [replace(mistake, message=said(mistake.message)) for mistake in search.mistakes()]
            verdict.blind = [(mistake, said(reason)) for mistake, reason in search.blind]
        return verdict


def check(problem: Problem, answers: Mapping[str, Any], *, diagnose: bool = True) -> Verdict:
    """Judge one person's answers to a problem, and say why they are wrong.

    Parameters and errors are those of `CheckSession.check`, which is faster for the answers of many people.
    """
    return CheckSession(problem).check(answers, diagnose=diagnose)
