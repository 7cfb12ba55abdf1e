"""Mistakes that code makes in the forward pass: a state that is not carried on, h and c exchanged, one gate of many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from rnncalc.check.diagnosis.mistake import Context, Variant, Variants, also_in_code, several
from rnncalc.check.diagnosis.rewrites.gated import candidate_sigmoid, lstm_lines
from rnncalc.check.diagnosis.rewrites.shared import changed_run, each, where_possible
from rnncalc.check.diagnosis.rewrites.signals import with_function
from rnncalc.check.diagnosis.rewrites.states import from_zero_in
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import Call, Expression, Name, names, parse, previous, signal_of, substitute
from rnncalc.model.equations.stages import has_product

# states ---------------------------------------------------------------------------------------------------------------


def groups_of_states(spec: Spec) -> list[frozenset[str]]:
    """All states, then each where there are several."""
    every = {state for run in spec.runs for state in run.cell.state}
    return [frozenset(every), *(frozenset({state}) for state in sorted(every) if len(every) > 1)]


def state_not_carried(spec: Spec, context: Context) -> Iterator[Variant]:
    """Begin every step from the initial state, or from zero."""
    if spec.visits < 2:
        return
    for states in groups_of_states(spec):

        def restarted(run: RunSpec, states: frozenset[str] = states) -> RunSpec:
            return replace(run, restarts=run.restarts | states)

        names = ", ".join(sorted(states, reverse=True))
        anew = each(spec, restarted, top=False)
        yield Variant(anew, _("the initial {states}").format(states=names))
        zero = _("zero for {states}").format(states=names)
        yield Variant(each(anew, partial(from_zero_in, states=states), top=False), zero)


def exchanged(spec: Spec, context: Context) -> Iterator[Variant]:
    """Exchange h and c: where they are returned, where a step takes them, or where their gradients arrive or leave."""
    numbers = [number for number, run in enumerate(spec.runs) if set(run.cell.state) == {"h", "c"}]
    if not numbers:
        return
    other = {"h": "c", "c": "h"}

    def reported(head: str, visits: range | tuple[()]) -> dict[Any, Any]:
        tails: list[tuple[int, ...]] = [(visit,) for visit in visits] or [()]
        return {
            (head, number, state, *tail): (head, number, other[state], *tail)
            for number in numbers
            for state in "hc"
            for tail in tails
        }

    def taken(run: RunSpec, at_steps: bool, initial: bool) -> RunSpec:
        if set(run.cell.state) != {"h", "c"}:
            return run
        states = {state: run.initial_states[other[state] if initial else state] for state in run.initial_states}
        return replace(run, exchanged=other if at_steps else run.exchanged, initial_states=states)

    returned = reported("", range(1, spec.visits + 1))
    yield Variant(spec.reporting(returned), _("where they are returned"))
    for at_steps, initial in ((False, True), (True, False), (True, True)):
        changed = each(spec, partial(taken, at_steps=at_steps, initial=initial), top=False)
        yield Variant(changed, _("where a step takes them") if at_steps else _("where a sequence begins"))
        if at_steps:
            yield Variant(changed.reporting(returned), _("where a step takes and returns them"))
    arriving = spec.arriving
    places = {
        (number, line, visit): arriving.get((number, other.get(line, ""), visit), rows)
        for (number, line, visit), rows in arriving.items()
    }
    left = spec.reporting(reported("dstart", ()))
    yield Variant(left, _("where dh and dc are returned"))
    if arriving:
        yield Variant(replace(spec, arriving=places), _("where dh and dc arrive"))
        yield Variant(replace(left, arriving=places), _("where dh and dc arrive and are returned"))


# lines of gated cells -------------------------------------------------------------------------------------------------


def _activations(run: RunSpec) -> dict[str, str]:
    """Lines of the cell that are a function of a preactivation → the function."""
    return {
        line: str(expression.function)
        for line, expression in run.lines.items()
        if isinstance(expression, Call)
        and isinstance(expression.argument, Name)
        and line in run.cell.written
        and line not in run.cell.outputs
        and expression.function != "identity"
    }


def sigmoid(spec: Spec, context: Context) -> Iterator[Variant]:
    """Put the sigmoid in place of the activation, but not in the candidate alone, which is `candidate_sigmoid`."""
    candidate = candidate_sigmoid(spec)
    made = also_in_code(several(with_function("sigmoid")), in_one_line("sigmoid"))
    for variant in made(spec, context):
        if not candidate or any(a.lines != b.lines for a, b in zip(variant.spec.runs, candidate.runs)):
            yield variant


def in_one_line(function: str) -> Variants:
    """Put another function in place of that of one gate, or of the memory; o ∘ c has a name of its own."""

    def change(spec: Spec, context: Context) -> Iterator[Variant]:
        of_gates = {line: used for run in spec.runs if run.cell.gates for line, used in _activations(run).items()}
        functions = of_gates | {"tanh_c": "tanh"} if function != "identity" else of_gates
        for line in [line for line, used in functions.items() if used != function and not spec.forward]:

            def in_line(run: RunSpec, line: str = line) -> RunSpec:
                old = run.lines.get(line)
                if not isinstance(old, Call):
                    return run
                return replace(run, lines={**run.lines, line: Call(function, old.argument)})

            changed = where_possible(spec, in_line)
            if changed is not None:
                yield Variant(changed, line)

    return change


def wrong_quantities(spec: Spec, context: Context) -> Iterator[Variant]:
    """Take another gate for a gate, or another state, such as the memory of the step before, in one line."""
    for run in spec.runs[:1]:
        gates = [line for line, function in _activations(run).items() if function == "sigmoid"]
        for line, expression in run.lines.items() if run.cell.gates else ():
            if has_product(expression) or line in gates or line in run.cell.outputs:
                continue
            before = list(run.lines)[: list(run.lines).index(line)]
            states = [f"{state}_p" for state in run.cell.state] + [state for state in run.cell.state if state in before]
            owner = line
            while owner not in run.cell.written and (uses := [to for to in run.lines if owner in names(run.lines[to])]):
                owner = uses[0]
            for name in names(expression):
                for other in next((kind for kind in (gates, states) if name in kind), []):
                    if other != name:
                        changed = {**run.lines, line: substitute(expression, {name: Name(other)})}
                        text = _("{gradient} with {other} in place of {factor}")
                        said = text.format(gradient=f"{owner}_t", other=_of_step(other), factor=_of_step(name))
                        yield Variant(spec.with_runs([replace(run, lines=changed), *spec.all_runs[1:]]), said)


def joined_crosswise(spec: Spec, context: Context) -> Iterator[Variant]:
    """Put x and h together in the other order, where one matrix multiplies both."""
    if not context.joined:
        return

    def change(run: RunSpec) -> RunSpec:
        changed: dict[str, np.ndarray] = {}
        for gate in run.cell.gates or ("",):
            first, second = (f"{stack}_{gate}".rstrip("_") for stack in context.joined)
            whole = np.concatenate([run.parameters[first], run.parameters[second]], axis=1)
            width = run.parameters[second].shape[1]
            changed |= {second: whole[:, :width], first: whole[:, width:]}
        return changed_run(run, changed)

    yield Variant(each(spec, change, top=False))


def _of_step(name: str) -> str:
    return f"{signal_of(name)}_{{t-1}}" if previous(name) else f"{name}_t"


def activated_twice(spec: Spec, context: Context) -> Iterator[Variant]:
    """σ(σ(a)): in all gates, in one, in the candidate, in all of them; in a plain cell f(f(a))."""
    functions = {line: function for run in spec.runs for line, function in _activations(run).items()}
    gates = [line for line, function in functions.items() if function == "sigmoid"]
    choices = [gates, list(functions), *([line] for line in functions)]
    for chosen in dict.fromkeys(tuple(choice) for choice in choices if choice):

        def change(run: RunSpec, chosen: tuple[str, ...] = chosen) -> RunSpec:
            lines: dict[str, Expression] = {}
            for line, expression in run.lines.items():
                if line in chosen and line in _activations(run) and isinstance(expression, Call):
                    once = f"{line} once"  # with a space: no line or parameter of a cell has this name
                    lines[once] = expression
                    expression = Call(expression.function, Name(once))
                lines[line] = expression
            return replace(run, lines=lines)

        yield Variant(each(spec, change, top=False), ", ".join(chosen))


def without_gate(spec: Spec, context: Context) -> Iterator[Variant]:
    """Take 1 for an LSTM's input or output gate, or for a GRU's reset gate."""
    for gate in ("i", "o", "r"):

        def opened(run: RunSpec, gate: str = gate) -> RunSpec:
            if run.cell.name not in ("lstm", "gru", "gru_after") or gate not in run.lines:
                return run
            return replace(run, lines={**run.lines, gate: parse(f"1 + 0 * a_{gate}")})

        changed = where_possible(spec, opened)
        if changed:
            yield Variant(changed, gate)


def output_gate_inside(spec: Spec) -> Spec | None:
    """h = tanh(o ∘ c)."""
    return where_possible(spec, lstm_lines(o_c="o * c", h="tanh(o_c)"))
