"""Columns of a table by name or by number, and their texts, each said once: what every kind of table file gives.

A table has `names` and gives blocks of rows. A block gives columns that are nothing but numbers, columns as texts, and,
where anything else is in it, all cells of its rows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline.data.cells import Decimals, number
from rnncalc.pipeline.data.gaps import filled
from rnncalc.pipeline.data_description import DataDescription

MOST_COLUMNS = 100_000
_FRACTION = re.compile(r"\.0*$")

Row = tuple[int, list[str]]  # the line in which it begins, and its cells


@dataclass(frozen=True)
class Texts:
    """The texts of a column: the words in the order in which they come, and the number of each row's."""

    words: list[str]
    codes: np.ndarray  # (R,)

    @classmethod
    def of(cls, cells: Iterable[str]) -> Texts:
        """Number the words of some cells."""
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(cell, len(numbers)) for cell in cells]
        return cls(list(numbers), np.array(codes, np.int64))

    @classmethod
    def numbered(cls, words: Sequence[str], codes: np.ndarray) -> Texts:
        """Bring words into the order in which they come; those that do not come are left out."""
        kept, first, places = np.unique(codes, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return cls([words[code] for code in kept[order].tolist()], np.argsort(order)[places])

    def lines(self, lines: Sequence[int]) -> list[int]:
        """Return the line in which each word comes first, of the lines of the rows."""
        first = np.zeros(len(self.words), np.int64)
        first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]  # the last one that is written stays
        return [lines[row] for row in first.tolist()]


class Block(Protocol):
    """Some rows of a table."""

    @property
    def lines(self) -> Sequence[int]:
        """The line of each row."""

    def numbers(self, inputs: list[int], targets: list[int]) -> np.ndarray | None:
        """Return columns (R, columns) that are nothing but numbers, nan for a gap; None where others are among them."""

    def texts(self, column: int) -> Texts:
        """Return a column, of rows that have given numbers, as texts without blanks around them."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows cell by cell. Raises ParseError with the line of one that has too few cells, or too many."""


class Columns:
    """Some rows of a table whose columns have kinds, column by column: what a block of it has in common."""

    def __init__(self, columns: Mapping[int, Any], width: int, lines: range):
        self.columns, self.width, self.lines = columns, width, lines

    def texts(self, column: int) -> Texts:
        """Return a column as texts without blanks around them; what is a gap is empty."""
        raise NotImplementedError

    def rows(self) -> Iterator[Row]:
        """Yield the rows cell by cell; cells that nobody asked for are blank."""
        cells = [[""] * len(self.lines)] * self.width
        for at in self.columns:
            texts = self.texts(at)
            cells[at] = [texts.words[code] for code in texts.codes.tolist()]
        yield from zip(self.lines, map(list, zip(*cells)))


def printed(instants: np.ndarray, behind: str) -> list[str]:
    """Return instants as ISO 8601, without a fraction of nothing; what is no time is empty. behind: Z, or nothing."""
    texts = np.datetime_as_string(instants).tolist()
    return ["" if text == "NaT" else _FRACTION.sub("", text) + behind for text in texts]


class Table:
    """The names of its columns, and its rows.

    named: whether the file says the names; else they are numbers. typed: whether numbers are numbers and times are
    times, so that nothing is to be found out of how they are written.
    """

    named, typed = True, False
    names: list[str]

    def __init__(self, source: str, about: DataDescription):
        """Raises ProblemError where the description says what a table of this kind does not have."""
        self.source, self.gaps, self.decimals = source, filled(about), Decimals(grouped=True)
        for option in ("encoding", "sep") if self.typed else ():
            if getattr(about, option):
                message = _("--{option} is of tables that are written as text, and {name} is not")
                raise ProblemError(message, option=option, name=source)

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield all rows, many at a time. wanted: the columns that are going to be asked for."""
        raise NotImplementedError

    def is_typed(self, column: int) -> bool:
        """Tell whether a column holds times rather than texts that say them."""
        return False

    def form(self, about: DataDescription) -> list[str]:
        """Return what is unusual in how the file was read, and was not said by whoever has it read."""
        return []

    def columns(self, names: str | list[str] | None, default: list[int]) -> list[int]:
        """Return where these columns stand, given by name or by number from 1. Raises ProblemError."""
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(map(str, names or []))
        places = {name: at for at, name in enumerate(self.names) if name}
        columns, known = list[int](), ", ".join(self.names)
        for name in names:
            if name not in places and name.isdecimal() and len(name) < 10 and 1 <= int(name) <= len(self.names):
                if self.named and any(number(header) is not None or header[:4].isdecimal() for header in self.names):
                    message = _("{name}: is the first line ({known}) data? Write the names of the columns above it")
                    raise ProblemError(message, name=self.source, known=known)
                places[name] = int(name) - 1
            if name not in places:
                message = _("{name} has no column “{column}”; there are {known}")
                raise ProblemError(message, name=self.source, column=name, known=known)
            columns.append(places[name])
        if len(set(columns)) < len(columns):
            message = _("{name}: a column is asked for twice: {known}")
            raise ProblemError(message, name=self.source, known=", ".join(names))
        return columns or default

    def column(self, at: int) -> Iterator[tuple[int, str]]:
        """Yield the cells of one column with their lines, before the file is read for good."""
        for block in self.blocks([at]):
            yield from ((line, row[at].strip()) for line, row in block.rows())

    def check_names(self) -> None:
        """Refuse too many columns, and two of one name. Raises ParseError."""
        if len(self.names) > MOST_COLUMNS:
            raise ParseError(_("{name} has more than {most} columns"), name=self.source, most=MOST_COLUMNS)
        for name, count in Counter(self.names).items():
            if name and count > 1:
                message = _("{name}: two columns are called “{column}”: give one of them another name")
                raise ParseError(message, name=self.source, column=name)
