"""A CSV or TSV file, block by block: rows with the number of their line. Nothing is cut, padded or guessed."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

from rnncalc.common import bounds, encodings
from rnncalc.common.compressed import ending
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline.account import Account
from rnncalc.pipeline.data.cells import Decimals, is_gap, number

LINES = 50_000  # lines of a block
MOST_COLUMNS = 100_000

Row = tuple[int, list[str]]  # the line in which it begins, and its cells


@dataclass
class Block:
    """Some lines. rows: their cells, where a cell in quotes may go on over the end of a line."""

    first: int
    lines: list[str]
    rows: list[Row] | None


@dataclass
class PlainLines:
    """Lines without quotes, all with the same number of cells, and their numbers."""

    lines: Sequence[int]
    texts: list[str]
    mark: str

    @cached_property
    def cells(self) -> list[str]:
        """All cells, row by row."""
        return self.mark.join([text.rstrip("\r\n") for text in self.texts]).split(self.mark)

    def column(self, at: int) -> list[str]:
        """Return the cells of one column."""
        return list(map(str.strip, self.cells[at :: len(self.cells) // len(self.texts)]))


class TableFile:
    """The names of its columns, and its rows. named: whether the first line says the names; else they are numbers."""

    def __init__(self, source: str, encoding: str = "utf-8-sig", separator: str = "", gaps: bool = False):
        """separator: what stands between columns; found in the first rows unless it is said. gaps: rows may be blank.

        Raises ProblemError.
        """
        self.source, self.encoding, self.gaps = source, encoding, gaps
        sample = next(bounds.pieces(source, encodings.SEEN, encoding), "")
        excel = encodings.SEPARATOR.match(sample)
        self.preamble = excel[0].count("\n") if excel else 0
        self.mark = _said(separator) if separator else excel[1] if excel else _separator(sample, source)
        self.decimals = Decimals(grouped=self.mark == ",")
        self.named, self.skip = True, self.preamble
        self.blanks = list[int]()  # lines without values: the end of the file, or else gaps
        self.names = self._header()

    def _header(self) -> list[str]:
        names = list[str]()
        for _line, after, row in self._parsed(islice(self._lines(), self.preamble, None), self.preamble + 1):
            if any(cell.strip() for cell in row):
                names, self.skip = [cell.strip() for cell in row], after - 1
                break
        if not names:
            raise ParseError(_("{name} is empty"), name=self.source)
        if len(names) > MOST_COLUMNS:
            raise ParseError(_("{name} has more than {most} columns"), name=self.source, most=MOST_COLUMNS)
        if all(self.decimals.number(cell) is not None or is_gap(cell) for cell in names):
            self.named, self.skip = False, self.preamble
            return [str(at) for at in range(1, len(names) + 1)]
        for name, count in Counter(names).items():
            if name and count > 1:
                raise ParseError(_("{name}: two columns are called “{column}”"), name=self.source, column=name)
        return names

    def form(self, about: Account) -> list[str]:
        """Return what is unusual in how the file was read, and was not said by whoever has it read."""
        usual = about.sep or self.preamble or (self.mark == "\t" and ending(self.source) == ".tsv")
        said = encodings.form("" if about.encoding else self.encoding, "," if usual else self.mark)
        return said + [_("decimal commas")] * (self.decimals.mark == ",")

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

    def blocks(self) -> Iterator[Block]:
        """Yield the lines below the header, many at a time."""
        below = islice(self._lines(), self.skip, None)
        first = self.skip + 1
        while lines := list(islice(below, LINES)):
            after, rows = first + len(lines), None
            if any('"' in line for line in lines):
                rows, last = list[Row](), after
                for line, after, row in self._parsed(chain(lines, below), first):
                    rows.append((line, row))
                    if after >= last:
                        break
            yield Block(first, lines, rows)
            first = after

    def plain(self, block: Block) -> PlainLines | None:
        """Return the lines of a block without quotes whose rows all have a cell for every column, else None."""
        filled = [line for line in block.lines if line.strip()]
        whole = len(filled) == len(block.lines)
        if block.rows is not None or not filled or self.blanks or (len(self.names) == 1 and not whole):
            return None
        if {line.count(self.mark) for line in filled} != {len(self.names) - 1}:
            return None
        numbers = range(block.first, block.first + len(filled))
        if not whole:
            return PlainLines([n for n, line in enumerate(block.lines, block.first) if line.strip()], filled, self.mark)
        return PlainLines(numbers, filled, self.mark)

    def with_points(self, plain: PlainLines, columns: list[int]) -> list[str] | None:
        """Return lines whose numbers have decimal points; None where that takes a look at each cell."""
        if self.decimals.mark == ",":
            return None if any("." in line for line in plain.texts) else [t.replace(",", ".") for t in plain.texts]
        if self.mark != "," and any("," in line for line in plain.texts):
            return None
        if not self.decimals.mark:
            cells = (line.split(self.mark) for line in plain.texts if "." in line)
            self.decimals.mark = "." if any("." in row[n] for row in cells for n in columns) else ""
        return plain.texts

    def rows(self, block: Block) -> Iterator[Row]:
        """Yield the rows of a block. Raises ParseError with the line of one that has too few cells, or too many."""
        parsed = ((line, row) for line, _after, row in self._parsed(block.lines, block.first))
        for line, row in parsed if block.rows is None else block.rows:
            if not any(cell.strip() for cell in row):
                if len(row) > 1 or len(self.names) == 1:
                    self.blanks.append(line)
                continue
            if self.blanks and not self.gaps:
                message = _("{name}, line {line}: every cell is blank, but there are rows below")
                raise ParseError(message, name=self.source, line=self.blanks[0])
            yield from ((blank, [""] * len(self.names)) for blank in self.blanks)
            self.blanks.clear()
            if len(row) != len(self.names):
                message = _("{name}, line {line}: {n} columns, where the header has {m}")
                if len(row) > len(self.names):
                    message += _(" (a decimal comma, or a comma in a text without quotes?)")
                raise ParseError(message, name=self.source, line=line, n=len(row), m=len(self.names))
            yield line, row

    def column(self, at: int) -> Iterator[tuple[int, str]]:
        """Yield the cells of one column with their lines, before the file is read for good."""
        try:
            for block in self.blocks():
                yield from ((line, row[at].strip()) for line, row in self.rows(block))
        finally:
            self.blanks.clear()

    def _lines(self) -> Iterator[str]:
        return bounds.lines(self.source, self.encoding, newline="")

    def _parsed(self, lines: Iterable[str], first: int) -> Iterator[tuple[int, int, list[str]]]:
        """Yield each row with the line in which it begins and the one below it."""
        reader = csv.reader(lines, delimiter=self.mark, strict=True)
        while True:
            line = first + reader.line_num
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                message = _("{name}, line {line}: the quotes do not fit together: {reason}")
                raise ParseError(message, name=self.source, line=line, reason=error) from None
            yield line, first + reader.line_num, row


def _said(separator: str) -> str:
    """Return the separator that somebody named. Raises ProblemError."""
    mark = {"tab": "\t", "\\t": "\t"}.get(separator, separator)
    if len(mark) != 1 or mark.isalnum() or mark in '"\r\n.-+':
        message = _("the separator is the one character between columns, such as “;” or tab, not “{text}”")
        raise ProblemError(message, text=separator)
    return mark


def _separator(sample: str, source: str) -> str:
    """Return what the first rows have between their columns."""
    if ending(source) == ".tsv" and "\t" in sample.lstrip("\r\n").partition("\n")[0]:
        return "\t"
    return encodings.separator(sample)
