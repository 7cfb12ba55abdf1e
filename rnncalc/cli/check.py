"""rnncalc check"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.forward import overflowed
from rnncalc.cli.options import drawing_options, drawn, engine_options, show
from rnncalc.cli.problem_keys import GIVEN, MARKING_HELP, PROBLEM_HELP, ProblemCommand, given, problem_argument, solved
from rnncalc.common.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rnncalc.check import Verdict
    from rnncalc.check.session import CheckSession
    from rnncalc.classroom.grading.sheet import AskedProblem
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.problems.problem import Problem
    from rnncalc.report.document import Document

SIGNALS = ("a", "h", "s", "y", "i", "f", "g", "o", "r", "z", "n", "tanh_c", "slope", "losses")
OF_A_STEP = re.compile(  # --h_2, --c̃_3; h_0 is a start, b_1 may be a parameter, x_1 an input
    rf"(?:{'|'.join(SIGNALS)}|[^\W\d_BRUVWXbdtx][\u0300-\u036f]*|[a-z]_?(?:hat|tilde))_?[1-9]\d*"
)
INDEXED = re.compile(
    r"(?!(?:[xXt]|targets?)\b)[^\W\d].*[^._-][_^]?[\[({<⟨]{1,2}\d+(?:\s*,\s*\d+)*[\])}>⟩]{1,2}"
)  # --h_{2}[1]
DERIVED = re.compile(r"d\w+(\.\w+)?|\w+_new(\.\w+)?")

HELP = f"""Check answers: which numbers are right, where it went wrong first, and which mistake explains it.

\b
rnncalc check problem.json                       # the answers in the file
rnncalc check problem.json --answers mine.json   # or -, or JSON
rnncalc check --U 0.9 --W 0.5 --b 0.3 --x "0.7 0.5 0.2" --h "0.73 0.78 0.66"
rnncalc check problem.json --answers.U_new.o "0.4375" --dV "0.38 -0.40"
rnncalc check --code mine.py                     # functions: which bug?
rnncalc check --code mine.py:lstm_backward --signature cs231n

