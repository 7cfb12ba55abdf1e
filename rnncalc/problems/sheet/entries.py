"""Matrices and vectors that a sheet gives entry by entry: u_{11} = 0.5, u_{12} = −0.3, …; b_1 = 0.1, b_2 = 0.2."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rnncalc.problems.formulas.nodes import symbols_of
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.sheet import values
from rnncalc.problems.sheet.pieces import Assigned

Place = tuple[int, ...]


def joined(items: Sequence[Assigned], equations: Sequence[Equation]) -> list[Assigned]:
    """The values, with the entries of a parameter as one value where they fill a matrix or a vector."""
    read = {name.base for e in equations for name in symbols_of(e.node) if name.offset is None and not name.indices}
    taken = {item.symbol.base for item in items if not item.symbol.indices}
    grids: dict[str, dict[Place, int]] = {}
    for at, item in enumerate(items):
        place = _place(item.symbol)
        name = next((name for name in (item.symbol.base, item.symbol.base.upper()) if name in (read or "UWV")), "")
        if (
            place
            and name
            and name not in taken
            and _is_number(item)
            and not item.answer
            and not item.gradient
            and not item.key
        ):
            grids.setdefault(name, {}).setdefault(place, at)
    whole: dict[int, Assigned] = {}
    gone: set[int] = set()
    for name, grid in grids.items():
        text = _text({place: items[at].value.strip() for place, at in grid.items()}, vector=name in read)
        if text:
            first = min(grid.values())
            whole[first] = replace(items[first], symbol=Symbol(name, (), name), value=text)
            gone |= set(grid.values())
    return [whole.get(at, item) for at, item in enumerate(items) if at in whole or at not in gone]


def _is_number(item: Assigned) -> bool:
    """Whether a value can be an entry: x_1 = np.array([1, 2]) is a step."""
    numbers = values.numbers(item.value)
    return item.symbol.base != "x" and (numbers is None or numbers.values.size == 1)


def _place(name: Symbol) -> Place:
    """The row and the column, or the row, that an index says; empty where it says something else."""
    if name.offset is not None or not all(re.fullmatch(r"\d{1,2}", index) for index in name.indices):
        return ()
    digits = list(name.indices[0]) if len(name.indices) == 1 else list(name.indices)
    return tuple(map(int, digits)) if len(digits) in (1, 2) else ()


def _text(entries: dict[Place, str], vector: bool) -> str:
    """The entries as one text; empty where one is missing."""
    rows, columns = max(place[0] for place in entries), max(place[-1] for place in entries)
    if all(len(place) == 1 for place in entries):
        whole = [(row,) for row in range(1, rows + 1)] if vector and rows > 1 else []
        return f"[{', '.join(entries[place] for place in whole)}]" if entries.keys() == set(whole) else ""
    grid = [[(row, column) for column in range(1, columns + 1)] for row in range(1, rows + 1)]
    if entries.keys() != {place for row in grid for place in row}:
        return ""
    return f"[{', '.join('[' + ', '.join(entries[place] for place in row) + ']' for row in grid)}]"
