"""Reads one matrix with the first reader that recognises its text."""

from __future__ import annotations

from types import ModuleType

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.parse import brackets, commas, rows
from rnncalc.problems.parse.numbers import Numbers, blanked, plain


def read(text: str, decimal: str = "") -> Numbers:
    """Read a scalar, a vector, a matrix or a batch: rows, JSON, LaTeX, prints, NumPy code, @file.

    decimal: comma or point, where somebody says how numbers are written. Raises ParseError with the place.
    """
    if text.lstrip().startswith("@"):
        from rnncalc.problems.parse import files

        return files.read(text.strip()[1:], read, decimal)
    text = commas.read(_uncommented(plain(blanked(text))).strip().strip("$").strip(), decimal)
    if not text:
        raise ParseError(_("expected numbers, got nothing"))
    *first, last = _readers(text)
    for reader in first:
        try:
            return reader.read(text)
        except ParseError:
            continue
    return last.read(text)


def _readers(text: str) -> list[ModuleType]:
    """The readers to try, in order; those with many patterns are imported only if needed.

    np.array([[0.80]]) is a print and keeps its digits; np.array([[0.80]]) * 2 is code.
    """
    if text[:1].isalpha() or text[-1:].isalpha() or (text[-1:] in "}0123456789" and "_" in text):
        from rnncalc.problems.parse import patterns

        if patterns.recognises(text):
            return [patterns]
    if "\\begin" in text:
        from rnncalc.problems.parse import latex

        return [latex]
    if "(" in text:
        from rnncalc.problems.parse import code

        if code.recognises(text):
            return [brackets, code] if brackets.recognises(text) else [code]
    return [brackets] if brackets.recognises(text) else [rows]


def _uncommented(text: str) -> str:
    """Remove the comment marks of a matrix that is pasted from a program, `# [[0.1, 0.2],`."""
    lines = text.strip().splitlines()
    for mark in ("#", "//", ">>>"):
        if lines and all(line.lstrip().startswith(mark) for line in lines if line.strip()):
            return "\n".join(line.lstrip().removeprefix(mark) for line in lines)
    return text
