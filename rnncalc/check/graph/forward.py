"""The forward pass as a graph: every line of every step is made of earlier ones.

Keys: (era, run, line, visit), with visits from 1 and the initial state at 0; (era, "out", layer, visit), a layer's
output; ("θ", run, symbol), a parameter, and ("new", run, symbol), the updated one. The era is "", or "new" with updated
parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rnncalc.check.graph import intervals, lines
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Value
from rnncalc.check.graph.keys import operand
from rnncalc.check.graph.parts import elementwise
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.expression import INPUT, Call, Expression, Name, previous
from rnncalc.model.equations.stages import has_product, product_line


def build(graph: Graph, spec: Spec, era: str = "", until: int | None = None) -> None:
    """Add the forward pass up to a visit. In the era "new" it takes updated parameters, which must be there."""
    if not era:
        given(graph, spec)
    forward = _Forward(graph, spec, era)
    visits = range(1, (spec.visits if until is None else until) + 1)
    if any(run.mirrored for run in spec.runs):
        for layer in range(len(spec.layers)):
            for visit in visits:
                forward.runs(layer, visit)
            for visit in visits:
                forward.out(layer, visit)
        for visit in visits:
            forward.read_out(visit)
    else:
        for visit in visits:
            for layer in range(len(spec.layers)):
                forward.runs(layer, visit)
                forward.out(layer, visit)
            forward.read_out(visit)
    if spec.softmax_over != "units":
        forward.softmax_elsewhere()


def parameters(graph: Graph, spec: Spec, head: str = "θ") -> None:
    """Add parameters."""
    for number, run in enumerate(spec.all_runs):
        for symbol, array in run.parameters.items():
            graph.given((head, number, symbol), array)


def given(graph: Graph, spec: Spec) -> None:
    """Add parameters and inputs."""
    parameters(graph, spec)
    for visit in range(1, spec.visits + 1):
        rows = spec.schedule.step(visit)[0]
        here = slice(rows.start - spec.schedule.sequences, rows.stop - spec.schedule.sequences)
        graph.given(("x", visit), spec.x[here])


def unsure(spec: Spec) -> dict[Key, np.ndarray]:
    """How far given numbers may be off because they are rounded; empty where they are exact."""
    spreads: dict[Key, np.ndarray] = {}
    if spec.x_spread is None:
        return spreads
    for number, run in enumerate(spec.all_runs):
        spreads |= {("θ", number, symbol): spread for symbol, spread in run.spread.items() if spread.any()}
    for visit in range(1, spec.visits + 1):
        rows = spec.schedule.step(visit)[0]
        first = spec.schedule.sequences
        spreads["x", visit] = spec.x_spread[rows.start - first : rows.stop - first]
    return spreads


def mirrored(spec: Spec, visit: int) -> list[tuple[int, int]]:
    """For each row of a visit counted from the end, (visit counted from the first step, row)."""
    counts = spec.schedule.counts
    return [(int((counts > row).sum()) + 1 - visit, row) for row in range(counts[visit - 1])]


def gathered(picks: Sequence[tuple[int, int]]) -> tuple[list[int], Callable[..., Value]]:
    """Pick rows from several visits: the visits that are needed, and the function that picks."""
    visits = sorted({visit for visit, _row in picks})
    if len(visits) == 1:
        rows = [row for _visit, row in picks]
        if rows == list(range(len(rows))):
            return visits, lambda value: value[: len(rows)]
    places = [(visits.index(visit), row) for visit, row in picks]

    def pick(*values: Value) -> Value:
        return intervals.joined(lambda arrays: np.stack([arrays[at][row] for at, row in places]), values)

    return visits, pick


class _Forward:
    def __init__(self, graph: Graph, spec: Spec, era: str):
        self.graph, self.spec, self.era = graph, spec, era
        self.makers: dict[tuple[int, str, int], Callable[..., Value]] = {}  # shared by all steps
        for number, run in enumerate(spec.runs):
            for line in {*run.cell.state, *run.cell.lines, *run.lines}:
                width = run.sizes[run.cell.size(line)]
                start = run.initial_states.get(line, spec.zeros(spec.schedule.sequences, width))
                graph.given((era, number, line, 0), start)
                if line in run.lags:
                    graph.given((era, number, line, -1), run.before.get(line, np.zeros_like(start)))

    def runs(self, layer: int, visit: int) -> None:
        """Add every line of a layer's runs at one visit."""
        for number in self.spec.layers[layer][0]:
            run = self.spec.runs[number]
            if run.mirrored:
                visits, pick = gathered(mirrored(self.spec, visit))
                below: list[Key] = [(self.era, "out", layer - 1, at) if layer else ("x", at) for at in visits]
                self.graph.add((self.era, "in", number, visit), below, pick)
            for line in run.lines:
                self.line(number, run, line, visit)

    def out(self, layer: int, visit: int) -> None:
        """Add a layer's output, in the original order of time."""
        numbers, merge = self.spec.layers[layer]
        emits = self.spec.runs[numbers[0]].cell.emits
        needs: list[Key] = []
        picks: list[tuple[int, Callable[..., Value]]] = []
        for number in numbers:
            if self.spec.runs[number].mirrored and self.spec.realigned:
                visits, pick = gathered(mirrored(self.spec, visit))
                needs += [(self.era, number, emits, at) for at in visits]
                picks.append((len(visits), pick))
            else:
                needs.append((self.era, number, emits, visit))
                picks.append((1, lambda value: value))

        def make(*values: Value) -> Value:
            parts, begin = [], 0
            for count, pick in picks:
                parts.append(pick(*values[begin : begin + count]))
                begin += count
            return merged(merge, parts)

        self.graph.add((self.era, "out", layer, visit), needs, make)

    def read_out(self, visit: int) -> None:
        """Add s and y."""
        run, number = self.spec.read_out, len(self.spec.runs)
        if run is None:
            return
        for line in run.lines:
            self.line(number, run, line, visit)

    def line(self, number: int, run: RunSpec, line: str, visit: int) -> None:
        """Add a line at one visit."""
        expression = run.lines[line]
        count = int(self.spec.schedule.counts[visit - 1])
        names = list(lines.line_of(expression).names)
        needs = [operand(self.spec, number, run, name, visit, self.era) for name in names]
        copies = isinstance(expression, Call) and expression.function == "identity" and names[0] in run.lines
        which = (number, line, count)
        if which not in self.makers:
            cut = [previous(name) or (name == INPUT and run.earlier) for name in names]
            constant = run.parameters.keys() >= set(names)
            rows = self.spec.zeros(count, run.sizes[run.cell.size(line)]) if constant else None
            self.makers[which] = _maker(expression, names, cut, count, rows)
        self.graph.add((self.era, number, line, visit), needs, self.makers[which], copies)

    def softmax_elsewhere(self) -> None:
        """Take softmax along the steps or the sequences in place of the units."""
        spec, counts = self.spec, self.spec.schedule.counts
        visits = range(1, spec.visits + 1)
        run, number = (spec.read_out, len(spec.runs)) if spec.read_out else (spec.runs[-1], len(spec.runs) - 1)
        function = run.cell.lines["y"].function  # type: ignore[union-attr]
        for visit in visits:
            needs = [(self.era, number, "s", at) for at in visits]

            def make(*scores: Value, at: int = visit) -> Value:
                if spec.softmax_over == "sequences":
                    return intervals.transposed(intervals.function(function, intervals.transposed(scores[at - 1])))
                rows = []
                for row in range(counts[at - 1]):
                    there = [score[row] for score in scores if score.shape[0] > row]
                    mine = intervals.joined(lambda arrays: np.stack(arrays, axis=1), there)  # (O, steps)
                    rows.append(intervals.function(function, mine)[:, at - 1])
                return intervals.joined(np.stack, rows)

            self.graph.nodes.pop((self.era, number, "y", visit))
            self.graph.add((self.era, number, "y", visit), needs, make)


