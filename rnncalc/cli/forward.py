"""rnncalc forward"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rnncalc.cli.options import drawing_options, drawn, engine_options, show
from rnncalc.cli.problem_keys import GIVEN, PROBLEM_HELP, ProblemCommand, given, problem_argument, solved
from rnncalc.cli.translated_commands import complain
from rnncalc.common.i18n import _

if TYPE_CHECKING:
    from rnncalc.network.trace import Trace
    from rnncalc.problems.problem import Problem
    from rnncalc.report.document import Document

OVERFLOWED = 3

HELP = f"""The forward pass: a_t, h_t, y_t, step by step.

\b
rnncalc forward --U "0.1 0.2; 0.3 0.4" --W "0.2 0.2; 0.3 0.3" \\
                --b "0.5 0.6" --x "2 3" --V "0.7 0.8" --c 0.9
rnncalc forward problem.json --work --step 2
rnncalc forward problem.json --format json -o answer.json
rnncalc forward --model model.safetensors --data new.csv --show h,y
{PROBLEM_HELP}"""


@click.command("forward", cls=ProblemCommand, help=HELP)
@problem_argument
@click.option("--model", metavar="FILE", help="A trained model; its inputs are --x, or a sequence of --data.")
@click.option("--data", metavar="FILE", help="Data that is read as the model's training data was.")
@click.option("--sequence", type=click.IntRange(1), default=1, show_default=True, help="Which one of the data.")
@click.option("--work", is_flag=True, help="The arithmetic of every number.")
@click.option("--step", default="", metavar="STEPS", help="Only these steps: 3, 10-20, last.")
@click.option("--show", "signals", default="", metavar="NAMES", help="Only these signals: h,y; or all.")
@engine_options
@drawing_options
def command(
    problem: str | None, model: str | None, data: str | None, sequence: int, work: bool, step: str, signals: str,
    engine: str, dtype: str, **look: Any,
) -> int:  # fmt: skip
    from rnncalc.problems import reader as reading
    from rnncalc.report import forward as report
    from rnncalc.report.shared import ReportOptions

    if model is None and data is not None:
        raise click.UsageError(_("--data goes with --model"))
    choice = ReportOptions([name.strip() for name in signals.split(",") if name.strip()], step, work, drawn(look))

    def solve(stated: Problem) -> tuple[Document, int]:
        trace = stated.forward()
        document = report.document(stated, trace, choice)
        return document, overflowed(trace, document.data)

    if model is None:
        document, code = solved(given(problem), lambda keys: solve(reading.read(keys, engine=engine, dtype=dtype)))
    else:
        document, code = solve(_of_model(model, data, sequence, problem, engine, dtype))
    show(document, **look)
    return code


def overflowed(trace: Trace | None, *data: Any) -> int:
    """The exit code: 3, with what is said of it, where a number that was computed or printed is not finite."""
    from rnncalc.report.shared import not_finite

    said = not_finite(trace, *data)
    if said:
        complain(said)
    return OVERFLOWED if said else 0


def _of_model(model: str, data: str | None, sequence: int, problem: str | None, engine: str, dtype: str) -> Problem:
    """A trained network asked as a problem, in its own precision unless another one is given."""
    from rnncalc.network.weights import weight_formats
    from rnncalc.pipeline import model_as_problem as asking
    from rnncalc.problems import reader as reading
    from rnncalc.problems.parse import given as reader

    if problem is not None:
        raise click.UsageError(_("give a problem or --model, not both"))
    context, read = click.get_current_context(), weight_formats.read(model)
    keys, notes = asking.keys(read), list[str]()
    typed = context.meta.get(GIVEN, {})
    if data is not None:
        keys["x"], notes = asking.sequence(read, data, sequence)
    elif "x" not in typed:
        raise click.UsageError(_("--model needs inputs: --data FILE, or --x as the network takes it"))
    if context.get_parameter_source("dtype") == click.core.ParameterSource.DEFAULT:
        dtype = read.network.dtype.name
    stated = reading.read({**keys, **reader.of_options(typed)}, engine=engine, dtype=dtype)
    stated.notes += [*read.notes, *notes]
    return stated
