"""From results to a document: which equations, which tables, whose arithmetic. It knows no format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rnncalc.cells import Cell
from rnncalc.document import Block, Column, Document, Formula, Formulas, Heading, Paragraph, Table
from rnncalc.equations import INPUT, Call, Expression, Name
from rnncalc.errors import ProblemError
from rnncalc.language import _
from rnncalc.layer import Pass
from rnncalc.problems import Problem
from rnncalc.trace import Trace
from rnncalc.work import step_work
from rnncalc.writing import Letters, Place


@dataclass(frozen=True)
class Choice:
    """What of a result is shown: signals (none: the cell's own lines), steps (`3`, `10-20`, `last`), arithmetic."""

    show: Sequence[str] = ()
    steps: str = ""
    work: bool = False

    def numbers(self, count: int) -> list[int]:
        """The chosen steps, counted from 1. Raises ProblemError."""
        if not self.steps:
            return list(range(1, count + 1))
        chosen: list[int] = []
        for part in self.steps.replace(" ", "").split(","):
            found = re.fullmatch(r"(\d{1,9}|last)(?:-(\d{1,9}|last))?", part)
            ends = [count if end == "last" else int(end) for end in found.groups() if end] if found else []
            if not ends or not 1 <= ends[0] <= ends[-1] <= count:
                message = _("--step {steps}: steps are 3, 10-20 or last, from 1 to {count}")
                raise ProblemError(message, steps=self.steps, count=count)
            chosen += range(ends[0], ends[-1] + 1)
        return chosen


def forward(problem: Problem, trace: Trace, choice: Choice = Choice()) -> Document:
    """The forward pass: the network, its equations, a table of every step, and on request every number's arithmetic."""
    shown = _signals(problem, trace, choice)
    steps = choice.numbers(problem.shapes["T"])
    blocks: list[Block] = [*_head(problem)]
    sequences = range(problem.x.shape[0]) if problem.batch else [None]
    for sequence in sequences:
        if sequence is not None:
            blocks.append(Heading(_("sequence {n}").format(n=sequence + 1), 3))
        blocks.append(_table(problem, trace, shown, steps, sequence))
        if choice.work:
            blocks += _work(problem, trace, steps, sequence)
    return Document(blocks, forward_data(problem, trace, choice), list(problem.notes))


def not_finite(name: str, step: int, index: tuple[int, ...]) -> str:
    """What to say where a computed number is no number: the signal, the unit, the step."""
    place = "".join(f"[{i}]" for i in index)
    message = _("{name}{place} at step {step}: the computation overflowed or is not a number from here on")
    return message.format(name=name, place=place, step=step)


# --------------------------------------------------------------------------------------------------------- for programs


def forward_data(problem: Problem, trace: Trace, choice: Choice = Choice()) -> dict[str, Any]:
    """What `--format json` prints: one row a step, unrounded."""
    wanted = list(choice.show) if choice.show and "all" not in choice.show else list(trace)
    return {
        "cell": problem.network.layers[-1].cell.name,
        "shapes": problem.shapes,
        "initial": {f"{state}0": array.tolist() for state, array in trace.initial.items()},
        "trace": {name: stepwise(trace, trace[name]) for name in trace if name in wanted},
        "final": {state: array.tolist() for state, array in trace.final.items()},
        "notes": list(problem.notes),
    }


def stepwise(trace: Trace, array: np.ndarray) -> list[Any]:
    """An array as nested lists, None in place of the rows of steps that a sequence does not have."""
    nested = array.tolist()
    for sequence, t in np.argwhere(~trace.view.schedule.present):
        (nested[sequence] if trace.view.batch else nested)[t] = None
    return nested


# ---------------------------------------------------------------------------------------------------------- for people


def _head(problem: Problem) -> Iterator[Block]:
    """The title, the sizes, the equations, the shapes."""
    if problem.title:
        yield Heading(problem.title, 1)
    sizes = problem.shapes
    cell = problem.network.layers[-1].cell
    switched = "".join(f", {option} {value}" for option, value in cell.switched.items() if option != "output")
    words = [
        *([_("N = {n} sequences").format(n=sizes["N"])] if problem.batch else []),
        _("T = {n} step").format(n=1) if sizes["T"] == 1 else _("T = {n} steps").format(n=sizes["T"]),
        _("D = {n} input").format(n=1) if sizes["D"] == 1 else _("D = {n} inputs").format(n=sizes["D"]),
        _("H = {n} unit").format(n=1) if sizes["H"] == 1 else _("H = {n} units").format(n=sizes["H"]),
        *(
            [_("O = {n} output").format(n=1) if sizes["O"] == 1 else _("O = {n} outputs").format(n=sizes["O"])]
            if _has_output(problem)
            else []
        ),
    ]
    yield Paragraph(f"{cell.name}{switched}: {', '.join(words)}")
    yield Formulas(tuple(_equations(problem)))
    yield Paragraph("  ".join(_shapes(problem)))


def _has_output(problem: Problem) -> bool:
    return problem.network.read_out is not None or problem.network.layers[-1].cell.owns_read_out


def _equations(problem: Problem) -> Iterator[Formula]:
    for layer, letters in _layers(problem):
        lines = _merged(layer.cell, layer.cell.written)
        for line, expression in lines.items():
            yield Formula(line, (expression,), letters, Place(signals=frozenset(lines)))


def _merged(cell: Cell, lines: Mapping[str, Expression]) -> dict[str, Expression]:
    """The lines, with s and y in one where y is s."""
    if cell.lines.get("y") != Call("identity", Name("s")):
        return dict(lines)
    return {("y" if line == "s" else line): expression for line, expression in lines.items() if line != "y"}


def _layers(problem: Problem) -> Iterator[tuple[Pass, Letters]]:
    """The layer and the read-out, each with the letters of its input."""
    layer = problem.network.layers[-1].only
    yield layer, problem.letters
    if problem.network.read_out:
        emitted = problem.letters.signal(layer.cell.emits)
        yield problem.network.read_out, replace(problem.letters, input=emitted)


def _shapes(problem: Problem) -> Iterator[str]:
    for layer, letters in _layers(problem):
        for name, array in layer.arrays.items():
            shape = array.shape[::-1] if letters.rows and array.ndim == 2 else array.shape
            given = array.any() or name in problem.given
            yield f"{letters.parameter(name)} {shape}" if given else f"{letters.parameter(name)} = 0"
    last = problem.network.layers[-1].only
    cell = last.cell
    for state in cell.state:
        start, name = last.starts.get(state), f"{problem.letters.signal(state)}_0"
        if start is None or not start.any():
            yield f"{name} = 0"
        elif start.ndim == 1 and start.size <= 6:
            yield f"{name} = ({', '.join(f'{value:g}' for value in start)})"
        else:
            yield f"{name} {start.shape}"
    if cell.gates:
        yield _("gates {order}").format(order=" ".join(cell.gates))


def _signals(problem: Problem, trace: Trace, choice: Choice) -> list[str]:
    """The signals of the table: those asked for, else the cell's own lines and the output. Raises ProblemError."""
    if "all" in choice.show:
        return list(trace)
    theirs = {theirs: ours for ours, theirs in problem.letters.signals.items()}
    wanted = [theirs.get(name, name) for name in choice.show]
    for name in wanted:
        if name not in trace:
            message = _("--show {name}: there are {known} (or all)")
            raise ProblemError(message, name=name, known=", ".join(trace))
    if wanted:
        return wanted
    return [line for layer, _letters in _layers(problem) for line in _merged(layer.cell, layer.cell.written)]


def _table(problem: Problem, trace: Trace, shown: list[str], steps: list[int], sequence: int | None) -> Table:
    columns, arrays = [], []
    for name in shown:
        array = trace[name] if sequence is None else trace[name][sequence]
        arrays.append(array)
        label = _label(problem, name)
        units = range(1, array.shape[-1] + 1)
        columns += [Column(f"{name}[{unit}]", f"{label}[{unit}]" if len(units) > 1 else label) for unit in units]
    values = np.concatenate(arrays, axis=-1)
    there = trace.view.schedule.present[sequence or 0]
    rows = [tuple(map(float, values[t - 1])) if there[t - 1] else (None,) * len(columns) for t in steps]
    return Table(tuple(columns), tuple(steps), tuple(rows), {} if sequence is None else {"sequence": sequence + 1})


def _label(problem: Problem, name: str) -> str:
    call = problem.letters.labels.get(name)
    if call is not None and name not in problem.letters.signals:
        return f"{call.function}({problem.letters.signal(name.partition('_')[2])})"
    return problem.letters.signal(name)


def _work(problem: Problem, trace: Trace, steps: list[int], sequence: int | None) -> Iterator[Block]:
    """Every chosen step's arithmetic. Before a step comes the last one that the sequence has, or the start."""
    visited = [int(t) for t in np.flatnonzero(trace.view.schedule.present[sequence or 0])]
    for step in steps:
        if step - 1 not in visited:
            continue
        at = visited.index(step - 1)
        last = visited[at - 1] if at else None
        yield Heading(_("step {t}").format(t=step), 4)
        for layer, letters in _layers(problem):
            below = trace[problem.network.layers[-1].cell.emits] if layer is problem.network.read_out else problem.x
            values = partial(_values, trace, below, sequence, step - 1, last)
            given = {symbol: array for symbol, array in layer.parameters.items() if _is_given(problem, layer, symbol)}
            yield from step_work(_merged(layer.cell, layer.cell.lines), given, values, letters, step)


def _values(
    trace: Trace, below: np.ndarray, sequence: int | None, now: int, last: int | None, signal: str, earlier: bool
) -> np.ndarray:
    """The units of a signal at this step, or before it."""
    if earlier and last is None:
        return _at(trace.initial[signal], sequence)
    array = below if signal == INPUT else trace[signal]
    return _at(array, sequence)[last if earlier else now]


def _is_given(problem: Problem, layer: Pass, symbol: str) -> bool:
    """Whether a parameter has a place in the arithmetic: a bias that nobody gave has none."""
    parameter = layer.cell.parameters[symbol]
    return (
        parameter.columns is not None or parameter.stack in problem.given or bool(layer.arrays[parameter.stack].any())
    )


def _at(array: np.ndarray, sequence: int | None) -> np.ndarray:
    return array if sequence is None else array[sequence]
