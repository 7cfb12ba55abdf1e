"""The chain rule of one level, as equations to be shown and as numbers: what reaches a signal, from where.

Longer than other files, because a shown equation and its numbers must not part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    evaluate,
    is_binary,
    parse,
    previous,
    rebuilt,
    signal_of,
    substitute,
    total,
)
from rnncalc.model.equations.style import NEXT, TOTAL, TRANSPOSED
from rnncalc.model.losses import LOSSES
from rnncalc.model.merges import unmerged
from rnncalc.network.gradients import DirectionGradients, Gradients
from rnncalc.network.objective import Objective
from rnncalc.network.trace import Trace
from rnncalc.problems.problem import Problem
from rnncalc.report.chain_rule import gradient_terms, input_terms
from rnncalc.report.shared import Level, Visits, levels, of_sequence, stacked

TARGET = "target"
SUMMED = "total_target"  # of one step
GIVEN = "given"  # the dy that was given, or the slope of a loss that has no equation for it
SLOPE = "slope"  # of the loss, where it arrives: in numbers what backpropagation began with, to be shown as an equation


@dataclass(frozen=True)
class Reached:
    """What reaches one signal: terms of this step (those from above among them), and terms of the next step."""

    here: tuple[Expression, ...]
    later: tuple[Expression, ...]

    @property
    def whole(self) -> Expression:
        """All of it."""
        every = (*self.here, *self.later)
        return total([(-1, term.operand) if isinstance(term, Negative) else (1, term) for term in every])


def loss_slope(problem: Problem, objective: Objective) -> Expression:
    """The slope of the loss where it arrives, or the dy that was given."""
    task = problem.task
    if task.dy is not None or task.loss is None:
        return Name(GIVEN)
    loss = LOSSES[task.loss]
    slope = parse(loss.slope, typed=False) if loss.slope else Name(GIVEN)
    sums = np.nansum(objective.rows, axis=-1)[~np.isnan(objective.rows).all(axis=-1)]
    if np.allclose(sums, 1, rtol=0, atol=1e-12):
        slope = rebuilt(slope, _without_sum)
    top = levels(problem)[-1].layer.cell.lines
    if "y" in top:  # softmax(s) and σ(s) have a name where they are the output
        slope = rebuilt(slope, lambda node: Name("y") if node == top["y"] else node)
    return slope if objective.weight == 1 else Binary("*", Number(objective.weight), slope)


def _without_sum(node: Expression) -> Expression:
    """A product without the sum of targets that are distributions."""
    return node.right if is_binary(node, "*") and node.left == Name(SUMMED) else node


def chain(problem: Problem, level: Level, origin: str) -> dict[str, Reached]:
    """The lines of a level's backpropagation, in the order in which they are computed, by signal."""
    cell, terms = level.layer.cell, gradient_terms(level.layer.cell, origin)
    lines = {signal: Reached(tuple(here), tuple(later)) for signal, (here, later) in terms.items()}
    if level.top:
        lines[origin] = _more(lines.get(origin, Reached((), ())), Name(SLOPE))
    elif stacked(problem):
        lines[cell.emits] = _more(lines[cell.emits], Name(above(problem, level)))
    else:
        lines[cell.emits] = _more(lines[cell.emits], Binary("@", Name(f"V{TRANSPOSED}"), Name(f"{TOTAL}s")))
    for signal in [signal for stage in cell.stages for signal in stage.rowwise]:
        call = cell.lines[signal]
        assert isinstance(call, Call)
        assert isinstance(call.argument, Name)
        if lines[signal].here or lines[signal].later:
            lines[call.argument.id] = _more(lines[call.argument.id], _rowwise(call.function, signal))
    _merge_identity(lines, cell)
    return {signal: reached for signal, reached in lines.items() if reached.here or reached.later}


def origin_of(level: Level, at: str) -> str:
    """The signal of a level at which the gradient arrives from above. at: where that of the loss does, s or y."""
    cell = level.layer.cell
    return at if level.top and at in cell.lines else cell.emits


