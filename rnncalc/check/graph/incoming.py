"""Collects the incoming gradients of each quantity, until they are summed, and finds the quantities that they need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncalc.check.graph import intervals
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Value
from rnncalc.check.graph.keys import operand, parameter
from rnncalc.check.graph.many_problems import PerLane
from rnncalc.check.graph.parts import Part, elementwise, is_copy, slopes, sum_of
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.derivative import slope_needs_argument
from rnncalc.model.equations.expression import INPUT, Call, Name, names, previous, signal_of
from rnncalc.model.equations.stages import has_product


class IncomingGradients:
    """The incoming gradients of each quantity, part by part.

    reach: how many steps a gradient may go back, plus one; 1 where BPTT is not truncated. dead: gradients that are 0.
    """

    def __init__(self, graph: Graph, spec: Spec):
        self.graph, self.spec, self.rules = graph, spec, spec.rules
        self.reach = spec.truncate or 1
        self.parts: dict[Key, list[Part]] = {}
        self.dead: set[Key] = set()
        self.read_as = dict(spec.rules.read_as)

    def _bring(self, to: Key, needs: tuple[Key, ...], make: Callable[..., Value]) -> None:
        """Add an incoming gradient, unless it is made of one that is 0."""
        if not any(need in self.dead for need in needs):
            self.parts.setdefault(to, []).append((needs, make))

    def _settle(self, key: Key, zeros: np.ndarray) -> None:
        """Add the sum of a key's incoming gradients to the graph."""
        parts = self.parts.pop(key, [])
        for needs, _make in parts:
            for need in needs:
                if need[0] == "∂in" and need not in self.graph.nodes:
                    self._settle(need, zeros)
        if parts:
            self.graph.add(key, [need for needs, _make in parts for need in needs], sum_of(parts), is_copy(parts))
            return
        self.dead.add(key)
        self.graph.given(key, np.zeros_like(zeros))

    def _d(self, number: int, line: str, visit: int, steps_back: int) -> Key:
        """The key of a line's gradient: all of it, or what has gone back so many steps."""
        return ("∂", number, line, visit) if self.reach == 1 else ("∂", number, line, visit, steps_back)

    def _zeros(self, run: RunSpec, line: str, visit: int) -> np.ndarray:
        return self.spec.zeros(int(self.spec.schedule.counts[visit - 1]), run.sizes[run.cell.size(line)])

    def _rows(self, layer: int, visit: int) -> np.ndarray:
        numbers, merge = self.spec.layers[layer]
        run = self.spec.runs[numbers[0]]
        width = run.sizes[run.cell.size(run.cell.emits)] * (len(numbers) if merge == "concat" else 1)
        return self.spec.zeros(int(self.spec.schedule.counts[visit - 1]), width)

    def _padded(self, make: Any, visit: int, before: int = 0) -> Any:
        """Pad the rows of a shorter step with zeros to those of the step before."""
        counts = self.spec.schedule.counts
        count = int(counts[visit - 1])
        rows = int(counts[before - 1]) if before else self.spec.schedule.sequences
        if rows == count:
            return make

        def padded(*values: Value) -> Value:
            return intervals.through(
                lambda array: np.concatenate([array, np.zeros((rows - count, *array.shape[1:]))]), make(*values)
            )

        return padded

    def _key(self, number: int, run: RunSpec, name: str, visit: int, steps_back: int) -> Key:
        """The key of a name in the equation of a gradient."""
        if name.startswith("∂"):
            return self._d(number, name[1:], visit, steps_back)
        if name.startswith("slope:"):
            return self._slope(number, run, name.removeprefix("slope:"), visit)
        if name in run.parameters:
            return parameter(self.spec, number, name)
        part = "input" if name == INPUT else "previous" if previous(name) else ""
        name = self.read_as.get(name, name)
        if self._is_made_again(number, run, name):
            return self._made_again(number, run, name, visit)
        values = self.spec.forward or self.spec
        return operand(values, number, values.all_runs[number], name, self._cached(number, visit, part))

    def _is_made_again(self, number: int, run: RunSpec, line: str) -> bool:
        """Whether a part of an equation is computed again on the way back: from other names, or as the other pass."""
        forward, expression = self.spec.forward, run.lines.get(line)
        if not (self.read_as or forward) or expression is None or line in run.cell.written or has_product(expression):
            return False
        differs = forward is not None and forward.all_runs[number].lines[line] != expression
        return differs or not self.read_as.keys().isdisjoint(names(expression))

    def _made_again(self, number: int, run: RunSpec, line: str, visit: int) -> Key:
        """The key of a part of an equation that is computed again on the way back."""
        expression, count = run.lines[line], int(self.spec.schedule.counts[visit - 1])
        parts = names(expression)
        needs = [self._key(number, run, part, visit, 0) for part in parts]
        make = elementwise(expression, parts, [True] * len(parts), count)
        if isinstance(expression, Call):
            make = lambda value, name=expression.function: intervals.function(name, value)  # noqa: E731
        return self.graph.add(("again", number, line, visit), needs, make)

    def _cached(self, number: int, visit: int, part: str) -> int:
        """The visit from which a cell takes its values on the way back."""
        taken = number < len(self.spec.runs) and self.rules.cache and self.rules.cached in ("all", part)
        return self.rules.cache[visit - 1] if taken else visit

    def _slope(self, number: int, run: RunSpec, line: str, visit: int) -> Key:
        """The key of f′ under the rules."""
        key: Key = ("slope", number, line, visit)
        if key in self.graph.nodes:
            return key
        call = run.lines[line]
        assert isinstance(call, Call)
        assert isinstance(call.argument, Name)
        name, rule = call.function, self.rules.slope_of(run.cell, line)
        at = self._cached(number, visit, "")
        value: Key = ("", number, line, at)
        if self._is_made_again(number, run, line):
            value = self._made_again(number, run, line, visit)
        argument: Key = ("", number, signal_of(call.argument.id), at)
        if isinstance(name, str) and slope_needs_argument(name):
            value = argument
        if isinstance(rule, PerLane):
            return self.graph.add(key, [value, argument], lambda y, a: slopes(name, rule, y, a))
        if rule == "preactivation":
            return self.graph.add(key, [argument], lambda a: intervals.slope(name, a))
        if rule == "omitted":
            return self.graph.add(key, [value], lambda y: np.ones(y.shape))
        if rule == "twice":
            return self.graph.add(key, [value], lambda y: intervals.square(intervals.slope(name, y)))
        return self.graph.add(key, [value], lambda y: intervals.slope(name, y))
