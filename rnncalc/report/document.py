"""What is to be shown, before anybody decides how: headings, equations, tables, arithmetic. It knows no format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnncalc.model.equations.formula import Formula


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Items:
    """Short texts below each other, each with a term before it or none."""

    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Formulas:
    """Formulas that belong together, such as a cell's equations; a heading formula may stand above the numbers."""

    lines: tuple[Formula, ...]
    above: Formula | None = None

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


Block = Heading | Paragraph | Items | Formulas | Table | Matrices | Grid | Arrays


@dataclass
class Document:
    """Blocks in reading order; `data` is the same for programs, unrounded; `notes` are what was assumed.

    sheet: the tables for a spreadsheet, where those among the blocks have not the same columns.
    """

    blocks: list[Block]
    data: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    sheet: Sequence[Table] = ()
