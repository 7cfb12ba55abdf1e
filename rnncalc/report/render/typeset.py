"""Formulas, matrices and arrays in a medium that sets mathematics, from the equation tree."""

from __future__ import annotations

from collections.abc import Callable

from rnncalc.common.i18n import _
from rnncalc.common.wrapping import display_width
from rnncalc.model.equations.style import Typeset
from rnncalc.report.document import Array, Matrix
from rnncalc.report.render.columns import folds

BREAK = "\N{ZERO WIDTH SPACE}"  # before a sign at which a line may be broken


def whole(block: Matrix | Array, style: Typeset) -> str:
    """label = a matrix in brackets, a vector as a column, or a number."""
    return cut(block, style, None, len)[0]


def cut(
    block: Matrix | Array, style: Typeset, most: float | None, width: Callable[[str], float], equals: str = ""
) -> list[str]:
    """The same; what is wider than so much in several lines, each with some of the columns."""
    label, rows = _pieces(block, style)
    equals = equals or style.sign("=").replace(BREAK, "")
    if isinstance(rows, str):
        return [label + equals + rows]
    count, room = len(rows[0]), width(label) + 4
    widths = [max(map(width, column)) for column in zip(*rows)]
    if len(folds(widths, range(count), most, room)) == 1:
        return [label + equals + style.table(rows)]
    parts = folds(widths, range(count), most, room + display_width(_columns(count - 2, count)))
    return [
        label + style.text(_columns(*part)) + equals + style.table([row[slice(*part)] for row in rows])
        for part in parts
    ]


def _columns(first: int, last: int) -> str:
    """Which columns stand in a part, behind its name."""
    if last - first == 1:
        return _(", column {n}").format(n=last)
    return _(", columns {first} to {last}").format(first=first + 1, last=last)


def _pieces(block: Matrix | Array, style: Typeset) -> tuple[str, list[list[str]] | str]:
    """The label, and the entries; an array's in the digits in which they were given."""
    if isinstance(block, Matrix):
        rows = [[style.number(value) for value in row] for row in block.rows]
        return style.label(block.label), rows[0][0] if block.number else rows
    if isinstance(block.entries, str):
        return style.label(block.name), style.given(block.entries)
    texts = (row if isinstance(row, tuple) else (row,) for row in block.entries)
    return style.label(block.name), [[style.given(entry) for entry in row] for row in texts]


def broken(line: str, most: float, width: Callable[[str], float]) -> list[str]:
    """A line as the rows in which it stands, none of them longer if that can be."""
    rows = [""]
    for part in line.split(BREAK):
        if rows[-1] and width(rows[-1] + part) > most:
            rows.append("")
        rows[-1] += part
    return rows
