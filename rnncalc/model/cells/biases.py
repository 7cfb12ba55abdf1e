"""Biases as a sheet has them: taken away as a threshold is, or several that add up, each a parameter of its own.

The θ of W h − θ is not minus b: its gradient and its update are its own. So the cell is derived, and everything that
follows from its lines has the sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rnncalc.model.cells.cell import Cell
from rnncalc.model.equations.expression import Expression, Name, names, parse, rebuilt, substitute, terms, total
from rnncalc.model.equations.printer import write
from rnncalc.model.equations.style import SOURCE

Signs = Mapping[str, Sequence[int]]  # symbol of a bias → the sign of each that stands in its place


def numbered(name: str, number: int) -> str:
    """What the bias with that number, from 0, is called where several stand in the place of one: b, b_hh, b_hh2."""
    return name if not number else f"{name}_hh" if number == 1 else f"{name}_hh{number}"


def with_biases(cell: Cell, signs: Signs) -> Cell:
    """The cell with these biases in place of one each: {"b": (1, -1)} has b − b_hh where the cell has b.

    A second bias of a gate is in a stack of its own, b_hh_f in b_hh. A gate of no sign has no bias.
    """
    signs = {symbol: tuple(each) for symbol, each in signs.items() if tuple(each) != (1,)}
    if not signs:
        return cell
    sums = dict[str, list[tuple[int, Expression]]]()
    optional = list(cell.optional)
    for symbol, each in signs.items():
        parameter = cell.parameters[symbol]
        gate = f"_{parameter.gate}" if parameter.gate else ""
        stacks = [numbered(parameter.stack, number) for number in range(len(each))]
        optional += [stack for stack in stacks if stack not in optional]
        sums[f"#{symbol}"] = [(sign, Name(f"{stack}{gate}")) for sign, stack in zip(each, stacks)]

    def spread(node: Expression) -> Expression:
        """A sum in which biases stand, marked; those that are taken away come last."""
        signed = terms(node)
        if len(signed) < 2 or not any(isinstance(term, Name) and term.id in sums for _sign, term in signed):
            return node
        added = [
            (sign * own, part)
            for sign, term in signed
            for own, part in (sums.get(term.id, [(1, term)]) if isinstance(term, Name) else [(1, term)])
        ]
        return total(sorted(added, key=lambda signed: signed[0] < 0 and isinstance(signed[1], Name)))

    marked = {symbol: Name(f"#{symbol}") for symbol in signs}
    equations = dict(cell.equations)
    for line, text in equations.items():
        expression = parse(text, line)
        if not signs.keys().isdisjoint(names(expression)):
            equations[line] = write(rebuilt(substitute(expression, marked), spread), SOURCE)
    return replace(cell, equations=equations, optional=tuple(optional))
