"""What the reports share: what is chosen, the network's levels with their letters and equations, tables, arithmetic.

Longer than other files, because every report needs most of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.step_ranges import step_numbers
from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import INPUT, Call, Expression, Name
from rnncalc.model.equations.printer import Letters, Place
from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.trace import Signals, Trace
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.problem import Problem
from rnncalc.report.document import Column, Heading, Table, Unrolled

AnyLevel = TypeVar("AnyLevel")


@dataclass(frozen=True)
class ReportOptions:
    """What of a result is shown: signals (none: the cell's own lines), steps (`3`, `10-20`, `last`), arithmetic.

    picture: the unrolled network too, with the arithmetic of the steps that are drawn.
    """

    show: Sequence[str] = ()
    steps: str = ""
    work: bool = False
    picture: bool = False

    def numbers(self, count: int) -> list[int]:
        """The chosen steps, counted from 1. Raises ProblemError."""
        return step_numbers(self.steps, count)

    def worked(self, steps: Sequence[int], pictures: Sequence[Unrolled]) -> Sequence[int]:
        """The steps whose arithmetic is shown, in the order of `steps`: all that were chosen, or those drawn."""
        drawn = {step for picture in pictures for step in picture.steps}
        return steps if self.work else [step for step in steps if step in drawn]


@dataclass(frozen=True)
class Level:
    """One thing with equations of its own: one direction of a layer, or the read-out.

    key: the prefix of its names for programs; title: for people; both empty where there is but one layer. number:
    which layer it belongs to, from 0. top: whether the output is made here: by the read-out, or by the last layer's
    only direction where there is none.
    """

    layer: DirectionalLayer
    letters: Letters
    given: Mapping[str, RawValue]
    left_out: frozenset[str]  # biases that nobody gave
    key: str = ""
    title: str = ""
    number: int = 0
    direction: str = "forward"
    read_out: bool = False
    top: bool = False

    @property
    def reverse(self) -> bool:
        """Whether the steps are visited from the last to the first."""
        return self.direction == "backward"

    @property
    def lines(self) -> dict[str, Expression]:
        """The lines as they were written, with s and y in one where y is s."""
        return merged(self.layer.cell, self.layer.cell.written)

    def heading(self, rank: int) -> list[Heading]:
        """Its title above what is shown of it, where it has one."""
        return [Heading(self.title, rank)] if self.title else []

    def place(self, step: int | None = None, unit: int | None = None) -> Place:
        """Where a line of this level is read."""
        return Place(step, unit, frozenset(self.layer.cell.lines), self.reverse)

    def signals(self, trace: Trace) -> Signals:
        """This level's signals in the trace, s and y among them where it makes the output."""
        return trace if self.top else trace.layers[self.number].passes[self.direction]

    def input(self, problem: Problem, trace: Trace) -> np.ndarray:
        """What it takes in, of the axes of the trace."""
        if self.read_out:
            below = trace.layers[-1]
        elif self.number:
            below = trace.layers[self.number - 1]
        else:
            return problem.x
        return below[below.emits]

    def is_given(self, symbol: str) -> bool:
        """Whether a parameter has a place in the arithmetic: a bias that nobody gave has none."""
        return self.layer.cell.parameters[symbol].stack not in self.left_out

    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters that were given, by symbol."""
        return {symbol: array for symbol, array in self.layer.parameters.items() if self.is_given(symbol)}


def levels(problem: Problem) -> list[Level]:
    """The levels of a problem's network, from the input up."""
    network, levels = problem.network, list[Level]()
    several = stacked(problem)

    def left_out(*place: int | str) -> frozenset[str]:
        return frozenset(name for *where, name in problem.left_out if tuple(where) == place)

    for number, (layer, stated) in enumerate(zip(network.layers, problem.layers)):
        both = len(layer.passes) > 1
        for direction, directional in layer.passes.items():
            letters = stated[direction].letters
            if number:
                letters = replace(letters, input=f"{letters.signal(network.layers[number - 1].cell.emits)}^({number})")
            key, title = "", ""
            if several:
                key = f"layers[{number + 1}]." + (f"{direction}." if both else "")
                words = {"forward": _("forward"), "backward": _("backward")}
                title = _("layer {n}").format(n=number + 1)
                title += f", {words[direction]}" if both or direction == "backward" else ""
            top = network.read_out is None and layer is network.layers[-1] and not both
            omitted, given = left_out(number, direction), stated[direction].given
            levels.append(Level(directional, letters, given, omitted, key, title, number, direction, top=top))
    if network.read_out:
        emitted = problem.letters.signal(network.layers[-1].cell.emits)
        emitted += f"^({len(network.layers)})" if several else ""
        letters = replace(problem.letters, input=emitted)
        title = _("read-out") if several else ""
        omitted = left_out(-1, "forward")
        levels.append(Level(network.read_out, letters, problem.given, omitted, "", title, read_out=True, top=True))
    return levels


def stacked(problem: Problem) -> bool:
    """Whether there are several layers or directions, each to be named."""
    return len(problem.network.passes) > 1


def groups(problem: Problem, items: list[AnyLevel]) -> list[list[AnyLevel]]:
    """Of one layer everything together; of several, level by level."""
    return [[item] for item in items] if stacked(problem) else [items]


def merged(cell: Cell, lines: Mapping[str, Expression]) -> dict[str, Expression]:
    """The lines, with s and y in one where y is s."""
    if cell.lines.get("y") != Call("identity", Name("s")):
        return dict(lines)
    return {("y" if line == "s" else line): expression for line, expression in lines.items() if line != "y"}


def not_finite(trace: Trace | None, *data: Any) -> str:
    """What to say where a number of the computation, or of the data to be printed, is not finite; else nothing."""
    if trace is not None and (broken := trace.first_not_finite()):
        name, step, index = broken
        place = "".join(f"[{i}]" for i in index)
        message = _("{name}{place} at step {step}: the computation overflowed or is not a number from here on")
        return message.format(name=name, place=place, step=step)
    path = _path_of_not_finite(list(data))
    if path is None:
        return ""
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path[1:])
    return _("{name} overflowed or is not a number").format(name=name.removeprefix("."))


