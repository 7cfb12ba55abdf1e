"""Whose letters `--format json` has: they are ours, so it says which of the sheet's letters each is."""

from __future__ import annotations

from typing import Any

from rnncalc.model.equations.printer import Letters
from rnncalc.model.layer import DirectionalLayer
from rnncalc.problems.problem import Problem
from rnncalc.report.shared import Level, levels, stacked


def letters(problem: Problem, parameters: bool = True) -> dict[str, Any]:
    """The keys that say it, where the sheet has letters or an orientation of its own.

    letters : theirs → ours, a gate behind a dot, U.f; of an array that we have in pieces the rows of pieces
    vectors : row, where the sheet has the matrices that JSON has transposed
    """
    of_network: dict[str, Any] = {}
    for level in levels(problem):
        made = _of_parameters(level) if parameters else {}
        if not level.read_out:
            made |= {theirs: ours for ours, theirs in level.letters.signals.items() if theirs != ours}
        if stacked(problem) and not level.read_out:
            layers = of_network.setdefault("layers", [])
            layers += [{}] * (level.number + 1 - len(layers))
            both = len(problem.network.layers[level.number].passes) > 1
            layers[level.number] = {**layers[level.number], **({level.direction: made} if both else made)}
        else:
            of_network |= made
    rows = parameters and any(level.letters.rows for level in levels(problem))
    named = {"letters": of_network} if _any(of_network) else {}
    return named | ({"vectors": "row"} if rows else {})


def _any(part: Any) -> bool:
    """Whether there is any letter in it."""
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return isinstance(part, str) or any(map(_any, inside))


def _of_parameters(level: Level) -> dict[str, Any]:
    layer, theirs = level.layer, level.letters
    whole = {symbol for grid in theirs.joined.values() for row in grid for symbol in row}
    named: dict[str, Any] = {}
    for ours in (*layer.cell.stacks, *layer.cell.parameters):
        if _said(theirs, ours) and ours not in whole and _given(level, ours):
            named[theirs.parameters[ours]] = _dotted(layer, ours)
    for name, grid in theirs.joined.items():
        if grid[0][0] in layer.cell.parameters:
            named[name] = [[_dotted(layer, symbol) for symbol in row] for row in grid]
    return named


def _said(theirs: Letters, ours: str) -> bool:
    return theirs.parameters.get(ours, ours) != ours


def _given(level: Level, ours: str) -> bool:
    parameter = level.layer.cell.parameters.get(ours)
    return (parameter.stack if parameter else ours) not in level.left_out


def _dotted(layer: DirectionalLayer, symbol: str) -> str:
    parameter = layer.cell.parameters.get(symbol)
    return f"{parameter.stack}.{parameter.gate}" if parameter and parameter.gate else symbol
