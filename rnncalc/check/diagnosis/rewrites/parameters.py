"""Mistakes with parameters: left out, transposed, exchanged, taken as 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from rnncalc.check.diagnosis.mistake import Context, Variant
from rnncalc.check.diagnosis.rewrites.shared import Signed, changed_run, each, kinds, of_kind, where_possible, zeroed
from rnncalc.check.graph.spec import RunSpec, Spec
from rnncalc.common.i18n import _
from rnncalc.model.equations.expression import Binary, Call, Expression, Name, terms, total
from rnncalc.model.equations.stages import has_product, product_line


def without_bias(spec: Spec) -> Iterator[Spec]:
    """b = 0; in gru_after d = 0 too, or not."""
    yield each(spec, lambda run: zeroed(run, of_kind(run, "b")))
    if any(of_kind(run, "d") for run in spec.runs):
        yield each(spec, lambda run: zeroed(run, of_kind(run, "b", "d")))


def without_output_bias(spec: Spec) -> Spec:
    """c = 0."""
    return each(spec, lambda run: zeroed(run, of_kind(run, "c")))


def without_second_bias(spec: Spec) -> Iterator[Spec]:
    """Keep one of b_ih and b_hh; without b_hh, gru_after has no d."""
    stacks = [{name: [p.symbol for p in run.cell.stacks.get(name, [])] for name in ("b", "b_hh")} for run in spec.runs]
    for keep_first in (True, False):
        left_out = [
            [*stack["b_hh"], *of_kind(run, "d")] if keep_first else stack["b"] * bool(stack["b_hh"])
            for run, stack in zip(spec.runs, stacks)
        ]
        if any(left_out):
            runs = [zeroed(run, symbols) for run, symbols in zip(spec.runs, left_out)]
            yield spec.with_runs([*runs, *([spec.read_out] if spec.read_out else [])])


def bias_subtracted(spec: Spec, context: Context) -> Iterator[Variant]:
    """Put the other sign before the biases of all cells; their gradients turn with it."""
    changed = where_possible(spec, _biases_turned)
    if changed is not None:
        lines = [product_line("", line) for run in spec.runs for line in run.lines.values() if has_product(line)]
        added = any(sign > 0 for line in lines for sign, _bias in line.biases)
        yield Variant(changed, _("subtracted, not added") if added else _("added, not subtracted"))


def _biases_turned(run: RunSpec) -> RunSpec:
    biases = {Name(symbol) for symbol in of_kind(run, "b")}
    lines = {
        line: total([(-sign if term in biases else sign, term) for sign, term in terms(expression)])
        for line, expression in run.lines.items()
        if has_product(expression) and biases.intersection(term for _sign, term in terms(expression))
    }
    return replace(run, lines={**run.lines, **lines}) if lines else run


def bias_outside(spec: Spec) -> Iterator[Spec]:
    """f(W h + U x) + b."""
    yield each(spec, _bias_outside, top=False)


def _bias_outside(run: RunSpec) -> RunSpec:
    lines: dict[str, Expression] = {}
    moved: dict[str, Expression] = {}
    for line, expression in run.lines.items():
        if has_product(expression) and line not in run.cell.outputs:
            signed = terms(expression)
            kept: Signed = [(sign, term) for sign, term in signed if not isinstance(term, Name)]
            biases: Signed = [(sign, term) for sign, term in signed if isinstance(term, Name)]
            used = any(isinstance(e, Call) and e.argument == Name(line) for e in run.lines.values())
            if kept and biases and used:
                moved[line] = total(biases)
                lines[line] = total(kept)
                continue
        argument = expression.argument if isinstance(expression, Call) else None
        if isinstance(argument, Name) and argument.id in moved and line not in run.cell.outputs:
            activated = f"{line} before its bias"  # with spaces: no line or parameter of a cell has this name
            lines[activated] = expression
            lines[line] = Binary("+", Name(activated), moved[argument.id])
            continue
        lines[line] = expression
    return replace(run, lines=lines)


def transposed(which: str) -> Callable[[Spec], Spec | None]:
    """Transpose U, W or V where it is square."""

    def change(run: RunSpec) -> RunSpec:
        square = [s for s in of_kind(run, which) if run.parameters[s].shape[0] == run.parameters[s].shape[1]]
        return changed_run(run, {symbol: run.parameters[symbol].T for symbol in square}) if square else run

    return partial(where_possible, change=change, top=True)


def swapped(spec: Spec, context: Context) -> Iterator[Variant]:
    """Exchange U and W, line by line, where their shapes agree; with the option, where the letters leave it open."""

    def change(run: RunSpec) -> RunSpec:
        changed: dict[str, np.ndarray] = {}
        by_symbol = kinds(run)
        for expression in run.lines.values():
            if not has_product(expression):
                continue
            line = product_line("", expression)
            weights = [term.weight for term in (*line.inputs, *line.products)]
            by_gate = [symbol for symbol in weights if by_symbol.get(symbol, "p") in "UW"]
            if len(by_gate) == 1 and by_gate[0].startswith("U_"):  # gru: U_n and W_n stand in lines of their own
                by_gate.append("W" + by_gate[0][1:])
            if len(by_gate) == 2 and all(symbol in run.parameters for symbol in by_gate):
                first, second = by_gate
                if run.parameters[first].shape == run.parameters[second].shape:
                    changed |= {first: run.parameters[second], second: run.parameters[first]}
        return changed_run(run, changed) if changed else run

    exchanged = where_possible(spec, change)
    if exchanged is not None:
        yield Variant(exchanged, "", "--notation swapped" if ("notation", "swapped") in context.open else "")


def weights_of_one(spec: Spec) -> Iterator[Spec]:
    """Take weights as 1: all of them, the cells', the read-out's, or all with biases."""
    for wanted in (("U", "W", "V", "R"), ("U", "W"), ("V", "R"), ("U", "W", "V", "R", "b", "c", "d")):
        yield each(spec, partial(_ones, wanted=wanted))


def _ones(run: RunSpec, wanted: tuple[str, ...]) -> RunSpec:
    return changed_run(run, {symbol: np.ones_like(run.parameters[symbol]) for symbol in of_kind(run, *wanted)})


# one gate of many -----------------------------------------------------------------------------------------------------


def one_by_one(kind: str, change: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Spec], Iterator[Spec]]:
    """Change the parameter of one gate, of those that have several."""

    def variants(spec: Spec) -> Iterator[Spec]:
        several = {symbol for run in spec.runs for symbol in of_kind(run, kind) if len(of_kind(run, kind)) > 1}
        for symbol in sorted(several):

            def in_gate(run: RunSpec, symbol: str = symbol) -> RunSpec:
                new = change(run.parameters[symbol]) if symbol in run.parameters else None
                return run if new is None else changed_run(run, {symbol: new})

            changed = where_possible(spec, in_gate)
            if changed:
                yield changed

    return variants


def transpose(array: np.ndarray) -> np.ndarray | None:
    """The transpose of a square matrix."""
    return array.T if array.ndim == 2 and array.shape[0] == array.shape[1] else None


def swapped_in_one_gate(spec: Spec) -> Iterator[Spec | None]:
    """Exchange U and W of one gate."""
    for gate in sorted({gate for run in spec.runs for gate in run.cell.gates}):

        def change(run: RunSpec, gate: str = gate) -> RunSpec:
            U, W = (run.parameters.get(f"{stack}_{gate}") for stack in "UW")
            if U is None or W is None or U.shape != W.shape:
                return run
            return changed_run(run, {f"U_{gate}": W, f"W_{gate}": U})

        yield where_possible(spec, change)
