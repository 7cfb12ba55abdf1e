"""The chain rule of one level, as equations to be shown and as numbers: what reaches a signal, from where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rnncalc.cells import Cell
from rnncalc.cells.adjoint import input_terms, shown
from rnncalc.equations import Binary, Call, Expression, Name, Number, evaluate, parse, previous, signal_of, total
from rnncalc.gradients import Gradients, PassGradients
from rnncalc.layer import unmerged
from rnncalc.losses import LOSSES, judge
from rnncalc.problems import Problem
from rnncalc.report.shared import Level, Visits, levels, of_sequence, stacked
from rnncalc.trace import Trace
from rnncalc.writing import NEXT, TOTAL, TRANSPOSED

TARGET = "target"
GIVEN = "given"  # the dy that was given, or the slope of a loss that has no equation for it


@dataclass(frozen=True)
class Reached:
    """What reaches one signal: terms of this step (those from above among them), and terms of the next step."""

    here: tuple[Expression, ...]
    later: tuple[Expression, ...]

    @property
    def whole(self) -> Expression:
        """All of it."""
        return total([(1, term) for term in (*self.here, *self.later)])


def loss_slope(problem: Problem) -> tuple[str, Expression] | None:
    """Where the loss arrives, s or y, and its slope there as an equation; None where dy was given."""
    task = problem.task
    if task.dy is not None or task.loss is None:
        return None
    loss = LOSSES[task.loss]
    return loss.at, parse(loss.slope) if loss.slope else Name(GIVEN)


def chain(problem: Problem, level: Level, weight: float) -> dict[str, Reached]:
    """The lines of a level's backpropagation, in the order in which they are computed, by signal."""
    cell = level.one.cell
    kept = cell.arriving | set(cell.preactivations.values())
    found = {signal: Reached(tuple(here), tuple(later)) for signal, (here, later) in shown(cell, kept).items()}
    top = level.read_out or (problem.network.read_out is None and level.layer == len(problem.network.layers) - 1)
    if top:
        _bring_loss(found, problem, cell, weight)
    elif stacked(problem):
        above = Name(f"{TOTAL}{cell.emits}^({level.layer + 1})")
        found[cell.emits] = _more(found[cell.emits], above, first=True)
    else:
        found[cell.emits] = _more(found[cell.emits], Binary("@", Name(f"V{TRANSPOSED}"), Name(f"{TOTAL}s")), first=True)
    for signal in [signal for stage in cell.stages for signal in stage.rowwise]:
        call = cell.lines[signal]
        assert isinstance(call, Call)
        assert isinstance(call.argument, Name)
        if found[signal].here or found[signal].later:
            found[call.argument.id] = _more(found[call.argument.id], _rowwise(call.function, signal), first=True)
    _merge_identity(found, cell)
    return {signal: reached for signal, reached in found.items() if reached.here or reached.later}


def _bring_loss(found: dict[str, Reached], problem: Problem, cell: Cell, weight: float) -> None:
    """The loss's slope where it arrives: at the scores, or at what the cell emits."""
    slope = loss_slope(problem)
    if slope is None:
        at, expression = cell.emits, Name(GIVEN)
    else:
        at, expression = slope  # type: ignore[assignment]
        if weight != 1:
            expression = Binary("*", Number(weight), expression)  # type: ignore[assignment]
        if at not in cell.lines:
            at = cell.emits
    found[at] = _more(found.get(at, Reached((), ())), expression, first=True)


def _merge_identity(found: dict[str, Reached], cell: Cell) -> None:
    """Where y is s, what reaches y reaches s."""
    if cell.lines.get("y") != Call("identity", Name("s")) or "y" not in found:
        return
    y, s = found.pop("y"), found["s"]
    rest = tuple(term for term in s.here if term != Name(f"{TOTAL}y"))
    found["s"] = Reached((*y.here, *rest), (*y.later, *s.later))


def _more(reached: Reached, term: Expression, first: bool) -> Reached:
    return Reached((term, *reached.here) if first else (*reached.here, term), reached.later)


def _rowwise(function: str, signal: str) -> Expression:
    """What softmax or log softmax hands to its scores."""
    y, dy = Name(signal), Name(TOTAL + signal)
    if function == "softmax":
        return Binary("*", y, Binary("-", dy, Call("sum", Binary("*", y, dy))))
    return Binary("-", dy, Binary("*", Call("exp", y), Call("sum", dy)))


