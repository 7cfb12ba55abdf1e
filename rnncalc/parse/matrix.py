"""The door for one matrix: the first reader that recognises the text reads it."""

from __future__ import annotations

from rnncalc.errors import ParseError
from rnncalc.language import _
from rnncalc.parse import brackets, code, files, latex, rows
from rnncalc.parse.numbers import Numbers, plain

READERS = (latex, code, brackets, rows)


def read(text: str) -> Numbers:
    """A scalar, a vector, a matrix or a batch of them from any form of CONTRACT's: rows, JSON, LaTeX, prints, NumPy
    code, @file. Raises ParseError with the place.
    """
    if text.lstrip().startswith("@"):
        return files.read(text.strip()[1:], read)
    text = _uncommented(plain(text)).strip().strip("$").strip()
    if not text:
        raise ParseError(_("expected numbers, got nothing"))
    reader = next(reader for reader in READERS if reader.recognises(text))
    if reader is code and brackets.recognises(text):  # np.array([[0.80]]) keeps its digits; np.zeros((2, 3)) is code
        try:
            return brackets.read(text)
        except ParseError:
            return code.read(text)
    return reader.read(text)


def _uncommented(text: str) -> str:
    """A matrix that stands in the comments of a program, `# [[0.1, 0.2],`, without their marks."""
    lines = text.strip().splitlines()
    for mark in ("#", "//", ">>>"):
        if lines and all(line.lstrip().startswith(mark) for line in lines if line.strip()):
            return "\n".join(line.lstrip().removeprefix(mark) for line in lines)
    return text
