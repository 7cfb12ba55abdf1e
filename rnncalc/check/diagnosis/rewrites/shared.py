"""Helpers of rewrites: change every run, and find parameters by what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.model.equations.expression import INPUT, Expression
from rnncalc.model.equations.stages import has_product, product_line

Signed = list[tuple[int, Expression]]


def each(spec: Spec, change: Callable[[RunSpec], RunSpec], top: bool = True) -> Spec:
    """Change every run; top: the read-out too."""
    runs = [change(run) for run in spec.runs]
    if spec.read_out:
        runs.append(change(spec.read_out) if top else spec.read_out)
    return spec.with_runs(runs)


def where_possible(spec: Spec, change: Callable[[RunSpec], RunSpec], top: bool = False) -> Spec | None:
    """Change every run that can be changed; None if `change` returns every run as it is."""
    changed = each(spec, change, top)
    return changed if any(new is not old for new, old in zip(changed.all_runs, spec.all_runs)) else None


def changed_run(run: RunSpec, changed: Mapping[str, np.ndarray]) -> RunSpec:
    """The run with other parameters in place of some."""
    return replace(run, parameters={**run.parameters, **changed})


def zeroed(run: RunSpec, symbols: list[str]) -> RunSpec:
    """The run with zeros for these parameters."""
    return changed_run(run, {symbol: np.zeros_like(run.parameters[symbol]) for symbol in symbols})


def kinds(run: RunSpec) -> dict[str, str]:
    """What each parameter does, by symbol.

    U multiplies the input, W a state; V, R and c make the scores; b and d are added; p works element by element.
    """
    stacks = {
        symbol: run.cell.parameters[symbol].stack if symbol in run.cell.parameters else symbol
        for symbol in run.parameters
    }
    by_symbol: dict[str, str] = {}
    if run.cell.outputs:
        by_symbol = {symbol: stack for symbol, stack in stacks.items() if stack in ("V", "R", "c")}
    for expression in run.lines.values():
        if has_product(expression):
            line = product_line("", expression)
            for _sign, bias in line.biases:
                by_symbol.setdefault(bias, "b" if stacks.get(bias) != "d" else "d")
            for term in (*line.inputs, *line.products):
                by_symbol.setdefault(term.weight, "U" if term.source == INPUT else "W")
    return {symbol: by_symbol.get(symbol, "p") for symbol in run.parameters}


def of_kind(run: RunSpec, *wanted: str) -> list[str]:
    """The parameters of these kinds, by symbol."""
    return [symbol for symbol, kind in kinds(run).items() if kind in wanted]


def on_top(spec: Spec, run: RunSpec) -> Spec:
    """The Spec with another run in place of the one that makes y."""
    if spec.read_out:
        return replace(spec, read_out=run)
    number = spec.layers[-1][0][0]
    return replace(spec, runs=(*spec.runs[:number], run, *spec.runs[number + 1 :]))
