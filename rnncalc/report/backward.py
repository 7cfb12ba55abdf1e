"""Backpropagation through time as a document: the loss, the chain rule, every δ from the last step to the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import Binary, Expression, Name, Number, total
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.printer import Place
from rnncalc.model.equations.style import SUM, TOTAL, TRANSPOSED
from rnncalc.model.losses import LOSSES
from rnncalc.network.gradients import Gradients
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem
from rnncalc.report import gradient_tables as sums
from rnncalc.report import unrolled
from rnncalc.report.arithmetic import step_work
from rnncalc.report.backward_data import data
from rnncalc.report.backward_levels import GIVEN, SUMMED, TARGET, BackwardLevel, descents
from rnncalc.report.document import Block, Document, Formulas, Heading, Matrices, Matrix, Paragraph, Table
from rnncalc.report.gradient_tables import MOST_SHARES, Named, product_lines, products
from rnncalc.report.header import head, output
from rnncalc.report.shared import Level, ReportOptions, groups, of_sequence, row_key, sequences, table


def document(problem: Problem, trace: Trace, gradients: Gradients, choice: ReportOptions = ReportOptions()) -> Document:
    """The way back: loss, equations, the table of every step, each step's share, the gradients, the update."""
    steps = choice.numbers(problem.shapes["T"])[::-1]
    update = problem.update(trace, gradients)
    drawn = {
        sequence: unrolled.pictures(choice, problem, trace, steps, sequence, gradients=gradients)
        for sequence in sequences(problem)
    }
    blocks: list[Block] = [*head(problem), *drawn.get(None, [])]
    blocks += [*_loss(problem, trace, gradients, steps[::-1]), *_how_far(problem)]
    sheet: list[Table] = []
    for sequence, pictures in drawn.items():
        backward_levels = list(descents(problem, trace, gradients, sequence))
        if sequence in (None, 0):
            blocks += _equations(problem, backward_levels)
        if sequence is not None:
            blocks.append(Heading(_("sequence {n}").format(n=sequence + 1), 3))
        blocks += pictures if sequence is not None else []
        tables, together = _tables(problem, trace, backward_levels, steps, sequence)
        blocks += tables
        sheet.append(table(together, trace.view.schedule.present[sequence or 0], steps, row_key(sequence)))
        blocks += _work(problem, backward_levels, choice.worked(steps, pictures))
        blocks += sums.shares(problem, backward_levels, steps)
    blocks += sums.gradients(problem, gradients)
    blocks += sums.update(problem, update)
    return Document(blocks, data(problem, trace, gradients, update), problem.backward_notes, sheet)


def _loss(problem: Problem, trace: Trace, gradients: Gradients, steps: Sequence[int]) -> Iterator[Block]:
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


def _how_far(problem: Problem) -> Iterator[Block]:
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


def _truncated(problem: Problem) -> bool:
    return problem.task.truncate is not None and problem.task.truncate < problem.shapes["T"]


# ------------------------------------------------------------------------------------------------------- the chain rule


def _place(level: Level, step: int | None = None, unit: int | tuple[int, int] | None = None) -> Place:
    return Place(step, unit, frozenset([*level.layer.cell.lines, "s", "y", TARGET, GIVEN, SUMMED]), level.reverse)


def chain_rule(problem: Problem) -> list[Block]:
    """The equations of the way back alone."""
    trace = problem.forward()
    return list(_equations(problem, list(descents(problem, trace, problem.backward(trace), None))))


def _equations(problem: Problem, backward_levels: list[BackwardLevel]) -> Iterator[Block]:
    """The equations of the way back, level by level."""
    if _truncated(problem):
        return
    yield Heading(_("the chain rule, from the last step to the first"), 2)
    for group in groups(problem, backward_levels):
        yield from group[0].level.heading(4)
        lines = []
        for descent in group:
            letters, place = descent.level.letters, _place(descent.level)
            if f"{TOTAL}y" in descent.given:  # what two directions share
                lines.append(Formula(f"{TOTAL}y", (descent.slope,), letters, place))
            for signal, reached in descent.reached.items():
                lines.append(Formula(TOTAL + signal, (descent.shown(reached),), letters, place))
        for descent in group:
            lines += _sums(descent)
        yield Formulas(tuple(lines))


