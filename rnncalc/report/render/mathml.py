"""MathML Core, as browsers set it: a `<math>` for each line, every number with all its digits beside what is seen.

`<mn data-value="0.8617">0.862</mn>`; of a power of ten the row that writes it has the value. Each has an `alttext`, the
line as plain text has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rnncalc.model.equations.style import DOTS, TEXT, Typeset
from rnncalc.report.document import Array, Formulas, Matrix
from rnncalc.report.render import RenderOptions, arrays, typeset
from rnncalc.report.render.numbers import exact


class MathML(Typeset):
    """Elements, one behind the other; several that are one argument stand in a row."""

    def _row(self, piece: str) -> str:
        return piece if re.fullmatch(r"<(m\w+)\b[^>]*>[^<]*</\1>", piece) else f"<mrow>{piece}</mrow>"

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

    def gradient(self, symbol: str) -> str:
        return f'<mrow><mi mathvariant="normal">d</mi>{symbol}</mrow>'

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        lines = ("".join(f"<mtd>{piece}</mtd>" for piece in row) for row in rows)
        return self.fenced(f"<mtable>{''.join(f'<mtr>{line}</mtr>' for line in lines)}</mtable>", "[", "]")


MATHML = MathML("<mo>∘</mo>", "<mo>·</mo>", "<mo>\N{INVISIBLE TIMES}</mo>")


def formulas(block: Formulas, options: RenderOptions) -> list[str]:
    """A `<math>` for each line of a group, the heading formula first."""
    style, text = MATHML.rounding(options.rounding), TEXT.rounding(options.rounding)
    return [_math(line.write(style), line.write(text)) for line in block.all]


def matrix(block: Matrix, options: RenderOptions) -> str:
    """label = a matrix in brackets, or a number."""
    entries = tuple(tuple(map(options.rounding, row)) for row in block.rows)
    text = arrays.line(Array(block.label, entries[0][0] if block.number else entries))
    return _math(typeset.whole(block, MATHML.rounding(options.rounding)), text)


def array(block: Array) -> str:
    """The same of an array in the digits in which it was given."""
    return _math(typeset.whole(block, MATHML), arrays.line(block))


def _math(body: str, text: str) -> str:
    return f'<math display="block" alttext="{escape(text)}">{body}</math>'
