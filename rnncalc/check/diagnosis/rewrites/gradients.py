"""Mistakes with the rules of the gradient, with the loss, and with what is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rnncalc.check.diagnosis.mistake import Context, Variant
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import Call


def slopes(rule: str) -> Callable[[Spec], Iterator[Spec | None]]:
    """Change f′ in every line of the cells, in those around a preactivation, in the others, or in the output's."""

    def change(spec: Spec) -> Iterator[Spec | None]:
        calls = {
            (line, run.cell.preactivations.get(line) or line in run.cell.written)
            for run in spec.all_runs
            for line, expression in run.lines.items()
            if isinstance(expression, Call) and expression.function != "identity" and line not in run.cell.outputs
        }
        yield spec.with_rules(slope=rule)
        gates = frozenset(line for line, gate in calls if gate)
        others = frozenset(line for line, gate in calls if not gate)
        if gates and others:
            yield spec.with_rules(slope=rule, slopes=gates)
            yield spec.with_rules(slope=rule, slopes=others)
        if getattr(spec.top.lines.get("y"), "function", "") in ("sigmoid", "tanh"):
            yield spec.with_rules(slope=rule, slopes=frozenset({"y"}))
            yield spec.with_rules(slope=rule, slopes=gates | others | {"y"})

    return change


def loss_factors(spec: Spec, context: Context) -> Iterator[Variant]:
    """Multiply the loss, its gradient or both by ½, 2, the number of steps, sequences or outputs, or one over it."""
    factors: dict[float, str] = {0.5: "½", 2.0: "2"}
    for count, text in ((context.steps, "T"), (context.sequences, "N"), (context.outputs, "O")):
        if count > 1:
            factors.setdefault(1 / count, f"1/{text}")
            factors.setdefault(float(count), text)
    targets = _rows_with_targets(spec)
    if targets > 1:
        factors.setdefault(1 / targets, "1/T")
    name = spec.task.loss or ""
    for factor, text in factors.items():
        option = ""
        if name == "half_squared_error" and factor == 2:
            option = "--loss squared_error"
        elif name == "squared_error" and factor == 0.5:
            option = "--loss half_squared_error"
        elif text == "1/T" and not spec.task.reduction and not name.startswith("mean"):
            option = "--reduction mean"
        elif text == "1/N" and not spec.task.reduction and not name.startswith("mean"):
            option = "--reduction batch_mean"
        yield Variant(spec.with_rules(loss_factor=factor, gradient_factor=factor), text, option)
        yield Variant(spec.with_rules(gradient_factor=factor), text, option)
        yield Variant(spec.with_rules(loss_factor=factor), text, option)


def _rows_with_targets(spec: Spec) -> int:
    return int((~np.isnan(spec.objective.rows)).any(axis=-1).sum()) if spec.objective else 0


def loss_for_gradient(spec: Spec, context: Context) -> Iterator[Variant]:
    """Report the loss, or a step's, in place of all wrong gradients of parameters, or of one."""
    gradients = [key for key in context.wrong if key[0] in ("d", "dstart", "dshared")]
    if not gradients or spec.objective is None:
        return
    sources: list[tuple[Key, str]] = [(("loss", ""), _("the total"))]
    sources += [(("losses", "", visit), _("step {t}").format(t=visit)) for visit in range(1, spec.visits + 1)]
    for group in _groups(gradients):
        for source, text in sources:
            yield Variant(spec.reporting(dict.fromkeys(group, source)), text)


def gradient_for_parameter(spec: Spec, context: Context) -> Iterator[Variant]:
    """Report dθ in place of the updated θ."""
    updated = [key for key in context.wrong if key[0] == "new" and len(key) == 3]
    for group in _groups(updated):
        yield Variant(spec.reporting({key: ("d", *key[1:]) for key in group}))


def _groups(keys: list[Any]) -> list[list[Any]]:
    """All keys together, then each alone."""
    if not keys:
        return []
    return [keys, *([key] for key in keys if len(keys) > 1)]
