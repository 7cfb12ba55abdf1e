"""Mistakes with functions, inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from rnncalc.check.diagnosis.rewrites.shared import each, on_top
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.expression import Call, Name, names, substitute


def with_function(function: str) -> Callable[[Spec], Iterator[Spec | None]]:
    """Put another function in place of the activation; in a gated cell of the candidate's, of the gates', or of all."""

    def change(spec: Spec) -> Iterator[Spec | None]:
        gated = any(run.cell.gates for run in spec.runs)
        choices: list[tuple[tuple[str, ...], bool]] = [((), True)]
        if gated:
            choices = [(("tanh",), True), (("tanh",), False), (("sigmoid",), False), (("tanh", "sigmoid"), False)]
        for replaced, labels in choices:
            if (function,) != replaced:
                change_run = partial(_functions, function=function, replaced=replaced, labels=labels)
                yield each(spec, change_run, top=False)

    return change


def _functions(run: RunSpec, function: str, replaced: tuple[str, ...], labels: bool) -> RunSpec:
    lines = {}
    for line, expression in run.lines.items():
        if (
            isinstance(expression, Call)
            and line not in run.cell.outputs
            and (not replaced or expression.function in replaced)
            and (labels or line in run.cell.written)
        ):
            expression = Call(function, expression.argument)
        lines[line] = expression
    return replace(run, lines=lines)


def without_output(spec: Spec) -> Spec | None:
    """y_t = s_t."""
    top = spec.top
    if not isinstance(top.lines.get("y"), Call) or "y" not in top.cell.outputs:
        return None
    return on_top(spec, replace(top, lines={**top.lines, "y": Call("identity", Name("s"))}))


def softmax_over(what: str) -> Callable[[Spec], Spec | None]:
    """Take softmax along another axis."""

    def change(spec: Spec) -> Spec | None:
        top = spec.top
        function = getattr(top.lines.get("y"), "function", "")
        length = spec.visits if what == "steps" else spec.schedule.sequences
        if function not in ("softmax", "log_softmax") or length < 2 or "y" in top.cell.state:
            return None
        return replace(spec, softmax_over=what)

    return change


def inputs_reversed(spec: Spec) -> Spec | None:
    """Reverse the order of the inputs."""
    return replace(spec, x=spec.x[spec.schedule.mirror]) if spec.visits > 1 else None


def inputs_shifted(spec: Spec) -> Spec:
    """Use x_{t-1} for x_t, with zero first."""
    before = spec.schedule.before - spec.schedule.sequences
    return replace(spec, x=np.where(before[:, None] < 0, 0.0, spec.x[np.maximum(before, 0)]))


def output_earlier(spec: Spec) -> Spec | None:
    """Read y_t from h_{t-1}."""
    top = spec.layers[-1][0]
    if spec.read_out:
        if len(top) > 1 or spec.runs[top[0]].mirrored:
            return None
        return replace(spec, read_out=replace(spec.read_out, earlier=True))
    run = spec.runs[top[0]]
    if "s" not in run.cell.outputs or "h" not in names(run.lines["s"]):
        return None
    return on_top(spec, replace(run, lines={**run.lines, "s": substitute(run.lines["s"], {"h": Name("h_p")})}))


def realigned(spec: Spec) -> Iterator[Spec | None]:
    """Leave backward states in the order of computation: where they are merged, where they are listed, or in both."""
    mirrored = [number for number, run in enumerate(spec.runs) if run.mirrored]
    if not mirrored or spec.visits < 2:
        return
    yield replace(spec, realigned=False)
    if len(set(spec.schedule.counts)) > 1:
        return
    reported_as = {
        ("", number, line, visit): ("", number, line, spec.visits + 1 - visit)
        for number in mirrored
        for line in spec.runs[number].lines
        for visit in range(1, spec.visits + 1)
    }
    listed = spec.reporting(reported_as)
    yield listed
    yield replace(listed, realigned=False)
