"""Mistakes with states: where a sequence begins, and which earlier state a step sees."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from rnncalc.check.diagnosis.rewrites.shared import each, of_kind, where_possible, zeroed
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.expression import Call, Expression, Name, previous, substitute


def without_recurrence(spec: Spec) -> Spec:
    """Leave W h_{t-1} out."""
    return each(spec, lambda run: zeroed(run, of_kind(run, "W")), top=False)


def from_zero(spec: Spec) -> Iterator[Spec]:
    """Take initial states as 0: all of them, or one."""
    yield each(spec, lambda run: from_zero_in(run, run.cell.state))
    states = {state for run in spec.runs for state in run.cell.state if len(run.cell.state) > 1}
    for state in sorted(states):
        yield each(spec, partial(from_zero_in, states=(state,)))


def from_zero_in(run: RunSpec, states: Collection[str]) -> RunSpec:
    """Take these initial states as 0."""
    initial_states = {state: np.zeros_like(a) if state in states else a for state, a in run.initial_states.items()}
    return replace(run, initial_states=initial_states)


def from_last(spec: Spec) -> Iterator[Spec]:
    """Begin with the last state of the sequence: all states, or one."""
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
    yield spec.with_runs([replace(run, initial_states=end) for run, end in zip(spec.runs, ends)] + read_out)
    if any(len(run.cell.state) > 1 for run in spec.runs):
        for only in sorted({state for run in spec.runs for state in run.cell.state}):
            runs = [
                replace(run, initial_states={s: end[s] if s == only else run.initial_states[s] for s in end})
                for run, end in zip(spec.runs, ends)
            ]
            yield spec.with_runs(runs + read_out)


def lagging(spec: Spec) -> Iterator[Spec | None]:
    """Use h_{t-2} for h_{t-1}. Before h_0 stands 0, or h_0 itself."""
    if spec.visits < 2:
        return
    for known in (False, True):
        yield each(spec, partial(_lagging, known=known), top=False)
    if any(len(run.cell.state) > 1 for run in spec.runs):
        yield each(spec, lambda run: replace(run, lags=frozenset({run.cell.emits})), top=False)


def _lagging(run: RunSpec, known: bool) -> RunSpec:
    return replace(run, lags=frozenset(run.cell.state), before=run.initial_states if known else {})


def preactivation_fed_back(spec: Spec) -> Spec | None:
    """Use a_{t-1} for h_{t-1}."""

    def change(run: RunSpec) -> RunSpec:
        swap: dict[str, Expression] = {}
        initial_states = dict(run.initial_states)
        for state in run.cell.state:
            expression = run.lines.get(state)
            if (
                isinstance(expression, Call)
                and isinstance(expression.argument, Name)
                and not previous(expression.argument.id)
            ):
                swap[f"{state}_p"] = Name(f"{expression.argument.id}_p")
                initial_states[expression.argument.id] = run.initial_states[state]
        if not swap:
            return run
        lines = {line: substitute(expression, swap) for line, expression in run.lines.items()}
        return replace(run, lines=lines, initial_states=initial_states)

    return where_possible(spec, change)
