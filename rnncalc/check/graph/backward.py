"""Backpropagation as a graph, built on the forward pass and the loss.

Keys: ("seed", visit), the loss's gradient at y or s; ("arriving", run, line, visit), one from outside; ("slope", run,
line, visit), f′; ("∂", run, line, visit), the gradient of a line; ("∂out", layer, visit), that of a layer's output;
("∂x", visit); ("term", run, symbol, step), a step's contribution to a parameter; ("d", run, symbol), their sum;
("dstart", run, state), of an initial state.

In truncated BPTT a partial gradient carries the number of steps that it has gone back, which stays below `reach`, and
("∂", …) is the sum over them. This file is longer than others because the way back is one walk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from rnncalc.check.graph import intervals, lines
from rnncalc.check.graph.forward import gathered, mirrored
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Value
from rnncalc.check.graph.keys import before as state_before
from rnncalc.check.graph.keys import layer_of, parameter
from rnncalc.check.graph.parts import BACK, added, call_of, elementwise, placed, same, shares, times
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.check.graph.sums import Sums
from rnncalc.model.equations.expression import INPUT, Call, Expression, Name, previous, signal_of
from rnncalc.model.equations.stages import ProductLine, has_product, product_line


def build(graph: Graph, spec: Spec) -> None:
    """Add the backward pass; the forward pass and the loss's `seed` must be there."""
    _Backward(graph, spec).build()


