"""The chain rule of a cell as a reader sees it: the terms whose sum is the gradient at a signal.

The engines compute the same sums in stages (`model/equations/derivative.py`); here they are only written out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnncalc.model.cells.cell import Cell
from rnncalc.model.equations.derivative import contributions
from rnncalc.model.equations.expression import (
    INPUT,
    Binary,
    Expression,
    Name,
    Negative,
    names,
    signal_of,
    substitute,
    total,
)
from rnncalc.model.equations.printer import NEXT, TOTAL, TRANSPOSED
from rnncalc.model.equations.stages import Product, Stage


def gradient_terms(cell: Cell, kept: frozenset[str]) -> dict[str, tuple[list[Expression], list[Expression]]]:
    """The terms of the gradient at each kept signal: those of this step, and those of the next (names with ⁺).

    The gradient at a signal that is not kept is written out. What comes from above the cell is not among the terms.
    """
    lines, stages = cell.lines, cell.stages
    terms: dict[str, tuple[list[Expression], list[Expression]]] = {}
    hidden: dict[str, Expression] = {}
    for signal in list(lines)[::-1]:
        here, later = _uses(signal, stages, lines, hidden)
        if signal in kept:
            terms[signal] = here, later
        elif here:
            hidden[TOTAL + signal] = total([(1, term) for term in here])
    return terms


def input_terms(cell: Cell) -> list[Expression]:
    """The terms of the gradient at the cell's input."""
    terms: list[Expression] = []
    for stage in cell.stages:
        for line in stage.products:
            terms += [_transposed(product, line.signal) for product in line.inputs]
        for other in stage.elementwise:
            terms += [term for name, term in contributions(other, cell.lines[other]) if name == INPUT]
    return terms


def _uses(
    signal: str, stages: Sequence[Stage], lines: Mapping[str, Expression], hidden: Mapping[str, Expression]
) -> tuple[list[Expression], list[Expression]]:
    """Every term in which a signal is used, differentiated by it: at this step, and at the next."""
    here: list[Expression] = []
    later: list[Expression] = []
    for stage in stages:
        for line in stage.products:
            for product in line.products:
                if product.signal == signal:
                    term = _transposed(product, line.signal)
                    (later if product.previous else here).append(_shifted(term, lines) if product.previous else term)
        for other in stage.elementwise:
            for name, term in contributions(other, lines[other]):
                if signal_of(name) == signal:
                    written = substitute(term, hidden)
                    (here if name == signal else later).append(written if name == signal else _shifted(written, lines))
    return here, later


def _transposed(product: Product, signal: str) -> Expression:
    """The gradient at a product line taken back through the transposed weight: Wᵀ ∂a."""
    term: Expression = Binary("@", Name(product.weight + TRANSPOSED), Name(TOTAL + signal))
    return Negative(term) if product.sign < 0 else term


def _shifted(term: Expression, lines: Mapping[str, Expression]) -> Expression:
    """A term of the next step in the names of this one: its h_p is our h, its z is z⁺."""
    here: dict[str, Expression] = {}
    for name in names(term):
        bare = name.removeprefix(TOTAL)
        if signal_of(bare) in lines:
            here[name] = Name(signal_of(name)) if name.endswith("_p") else Name(f"{name}{NEXT}")
    return substitute(term, here)
