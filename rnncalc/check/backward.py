"""Loss, backpropagation and update as a graph, built on the forward pass.

Keys: ("losses", era, visit), ("loss", era); ("seed", visit) the loss's gradient where it arrives; ("slope", run, line,
visit); ("∂", run, line, visit) everything that reaches a line; ("∂out", layer, visit); ("∂x", visit); ("term", run,
symbol, step) one step's contribution; ("d", run, symbol); ("dstart", run, state); ("new", run, symbol).

Truncated, a loss goes back in sweeps: partial gradients carry the sweep's number, and ("∂", …) is their sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from rnncalc.cells.adjoint import contributions
from rnncalc.cells.plan import has_product, product_line
from rnncalc.check import intervals
from rnncalc.check.forward import gathered, mirrored
from rnncalc.check.graph import Graph, Key
from rnncalc.check.intervals import Value
from rnncalc.check.spec import Run, Spec
from rnncalc.equations import (
    INPUT,
    Binary,
    Call,
    Expression,
    Name,
    previous,
    signal_of,
)
from rnncalc.functions import FUNCTIONS

Part = tuple[tuple[Key, ...], Callable[..., Value]]  # what it needs, what it adds


def build(graph: Graph, spec: Spec) -> None:
    """Add everything that goes back; the forward pass and the loss's `seed` must be there."""
    _Backward(graph, spec).build()


