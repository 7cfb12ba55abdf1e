"""rnncalc backward"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.forward import overflowed
from rnncalc.cli.options import drawing_options, drawn, engine_options, show
from rnncalc.cli.problem_keys import PROBLEM_HELP, ProblemCommand, given, problem_argument, solved

if TYPE_CHECKING:
    from rnncalc.problems.parse.given import RawValue
    from rnncalc.report.document import Document

HELP = f"""Backpropagation through time: every δ, every gradient, the update.

\b
rnncalc backward --U 1 --W 1 --x "1; 1" --V 1 \\
                 --targets "0; 0" --loss half_squared_error
rnncalc backward problem.json --lr 0.1 --work
rnncalc backward problem.json --truncate 2 --gradcheck

\b
Beside a problem's keys:
  --targets  the shape of y, class numbers from 0, null or _ for none
  --loss half_squared_error|squared_error|mean_squared_error|
         mean_absolute_error|cross_entropy|binary_cross_entropy
  --reduction sum|mean|batch_mean
  --dy       the gradient that arrives at y, in place of targets and loss
  --truncate K  a loss reaches the K latest steps
  --chunk K     blocks of K steps, state carried, no gradient between them
  --lr --clip_norm --clip_value                 the update
{PROBLEM_HELP}"""


@click.command("backward", cls=ProblemCommand, help=HELP)
@problem_argument
@click.option("--work", is_flag=True, help="The chain rule with its numbers.")
@click.option("--step", default="", metavar="STEPS", help="Only these steps: 3, 10-20, last.")
@click.option("--gradcheck", is_flag=True, help="Hold every gradient against complex step.")
@click.option("--flow", is_flag=True, help="Do gradients vanish, explode (100-fold in all, 10-fold a step) or flow?")
@engine_options
@drawing_options
def command(
    problem: str | None, work: bool, step: str, gradcheck: bool, flow: bool, engine: str, dtype: str, **look: Any
) -> int:
    from rnncalc.problems import reader as reading
    from rnncalc.report import backward as report
    from rnncalc.report.shared import ReportOptions

    def solve(keys: dict[str, RawValue]) -> tuple[Document, int]:
        stated = reading.read(keys, engine=engine, dtype=dtype)
        trace = stated.forward()
        gradients = stated.backward(trace)
        document = report.document(stated, trace, gradients, ReportOptions((), step, work, drawn(look)))
        if gradcheck:
            from rnncalc.report.verification import add_check

            add_check(document, stated, trace, gradients)
        if flow:
            from rnncalc.report.verification import add_flow

            add_flow(document, stated, trace)
        return document, overflowed(trace, document.data)

    document, code = solved(given(problem), solve)
    show(document, **look)
    return code
