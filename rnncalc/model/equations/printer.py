"""How equations are written: what in which order, in which brackets, and with whose letters.

`write` turns a tree into a line. A `Style` writes the pieces of its medium, `Letters` know what the sheet in front of
the reader calls our U, W, h. At a step and a unit, `h_p` is written h_2[1]; without, h_{t-1}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    parse,
    previous,
    signal_of,
    substitute,
)
from rnncalc.model.equations.functions import FUNCTIONS, PAIRS
from rnncalc.model.equations.style import DOTS, NEXT, SUM, TOTAL, TRANSPOSED, Style

_OURS = re.compile(
    r"(?<![A-Za-z\\])(?:(?P<parameter>[UWVR]|[bcd](?![_\w]))(?P<gate>_[a-z])?|"
    r"(?P<signal>[a-z](?=_(?:t|\{t|0)|²)|[hzr]|(?<=∘ )c|o(?= ∘)))(?![A-Za-z′'])"
)


_DERIVED = [
    (re.compile(r"d(\w+)_t"), "d", "_t"),
    (re.compile(r"d(\w+)"), "d", ""),
    (re.compile(r"(\w+)_new"), "", "_new"),
]


Grid = tuple[tuple[str, ...], ...]  # symbols side by side, row below row


@dataclass(frozen=True)
class Letters:
    """What the reader calls our parameters and signals; `rows`: vectors are rows, so x W in place of W x."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    signals: Mapping[str, str] = field(default_factory=dict)
    rows: bool = False
    input: str = "x"  # what x_t is called: the read-out's input is the layer's h
    labels: Mapping[str, Call] = field(default_factory=dict)  # signals that are best called by what they are: tanh(c)
    joined: Mapping[str, Grid] = field(default_factory=dict)  # the reader's W of W [h; x] → our symbols in their places

    def parameter(self, name: str) -> str:
        """What the reader calls a parameter, with its gate if it has one: `U_i` may be W_xi."""
        if name in self.parameters:
            return self.parameters[name]
        stack, _, gate = name.partition("_")
        return f"{self.parameters.get(stack, stack)}_{gate}" if gate else name

    def signal(self, name: str) -> str:
        """What the reader calls a signal; a sum before the function of a gate has the gate's letter, a_g or a_c̃."""
        stem, _, gate = name.partition("_")
        return f"{stem}_{self.signals[gate]}" if gate in self.signals else self.signals.get(name, name)

    def quantity(self, name: str) -> str:
        """What the reader calls a quantity of ours: dU.i is dW_i where W multiplies the input."""
        bare, _dot, gate = name.partition(".")
        for pattern, before, after in _DERIVED:
            matched = pattern.fullmatch(bare)
            if matched and matched[1] in self.joined:
                break
            symbol = (f"{matched[1]}_{gate}" if gate else matched[1]) if matched else ""
            if matched and (symbol in self.parameters or matched[1] in (*self.parameters, *"UWbVcR")):
                return f"{before}{self.parameter(symbol)}{after}"
        if bare[:1] == "d" and bare[1:] in self.signals:
            return f"d{self.signals[bare[1:]]}"
        return self.signal(bare) + (f".{gate}" if gate else "")

    def said(self, sentence: str) -> str:
        """A sentence with our U, W, b, h_t, that of a message, in the reader's letters."""
        return _OURS.sub(self._said, sentence)

    def _said(self, name: re.Match[str]) -> str:
        if name["signal"]:
            return self.signal(name["signal"])
        return self._whole(name["parameter"]) if not name["gate"] else self.parameter(name[0])

    def _whole(self, stack: str) -> str:
        """What the reader calls all the gates' parts of a parameter: W_x where they are W_xi, W_xf, …"""
        gated = {
            theirs.removesuffix(ours[-1]).rstrip("_")
            for ours, theirs in self.parameters.items()
            if ours[:-1] == f"{stack}_"
        }
        return gated.pop() if stack not in self.parameters and len(gated) == 1 else self.parameter(stack)

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
    def units(self) -> tuple[int, ...]:
        """The unit, or the row and the column; none where the whole is meant."""
        return self.unit if isinstance(self.unit, tuple) else () if self.unit is None else (self.unit,)

    def time(self, shift: int = 0) -> str:
        """The index of time, so many visits away: t, t-1, 3, 2."""
        shift = -shift if self.reverse else shift
        if self.step is None:
            return f"t{shift:+d}" if shift else "t"
        return str(self.step + shift)


