"""Markdown with LaTeX between dollar signs, as GitHub and Jupyter show it."""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.model.equations.style import LATEX
from rnncalc.report import document as blocks
from rnncalc.report.document import Document
from rnncalc.report.render import Renderer, RenderOptions, grid, typeset
from rnncalc.report.render.plain import cells


def render(document: Document, options: RenderOptions) -> str:
    """Headings, pipe tables, and formulas in a display each."""
    return Markdown(options).text(document)


class Markdown(Renderer):
    """Text with nothing that a reader of Markdown would take for a sign, and LaTeX in dollars."""

    def __init__(self, options: RenderOptions):
        super().__init__(options)
        self.style = LATEX.rounding(options.rounding)

    def heading(self, block: blocks.Heading) -> str:
        return f"{'#' * (block.level + (not self.options.whole))} {_escaped(block.text)}"

    def paragraph(self, block: blocks.Paragraph) -> str:
        return _line(block.text)

    def items(self, block: blocks.Items) -> str:
        return "\n".join(f"- {_line(f'{term}: {text}' if term else text)}" for term, text in block.lines)

    def formulas(self, block: blocks.Formulas) -> str:
        return _display([line.write(self.style, " &= ") for line in block.all])

    def table(self, block: blocks.Table) -> str:
        header = [_("step"), *(_escaped(column.label) for column in block.columns)]
        rows = [[str(step), *cells(row, self.options)] for step, row in zip(block.steps, block.rows)]
        lines = [header, ["---:"] * len(header), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def matrices(self, block: blocks.Matrices) -> str:
        return "\n\n".join(f"$${typeset.whole(each, self.style)}$$" for each in block.all)

    def grid(self, block: blocks.Grid) -> str:
        return grid.markdown(block, self.options, _escaped)

    def arrays(self, block: blocks.Arrays) -> str:
        return "\n\n".join(f"$${typeset.whole(item, self.style)}$$" for item in block.items)


def _display(lines: list[str]) -> str:
    if len(lines) == 1:
        return f"$${lines[0].replace('&', '')}$$"
    body = " \\\\\n".join(lines)
    return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"


def _line(text: str) -> str:
    """A text that begins a line: no item of a list, no rule."""
    return re.sub(r"^(\s*\d*)([-+=.)])", r"\1\\\2", _escaped(text))


def _escaped(text: str) -> str:
    """Text with nothing that Markdown or HTML would take for a sign."""
    return re.sub(r"([\\`*_\[\]<>|$#~&])", r"\\\1", text)
