"""A CSV or TSV file, block by block: rows with the number of their line. Nothing is cut, padded or guessed.

Longer than other files by the words for each way in which a row can be wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

import numpy as np

from rnncalc.common import bounds, encodings
from rnncalc.common.compressed import ending
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline.data.cells import Decimals, is_gap
from rnncalc.pipeline.data.columns import MOST_COLUMNS, Block, Row, Table, Texts
from rnncalc.pipeline.data.long_text import LongText
from rnncalc.pipeline.data_description import DataDescription

LINES = 50_000  # lines of a block


class TableFile(Table):
    """A text with a row a line, or with cells in quotes that go on over the end of a line."""

    def __init__(self, source: str, about: DataDescription):
        """Raises ParseError, ProblemError."""
        super().__init__(source, about)
        self.encoding, separator = bounds.encoding(source, about.encoding), about.sep
        sample = next(bounds.pieces(source, encodings.SEEN, self.encoding), "")
        excel = encodings.SEPARATOR.match(sample)
        self.preamble = excel[0].count("\n") if excel else 0
        self.mark = _said(separator) if separator else excel[1] if excel else _separator(sample, source)
        self.decimals = Decimals(grouped=self.mark == ",")
        self.skip = self.preamble
        self.blanks = list[int]()  # lines without values: the end of the file, or else gaps
        self.names = self._header(about)

    def _header(self, about: DataDescription) -> list[str]:
        names = list[str]()
        lines = bounds.lines(self.source, self.encoding, newline="")
        for _line, after, row in self.parsed(islice(lines, self.preamble, None), self.preamble + 1):
            if any(cell.strip() for cell in row):
                names, self.skip = [cell.strip() for cell in row], after - 1
                break
        if len(names) == 1 and names[0].startswith("#") and " " in names[0]:
            message = _(
                "{name}: the first line, “{text}”, is a remark: delete it, so that the columns' names come first"
            )
            raise ParseError(message, name=self.source, text=names[0])
        if not names:
            raise ParseError(_("{name} is empty"), name=self.source)
        if len(names) <= MOST_COLUMNS and all(self.decimals.number(cell) is not None or is_gap(cell) for cell in names):
            self.named, self.skip = False, self.preamble
            if not about.predicting and len(names) > 1 and not about.outputs:
                message = _("{name}: the first line is numbers, so it is data, and the columns are called 1 to {n}")
                about.notes.append(message.format(name=self.source, n=len(names)))
            return [str(at) for at in range(1, len(names) + 1)]
        self.names = names
        self.check_names()
        return names

    def form(self, about: DataDescription) -> list[str]:
        """Return what is unusual in how the file was read, and was not said by whoever has it read."""
        usual = about.sep or self.preamble or (self.mark == "\t" and ending(self.source) == ".tsv")
        said = encodings.form("" if about.encoding else self.encoding, "," if usual else self.mark)
        return said + [_("decimal commas")] * (self.decimals.mark == ",")

    def blocks(self, wanted: Sequence[int]) -> Iterator[Block]:
        """Yield the lines below the header, many at a time. wanted: the columns that are going to be asked for."""
        self.blanks.clear()
        text, first = LongText(self.source, self.encoding), self.skip + 1
        for _line in islice(text.lines(), self.skip):
            pass
        parse: Callable[..., Any] | None = None
        while chunk := text.next_lines():
            if text.large and self.mark.isascii():  # as pyarrow takes it
                parse = parse or _parser()
            quoted, count = '"' in chunk, chunk.count("\n") + (not chunk.endswith("\n"))
            usual = "\r" not in chunk or chunk.count("\r") == chunk.count("\r\n")
            if parse and usual and not quoted and not self.blanks:
                how = {"mark": self.mark, "width": len(self.names), "count": count, "wanted": wanted}
                yield _ArrowLines(self, first, chunk, partial(parse, **how))
                first += count
                continue
            rest = iter(io.StringIO(chunk, newline=""))
            while lines := list(islice(rest, LINES)):
                after, rows = first + len(lines), None
                if quoted and any('"' in line for line in lines):
                    rows, last = list[Row](), after
                    for line, after, row in self.parsed(chain(lines, rest, text.lines()), first):
                        rows.append((line, row))
                        if after >= last:
                            break
                yield TextLines(self, first, lines, rows)
                first = after

    def parsed(self, lines: Iterable[str], first: int) -> Iterator[tuple[int, int, list[str]]]:
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


class TextLines:
    """Some lines. rows: their cells, where a cell in quotes may go on over the end of a line."""

    def __init__(self, file: TableFile, first: int, text: list[str] | str, rows: list[Row] | None = None):
        self.file, self.first, self.text, self.parsed = file, first, text, rows

    @cached_property
    def all_lines(self) -> list[str]:
        """Return the lines with their ends."""
        return list(io.StringIO(self.text, newline="")) if isinstance(self.text, str) else self.text

    @cached_property
    def plain(self) -> list[str]:
        """Return the lines that are not blank, if none has quotes and all have a cell for every column, else none."""
        filled = [line for line in self.all_lines if line.strip()]
        whole, file = len(filled) == len(self.all_lines), self.file
        if self.parsed is not None or file.blanks or (len(file.names) == 1 and not whole):
            return []
        return filled if {line.count(file.mark) for line in filled} == {len(file.names) - 1} else []

    @cached_property
    def cells(self) -> list[str]:
        """Return the cells of plain lines, row by row."""
        return self.file.mark.join([text.rstrip("\r\n") for text in self.plain]).split(self.file.mark)

    @property
    def lines(self) -> Sequence[int]:
        """The line of each row."""
        if len(self.plain) == len(self.all_lines):
            return range(self.first, self.first + len(self.plain))
        return [n for n, line in enumerate(self.all_lines, self.first) if line.strip()]

    def texts(self, column: int) -> Texts:
        """Return a column of plain lines as texts without blanks around them."""
        return Texts.of(map(str.strip, self.cells[column :: len(self.file.names)]))

    def numbers(self, inputs: list[int], targets: list[int]) -> np.ndarray | None:
        """Return columns that are nothing but numbers, nan for a gap; None where others are among them."""
        columns = [*inputs, *targets]
        lines = self._with_points(columns) if self.plain else None
        if lines is None:
            return None
        try:
            return np.loadtxt(lines, delimiter=self.file.mark, usecols=columns, ndmin=2, comments=None)
        except ValueError:
            return None

    def _with_points(self, columns: list[int]) -> list[str] | None:
        """Return lines whose numbers have decimal points; None where that takes a look at each cell."""
        mark, decimals = self.file.mark, self.file.decimals
        if decimals.mark == ",":
            return None if any("." in line for line in self.plain) else [t.replace(",", ".") for t in self.plain]
        if mark != "," and any("," in line for line in self.plain):
            return None
        self._find_points(columns)
        return self.plain

    def _find_points(self, columns: list[int]) -> None:
        """Note that numbers have decimal points, if one has and nobody knows."""
        if not self.file.decimals.mark:
            cells = (line.split(self.file.mark) for line in self.all_lines if "." in line)
            self.file.decimals.mark = "." if any("." in row[n] for row in cells for n in columns) else ""

    def rows(self) -> Iterator[Row]:
        """Yield the rows cell by cell. Raises ParseError with the line of one that has too few cells, or too many."""
        file = self.file
        parsed = ((line, row) for line, _after, row in file.parsed(self.all_lines, self.first))
        for line, row in parsed if self.parsed is None else self.parsed:
            if not any(cell.strip() for cell in row):
                if len(row) > 1 or len(file.names) == 1:
                    file.blanks.append(line)
                continue
            if file.blanks and not file.gaps:
                message = _("{name}, line {line}: every cell is blank, but there are rows below")
                raise ParseError(message, name=file.source, line=file.blanks[0])
            yield from ((blank, [""] * len(file.names)) for blank in file.blanks)
            file.blanks.clear()
            if len(row) != len(file.names):
                message = _("{name}, line {line}: {n} columns, where the header has {m}")
                if len(row) > len(file.names):
                    message += _(" (a decimal comma, or a comma in a text without quotes?)")
                raise ParseError(message, name=file.source, line=line, n=len(row), m=len(file.names))
            yield line, row


class _ArrowLines(TextLines):
    """Many lines without quotes, in which pyarrow finds cells, numbers and words; what it does not take, we do."""

    def __init__(self, file: TableFile, first: int, text: str, parse: Any):
        super().__init__(file, first, text)
        self.parse: Any = parse
        self.table: Any = None  # the columns that pyarrow has found

    def numbers(self, inputs: list[int], targets: list[int]) -> np.ndarray | None:
        """Return columns that are nothing but numbers; None where others are among them."""
        ours = self.file.decimals.mark == "," or (self.file.mark != "," and "," in self.text)
        self.table = None if ours else self.parse(self.text, inputs, targets)
        if self.table is None:
            return super().numbers(inputs, targets)
        self._find_points([*inputs, *targets])
        return self.table.numbers(inputs, targets)

    def texts(self, column: int) -> Texts:
        """Return a column as texts without blanks around them."""
        return super().texts(column) if self.table is None else self.table.texts(column)

    @property
    def lines(self) -> Sequence[int]:
        """The line of each row."""
        return super().lines if self.table is None else range(self.first, self.first + len(self.table.lines))


def _parser() -> Callable[..., Any] | None:
    """Return how pyarrow parses lines, where it is installed."""
    if find_spec("pyarrow") is None:
        return None
    from rnncalc.pipeline.data.arrow import parsed  # large tables alone load it

    return parsed


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
