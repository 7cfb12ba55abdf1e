"""Equations as Word has them (Office MathML), which WPS and LibreOffice read too: one line, no alignment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from rnncalc.model.equations.style import Typeset
from rnncalc.report.render.typeset import BREAK

LINE = 66  # characters of an equation in a line
UPRIGHT = '<m:sty m:val="p"/>'


class OMML(Typeset):
    """Runs and shapes, one behind the other. A run is set in italics unless it is said to be upright."""

    def word(self, text: str) -> str:
        return _run(text, "<m:nor/>")  # else LibreOffice takes some words for its commands

    text = word

    def mark(self, text: str) -> str:
        return _run("−" if text == "-" else text, UPRIGHT)

    def sign(self, text: str) -> str:
        return BREAK * (text in "=+-") + self.mark(text)

    def fenced(self, inner: str, begin: str = "(", end: str = ")") -> str:
        """Signs as they are, between which a line may be broken, or brackets that grow with what is in them."""
        if not re.search("<m:[fm]>", inner):
            return self.word(begin) + inner + self.word(end)
        ends = f'<m:begChr m:val="{begin}"/><m:endChr m:val="{end}"/>'
        return f"<m:d><m:dPr>{ends}</m:dPr>{_part('e', inner)}</m:d>"

    def fraction(self, above: str, below: str) -> str:
        if max(map(width, (above, below))) > LINE / 2:
            return (self.fenced(above) if BREAK in above else above) + self.mark("/") + self.fenced(below)
        return f"<m:f>{_part('num', above)}{_part('den', below)}</m:f>"

    def identifier(self, text: str) -> str:
        return _run(text) if len(text) == 1 else self.word(text)

    def numeral(self, text: str) -> str:
        return _run(text.replace("-", "−").replace("inf", "∞").replace("nan", "NaN"), UPRIGHT)

    def given(self, text: str) -> str:
        return self.written(text) if text[-1:].isdigit() else self.word(text)

    def scripts(self, base: str, below: str = "", above: str = "") -> str:
        shape = f"m:s{'Sub' * bool(below)}{'Sup' * bool(above)}"
        parts = "".join(_part(name, piece) for name, piece in (("sub", below), ("sup", above)) if piece)
        return f"<{shape}>{_part('e', base)}{parts}</{shape}>" if parts else base

    def gradient(self, symbol: str) -> str:
        return _run("d", UPRIGHT) + symbol

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        return self.fenced(_matrix(rows, "center"), "[", "]")


def stack(rows: Sequence[str]) -> str:
    """Pieces of one line below each other: no program takes the sign that begins one for a sign between two sides."""
    return _matrix([[rows[0]], *([row.replace(UPRIGHT, "<m:nor/>", 1)] for row in rows[1:])], "left")


def width(piece: str) -> float:
    """About how many characters of a line a piece takes: indices are small, signs have space around them."""
    small = re.sub("<m:e>.*?</m:e>", "", "".join(re.findall("<m:sSub>.*?</m:sSub>", piece)))
    text, below = _seen(piece), _seen(small)
    return len(text) - 0.4 * len(below) + sum(map(text.count, "=+−"))


def _matrix(rows: Sequence[Sequence[str]], side: str) -> str:
    look = f'<m:mcPr><m:count m:val="{len(rows[0])}"/><m:mcJc m:val="{side}"/></m:mcPr>'
    body = "".join(f"<m:mr>{''.join(_part('e', piece) for piece in row)}</m:mr>" for row in rows)
    return f"<m:m><m:mPr><m:mcs><m:mc>{look}</m:mc></m:mcs></m:mPr>{body}</m:m>"


def _part(name: str, piece: str) -> str:
    """What a shape holds, in which no line is broken."""
    return f"<m:{name}>{piece.replace(BREAK, '')}</m:{name}>"


def _run(text: str, look: str = "") -> str:
    look = f"<m:rPr>{look}</m:rPr>" if look else ""
    return f'<m:r>{look}<m:t xml:space="preserve">{escape(text)}</m:t></m:r>'


def _seen(piece: str) -> str:
    return re.sub("<[^>]*>", "", piece)


WORD = OMML(_run("∘", UPRIGHT), _run("·", UPRIGHT), "")
