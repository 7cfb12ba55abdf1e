"""Rewritten problems that differ only in their numbers, solved together: one walk for hundreds of them.

Most mistakes change numbers alone (a bias of 0, a transposed matrix, another order of gates, a factor), or a function
of one line. Such Specs are stacked: every array gets a last axis with a lane for each, and the graph is built and
walked once. What differs in more (an equation, how far the loss goes back) makes a batch of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeGuard

import numpy as np

from rnncalc.check.graph import Graph, Key
from rnncalc.check.lanes import Mixed, one_or_mixed
from rnncalc.check.shaped import Index
from rnncalc.check.solve import graph_of
from rnncalc.check.spec import Rules, Run, Spec
from rnncalc.equations import Call, Expression, Name, previous
from rnncalc.functions import FUNCTIONS

NUMBERS = ("sign", "loss_factor", "gradient_factor", "lr", "update")  # rules that are numbers
FREE = (*NUMBERS, "slope", "slopes", "said")  # rules that may differ from lane to lane


@dataclass(frozen=True)
class LaneRules(Rules):
    """The rules of a stacked Spec: those of slopes lane by lane."""

    each: tuple[Rules, ...] = ()

    def slope_of(self, run: Run, line: str) -> str | Mixed:
        found: str | Mixed = one_or_mixed([rules.slope_of(run, line) for rules in self.each])
        return found


def batches(specs: Sequence[Spec]) -> list[list[int]]:
    """Which Specs can be stacked, as their places."""
    found: dict[Hashable, list[int]] = {}
    known: dict[int, Hashable] = {}  # lines → what they are but for their functions; most Specs share them
    for at, spec in enumerate(specs):
        found.setdefault(_kind(spec, known), []).append(at)
    return list(found.values())


def _kind(spec: Spec, known: dict[int, Hashable]) -> Hashable:
    """Everything but the numbers, and the functions that a line may have instead of another."""
    rules = tuple(getattr(spec.rules, field.name) for field in fields(Rules) if field.name not in FREE)
    whole = spec.layers, id(spec.schedule), id(spec.question), spec.truncate, spec.chunk, spec.softmax_over
    return (*whole, spec.realigned, rules, *[_kind_of_run(run, known) for run in spec.all_runs])


def _kind_of_run(run: Run, known: dict[int, Hashable]) -> Hashable:
    if id(run.lines) not in known:
        known[id(run.lines)] = tuple((line, _loose(expression)) for line, expression in run.lines.items())
    shapes = tuple((symbol, array.shape) for symbol, array in run.parameters.items())
    return known[id(run.lines)], id(run.cell), shapes, tuple(run.starts), run.mirrored, run.lags, run.earlier


def _loose(expression: Expression) -> Hashable:
    """A line, whatever its function is where that works entry by entry on another line of the same step."""
    return ("f", expression.argument) if _is_free(expression) else expression


def _is_free(expression: Expression) -> TypeGuard[Call]:
    if not isinstance(expression, Call) or not isinstance(expression.argument, Name):
        return False
    return not previous(expression.argument.id) and not FUNCTIONS[expression.function].rowwise


def stacked(specs: Sequence[Spec]) -> Spec:
    """Specs of one kind as one, a lane for each."""
    first, lanes = specs[0], len(specs)
    runs = [_run([spec.all_runs[number] for spec in specs]) for number in range(len(first.all_runs))]
    rates = [spec.task.lr if spec.rules.lr is None else spec.rules.lr for spec in specs]
    each = [replace(spec.rules, lr=rate) for spec, rate in zip(specs, rates)]
    plain = {field.name: getattr(each[0], field.name) for field in fields(Rules)} | {"said": {}}
    numbers = {name: _numbers([getattr(rules, name) for rules in each]) for name in NUMBERS}
    rules = LaneRules(**{**plain, **numbers}, each=tuple(each))
    x = _array([spec.x for spec in specs])
    return replace(first.with_runs(runs), x=x, x_spread=None, rules=rules, lanes=lanes)


def _run(runs: Sequence[Run]) -> Run:
    first = runs[0]
    lines = {line: _line([run.lines[line] for run in runs]) for line in first.lines}
    parameters = {symbol: _array([run.parameters[symbol] for run in runs]) for symbol in first.parameters}
    starts = {state: _array([run.starts[state] for run in runs]) for state in first.starts}
    before = {
        line: _array([run.before.get(line, np.zeros_like(run.starts[line])) for run in runs])
        for line in first.lags
        if line in first.starts
    }
    return replace(first, lines=lines, parameters=parameters, starts=starts, before=before, spread={})


def _line(expressions: Sequence[Expression]) -> Expression:
    first = expressions[0]
    if not _is_free(first):
        return first
    name = one_or_mixed([expression.function for expression in expressions if _is_free(expression)])
    return first if isinstance(name, str) else Call(name, first.argument)  # type: ignore[arg-type]


def _array(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays as the lanes of one; the same array for all of them is not copied."""
    first = arrays[0]
    if all(array is first for array in arrays):
        return np.broadcast_to(first[..., None], (*first.shape, len(arrays)))
    return np.stack(arrays, axis=-1)


