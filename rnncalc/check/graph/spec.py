"""A problem as plain records, which a mistake can rewrite: lines, parameters, initial states, inputs, rules.

The graph is built from a Spec alone (`forward`, `backward`), so a mistake is another Spec: `replace(spec, x=…)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rnncalc.check.graph.rules import Rules
from rnncalc.model.cells import Cell
from rnncalc.model.equations.expression import Expression
from rnncalc.model.layer import DirectionalLayer
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.backward import depth
from rnncalc.network.objective import Objective, resolve_objective
from rnncalc.network.trace import Trace
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.parse.numbers import Numbers, number
from rnncalc.problems.problem import Problem, Task
from rnncalc.problems.shapes import bring

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class RunSpec:
    """A direction of a layer, or the read-out: a cell with its numbers.

    Attributes
    ----------
    lines : the cell's equations; a mistake may rewrite them
    parameters : by symbol
    initial_states : state → (N, width), in the order of the packed batch
    mirrored : whether it visits every sequence from its end
    lags : states whose `_p` is two steps back
    before : of such states, the values before the initial ones
    earlier : whether the input is that of the step before, as in a read-out of h_{t-1}
    shared : states in which a whole batch begins with one vector
    spread : how far a given number may be off because it is rounded
    fixed : symbols of biases that were not given, which the update leaves as they are
    restarts : states whose `_p` is the initial state at every step
    exchanged : state → the state that its `_p` reads in its place
    """

    cell: Cell
    sizes: Mapping[str, int]
    lines: Mapping[str, Expression]
    parameters: Arrays
    initial_states: Arrays
    mirrored: bool = False
    lags: frozenset[str] = frozenset()
    before: Arrays = field(default_factory=dict)
    earlier: bool = False
    shared: frozenset[str] = frozenset()
    spread: Arrays = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    restarts: frozenset[str] = frozenset()
    exchanged: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Spec:
    """A problem. layers: the numbers of each layer's runs, and how two are merged. x: rows in packed order.

    arriving: run, line, visit → (rows, width), a gradient that arrives there from outside, beside that of the loss.
    forward: the Spec whose forward pass gives the values from which this one computes gradients; None: its own.
    """

    runs: tuple[RunSpec, ...]
    layers: tuple[tuple[tuple[int, ...], str], ...]
    read_out: RunSpec | None
    x: np.ndarray
    schedule: PackedBatch
    batch: bool
    task: Task
    objective: Objective | None
    truncate: int = 0
    chunk: int = 0
    rules: Rules = Rules()
    softmax_over: str = "units"  # or steps, sequences
    realigned: bool = True  # whether backward states are put in the original order of time
    x_spread: np.ndarray | None = None
    arriving: Mapping[tuple[int, str, int], np.ndarray] = field(default_factory=dict)
    forward: Spec | None = None
    lanes: int = 0  # the length of every array's last axis, a problem each; 0: one problem and no such axis
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)  # results that are used again

    @property
    def top(self) -> RunSpec:
        """The run that makes y: the read-out, or the last layer's."""
        return self.read_out or self.runs[self.layers[-1][0][0]]

    @property
    def all_runs(self) -> list[RunSpec]:
        """Every run, the read-out last."""
        return [*self.runs, *([self.read_out] if self.read_out else [])]

    @property
    def visits(self) -> int:
        return len(self.schedule.counts)

    @property
    def has_values(self) -> bool:
        """Whether the forward pass from which gradients are computed has every line."""
        runs = zip(self.all_runs, self.forward.all_runs) if self.forward else ()
        return all(run.lines.keys() <= other.lines.keys() for run, other in runs)

    def zeros(self, *shape: int) -> np.ndarray:
        """Zeros of that shape in every lane."""
        return np.zeros((*shape, self.lanes) if self.lanes else shape)

    def wide(self, array: np.ndarray) -> np.ndarray:
        """An array that is the same in every lane."""
        return array[..., None] if self.lanes else array

    def with_runs(self, runs: list[RunSpec]) -> Spec:
        """The Spec with other runs, the read-out last if there is one."""
        count = len(self.runs)
        return replace(self, runs=tuple(runs[:count]), read_out=runs[count] if self.read_out else None)

    def with_rules(self, **changes: Any) -> Spec:
        """The Spec under other rules."""
        return replace(self, rules=replace(self.rules, **changes))

    def reporting(self, reported_as: Mapping[Any, Any]) -> Spec:
        """The Spec that reports other quantities in place of some, besides those that it replaces already."""
        return self.with_rules(reported_as={**self.rules.reported_as, **reported_as})


