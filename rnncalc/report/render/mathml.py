"""MathML Core, as browsers set it: what stands in a `<math>`, every number with all its digits beside what is seen.

`<mn data-value="0.8617">0.862</mn>`; of a power of ten the row that writes it has the value. A page has hundreds of
lines, so they are short: no row stands around one element, and units in brackets are one piece of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from string import ascii_lowercase, ascii_uppercase

from rnncalc.model.equations.style import DOTS, Typeset
from rnncalc.report.document import Array, Formulas, Matrix
from rnncalc.report.render import RenderOptions, typeset
from rnncalc.report.render.numbers import exact

ITALIC = {
    ord(plain): chr(first + k)
    for plains, first in (
        (ascii_uppercase, 0x1D434),
        (ascii_lowercase, 0x1D44E),
        ("αβγδεζηθικλμνξοπρςστυφχψω", 0x1D6FC),
    )
    for k, plain in enumerate(plains)
} | {ord("h"): "ℎ"}
_TAG = re.compile(r"<(/?)[^>]*>")
_ELEMENT = re.compile(r"<mo>[^<]*</mo>|<[^>]*>|[^<]+")
WIDEST, PIECE = 110, 40  # characters of a page's line, and of a piece of a line that may be wrapped


def _one(piece: str) -> bool:
    """Whether a piece is one element."""
    depth = 0
    for match in _TAG.finditer(piece):
        depth += -1 if match[1] else 1
        if depth == 0:
            return match.end() == len(piece)
    return False


class MathML(Typeset):
    """Elements, one behind the other; several that are one argument stand in a row."""

    def _row(self, piece: str) -> str:
        return piece if _one(piece) else f"<mrow>{piece}</mrow>"

    def number(self, value: float) -> str:
        return self._of(value, super().number(value))

    def _of(self, value: float, piece: str) -> str:
        """A number with its value on its only element."""
        return self._row(piece).replace(">", f' data-value="{exact(value)}">', 1)

    def word(self, text: str) -> str:
        return f"<mi>{escape(text)}</mi><mo>\N{FUNCTION APPLICATION}</mo>"

    def mark(self, text: str) -> str:
        if text == DOTS:
            return f"<mi>{DOTS}</mi>"
        return f"<mo>{'−' if text == '-' else escape(text)}</mo>"

    sign = mark

    def fenced(self, inner: str, begin: str = "(", end: str = ")") -> str:
        return f"<mrow>{self.mark(begin)}{inner}{self.mark(end)}</mrow>"

    def fraction(self, above: str, below: str) -> str:
        return f"<mfrac>{self._row(above)}{self._row(below)}</mfrac>"

    def identifier(self, text: str) -> str:
        return f"<mi>{escape(text)}</mi>"

    def numeral(self, text: str) -> str:
        return f"<mn>{escape(text.replace('-', '−').replace('inf', '∞').replace('nan', 'NaN'))}</mn>"

    def given(self, text: str) -> str:
        try:
            return self._of(float(text), self.written(text))
        except ValueError:
            return self.text(text)

    def text(self, text: str) -> str:
        return f"<mtext>{escape(text)}</mtext>"

    def scripts(self, base: str, below: str = "", above: str = "") -> str:
        parts = [self._row(piece) for piece in (base, below, above) if piece]
        shape = {(True, True): "msubsup", (True, False): "msub", (False, True): "msup"}.get((bool(below), bool(above)))
        return f"<{shape}>{''.join(parts)}</{shape}>" if shape else base

    def indices(self, text: str) -> str:
        """Several with commas between them are one element, the letters italic: 𝑖,3."""
        if not re.fullmatch(r"\w+(,\w+)+", text):
            return super().indices(text)
        return self.identifier(",".join(part if part[1:] else part.translate(ITALIC) for part in text.split(",")))

    def gradient(self, symbol: str) -> str:
        """d𝑎, in one element: d upright, a letter of Latin or Greek italic as it is alone."""
        text = symbol.removeprefix("<mi>").removesuffix("</mi>")
        return (
            self.identifier(f"d{text.translate(ITALIC)}")
            if len(text) == 1
            else f"<mrow><mtext>d</mtext>{symbol}</mrow>"
        )

    def entry(self, symbol: str, units: Sequence[int]) -> str:
        return symbol + self.text("".join(f"[{unit}]" for unit in units)) if units else symbol

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        lines = ("".join(f"<mtd>{piece}</mtd>" for piece in row) for row in rows)
        return self.fenced(f"<mtable>{''.join(f'<mtr>{line}</mtr>' for line in lines)}</mtable>", "[", "]")


MATHML = MathML("<mo>∘</mo>", "<mo>·</mo>", "<mo>\N{INVISIBLE TIMES}</mo>")


def formulas(block: Formulas, options: RenderOptions) -> list[str]:
    """The inside of a `<math>` for each line of a group, the heading formula first."""
    style = MATHML.rounding(options.rounding)
    return [line.write(style) for line in block.all]


def matrix(block: Matrix, options: RenderOptions) -> list[str]:
    """label = a matrix in brackets, or a number; what is wider than a page in several lines, with some columns each."""
    return typeset.cut(block, MATHML.rounding(options.rounding), WIDEST, _width)


def array(block: Array) -> list[str]:
    """The same of an array in the digits in which it was given."""
    return typeset.cut(block, MATHML, WIDEST, _width)


def wrapped(line: str) -> list[str]:
    """A line; one that is wider than a page in pieces, each of which begins with a sign."""
    if _width(line) <= WIDEST:
        return [line]
    depth, pieces = 0, [""]
    for match in _ELEMENT.finditer(line):
        sign = match[0] in ("<mo>=</mo>", "<mo>+</mo>", "<mo>−</mo>")
        if depth == 0 and sign and _width(pieces[-1]) > PIECE:
            pieces.append('<mo form="infix">' + match[0].removeprefix("<mo>"))
            continue
        depth += len(re.findall("<[^/]", match[0])) - match[0].count("</")
        pieces[-1] += match[0]
    return pieces


def _width(piece: str) -> float:
    """The characters that are seen."""
    return len(_TAG.sub("", piece))