def _numbers(numbers: Sequence[float | None]) -> Any:
    return numbers[0] if len(set(numbers)) == 1 else np.array(numbers, float)


class Batch:
    """Specs of one kind, solved together. places: where the Specs stand in the list that they were taken from."""

    def __init__(self, specs: Sequence[Spec], places: Sequence[int]):
        self.places = list(places)
        self.said = [specs[at].rules.said for at in places]
        self.spec = stacked([specs[at] for at in places])
        self.order: list[Key] = []
        self.graph = Graph()

    @property
    def lanes(self) -> int:
        return len(self.places)

    def solved(self, wanted: Sequence[Key]) -> Mapping[Key, np.ndarray]:
        """The values of these quantities and of all that some lane reports in their place, as far as there are such."""
        everything = dict.fromkeys(wanted)
        for said in {id(said): said for said in self.said if said}.values():
            everything.update(dict.fromkeys(said[key] for key in wanted if key in said))
        self.graph = graph_of(self.spec, everything)
        there = [key for key in everything if key in self.graph.nodes]
        self.order = self.graph.needed(there)
        return self.graph.walk(self.order)

    def put(self, values: Mapping[Key, np.ndarray], spots: Sequence[tuple[Key, Index]], out: np.ndarray) -> None:
        """Each number of each lane into its row and column of (numbers, Specs); NaN where a lane lacks any of them."""
        found = np.full((len(spots), self.lanes), np.nan)
        for row, (key, spot) in enumerate(spots):
            if key in values:
                found[row] = at(values[key], spot)
        for lane, said in enumerate(self.said):
            if not said:
                continue
            for row, (key, spot) in enumerate(spots):
                other = said.get(key)
                if other is not None:
                    found[row, lane] = at(values[other], spot)[lane] if other in values else np.nan
        lacks = [key for key, _spot in spots if key not in values]
        for lane, said in enumerate(self.said):
            if any(key not in said for key in lacks):
                found[:, lane] = np.nan
        out[:, self.places] = found


def at(value: np.ndarray, spot: Index) -> np.ndarray:
    """One number of a quantity in every lane; a loss that is reported for a gradient is one number for all of them."""
    inside = len(spot) == value.ndim - 1 and all(index < size for index, size in zip(spot, value.shape))
    found: np.ndarray = value[spot if inside else (0,) * (value.ndim - 1)]
    return found


def numbers(specs: Sequence[Spec], spots: Iterable[tuple[Key, Index]]) -> np.ndarray:
    """What each Spec gives for each number, (numbers, Specs)."""
    spots = list(spots)
    wanted = list(dict.fromkeys(key for key, _spot in spots))
    found = np.full((len(spots), len(specs)), np.nan)
    for places in batches(specs):
        batch = Batch(specs, places)
        batch.put(batch.solved(wanted), spots, found)
    return found
