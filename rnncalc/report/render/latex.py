r"""LaTeX: a piece that compiles between \begin{document} and \end{document} with amsmath loaded."""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.model.equations.style import LATEX, Style
from rnncalc.report.document import (
    Arrays,
    Document,
    Formulas,
    Grid,
    Heading,
    Items,
    Matrices,
    Matrix,
    Paragraph,
    Table,
)
from rnncalc.report.render import Renderer, RenderOptions, arrays, grid
from rnncalc.report.render.plain import cells

MOST_COLUMNS = 8  # of a table beside the step
_HEADINGS = {1: "section*", 2: "subsection*", 3: "subsubsection*", 4: "paragraph*"}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "^": r"\textasciicircum{}",
    "∘": r"$\circ$",
    "−": "$-$",
    "σ": r"$\sigma$",
    "✓": r"$\surd$",
    "✗": r"$\times$",
    "→": r"$\to$",
    "–": "--",
    "θ": r"$\theta$",
    "δ": r"$\delta$",
    "·": r"$\cdot$",
    "²": "$^2$",
    "′": "$'$",
    "ᵀ": r"$^{\top}$",
    "½": r"$\frac12$",
    "Σ": r"$\Sigma$",
    "±": r"$\pm$",
}


def render(document: Document, options: RenderOptions) -> str:
    """Sections, aligned formulas, and tables in a tabular each, wide ones cut by columns."""
    return "% needs \\usepackage{amsmath}\n\n" + Latex(options).text(document)


class Latex(Renderer):
    """Sections, aligned formulas, and tables in a tabular each, wide ones cut by columns."""

    def heading(self, block: Heading) -> str:
        return rf"\{_HEADINGS[block.level]}{{{escaped(block.text)}}}"

    def paragraph(self, block: Paragraph) -> str:
        return escaped(block.text)

    def items(self, block: Items) -> str:
        lines = [
            rf"\item[{{{escaped(term)}}}] {escaped(text)}" if term else rf"\item {escaped(text)}"
            for term, text in block.lines
        ]
        return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])

    def formulas(self, block: Formulas) -> str:
        return _aligned(formulas(block, self.options))

    def table(self, block: Table) -> str:
        """One tabular for every so many columns, the step repeated."""
        tables = []
        for first in range(0, len(block.columns), MOST_COLUMNS):
            part = slice(first, first + MOST_COLUMNS)
            header = [escaped(_("step")), *(escaped(column.label) for column in block.columns[part])]
            rows = [
                [str(step), *(_math(cell) for cell in cells(row[part], self.options))]
                for step, row in zip(block.steps, block.rows)
            ]
            body = "".join(f"{' & '.join(row)} \\\\\n" for row in rows)
            shape = "r" * len(header)
            tables.append(f"\\begin{{tabular}}{{{shape}}}\n{' & '.join(header)} \\\\\n\\hline\n{body}\\end{{tabular}}")
        return "\n\n\\medskip\n\n".join(tables)

    def matrices(self, block: Matrices) -> str:
        return "\n\n".join(f"\\[\n{matrix(each, self.options)}\n\\]" for each in block.all)

    def grid(self, block: Grid) -> str:
        return grid.latex(block, self.options, escaped)

    def arrays(self, block: Arrays) -> str:
        return _aligned([arrays.latex(item, "&=") for item in block.items])


def _style(options: RenderOptions) -> Style:
    """The style of LaTeX, rounding as the options say."""
    return LATEX.rounding(options.rounding)


def formulas(block: Formulas, options: RenderOptions) -> list[str]:
    """The lines of a group, the heading formula first."""
    return [line.write(_style(options), " &= ") for line in block.all]


def matrix(block: Matrix, options: RenderOptions) -> str:
    """label = a matrix in brackets, of up to as many columns as amsmath sets."""
    rows = " \\\\ ".join(" & ".join(options.rounding.latex(value) for value in row) for row in block.rows)
    label = re.sub(r"_(\w+)", r"_{\\mathrm{\1}}", block.label)
    if block.number:
        return f"{label} = {rows}"
    setup = rf"\setcounter{{MaxMatrixCols}}{{{len(block.rows[0])}}} " if len(block.rows[0]) > 10 else ""
    return rf"{setup}{label} = \begin{{bmatrix}} {rows} \end{{bmatrix}}"


def escaped(text: str) -> str:
    """Text with nothing that LaTeX would take for a command."""
    begin = "{}" if text.lstrip()[:1] in ("[", "*") else ""  # behind \\\\ or \\item these would begin an argument
    return begin + "".join(
        _SPECIAL.get(character, f"\\{character}" if character in "&%$#_{}" else character) for character in text
    )


def _aligned(lines: list[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _math(cell: str) -> str:
    mantissa, _e, exponent = cell.partition("e") if cell[-1:].isdigit() else (cell, "", "")
    return (
        rf"${mantissa} \cdot 10^{{{exponent}}}$"
        if exponent
        else f"${cell}$"
        if cell.startswith("-") and cell != "-"
        else cell
    )
