"""Where a sequence starts, and which earlier state a step sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rnncalc.check.diagnosis.rewrites.shared import each, of_kind, zeroed
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.spec import Run, Spec
from rnncalc.model.equations.expression import Call, Expression, Name, previous, substitute

if TYPE_CHECKING:
    pass


def without_recurrence(spec: Spec) -> Spec:
    """W h_{t-1} left out."""
    return each(spec, lambda run: zeroed(run, of_kind(run, "W")), top=False)


def from_zero(spec: Spec) -> Iterator[Spec]:
    """Starts taken as 0: all of them, or one state's."""
    yield each(spec, lambda run: _from_zero(run, run.cell.state))
    states = {state for run in spec.runs for state in run.cell.state if len(run.cell.state) > 1}
    for state in sorted(states):
        yield each(spec, partial(_from_zero, states=(state,)))


def _from_zero(run: Run, states: Sequence[str]) -> Run:
    starts = {state: np.zeros_like(a) if state in states else a for state, a in run.starts.items()}
    return replace(run, starts=starts)


def from_last(spec: Spec) -> Iterator[Spec]:
    """Started from the state in which the sequence ended, or the sequence before it in the batch."""
    keys = [("", n, state, visit) for n, run in enumerate(spec.runs) for state in run.cell.state
            for visit in range(spec.visits + 1)]  # fmt: skip
    graph = graph_of(spec, keys)
    values = graph.walk(graph.needed(keys))
    counts = spec.schedule.counts

    def last(number: int, state: str) -> np.ndarray:
        rows = [values[("", number, state, int((counts > row).sum()))][row] for row in range(spec.schedule.sequences)]
        return np.array(rows)

    ends = [{state: last(number, state) for state in run.cell.state} for number, run in enumerate(spec.runs)]
    read_out = [spec.read_out] if spec.read_out else []
    yield spec.with_runs([replace(run, starts=end) for run, end in zip(spec.runs, ends)] + read_out)
    if any(len(run.cell.state) > 1 for run in spec.runs):
        for only in sorted({state for run in spec.runs for state in run.cell.state}):
            runs = [
                replace(run, starts={s: end[s] if s == only else run.starts[s] for s in end})
                for run, end in zip(spec.runs, ends)
            ]
            yield spec.with_runs(runs + read_out)


def lagging(spec: Spec) -> Iterator[Spec | None]:
    """h_{t-2}: what stands before h_0 is 0, or h_0 itself."""
    if spec.visits < 2:
        return
    for known in (False, True):
        yield each(spec, partial(_lagging, known=known), top=False)
    if any(len(run.cell.state) > 1 for run in spec.runs):
        yield each(spec, lambda run: replace(run, lags=frozenset({run.cell.emits})), top=False)


def _lagging(run: Run, known: bool) -> Run:
    return replace(run, lags=frozenset(run.cell.state), before=run.starts if known else {})


def preactivation_fed_back(spec: Spec) -> Iterator[Spec | None]:
    """a_{t-1} where h_{t-1} belongs."""
    found = False

    def one(run: Run) -> Run:
        nonlocal found
        swap: dict[str, Expression] = {}
        starts = dict(run.starts)
        for state in run.cell.state:
            expression = run.lines.get(state)
            if (
                isinstance(expression, Call)
                and isinstance(expression.argument, Name)
                and not previous(expression.argument.id)
            ):
                swap[f"{state}_p"] = Name(f"{expression.argument.id}_p")
                starts[expression.argument.id] = run.starts[state]
        found = found or bool(swap)
        lines = {line: substitute(expression, swap) for line, expression in run.lines.items()}
        return replace(run, lines=lines, starts=starts)

    changed = each(spec, one, top=False)
    if found:
        yield changed
