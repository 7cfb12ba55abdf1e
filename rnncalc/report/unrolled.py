"""The unrolled network as a picture: which boxes stand where, what they hold, what is computed from what.

Everything is read off the cells' equations, so a cell of one's own is drawn like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnncalc.check.verdicts.records import Verdict
from rnncalc.model.equations.expression import INPUT, Expression, Name, names, previous, signal_of
from rnncalc.model.equations.printer import Place, write
from rnncalc.model.equations.style import NEXT, TOTAL, Style
from rnncalc.network.gradients import Gradients
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem
from rnncalc.report.backward_levels import BackwardLevel, descents
from rnncalc.report.chain_rule import input_terms
from rnncalc.report.document import Flow, Signal, Source, Unrolled
from rnncalc.report.picture_verdicts import first_slip, judged
from rnncalc.report.shared import Level, ReportOptions, Visits, label, levels, merged, of_sequence

MOST_STEPS = 8  # that are drawn one beside the other; of more, the first and the last
ENDS = 3
MOST_PICTURES = 4  # sequences of a batch that are drawn
LONGEST = 24  # characters of a formula that stands in a box


class _Plain(Style):
    """A line of text without indices; ′ marks what is the visit's before."""

    def signal(self, letter: str, time: str) -> str:
        return letter if time == "t" else f"{letter}′"


_PLAIN = _Plain("∘", "·", " ")


@dataclass(frozen=True)
class _Group:
    """One level with its lines, each at its height, and the signals that are its input."""

    level: Level
    lines: Mapping[str, Expression]
    depths: Mapping[str, int]
    first: int  # its first line among all signals
    inputs: tuple[int, ...]

    def number(self, line: str) -> int:
        """A line's place among all signals."""
        return self.first + list(self.lines).index(line)

    @property
    def place(self) -> Place:
        """Where its lines are read: at any step."""
        return Place(signals=frozenset(self.lines))

    @property
    def emits(self) -> int:
        """The signal that the level above sees."""
        return self.number(self.level.layer.cell.emits)


def pictures(
    choice: ReportOptions, problem: Problem, trace: Trace, steps: Sequence[int], sequence: int | None,
    gradients: Gradients | None = None, verdict: Verdict | None = None,
) -> list[Unrolled]:  # fmt: skip
    """The picture of a sequence, if there is to be one; of a large batch only the first sequences have one."""
    if not choice.picture or (sequence or 0) >= MOST_PICTURES:
        return []
    return [picture(problem, trace, steps, sequence=sequence, gradients=gradients, verdict=verdict)]


def picture(
    problem: Problem, trace: Trace, steps: Sequence[int], *, sequence: int | None = None,
    gradients: Gradients | None = None, verdict: Verdict | None = None,
) -> Unrolled:  # fmt: skip
    """The picture of one sequence. steps: those that were chosen; of many, the ends are shown.

    gradients: what flows back is drawn too; verdict: answers carry their marks.
    """
    groups = list(_groups(problem))
    signals = [_input(problem, sequence)]
    for number, group in enumerate(groups):
        signals += _signals(problem, trace, number, group, sequence)
    flows, slip = list[Flow](), None
    if gradients is not None:
        signals, flows = _backward(problem, trace, gradients, groups, signals, sequence)
    if verdict is not None:
        own = [group for group in groups if not group.level.read_out]
        joined = [number for number, layer in enumerate(problem.network.layers) if layer.merge == "concat"]
        emitted = {number: [group.emits for group in own if group.level.number == number] for number in joined}
        signals = judged(signals, verdict.values, sequence, emitted)
        slip = first_slip(signals, verdict.first_wrong, emitted)
    present = trace.view.schedule.present[sequence or 0]
    shown = [step for step in sorted(steps) if present[step - 1]]
    if len(shown) > MOST_STEPS:
        marked = {slip[1]} if slip else set[int]()
        shown = sorted({*shown[:ENDS], *shown[-ENDS:], *marked})
    return Unrolled(
        problem.title, tuple(shown), len(present),
        tuple((group.level.title, group.level.reverse) for group in groups), tuple(signals), tuple(flows), slip,
    )  # fmt: skip


def _groups(problem: Problem) -> Iterator[_Group]:
    below: tuple[int, ...] = (0,)
    here, first, number = list[int](), 1, 0
    for level in levels(problem):
        if level.number != number or level.read_out:
            below, here, number = tuple(here), [], level.number
        lines = merged(level.layer.cell, level.layer.cell.lines)
        group = _Group(level, lines, _depths(lines), first, below)
        first += len(lines)
        here.append(group.emits if level.layer.cell.emits in lines else group.first)
        yield group


def _depths(lines: Mapping[str, Expression]) -> dict[str, int]:
    """Each line one above the highest line that it is computed from."""
    depths = dict[str, int]()
    for line, expression in lines.items():
        depths[line] = max((depths[name] + 1 for name in names(expression) if name in depths), default=0)
    return depths


