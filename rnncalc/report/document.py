"""What is to be shown, before anybody decides how: headings, equations, tables, arithmetic. It knows no format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnncalc.model.equations.formula import Formula


@dataclass(frozen=True)
class Heading:
    """step: the one whose arithmetic follows, which a page may fold away."""

    text: str
    level: int = 2
    step: int | None = None


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Items:
    """Short texts below each other, each with a term before it or none."""

    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Formulas:
    """Formulas that belong together, such as a cell's equations; a heading formula may stand above the numbers.

    key: what the signals' names begin with for programs: layers[1].
    """

    lines: tuple[Formula, ...]
    above: Formula | None = None
    key: str = ""

    @property
    def all(self) -> tuple[Formula, ...]:
        """The heading formula, if there is one, and the lines."""
        return ((self.above,) if self.above else ()) + self.lines


@dataclass(frozen=True)
class Column:
    """One column of numbers: `key` for programs (h[1]), `label` for people: their letter."""

    key: str
    label: str


@dataclass(frozen=True)
class Table:
    """Steps down, signals across; None where a sequence has no step. `key`: what every row shares (sequence, layer)."""

    columns: tuple[Column, ...]
    steps: tuple[int | str, ...]
    rows: tuple[tuple[float | None, ...], ...]
    key: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Matrix:
    """label = [[…], …]: rows of numbers; a single row is a vector, a single number stands without brackets."""

    label: str
    rows: tuple[tuple[float, ...], ...]

    @property
    def number(self) -> bool:
        """Whether it is one number."""
        return len(self.rows) == len(self.rows[0]) == 1


@dataclass(frozen=True)
class Matrices:
    """Matrices that belong together, such as all gradients."""

    all: tuple[Matrix, ...]


@dataclass(frozen=True)
class Grid:
    """A table of texts and numbers under headings; `keys` are the headings for programs. None is an empty cell."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]
    keys: tuple[str, ...] = ()
    numeric: frozenset[int] = frozenset()  # columns whose decimal points stand below each other


@dataclass(frozen=True)
class Array:
    """One array by name, in the digits in which it was given: a number, a vector (a column on paper) or a matrix."""

    name: str
    entries: str | tuple[str, ...] | tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Arrays:
    """Arrays that are given, or blanks to be filled in."""

    items: tuple[Array, ...]


@dataclass(frozen=True)
class Source:
    """What a signal is computed from: a signal, this step's or that of so many visits before.

    weight: the name of the array that it is multiplied by, else nothing; whole: every unit takes part in every unit.
    """

    signal: int
    shift: int
    weight: str
    whole: bool


@dataclass(frozen=True)
class Signal:
    """A row of boxes in the picture of an unrolled network: one signal, a box in every column.

    key: for programs (layers[1].h); label: what people call it; group: the layer's direction that it belongs to;
    depth: its height there, from 0; signals of one depth stand side by side. kind: input, product, gate, state or
    output. values: by step, a number for each unit; the initial state is at step 0 (backward: T + 1). gradients: alike.
    verdicts: by step and unit, the verdict on somebody's answer, and the answer. formula: how it is made of several
    others entry by entry, those of the visit before with a ′.
    """

    key: str
    label: str
    group: int
    depth: int
    kind: str
    sources: tuple[Source, ...]
    values: Mapping[int, tuple[float, ...]]
    gradients: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    verdicts: Mapping[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    formula: str = ""


@dataclass(frozen=True)
class Flow:
    """Gradient that comes back to a signal from the signals of one depth, so many visits later: its norm by step."""

    source: int
    group: int
    depth: int
    shift: int
    norms: Mapping[int, float]


@dataclass(frozen=True)
class Unrolled:
    """The picture of a network, a column a step, the input below and the output above.

    steps: the columns, in the order of time; count: of all steps; groups: the title of each layer's direction, and
    whether it visits the steps from the last to the first; first_slip: signal, step and unit.
    """

    title: str
    steps: tuple[int, ...]
    count: int
    groups: tuple[tuple[str, bool], ...]
    signals: tuple[Signal, ...]
    flows: tuple[Flow, ...] = ()
    first_slip: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Curve:
    """Numbers over 1, 2, 3, …, each line with its name; across: what is counted. None where a line has no number."""

    lines: tuple[tuple[str, tuple[float | None, ...]], ...]
    across: str


Block = Heading | Paragraph | Items | Formulas | Table | Matrices | Grid | Arrays | Unrolled | Curve


@dataclass
class Document:
    """Blocks in reading order; `data` is the same for programs, unrounded; `notes` are what was assumed.

    sheet: what a spreadsheet has in place of the blocks, where their tables have not the same columns.
    """

    blocks: list[Block]
    data: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    sheet: Sequence[Table | Grid] = ()

    @property
    def title(self) -> str:
        """What a page of it is called: its titles, else its first sentence or heading, which says of what it is."""
        headings = [block for block in self.blocks if isinstance(block, Heading) and block.step is None]
        titles = list(dict.fromkeys(block.text for block in headings if block.level == 1))
        if titles:
            return " · ".join(titles[:3]) + (" …" if titles[3:] else "")
        first = next((block for block in self.blocks if isinstance(block, Paragraph) or block in headings[:1]), None)
        return first.text if isinstance(first, Heading | Paragraph) else "rnncalc"
