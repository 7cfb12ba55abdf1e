"""One answer to one question, judged by whoever is free: plain data in, plain data out, and no answer stops another."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncalc.check import CheckSession
from rnncalc.check.points import Scale
from rnncalc.classroom.grading.sheet import points_of, problem_of
from rnncalc.common.i18n import _, language, speak
from rnncalc.common.safe_text import one_line
from rnncalc.common.version import __version__
from rnncalc.errors import RnncalcError
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import BLANKS, blanked
from rnncalc.problems.results import Quantities

if TYPE_CHECKING:
    from rnncalc.check import Judgement, Verdict

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Task:
    """One answer to one question, plain data that goes to whoever judges it; "" and 0: as the problem says.

    question: the problem's text; requested: how many numbers a table asks for; precision: what they must show.
    """

    question: str
    answers: Mapping[str, Any]
    requested: int = 0
    precision: str = ""

    def key(self, diagnose: bool, tongue: str) -> str:
        """A digest that two tasks share only if their results are the same."""
        task = __version__, self.question, self.answers, self.requested, self.precision, diagnose, tongue
        return hashlib.sha256(json.dumps(task).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Result:
    """One answer's verdict, its score and its points by quantity; every number, the first slip and the mistakes as a
    check hands them out, a dict each. trouble: why it cannot be read. empty: nothing is answered at all. left_out: how
    many numbers a table asks for that were not answered. remarks: what else is said to whoever may know why.

    Code has no values: it is marked as a whole, right, wrong or failed, which is code that gives no numbers.
    """

    verdict: str
    score: float = 0.0
    earned: dict[str, float] = field(default_factory=dict)
    values: list[dict[str, Any]] = field(default_factory=list)
    first_wrong: dict[str, Any] | None = None
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    empty: bool = False
    trouble: str = ""
    left_out: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def coded(self) -> bool:
        """Whether this is code that could be read."""
        return not self.values and self.verdict != UNREADABLE


def unreadable(trouble: str, empty: bool = False) -> Result:
    """The result of what cannot be read."""
    return Result(UNREADABLE, empty=empty, trouble=one_line(trouble))


def defect(error: Exception) -> Result:
    """The result where judging itself failed: a defect of ours must not cost the others their marks."""
    return unreadable(_("could not be judged ({kind}: {error})").format(kind=type(error).__name__, error=error))


def judge_many(tasks: list[Task], diagnose: bool, tongue: str) -> list[Result]:
    """The result of each task; for a process of its own, which first has to be told the language."""
    if language() != tongue:
        speak(tongue)
    return [judge(task, diagnose) for task in tasks]


def judge(task: Task, diagnose: bool) -> Result:
    """One result: verdict, score, points by quantity, every number, the first slip, the mistakes, or the trouble.

    empty: nothing is answered at all; that is no number, and so unreadable.
    """
    try:
        if not any(map(_answered, task.answers.values())):
            return unreadable(_("nothing is answered"), empty=True)
        question = _question(task.question, task.precision)
        given = {name: RawValue(value, f"$.{name}") for name, value in task.answers.items()}
        judged, reasons = question.session.judgeable(given)
        if not any(map(_answered, judged.values())):
            judged, reasons = given, {}  # the error says why nothing can be judged
        verdict = question.session.check(judged, diagnose=diagnose, requested=task.requested)
        return _of_verdict(verdict, question, task.requested, reasons)
    except RnncalcError as error:
        return unreadable(str(error))
    except RecursionError:
        return unreadable(_("nested too deeply"))
    except Exception as error:
        return defect(error)


def check_scale(question: str, precision: str) -> None:
    """Raise ProblemError where points or a precision are given for what is no quantity of the question."""
    session = _question(question, precision).session
    Scale.of_problem(session.problem, session.quantities)


class _Question:
    """A problem, and what of it is asked again for every answer."""

    def __init__(self, text: str, precision: str):
        self.problem = problem_of(text, precision=precision)
        self.session = CheckSession(self.problem)
        self.points = points_of(self.problem)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Quantity → how many numbers it has."""
        return {name: int(np.size(array)) for name, array in Quantities(self.problem).items()}


_question = lru_cache(maxsize=8)(_Question)  # each keeps what its mistakes are made of


def _answered(value: Any) -> bool:
    """Whether anything is answered at all."""
    value = value.value if isinstance(value, RawValue) else value
    if isinstance(value, list):
        return any(map(_answered, value))
    if isinstance(value, dict):
        return any(_answered(part) for name, part in value.items() if not name.startswith("_"))
    return value is not None and not (isinstance(value, str) and blanked(value.strip()) in BLANKS)


def _of_verdict(verdict: Verdict, question: _Question, requested: int, reasons: Mapping[str, str]) -> Result:
    """A verdict as plain data, with the reason where no answer can be held against a computed number, or where some
    cannot be judged (reasons: by name).

    Where a table asks for single numbers, each of them counts 1.
    """
    answered = [value for value in verdict.values if value.given]
    problems = [value.problem for value in answered if value.problem]
    trouble = problems[0] if problems and len(problems) == len(answered) else ""
    message = _("{where}: not judged: {reason}")
    said = [message.format(where=name, reason=reason) for name, reason in reasons.items()]
    trouble = "; ".join(filter(None, [trouble, *said]))
    points = question.points
    earned: dict[str, float] = {}
    for value in answered:
        owner = question.session.scale.owner(value.name)[0]
        name = owner if owner.startswith("layers") else owner.partition(".")[0]
        weight = value.points
        if value.name not in points and name in points:  # points for a stack, answers gate by gate
            weight = points[name] / question.sizes[name]
        if name in points or not points:
            earned[name] = earned.get(name, 0.0) + value.credit * weight
    first = verdict.first_wrong
    mistakes = [mistake.data() for mistake in verdict.mistakes]
    return Result(
        verdict.verdict,
        trouble=one_line(trouble),
        score=verdict.score,
        earned=earned,
        values=[_value(value) for value in verdict.values],
        first_wrong={**_value(first), "from_your_values": _finite(first.from_your_values)} if first else None,
        mistakes=[{**mistake, "message": one_line(mistake["message"])} for mistake in mistakes],
        left_out=max(requested - len(answered), 0),
        remarks=[f"{verdict.reading}: {verdict.option}"] if verdict.reading else [],
    )


def _value(value: Judgement) -> dict[str, Any]:
    data = value.data()
    answer = None if value.answer is None else one_line(str(value.answer), 60)
    return {**data, "place": value.place, "answer": answer, "computed": _finite(value.computed), "credit": value.credit}


def _finite(value: float | None) -> float | str | None:
    """A number for strict JSON."""
    return str(float(value)) if value is not None and not math.isfinite(value) else value