def write(expression: Expression, style: Style, letters: Letters = OURS, place: Place = Place()) -> str:
    """One expression in one medium."""
    return _Pen(style, letters, place).write(expression)


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
            return self.style.mark("-") + self.inside(node.operand, _infix(node.operand))
        if isinstance(node, Call):
            return self.call(node)
        return self.binary(node)

    def inside(self, node: Expression, bracketed: bool = True) -> str:
        """A node beside a sign: what begins with a minus is always in brackets there."""
        negative = isinstance(node, Number) and self.style.digits(node.value).startswith("-")
        text = self.write(node)
        return self.style.fenced(text) if bracketed or negative or isinstance(node, Negative) else text

    def call(self, node: Call) -> str:
        function, style = FUNCTIONS.get(node.function), self.style
        if style.source or function is None:
            return style.word(node.function) + self.inside(node.argument)
        if function.written:
            return self.inside(substitute(parse(function.written), {"a": node.argument}))
        if function.text == "|":
            return style.fenced(self.write(node.argument), "|", "|")
        if function.text:
            return style.word(function.text) + style.fenced(self.write(node.argument))
        return style.fenced(self.write(node.argument)) if _infix(node.argument) else self.write(node.argument)

    def binary(self, node: Binary) -> str:
        left, right, operator, style = node.left, node.right, node.operator, self.style
        if operator in PAIRS:
            return style.word(operator) + style.fenced(self.write(left) + style.sign(",") + self.write(right))
        if operator in "+-":
            return self.write(left) + style.sign(operator) + self.inside(right, is_binary(right, "+-"))
        if operator == "/":
            if style.stacked:
                return style.fraction(self.write(left), self.write(right))
            return style.fraction(self.inside(left, _infix(left)), self.inside(right, _infix(right)))
        if operator == "@":
            turned = self.letters.rows and not style.source and left != Name(SUM)
            first, second = (right, left) if turned else (left, right)
            return style.apply.join(self.inside(side, _infix(side)) for side in (first, second))
        scalar = self.place.unit is not None or isinstance(left, Number) or isinstance(right, Number)
        scalar = scalar or all(name == DOTS for name in names(node))
        begin = self.inside(left, _infix(left) and not is_binary(left, "*"))
        return begin + (style.dot if scalar else style.times) + self.inside(right, _infix(right))

    def name(self, name: str) -> str:
        signal, style, letters = signal_of(name), self.style, self.letters
        if name == DOTS:
            return style.mark(DOTS)
        if name.removesuffix(NEXT) == INPUT:
            return self.signal(letters.input, self.place.time(int(name.endswith(NEXT))))
        if name.endswith(TRANSPOSED):
            return style.transposed(self.name(name.removesuffix(TRANSPOSED)))
        if name == SUM:
            return style.summed()
        if name.startswith(TOTAL) or name.endswith(NEXT):
            bare = name.removesuffix(NEXT)
            of_parameter = name.startswith(TOTAL) and bare[1:].partition("^")[0] not in self.place.signals
            if of_parameter and self.place.step is None:
                return style.gradient(self.parameter(letters.parameter(bare[1:])))
            if of_parameter:  # what one step adds to it
                return self.signal(f"d{letters.parameter(bare[1:])}", self.place.time())
            letter = letters.gradient(bare) if name.startswith(TOTAL) else letters.signal(bare)
            return self.signal(letter, self.place.time(int(name.endswith(NEXT))))
        if signal not in self.place.signals:
            return self.parameter(letters.parameter(name))
        if signal in letters.labels:
            return self.write(letters.labels[signal])
        return self.signal(letters.signal(signal), self.place.time(-int(previous(name))))

    def signal(self, letter: str, time: str) -> str:
        return self.entry(self.style.signal(letter, time))

    def parameter(self, letter: str) -> str:
        return self.entry(self.style.parameter(letter))

    def entry(self, symbol: str) -> str:
        """The symbol, or one unit of it."""
        return self.style.entry(symbol, self.place.units) if self.place.units else symbol
