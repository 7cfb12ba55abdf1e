"""A long text file, many whole lines at a time: what table_file.py cuts into rows."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rnncalc.common import bounds

SIZE = 1 << 22  # characters that are read at a time; a text that has as many is large


class LongText:
    """A text piece by piece: many whole lines at a time, or one after the other."""

    def __init__(self, source: str, encoding: str):
        self.source, self.pieces = source, bounds.pieces(source, SIZE, encoding, newline="")
        self.held, self.split, self.large = "", iter(list[str]()), False

    def next_lines(self) -> str:
        """Return the next lines; nothing at the end. Raises ParseError where a line is longer than a file may be."""
        if left := "".join(self.split):
            return left
        parts, self.held = [self.held], ""
        for piece in self.pieces:
            self.large = self.large or len(piece) == SIZE
            cut = piece.rfind("\n") + 1
            parts.append(piece[:cut] if cut else piece)
            if cut:
                self.held = piece[cut:]
                break
            bounds.check(sum(map(len, parts)), self.source)
        return "".join(parts)

    def lines(self) -> Iterator[str]:
        """Yield line by line; those that nobody takes stay for who comes next."""
        while True:
            yield from self.split
            text = self.next_lines()
            if not text:
                return
            self.split = iter(list(io.StringIO(text, newline="")))
