"""Arrays in the digits in which they were given, in each of the formats."""

from __future__ import annotations

from rnncalc.report.document import Array


def line(block: Array) -> str:
    """U = [[0.1, 0.2], [0.3, 0.4]]: one line, which can be copied into a command or a program."""
    return f"{block.name} = {_bracketed(block.entries)}"


def latex(block: Array, equals: str = "=") -> str:
    """U = a matrix in brackets, a vector as a column."""
    entries = block.entries
    if isinstance(entries, tuple):
        rows = r" \\ ".join(" & ".join(row) if isinstance(row, tuple) else row for row in entries)
        body = rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
    else:
        body = entries
    body = body.replace("_", r"\_")
    return f"{_symbol(block.name)} {equals} {body}"


def _bracketed(entries: object) -> str:
    return f"[{', '.join(map(_bracketed, entries))}]" if isinstance(entries, tuple) else str(entries)


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
