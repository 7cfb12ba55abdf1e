r"""LaTeX: a piece that compiles between \begin{document} and \end{document} with amsmath loaded."""

from __future__ import annotations

from rnncalc.document import Document, Formula, Formulas, Grid, Heading, Items, Matrices, Matrix, Paragraph, Table
from rnncalc.render import Look, grid
from rnncalc.render.plain import cells
from rnncalc.writing import LATEX, Place, Style, write, write_name

_HEADINGS = {1: "section*", 2: "subsection*", 3: "subsubsection*", 4: "paragraph*"}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
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


def render(document: Document, look: Look) -> str:
    """Sections, aligned formulas, and tables in a tabular each, wide ones cut by columns."""
    parts = [r"% needs \usepackage{amsmath}"]
    for block in document.blocks:
        if isinstance(block, Heading):
            parts.append(rf"\{_HEADINGS[block.level]}{{{escaped(block.text)}}}")
        elif isinstance(block, Paragraph):
            parts.append(escaped(block.text))
        elif isinstance(block, Items):
            lines = [
                rf"\item[{{{escaped(term)}}}] {escaped(text)}" if term else rf"\item {escaped(text)}"
                for term, text in block.lines
            ]
            parts.append("\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"]))
        elif isinstance(block, Formula):
            parts.append(_aligned([formula(block, look)]))
        elif isinstance(block, Formulas):
            above = [formula(block.above, look)] if block.above else []
            parts.append(_aligned([*above, *(formula(line, look) for line in block.lines)]))
        elif isinstance(block, Table):
            parts.append(_table(block, look))
        elif isinstance(block, Grid):
            parts.append(grid.latex(block, look, escaped))
        elif isinstance(block, Matrices):
            parts.append(_aligned([matrix(item, "&=") for item in block.items]))
    return "\n\n".join(parts)


def style(look: Look) -> Style:
    """The style of LaTeX, rounding as the look says."""
    return LATEX.rounding(look.rounding.latex)


def formula(line: Formula, look: Look) -> str:
    """left &= right = …, to be aligned at the first sign."""
    marks, everywhere = style(look), Place(line.place.step, None, line.place.signals)
    left = write_name(line.signal, marks, line.letters, line.place)
    return f"{left} &= " + " = ".join(write(right, marks, line.letters, everywhere) for right in line.right)


def matrix(block: Matrix, equals: str = "=") -> str:
    """U = a matrix in brackets, a vector as a column."""
    entries = block.entries
    if isinstance(entries, tuple):
        rows = r" \\ ".join(" & ".join(row) if isinstance(row, tuple) else row for row in entries)
        body = rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
    else:
        body = entries
    body = body.replace("_", r"\_")
    return f"{_symbol(block.name)} {equals} {body}"


def _symbol(name: str) -> str:
    """dU_i, h_0, U_new as a symbol with its index."""
    base, _, index = name.partition("_")
    if len(base) == 2 and base[0] == "d":
        base = rf"\mathrm{{d}}{base[1]}"
    elif len(base) > 1:
        base = rf"\mathrm{{{base}}}"
    if not index:
        return base
    index = index.replace("_", ",")
    return f"{base}_{{{index}}}" if len(index) == 1 or index.isdigit() else rf"{base}_{{\mathrm{{{index}}}}}"


def escaped(text: str) -> str:
    """Text with nothing that LaTeX would take for a command."""
    return "".join(
        _SPECIAL.get(character, f"\\{character}" if character in "&%$#_{}" else character) for character in text
    )


def _aligned(lines: list[str]) -> str:
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _table(block: Table, look: Look, most: int = 8) -> str:
    """One tabular for every `most` columns, the step repeated."""
    tables = []
    for first in range(0, len(block.columns), most):
        part = slice(first, first + most)
        header = ["step", *(escaped(column.label) for column in block.columns[part])]
        rows = [
            [str(step), *(_math(cell) for cell in cells(row[part], look))] for step, row in zip(block.steps, block.rows)
        ]
        body = "".join(f"{' & '.join(row)} \\\\\n" for row in rows)
        shape = "r" * len(header)
        tables.append(f"\\begin{{tabular}}{{{shape}}}\n{' & '.join(header)} \\\\\n\\hline\n{body}\\end{{tabular}}")
    return "\n\n\\medskip\n\n".join(tables)


def _math(cell: str) -> str:
    mantissa, _e, exponent = cell.partition("e") if cell[-1:].isdigit() else (cell, "", "")
    return (
        rf"${mantissa} \cdot 10^{{{exponent}}}$"
        if exponent
        else f"${cell}$"
        if cell.startswith("-") and cell != "-"
        else cell
    )