def _sums(descent: BackwardLevel) -> Iterator[Formula]:
    """The gradients as sums over the steps: dW = Σ_t da_t h_{t-1}ᵀ, dθ = −Σ_t da_t; those of one parameter together."""
    of = dict[str, list[tuple[int, Expression]]]()
    for line, product in products(descent):
        factors = Binary("@", Name(TOTAL + line.signal), Name(product.source + TRANSPOSED))
        of.setdefault(product.weight, []).append((product.sign, Binary("@", Name(SUM), factors)))
    for line in product_lines(descent):
        for sign, bias in line.biases:
            if descent.level.is_given(bias):
                term = Binary("@", Name(SUM), Name(TOTAL + line.signal))
                of.setdefault(bias, []).append((sign, term))
    for parameter, terms in of.items():
        yield Formula(TOTAL + parameter, (total(terms),), descent.level.letters, _place(descent.level))


# ----------------------------------------------------------------------------------------------------------- the tables


def _tables(
    problem: Problem, trace: Trace, backward_levels: list[BackwardLevel], steps: Sequence[int], sequence: int | None
) -> tuple[list[Block], list[Named]]:
    """The table of every δ, from the last step to the first."""
    blocks: list[Block] = []
    together: list[Named] = []
    present = trace.view.schedule.present[sequence or 0]
    for group in groups(problem, backward_levels):
        here = [column for descent in group for column in _columns(problem, descent)]
        if not here:
            continue
        blocks += group[0].level.heading(4)
        order = steps[::-1] if group[0].level.reverse else steps
        blocks.append(table(here, present, order, row_key(sequence)))
        together += here
    return blocks, together


def _columns(problem: Problem, descent: BackwardLevel) -> Iterator[Named]:
    """Of each signal what reaches it; where it comes from two sides, both first."""
    level = descent.level
    for signal, reached in descent.reached.items():
        name, text = f"d{signal}" if signal != "c" else "dmemory", level.letters.gradient(signal)
        if reached.here and reached.later and not _truncated(problem):
            now = _("output") if signal == level.layer.cell.emits else _("now")
            for part, word, terms in (("now", now, reached.here), ("future", _("future"), reached.later)):
                yield f"{level.key}{name}.{part}", f"{text} {word}", descent.spread(descent.evaluate(terms))
        yield f"{level.key}{name}", text, descent.spread(descent[TOTAL + signal])


def _work(problem: Problem, backward_levels: list[BackwardLevel], steps: Sequence[int]) -> Iterator[Block]:
    """The chain rule with its numbers."""
    if _truncated(problem) or not steps:
        return
    for group in groups(problem, backward_levels):
        yield from group[0].level.heading(3)
        order = steps[::-1] if group[0].level.reverse else steps
        for step in order:
            if step - 1 not in group[0].order:
                continue
            yield Heading(_("step {t}").format(t=step), 4, step)
            for descent in group:
                yield from _step_work(descent, step)


def _step_work(descent: BackwardLevel, step: int) -> Iterator[Formulas]:
    visit, level = descent.order.index(step - 1), descent.level
    last = visit == len(descent.order) - 1
    cut = descent.problem.task.chunk is not None and (visit + 1) % descent.problem.task.chunk == 0
    lines = {}
    for signal, reached in descent.reached.items():
        alone = replace(reached, later=()) if (last or cut) and reached.here else reached
        if not (last or cut) or reached.here:
            lines[TOTAL + signal] = descent.shown(alone)
    weights = {f"{name}{TRANSPOSED}": array.T for name, array in level.layer.parameters.items()}
    weights |= {name: array for name, array in descent.given.items() if name.endswith(TRANSPOSED)}

    def values(name: str, earlier: bool) -> np.ndarray:
        rows: np.ndarray = descent[f"{name}_p" if earlier else name][visit]
        return rows

    yield from step_work(
        lines, {**level.parameters(), **weights}, values, level.letters, _place(level, step), level.key
    )
    for line, product in products(descent):
        da, source = descent[TOTAL + line.signal][visit], descent[product.source][visit]
        if len(da) * len(source) > MOST_SHARES:
            continue
        above = Binary("@", Name(TOTAL + line.signal), Name(product.source + TRANSPOSED))
        entries = []
        for row, slope in enumerate(da):
            for column, value in enumerate(source):
                factors = Binary("*", Number(float(slope)), Number(float(value)))
                result = Number(product.sign * float(slope * value))
                place = _place(level, step, _unit(level, row, column))
                entries.append(Formula(TOTAL + product.weight, (factors, result), level.letters, place))
        top = Formula(TOTAL + product.weight, (above,), level.letters, _place(level, step))
        yield Formulas(tuple(entries), top)


def _unit(level: Level, row: int, column: int) -> tuple[int, int]:
    return (column + 1, row + 1) if level.letters.rows else (row + 1, column + 1)