@dataclass
class Descent:
    """One level's backpropagation over one sequence, in numbers.

    A name of the chain's equations gives its rows, one for each visited step in the order of visits.
    """

    problem: Problem
    trace: Trace
    level: Level
    gradients: PassGradients
    sequence: int | None
    reached: Mapping[str, Reached]
    given: Mapping[str, np.ndarray]  # what other levels know: Vᵀ, ∂s, ∂h^(1), targets
    found: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.visits = Visits(self.problem, self.trace, self.level, self.sequence)
        self.order = self.visits.order

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.found:
            self.found[name] = self._rows(name)
        return self.found[name]

    def _rows(self, name: str) -> np.ndarray:
        if name in self.given:
            return self.given[name]
        if name.endswith(TRANSPOSED):
            return self.level.one.parameters[name.removesuffix(TRANSPOSED)].T
        if name.endswith(NEXT):
            rows = self[name.removesuffix(NEXT)]
            later = np.concatenate([rows[1:], np.zeros_like(rows[:1])])
            chunk = self.problem.task.chunk
            if chunk and name.startswith(TOTAL):
                later[chunk - 1 :: chunk] = 0
            return later
        if name.startswith(TOTAL):
            return of_sequence(self.gradients.totals[name.removeprefix(TOTAL)], self.sequence)[self.order]
        if name in self.level.one.cell.parameters:
            return self.level.one.parameters[name]
        found = [self.visits.at(t, signal_of(name), previous(name)) for t in self.order]
        return np.array(found).reshape(len(found), -1)

    def evaluate(self, terms: tuple[Expression, ...]) -> np.ndarray:
        """The sum of some terms at every visited step."""
        return np.asarray(evaluate(total([(1, term) for term in terms]), self))  # type: ignore[arg-type]

    def below(self) -> np.ndarray:
        """What this level hands down to its input, a row for each visited step."""
        return self.evaluate(tuple(input_terms(self.level.one.cell)))


def descents(problem: Problem, trace: Trace, gradients: Gradients, sequence: int | None) -> Iterator[Descent]:
    """Every level of a sequence, from the read-out down to the first layer."""
    found = levels(problem)
    given = _asked(problem, trace, gradients, sequence)
    weight = problem.question(trace).weight
    arrived: dict[int, np.ndarray] = {}  # layer → what came from the levels above, every step
    steps = problem.shapes["T"]
    for level in reversed(found):
        one = gradients.read_out if level.read_out else gradients.layers[level.layer].passes[level.way]
        assert one is not None
        extra = dict(given)
        if not level.read_out and level.layer in arrived:
            share = _share(problem, trace, level, arrived[level.layer], sequence)
            emits = level.one.cell.emits
            order = Visits(problem, trace, level, sequence).order
            extra[f"{TOTAL}{emits}^({level.layer + 1})"] = share[order]
        descent = Descent(problem, trace, level, one, sequence, chain(problem, level, weight), extra)
        if level.read_out:
            given = {**given, f"V{TRANSPOSED}": level.one.arrays["V"].T, f"{TOTAL}s": descent[f"{TOTAL}s"]}
        target = len(problem.network.layers) - 1 if level.read_out else level.layer - 1
        if target >= 0 and stacked(problem):
            below = descent.below()
            whole = arrived.setdefault(target, np.zeros((steps, below.shape[-1])))
            whole[descent.order] += below
        yield descent


def _asked(problem: Problem, trace: Trace, gradients: Gradients, sequence: int | None) -> dict[str, np.ndarray]:
    """The targets of the visited steps, or the gradient that was given."""
    question, order = problem.question(trace), np.flatnonzero(trace.view.schedule.present[sequence or 0])
    rows = of_sequence(trace.view.steps(question.rows), sequence)[order]
    if problem.task.dy is not None:
        return {GIVEN: rows}
    assert question.loss is not None
    values = trace.view.steps(trace.scores if question.at == "s" else trace.output)
    slopes = judge(question.loss, of_sequence(values, sequence)[order], rows, 1.0).gradient
    return {TARGET: rows, GIVEN: slopes}


def _share(problem: Problem, trace: Trace, level: Level, gradient: np.ndarray, sequence: int | None) -> np.ndarray:
    """One direction's share of what arrives at a layer."""
    layer, found = problem.network.layers[level.layer], trace.layers[level.layer]
    if len(layer.passes) == 1:
        return gradient
    sides = [of_sequence(found.passes[way][layer.cell.emits], sequence) for way in ("forward", "backward")]
    return unmerged(layer.merge, gradient, *sides)[level.way == "backward"]
