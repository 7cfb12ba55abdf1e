"""How equations are written: in which style (as typed, for a terminal, in LaTeX) and with whose letters.

`write` turns a tree into a line. A `Style` knows the marks of a medium, `Letters` know what the sheet in front of the
reader calls our U, W, h. At a step and a unit, `h_p` is written h_2[1]; without, h_{t-1}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from rnncalc.model.equations.expression import (
    INPUT,
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    is_binary,
    names,
    previous,
    signal_of,
)
from rnncalc.model.equations.functions import FUNCTIONS, PAIRS


@dataclass(frozen=True)
class Style:
    """The marks of one medium. `number` writes a constant; the renderers put in theirs, which rounds."""

    times: str  # entry by entry, of vectors
    dot: str  # of plain numbers
    apply: str  # a matrix before its vector
    latex: bool = False
    source: bool = False  # the notation that `equations.parse` reads
    number: Callable[[float], str] = "{:.6g}".format

    def rounding(self, number: Callable[[float], str]) -> Style:
        """The same style with another way to write numbers."""
        return replace(self, number=number)


DOTS = "…"  # a name that stands for terms left out
SUM = "Σ"  # over all steps
TOTAL = "∂"  # before a signal: the gradient of the loss at it, all of it
NEXT = "⁺"  # behind a signal: its value at the step that comes next
TRANSPOSED = "ᵀ"  # behind a weight

SOURCE = Style(" * ", " * ", " @ ", source=True, number=repr)
TEXT = Style(" ∘ ", "·", " ")
ASCII = Style(" * ", "*", " ")
LATEX = Style(r" \circ ", r" \cdot ", " ", latex=True)


@dataclass(frozen=True)
class Letters:
    """What the reader calls our parameters and signals; `rows`: vectors are rows, so x W in place of W x."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    signals: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False
    input: str = "x"  # what x_t is called: the read-out's input is the layer's h
    labels: Mapping[str, Call] = field(default_factory=dict)  # signals that are best called by what they are: tanh(c)

    def parameter(self, name: str) -> str:
        """What the reader calls a parameter, with its gate if it has one: `U_i` may be W_xi."""
        if name in self.parameters:
            return self.parameters[name]
        stack, _, gate = name.partition("_")
        return f"{self.parameters.get(stack, stack)}_{gate}" if gate else name

    def signal(self, name: str) -> str:
        """What the reader calls a signal."""
        return self.signals.get(name, name)

    def gradient(self, name: str) -> str:
        """What the gradient of the loss at a signal is called, of ∂h: dh; of an LSTM's memory: dmemory."""
        bare = name.removeprefix(TOTAL)
        return "dmemory" if bare == "c" and bare not in self.signals else f"d{self.signal(bare)}"


OURS = Letters()


@dataclass(frozen=True)
class Place:
    """Where a line is read: at a step (None: any step t) and a unit, counted from 1 (None: the whole vector)."""

    step: int | None = None
    unit: int | tuple[int, int] | None = None
    signals: frozenset[str] = frozenset()  # the names that change from step to step; all others are parameters
    reverse: bool = False  # the steps are visited from the last to the first

    @property
    def index(self) -> str:
        """The unit, or the row and the column, in brackets."""
        units = self.unit if isinstance(self.unit, tuple) else (self.unit,)
        return "" if self.unit is None else "".join(f"[{unit}]" for unit in units)

    def time(self, shift: int = 0) -> str:
        """The index of time, so many visits away: t, t-1, 3, 2."""
        shift = -shift if self.reverse else shift
        if self.step is None:
            return f"t{shift:+d}" if shift else "t"
        return str(self.step + shift)


def write(expression: Expression, style: Style, letters: Letters = OURS, place: Place = Place()) -> str:
    """One expression as text."""
    pen = _Pen(style, letters, place)
    return pen.write(expression)


def write_name(name: str, style: Style, letters: Letters = OURS, place: Place = Place()) -> str:
    """One signal or parameter at its place: h_{t-1}, h_3[1], W_hh."""
    return _Pen(style, letters, place).name(name)


def _infix(node: Expression) -> bool:
    """Whether a node is written with a sign between its two sides."""
    return is_binary(node, "+-*/@")


