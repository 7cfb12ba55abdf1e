"""Formulas as lines of text, for the formats that have no mathematics of their own."""

from __future__ import annotations

from collections.abc import Iterator

from rnncalc.document import Formula, Formulas, Matrix
from rnncalc.render import Look
from rnncalc.writing import ASCII, TEXT, Place, Style, write, write_name

_IN_ASCII = str.maketrans(
    {
        "σ": "sigmoid",
        "∘": "*",
        "·": "*",
        "…": "...",
        "′": "'",
        "–": "-",
        "—": "-",
        "−": "-",
        "“": '"',
        "”": '"',
        "│": "|",
        "∂": "d",
        "ᵀ": "^T",
        "‖": "||",
        "é": "e",
        "Σ": "sum",
        "→": "->",
        "✓": "ok",
        "✗": "x",
        "θ": "theta",
        "δ": "delta",
        "½": "1/2",
        "²": "^2",
        "±": "+-",
        "×": "x",
    }
)


def ascii_text(text: str) -> str:
    """The text in pure ASCII; a character that has no stand-in becomes a question mark."""
    return text.translate(_IN_ASCII).encode("ascii", "replace").decode("ascii")


def style(look: Look) -> Style:
    """The style of text, rounding as the look says."""
    return (ASCII if look.ascii else TEXT).rounding(look.rounding)


def formula(line: Formula, marks: Style) -> str:
    """left = right = …"""
    left = write_name(line.signal, marks, line.letters, line.place)
    everywhere = Place(line.place.step, None, line.place.signals)
    return " = ".join([left, *(write(right, marks, line.letters, everywhere) for right in line.right)])


def formulas(group: Formulas, marks: Style) -> Iterator[str]:
    """The lines of a group; numbers stand below their symbols."""
    if group.above:
        yield formula(group.above, marks)
    indent = "  " if group.above else ""
    for line in group.lines:
        yield indent + formula(line, marks)


def matrix(block: Matrix) -> str:
    """U = [[0.1, 0.2], [0.3, 0.4]]: one line, which can be copied into a command or a program."""
    return f"{block.name} = {_bracketed(block.entries)}"


def _bracketed(entries: object) -> str:
    return f"[{', '.join(map(_bracketed, entries))}]" if isinstance(entries, tuple) else str(entries)


def folded(line: str, width: int | None) -> Iterator[str]:
    """A long line of arithmetic broken before a sign, what follows set below the first right-hand side."""
    if width is None or len(line) <= width:
        yield line
        return
    indent = " " * min(line.index("=") + 2 if "=" in line else 4, width // 2)
    rest = line
    while len(rest) > width:
        at = max(rest.rfind(mark, len(indent) + 1, width) for mark in (" + ", " - ", " = ", " / "))
        if at <= len(indent):
            break
        yield rest[:at]
        rest = indent + rest[at + 1 :]
    yield rest
