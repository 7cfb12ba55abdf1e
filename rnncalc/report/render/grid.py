"""A grid of texts and numbers, in each of the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rnncalc.common.wrapping import display_width
from rnncalc.report.document import Grid
from rnncalc.report.render import RenderOptions
from rnncalc.report.render.lines import aligned_points
from rnncalc.report.render.numbers import exact


def cells(block: Grid, options: RenderOptions) -> list[list[str]]:
    """Every cell as text, numbers rounded."""
    return [[_text(cell, options) for cell in row] for row in block.rows]


def exactly(row: Sequence[str | float | None]) -> list[str | None]:
    """A row for programs: numbers unrounded."""
    return [exact(cell) if isinstance(cell, float) else cell for cell in row]


def lines(block: Grid, options: RenderOptions) -> Iterator[str]:
    """Columns two blanks apart, decimal points below each other; columns that are empty throughout are left out."""
    columns = [list(column) for column in zip(*cells(block, options))]
    shown = [number for number, column in enumerate(columns) if any(column)]
    for number in shown:
        if number in block.numeric:
            columns[number] = aligned_points(columns[number])
    widths = [max(map(display_width, [block.headings[n], *columns[n]])) for n in shown]
    for row in [block.headings, *zip(*columns)]:
        parts = []
        for number, width in zip(shown, widths):
            blanks = " " * (width - display_width(row[number]))
            parts.append(blanks + row[number] if number in block.numeric else row[number] + blanks)
        yield "  ".join(parts).rstrip()


def markdown(block: Grid, options: RenderOptions, escaped: Callable[[str], str]) -> str:
    """A pipe table."""
    marks = ["---:" if number in block.numeric else "---" for number in range(len(block.headings))]
    rows = [[escaped(heading) for heading in block.headings], marks]
    rows += [[escaped(cell) for cell in row] for row in cells(block, options)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def latex(block: Grid, options: RenderOptions, escaped: Callable[[str], str]) -> str:
    """A tabular."""
    shape = "".join("r" if number in block.numeric else "l" for number in range(len(block.headings)))
    rows = [" & ".join(escaped(cell) for cell in row) + r" \\" for row in cells(block, options)]
    head = " & ".join(escaped(heading) for heading in block.headings) + r" \\ \hline"
    return "\n".join([rf"\begin{{tabular}}{{{shape}}}", head, *rows, r"\end{tabular}"])


def _text(cell: str | float | None, options: RenderOptions) -> str:
    return "" if cell is None else options.rounding(cell) if isinstance(cell, float) else cell
