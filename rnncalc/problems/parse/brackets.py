"""Bracketed text: [[0.1, 0.2], [0.3, 0.4]], [1 2; 3 4], prints of NumPy, PyTorch, JAX, TensorFlow, {0.1f, 0.2f} of C.

Inside brackets a comma, white space or a line break separates, since prints are wrapped; a semicolon ends a row. A list
of C, or of several lines without inner brackets, is marked `flat`: its shape comes from elsewhere.
"""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse.numbers import (
    BLANKS,
    CUT,
    DECIMAL,
    DEEPEST,
    FRACTION,
    LONGEST_NUMBER,
    WORD,
    Numbers,
    left_out,
)

_PRINT = re.compile(r"(?:\w+\.)*(?:array|asarray|matrix|tensor|Array|Tensor)\s*\(\s*|<tf\.\w+[^>\[]*?numpy\s*=\s*")
_OPEN, _CLOSE = "[({", "])}"
_TAIL = re.compile(r"(?:\^\s*\{?\s*(?:\\(?:top|intercal|mathsf|mathrm)?\s*\{?)?\s*T?\s*\}*|\.T|')\s*")
_SPACE = re.compile(r"(?:\s|\\[,;!: ]|~)*")
_PIECE = re.compile(r"[^\s,;\[\](){}]*")
_BLANK = re.compile("|".join(re.escape(word) for word in BLANKS if word) + r"\b")


def recognises(text: str) -> bool:
    """Whether a bracket opens first, or after the name of a print."""
    return bool(re.match(r"\s*[\[({]", text) or _PRINT.match(text.lstrip()))


def read(text: str) -> Numbers:
    """Read the array in the brackets. Raises ParseError."""
    reader = _BracketReader(text)
    reader.skip()
    nested = reader.value(0)
    numbers = Numbers.of(nested, place)
    numbers.flat = reader.flat and len(numbers.shape) == 1
    reader.skip()
    tail = _TAIL.match(text, reader.at)
    if tail and tail[0].strip():
        numbers = numbers.transposed
        reader.at = tail.end()
    reader.end()
    return numbers


def place(index: tuple[int, ...]) -> str:
    """An index as people count it: row 1, column 2."""
    if not index:
        return ""
    if len(index) == 1:
        return _("number {i}").format(i=index[0] + 1)
    *outer, row, column = (i + 1 for i in index)
    where = _("row {row}, column {column}").format(row=row, column=column)
    return _("sequence {n}, {where}").format(n=outer[0], where=where) if outer else where


class _BracketReader:
    def __init__(self, text: str):
        self.text, self.at, self.flat = text, 0, False
        self.prints = 0

    def skip(self) -> None:
        """Skip white space and LaTeX's spaces."""
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def value(self, depth: int) -> object:
        """Read a number or a bracketed list, and skip the words of a print around it."""
        word = _PRINT.match(self.text, self.at)
        if word:
            self.at = word.end()
            self.prints += 1
            if self.prints > DEEPEST:
                raise self.error(_("nested deeper than any array here"))
            inner = self.value(depth)
            self.close_print(word[0])
            return inner
        if self.at < len(self.text) and self.text[self.at] in _OPEN:
            return self.bracket(depth)
        return self.number()

    def bracket(self, depth: int) -> list[object]:
        if depth > DEEPEST:
            raise self.error(_("nested deeper than any array here"))
        self.flat = self.flat or self.text[self.at] == "{"
        closing = _CLOSE[_OPEN.index(self.text[self.at])]
        opened = self.at
        self.at += 1
        rows: list[list[object]] = [[]]
        while True:
            self.skip()
            if self.at >= len(self.text):
                self.at = opened
                raise self.error(_("this bracket is never closed"))
            mark = self.text[self.at]
            self.flat = self.flat or "\n" in self.text[opened : self.at]
            if mark == closing:
                self.at += 1
                break
            if mark == ";":
                self.at += 1
                rows.append([])
            elif mark in _OPEN:
                rows[-1].append(self.bracket(depth + 1))
                self.comma()
            else:
                rows[-1].append(self.number())
                self.comma()
        if len(rows) > 1 and not rows[-1]:
            rows.pop()
        single = all(len(row) == 1 for row in rows) and closing == ")"
        if single and len(rows) > 1 and (depth or all(isinstance(row[0], list) for row in rows)):
            return [row[0] for row in rows]  # ((0.1; 0.2); (0.3; 0.4))
        return rows[0] if len(rows) == 1 else list(rows)

    def comma(self) -> None:
        """Skip one comma. Raises ParseError for two in a row."""
        self.skip()
        if self.at < len(self.text) and self.text[self.at] == ",":
            self.at += 1
            self.skip()
            if self.text[self.at : self.at + 1] == ",":
                raise self.error(_("a number is missing between two commas"))

    def number(self) -> str | None:
        piece = _PIECE.match(self.text, self.at)
        text = piece[0] if piece and piece[0] else self.text[self.at : self.at + 1]
        patterns = (FRACTION, DECIMAL, WORD, _BLANK) if len(text) <= LONGEST_NUMBER else ()
        for pattern in patterns:
            match = pattern.match(self.text, self.at, self.at + 3 * LONGEST_NUMBER)  # bounded: stays fast
            if match and match.end() > self.at and not re.match(r"[\w.]", self.text[match.end() : match.end() + 1]):
                self.at = match.end()
                return None if pattern is _BLANK else match[0]
        if CUT.match(self.text, self.at):
            raise self.error(left_out())
        raise self.error(_('expected a number, got "{text}"').format(text=shown(text, 40)))

    def close_print(self, word: str) -> None:
        """Skip what a print says after its numbers: dtype=float32, grad_fn=<TanhBackward0>)."""
        closing = ">" if word.startswith("<") else ")"
        end = self.text.rfind(closing)
        if end < self.at:
            raise self.error(_("“{word}” is never closed").format(word=shown(word, 40)))
        rest = self.text[self.at : end]
        if not re.fullmatch(r"\s*(?:,[^\[\]]*)?", rest):
            raise self.error(_("cannot read what follows the numbers"))
        self.at = end + 1

    def end(self) -> None:
        self.skip()
        if self.at < len(self.text):
            raise self.error(_("nothing should follow the closing bracket"))

    def error(self, message: str) -> ParseError:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        where = _("line {line}, character {column}") if line > 1 else _("character {column}")
        return ParseError(f"{where.format(line=line, column=column)}: {message}")
