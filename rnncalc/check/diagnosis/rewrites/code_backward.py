"""Mistakes that code makes in the backward pass: in its loops over steps and sequences, its sums, and its cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from rnncalc.check.diagnosis.mistake import Context, Variant
from rnncalc.check.diagnosis.rewrites.code import groups_of_states
from rnncalc.check.diagnosis.rewrites.gated import memory_bare
from rnncalc.check.diagnosis.rewrites.parameters import one_by_one, transpose, transposed
from rnncalc.check.diagnosis.rewrites.shared import changed_run, kinds
from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import Call, names, previous
from rnncalc.model.equations.stages import has_product, product_line

Places = list[tuple[int, str]]  # runs and symbols


def on_values_of(forward: Spec, backward: Spec) -> Spec | None:
    """The gradients of one Spec, computed from the values of another's forward pass; None where a line is missing.

    So a right backward pass goes with a wrong forward pass, and a wrong one with a right one.
    """
    changed = replace(backward, forward=forward.forward or forward)
    return changed if changed.has_values else None


def back_to_the_input(spec: Spec) -> Iterator[Spec | None]:
    """Send the error to x through U in place of Uᵀ: in all gates, or in one."""
    for changed in (transposed("U")(spec), *one_by_one("U", transpose)(spec)):
        if changed is not None:
            yield on_values_of(spec, changed)


def back_through_one(spec: Spec) -> Iterator[Spec | None]:
    """Send the error of one gate back through W in place of Wᵀ."""
    for changed in one_by_one("W", transpose)(spec):
        yield on_values_of(spec, changed)


# gradients of parameters ----------------------------------------------------------------------------------------------


def _groups(spec: Spec, wanted: str = "") -> dict[str, Places]:
    """What is said → parameters: all, those of the cells, and each kind alone; wanted: only some kinds."""
    every = [(number, symbol) for number, run in enumerate(spec.all_runs) for symbol in run.parameters]
    by_kind: dict[str, Places] = {}
    for number, symbol in every:
        run = spec.all_runs[number]
        kind = run.cell.parameters[symbol].stack if symbol in run.cell.parameters else symbol
        if not wanted or kinds(run)[symbol] in wanted:
            by_kind.setdefault(f"d{kind}", []).append((number, symbol))
    cells = {kind: [place for place in places if place[0] < len(spec.runs)] for kind, places in by_kind.items()}
    groups = dict.fromkeys([tuple(by_kind), tuple(kind for kind in by_kind if cells[kind])])
    together = {", ".join(group): [place for kind in group for place in by_kind[kind]] for group in groups}
    return {**together, **by_kind}


def _weighed(spec: Spec, places: Places, weights: np.ndarray) -> Spec:
    """Weigh the summands of these gradients, beside what was weighed before."""
    old: Mapping[tuple[int, str], np.ndarray] = spec.rules.weights
    return spec.with_rules(weights={**old, **{place: old.get(place, 1.0) * weights for place in places}})


def _summands(spec: Spec, step: int | None = None, sequence: int | None = None) -> np.ndarray:
    """Weights that keep one step, one sequence, or both."""
    weights = np.ones((spec.schedule.steps, spec.schedule.sequences))
    if step is not None:
        weights[np.arange(len(weights)) != step] = 0
    if sequence is not None:
        weights[:, spec.schedule.order != sequence] = 0
    return weights


def bias_subtracted(spec: Spec, context: Context) -> Iterator[Variant]:
    """−b in all cells, in the read-out, in both, or in one gate; the gradient of b turns with it."""
    groups = _groups(spec, "bc")
    gates = [[place] for places in groups.values() if len(places) > 1 for place in places]
    for places in (*groups.values(), *gates):
        runs = spec.all_runs
        for number, symbol in places:
            runs[number] = changed_run(runs[number], {symbol: -runs[number].parameters[symbol]})
        yield Variant(_weighed(spec.with_runs(runs), places, -_summands(spec)), _("subtracted, not added"))


def overwritten(spec: Spec, context: Context) -> Iterator[Variant]:
    """Keep one summand: of the step, of the sequence or of both that a loop comes to last."""
    last, sequence = spec.schedule.steps - 1, spec.schedule.sequences - 1
    ends: list[tuple[int | None, int | None]] = [(None, sequence)]
    if last:
        ends += [(0, None), (last, None), (0, sequence), (last, sequence)]
    biases = _groups(spec, "bcd")
    for detail, places in _groups(spec).items():
        for step, row in ends:
            if step is not None or detail not in biases:  # of one sequence alone: `bias_of_one_sequence`
                yield Variant(_weighed(spec, places, _summands(spec, step, row)), detail)


def bias_of_one_sequence(spec: Spec, context: Context) -> Iterator[Variant]:
    """Give a bias the gradient of the first sequence, or of the last."""
    for detail, places in _groups(spec, "bcd").items():
        for sequence in (0, spec.schedule.sequences - 1):
            yield Variant(_weighed(spec, places, _summands(spec, sequence=sequence)), detail)


def means(spec: Spec, context: Context) -> Iterator[Variant]:
    """Divide gradients of parameters by the number of sequences, of steps, or of both."""
    counts = {"N": spec.schedule.sequences, "T": spec.schedule.steps}
    counts["N·T"] = counts["N"] * counts["T"]
    for detail, places in {**_groups(spec), **_groups(spec, "bcd")}.items():
        for letter, count in counts.items():
            yield Variant(_weighed(spec, places, _summands(spec) / count), f"{detail}: 1/{letter}")


def one_sign(spec: Spec) -> Iterator[Spec]:
    """Flip the sign of one gradient, or of what goes back from one line to one name."""
    for places in _groups(spec).values():
        yield _weighed(spec, places, -_summands(spec))
    for edge in _edges(spec):
        yield _with_edges(spec, {edge: -1.0})


# the way back ---------------------------------------------------------------------------------------------------------


def _edges(spec: Spec) -> dict[tuple[str, str], None]:
    """Lines and the names in them to which gradients go back."""
    edges: dict[tuple[str, str], None] = {}
    for run in spec.runs:
        for line, expression in run.lines.items():
            parts = names(expression)
            if has_product(expression):
                products = product_line(line, expression)
                parts = [term.source for term in (*products.inputs, *products.products)]
            edges |= {(line, name): None for name in parts if name not in run.parameters}
    return edges


def _with_edges(spec: Spec, edges: Mapping[tuple[str, str], float]) -> Spec:
    return spec.with_rules(edges={**spec.rules.edges, **edges})


def next_omitted(spec: Spec, context: Context) -> Iterator[Variant]:
    """Leave out what comes from the next step: to all states, to one, on one way; or what comes to c through h."""
    for states in reversed(groups_of_states(spec)):  # one state first: in a single step all of them give the same
        said = ", ".join(f"d{state}" for state in sorted(states, reverse=True))
        cut = _with_edges(spec, {("", state): 0.0 for state in states})
        yield Variant(cut, said)
        memory = [place for place in spec.arriving if place[1] in states and place[1] == "c"]
        if memory:  # what arrives at the memory comes from a next step, too
            kept = {place: rows for place, rows in spec.arriving.items() if place not in memory}
            if len(states) == 1:
                yield Variant(replace(spec, arriving=kept), said)
            yield Variant(replace(cut, arriving=kept), said)
    for line, name in _edges(spec):
        if previous(name) or (line, name) == ("tanh_c", "c"):
            to = name.removesuffix("_p")
            said = _("d{state}, the part through {line}").format(state=to, line="h" if line == "tanh_c" else line)
            yield Variant(_with_edges(spec, {(line, name): 0.0}), said)


def arriving_as_one(spec: Spec, context: Context) -> Iterator[Variant]:
    """Take 1 for what arrives at h, or at c; what comes from the next step is left out too, or not."""
    for state in sorted({place[1] for place in spec.arriving}):
        ones = {place: np.ones_like(rows) if place[1] == state else rows for place, rows in spec.arriving.items()}
        changed = replace(spec, arriving=ones)
        yield Variant(changed, f"d{state}")
        yield Variant(_with_edges(changed, {("", state): 0.0}), f"d{state}")


def without_target(spec: Spec) -> Spec | None:
    """Begin with y in place of y − t, where the loss is one of the scores."""
    if spec.objective is None or spec.objective.loss is None or spec.objective.at != "s":
        return None
    return spec.with_rules(upstream="without target")


def of_wrong_step(spec: Spec, context: Context) -> Iterator[Variant]:
    """Take the values of another step on the way back: of the last, the first, one before or after, in wrong order."""
    T = spec.visits
    if T > 1 and len(set(spec.schedule.counts)) == 1 and not spec.rules.cache:
        every = range(1, T + 1)
        caches: list[tuple[tuple[int, ...], str, str]] = [
            ((T,) * T, _("of the last step"), "all input"),
            ((1,) * T, _("of the first step"), "all input"),
            (tuple(reversed(every)), _("of step T + 1 − t"), "all input previous"),
            ((1, *every[:-1]), _("of the step before"), "all input previous"),
            ((T, *every[:-1]), _("of the step before"), "all input"),
            ((*every[1:], T), _("of the step after"), "all input"),
            ((*every[1:], 1), _("of the step after"), "all input"),
        ]
        for cache, said, parts in caches:
            for part in parts.split():
                yield Variant(spec.with_rules(cache=cache, cached=part), said)
    for states in groups_of_states(spec):
        swap = tuple((f"{state}_p", state) for state in sorted(states))
        said = ", ".join(_("{state}_t for {state}_{{t-1}}").format(state=state) for _before, state in swap)
        yield Variant(spec.with_rules(read_as=(*spec.rules.read_as, *swap)), said)


def memory_read(spec: Spec) -> Iterator[Spec | None]:
    """Read c in place of tanh(c) on the way back: in do, with the slope of c, or with none."""
    if memory_bare(spec):
        bare = spec.with_rules(read_as=(*spec.rules.read_as, ("tanh_c", "c")))
        yield bare
        for slope in ("preactivation", "omitted"):
            yield bare.with_rules(slope=slope, slopes=frozenset({"tanh_c"}))


def slope_of_one_line(rule: str) -> Callable[[Spec], Iterator[Spec]]:
    """Change f′ in one line of the cells."""

    def change(spec: Spec) -> Iterator[Spec]:
        calls = {
            line
            for run in spec.runs
            for line, expression in run.lines.items()
            if isinstance(expression, Call) and expression.function != "identity" and line not in run.cell.outputs
        }
        for line in sorted(calls) if len(calls) > 1 else ():
            yield spec.with_rules(slope=rule, slopes=frozenset({line}))

    return change