class _Backward:
    def __init__(self, graph: Graph, spec: Spec):
        self.graph, self.spec, self.rules = graph, spec, spec.rules
        self.sweeps = spec.truncate or 1
        self.parts: dict[Key, list[Part]] = {}
        self.dead: set[Key] = set()

    def build(self) -> None:
        spec = self.spec
        visits = range(spec.visits, 0, -1)
        top = len(spec.layers) - 1
        for visit in visits:
            self._seed(top, visit)
        for sweep in range(self.sweeps):
            for layer in range(top, -1, -1):
                numbers, _merge = spec.layers[layer]
                for visit in visits:
                    self._settle(("∂out", layer, visit, sweep), self._rows(layer, visit))
                for visit in visits:
                    self._share(layer, visit, sweep)
                for number in numbers:
                    for visit in visits:
                        self._run(number, spec.runs[number], visit, sweep)
        self._totals()
        for number, run in enumerate(spec.all_runs):
            self._parameters(number, run)
        self._starts()
        for visit in range(1, spec.visits + 1):
            self._settle(("∂x", visit), spec.x[: spec.schedule.counts[visit - 1]])

    # down to the layers ----------------------------------------------------------------------------------------------

    def _seed(self, top: int, visit: int) -> None:
        """The loss's gradient to where it arrives, and through the read-out."""
        spec, seed = self.spec, ("seed", visit)
        at = spec.question.at if spec.question else "y"
        if spec.read_out:
            number = len(spec.runs)
            self._bring(self._d(number, at, visit, 0), (seed,), _same)
            self._run(number, spec.read_out, visit, 0)
            return
        number = spec.layers[top][0][0]
        run = spec.runs[number]
        if at in run.cell.outputs and at != run.cell.emits:
            self._bring(self._d(number, at, visit, 0), (seed,), _same)
        else:
            self._bring(("∂out", top, visit, 0), (seed,), _same)

    def _share(self, layer: int, visit: int, sweep: int) -> None:
        """What arrives at a layer's output, handed to its runs, each in its own order of time."""
        spec = self.spec
        numbers, merge = spec.layers[layer]
        for place, number in enumerate(numbers):
            run = spec.runs[number]
            emits, width = run.cell.emits, run.sizes[run.cell.size(run.cell.emits)]
            here: Key = self._d(number, emits, visit, sweep)
            turned = run.mirrored and spec.realigned
            visits, pick = gathered(mirrored(spec, visit)) if turned else ([visit], _same)
            if all(("∂out", layer, at, sweep) in self.dead for at in visits):
                continue
            needs: list[Key] = [("∂out", layer, at, sweep) for at in visits]
            if len(numbers) == 1:
                self._bring(here, tuple(needs), pick)
            elif merge == "concat":
                cut = slice(place * width, (place + 1) * width)
                self._bring(here, tuple(needs), lambda *v, pick=pick, cut=cut: pick(*v)[:, cut])
            elif merge == "mul":
                other = numbers[1 - place]
                others = self._others(number, other, visit)
                count = len(needs)
                self._bring(
                    here,
                    (*needs, *others[0]),
                    lambda *v, pick=pick, at=others[1], n=count: pick(*v[:n]) * at(*v[n:]),
                )
            else:
                share = np.array(1.0 if merge == "sum" else 0.5)
                self._bring(here, tuple(needs), lambda *v, pick=pick, share=share: pick(*v) * share)

    def _others(self, number: int, other: int, visit: int) -> tuple[list[Key], Callable[..., Value]]:
        """The other direction's emitted rows at the same original steps as this run's visit."""
        spec = self.spec
        emits = spec.runs[other].cell.emits
        if spec.runs[number].mirrored == spec.runs[other].mirrored or not spec.realigned:
            return [("", other, emits, visit)], _same
        visits, pick = gathered(mirrored(spec, visit))
        return [("", other, emits, at) for at in visits], pick

    # one run at one visit --------------------------------------------------------------------------------------------

    def _run(self, number: int, run: Run, visit: int, sweep: int) -> None:
        """Every line's gradient, from the last line to the first, and what each hands on."""
        for line in reversed(list(run.lines)):
            here: Key = self._d(number, line, visit, sweep)
            self._settle(here, self._zeros(run, line, visit))
            if here in self.dead:
                continue
            expression = run.lines[line]
            if has_product(expression):
                self._through_products(number, run, line, visit, sweep)
            elif isinstance(expression, Call) and FUNCTIONS[expression.function].rowwise:
                assert isinstance(expression.argument, Name)
                back = _BACK[expression.function]
                to = self._d(number, expression.argument.id, visit, sweep)
                self._bring(to, (("", number, line, visit), here), back)
            else:
                for name, term in _contributions(line, expression):
                    self._bring_term(number, run, line, name, term, visit, sweep)

    def _through_products(self, number: int, run: Run, line: str, visit: int, sweep: int) -> None:
        """Transposed weights, to the sources of a product line."""
        products = product_line(line, run.lines[line])
        for term in (*products.inputs, *products.products):
            source: Key = self._d(number, line, visit, sweep)
            if previous(term.source) and not self.rules.recurrent_slope:
                source = next(
                    (self._d(number, value, visit, sweep) for value, e in run.lines.items() if e == _call_of(e, line)),
                    source,
                )
            turned = self.rules.transposed or not previous(term.source)

            def make(weight: Value, gradient: Value, sign: int = term.sign, turned: bool = turned) -> Value:
                if turned or weight.shape[0] != weight.shape[1]:
                    weight = intervals.through(np.transpose, weight)
                found = intervals.applied(weight, gradient)
                return found if sign > 0 else -found

            self._hand_on(number, run, term.source, (("θ", number, term.weight), source), make, visit, sweep)

    def _bring_term(
        self, number: int, run: Run, line: str, name: str, term: Expression, visit: int, sweep: int
    ) -> None:
        """An element-wise line's share for one of its names."""
        found = list(intervals.names_of(term))
        needs = tuple(self._key(number, run, part, visit, sweep) for part in found)
        count = int(self.spec.schedule.counts[visit - 1])
        cut = [previous(part) for part in found]

        def make(*values: Value) -> Value:
            named = {
                part: value[:count] if short and value.shape[0] > count else value
                for part, short, value in zip(found, cut, values)
            }
            return intervals.line(term, named)

        self._hand_on(number, run, name, needs, make, visit, sweep)

    def _hand_on(
        self, number: int, run: Run, name: str, needs: tuple[Key, ...], make: Any, visit: int, sweep: int
    ) -> None:
        """To a signal of this step, of the step before, to the input below, or to a parameter used entry by entry."""
        if name in run.parameters:
            self._bring(("each", number, name, visit), needs, make)
            return
        if name == INPUT:
            self._to_input(number, run, needs, make, visit, sweep)
            return
        if not previous(name):
            self._bring(self._d(number, name, visit, sweep), needs, make)
            return
        state = signal_of(name)
        before = visit - (2 if state in run.lags else 1)
        if before < 0:
            return
        if before < 1:
            self._bring(("dstart", number, state), needs, self._padded(make, visit))
            return
        chunk = self.spec.chunk
        if not self.rules.through_time or (chunk and (visit - 1) % chunk == 0):
            return
        after = sweep + 1 if self.spec.truncate else sweep
        if after < self.sweeps:
            self._bring(self._d(number, state, before, after), needs, self._padded(make, visit, before))

    def _to_input(self, number: int, run: Run, needs: tuple[Key, ...], make: Any, visit: int, sweep: int) -> None:
        """To the layer below, or to x, in the original order of time."""
        spec = self.spec
        layer = next((k for k, (numbers, _m) in enumerate(spec.layers) if number in numbers), len(spec.layers))
        if run.earlier:
            if visit > 1:
                self._bring(("∂out", layer - 1, visit - 1, sweep), needs, self._padded(make, visit, visit - 1))
            return
        if not run.mirrored:
            self._bring(("∂out", layer - 1, visit, sweep) if layer else ("∂x", visit), needs, make)
            return
        kept = ("∂in", number, visit, sweep)
        self._bring(kept, needs, make)
        self._mirror_down(layer, number, visit, sweep, kept)

    def _mirror_down(self, layer: int, number: int, visit: int, sweep: int, kept: Key) -> None:
        """Rows of one visit from the end, to the visits from the start that they belong to."""
        for row, (at, _row) in enumerate(mirrored(self.spec, visit)):
            to: Key = ("∂out", layer - 1, at, sweep) if layer else ("∂x", at)
            once = ("mirrored", number, visit, sweep, at, row)
            if once in self.dead:
                continue
            self.dead.add(once)
            count = int(self.spec.schedule.counts[at - 1])

            def make(value: Value, row: int = row, count: int = count) -> Value:
                return intervals.through(lambda array: _placed(array[row], row, count), value)

            self.parts.setdefault(to, []).append(((kept,), make))

    def _padded(self, make: Any, visit: int, before: int = 0) -> Any:
        """A shorter step's rows among those of the step before; the others get nothing."""
        counts = self.spec.schedule.counts
        count = int(counts[visit - 1])
        rows = int(counts[before - 1]) if before else self.spec.schedule.sequences
        if rows == count:
            return make

        def padded(*values: Value) -> Value:
            return intervals.through(
                lambda array: np.concatenate([array, np.zeros((rows - count, array.shape[1]))]), make(*values)
            )

        return padded

    def _key(self, number: int, run: Run, name: str, visit: int, sweep: int) -> Key:
        """Where a name of a gradient's line stands."""
        if name.startswith("∂"):
            return self._d(number, name[1:], visit, sweep)
        if name.startswith("slope:"):
            return self._slope(number, run, name.removeprefix("slope:"), visit)
        if name == INPUT:
            return self._x(number, run, visit)
        if name in run.parameters:
            return ("θ", number, name)
        signal = signal_of(name)
        return ("", number, signal, visit - (2 if signal in run.lags else 1) if previous(name) else visit)

    def _x(self, number: int, run: Run, visit: int) -> Key:
        """What a run sees at a visit."""
        spec = self.spec
        if run.mirrored:
            return ("", "in", number, visit)
        layer = next((k for k, (numbers, _m) in enumerate(spec.layers) if number in numbers), len(spec.layers))
        if run.earlier:
            below = spec.layers[-1][0][0]
            return ("", "out", layer - 1, visit - 1) if visit > 1 else ("", below, spec.runs[below].cell.emits, 0)
        return ("", "out", layer - 1, visit) if layer else ("x", visit)

    def _slope(self, number: int, run: Run, line: str, visit: int) -> Key:
        """f′, as the rules have it."""
        key: Key = ("slope", number, line, visit)
        if key in self.graph.nodes:
            return key
        call = run.lines[line]
        assert isinstance(call, Call)
        assert isinstance(call.argument, Name)
        name, rule = call.function, self.rules.slope
        if line not in self.rules.slopes if self.rules.slopes else line in run.cell.outputs:
            rule = "usual"
        value: Key = ("", number, line, visit)
        if rule == "preactivation":
            argument: Key = ("", number, signal_of(call.argument.id), visit)
            return self.graph.add(key, [argument], lambda a: intervals.slope(name, a))
        if rule == "omitted":
            return self.graph.add(key, [value], lambda y: np.ones(y.shape))
        if rule == "twice":
            return self.graph.add(key, [value], lambda y: intervals.square(intervals.slope(name, y)))
        return self.graph.add(key, [value], lambda y: intervals.slope(name, y))

    # sums ------------------------------------------------------------------------------------------------------------

    def _bring(self, to: Key, needs: tuple[Key, ...], make: Callable[..., Value]) -> None:
        if not any(need in self.dead for need in needs):
            self.parts.setdefault(to, []).append((needs, make))

    def _settle(self, key: Key, zeros: np.ndarray) -> None:
        """All that arrived at a key, as one quantity."""
        found = self.parts.pop(key, [])
        for needs, _make in found:
            for need in needs:
                if need[0] == "∂in" and need not in self.graph.nodes:
                    self._settle(need, zeros)
        if found:
            self.graph.add(key, [need for needs, _make in found for need in needs], _sum_of(found), _is_copy(found))
            return
        self.dead.add(key)
        self.graph.given(key, np.zeros_like(zeros))

    def _d(self, number: int, line: str, visit: int, sweep: int) -> Key:
        """What reaches a line: everything, or in this sweep."""
        return ("∂", number, line, visit) if self.sweeps == 1 else ("∂", number, line, visit, sweep)

    def _zeros(self, run: Run, line: str, visit: int) -> np.ndarray:
        return np.zeros((int(self.spec.schedule.counts[visit - 1]), run.sizes[run.cell.size(line)]))

    def _rows(self, layer: int, visit: int) -> np.ndarray:
        numbers, merge = self.spec.layers[layer]
        run = self.spec.runs[numbers[0]]
        width = run.sizes[run.cell.size(run.cell.emits)] * (len(numbers) if merge == "concat" else 1)
        return np.zeros((int(self.spec.schedule.counts[visit - 1]), width))

    def _totals(self) -> None:
        """Over the sweeps: what reached a line in all."""
        if self.sweeps == 1:
            return
        for number, run in enumerate(self.spec.all_runs):
            for line in run.lines:
                for visit in range(1, self.spec.visits + 1):
                    sweeps = [self._d(number, line, visit, sweep) for sweep in range(self.sweeps)]
                    alive = [key for key in sweeps if key in self.graph.nodes and key not in self.dead]
                    key = ("∂", number, line, visit)
                    if alive:
                        self.graph.add(key, alive, _total, copies=len(alive) == 1)
                    else:
                        self.dead.add(key)
                        self.graph.given(key, self._zeros(run, line, visit))

    def _parameters(self, number: int, run: Run) -> None:
        """Each step's contribution to each parameter, and their sum."""
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
            for step, groups in enumerate(steps, 1):
                key: Key = ("term", number, symbol, step)
                parts = [
                    self._contribution(number, run, use, visit, rows)
                    for use in uses
                    for visit, rows in groups.items()
                    if ("∂", number, use[1], visit) not in self.dead
                ]
                for visit, rows in groups.items():
                    each = ("each", number, symbol, visit)
                    parts += [(needs, _rows_summed(make, rows)) for needs, make in self.parts.get(each, [])]
                if parts:
                    self.graph.add(key, [need for needs, _make in parts for need in needs], _sum_of(parts))
                    keys.append(key)
                else:
                    self.graph.given(key, np.zeros_like(run.parameters[symbol]))
            first = self.rules.terms == "first" or (self.rules.terms == "first below" and number < len(self.spec.runs))
            wanted = [key for key in keys if key[3] == 1] if first else keys
            total: Key = ("d", number, symbol)
            if wanted:
                self.graph.add(total, wanted, _total, copies=len(wanted) == 1)
            else:
                self.graph.given(total, np.zeros_like(run.parameters[symbol]))

    def _contribution(self, number: int, run: Run, use: tuple[int, str, str], visit: int, rows: list[int]) -> Part:
        sign, line, source = use
        here: Key = ("∂", number, line, visit)
        whole = rows == list(range(int(self.spec.schedule.counts[visit - 1])))
        if not source:
            return ((here,), lambda g: _signed(sign, intervals.summed(g if whole else g[rows], 0)))
        needs = (here, self._key(number, run, source, visit, 0))

        def make(gradient: Value, vector: Value) -> Value:
            vector = vector[: gradient.shape[0]]
            if not whole:
                gradient, vector = gradient[rows], vector[rows]
            return _signed(sign, intervals.outer(gradient, vector))

        return (needs, make)

    def _steps(self, backwards: bool) -> list[dict[int, list[int]]]:
        """For each step of the original time: visit → the rows that are at that step then."""
        schedule = self.spec.schedule
        present = schedule.present[schedule.order]  # (rows, T)
        found: list[dict[int, list[int]]] = [{} for _step in range(schedule.steps)]
        for row, there in enumerate(present):
            times = np.flatnonzero(there)
            for at, time in enumerate(times):
                visit = len(times) - at if backwards else at + 1
                found[time].setdefault(visit, []).append(row)
        return found

    def _starts(self) -> None:
        for number, run in enumerate(self.spec.runs):
            for state in run.cell.state:
                zeros = np.zeros((self.spec.schedule.sequences, run.sizes[run.cell.size(state)]))
                self._settle(("dstart", number, state), zeros)
                if state in run.shared:
                    make = lambda rows: intervals.through(lambda array: array.sum(axis=0, keepdims=True), rows)  # noqa: E731
                    self.graph.add(("dshared", number, state), [("dstart", number, state)], make)