@dataclass(frozen=True)
class _Pen:
    style: Style
    letters: Letters
    place: Place

    def write(self, node: Expression) -> str:
        if isinstance(node, Number):
            return self.style.number(node.value)
        if isinstance(node, Name):
            return node.id if self.style.source else self.name(node.id)
        if isinstance(node, Negative):
            return "-" + self.inside(node.operand, _infix(node.operand) or isinstance(node.operand, Negative))
        if isinstance(node, Call):
            return self.call(node)
        return self.binary(node)

    def inside(self, node: Expression, bracketed: bool) -> str:
        text = self.write(node)
        bracketed = bracketed or (text.startswith("-") and isinstance(node, Number | Negative))
        return f"({text})" if bracketed else text

    def call(self, node: Call) -> str:
        argument = self.write(node.argument)
        if self.style.source or node.function not in FUNCTIONS:
            name = rf"\{node.function}" if self.style.latex and len(node.function) > 1 else node.function
            return f"{name}({argument})"
        function = FUNCTIONS[node.function]
        name = function.latex if self.style.latex else function.text
        if "{}" in name:
            return name.replace("{}", argument)
        if name or _infix(node.argument):
            return f"{name}({argument})"
        return argument

    def binary(self, node: Binary) -> str:
        left, right, operator = node.left, node.right, node.operator
        if operator in PAIRS:
            name = rf"\{operator}" if self.style.latex else operator
            return f"{name}({self.write(left)}, {self.write(right)})"
        if operator in "+-":
            return f"{self.write(left)} {operator} {self.inside(right, is_binary(right, '+-'))}"
        if operator == "/":
            if self.style.latex:
                return rf"\frac{{{self.write(left)}}}{{{self.write(right)}}}"
            return f"{self.inside(left, _infix(left))} / {self.inside(right, _infix(right))}"
        if operator == "@":
            turned = self.letters.rows and not self.style.source and left != Name(SUM)
            first, second = (right, left) if turned else (left, right)
            factors = [self.inside(side, _infix(side) or isinstance(side, Negative)) for side in (first, second)]
            return self.style.apply.join(factors)
        scalar = self.place.unit is not None or isinstance(left, Number) or isinstance(right, Number)
        scalar = scalar or all(name == DOTS for name in names(node))
        mark = self.style.dot if scalar else self.style.times
        chain = is_binary(left, "*")
        begin = self.write(left) if chain else self.inside(left, _infix(left))
        return begin + mark + self.inside(right, _infix(right))

    def name(self, name: str) -> str:
        signal = signal_of(name)
        if name == DOTS:
            return r"\dots" if self.style.latex else "…"
        if name.removesuffix(NEXT) == INPUT:
            return self.indexed(self.letters.input, self.place.time(int(name.endswith(NEXT))))
        if name.endswith(TRANSPOSED):
            letter = self.name(name.removesuffix(TRANSPOSED))
            return rf"{letter}^{{\top}}" if self.style.latex else letter + TRANSPOSED
        if name == SUM:
            return r"\sum_t" if self.style.latex else "Σ_t"
        if name.startswith(TOTAL) or name.endswith(NEXT):
            bare = name.removesuffix(NEXT)
            of_parameter = name.startswith(TOTAL) and bare[1:].partition("^")[0] not in self.place.signals
            if of_parameter and self.place.step is None:
                return self.gradient(bare[1:])
            if of_parameter:  # what one step adds to it
                return self.indexed(f"d{self.letters.parameter(bare[1:])}", self.place.time())
            letter = self.letters.gradient(bare) if name.startswith(TOTAL) else self.letters.signal(bare)
            return self.indexed(letter, self.place.time(int(name.endswith(NEXT))))
        if signal not in self.place.signals:
            return self.parameter(self.letters.parameter(name))
        if signal in self.letters.labels:
            return self.write(self.letters.labels[signal])
        return self.indexed(self.letters.signal(signal), self.place.time(-int(previous(name))))

    def gradient(self, parameter: str) -> str:
        """The gradient of a parameter, all steps together: dW_hx."""
        letter = self.parameter(self.letters.parameter(parameter))
        return rf"\mathrm{{d}}{letter}" if self.style.latex else f"d{letter}"

    def indexed(self, letter: str, time: str) -> str:
        """A signal with its indices: h_t, a_{i,t}, h_3[1]."""
        letter, _, layer = letter.partition("^")
        base, _, subscript = letter.partition("_")
        subscripts = f"{subscript},{time}" if subscript else time
        if self.style.latex:
            if base[:1] == "d" and len(base) == 2:
                base = rf"\mathrm{{d}}{base[1]}"
            base = base if len(base) == 1 or "\\" in base else rf"\mathrm{{{base}}}"
            text = f"{base}^{{{layer}}}_{{{subscripts}}}" if layer else f"{base}_{{{subscripts}}}"
            return text if self.place.unit is None else f"({text})_{{{self.place.index[1:-1].replace('][', ',')}}}"
        base += f"^{layer}" if layer else ""
        text = f"{base}_{subscripts}" if subscripts.isalnum() else f"{base}_{{{subscripts}}}"
        return text + self.place.index

    def parameter(self, letter: str) -> str:
        if not self.style.latex:
            return letter + self.place.index
        base, _, subscript = letter.partition("_")
        if not subscript and 1 < len(base) <= 3:
            base, subscript = base[0], base[1:]  # Waa is W with the index aa
        base = base if len(base) == 1 else rf"\mathrm{{{base}}}"
        subscript = subscript.replace("_", r"\_")
        text = f"{base}_{{{subscript}}}" if subscript else base
        return text if self.place.unit is None else f"({text})_{{{self.place.index[1:-1].replace('][', ',')}}}"
