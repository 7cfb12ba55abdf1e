"""The values of a sheet as texts or numbers; what code draws at random is drawn in the order of the sheet."""

from __future__ import annotations

from typing import Any

from rnncalc.errors import ParseError
from rnncalc.problems.parse import code, matrix
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.sheet.pieces import Assigned, ScannedSheet


class Contents:
    """Reads the values of one sheet."""

    def __init__(self, sheet: ScannedSheet):
        self.random = code.CodeReader()
        self.seeds = sorted(sheet.seeds, reverse=True)

    def value(self, item: Assigned) -> Any:
        """A value as text, or as numbers where code makes it."""
        while self.seeds and self.seeds[-1][0] < item.line:
            self.random.np_seed(self.seeds.pop()[1])
        return self.numbers(item) if code.recognises(item.value) else item.value

    def numbers(self, item: Assigned) -> Numbers:
        """A value as numbers. Raises ParseError with its place."""
        try:
            if code.recognises(item.value):
                return Numbers(self.random.read(item.value))
            return matrix.read(item.value)
        except ParseError as error:
            raise ParseError(f"{item.where}: {error}") from None
