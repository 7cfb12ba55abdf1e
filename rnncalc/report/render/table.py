"""The terminal: tables drawn with rich, folded by unit to the width, long ones shown by their ends."""

from __future__ import annotations

import io
import textwrap

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from rnncalc.common.i18n import _
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
from rnncalc.report.render.lines import ascii_text, display_width, folded, formulas, matrices, style
from rnncalc.report.render.plain import aligned, right

LONG, ENDS = 40, 10  # a table of more steps shows so many at either end


def render(document: Document, options: RenderOptions) -> str:
    """The document as the terminal shows it."""
    output = io.StringIO()
    console = Console(
        file=output,
        width=100_000,  # rich would cut at the width; here lines and tables are folded before they reach it
        force_terminal=options.color,
        color_system="standard" if options.color else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for number, block in enumerate(document.blocks):
        if number:
            console.print()
        if isinstance(block, Heading):
            console.print(Text(block.text, style="bold"))
        elif isinstance(block, Paragraph):
            lines = textwrap.wrap(block.text, options.width, break_long_words=False) if options.width else [block.text]
            console.print(Text("\n".join(lines)))
        elif isinstance(block, Items):
            _items(console, block, options)
        elif isinstance(block, Formulas):
            _formulas(console, block, options)
        elif isinstance(block, Table):
            _table(console, block, options)
        elif isinstance(block, Matrices):
            for line in matrices(block, options):
                console.print(Text("  " + line))
        elif isinstance(block, Grid):
            for number, line in enumerate(grid.lines(block, options)):
                console.print(Text(line, style="bold" if number == 0 else "", no_wrap=True), soft_wrap=True)
        elif isinstance(block, Arrays):
            for item in block.items:
                console.print(Text("  " + arrays.line(item)))
    text = "\n".join(line.rstrip() for line in output.getvalue().splitlines())
    return ascii_text(text) if options.ascii else text


def _items(console: Console, block: Items, options: RenderOptions) -> None:
    """Each text behind its term, wrapped below itself."""
    width = max(display_width(term) for term, _text in block.lines)
    indent = " " * (width + 4 if width else 2)
    for term, text in block.lines:
        lines = textwrap.wrap(text, max(options.width - len(indent), 20)) if options.width else [text]
        head = f"  {term}{' ' * (width - display_width(term) + 2)}" if width else "  "
        console.print(Text(head + ("\n" + indent).join(lines)))


def _formulas(console: Console, block: Formulas, options: RenderOptions) -> None:
    marks = style(options)
    width = options.width and options.width - 2
    for number, line in enumerate(formulas(block, marks)):
        color = "cyan" if block.above is None or number == 0 else ""
        for piece in folded(line, width):
            text = Text.assemble("  ", (piece, color), no_wrap=True, overflow="ignore")
            console.print(text, soft_wrap=True)  # nothing that fills a line to the console's width


def _table(console: Console, block: Table, options: RenderOptions) -> None:
    cut = len(block.steps) > LONG
    shown = [*range(ENDS), *range(len(block.steps) - ENDS, len(block.steps))] if cut else range(len(block.steps))
    steps = [str(block.steps[row]) for row in shown]
    columns = aligned(block, shown, options)
    widths = [max(map(display_width, [column.label, *cells])) for column, cells in zip(block.columns, columns)]
    signals = [column.key.partition("[")[0] for column in block.columns]
    for first, last in _folds(widths, signals, options.width, max(map(len, ("step", *steps)))):
        table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("step", justify="right", no_wrap=True)
        for column, width in zip(block.columns[first:last], widths[first:last]):
            table.add_column(Text(right(column.label, width)), no_wrap=True)
        for number, step in enumerate(steps):
            if cut and number == ENDS:
                table.add_row(":" if options.ascii else "⋮")
            padded = zip(columns[first:last], widths[first:last])
            table.add_row(step, *(Text(right(cells[number], width)) for cells, width in padded))
        console.print(table)
        if last < len(block.columns):
            console.print()
    if cut:
        message = _("{n} of {all} steps; --step {from_}-{to} shows the others, -o FILE.csv writes all")
        begin, end = block.steps[ENDS], block.steps[-ENDS - 1]
        console.print(Text(message.format(n=2 * ENDS, all=len(block.steps), from_=begin, to=end), style="dim"))


def _folds(widths: list[int], signals: list[str], width: int | None, step: int) -> list[tuple[int, int]]:
    """Runs of columns that fit beside the step: a signal's units stay together where a run can hold them all."""
    if width is None:
        return [(0, len(widths))]
    folds, first, used = [], 0, step
    for column, needed in enumerate(widths):
        opens = column == 0 or signals[column] != signals[column - 1]
        whole = sum(other + 2 for other, name in zip(widths, signals) if name == signals[column])
        wanted = whole if opens and step + whole <= width else needed + 2
        if column > first and used + wanted > width:
            folds.append((first, column))
            first, used = column, step
        used += needed + 2
    return [*folds, (first, len(widths))]
