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
    body = columns(block, options)
    widths = [max(map(display_width, [block.headings[n], *column])) for n, column in body.items()]
    for row in [[block.headings[n] for n in body], *zip(*body.values())]:
        parts = []
        for number, text, width in zip(body, row, widths):
            blanks = " " * (width - display_width(text))
            parts.append(blanks + text if number in block.numeric else text + blanks)
        yield "  ".join(parts).rstrip()


def columns(block: Grid, options: RenderOptions) -> dict[int, list[str]]:
    """The columns by number, decimal points below each other; those that are empty throughout are left out."""
    texts = {number: list(column) for number, column in enumerate(zip(*cells(block, options))) if any(column)}
    return {number: aligned_points(column) if number in block.numeric else column for number, column in texts.items()}


def markdown(block: Grid, options: RenderOptions, escaped: Callable[[str], str]) -> str:
    """A pipe table."""
    marks = ["---:" if number in block.numeric else "---" for number in range(len(block.headings))]
    rows = [[escaped(heading) for heading in block.headings], marks]
    rows += [[escaped(cell) for cell in row] for row in cells(block, options)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _text(cell: str | float | None, options: RenderOptions) -> str:
    return "" if cell is None else options.rounding(cell) if isinstance(cell, float) else cell