def above(problem: Problem, level: Level) -> str:
    """What arrives at a layer from the layers above it; at y, where nothing is above two directions."""
    last = problem.network.read_out is None and level.number == len(problem.network.layers) - 1
    return f"{TOTAL}y" if last else f"{TOTAL}{level.layer.cell.emits}^({level.number + 1})"


def _merge_identity(lines: dict[str, Reached], cell: Cell) -> None:
    """Where y is s, what reaches y reaches s."""
    if cell.lines.get("y") != Call("identity", Name("s")) or "y" not in lines:
        return
    y, s = lines.pop("y"), lines["s"]
    rest = tuple(term for term in s.here if term != Name(f"{TOTAL}y"))
    lines["s"] = Reached((*y.here, *rest), (*y.later, *s.later))


def _more(reached: Reached, term: Expression) -> Reached:
    return Reached((term, *reached.here), reached.later)


def _rowwise(function: str, signal: str) -> Expression:
    """What softmax or log softmax hands to its scores."""
    y, dy = Name(signal), Name(TOTAL + signal)
    if function == "softmax":
        return Binary("*", y, Binary("-", dy, Call("sum", Binary("*", y, dy))))
    return Binary("-", dy, Binary("*", Call("exp", y), Call("sum", dy)))


@dataclass
class BackwardLevel:
    """One level's backpropagation over one sequence, in numbers.

    A name of the chain's equations gives its rows, one for each visited step in the order of visits.
    """

    problem: Problem
    trace: Trace
    level: Level
    gradients: DirectionGradients
    sequence: int | None
    origin: str  # the signal at which the gradient arrives from above
    reached: Mapping[str, Reached]
    given: Mapping[str, np.ndarray]  # what other levels know: Vᵀ, ∂s, ∂h^(1), targets
    slope: Expression
    evaluated: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.visits = Visits(self.problem, self.trace, self.level, self.sequence)
        self.order = self.visits.order

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.evaluated:
            self.evaluated[name] = self._rows(name)
        return self.evaluated[name]

    def _rows(self, name: str) -> np.ndarray:
        if name in self.given:
            return self.given[name]
        if name.endswith(TRANSPOSED):
            return self.level.layer.parameters[name.removesuffix(TRANSPOSED)].T
        if name.endswith(NEXT):
            rows = self[name.removesuffix(NEXT)]
            later = np.concatenate([rows[1:], rows[-1:]])  # the last signals stand in: one of 0 may be divided by
            if name.startswith(TOTAL):
                later[-1:], chunk = 0, self.problem.task.chunk or len(later) + 1
                later[chunk - 1 :: chunk] = 0
            return later
        if name.startswith(TOTAL):
            return of_sequence(self.gradients.adjoints[name.removeprefix(TOTAL)], self.sequence)[self.order]
        if name in self.level.layer.cell.parameters:
            return self.level.layer.parameters[name]
        return self.visits.rows(signal_of(name), previous(name))

    def evaluate(self, terms: tuple[Expression, ...]) -> np.ndarray:
        """The sum of some terms at every visited step."""
        expression = rebuilt(total([(1, term) for term in terms]), self._summed)
        return np.asarray(evaluate(expression, self))  # type: ignore[arg-type]

    def _summed(self, node: Expression) -> Expression:
        """A sum over the units by a name of its own, under which it is kept."""
        if not (isinstance(node, Call) and node.function == "sum"):
            return node
        name = f"sum {node.argument}"
        self.evaluated[name] = np.sum(evaluate(node.argument, self), axis=-1, keepdims=True)  # type: ignore[arg-type]
        return Name(name)

    def shown(self, reached: Reached) -> Expression:
        """What reaches a signal as an equation; beside other terms a difference stands in brackets."""
        several = len(reached.here) + len(reached.later) > 1 and is_binary(self.slope, "+-")
        return substitute(reached.whole, {SLOPE: Call("identity", self.slope) if several else self.slope})

    def spread(self, rows: np.ndarray) -> np.ndarray:
        """Rows of visited steps at their places among all steps."""
        whole = np.zeros((self.problem.shapes["T"], *rows.shape[1:]), rows.dtype)
        whole[self.order] = rows
        return whole

    def below(self) -> np.ndarray:
        """What this level hands down to its input, a row for each visited step."""
        terms = input_terms(self.level.layer.cell, self.origin)
        return self.evaluate(tuple(terms)) if terms else np.zeros((len(self.order), self.level.layer.sizes["D"]))