def update(graph: Graph, spec: Spec) -> None:
    """θ − lr·dθ, with the gradient clipped where that is asked."""
    task, rules = spec.task, spec.rules
    keys = [("d", number, symbol) for number, run in enumerate(spec.all_runs) for symbol in run.parameters]
    lr = np.array(task.lr if rules.lr is None else rules.lr)
    factor: Key = ("clip",)
    most = task.clip_norm
    if most is not None:

        def shrink(*gradients: Value) -> Value:
            squares = [intervals.square(gradient) for gradient in gradients]
            low = sum(float(intervals.bounds(one)[0].sum()) for one in squares)
            high = sum(float(intervals.bounds(one)[1].sum()) for one in squares)
            ends = [min(1.0, most / root) if root else 1.0 for root in (np.sqrt(low), np.sqrt(high))]
            return np.array(ends[0]) if low == high else intervals.Interval(np.array(ends[1]), np.array(ends[0]))

        graph.add(factor, keys, shrink)
    for key in keys:
        needs = [("θ", *key[1:]), key, *([factor] if most is not None else [])]

        def make(theta: Value, gradient: Value, *shrunk: Value) -> Value:
            if task.clip_value is not None:
                bound = task.clip_value
                gradient = intervals.through(lambda array: np.clip(array, -bound, bound), gradient)
            for by in shrunk:
                gradient = gradient * by
            step = gradient * lr
            return theta - step if rules.update < 0 else theta + step

        graph.add(("new", *key[1:]), needs, make)


