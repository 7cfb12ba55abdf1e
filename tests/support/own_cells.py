"""Random cells of a person's own: whatever the grammar of equations allows, so that nothing is only what we thought of.

`random_cell(rng)` is a valid cell; `random_layer(cell, rng)` gives it weights and initial states, with D, H and O that
differ wherever the equations let them. Among what is drawn: a source used twice in a line or in several, biases twice,
one weight with + and −, lines of parameters alone, lines that nobody reads, states that nobody reads or that are only
carried, x_t through weights and entry by entry, products in products, no state at all, lines with O entries.

States stay bounded: a line that is a state is squashed or carried, so that a difference between two ways to compute a
cell is one of the ways, and not a rounding error that has grown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnncalc.model.cells import Cell
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.layer import Layer

HIDDEN = ("f", "g", "k", "m", "n", "q", "z", "c", "h")  # names of lines with H entries
OUTPUTS = ("s", "o", "y")  # names of lines with O entries
TYPED = [name for name, function in FUNCTIONS.items() if function.typed and not function.rowwise]
BOUNDED = ("tanh", "sigmoid", "tanh", "softsign", "hard_tanh", "hard_sigmoid", "hard_sigmoid_02")


def random_cell(rng: np.random.Generator) -> Cell:
    """A valid cell, with one to six lines."""
    return _Draw(rng).cell()


def random_layer(cell: Cell, rng: np.random.Generator, **options: object) -> Layer:
    """The cell with random weights and, for some of its states, a start. options: of `Layer`."""
    return Layer(cell, **random_arrays(cell, rng, **random_sizes(cell, rng)), **options)  # type: ignore[arg-type]


def random_sizes(cell: Cell, rng: np.random.Generator, most: int = 9) -> dict[str, int]:
    """D, H and O, all different, but for a cell that takes x_t entry by entry: D = H."""
    D, H, O = rng.permutation(np.arange(1, most + 1))[:3].tolist()
    return {"D": H if cell.adds_input else D, "H": H, "O": O}


def random_arrays(cell: Cell, rng: np.random.Generator, D: int, H: int, O: int) -> dict[str, np.ndarray]:
    """Parameters, scaled by 1 / √fan-in, and starts (H,) of about half of the states."""
    sizes, arrays = {"D": D, "H": H, "O": O}, {}
    for name, stack in cell.stacks.items():
        rows, columns = sum(sizes[parameter.rows] for parameter in stack), stack[0].columns
        shape = (rows,) if columns is None else (rows, sizes[columns])
        arrays[name] = rng.normal(size=shape) / np.sqrt(shape[-1] if columns else 1)
    given = [state for state in cell.state if rng.random() < 0.5]
    return arrays | {f"{state}0": rng.normal(size=sizes[cell.size(state)]) for state in given}


@dataclass
class _Draw:
    """One cell as it is drawn, line by line."""

    rng: np.random.Generator
    entrywise: bool = False  # whether x_t may be taken entry by entry
    sizes: dict[str, str] = field(default_factory=dict)  # line → H or O
    earlier: list[str] = field(default_factory=list)
    state: list[str] = field(default_factory=list)
    weights: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # (rows, columns) → names
    vectors: dict[str, list[str]] = field(default_factory=dict)  # rows → names
    grown: bool = False  # whether an exp could already stand around what is not bounded: one is enough

    def cell(self) -> Cell:
        hidden = sorted(self.some(HIDDEN, 1, 5), key=HIDDEN.index)
        outputs = self.some(OUTPUTS, 1, 2) if self.rng.random() < 0.3 else []
        self.sizes = dict.fromkeys(hidden, "H") | dict.fromkeys(outputs, "O")
        lines = self.order([*hidden, *outputs])
        self.state = self.some(lines, 0 if self.rng.random() < 0.15 else 1, 3)
        self.entrywise = self.rng.random() < 0.3
        equations: dict[str, str] = {}
        reads_input = self.pick(hidden)
        for line in lines:
            equations[line] = self.line(line, reads_input == line)
            self.earlier.append(line)
        emits = lines[-1] if self.rng.random() < 0.7 else self.pick(lines)
        return Cell("own", equations, self.state, emits, outputs=tuple(outputs))

    def line(self, line: str, reads_input: bool) -> str:
        """One right-hand side. reads_input: it multiplies the input, whatever else it does."""
        size, draw = self.sizes[line], self.rng.random()
        must = [f"{self.weight(size, 'D')} @ x_t"] if reads_input else []
        if size == "O" and not self.weights.get(("O", "H")):
            must.append(f"{self.weight('O', 'H')} @ {self.source('H')}")  # says how many outputs there are
        if not must and draw < 0.12:
            return self.of_parameters(size)
        if not must and draw < 0.2 and line in self.state:
            return f"{line}_p"  # only carried
        body = self.sum(size, 2, must)
        if size == "O" and draw > 0.7:
            return f"{self.pick(('softmax', 'log_softmax'))}({body})"
        if line in self.state and not (draw > 0.9 and must):
            squashed = f"{self.pick(BOUNDED)}({body})"
            return squashed if draw < 0.6 else f"{self.number()} * {line}_p + {squashed}"
        function = self.pick(TYPED)
        function, self.grown = self.pick(BOUNDED) if function == "exp" and self.grown else function, True
        return body if draw < 0.5 else f"{function}({body})"

    def of_parameters(self, size: str) -> str:
        a, b = self.vector(size), self.vector(size)
        return self.pick(
            (a, f"-{a}", f"{a} * {b}", f"identity({a})", f"tanh({a} - {self.number()} * {b})", f"max({a}, {b})")
        )

    def sum(self, size: str, depth: int, must: list[str] | None = None) -> str:
        """Some terms with their signs, the last of them sometimes in brackets."""
        terms = [*(must or []), *(self.term(size, depth) for _ in range(self.rng.integers(not must, 4)))]
        if self.rng.random() < 0.25:
            terms.append(self.pick(terms))  # the same once more
        terms = self.order(terms)
        text = terms[0] if self.rng.random() < 0.8 else f"-({terms[0]})"  # -W @ h would be (-W) @ h
        for term in terms[1:]:
            text += f" {self.pick('++-')} {term}"
        return text

    def term(self, size: str, depth: int) -> str:
        """A product, an entry-by-entry product, a function of a sum, or a name."""
        draw = self.rng.random()
        if draw < 0.45:
            columns = self.pick("DHHHO" if self.signals("O") else "DHH")
            return f"{self.weight(size, columns)} @ {self.source(columns, depth)}"
        if draw < 0.6:
            return f"{self.leaf(size)} * {self.leaf(size)}"
        if draw < 0.7 and depth:
            return f"{self.pick(BOUNDED)}({self.sum(size, depth - 1)})"
        if draw < 0.77 and depth:
            return f"{self.number()} * ({self.sum(size, depth - 1)})"
        if draw < 0.81:
            return f"exp(-{self.pick(BOUNDED)}({self.leaf(size)}))"
        if draw < 0.85:
            return f"{self.leaf(size)} / {self.divisor(size)}"
        if draw < 0.89:
            return f"{self.pick(('min', 'max'))}({self.leaf(size)}, {self.pick((self.leaf(size), self.number()))})"
        if draw < 0.91:
            return f"abs({self.leaf(size)})"
        return self.leaf(size)

    def leaf(self, size: str) -> str:
        """A signal, a parameter, a number that stands beside one, or x_t."""
        draw = self.rng.random()
        signals = self.signals(size)
        if size == "H" and self.entrywise and draw < 0.2:
            return "x_t"
        if signals and draw < 0.7:
            return self.pick(signals)
        return self.vector(size) if draw < 0.9 else f"({self.number()} - {self.vector(size)})"

    def divisor(self, size: str) -> str:
        """What is never near 0."""
        bounded = f"{self.pick(BOUNDED)}({self.leaf(size)})"
        return self.pick(("4", f"(2 - {bounded})", f"(1 + abs({self.leaf(size)}))", f"exp({bounded})"))

    def source(self, columns: str, depth: int = 0) -> str:
        """What stands on the right of @."""
        if columns == "D":
            return "x_t"
        signals = self.signals(columns)
        if not signals:  # parameters alone, which have H entries
            return f"({self.vector('H')} - {self.vector('H')} * {self.number()})"
        if depth and self.rng.random() < 0.25:
            return f"({self.sum(columns, depth - 1, [self.pick(signals)])} - {self.vector(columns)})"
        return self.pick(signals)

    def signals(self, size: str) -> list[str]:
        here = [line for line in self.earlier if self.sizes[line] == size]
        return here + [f"{state}_p" for state in self.state if self.sizes[state] == size]

    def weight(self, rows: str, columns: str) -> str:
        """A weight of that shape: a new one, or one that is there."""
        known = self.weights.setdefault((rows, columns), [])
        if not known or self.rng.random() < 0.6:
            letter = {"D": "U", "H": "W", "O": "R"}[columns]
            known.append(f"{letter}{rows.lower()}{len(known) + 1}")
        return self.pick(known)

    def vector(self, rows: str) -> str:
        known = self.vectors.setdefault(rows, [])
        if not known or self.rng.random() < 0.5:
            known.append(f"b{rows.lower()}{len(known) + 1}")
        return self.pick(known)

    def number(self) -> str:
        return self.pick(("0.5", "0.25", "1", "-0.75", "0"))

    def pick(self, choices: Sequence[str]) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def order(self, items: list[str]) -> list[str]:
        return [items[k] for k in self.rng.permutation(len(items))]

    def some(self, items: Collection[str], least: int, most: int) -> list[str]:
        """Some of them, in any order."""
        count = int(self.rng.integers(least, min(most, len(items)) + 1))
        return self.order(list(items))[:count]
