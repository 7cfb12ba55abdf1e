"""rnncalc forward"""

from __future__ import annotations

from typing import Any

import click

from rnncalc.cli.options import (
    PROBLEM_HELP,
    ProblemCommand,
    engine_options,
    given,
    problem_argument,
    result_options,
    show,
)
from rnncalc.cli.spoken import complain

OVERFLOWED = 3

HELP = f"""The forward pass: a_t, h_t, y_t, step by step.

\b
rnncalc forward --U "0.1 0.2; 0.3 0.4" --W "0.2 0.2; 0.3 0.3" \\
                --b "0.5 0.6" --x "2 3" --V "0.7 0.8" --c 0.9
rnncalc forward problem.json --work --step 2
rnncalc forward problem.json --format json -o answer.json
{PROBLEM_HELP}"""


@click.command("forward", cls=ProblemCommand, help=HELP)
@problem_argument
@click.option("--work", is_flag=True, help="The arithmetic of every number.")
@click.option("--step", default="", metavar="STEPS", help="Only these steps: 3, 10-20, last.")
@click.option("--show", "signals", default="", metavar="NAMES", help="Only these signals: h,y; or all.")
@engine_options
@result_options
def command(problem: str | None, work: bool, step: str, signals: str, engine: str, dtype: str, **look: Any) -> int:
    from rnncalc import reading
    from rnncalc.report import forward as report
    from rnncalc.report.shared import Choice, not_finite

    asked = reading.read(given(problem), engine=engine, dtype=dtype)
    trace = asked.forward()
    choice = Choice([name.strip() for name in signals.split(",") if name.strip()], step, work)
    show(report.document(asked, trace, choice), **look)
    broken = trace.first_not_finite()
    if broken is None:
        return 0
    complain(not_finite(*broken))
    return OVERFLOWED
