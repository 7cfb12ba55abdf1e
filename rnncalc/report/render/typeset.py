"""Formulas, matrices and arrays in a medium that sets mathematics, from the equation tree."""

from __future__ import annotations

from collections.abc import Callable

from rnncalc.common.i18n import _
from rnncalc.model.equations.style import Typeset
from rnncalc.report.document import Array, Matrix
from rnncalc.report.render.columns import folds

BREAK = "\N{ZERO WIDTH SPACE}"  # before a sign at which a line may be broken


def matrix(block: Matrix, style: Typeset) -> str:
    """label = a matrix in brackets, or a number."""
    return matrices(block, style)[0]


def matrices(
    block: Matrix, style: Typeset, most: float | None = None, width: Callable[[str], float] = len
) -> list[str]:
    """The same; what is wider than so much in several, each with some of the columns."""
    rows = [[style.number(value) for value in row] for row in block.rows]
    label, equals = style.label(block.label), style.sign("=").replace(BREAK, "")
    if block.number:
        return [label + equals + rows[0][0]]
    words, count, room = _(", columns {first} to {last}"), len(rows[0]), width(label) + 4
    widths = [max(map(width, column)) for column in zip(*rows)]
    runs = folds(widths, range(count), most, room)
    if len(runs) == 1:
        return [label + equals + style.table(rows)]
    runs = folds(widths, range(count), most, room + len(words))
    return [
        label
        + style.text(words.format(first=first + 1, last=last))
        + equals
        + style.table([row[first:last] for row in rows])
        for first, last in runs
    ]


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
