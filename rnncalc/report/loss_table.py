"""What the loss is and what every step adds to it; how far back it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rnncalc.common.i18n import _
from rnncalc.model.losses import LOSSES
from rnncalc.network.gradients import Gradients
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem
from rnncalc.report.backward_levels import TARGET
from rnncalc.report.document import Block, Heading, Matrices, Matrix, Paragraph, Table
from rnncalc.report.header import output
from rnncalc.report.shared import of_sequence, row_key, sequences, table


def loss(problem: Problem, trace: Trace, gradients: Gradients, steps: Sequence[int]) -> Iterator[Block]:
    """What the loss is, and what every step adds to it."""
    yield Heading(_("loss"), 2)
    task = problem.task
    if task.dy is not None or task.loss is None or gradients.losses is None:
        yield Paragraph(_("dy, the gradient that arrives at y, is given in place of a loss"))
        return
    reductions = {
        "mean": _("mean over the steps that have a target"),
        "batch_mean": _("divided by the number of sequences"),
    }
    how = reductions.get(task.reduction or "", "" if LOSSES[task.loss].mean else _("summed over the steps"))
    yield Paragraph(", ".join(part for part in (f"{task.loss}: L = {LOSSES[task.loss].text}", how) if part))
    yield from output(problem)
    rows = problem.objective(trace).rows
    targets, y = trace.view.steps(rows), trace.output
    for sequence in sequences(problem):
        name = problem.letters.signal("y")
        signals = [("y", name, of_sequence(y, sequence)), (TARGET, _("target"), of_sequence(targets, sequence))]
        signals.append(("loss", _("loss"), of_sequence(gradients.losses, sequence)[:, None]))
        yield _without_nan(table(signals, trace.view.schedule.present[sequence or 0], steps, row_key(sequence)))
    yield Matrices((Matrix("L", ((float(gradients.loss or 0.0),),)),))


def _without_nan(shown: Table) -> Table:
    """A step without a target has none, not one that is no number."""
    width = sum(column.key.startswith(TARGET) for column in shown.columns)
    first = next(k for k, column in enumerate(shown.columns) if column.key.startswith(TARGET))

    def cleaned(row: tuple[float | None, ...]) -> tuple[float | None, ...]:
        here = [None if v is not None and v != v else v for v in row[first : first + width]]
        return (*row[:first], *here, *row[first + width :])

    return replace(shown, rows=tuple(map(cleaned, shown.rows)))


def how_far(problem: Problem) -> Iterator[Block]:
    """What truncation and chunks mean, where they are asked for."""
    task = problem.task
    if task.truncate is not None and task.truncate < problem.shapes["T"]:
        message = _(
            "truncated: the loss of a step reaches the {n} latest steps, its own included; what arrives at a step is "
            "the sum over all losses that reach it, so it is no longer the next step's handed down"
        )
        yield Paragraph(message.format(n=task.truncate))
    if task.chunk is not None and task.chunk < problem.shapes["T"]:
        message = _(
            "in chunks of {n} steps: the state is carried on from one to the next, but no gradient comes back from "
            "the first step of a chunk to the last step of the chunk before"
        )
        yield Paragraph(message.format(n=task.chunk))
