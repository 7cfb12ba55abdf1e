"""Plain text for pipes and files: aligned columns, nothing folded, nothing cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnncalc.report.document import (
    Arrays,
    Document,
    Formulas,
    Grid,
    Heading,
    Items,
    Matrices,
    Paragraph,
    Table,
)
from rnncalc.report.render import RenderOptions, arrays, grid
from rnncalc.report.render.lines import aligned_points, ascii_text, display_width, formulas, matrices, style


def render(document: Document, options: RenderOptions) -> str:
    """The document as text of any width."""
    parts: list[str] = []
    for block in document.blocks:
        if isinstance(block, Heading | Paragraph):
            parts.append(block.text)
        elif isinstance(block, Items):
            parts.append("\n".join(items(block)))
        elif isinstance(block, Formulas):
            parts.append("\n".join("  " + line for line in formulas(block, style(options))))
        elif isinstance(block, Table):
            parts.append(table(block, options))
        elif isinstance(block, Matrices):
            parts.append("\n".join("  " + line for line in matrices(block, options)))
        elif isinstance(block, Grid):
            parts.append("\n".join(grid.lines(block, options)))
        elif isinstance(block, Arrays):
            parts.append("\n".join("  " + arrays.line(item) for item in block.items))
    text = "\n\n".join(parts)
    return ascii_text(text) if options.ascii else text


def table(block: Table, options: RenderOptions) -> str:
    """Columns set to the right, two blanks between them."""
    columns = [["step", *map(str, block.steps)]]
    columns += [
        [column.label, *cells] for column, cells in zip(block.columns, aligned(block, range(len(block.rows)), options))
    ]
    widths = [max(map(display_width, column)) for column in columns]
    lines = ["  ".join(right(cell, width) for cell, width in zip(row, widths)).rstrip() for row in zip(*columns)]
    return "\n".join(lines)


def items(block: Items) -> Iterator[str]:
    """Each text behind its term, the texts set below each other."""
    width = max(display_width(term) for term, _text in block.lines)
    for term, text in block.lines:
        yield "  " + (term + " " * (width - display_width(term) + 2) if width else "") + text


def cells(row: tuple[float | None, ...], options: RenderOptions) -> list[str]:
    """A row's numbers as text; a dash where there is no step."""
    return ["-" if value is None else options.rounding(value) for value in row]


def aligned(block: Table, rows: Sequence[int], options: RenderOptions) -> list[list[str]]:
    """Each column's numbers as text, their decimal points below each other."""
    columns = [aligned_points(column) for column in zip(*(cells(block.rows[row], options) for row in rows))]
    return columns or [[] for _column in block.columns]


def right(text: str, width: int) -> str:
    """The text set to the right."""
    return " " * (width - display_width(text)) + text
