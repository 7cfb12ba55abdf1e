"""The media that an equation is written in: as typed, as a line of text, in LaTeX; the renderers add MathML and Word's.

A piece of an equation is text of its medium, and pieces are joined as text. A style writes the pieces; which of them
there are, in what order and in which brackets, is the printer's business.
"""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

DOTS = "…"  # a name that stands for terms left out
SUM = "Σ"  # over all steps
TOTAL = "∂"  # before a signal: the gradient of the loss at it, all of it
NEXT = "⁺"  # behind a signal: its value at the step that comes next
TRANSPOSED = "ᵀ"  # behind a weight

Digits = Callable[[float], str]
_TOKENS = re.compile(r"(?P<digits>\d+)|(?P<letters>[^\W\d_]+)|(?P<sign>\S)")


@dataclass(frozen=True)
class Style:
    """A line of text. `digits` rounds a number: the renderers put theirs in."""

    times: str  # entry by entry, of vectors
    dot: str  # of plain numbers
    apply: str  # a matrix before its vector
    source: bool = False  # the notation that `equations.parse` reads
    digits: Digits = "{:.6g}".format

    stacked = False  # whether a fraction needs no brackets, because its sides stand above each other

    def rounding(self, digits: Digits) -> Self:
        """The same style with another way to write numbers."""
        return replace(self, digits=digits)

    def number(self, value: float) -> str:
        """A number, rounded."""
        return self.digits(value)

    def word(self, text: str) -> str:
        """A function's name, or anything that is no letter of the equation."""
        return text

    def mark(self, text: str) -> str:
        """A sign before what it belongs to."""
        return text

    def sign(self, text: str) -> str:
        """A sign between its two sides: = + - and the comma."""
        return ", " if text == "," else f" {text} "

    def fenced(self, inner: str, begin: str = "(", end: str = ")") -> str:
        """A piece in brackets or between bars."""
        return begin + inner + end

    def fraction(self, above: str, below: str) -> str:
        """A quotient."""
        return f"{above} / {below}"

    def signal(self, letter: str, time: str) -> str:
        """A signal with its indices: h_t, a_{i,t}, h^(1)_3."""
        letter, _, layer = letter.partition("^")
        base, _, subscript = letter.partition("_")
        base += f"^{layer}" if layer else ""
        subscripts = f"{subscript},{time}" if subscript else time
        return f"{base}_{subscripts}" if subscripts.isalnum() else f"{base}_{{{subscripts}}}"

    def parameter(self, letter: str) -> str:
        """A parameter: W_hh."""
        return letter

    def entry(self, symbol: str, units: Sequence[int]) -> str:
        """One unit of a signal, one entry of a matrix."""
        return symbol + "".join(f"[{unit}]" for unit in units)

    def gradient(self, symbol: str) -> str:
        """The gradient of a parameter, all steps together: dW_hx."""
        return f"d{symbol}"

    def transposed(self, symbol: str) -> str:
        """A weight turned round."""
        return symbol + TRANSPOSED

    def summed(self) -> str:
        """The sum over all steps, before what is added."""
        return "Σ_t"