def gradients_of(level: Level, gradients: Gradients) -> DirectionGradients:
    """The level's own among all gradients."""
    own = gradients.read_out if level.read_out else gradients.layers[level.number].passes[level.direction]
    assert own is not None
    return own


def descents(problem: Problem, trace: Trace, gradients: Gradients, sequence: int | None) -> Iterator[BackwardLevel]:
    """Every level of a sequence, from the read-out down to the first layer."""
    network_levels, objective, last = levels(problem), problem.objective(trace), len(problem.network.layers) - 1
    written = loss_slope(problem, objective)
    given = {  # a row for each step, since each level has an order of its own
        name: of_sequence(trace.view.steps(rows), sequence) for name, rows in _loss_arrays(objective, trace).items()
    }
    weights: dict[str, np.ndarray] = {}
    arrived: dict[int, np.ndarray] = {}  # layer → what came from the levels above, every step
    if not network_levels[-1].top:  # nothing is above two directions: the loss arrives at both
        arrived[last] = given[SLOPE]
    steps = problem.shapes["T"]
    for level in reversed(network_levels):
        labels = {**level.letters.labels, SUMMED: Call("sum", Name(TARGET))}
        level = replace(level, letters=replace(level.letters, labels=labels))
        own = gradients_of(level, gradients)
        if not level.read_out and level.number in arrived:
            given[above(problem, level)] = _share(problem, trace, level, arrived[level.number], sequence)
        order = Visits(problem, trace, level, sequence).order
        extra = {**weights, **{name: rows[order] for name, rows in given.items()}}
        at = origin_of(level, objective.at)
        descent = BackwardLevel(problem, trace, level, own, sequence, at, chain(problem, level, at), extra, written)
        if level.read_out:
            weights[f"V{TRANSPOSED}"] = level.layer.arrays["V"].T
            given[f"{TOTAL}s"] = of_sequence(own.adjoints["s"], sequence)
        target = last if level.read_out else level.number - 1
        if target >= 0 and stacked(problem):
            below = descent.below()
            whole = arrived.setdefault(target, np.zeros((steps, below.shape[-1])))
            whole[descent.order] += below
        yield descent


def _loss_arrays(objective: Objective, trace: Trace) -> dict[str, np.ndarray]:
    """The loss's slope, and what it is made from."""
    values = trace.at(objective.at)
    slope = objective.evaluate(values).gradient
    if objective.loss is None:
        return {SLOPE: slope, GIVEN: objective.rows}
    there = ~np.isnan(objective.rows)
    summed = np.broadcast_to(np.nansum(objective.rows, axis=-1, keepdims=True), objective.rows.shape)
    absent_in_part = not objective.loss.apart and ~there & there.any(axis=-1, keepdims=True)
    targets = np.where(absent_in_part, 0, objective.rows)
    given = objective._replace(weight=1.0).evaluate(values).gradient
    return {SLOPE: slope, GIVEN: given, TARGET: targets, SUMMED: summed}


def _share(problem: Problem, trace: Trace, level: Level, gradient: np.ndarray, sequence: int | None) -> np.ndarray:
    """One direction's share of what arrives at a layer."""
    layer, trace_layer = problem.network.layers[level.number], trace.layers[level.number]
    if len(layer.passes) == 1:
        return gradient
    sides = [of_sequence(trace_layer.passes[side][layer.cell.emits], sequence) for side in ("forward", "backward")]
    return unmerged(layer.merge, gradient, *sides)[level.direction == "backward"]
