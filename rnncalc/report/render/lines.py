"""Formulas, columns and arrays as lines of text, for the formats that have no mathematics of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from rnncalc.common.letters import spelled
from rnncalc.model.equations.style import TEXT
from rnncalc.report.document import Array, Document, Formulas, Matrices, Matrix
from rnncalc.report.render import RenderOptions, mapped


def known_letters(document: Document, options: RenderOptions) -> Document:
    """The document in letters that the encoding has, before anything is set in columns; formulas are written so."""
    return replace(document, blocks=mapped(document.blocks, partial(spelled, encoding=options.encoding)))


def aligned_points(column: Sequence[str]) -> list[str]:
    """Texts with blanks behind them, so that their decimal points stand below each other."""
    behind = [len(cell) - cell.find(".") if "." in cell else 0 for cell in column]
    most = max(behind, default=0)
    return [cell + " " * (most - own) for cell, own in zip(column, behind)]


def formulas(group: Formulas, options: RenderOptions) -> Iterator[str]:
    """The lines of a group; numbers stand below their symbols."""
    marks = TEXT.rounding(options.rounding)
    if group.above:
        yield spelled(group.above.write(marks), options.encoding)
    indent = "  " if group.above else ""
    for line in group.lines:
        yield spelled(indent + line.write(marks), options.encoding)


def matrices(block: Matrices, options: RenderOptions) -> Iterator[str]:
    """Each below the one before, the signs of equality too."""
    width = max(len(matrix.label) for matrix in block.all)
    for matrix in block.all:
        yield from _matrix(matrix, options, width)


def _matrix(block: Matrix, options: RenderOptions, width: int) -> Iterator[str]:
    """label = [ numbers ], the rows of a matrix below each other."""
    if block.number:
        yield f"{block.label.ljust(width)} = {options.rounding(block.rows[0][0])}"
        return
    columns = [[options.rounding(row[k]) for row in block.rows] for k in range(len(block.rows[0]))]
    wide = [max(map(len, column)) for column in columns]
    head = f"{block.label.ljust(width)} = "
    for number, row in enumerate(zip(*columns)):
        cells = "  ".join(cell.rjust(most) for cell, most in zip(row, wide))
        yield (head if number == 0 else " " * len(head)) + f"[ {cells} ]"


def array_line(block: Array) -> str:
    """U = [[0.1, 0.2], [0.3, 0.4]] in the digits that were given: it can be copied into a command or a program."""
    return f"{block.name} = {_bracketed(block.entries)}"


def _bracketed(entries: object) -> str:
    return f"[{', '.join(map(_bracketed, entries))}]" if isinstance(entries, tuple) else str(entries)


def folded(line: str, width: int | None) -> Iterator[str]:
    """A long line of arithmetic broken before a sign, what follows set below the first right-hand side."""
    if width is None or len(line) <= width:
        yield line
        return
    indent = " " * min(line.index("=") + 2 if "=" in line else 4, width // 2)
    rest = line
    while len(rest) > width:
        at = max(rest.rfind(mark, len(indent) + 1, width) for mark in (" + ", " - ", " = ", " / "))
        if at <= len(indent):
            break
        yield rest[:at]
        rest = indent + rest[at + 1 :]
    yield rest