class _Backward(Sums):
    """The gradients from the loss down to the inputs."""

    def build(self) -> None:
        spec = self.spec
        visits = range(spec.visits, 0, -1)
        top = len(spec.layers) - 1
        for number, line, visit in spec.arriving:
            self._bring(self._d(number, line, visit, 0), (("arriving", number, line, visit),), same)
        for visit in visits:
            self._seed(top, visit)
        for steps_back in range(self.reach):
            for layer in range(top, -1, -1):
                numbers, _merge = spec.layers[layer]
                for visit in visits:
                    self._settle(("∂out", layer, visit, steps_back), self._rows(layer, visit))
                for visit in visits:
                    self._share(layer, visit, steps_back)
                for number in numbers:
                    for visit in visits:
                        self._run(number, spec.runs[number], visit, steps_back)
        self._sum_over_steps_back()
        for number, run in enumerate(spec.all_runs):
            self._parameters(number, run)
        self._initial_states()
        for visit in range(1, spec.visits + 1):
            self._settle(("∂x", visit), spec.x[: spec.schedule.counts[visit - 1]])

    # down to the layers ----------------------------------------------------------------------------------------------

    def _seed(self, top: int, visit: int) -> None:
        """Bring the loss's gradient to y or s, and back through the read-out."""
        spec, seed = self.spec, ("seed", visit)
        if spec.arriving and not spec.objective:
            self.dead.add(seed)
        at = spec.objective.at if spec.objective else "y"
        if spec.read_out:
            number = len(spec.runs)
            self._bring(self._d(number, at, visit, 0), (seed,), same)
            self._run(number, spec.read_out, visit, 0)
            return
        number = spec.layers[top][0][0]
        run = spec.runs[number]
        if at in run.cell.outputs and at != run.cell.emits:
            self._bring(self._d(number, at, visit, 0), (seed,), same)
        else:
            self._bring(("∂out", top, visit, 0), (seed,), same)

    def _share(self, layer: int, visit: int, steps_back: int) -> None:
        """Hand the gradient of a layer's output to its runs, each in its own order of time."""
        spec = self.spec
        numbers, merge = spec.layers[layer]
        for place, number in enumerate(numbers):
            run = spec.runs[number]
            emits, width = run.cell.emits, run.sizes[run.cell.size(run.cell.emits)]
            here: Key = self._d(number, emits, visit, steps_back)
            reordered = run.mirrored and spec.realigned
            visits, pick = gathered(mirrored(spec, visit)) if reordered else ([visit], same)
            if all(("∂out", layer, at, steps_back) in self.dead for at in visits):
                continue
            needs: list[Key] = [("∂out", layer, at, steps_back) for at in visits]
            make: Callable[..., Value] = pick
            if len(numbers) > 1 and merge == "concat":
                cut = slice(place * width, (place + 1) * width)
                make = lambda *v, pick=pick, cut=cut: pick(*v)[:, cut]  # noqa: E731
            elif len(numbers) > 1 and merge == "mul":
                keys, at = self._others(number, numbers[1 - place], visit)
                count = len(needs)
                make = lambda *v, pick=pick, at=at, n=count: pick(*v[:n]) * at(*v[n:])  # noqa: E731
                needs += keys
            elif len(numbers) > 1:
                share = np.array(1.0 if merge == "sum" else 0.5)
                make = lambda *v, pick=pick, share=share: pick(*v) * share  # noqa: E731
            self.parts.setdefault(here, []).append((tuple(needs), make))  # some visits may be 0, not all

    def _others(self, number: int, other: int, visit: int) -> tuple[list[Key], Callable[..., Value]]:
        """The other direction's emitted rows at the same original steps as this run's visit."""
        spec = self.spec
        emits = spec.runs[other].cell.emits
        if spec.runs[number].mirrored == spec.runs[other].mirrored or not spec.realigned:
            return [("", other, emits, visit)], same
        visits, pick = gathered(mirrored(spec, visit))
        return [("", other, emits, at) for at in visits], pick

    # one run at one visit --------------------------------------------------------------------------------------------

    def _run(self, number: int, run: RunSpec, visit: int, steps_back: int) -> None:
        """Go back through a run's lines at one visit, from the last to the first."""
        for line in reversed(list(run.lines)):
            here: Key = self._d(number, line, visit, steps_back)
            self._settle(here, self._zeros(run, line, visit))
            if here in self.dead:
                continue
            expression = run.lines[line]
            if affine(line, expression):
                self._through_products(number, run, line, visit, steps_back)
            elif isinstance(expression, Call) and expression.function in BACK:
                assert isinstance(expression.argument, Name)
                back = BACK[expression.function]
                to = self._d(number, expression.argument.id, visit, steps_back)
                self._bring(to, (("", number, line, visit), here), back)
            else:
                rewritten = dict(self.rules.shares)
                for name, right in shares(line, expression):
                    term = rewritten.get((line, name), right)
                    self._bring_term(number, run, line, name, term, visit, steps_back)

    def _through_products(self, number: int, run: RunSpec, line: str, visit: int, steps_back: int) -> None:
        """Hand a product line's gradient to its sources, through transposed weights."""
        products = affine(line, run.lines[line])
        assert products is not None
        for term in (*products.inputs, *products.products):
            source: Key = self._d(number, line, visit, steps_back)
            if previous(term.source) and not self.rules.recurrent_slope:
                source = next(
                    (
                        self._d(number, value, visit, steps_back)
                        for value, e in run.lines.items()
                        if e == call_of(e, line)
                    ),
                    source,
                )
            transposed = self.rules.transposed or not previous(term.source)

            def make(weight: Value, gradient: Value, sign: int = term.sign, transposed: bool = transposed) -> Value:
                if transposed or weight.shape[0] != weight.shape[1]:
                    weight = intervals.transposed(weight)
                product = intervals.applied(weight, gradient)
                return product if sign > 0 else -product

            needs = (parameter(self.spec, number, term.weight), source)
            handed = times(make, self.rules.edges.get((line, term.source)))
            self._hand_on(number, run, term.source, needs, handed, visit, steps_back)

    def _bring_term(
        self, number: int, run: RunSpec, line: str, name: str, term: Expression, visit: int, steps_back: int
    ) -> None:
        """Hand an element-wise line's gradient to one of its names."""
        names = list(lines.line_of(term).names)
        needs = tuple(self._key(number, run, part, visit, steps_back) for part in names)
        count = int(self.spec.schedule.counts[visit - 1])
        make = elementwise(term, names, [previous(part) for part in names], count)
        make = times(make, self.rules.edges.get((line, name)))
        self._hand_on(number, run, name, needs, make, visit, steps_back)

    def _hand_on(
        self, number: int, run: RunSpec, name: str, needs: tuple[Key, ...], make: Any, visit: int, steps_back: int
    ) -> None:
        """Bring a gradient to a signal of this step or the one before, the input, or an element-wise parameter."""
        if name in run.parameters:
            self._bring(("each", number, name, visit), needs, make)
            return
        if name == INPUT:
            self._to_input(number, run, needs, make, visit, steps_back)
            return
        if not previous(name):
            self._bring(self._d(number, name, visit, steps_back), needs, make)
            return
        state, before = state_before(run, signal_of(name), visit)
        if before < 0:
            return
        if before < 1:
            self._bring(("dstart", number, state), needs, self._padded(make, visit))
            return
        chunk = self.spec.chunk
        if not self.rules.through_time or (chunk and (visit - 1) % chunk == 0):
            return
        make = times(make, self.rules.edges.get(("", state)))
        after = steps_back + 1 if self.spec.truncate else steps_back
        if after < self.reach:
            self._bring(self._d(number, state, before, after), needs, self._padded(make, visit, before))

    def _to_input(
        self, number: int, run: RunSpec, needs: tuple[Key, ...], make: Any, visit: int, steps_back: int
    ) -> None:
        """Bring a gradient to the layer below or to x, in the original order of time."""
        layer = layer_of(self.spec, number)
        if run.earlier:
            if visit > 1:
                self._bring(("∂out", layer - 1, visit - 1, steps_back), needs, self._padded(make, visit, visit - 1))
            return
        if not run.mirrored:
            self._bring(("∂out", layer - 1, visit, steps_back) if layer else ("∂x", visit), needs, make)
            return
        kept = ("∂in", number, visit, steps_back)
        self._bring(kept, needs, make)
        self._mirror_down(layer, number, visit, steps_back, kept)

    def _mirror_down(self, layer: int, number: int, visit: int, steps_back: int, kept: Key) -> None:
        """Bring rows of a visit counted from the end to their visits counted from the first step."""
        for row, (at, _row) in enumerate(mirrored(self.spec, visit)):
            to: Key = ("∂out", layer - 1, at, steps_back) if layer else ("∂x", at)
            once = ("mirrored", number, visit, steps_back, at, row)
            if once in self.dead:
                continue
            self.dead.add(once)
            count = int(self.spec.schedule.counts[at - 1])

            def make(value: Value, row: int = row, count: int = count) -> Value:
                return intervals.through(lambda array: placed(array[row], row, count), value)

            self.parts.setdefault(to, []).append(((kept,), make))

    def _sum_over_steps_back(self) -> None:
        """Sum the gradients that have gone back any number of steps."""
        if self.reach == 1:
            return
        for number, run in enumerate(self.spec.all_runs):
            for line in run.lines:
                for visit in range(1, self.spec.visits + 1):
                    parts = [self._d(number, line, visit, steps_back) for steps_back in range(self.reach)]
                    alive = [key for key in parts if key in self.graph.nodes and key not in self.dead]
                    key = ("∂", number, line, visit)
                    if alive:
                        self.graph.add(key, alive, added, copies=len(alive) == 1)
                    else:
                        self.dead.add(key)
                        self.graph.given(key, self._zeros(run, line, visit))


@lru_cache(maxsize=1024)
def affine(line: str, expression: Expression) -> ProductLine | None:
    """The products of a line, if it has any; cached, since all steps share them."""
    return product_line(line, expression) if has_product(expression) else None
