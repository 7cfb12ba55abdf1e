"""Markdown with LaTeX between dollar signs, as GitHub and Jupyter show it."""

from __future__ import annotations

import re

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
from rnncalc.report.render.latex import formulas, matrix
from rnncalc.report.render.plain import cells


def render(document: Document, options: RenderOptions) -> str:
    """Headings, pipe tables, and formulas in a display each."""
    parts: list[str] = []
    for block in document.blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * (block.level + 1)} {_escaped(block.text)}")
        elif isinstance(block, Paragraph):
            parts.append(_line(block.text))
        elif isinstance(block, Items):
            parts.append("\n".join(f"- {_line(f'{term}: {text}' if term else text)}" for term, text in block.lines))
        elif isinstance(block, Formulas):
            parts.append(_display(formulas(block, options)))
        elif isinstance(block, Table):
            parts.append(_table(block, options))
        elif isinstance(block, Matrices):
            parts += [f"$${matrix(each, options)}$$" for each in block.all]
        elif isinstance(block, Grid):
            parts.append(grid.markdown(block, options, _escaped))
        elif isinstance(block, Arrays):
            parts += [f"$${arrays.latex(item)}$$" for item in block.items]
    return "\n\n".join(parts)


def _display(lines: list[str]) -> str:
    if len(lines) == 1:
        return f"$${lines[0].replace('&', '')}$$"
    body = " \\\\\n".join(lines)
    return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"


def _table(block: Table, options: RenderOptions) -> str:
    header = ["step", *(_escaped(column.label) for column in block.columns)]
    rows = [[str(step), *cells(row, options)] for step, row in zip(block.steps, block.rows)]
    lines = [header, ["---:"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(text: str) -> str:
    """A text that begins a line: no item of a list, no rule."""
    return re.sub(r"^(\s*\d*)([-+=.)])", r"\1\\\2", _escaped(text))


def _escaped(text: str) -> str:
    """Text with nothing that Markdown or HTML would take for a sign."""
    return re.sub(r"([\\`*_\[\]<>|$#~&])", r"\\\1", text)