class Typeset(Style):
    """A medium with real indices and fractions. It has a method for each shape that it can set."""

    stacked = True

    @abstractmethod
    def identifier(self, text: str) -> str:
        """A letter; several together are one upright word."""

    @abstractmethod
    def numeral(self, text: str) -> str:
        """Digits as they are to be seen, a sign before them; also inf and nan."""

    @abstractmethod
    def scripts(self, base: str, below: str = "", above: str = "") -> str:
        """A piece with pieces below and above it, or without."""

    @abstractmethod
    def text(self, text: str) -> str:
        """Words beside an equation."""

    @abstractmethod
    def table(self, rows: Sequence[Sequence[str]]) -> str:
        """A matrix of pieces, in its brackets."""

    def indices(self, text: str) -> str:
        """What stands below or above a letter: hh, t-1, (2)."""
        kinds = {"digits": self.numeral, "letters": self.identifier, "sign": self.mark}
        return "".join(kinds[token.lastgroup or ""](token[0]) for token in _TOKENS.finditer(text))

    def number(self, value: float) -> str:
        """Powers of ten are written out."""
        return self.written(self.digits(value))

    def written(self, text: str) -> str:
        """A number from its text."""
        mantissa, e, exponent = text.partition("e") if text[-1:].isdigit() else (text, "", "")
        if not e:
            return self.numeral(text)
        return self.numeral(mantissa) + self.dot + self.scripts(self.numeral("10"), above=self.numeral(exponent))

    def given(self, text: str) -> str:
        """An entry of an array in the digits in which it was given, or a blank to be filled in."""
        return self.written(text)

    def letter(self, text: str) -> str:
        """A letter; dh and dW are a d and a letter."""
        if len(text) == 2 and text[0] == "d":
            return self.gradient(self.identifier(text[1]))
        return self.identifier(text)

    def signal(self, letter: str, time: str) -> str:
        letter, _, layer = letter.partition("^")
        base, _, subscript = letter.partition("_")
        below = f"{subscript},{time}" if subscript else time
        return self.scripts(self.letter(base), self.indices(below), self.indices(layer))

    def parameter(self, letter: str) -> str:
        base, _, subscript = letter.partition("_")
        base, _, layer = base.partition("^")  # W^(2)_i is the second layer's
        if not subscript and not layer and 1 < len(base) <= 3:
            base, subscript = base[0], base[1:]  # Waa is W with the index aa
        return self.scripts(self.identifier(base), self.indices(subscript), self.indices(layer))

    def label(self, name: str) -> str:
        """What an array is called on paper: dU_i, h_0, W_hh_new, dh0."""
        base, _, index = name.partition("_")
        base, _, layer = base.partition("^")
        if match := re.fullmatch(r"(d?[^\W\d])(\d+)", base):
            base, index = match[1], ",".join(filter(None, (match[2], index)))
        return self.scripts(self.letter(base), self.indices(index.replace("_", ",")), self.indices(layer))

    def entry(self, symbol: str, units: Sequence[int]) -> str:
        return symbol + "".join(self.fenced(self.numeral(str(unit)), "[", "]") for unit in units)

    def transposed(self, symbol: str) -> str:
        return self.scripts(symbol, above=self.mark("⊤"))

    def summed(self) -> str:
        return self.scripts(self.mark("∑"), self.indices("t"))


class LaTeX(Typeset):
    """LaTeX, for the inside of a display."""

    COMMANDS = {"σ": r"\sigma", "⊤": r"\top", "∑": r"\sum", DOTS: r"\dots"}
    ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}
    FUNCTIONS = frozenset({"tanh", "exp", "ln", "log", "min", "max", "sum"})

    def word(self, text: str) -> str:
        return "".join(map(self._operator, text.split()))

    def _operator(self, text: str) -> str:
        if text in self.FUNCTIONS:
            return f"\\{text}"
        name = text.replace("_", r"\_")
        return self.mark(text) if len(text) == 1 else rf"\operatorname{{{name}}}"

    def mark(self, text: str) -> str:
        return self.COMMANDS.get(text, text)

    def fenced(self, inner: str, begin: str = "(", end: str = ")") -> str:
        return rf"\left{begin}{inner}\right{end}" if begin == "|" else super().fenced(inner, begin, end)

    def fraction(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def identifier(self, text: str) -> str:
        marks = [self.ACCENTS[mark] for mark in unicodedata.normalize("NFD", text) if mark in self.ACCENTS]
        if marks:  # fonts of mathematics lack ŷ and lose the tilde of c̃
            plain = "".join(mark for mark in unicodedata.normalize("NFD", text) if mark not in self.ACCENTS)
            return "".join(rf"\{mark}{{" for mark in marks) + self.identifier(plain) + "}" * len(marks)
        return text if len(text) == 1 else rf"\mathrm{{{text}}}"

    def numeral(self, text: str) -> str:
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}").replace("_", r"\_")

    def indices(self, text: str) -> str:
        return re.sub(r"[^\W\d_]{3,}", lambda match: rf"\mathrm{{{match[0]}}}", text).replace("_", r"\_")

    def scripts(self, base: str, below: str = "", above: str = "") -> str:
        base = f"{{{base}}}" if above and "^" in base else base  # TeX has one above each letter
        return base + (f"^{{{above}}}" if above else "") + (f"_{{{below}}}" if below else "")

    def entry(self, symbol: str, units: Sequence[int]) -> str:
        return self.scripts(self.fenced(symbol), ",".join(map(str, units)))

    def gradient(self, symbol: str) -> str:
        return rf"\mathrm{{d}}{symbol}"

    def text(self, text: str) -> str:
        return rf"\text{{{text}}}"

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        setup = rf"\setcounter{{MaxMatrixCols}}{{{len(rows[0])}}} " if len(rows[0]) > 10 else ""
        body = r" \\ ".join(" & ".join(row) for row in rows)
        return rf"{setup}\begin{{bmatrix}} {body} \end{{bmatrix}}"


SOURCE = Style(" * ", " * ", " @ ", source=True, digits=repr)
TEXT = Style(" ∘ ", "·", " ")
LATEX = LaTeX(r" \circ ", r" \cdot ", " ")
