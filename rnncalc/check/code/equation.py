"""The equation that a mistake touches, as it should be, in the letters of the person's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rnncalc.check.code.mistake_search import Explanation
from rnncalc.check.code.signature import FunctionSignature, arguments
from rnncalc.check.diagnosis.rewrites.factors import right_factors
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import INPUT, names, previous, signal_of
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.printer import Letters, Place

STACKS = ("U", "W", "b", "V", "c", "d")


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {name for name in before if after.get(name) is not before[name]}


def touched_line(before: Spec, after: Spec, function: FunctionSignature) -> Formula | None:
    """The first equation of the right cell that a mistake touches, in the person's letters."""
    for old, new in zip(before.all_runs, after.all_runs) if not after.forward else ():
        symbols = _changed(old.parameters, new.parameters)
        if len(symbols) > 1 and len({symbol.partition("_")[0] for symbol in symbols}) == 3:
            return None  # all stacks: another order of gates, which no equation shows
        states = _changed(old.initial_states, new.initial_states) | (new.lags - old.lags)
        for line, expression in old.lines.items():
            inside = names(expression)
            if (
                new.lines.get(line) != expression
                or any(name in symbols for name in inside)
                or any(previous(name) and signal_of(name) in states for name in inside)
                or (after.x is not before.x and INPUT in inside)
            ):
                return _formula(old, line, function, "h" if old is before.read_out else "x")
    return None


def rule_of(explanation: Explanation, gates: str) -> str:
    """What is right in words, where that depends on the function; otherwise the mistake's lesson says it."""
    before, after = explanation.before[0], explanation.specs[0]
    match explanation.mistake.id:
        case "gate_order" if gates:
            return _("the gates stand in the order {order}").format(order=" ".join(gates))
        case "wrong_factor":
            return right_factors(before, after)
        case "memory_activation_omitted" if after.rules is not before.rules:  # on the way back alone
            return "do = dh ∘ tanh(c), dc = dh ∘ o ∘ (1 − tanh²(c))"
        case "next_gradient_omitted" if "c" not in before.runs[0].cell.state:
            return _("dh_t = dh_t from outside + dh_next")
        case "loss_factor" if before.task.loss == "cross_entropy":
            return _("the loss is the sum of −log y_t[target] over the steps")
    return ""


def _formula(run: RunSpec, line: str, function: FunctionSignature, takes: str) -> Formula:
    """The equation as the cell writes it; of a line that it does not write by itself, the one that holds it."""
    written, lines = run.cell.written, run.cell.lines
    while line not in written:
        line = next(other for other in lines if line in names(lines[other]))
    place = Place(signals=frozenset(run.lines))
    return Formula(line, (written[line],), replace(letters(function), labels=run.cell.labels, input=takes), place)


def letters(function: FunctionSignature) -> Letters:
    """The person's names of our arrays: Wx for U."""
    ours = {name.replace(".", "_"): theirs for name, theirs in arguments(function) if name.partition(".")[0] in STACKS}
    rows = any(layout.names[0][0] == "U" and layout.axes[0][0] == ("D",) for layout in function.given)
    return Letters(ours, rows=rows)
