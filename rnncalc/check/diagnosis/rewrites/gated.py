"""What goes wrong with gates: their order, the update, the reset, the memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from rnncalc.check.diagnosis.rewrites.shared import Rewritten, changed_run, each
from rnncalc.check.graph.spec import Run, Spec
from rnncalc.common.i18n import _
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.expression import Call

if TYPE_CHECKING:
    from rnncalc.check.diagnosis.mistake import Context


def gate_orders(spec: Spec, context: Context) -> Rewritten:
    """Stacked parameters cut in another order."""
    gated = {number: run for number, run in enumerate(spec.runs) if run.cell.gates and run.cell.name in CELLS}
    letters = {run.cell.gates for run in gated.values()}
    if len(letters) != 1:
        return
    gates = next(iter(letters))
    for order in permutations(gates):
        runs, said, same = list(spec.runs), dict(spec.rules.said), True
        for number, run in gated.items():
            given = context.orders.get(number) or gates
            same = same and given == "".join(order)
            changed = {}
            for meant, taken in zip(given, order):
                for stack in ("U", "W", "b"):
                    changed[f"{stack}_{taken}"] = run.parameters[f"{stack}_{meant}"]
                    for head in ("d", "new"):
                        said[(head, number, f"{stack}_{meant}")] = (head, number, f"{stack}_{taken}")
            runs[number] = changed_run(run, changed)
        if not same:
            word = "".join(order)
            rest = [spec.read_out] if spec.read_out else []
            changed_spec = spec.with_runs([*runs, *rest])
            yield changed_spec, " ".join(order), f"--gates {word}"
            if context.parameters:  # gradients and updates that are themselves listed in that order
                yield changed_spec.ruled(said=said), " ".join(order), f"--gates {word}"


def update_complement(spec: Spec, context: Context) -> Rewritten:
    """The other update of a GRU."""
    for value in ("z_new", "z_old"):
        changed = False

        def one(run: Run, value: str = value) -> Run:
            nonlocal changed
            if "update" not in run.cell.switches or run.cell.switched.get("update", "z_old") == value:
                return run
            changed = True
            return replace(run, lines={**run.lines, "h": run.cell.switch(update=value).lines["h"]})

        found = each(spec, one, top=False)
        if changed:
            text = "h = (1 − z) ∘ h_{t-1} + z ∘ n" if value == "z_new" else "h = (1 − z) ∘ n + z ∘ h_{t-1}"
            yield found, text, f"--update {value}"


def reset_position(spec: Spec, context: Context) -> Rewritten:
    """Before the recurrent product, or after it; a d that has no place is left out or added to b_n."""
    for name, other in (("gru", "gru_after"), ("gru_after", "gru")):
        if not any(run.cell.name == name for run in spec.runs):
            continue
        for added in (False, True):
            if added and other == "gru_after":
                continue

            def one(run: Run, name: str = name, other: str = other, added: bool = added) -> Run:
                if run.cell.name != name:
                    return run
                cell = CELLS[other].switch(**run.cell.switched) if run.cell.switched else CELLS[other]
                bias = run.parameters["b_n"]
                if other == "gru_after":
                    return replace(run, lines=cell.lines, parameters={**run.parameters, "d": np.zeros_like(bias)})
                return changed_run(replace(run, lines=cell.lines), {"b_n": bias + run.parameters["d"]} if added else {})

            detail = _("after the product W_n h") if other == "gru_after" else _("before the product, to h itself")
            yield each(spec, one, top=False), detail, f"--cell {other}"


def memory_bare(spec: Spec) -> Spec | None:
    """o ∘ c."""
    if not any(run.cell.name == "lstm" for run in spec.runs):
        return None
    return each(spec, lambda run: _relabelled(run, "tanh_c", "identity"), top=False)


def _relabelled(run: Run, line: str, function: str) -> Run:
    expression = run.lines.get(line)
    if not isinstance(expression, Call) or run.cell.name != "lstm":
        return run
    return replace(run, lines={**run.lines, line: Call(function, expression.argument)})


def forget_bias(spec: Spec) -> Spec | None:
    """b_f + 1."""
    if not any(run.cell.name == "lstm" for run in spec.runs):
        return None

    def one(run: Run) -> Run:
        return changed_run(run, {"b_f": run.parameters["b_f"] + 1}) if run.cell.name == "lstm" else run

    return each(spec, one, top=False)


def candidate_sigmoid(spec: Spec) -> Spec | None:
    """σ where the candidate has tanh."""
    if not any(run.cell.gates for run in spec.runs):
        return None

    def one(run: Run) -> Run:
        lines = dict(run.lines)
        for gate in run.cell.gates:
            expression = lines.get(gate)
            if isinstance(expression, Call) and expression.function == "tanh":
                lines[gate] = Call("sigmoid", expression.argument)
        return replace(run, lines=lines)

    return each(spec, one, top=False)
