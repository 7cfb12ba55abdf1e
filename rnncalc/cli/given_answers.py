"""The answers that `check` is given: in the problem's file, by --answers, by options of their names."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from rnncalc.cli.problem_keys import GIVEN
from rnncalc.common.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rnncalc.problems.parse.given import RawValue
    from rnncalc.problems.problem import Problem

SIGNALS = ("a", "h", "s", "y", "i", "f", "g", "o", "r", "z", "n", "tanh_c", "slope", "losses")
OF_A_STEP = re.compile(  # --h_2, --c̃_3; h_0 is a start, b_1 may be a parameter, x_1 an input
    rf"(?:{'|'.join(SIGNALS)}|[^\W\d_BRUVWXbdtx][\u0300-\u036f]*|[a-z]_?(?:hat|tilde))_?[1-9]\d*"
)
INDEXED = re.compile(
    r"(?!(?:[xXt]|targets?)\b)[^\W\d].*[^._-][_^]?[\[({<⟨]{1,2}\d+(?:\s*,\s*\d+)*[\])}>⟩]{1,2}"
)  # --h_{2}[1]
DERIVED = re.compile(r"d\w+(\.\w+)?|\w+_new(\.\w+)?")


def typed() -> dict[str, str]:
    """The answers among the options, taken out from among the keys of the problem."""
    from rnncalc.problems.keys import KEYS

    options: dict[str, str] = click.get_current_context().meta.setdefault(GIVEN, {})
    answers = {}
    for name in list(options):
        bare = name.partition(".")[0]
        of_a_step = (
            OF_A_STEP.fullmatch(name) or INDEXED.fullmatch(name) or (DERIVED.fullmatch(name) and bare not in KEYS)
        )
        if name == "answers" or bare == "answers" or bare in SIGNALS or of_a_step:
            answers[name] = options.pop(name)
    return answers


def by_problem(keys: dict[str, RawValue], typed: dict[str, str]) -> dict[str, RawValue]:
    """The keys of several problems with the answers to each, {"Q1": {"h": …}}, which are then no longer typed."""
    from rnncalc.errors import ProblemError, RnncalcError
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.problems.problem_text import several

    unread: dict[str, RnncalcError] = {}
    problems = several(keys, unread)
    dotted = {
        name: text for name, text in typed.items() if name.startswith("answers.") and name.split(".")[1] in problems
    }
    if not problems or not ("answers" in typed or dotted):
        return keys
    answers = _read_of_several(typed["answers"], problems) if "answers" in typed else {}
    parts: dict[str, dict[str, RawValue]] = {
        name: _named(part["answers"]) for name, part in several(answers).items() if "answers" in part
    }
    answers = {name: value for name, value in answers.items() if name != "problems"}
    answers = _named(answers["answers"]) if "answers" in answers else answers
    if not parts and not dotted and not any(name.partition(".")[0] in problems for name in answers):
        return keys  # the same answers to all
    given_answers = {**answers, **{name[8:]: RawValue(text, f"--{name}", True) for name, text in dotted.items()}}
    for name, value in given_answers.items():
        head, dot, quantity = name.partition(".")
        parts.setdefault(head, {}).update({quantity: value} if dot else _named(value))
    for name in parts:
        if name not in problems:
            message = _("answers.{name}: no problem is called so; there are {known}")
            raise ProblemError(message, name=name, known=", ".join(problems))
    for name in ("answers", *dotted):
        typed.pop(name, None)
    own = {name: problems[name] | {"answers": RawValue(part, f"answers.{name}")} for name, part in parts.items()}
    kept = {key: value for key, value in keys.items() if key not in ("problems", "answers")}
    return {**kept, "problems": RawValue({**unread, **problems, **own}, keys["problems"].where)}


def _read_of_several(text: str, problems: Mapping[str, dict[str, RawValue]]) -> dict[str, RawValue]:
    """What --answers says of several problems: {"problems": {"Q1": …}} where it names them, else answers to each."""
    from rnncalc.classroom.grading import answer_heads, answer_text, authors  # the reader of `grade`
    from rnncalc.classroom.grading.sheet import Stated
    from rnncalc.errors import ParseError, RnncalcError
    from rnncalc.problems import problem_text
    from rnncalc.problems import reader as reading
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.problems.parse.numbers import TWICE

    def read(content: str) -> dict[str, RawValue]:
        questions: dict[str, Stated] = {}
        for name, keys in problems.items():
            with suppress(RnncalcError):  # which is said when the problem is solved
                questions[name] = Stated(reading.read(keys))
        headed = len(questions) > 1 and not content.lstrip("\ufeff \t\r\n").startswith("{")
        if headed:
            content = authors.of_text(content)[1]
            parts = answer_text.headed(content, questions)
            if parts:
                return {"problems": RawValue({name: {"answers": part} for name, part in parts.items()}, "problems")}
        decimal = click.get_current_context().meta.get(GIVEN, {}).get("decimal", "")
        try:
            bare = problem_text.read(content, "", decimal, answers=answer_text.is_bare(content))
        except RnncalcError:
            if not headed or answer_text.has_inputs(content):
                raise
            bare = None
        if bare is None or (headed and TWICE in str(bare)):
            raise ParseError(answer_heads.how(problems))
        return {name: value for name, value in bare.items() if name != "equations"}

    return _read(text, read)


def _read(text: str, read: Callable[[str], dict[str, RawValue]]) -> dict[str, RawValue]:
    """What --answers says, a path, - or JSON, in the form that `read` gives it."""
    from rnncalc.errors import ParseError
    from rnncalc.problems.parse import files

    content = text if text.lstrip().startswith("{") else files.content(text)
    try:
        return read(content)
    except ParseError as error:
        raise ParseError(str(error) if text == "-" or text is content else f"{text[:60]}: {error}") from None


def of_problem(
    keys: dict[str, RawValue], typed: dict[str, str], problem: Problem
) -> tuple[dict[str, RawValue], list[str]]:
    """The file's answers, those of --answers in their place, and what was typed name by name; and what of a text was
    not read."""
    from rnncalc.classroom.grading import answer_text, authors  # the reader of `grade`
    from rnncalc.classroom.grading.sheet import Stated
    from rnncalc.problems.parse.given import RawValue

    answers: dict[str, RawValue] = {}
    unread = ""
    if "answers" in typed:
        question = {"": Stated(problem)}
        read = _read(typed["answers"], lambda content: answer_text.read(authors.of_text(content)[1], question))
        unread = answer_text.unread(read)
        read.pop("equations", None)
        answers = _named(read["answers"]) if "answers" in read else read
    elif "answers" in keys and keys["answers"].value is not None:
        answers = _named(keys["answers"])
        unread = answer_text.unread(answers)
        answers.pop("equations", None)
    for name, value in typed.items():
        if name != "answers":
            bare = name.removeprefix("answers.")
            stack, _dot, gate = bare.partition(".")
            if gate and stack in answers and isinstance(answers[stack].value, dict):
                rest = {key: part for key, part in answers[stack].value.items() if key != gate}
                if rest:
                    answers[stack] = RawValue(rest, answers[stack].where)
                else:
                    del answers[stack]
            answers[bare] = RawValue(value, f"--{name}", True)
    return answers, [unread] if unread else []


def _named(answers: RawValue) -> dict[str, RawValue]:
    """An object of answers, also one that was typed as text, name by name."""
    from rnncalc.common import strict_json
    from rnncalc.errors import ProblemError
    from rnncalc.problems.parse.given import RawValue

    value = strict_json.read(answers.value) if isinstance(answers.value, str) else answers.value
    if not isinstance(value, dict):
        raise ProblemError(
            _('{where}: answers are an object by name, such as {{"h": [["0.86", "0.98"]]}}'), where=answers.where
        )
    return {
        name: answers[name] if isinstance(answers.value, dict) else RawValue(part, f"{answers.where}.{name}")
        for name, part in value.items()
    }
