"""rnncalc check"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli import given_answers
from rnncalc.cli.forward import overflowed
from rnncalc.cli.options import drawing_options, drawn, engine_options, show
from rnncalc.cli.problem_keys import GIVEN, MARKING_HELP, PROBLEM_HELP, ProblemCommand, given, problem_argument, solved
from rnncalc.common.i18n import _

if TYPE_CHECKING:
    from rnncalc.check import Verdict
    from rnncalc.check.session import CheckSession
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.report.document import Document

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

    typed = given_answers.typed()

    def solve(keys: dict[str, RawValue]) -> tuple[Document, int]:
        stated = reading.read(keys, engine=engine, dtype=dtype)
        session, (answers, unread) = CheckSession(stated), given_answers.of_problem(keys, typed, stated)
        judged, strange = _judgeable(session, answers)
        verdict = session.check(judged)
        verdict.notes += [*strange, *unread]
        document = report.document(stated, verdict, hint=hint, picture=drawn(look))
        trace = stated.forward()
        if explain and not hint:
            report.add_solution(document, stated, trace, verdict)
        return document, overflowed(trace, verdict.data(), document.data) or failed(verdict) or int(bool(strange))

    keys = given_answers.by_problem(given(problem), typed)
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


def _judgeable(session: CheckSession, answers: dict[str, RawValue]) -> tuple[dict[str, Any], list[str]]:
    """The answers without those of a sheet that cannot be judged, and a note on each of these."""
    of_sheet = {name: value for name, value in answers.items() if value.of_sheet}
    kept, reasons = session.judgeable(of_sheet)
    others = {name: value for name, value in answers.items() if name not in of_sheet}
    if not kept and not others:
        return dict(answers), []  # the error says why nothing can be judged
    message = _("{where}: not judged: {reason}")
    return {**kept, **others}, [message.format(where=answers[name].where, reason=why) for name, why in reasons.items()]
