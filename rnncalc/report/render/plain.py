"""Plain text for pipes and files: aligned columns, nothing folded, nothing cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rnncalc.common.i18n import _
from rnncalc.common.wrapping import display_width
from rnncalc.report import document as blocks
from rnncalc.report.document import Document
from rnncalc.report.render import Renderer, RenderOptions, grid
from rnncalc.report.render.lines import aligned_points, array_line, formulas, known_letters, matrices


def render(document: Document, options: RenderOptions) -> str:
    """The document as text of any width."""
    return Plain(options).text(known_letters(document, options))


class Plain(Renderer):
    """Text; formulas and numbers stand two blanks to the right."""

    def heading(self, block: blocks.Heading | blocks.Paragraph) -> str:
        return block.text

    paragraph = heading

    def items(self, block: blocks.Items) -> str:
        """Each text behind its term, the texts set below each other."""
        width = max(display_width(term) for term, _text in block.lines)
        return _indented(
            (term + " " * (width - display_width(term) + 2) if width else "") + text for term, text in block.lines
        )

    def formulas(self, block: blocks.Formulas) -> str:
        return _indented(formulas(block, self.options))

    def table(self, block: blocks.Table) -> str:
        """Columns set to the right, two blanks between them."""
        columns = [[_("step"), *map(str, block.steps)]]
        numbers = aligned(block, range(len(block.rows)), self.options)
        columns += [[column.label, *cells] for column, cells in zip(block.columns, numbers)]
        widths = [max(map(display_width, column)) for column in columns]
        lines = ["  ".join(right(cell, width) for cell, width in zip(row, widths)).rstrip() for row in zip(*columns)]
        return "\n".join(lines)

    def matrices(self, block: blocks.Matrices) -> str:
        return _indented(matrices(block, self.options))

    def grid(self, block: blocks.Grid) -> str:
        return "\n".join(grid.lines(block, self.options))

    def arrays(self, block: blocks.Arrays) -> str:
        return _indented(map(array_line, block.items))


def _indented(lines: Iterable[str]) -> str:
    return "\n".join("  " + line for line in lines)


def cells(row: tuple[float | None, ...], options: RenderOptions) -> list[str]:
    """A row's numbers as text; a dash where there is no step."""
    return ["-" if value is None else options.rounding(value) for value in row]


def aligned(block: blocks.Table, rows: Sequence[int], options: RenderOptions) -> list[list[str]]:
    """Each column's numbers as text, their decimal points below each other."""
    columns = [aligned_points(column) for column in zip(*(cells(block.rows[row], options) for row in rows))]
    return columns or [[] for _column in block.columns]


def right(text: str, width: int) -> str:
    """The text set to the right."""
    return " " * (width - display_width(text)) + text