def _input(problem: Problem, sequence: int | None) -> Signal:
    rows = of_sequence(problem.x, sequence)
    return Signal("x", problem.letters.input, -1, 0, "input", (), _by_step(rows, range(len(rows))))


def _by_step(rows: np.ndarray, order: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """Rows by their step, counted from 1."""
    return {step + 1: tuple(map(float, row)) for step, row in zip(order, rows)}


def _signals(problem: Problem, trace: Trace, number: int, group: _Group, sequence: int | None) -> Iterator[Signal]:
    level, visits = group.level, Visits(problem, trace, group.level, sequence)
    cell = level.layer.cell
    for line in group.lines:
        values = _by_step(visits.rows(line, False), visits.order)
        if line in cell.state and visits.order:
            start = visits.order[0] + (2 if level.reverse else 0)
            values[start] = tuple(map(float, visits.at(visits.order[0], line, True)))
        kind = "gate"
        if line in cell.outputs or level.read_out:
            kind = "output"
        elif line in cell.state:
            kind = "state"
        elif line in {product.signal for stage in cell.stages for product in stage.products}:
            kind = "product"
        layer = f"^({level.number + 1})" if level.key else ""
        key, text, depth = f"{level.key}{line}", label(level.letters, line) + layer, group.depths[line]
        sources = tuple(_sources(group, line))
        meet = len(sources) > 1 and not any(source.weight for source in sources)
        formula = write(group.lines[line], _PLAIN, level.letters, group.place) if meet else ""
        formula = formula if len(formula) <= LONGEST else ""
        yield Signal(key, text, number, depth, kind, sources, values, formula=formula)


def _sources(group: _Group, line: str) -> Iterator[Source]:
    """What a line is computed from."""
    cell, letters = group.level.layer.cell, group.level.letters
    rows = [row for stage in cell.stages for row in stage.products]
    product_line = "s" if line == "y" and "s" not in group.lines else line  # s and y are one where y is s
    weights = {
        product.source: letters.parameter(cell.parameters[product.weight].stack)
        for row in rows
        if row.signal == product_line
        for product in (*row.inputs, *row.products)
    }
    rowwise = any(line in stage.rowwise for stage in cell.stages)
    for name in names(group.lines[line]):
        own = (group.number(signal_of(name)),) if signal_of(name) in group.lines else ()
        for source in group.inputs if name == INPUT else own:
            yield Source(source, int(previous(name)), weights.get(name, ""), name in weights or rowwise)


# ------------------------------------------------------------------------------------------------------- the way back


def _backward(
    problem: Problem, trace: Trace, gradients: Gradients, groups: Sequence[_Group], signals: list[Signal],
    sequence: int | None,
) -> tuple[list[Signal], list[Flow]]:  # fmt: skip
    """The signals with their gradients, and what flows along the links."""
    done, flows = list(signals), list[Flow]()
    whole = problem.task.truncate is None or problem.task.truncate >= problem.shapes["T"]
    for number, descent in zip(range(len(groups) - 1, -1, -1), descents(problem, trace, gradients, sequence)):
        group = groups[number]
        for line in descent.reached:
            if line in group.lines:
                at = group.number(line)
                done[at] = replace(done[at], gradients=_by_step(descent[TOTAL + line], descent.order))
        flows += _flows(number, group, groups, descent) if whole else ()
    dx = of_sequence(gradients.x, sequence)
    done[0] = replace(done[0], gradients=_by_step(dx, range(len(dx))))
    return done, flows


def _flows(number: int, group: _Group, groups: Sequence[_Group], descent: BackwardLevel) -> Iterator[Flow]:
    """What reaches each signal of a level, by the lines that it comes from; those of the input too."""
    reached = {
        group.number(line): (terms.here, terms.later) for line, terms in descent.reached.items() if line in group.lines
    }
    if group.inputs == (0,):
        reached[0] = (tuple(input_terms(group.level.layer.cell, descent.origin)), ())
    upper = [other for other, above in enumerate(groups) if group.first <= max(above.inputs) < above.first
             and group.emits in above.inputs]  # fmt: skip
    for source, sides in reached.items():
        for shift, terms in enumerate(sides):
            rows: dict[tuple[int, int], list[Expression]] = {}
            for term in terms:
                for place in _origins(term, number, group, upper):
                    rows.setdefault(place, []).append(term)
            for (at, depth), here in rows.items():
                norms = np.linalg.norm(descent.evaluate(tuple(here)), axis=-1)
                steps = zip(descent.order, map(float, norms))
                yield Flow(source, at, depth, shift, {step + 1: norm for step, norm in steps})


def _origins(term: Expression, number: int, group: _Group, upper: Sequence[int]) -> list[tuple[int, int]]:
    """The group and height of the lines whose gradient a term hands down; of one from above, the groups there."""
    bare = [name.removeprefix(TOTAL).removesuffix(NEXT) for name in names(term) if name.startswith(TOTAL)]
    own = dict.fromkeys(group.depths[line] for line in bare if line in group.depths)
    if own:
        return [(number, depth) for depth in own]
    return [(other, 0) for other in upper] if bare or isinstance(term, Name) else []
