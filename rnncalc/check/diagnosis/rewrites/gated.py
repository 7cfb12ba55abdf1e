"""Mistakes with gates: their order, the update, the reset, the memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import permutations
from typing import TypeGuard

import numpy as np

from rnncalc.check.diagnosis.mistake import Context, Variant
from rnncalc.check.diagnosis.rewrites.shared import changed_run, each, where_possible
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.common.i18n import _
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.expression import Call, Expression, Name, Negative, names, parse, terms, total


def gate_orders(spec: Spec, context: Context) -> Iterator[Variant]:
    """Cut stacked parameters in another order."""
    gated = {number: run for number, run in enumerate(spec.runs) if run.cell.gates and run.cell.name in CELLS}
    letters = {run.cell.gates for run in gated.values()}
    if len(letters) != 1:
        return
    gates = next(iter(letters))
    for order in permutations(gates):
        runs, reported_as, same = list(spec.runs), dict[Key, Key](), True
        for number, run in gated.items():
            given = context.orders.get(number) or gates
            same = same and given == "".join(order)
            changed = {}
            for meant, taken in zip(given, order):
                for stack in ("U", "W", "b"):
                    changed[f"{stack}_{taken}"] = run.parameters[f"{stack}_{meant}"]
                    for head in ("d", "new"):
                        reported_as[(head, number, f"{stack}_{meant}")] = (head, number, f"{stack}_{taken}")
            runs[number] = changed_run(run, changed)
        if not same:
            word = "".join(order)
            rest = [spec.read_out] if spec.read_out else []
            changed_spec = spec.with_runs([*runs, *rest])
            yield Variant(changed_spec, " ".join(order), f"--gates {word}")
            if context.parameters:  # the person lists gradients and updates in that order too
                yield Variant(changed_spec.reporting(reported_as), " ".join(order), f"--gates {word}")


def interleaved(spec: Spec, context: Context) -> Iterator[Variant]:
    """Cut stacked parameters as if each unit's gates stood together: every fourth row is a gate's."""
    for number, run in enumerate(spec.runs):
        gates = context.orders.get(number) or run.cell.gates
        if not gates or run.cell.name not in CELLS:
            continue
        changed, count = dict[str, np.ndarray](), len(gates)
        for stack in ("U", "W", "b"):
            whole = np.concatenate([run.parameters[f"{stack}_{gate}"] for gate in gates])
            changed |= {f"{stack}_{gate}": whole[at::count] for at, gate in enumerate(gates)}
        runs = spec.all_runs
        runs[number] = changed_run(run, changed)
        yield Variant(spec.with_runs(runs), f"0::{count}, 1::{count}, …")


def update_complement(spec: Spec, context: Context) -> Iterator[Variant]:
    """Exchange z and 1 − z in the update of a GRU."""
    for value, text in (("z_new", "h = (1 − z) ∘ h_{t-1} + z ∘ n"), ("z_old", "h = (1 − z) ∘ n + z ∘ h_{t-1}")):

        def change(run: RunSpec, value: str = value) -> RunSpec:
            if "update" not in run.cell.switches or run.cell.switched.get("update", "z_old") == value:
                return run
            return replace(run, lines={**run.lines, "h": run.cell.switch(update=value).lines["h"]})

        rewritten = where_possible(spec, change)
        if rewritten:
            yield Variant(rewritten, text, f"--update {value}")


_RESET = {  # another candidate; before the product d has no place: it is left out, added or reset
    "gru": ({"w_n": "W_n @ h_p", "a_n": "u_n + r * w_n"},),
    "gru_after": tuple(
        {"q_n": "r * h_p", "w_n": f"W_n @ q_n{d}", "a_n": f"u_n + w_n{reset}"}
        for d, reset in (("", ""), (" + d", ""), ("", " + r * d"))
    ),
}


def reset_position(spec: Spec, context: Context) -> Iterator[Variant]:
    """Reset before the recurrent product or after it; every other line, with all its biases, stays as it is."""
    after = _("after the product W_n h"), "--cell gru_after"
    before = _("before the product, to h itself"), "--cell gru"
    for name, said in (("gru", after), ("gru_after", before)):
        for texts in _RESET[name]:
            changed = where_possible(spec, partial(_reset, name=name, texts=texts))
            if changed:
                yield Variant(changed, *said)


def _reset(run: RunSpec, name: str, texts: Mapping[str, str]) -> RunSpec:
    if run.cell.name != name:
        return run
    new = {line: parse(text) for line, text in texts.items()}
    if name == "gru":
        new = {"u_n": total([term for term in terms(run.lines["a_n"]) if "q_n" not in names(term[1])]), **new}
    lines: dict[str, Expression] = {}
    for line, expression in run.lines.items():
        if line == "a_n":
            lines |= new
        elif line not in (*new, "q_n"):
            lines[line] = expression
    return replace(run, lines=lines)


def memory_bare(spec: Spec) -> Spec | None:
    """h = o ∘ c in an LSTM."""

    def change(run: RunSpec) -> RunSpec:
        expression = run.lines.get("tanh_c")
        if not isinstance(expression, Call) or run.cell.name != "lstm":
            return run
        return replace(run, lines={**run.lines, "tanh_c": Call("identity", expression.argument)})

    return where_possible(spec, change)


def lstm_lines(**texts: str) -> Callable[[RunSpec], RunSpec]:
    """Change lines of an LSTM; a line that is new stands before h."""

    def change(run: RunSpec) -> RunSpec:
        if run.cell.name != "lstm" or "tanh_c" not in run.lines:
            return run
        new = {line: parse(text) for line, text in texts.items()}
        lines = {line: expression for line, expression in run.lines.items() if line != "h"}
        return replace(run, lines={**lines, "h": run.lines["h"], **new} if "h" not in new else {**lines, **new})

    return change


def without_forget_gate(spec: Spec) -> Iterator[Spec | None]:
    """c = c_{t-1} + i ∘ g, or i ∘ g."""
    for text in ("c_p + i * g", "i * g"):
        yield where_possible(spec, lstm_lines(c=text))


def forget_bias(spec: Spec) -> Spec | None:
    """Add 1 to b_f in an LSTM."""

    def change(run: RunSpec) -> RunSpec:
        return changed_run(run, {"b_f": run.parameters["b_f"] + 1}) if run.cell.name == "lstm" else run

    return where_possible(spec, change)


def candidate_sigmoid(spec: Spec) -> Spec | None:
    """Put σ in place of the candidate's tanh."""

    def change(run: RunSpec) -> RunSpec:
        lines = dict(run.lines)
        for gate in run.cell.gates:
            expression = lines.get(gate)
            if isinstance(expression, Call) and expression.function == "tanh":
                lines[gate] = Call("sigmoid", expression.argument)
        return replace(run, lines=lines) if run.cell.gates else run

    return where_possible(spec, change)


def negated(spec: Spec, context: Context) -> Iterator[Variant]:
    """Take σ(−a) for σ(a): in all gates, or in one."""
    gates = {gate for run in spec.runs for gate in run.cell.gates if _sigmoid(run.lines.get(gate))}
    for which in (gates, *({gate} for gate in sorted(gates))):
        if which:
            detail = _("in every gate") if which == gates else _("in the gate {gate}").format(gate=min(which))
            yield Variant(each(spec, partial(_negated, gates=which), top=False), detail)


def _sigmoid(expression: Expression | None) -> TypeGuard[Call]:
    return isinstance(expression, Call) and expression.function == "sigmoid" and isinstance(expression.argument, Name)


def _negated(run: RunSpec, gates: Collection[str]) -> RunSpec:
    lines: dict[str, Expression] = {}
    for line, expression in run.lines.items():
        if line in gates and _sigmoid(expression):
            opposite = f"minus the argument of {line}"  # with spaces: no line or parameter of a cell has this name
            lines[opposite] = Negative(expression.argument)
            expression = Call("sigmoid", Name(opposite))
        lines[line] = expression
    return replace(run, lines=lines)