# ---------------------------------------------------------------------------------------------------------- small parts


def _same(value: Value) -> Value:
    return value


def _signed(sign: int, value: Value) -> Value:
    return value if sign > 0 else -value


def _total(*values: Value) -> Value:
    found = values[0]
    for value in values[1:]:
        found = found + value
    return found


def _sum_of(parts: list[Part]) -> Callable[..., Value]:
    if len(parts) == 1:
        return parts[0][1]
    spans, begin = [], 0
    for needs, make in parts:
        spans.append((make, begin, begin + len(needs)))
        begin += len(needs)

    def total(*values: Value) -> Value:
        return _total(*[make(*values[first:last]) for make, first, last in spans])

    return total


def _is_copy(parts: list[Part]) -> bool:
    return len(parts) == 1 and parts[0][1] is _same


def _rows_summed(make: Callable[..., Value], rows: list[int]) -> Callable[..., Value]:
    return lambda *values: intervals.summed(make(*values)[rows], 0)


def _placed(row: np.ndarray, at: int, count: int) -> np.ndarray:
    found = np.zeros((count, len(row)))
    found[at] = row
    return found


def _call_of(expression: Expression, argument: str) -> Expression | None:
    """The expression, if it is a function of that line."""
    return expression if isinstance(expression, Call) and expression.argument == Name(argument) else None


def _softmax_back(y: Value, dy: Value) -> Value:
    whole = intervals.through(lambda array: array[:, None], intervals.summed(y * dy, -1))
    return y * (dy - whole)


def _log_softmax_back(y: Value, dy: Value) -> Value:
    whole = intervals.through(lambda array: array[:, None], intervals.summed(dy, -1))
    return dy - intervals.through(np.exp, y) * whole


_BACK = {"softmax": _softmax_back, "log_softmax": _log_softmax_back}


@lru_cache(maxsize=1024)
def _contributions(line: str, expression: Expression) -> tuple[tuple[str, Expression], ...]:
    """An element-wise line's shares by name, a function's slope standing as a name of its own."""
    if isinstance(expression, Call):
        assert isinstance(expression.argument, Name)
        gradient = Name("∂" + line)
        if expression.function == "identity":
            return ((expression.argument.id, gradient),)
        return ((expression.argument.id, Binary("*", gradient, Name("slope:" + line))),)
    return tuple(contributions(line, expression))
