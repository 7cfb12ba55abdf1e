"""What the reports share: what is chosen, the network's levels with their letters and equations, tables, arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnncalc.cells import Cell
from rnncalc.document import Block, Column, Formula, Formulas, Heading, Paragraph, Table
from rnncalc.equations import INPUT, Call, Expression, Name
from rnncalc.errors import ProblemError
from rnncalc.language import _
from rnncalc.layer import Pass
from rnncalc.parse.given import Given
from rnncalc.problems import Problem
from rnncalc.trace import Signals, Trace
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


@dataclass(frozen=True)
class Level:
    """One thing with equations of its own: one direction of a layer, or the read-out.

    key: the prefix of its names for programs; title: for people; both empty where there is but one layer.
    """

    one: Pass
    letters: Letters
    given: Mapping[str, Given]
    key: str = ""
    title: str = ""
    layer: int = 0
    way: str = "forward"
    read_out: bool = False

    @property
    def reverse(self) -> bool:
        """Whether the steps are visited from the last to the first."""
        return self.way == "backward"

    @property
    def lines(self) -> dict[str, Expression]:
        """The lines as they were written, with s and y in one where y is s."""
        return merged(self.one.cell, self.one.cell.written)

    def place(self, step: int | None = None, unit: int | None = None) -> Place:
        """Where a line of this level is read."""
        return Place(step, unit, frozenset(self.one.cell.lines), self.reverse)

    def signals(self, trace: Trace) -> Signals:
        """This level's signals in the trace."""
        return trace if self.read_out else trace.layers[self.layer].passes[self.way]

    def input(self, problem: Problem, trace: Trace) -> np.ndarray:
        """What it takes in, of the axes of the trace."""
        if self.read_out:
            below = trace.layers[-1]
        elif self.layer:
            below = trace.layers[self.layer - 1]
        else:
            return problem.x
        return below[below.emits]

    def is_given(self, symbol: str) -> bool:
        """Whether a parameter has a place in the arithmetic: a bias that nobody gave has none."""
        parameter = self.one.cell.parameters[symbol]
        array = self.one.arrays[parameter.stack]
        return parameter.columns is not None or parameter.stack in self.given or bool(array.any())

    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters that were given, by symbol."""
        return {symbol: array for symbol, array in self.one.parameters.items() if self.is_given(symbol)}


def levels(problem: Problem) -> list[Level]:
    """The levels of a problem's network, from the input up."""
    network, found = problem.network, list[Level]()
    several = stacked(problem)
    for number, (layer, ways) in enumerate(zip(network.layers, problem.layers)):
        for way, one in layer.passes.items():
            given = ways[way]
            letters = given.letters
            if number:
                letters = replace(letters, input=f"{letters.signal(network.layers[number - 1].cell.emits)}^({number})")
            key, title = "", ""
            if several:
                key = f"layers[{number + 1}]." + (f"{way}." if len(layer.passes) > 1 else "")
                words = {"forward": _("forward"), "backward": _("backward")}
                title = _("layer {n}").format(n=number + 1)
                title += f", {words[way]}" if len(layer.passes) > 1 or way == "backward" else ""
            found.append(Level(one, letters, given.given, key, title, number, way))
    if network.read_out:
        emitted = problem.letters.signal(network.layers[-1].cell.emits)
        emitted += f"^({len(network.layers)})" if several else ""
        letters = replace(problem.letters, input=emitted)
        title = _("read-out") if several else ""
        found.append(Level(network.read_out, letters, problem.given, "", title, read_out=True))
    return found


def stacked(problem: Problem) -> bool:
    """Whether there are several layers or directions, each to be named."""
    return len(problem.network.passes) > 1


def merged(cell: Cell, lines: Mapping[str, Expression]) -> dict[str, Expression]:
    """The lines, with s and y in one where y is s."""
    if cell.lines.get("y") != Call("identity", Name("s")):
        return dict(lines)
    return {("y" if line == "s" else line): expression for line, expression in lines.items() if line != "y"}


def not_finite(name: str, step: int, index: tuple[int, ...]) -> str:
    """What to say where a computed number is no number: the signal, the unit, the step."""
    place = "".join(f"[{i}]" for i in index)
    message = _("{name}{place} at step {step}: the computation overflowed or is not a number from here on")
    return message.format(name=name, place=place, step=step)


# ------------------------------------------------------------------------------------------------------------- the head