def merged(merge: str, parts: list[Value]) -> Value:
    """Merge the outputs of two directions."""
    if len(parts) == 1:
        return parts[0]
    if merge == "concat":
        return intervals.joined(lambda arrays: np.concatenate(arrays, axis=1), parts)
    if merge == "mul":
        return parts[0] * parts[1]
    both = parts[0] + parts[1]
    return both if merge == "sum" else both * np.array(0.5)


def _maker(
    expression: Expression, names: list[str], cut: list[bool], count: int, rows: np.ndarray | None
) -> Callable[..., Value]:
    """The function that computes a line from the values of its names.

    cut: which names may have more rows than a shorter step, which continues the first ones. rows: zeros, a row for each
    sequence, if the line has only parameters and numbers.
    """
    if has_product(expression):
        return _product_maker(expression, names, cut, count)
    if isinstance(expression, Call) and isinstance(expression.argument, Name) and not cut[0]:
        name = expression.function
        return lambda value: intervals.function(name, value)

    make = elementwise(expression, names, cut, count)
    return make if rows is None else lambda *values: intervals.through(lambda array: array + rows, make(*values))


def _product_maker(expression: Expression, names: list[str], cut: list[bool], count: int) -> Callable[..., Value]:
    line = product_line("", expression)
    products = [
        (term.sign, names.index(term.weight), names.index(term.source)) for term in (*line.inputs, *line.products)
    ]
    biases = [(sign, names.index(bias)) for sign, bias in line.biases]

    def make(*values: Value) -> Value:
        terms = []
        for sign, weight, source in products:
            rows = values[source]
            if cut[source] and rows.shape[0] > count:
                rows = rows[:count]
            term = intervals.applied(values[weight], rows)
            terms.append(term if sign > 0 else -term)
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        for sign, bias in biases:
            total = total + values[bias] if sign > 0 else total - values[bias]
        return total

    return make
