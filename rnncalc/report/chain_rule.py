"""The chain rule of a cell as a reader sees it: the terms whose sum is the gradient at a signal.

The engines compute the same sums in stages (`model/equations/derivative.py`); here they are only written out.
"""

from __future__ import annotations

from collections.abc import Mapping

from rnncalc.model.cells.cell import Cell
from rnncalc.model.equations.derivative import contributions
from rnncalc.model.equations.expression import (
    INPUT,
    Binary,
    Expression,
    Name,
    Negative,
    names,
    previous,
    signal_of,
    substitute,
    total,
)
from rnncalc.model.equations.stages import Product
from rnncalc.model.equations.style import NEXT, TOTAL, TRANSPOSED


def gradient_terms(cell: Cell, origin: str) -> dict[str, tuple[list[Expression], list[Expression]]]:
    """The terms of the gradient at each signal that is shown: those of this step, and those of the next (names with ⁺).

    The gradient at any other signal is written out; a line that no gradient reaches hands none on. What comes
    from above the cell is not among the terms. origin: the signal at which the gradient of the loss arrives.
    """
    reached, kept = _reached(cell, origin), _kept(cell)
    hidden = _written_out(cell, kept, reached)
    return {signal: _uses(cell, signal, reached, hidden) for signal in list(cell.lines)[::-1] if signal in kept}


def input_terms(cell: Cell, origin: str) -> list[Expression]:
    """The terms of the gradient at the cell's input, as `gradient_terms` writes them."""
    reached = _reached(cell, origin)
    here, _later = _uses(cell, INPUT, reached, _written_out(cell, _kept(cell), reached))
    return here


def _kept(cell: Cell) -> frozenset[str]:
    """The signals whose gradients have a line of their own."""
    return cell.arriving | frozenset(cell.preactivations.values())


def _reached(cell: Cell, origin: str) -> set[str]:
    """The lines that a gradient reaches from the origin, at its step or at an earlier one."""
    reached, ahead = set[str](), [origin]
    while ahead:
        line = ahead.pop()
        if line in cell.lines and line not in reached:
            reached.add(line)
            ahead += [signal_of(name) for name in names(cell.lines[line])]
    return reached


def _written_out(cell: Cell, kept: frozenset[str], reached: set[str]) -> dict[str, Expression]:
    """∂signal → its equation in what is known, of every element-wise line that is not kept: its stage alone uses it."""
    known = kept | {line.signal for stage in cell.stages for line in stage.products}
    hidden: dict[str, Expression] = {}
    for signal in list(cell.lines)[::-1]:  # those that use it come after it
        if signal in reached and signal not in known:
            here, _later = _uses(cell, signal, reached, hidden)
            hidden[TOTAL + signal] = total([(1, term) for term in here])
    return hidden


def _uses(
    cell: Cell, signal: str, reached: set[str], hidden: Mapping[str, Expression]
) -> tuple[list[Expression], list[Expression]]:
    """Every term in which a signal or the input is used, differentiated by it: at this step, and at the next."""
    here: list[Expression] = []
    later: list[Expression] = []
    for stage in cell.stages:
        for line in stage.products:
            for product in (*line.inputs, *line.products):
                if product.signal == signal and line.signal in reached:
                    (later if product.previous else here).append(_transposed(product, line.signal))
        for other in stage.elementwise:
            for name, term in contributions(other, cell.lines[other]) if other in reached else ():
                if signal_of(name) == signal:
                    (later if previous(name) else here).append(substitute(term, hidden))
    return here, [_shifted(term, cell.lines) for term in later]


def _transposed(product: Product, signal: str) -> Expression:
    """The gradient at a product line taken back through the transposed weight: Wᵀ ∂a."""
    term: Expression = Binary("@", Name(product.weight + TRANSPOSED), Name(TOTAL + signal))
    return Negative(term) if product.sign < 0 else term


def _shifted(term: Expression, lines: Mapping[str, Expression]) -> Expression:
    """A term of the next step in the names of this one: its h_p is our h, its z is z⁺, its x_t is x_t⁺."""
    here: dict[str, Expression] = {}
    for name in names(term):
        bare = name.removeprefix(TOTAL)
        if signal_of(bare) in lines or name == INPUT:
            here[name] = Name(signal_of(name)) if name.endswith("_p") else Name(f"{name}{NEXT}")
    return substitute(term, here)
