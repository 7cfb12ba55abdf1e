"""The terminal: tables drawn with rich, folded by unit to the width, long ones shown by their ends."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from rnncalc.common.i18n import _
from rnncalc.common.letters import spelled
from rnncalc.common.wrapping import display_width, wrap
from rnncalc.report import document as blocks
from rnncalc.report.document import Document
from rnncalc.report.render import Renderer, RenderOptions, grid
from rnncalc.report.render.columns import folds
from rnncalc.report.render.lines import array_line, folded, formulas, known_letters, matrices
from rnncalc.report.render.plain import aligned, right

LONG, ENDS = 40, 10  # a table of more steps shows so many at either end


def render(document: Document, options: RenderOptions) -> str:
    """The document as the terminal shows it."""
    return spelled(Terminal(options).text(known_letters(document, options)), options.encoding)  # rich's lines too


class Terminal(Renderer):
    """Lines and tables folded to the width; rich colours them."""

    def heading(self, block: blocks.Heading) -> str:
        return self._printed(Text(block.text, style="bold"))

    def paragraph(self, block: blocks.Paragraph) -> str:
        width = self.options.width
        lines = wrap(block.text, width) if width else [block.text]
        return self._printed(*map(Text, lines))

    def items(self, block: blocks.Items) -> str:
        """Each text behind its term, wrapped below itself."""
        width = max(display_width(term) for term, _text in block.lines)
        indent = " " * (width + 4 if width else 2)
        parts = []
        for term, text in block.lines:
            room = self.options.width and max(self.options.width - len(indent), 20)
            lines = wrap(text, room) if room else [text]
            head = f"  {term}{' ' * (width - display_width(term) + 2)}" if width else "  "
            parts.append(Text(head + ("\n" + indent).join(lines)))
        return self._printed(*parts)

    def formulas(self, block: blocks.Formulas) -> str:
        width, parts = self.options.width and self.options.width - 2, []
        for number, line in enumerate(formulas(block, self.options)):
            color = "cyan" if block.above is None or number == 0 else ""
            parts += [Text.assemble("  ", (piece, color)) for piece in folded(line, width)]
        return self._printed(*parts)

    def table(self, block: blocks.Table) -> str:
        cut = len(block.steps) > LONG
        shown = [*range(ENDS), *range(len(block.steps) - ENDS, len(block.steps))] if cut else range(len(block.steps))
        steps = [str(block.steps[row]) for row in shown]
        columns = aligned(block, shown, self.options)
        widths = [max(map(display_width, [column.label, *cells])) for column, cells in zip(block.columns, columns)]
        signals = [column.key.rpartition("[")[0] for column in block.columns]
        parts: list[RichTable | Text] = []
        for first, last in folds(widths, signals, self.options.width, max(map(display_width, (_("step"), *steps)))):
            table = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
            table.add_column(_("step"), justify="right", no_wrap=True)
            for column, width in zip(block.columns[first:last], widths[first:last]):
                table.add_column(Text(right(column.label, width)), no_wrap=True)
            for number, step in enumerate(steps):
                if cut and number == ENDS:
                    table.add_row("⋮")
                padded = zip(columns[first:last], widths[first:last])
                table.add_row(step, *(Text(right(cells[number], width)) for cells, width in padded))
            parts += [table, Text("")] if last < len(block.columns) else [table]
        if cut:
            message = _("{n} of {all} steps; --step {from_}-{to} shows the others, -o FILE.csv writes all")
            begin, end = block.steps[ENDS], block.steps[-ENDS - 1]
            said = message.format(n=2 * ENDS, all=len(block.steps), from_=begin, to=end)
            parts.append(Text(said, style="dim"))
        return self._printed(*parts)

    def matrices(self, block: blocks.Matrices) -> str:
        return self._printed(*(Text("  " + line) for line in matrices(block, self.options)))

    def grid(self, block: blocks.Grid) -> str:
        lines = enumerate(grid.lines(block, self.options))
        return self._printed(*(Text(line, style="" if number else "bold") for number, line in lines))

    def arrays(self, block: blocks.Arrays) -> str:
        return self._printed(*(Text("  " + array_line(item)) for item in block.items))

    def _printed(self, *parts: Text | RichTable) -> str:
        """What rich makes of them, without blanks at the ends of lines."""
        output = io.StringIO()
        console = Console(
            file=output,
            width=100_000,  # rich would cut at the width; here lines and tables are folded before they reach it
            force_terminal=self.options.color,
            color_system="standard" if self.options.color else None,
            highlight=False,
            emoji=False,
            markup=False,
        )
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, Text))
        return "\n".join(line.rstrip() for line in output.getvalue().splitlines())
