"""Gradients of parameters and initial states: each step's contribution, and their sum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnncalc.check.graph import intervals
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.incoming import IncomingGradients
from rnncalc.check.graph.intervals import Value
from rnncalc.check.graph.parts import Part, added, rows_summed, same, signed, sum_of
from rnncalc.check.graph.spec import RunSpec
from rnncalc.model.equations.stages import has_product, product_line


def _weigh(weights: np.ndarray | None, step: int, rows: list[int]) -> Callable[[Value], Value]:
    """Weigh the rows of a step, in a sum over steps and sequences."""
    return same if weights is None else lambda gradient: gradient * weights[step - 1, rows][:, None]


class Sums(IncomingGradients):
    """The sums over time, once every line has its gradient."""

    def _parameters(self, number: int, run: RunSpec) -> None:
        """Add each step's contribution to each parameter, and their sum."""
        terms: dict[str, list[tuple[int, str, str]]] = {symbol: [] for symbol in run.parameters}
        for line, expression in run.lines.items():
            if has_product(expression):
                products = product_line(line, expression)
                for term in (*products.inputs, *products.products):
                    terms[term.weight].append((term.sign, line, term.source))
                for sign, bias in products.biases:
                    terms[bias].append((sign, line, ""))
        steps = self._steps(run.mirrored)
        for symbol, uses in terms.items():
            keys = []
            weights = self.rules.weights.get((number, symbol))
            for step, groups in enumerate(steps, 1):
                key: Key = ("term", number, symbol, step)
                parts = [
                    self._contribution(number, run, use, visit, rows, _weigh(weights, step, rows))
                    for use in uses
                    for visit, rows in groups.items()
                    if ("∂", number, use[1], visit) not in self.dead
                ]
                for visit, rows in groups.items():
                    each = ("each", number, symbol, visit)
                    weigh = _weigh(weights, step, rows)
                    parts += [(needs, rows_summed(make, rows, weigh)) for needs, make in self.parts.get(each, [])]
                if parts:
                    self.graph.add(key, [need for needs, _make in parts for need in needs], sum_of(parts))
                    keys.append(key)
                else:
                    self.graph.given(key, np.zeros_like(run.parameters[symbol]))
            first = self.rules.terms == "first" or (self.rules.terms == "first below" and number < len(self.spec.runs))
            wanted = [key for key in keys if key[3] == 1] if first else keys
            total: Key = ("d", number, symbol)
            if wanted:
                self.graph.add(total, wanted, added, copies=len(wanted) == 1)
            else:
                self.graph.given(total, np.zeros_like(run.parameters[symbol]))

    def _contribution(
        self, number: int, run: RunSpec, use: tuple[int, str, str], visit: int, rows: list[int],
        weigh: Callable[[Value], Value],
    ) -> Part:  # fmt: skip
        sign, line, source = use
        here: Key = ("∂", number, line, visit)
        whole = rows == list(range(int(self.spec.schedule.counts[visit - 1])))
        if not source:
            return ((here,), lambda g: signed(sign, intervals.summed(weigh(g if whole else g[rows]), 0)))
        needs = (here, self._key(number, run, source, visit, 0))

        def make(gradient: Value, vector: Value) -> Value:
            vector = vector[: gradient.shape[0]]
            if not whole:
                gradient, vector = gradient[rows], vector[rows]
            return signed(sign, intervals.outer(weigh(gradient), vector))

        return (needs, make)

    def _steps(self, backwards: bool) -> list[dict[int, list[int]]]:
        """For each step in the original order of time: visit → the rows that are at that step then."""
        schedule = self.spec.schedule
        present = schedule.present[schedule.order]  # (rows, T)
        groups: list[dict[int, list[int]]] = [{} for _step in range(schedule.steps)]
        for row, there in enumerate(present):
            times = np.flatnonzero(there)
            for at, time in enumerate(times):
                visit = len(times) - at if backwards else at + 1
                groups[time].setdefault(visit, []).append(row)
        return groups

    def _initial_states(self) -> None:
        for number, run in enumerate(self.spec.runs):
            for state in run.cell.state:
                zeros = self.spec.zeros(self.spec.schedule.sequences, run.sizes[run.cell.size(state)])
                self._settle(("dstart", number, state), zeros)
                if state in run.shared:
                    make = lambda rows: intervals.through(lambda array: array.sum(axis=0, keepdims=True), rows)  # noqa: E731
                    self.graph.add(("dshared", number, state), [("dstart", number, state)], make)
