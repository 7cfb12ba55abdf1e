"""The forward pass as a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem
from rnncalc.report.document import Block, Document, Heading, Table, Unrolled
from rnncalc.report.header import head
from rnncalc.report.letters_of_data import letters
from rnncalc.report.shared import (
    Level,
    ReportOptions,
    Visits,
    groups,
    label,
    levels,
    merged,
    of_sequence,
    row_key,
    sequences,
    stacked,
    stepwise,
    table,
)

OUTPUTS = ("s", "y")


def document(problem: Problem, trace: Trace, choice: ReportOptions = ReportOptions()) -> Document:
    """The forward pass: the network, its equations, a table of every step, and on request every number's arithmetic."""
    steps = choice.numbers(problem.shapes["T"])
    shown = [(level, _signals(level, choice)) for level in levels(problem)]
    known = dict.fromkeys(name for level, _names in shown for name in level.signals(trace))
    _check(problem, choice, [*known, *(name for name in OUTPUTS if name not in known)])
    together_made = not any(level.top for level, _names in shown)  # by both directions of the last layer
    blocks: list[Block] = [*head(problem)]
    sheet: list[Table] = []
    for sequence in sequences(problem):
        if sequence is not None:
            blocks.append(Heading(_("sequence {n}").format(n=sequence + 1), 3))
        present = trace.view.schedule.present[sequence or 0]
        pictures: list[Unrolled] = []
        if choice.picture:
            from rnncalc.report import unrolled  # here: tables alone do not need it

            pictures = unrolled.pictures(choice, problem, trace, steps, sequence)
        blocks += pictures
        together = []
        for level, names in shown:
            signals = []
            for name in names:
                array = of_sequence(level.signals(trace)[name], sequence)
                signals.append((f"{level.key}{name}", label(level.letters, name), array))
            together += signals
            if stacked(problem) and signals:
                blocks.append(Heading(level.title, 4))
                blocks.append(table(signals, present, steps, row_key(sequence)))
        if together_made and (signals := _output(problem, trace, choice, sequence)):
            together += signals
            blocks += [Heading(_("output"), 4), table(signals, present, steps, row_key(sequence))]
        sheet.append(table(together, present, steps, row_key(sequence)))
        if not stacked(problem):
            blocks.append(sheet[-1])
        blocks += work(problem, trace, choice.worked(steps, pictures), sequence)
    return Document(blocks, data(problem, trace, choice), list(problem.notes), sheet)


def data(problem: Problem, trace: Trace, choice: ReportOptions = ReportOptions()) -> dict[str, Any]:
    """What `--format json` prints: one row a step, unrounded."""
    chosen = set(choice.show) if choice.show and "all" not in choice.show else None

    def signals(part: Any) -> dict[str, Any]:
        return {name: stepwise(trace, part[name]) for name in part if chosen is None or name in chosen}

    answer: dict[str, Any] = {
        "cell": problem.network.layers[-1].cell.name,
        "shapes": problem.shapes,
        "initial": {f"{state}0": array.tolist() for state, array in trace.layers[-1].initial.items()},
        "trace": signals(trace),
        "final": {state: array.tolist() for state, array in trace.layers[-1].final.items()},
    }
    if stacked(problem):
        answer["layers"] = []
        for layer in trace.layers:
            whole = {layer.emits: stepwise(trace, layer[layer.emits])}
            answer["layers"].append({**whole, **{direction: signals(part) for direction, part in layer.passes.items()}})
    return {**answer, **letters(problem, parameters=False), "notes": list(problem.notes)}


def _signals(level: Level, choice: ReportOptions) -> list[str]:
    """The signals of a level's table: those asked for, else its own lines."""
    lines = list(level.layer.cell.lines)
    if "all" in choice.show:
        return lines
    theirs = {theirs: ours for ours, theirs in level.letters.signals.items()}
    wanted = [theirs.get(name, name) for name in choice.show]
    known = {*lines, *OUTPUTS} if level.top else lines
    return [name for name in wanted if name in known] if wanted else list(level.lines)


def _output(
    problem: Problem, trace: Trace, choice: ReportOptions, sequence: int | None
) -> list[tuple[str, str, np.ndarray]]:
    """The output of a network whose last layer runs both ways and has no read-out: the two directions merged."""
    names = ["y"] if not choice.show or "all" in choice.show else [name for name in OUTPUTS if name in choice.show]
    return [(name, problem.letters.signal(name), of_sequence(trace[name], sequence)) for name in names]


def _check(problem: Problem, choice: ReportOptions, known: list[str]) -> None:
    theirs = problem.letters.signals.values()
    for name in choice.show:
        if name not in known and name not in theirs and name != "all":
            message = _("--show {name}: there are {known} (or all)")
            raise ProblemError(message, name=name, known=", ".join(known))


def work(problem: Problem, trace: Trace, steps: Sequence[int], sequence: int | None) -> Iterator[Block]:
    """Every chosen step's arithmetic: of one layer step by step, of several layer by layer."""
    if not steps:
        return
    from rnncalc.report.arithmetic import step_work  # here, so that a table alone does not load it

    for group in groups(problem, levels(problem)):
        yield from group[0].heading(3)
        visits = [Visits(problem, trace, level, sequence) for level in group]
        for step in sorted(steps, reverse=group[0].reverse):
            if step - 1 not in visits[0].order:
                continue
            yield Heading(_("step {t}").format(t=step), 4, step)
            for level, visited in zip(group, visits):
                lines, values = merged(level.layer.cell, level.layer.cell.lines), partial(visited.at, step - 1)
                yield from step_work(lines, level.parameters(), values, level.letters, level.place(step), level.key)