\b
Answers: --h --s --y --a --dU --dW --U_new --h_2[1] …, and --answers.NAME
for every other name
(--answers.c is the memory, --c the read-out's bias); _ is a number that is
not answered; of several problems --answers '{{"Q1": {{"h": …}}}}'.
{MARKING_HELP}
\b
--code runs the definitions of the file: give it only code that you trust.
--signature names a course (cs231n, deeplearning_ai, d2l, min_char_rnn,
deep_ml, pytorch) or a JSON file of your own.
\b
Exit code: 0 all right, 1 something is wrong, 2 the question cannot be read,
3 overflow.
{PROBLEM_HELP}"""


@click.command("check", cls=ProblemCommand, help=HELP)
@problem_argument
@click.option("--explain", is_flag=True, help="Add the whole right solution, with its arithmetic.")
@click.option("--hint", is_flag=True, help="Say where the first slip is, but no number that was computed.")
@click.option("--code", metavar="FILE[:NAME]", help="Check functions: name the bug in somebody's code.")
@click.option("--signature", metavar="NAME|FILE", help="How the functions of --code are called.")
@engine_options
@drawing_options
def command(
    problem: str | None, explain: bool, hint: bool, code: str | None, signature: str | None, engine: str, dtype: str,
    **look: Any,
) -> int:  # fmt: skip
    if code is not None:
        return _check_code(problem, code, signature, hint, look)
    from rnncalc.check.session import CheckSession
    from rnncalc.problems import reader as reading
    from rnncalc.report import check as report

    typed = _typed()

    def solve(keys: dict[str, RawValue]) -> tuple[Document, int]:
        stated = reading.read(keys, engine=engine, dtype=dtype)
        session, (answers, unread) = CheckSession(stated), _answers(keys, typed, stated)
        judged, strange = _judgeable(session, answers)
        verdict = session.check(judged)
        verdict.notes += [*strange, *unread]
        document = report.document(stated, verdict, hint=hint, picture=drawn(look))
        trace = stated.forward()
        if explain and not hint:
            report.add_solution(document, stated, trace, verdict)
        return document, overflowed(trace, verdict.data(), document.data) or failed(verdict) or int(bool(strange))

    keys = _by_problem(given(problem), typed)
    document, exit_code = solved(keys, solve, key="" if typed else "answers")
    show(document, **look)
    return exit_code


def _check_code(problem: str | None, code: str, signature: str | None, hint: bool, look: dict[str, Any]) -> int:
    """Check functions; --cell is the only other option that belongs to them."""
    from rnncalc.check.code import check_file
    from rnncalc.report import check_code as report

    options: dict[str, str] = click.get_current_context().meta.get(GIVEN, {})
    others = [problem] if problem is not None else [f"--{name}" for name in options if name != "cell"]
    if others:
        raise click.UsageError(
            _("--code checks functions on numbers of its own: {other} does not belong to it").format(other=others[0])
        )
    path, _colon, name = code.rpartition(":") if re.search(r":[^\W\d]\w*$", code) else (code, "", "")
    verdicts = check_file(path, signature, function=name or None, cell=options.get("cell"))
    show(report.document(verdicts, hint=hint), **look)
    return int(any(verdict.verdict != "right" for verdict in verdicts))


def failed(verdict: Verdict) -> int:
    """The exit code: 1 where a number is wrong, unreadable, or given without a digit that shows. Numbers that are left
    out, and coarse ones that are right as far as they go, do not change it."""
    digitless = any(value.given and value.verdict == "blank" for value in verdict.values)
    return int(digitless or verdict.verdict in ("wrong", "unreadable"))


def _typed() -> dict[str, str]:
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


def _by_problem(keys: dict[str, RawValue], typed: dict[str, str]) -> dict[str, RawValue]:
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
    answers = _read(typed["answers"], {}) if "answers" in typed else {}
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


def _read(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, RawValue]:
    """What --answers says: a path, -, or JSON. questions: the problem under "", if there is but one."""
    from rnncalc.classroom.grading import answer_text, authors  # the reader of `grade`
    from rnncalc.errors import ParseError
    from rnncalc.problems import problem_text
    from rnncalc.problems.parse import files

    content = text if text.lstrip().startswith("{") else files.content(text)
    try:
        if not questions:
            decimal = click.get_current_context().meta.get(GIVEN, {}).get("decimal", "")
            read = problem_text.read(content, "", decimal, answers=answer_text.is_bare(content))
            return {name: value for name, value in read.items() if name != "equations"}
        return answer_text.read(authors.of_text(content)[1], questions)
    except ParseError as error:
        raise ParseError(str(error) if text == "-" or text is content else f"{text[:60]}: {error}") from None


def _answers(
    keys: dict[str, RawValue], typed: dict[str, str], problem: Problem
) -> tuple[dict[str, RawValue], list[str]]:
    """The file's answers, those of --answers in their place, and what was typed name by name; and what of a text was
    not read."""
    from rnncalc.problems.parse.given import RawValue

    answers: dict[str, RawValue] = {}
    unread = ""
    if "answers" in typed:
        from rnncalc.classroom.grading import answer_text  # the reader of `grade`
        from rnncalc.classroom.grading.sheet import Stated

        read = _read(typed["answers"], {"": Stated(problem)})
        unread = answer_text.unread(read)
        read.pop("equations", None)
        answers = _named(read["answers"]) if "answers" in read else read
    elif "answers" in keys and keys["answers"].value is not None:
        answers = _named(keys["answers"])
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


def _judgeable(session: CheckSession, answers: dict[str, RawValue]) -> tuple[dict[str, Any], list[str]]:
    """The answers without those of a sheet that cannot be judged, and a note on each of these."""
    of_sheet = {name: value for name, value in answers.items() if value.of_sheet}
    kept, reasons = session.judgeable(of_sheet)
    others = {name: value for name, value in answers.items() if name not in of_sheet}
    if not kept and not others:
        return dict(answers), []  # the error says why nothing can be judged
    message = _("{where}: not judged: {reason}")
    return {**kept, **others}, [message.format(where=answers[name].where, reason=why) for name, why in reasons.items()]


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
