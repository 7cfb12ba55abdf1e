"""Gates that a sheet's equations have one by one, W_f and W_i, while their numbers stand stacked in one array."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells.biases import numbered
from rnncalc.model.equations.printer import Grid
from rnncalc.problems.formulas.cell_match import Match
from rnncalc.problems.formulas.polynomial import Param, parameters
from rnncalc.problems.formulas.system import System
from rnncalc.problems.notation import NOTATIONS, gate_letters
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers

LIBRARIES = ("pytorch", "keras")  # whose names nobody takes for letters of a sheet


@dataclass(frozen=True)
class GateStack:
    """name: as it was given; order: the gates as the sheet shows them or as the library has them."""

    name: str
    order: Sequence[str]

    def rows_of(self, numbers: Numbers, gate: str, order: Sequence[str], rows: bool) -> Numbers:
        """The part of one gate, in the orientation in which the whole was given."""
        turned = numbers.transposed if rows and len(numbers.shape) == 2 else numbers
        part = rows_of_gate(turned, self.name, order.index(gate), len(order))
        return part.transposed if rows and len(part.shape) == 2 else part


def of_letters(given: Collection[str], ours: str, theirs: Param, match: Match) -> GateStack | None:
    """W where the equations have W_f and W_i, and W is no other parameter."""
    name, _mark, label = theirs.key.rpartition("_")
    if not label or name not in given or any(param.key == name for params in match.params.values() for param in params):
        return None
    labels = [
        param.key.rpartition("_")[2]
        for symbol, params in match.params.items()
        for param in params
        if symbol[0] == ours[0] and param.key.rpartition("_")[0] == name
    ]
    return GateStack(name, labels) if len(labels) == len(match.pattern.cell.gates) and labels else None


def of_library(given: Collection[str], ours: str, match: Match) -> GateStack | None:
    """weight_ih or kernel, where the equations have a letter for each gate; of a cell without gates, PyTorch's."""
    cell = match.pattern.cell
    if not cell.gates:  # W_ih may be a letter of the sheet; the equation of x W says another orientation
        named = [name for name, stack in NOTATIONS["pytorch"].letters.items() if name in given and stack == ours]
        long = [name for name in named if name.startswith(("weight", "bias"))]
        return GateStack(long[0], [""]) if long and not match.rows else None
    for notation in (NOTATIONS[name] for name in LIBRARIES):
        for name, stack in notation.letters.items():
            if name in given and stack == ("b_hh" if ours == "d" else ours) and cell.gates:
                return GateStack(name, cell.gate_order(notation.library))
    return None


def blocks_of(system: System, key: str) -> list[str]:
    """The gates whose rows of one array the equations read, in the order that slices say, else of the equations."""
    if key in system.order:
        return [*system.order[key]]
    read = [param for poly in system.polys.values() for param in parameters(poly)]
    return list(dict.fromkeys(param.block for param in read if param.key == key and param.block))


def gate_order(given: Mapping[str, RawValue], labels: Sequence[str], match: Match) -> list[str]:
    """Our letters of the gates in the order that is said, else in that of the labels. Raises ProblemError."""
    order = [our_gate(label, match) for label in labels]
    if "gates" not in given:
        return order
    stated = [our_gate(letter, match) for letter in re.findall(r"\w\u0303?", given["gates"].word())]
    if tuple(labels) in match.system.order.values() and stated != order:
        message = _("{where}: gates {word} contradicts the slices of the equations; leave one out")
        raise ProblemError(message, where=given["gates"].where, word=given["gates"].word())
    if sorted(stated) != sorted(order):
        message = _("{where}: gates must name each of {known} once")
        raise ProblemError(message, where=given["gates"].where, known=", ".join(labels))
    return stated


def joined(match: Match, given: Mapping[str, RawValue]) -> dict[str, Grid]:
    """The sheet's name of one array → our symbols in their places: W_f of W_f [h; x], b of all gates."""
    pieces: dict[str, dict[tuple[str, int], str]] = {}
    for stack in match.pattern.cell.stacks.values():
        for parameter in stack:
            for number, theirs in enumerate(match.params.get(parameter.symbol, ())):
                if theirs.part or theirs.block not in ("", "exchanged"):
                    gate = f"_{parameter.gate}" if parameter.gate else ""
                    symbol = numbered(parameter.stack, number) + gate
                    at = our_gate(theirs.block, match) if theirs.block else "", theirs.part[0] if theirs.part else 0
                    pieces.setdefault(theirs.key, {})[at] = symbol
    grids = {}
    for name, places in pieces.items():
        labels = blocks_of(match.system, name)
        rows = gate_order(given, labels, match) if labels else [""]
        columns = sorted({column for _row, column in places})
        if all((row, column) in places for row in rows for column in columns):
            grids[name] = tuple(tuple(places[row, column] for column in columns) for row in rows)
    return grids


def our_gate(label: str, match: Match) -> str:
    """Our letter of a gate."""
    return next((ours for ours, others in gate_letters(match.pattern.cell).items() if label in others), label)


def rows_of_gate(numbers: Numbers, name: str, at: int, gates: int) -> Numbers:
    """The rows of the gate that is the at-th of so many. Raises ProblemError."""
    if numbers.shape[0] % gates:
        message = _("{name} has {n} rows, which {gates} gates do not share evenly")
        raise ProblemError(message, name=name, n=numbers.shape[0], gates=gates)
    units = numbers.shape[0] // gates
    return numbers.through(lambda array: array[at * units : (at + 1) * units])
