"""Checks answers to a problem: claims, verdicts, points, the first slip, and the mistakes behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from rnncalc.check.answers.claims import Answers
from rnncalc.check.answers.names import QuantityIndex
from rnncalc.check.answers.nested_lists import plain
from rnncalc.check.graph.spec import of_problem
from rnncalc.check.points import Marking, Scale
from rnncalc.check.verdicts.judging import Judging
from rnncalc.check.verdicts.records import ACCEPTED, Verdict
from rnncalc.check.verdicts.slip import arithmetic, rule
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.model.equations.functions import quiet
from rnncalc.problems.parse import commas
from rnncalc.problems.parse.given import RawValue
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
        read = Answers(self.quantities, self._written(answers))
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
        if first is not None and diagnose:
            verdict.reading, verdict.option = self._other_reading(answers)
        if diagnose and first is not None and not verdict.reading:
            from rnncalc.check.diagnosis.search import MistakeSearch  # answers that are right do without

            claims = [read.claims[at] for at in places]
            search = MistakeSearch(problem, spec, judging, claims, judgements, read.whole())
            said = problem.letters.said
            verdict.mistakes = [replace(mistake, message=said(mistake.message)) for mistake in search.mistakes()]
            verdict.blind = [(mistake, said(reason)) for mistake, reason in search.blind]
        return verdict

    def _other_reading(self, answers: Mapping[str, Any]) -> tuple[str, str]:
        """Another reading of an ambiguous problem that makes every answer right, in words, and its option; empty where
        there is none."""
        for option, session in self._others:
            try:
                values = session.check(answers, diagnose=False).values
            except RnncalcError:
                continue
            if all(value.verdict in ACCEPTED for value in values):
                letters = session.problem.letters
                U, W = letters.parameter("U"), letters.parameter("W")
                line = f"h_{{t-1}} {W} + x_t {U}" if letters.rows else f"{W} h_{{t-1}} + {U} x_t"
                text = _("read with {line}, every answer is right; the problem leaves open which is meant")
                return text.format(line=line), option
        return "", ""

    @cached_property
    def _others(self) -> list[tuple[str, CheckSession]]:
        """The problem read otherwise, where its letters or shapes leave it open, each with the option that does so."""
        problem, read = self.problem, list[tuple[str, CheckSession]]()
        open_keys = [key for key in problem.open if key[0] != "notation" or problem.of_sheet]
        from rnncalc.problems import reader  # here: few problems leave anything open

        for keys in [[key] for key in open_keys] + ([open_keys] if len(open_keys) > 1 else []):
            chosen = {key: RawValue(word, f"--{key}") for key, word in keys}
            try:
                other = reader.read({**problem.stated, **chosen})
            except RnncalcError:
                continue
            other.given |= {key: problem.given[key] for key in ("precision",) if key in problem.given}  # of `grade`
            read.append((" ".join(f"--{key} {word}" for key, word in keys), CheckSession(other)))
        return read

    def judgeable(self, answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """Part answers into those that can be judged, and the reason for each name of which some cannot.

        Parameters
        ----------
        answers : mapping
            Quantity → numbers, as `check` takes them.

        Returns
        -------
        dict
            What can be judged, by name.
        dict
            Why the rest cannot, by name: the problem has no such quantity, or no loss.

        Examples
        --------
        >>> import rnncalc
        >>> session = CheckSession(rnncalc.problem(U=0.9, W=0.5, b=0.3, x=[0.7, 0.5]).given)
        >>> session.judgeable({"h": "0.73 0.81", "loss": "4.41"})
        ({'h': '0.73 0.81'}, {'loss': 'answers.loss needs targets and a loss, or dy'})
        """
        kept, reasons = dict[str, Any](), dict[str, str]()
        for name, value in self._written(answers).items():
            part, reason = self._judgeable((name,), plain(value))
            if not reason:
                kept[name] = value
                continue
            reasons[name] = reason
            if part is not None:
                kept[name] = part
        return kept, reasons

    def _written(self, answers: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answers as the problem says that numbers are written."""
        decimal = self.problem.decimal
        if not decimal:
            return answers
        return {
            name: part.written(decimal) if isinstance(part, RawValue) else commas.stated(part, decimal)
            for name, part in answers.items()
        }

    def _judgeable(self, path: tuple[str | int, ...], value: Any) -> tuple[Any, str]:
        """What of the value under a name, its gates, steps or layers can be judged, None for nothing; why not the rest.

        path: the name, and the keys and numbers below it.
        """
        try:
            Answers(self.quantities, _within(path, value))
            return value, ""
        except ProblemError as error:
            reason = str(error)
        if isinstance(value, Mapping):
            parts = {key: self._judgeable((*path, key), part)[0] for key, part in value.items()}
            return {key: part for key, part in parts.items() if part is not None} or None, reason
        if isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
            layers = [self._judgeable((*path, at), part)[0] for at, part in enumerate(value)]
            return (layers if any(layers) else None), reason
        return None, reason


def _within(path: tuple[str | int, ...], value: Any) -> Any:
    """Answers that hold one value, under a name, and at a place of it."""
    for key in path[::-1]:
        value = {key: value} if isinstance(key, str) else [*[None] * key, value]
    return value


def check(problem: Problem, answers: Mapping[str, Any], *, diagnose: bool = True) -> Verdict:
    """Judge one person's answers to a problem, and say why they are wrong.

    Parameters and errors are those of `CheckSession.check`, which is faster for the answers of many people.
    """
    return CheckSession(problem).check(answers, diagnose=diagnose)