def of_problem(problem: Problem, trace: Trace) -> Spec:
    """The Spec of a problem. trace: its forward pass, which gives the order of rows and the initial states."""
    network, schedule = problem.network, trace.view.schedule
    spread = "rounded_inputs" in problem.given and problem.given["rounded_inputs"].value in (True, "true", "1", "yes")
    runs: list[RunSpec] = []
    layers = list[tuple[tuple[int, ...], str]]()
    cell_runs = iter(trace.provenance.runs)
    for layer, given in zip(network.layers, problem.layers):
        numbers = []
        for name, direction in layer.passes.items():
            numbers.append(len(runs))
            cell_run, states = next(cell_runs), direction.cell.state
            initial_states = {state: np.array(cell_run.blocks[state][: schedule.sequences], float) for state in states}
            left_out = {bias for *place, bias in problem.left_out if place == [len(layers), name]}
            run = _run(direction, initial_states, left_out, name == "backward", cell_run.shared)
            runs.append(replace(run, spread=_spread(direction, given[name])) if spread else run)
        layers.append((tuple(numbers), layer.merge))
    left_out = {bias for number, _direction, bias in problem.left_out if number == -1}
    read_out = _run(network.read_out, {}, left_out) if network.read_out else None
    if read_out and spread and network.read_out:
        read_out = replace(read_out, spread=_spread(network.read_out, next(iter(problem.layers[-1].values()))))
    task, objective = problem.task, None
    if task.targets is not None or task.dy is not None:
        objective = resolve_objective(network, trace, task.targets, task.loss, task.reduction, task.dy)
    truncate, chunk = depth(network, schedule, task.truncate, task.chunk)
    x = schedule.pack(problem.x if problem.batch else problem.x[None]).astype(float)
    spec = Spec(tuple(runs), tuple(layers), read_out, x, schedule, problem.batch, task, objective, truncate, chunk)
    if not spread:
        return spec
    rows = _units(problem.given["x"].numbers(), problem.x.shape)
    return replace(spec, x_spread=schedule.pack(rows if problem.batch else rows[None]))


def _run(
    direction: DirectionalLayer, initial_states: Arrays, left_out: set[str], mirrored: bool = False,
    shared: frozenset[str] = frozenset(),
) -> RunSpec:  # fmt: skip
    cell, sizes = direction.cell, direction.sizes
    parameters = {symbol: np.asarray(array, float) for symbol, array in direction.parameters.items()}
    fixed = frozenset(symbol for symbol, parameter in cell.parameters.items() if parameter.stack in left_out)
    return RunSpec(cell, sizes, cell.lines, parameters, initial_states, mirrored, shared=shared, fixed=fixed)


def _spread(direction: DirectionalLayer, given: GivenDirection) -> dict[str, np.ndarray]:
    """Half a unit of every parameter's last digit."""
    spread = {}
    for stack in direction.cell.stacks.values():
        for at, parameter in enumerate(stack):
            array = given.arrays.get(parameter.stack)
            shape = direction.parameters[parameter.symbol].shape
            if isinstance(array, dict):
                array = array.get(parameter.gate or "")
                whole = _units(array, shape) if array is not None else np.zeros(shape)
            elif array is not None:
                stacked = _units(array, (len(stack) * shape[0], *shape[1:]))
                whole = stacked[at * shape[0] : (at + 1) * shape[0]]
            else:
                whole = np.zeros(shape)
            spread[parameter.symbol] = whole
    return spread


def _units(array: Numbers, shape: tuple[int, ...]) -> np.ndarray:
    """Half a unit of each number's last digit. Numbers without a decimal point are exact."""
    half = np.zeros(array.shape)
    if array.texts is not None:
        for index, text in np.ndenumerate(array.texts):
            typed = number(text) if isinstance(text, str) else None
            if typed is not None and typed.place is not None and typed.place < 0:
                half[index] = 0.5 * 10.0**typed.place
    brought = bring(half, shape, array.flat)
    if brought is None and half.size == np.prod(shape):
        brought = half.reshape(shape)
    return np.full(shape, half.max(initial=0.0)) if brought is None else brought