def head(problem: Problem) -> Iterator[Block]:
    """The title, the sizes, the equations, the shapes."""
    if problem.title:
        yield Heading(problem.title, 1)
    found, sizes = levels(problem), problem.shapes
    several = stacked(problem)
    words = [_("N = {n} sequences").format(n=sizes["N"])] if problem.batch else []
    words.append(_("T = {n} step").format(n=1) if sizes["T"] == 1 else _("T = {n} steps").format(n=sizes["T"]))
    words.append(_("D = {n} input").format(n=1) if sizes["D"] == 1 else _("D = {n} inputs").format(n=sizes["D"]))
    if not several:
        words.append(_units(sizes["H"]))
    if problem.network.read_out or problem.network.layers[-1].cell.owns_read_out:
        words.append(_("O = {n} output").format(n=1) if sizes["O"] == 1 else _("O = {n} outputs").format(n=sizes["O"]))
    named = _("{n} layers").format(n=len(problem.network.layers)) if several else _name(found[0].one.cell)
    yield Paragraph(f"{named}: {', '.join(words)}")
    if not several:
        yield Formulas(tuple(formula for level in found for formula in equations(level)))
        yield Paragraph("  ".join([*(text for level in found for text in shapes(level)), *starts(found[0])]))
        return
    for level in found:
        about = "" if level.read_out else f": {_name(level.one.cell)}, {_units(level.one.sizes['H'])}"
        yield Heading(level.title + about, 3)
        yield Formulas(tuple(equations(level)))
        yield Paragraph("  ".join([*shapes(level), *starts(level)]))
        layer = problem.network.layers[level.layer]
        if level.reverse and len(layer.passes) > 1:
            how = {"concat": _("side by side"), "sum": _("added"), "ave": _("averaged"), "mul": _("multiplied")}
            name = f"{level.letters.signal(level.one.cell.emits)}^({level.layer + 1})"
            message = _("{name} is the two directions' {signal}, {how}")
            signal = level.letters.signal(level.one.cell.emits)
            yield Paragraph(message.format(name=name, signal=signal, how=how[layer.merge]))


def _name(cell: Cell) -> str:
    return cell.name + "".join(f", {option} {value}" for option, value in cell.switched.items() if option != "output")


def _units(units: int) -> str:
    return _("H = {n} unit").format(n=1) if units == 1 else _("H = {n} units").format(n=units)


def equations(level: Level) -> Iterator[Formula]:
    """The level's lines at any step."""
    for line, expression in level.lines.items():
        yield Formula(line, (expression,), level.letters, level.place())


def shapes(level: Level) -> Iterator[str]:
    """Every array with its shape, as the reader has it."""
    letters = level.letters
    for name, array in level.one.arrays.items():
        shape = array.shape[::-1] if letters.rows and array.ndim == 2 else array.shape
        given = array.any() or name in level.given
        yield f"{letters.parameter(name)} {shape}" if given else f"{letters.parameter(name)} = 0"


def starts(level: Level) -> Iterator[str]:
    """Where the states start, and the order of the gates."""
    cell, letters = level.one.cell, level.letters
    for state in cell.state:
        start, name = level.one.starts.get(state), f"{letters.signal(state)}_0"
        if start is None or not start.any():
            yield f"{name} = 0"
        elif start.ndim == 1 and start.size <= 6:
            yield f"{name} = ({', '.join(f'{value:g}' for value in start)})"
        else:
            yield f"{name} {start.shape}"
    if cell.gates:
        yield _("gates {order}").format(order=" ".join(cell.gates))


# ----------------------------------------------------------------------------------------------------- tables and lists


def columns(name: str, label: str, units: int, key: str = "") -> list[Column]:
    """One column for each unit of a signal."""
    return [Column(f"{key}{name}[{unit}]", f"{label}[{unit}]" if units > 1 else label) for unit in range(1, units + 1)]


def label(letters: Letters, name: str) -> str:
    """What a signal's column is called: h, or tanh(c) where that says more."""
    call = letters.labels.get(name)
    if call is not None and name not in letters.signals:
        return f"{call.function}({letters.signal(name.partition('_')[2])})"
    return letters.signal(name)


def of_sequence(array: np.ndarray, sequence: int | None) -> np.ndarray:
    """One sequence of a batch, or all there is."""
    return array if sequence is None else array[sequence]


def sequences(problem: Problem) -> Sequence[int | None]:
    """The sequences of a batch, or the only one."""
    return range(problem.x.shape[0]) if problem.batch else [None]


def table(
    found: Sequence[tuple[str, str, np.ndarray]], present: np.ndarray, steps: Sequence[int], key: Mapping[str, int]
) -> Table:
    """Steps down, signals across: (name for programs, label, (T, units)) each; steps that are not there are empty."""
    wide = [column for name, text, array in found for column in columns(name, text, array.shape[-1])]
    values = np.concatenate([array for _name, _text, array in found], axis=-1)
    empty = (None,) * len(wide)
    rows = tuple(tuple(map(float, values[t - 1])) if present[t - 1] else empty for t in steps)
    return Table(tuple(wide), tuple(steps), rows, key)


def stepwise(trace: Trace, array: np.ndarray) -> list[Any]:
    """An array as nested lists, None in place of the rows of steps that a sequence does not have."""
    nested: list[Any] = array.tolist()
    for sequence, t in np.argwhere(~trace.view.schedule.present):
        (nested[sequence] if trace.view.batch else nested)[t] = None
    return nested


class Visits:
    """One sequence's steps in the order in which a level visits them, for its arithmetic.

    A call gives the units of a signal at the step, or at the one visited before it, the start in the first place.
    """

    def __init__(self, problem: Problem, trace: Trace, level: Level, sequence: int | None):
        self.level, self.signals, self.sequence = level, level.signals(trace), sequence
        self.input = of_sequence(level.input(problem, trace), sequence)
        present = np.flatnonzero(trace.view.schedule.present[sequence or 0])
        self.order = [int(t) for t in (present[::-1] if level.reverse else present)]

    def at(self, step: int, name: str, earlier: bool) -> np.ndarray:
        """The units of a signal at a step (from 0), or before it."""
        if name == INPUT:
            return self.input[step]
        visit = self.order.index(step)
        if earlier and visit == 0:
            return of_sequence(self.signals.initial[name], self.sequence)
        return of_sequence(self.signals[name], self.sequence)[self.order[visit - 1] if earlier else step]
