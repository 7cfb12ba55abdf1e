"""Formulas, matrices and arrays in a medium that sets mathematics, from the equation tree."""

from __future__ import annotations

from collections.abc import Callable

from rnncalc.model.equations.style import Typeset
from rnncalc.report.document import Array, Matrix

BREAK = "\N{ZERO WIDTH SPACE}"  # before a sign at which a line may be broken


def matrix(block: Matrix, style: Typeset, equals: str = "") -> str:
    """label = a matrix in brackets, or a number."""
    rows = [[style.number(value) for value in row] for row in block.rows]
    return style.label(block.label) + (equals or style.sign("=")) + (rows[0][0] if block.number else style.table(rows))


def array(block: Array, style: Typeset, equals: str = "") -> str:
    """The same of an array in the digits in which it was given, a vector as a column."""
    entries = block.entries
    rows = [row if isinstance(row, tuple) else (row,) for row in (entries if isinstance(entries, tuple) else [entries])]
    pieces = [[style.given(entry) for entry in row] for row in rows]
    body = style.table(pieces) if isinstance(entries, tuple) else pieces[0][0]
    return style.label(block.name) + (equals or style.sign("=")) + body


def broken(line: str, most: float, width: Callable[[str], float]) -> list[str]:
    """A line as the rows in which it stands, none of them longer if that can be."""
    rows = [""]
    for part in line.split(BREAK):
        if rows[-1] and width(rows[-1] + part) > most:
            rows.append("")
        rows[-1] += part
    return rows