def _path_of_not_finite(value: Any) -> tuple[int | str, ...] | None:
    """Keys and indices from 1 of the first number that is not finite."""
    if isinstance(value, float):
        return None if math.isfinite(value) else ()
    parts = value.items() if isinstance(value, dict) else enumerate(value, 1) if isinstance(value, list) else ()
    for key, part in parts:
        path = _path_of_not_finite(part)
        if path is not None:
            return (key, *path)
    return None


# ----------------------------------------------------------------------------------------------------- tables and lists


def columns(name: str, label: str, units: int) -> list[Column]:
    """One column for each unit of a signal."""
    return [Column(f"{name}[{unit}]", f"{label}[{unit}]" if units > 1 else label) for unit in range(1, units + 1)]


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


def row_key(sequence: int | None) -> dict[str, int]:
    """What every row of a sequence's table shares: its number, from 1, in a batch."""
    return {} if sequence is None else {"sequence": sequence + 1}


def table(
    signals: Sequence[tuple[str, str, np.ndarray]], present: np.ndarray, steps: Sequence[int], key: Mapping[str, int]
) -> Table:
    """Steps down, signals across: (name for programs, label, (T, units)) each; steps that are not there are empty."""
    wide = [column for name, text, array in signals for column in columns(name, text, array.shape[-1])]
    values = np.concatenate([array for _name, _text, array in signals], axis=-1)
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
        self.initial = (trace.layers[-1] if level.top else self.signals).initial
        self.input = of_sequence(level.input(problem, trace), sequence)
        present = np.flatnonzero(trace.view.schedule.present[sequence or 0])
        self.order = [int(t) for t in (present[::-1] if level.reverse else present)]

    def rows(self, name: str, earlier: bool) -> np.ndarray:
        """The units of a signal at every visited step, or before each."""
        if name == INPUT:
            return self.input[self.order]
        rows = of_sequence(self.signals[name], self.sequence)[self.order]
        if not earlier:
            return rows
        start = of_sequence(self.initial[name], self.sequence)
        return np.concatenate([start[None], rows])[: len(rows)]

    def at(self, step: int, name: str, earlier: bool) -> np.ndarray:
        """The units of a signal at a step (from 0), or before it."""
        if name == INPUT:
            return self.input[step]
        visit = self.order.index(step)
        if earlier and visit == 0:
            return of_sequence(self.initial[name], self.sequence)
        return of_sequence(self.signals[name], self.sequence)[self.order[visit - 1] if earlier else step]
