"""Quantities as people write them: the shape of each, and where each entry stands in the computation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.printer import Grid
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.problem import Problem

Index = tuple[int, ...]
Spot = tuple[Key, Index]  # a quantity of the graph and the place in it


@dataclass(frozen=True)
class Quantity:
    """A quantity under one name.

    shape: as a person writes it. spot: index → where the entry is computed, None where a sequence has no step.
    axis: the axis of steps.
    """

    name: str
    shape: tuple[int, ...]
    spot: Callable[[Index], Spot | None]
    axis: int | None = None

    @cached_property
    def spots(self) -> dict[Index, Spot]:
        """Where every entry is computed, for a quantity of homework; without steps that a sequence does not have."""
        return {index: spot for index in np.ndindex(*self.shape) if (spot := self.spot(index))}

    @cached_property
    def count(self) -> int:
        """The number of entries, without steps that a sequence does not have."""
        return sum(self.spot(index) is not None for index in np.ndindex(*self.shape))

    def split(self, index: Index) -> tuple[int | None, Index]:
        """Split an index into the step and the other indices, all counted from 1."""
        if self.axis is None:
            return None, tuple(i + 1 for i in index)
        rest = (*index[: self.axis], *index[self.axis + 1 :])
        return index[self.axis] + 1, tuple(i + 1 for i in rest)


@dataclass(frozen=True)
class Scope:
    """The runs whose quantities are meant: one, two merged, or the top of the network. layer: from 0."""

    prefix: str
    layer: int
    runs: tuple[int, ...]
    top: bool = False


class Shapes:
    """Shapes and places of a problem's quantities: of every step, stacked by gate, of a parameter."""

    def __init__(self, problem: Problem, spec: Spec):
        self.problem, self.spec, self.batch = problem, spec, problem.batch
        self.rank = np.argsort(spec.schedule.order)  # sequence → row
        present = spec.schedule.present
        self.visit = np.where(present, np.cumsum(present, axis=1), 0)  # (N, T): from 1; 0: no step
        self.length = present.sum(axis=1)
        self.given: list[GivenDirection] = [
            direction for directions in problem.layers for direction in directions.values()
        ]

    # scopes ----------------------------------------------------------------------------------------------------------

    def _of_run(self, scope: Scope, line: str, era: str, label: str) -> Quantity:
        number = scope.runs[0]
        run = self.spec.runs[number]
        width = run.sizes[run.cell.size(line)]
        return self._stepwise(label, width, lambda visit, unit: ((era, number, line, visit), (unit,)), run.mirrored)

    def _width(self, scope: Scope) -> int:
        numbers, merge = self.spec.layers[scope.layer]
        run = self.spec.runs[numbers[0]]
        return run.sizes[run.cell.size(run.cell.emits)] * (len(numbers) if merge == "concat" else 1)

    def _stepwise(
        self, name: str, width: int | None, where: Callable[[int, int], Spot], backwards: bool = False
    ) -> Quantity:
        """A quantity with a row for every step: (T, width) or (N, T, width), whatever the layout of x."""
        schedule = self.spec.schedule
        shape = (schedule.sequences, schedule.steps) if self.batch else (schedule.steps,)

        def spot(index: Index) -> Spot | None:
            step, sequence = index[len(shape) - 1], index[0] if self.batch else 0
            visit = int(self.visit[sequence, step])
            if not visit:
                return None
            if backwards:
                visit = int(self.length[sequence]) + 1 - visit
            key, rest = where(visit, index[-1] if width is not None else 0)
            return key, (int(self.rank[sequence]), *rest)

        full = (*shape, width) if width is not None else shape
        return Quantity(name, full, spot, int(self.batch))

    def _stacked(
        self, scope: Scope, label: str, lines: Mapping[str, str], key: Callable[[str], Callable[[int], Key]]
    ) -> dict[str, Quantity] | Quantity:
        """The quantity of each gate, and under "" all of them stacked in the problem's order."""
        number = scope.runs[0]
        run, order = self.spec.runs[number], self.given[number].order
        if list(lines) == [""]:
            line = lines[""]
            width = run.sizes[run.cell.size(line)]
            return self._stepwise(label, width, lambda v, u: (key(line)(v), (u,)), run.mirrored)
        gates = [gate for gate in order if gate in lines] or list(lines)
        width = run.sizes["H"]
        by_gate = {
            gate: self._stepwise(f"{label}.{gate}", width, partial(_at, key(lines[gate])), run.mirrored)
            for gate in gates
        }
        by_gate[""] = self._stepwise(
            label,
            width * len(gates),
            lambda v, u: (key(lines[gates[u // width]])(v), (u % width,)),
            run.mirrored,
        )
        return by_gate

    # gradients and parameters ----------------------------------------------------------------------------------------

    def _start(self, label: str, number: int, run: RunSpec, state: str) -> Quantity:
        width, shared = run.sizes[run.cell.size(state)], state in run.shared
        key: Key = ("dshared" if shared else "dstart", number, state)
        if shared or not self.batch:
            return Quantity(label, (width,), lambda index: (key, (0, *index)))
        shape = (self.spec.schedule.sequences, width)
        return Quantity(label, shape, lambda index: (key, (int(self.rank[index[0]]), index[1])))

    def _array(self, label: str, run: RunSpec, number: int, grid: Grid, kind: str, given: GivenDirection) -> Quantity:
        """Parameters below each other, or those of a grid; kind: the gradient, each step's share, the updated ones."""
        places = [
            [(symbol, at) for symbol in row for at in range(([*run.parameters[symbol].shape, 1])[1])] for row in grid
        ]  # of each column of a row of blocks
        height, *wide = run.parameters[grid[0][0]].shape
        shape = (len(grid) * height, *([len(places[0])] if wide else []))
        transposed = given.letters.rows and len(shape) == 2  # a sheet of row vectors

        def place(index: Index) -> tuple[str, Index]:
            if transposed:
                index = index[::-1]
            symbol, at = places[index[0] // height][index[1] if wide else 0]
            return symbol, (index[0] % height, *([at] if wide else []))

        shape = shape[::-1] if transposed else shape
        if kind == "term":
            steps = self.spec.schedule.steps

            def of_step(index: Index) -> Spot:
                symbol, at = place(index[1:])
                return ("term", number, symbol, index[0] + 1), at

            return Quantity(label, (steps, *shape), of_step, 0)

        def spot(index: Index) -> Spot:
            symbol, at = place(index)
            return (kind, number, symbol), at

        return Quantity(label, shape, spot)


def _at(key: Callable[[int], Key], visit: int, unit: int) -> Spot:
    return key(visit), (unit,)
