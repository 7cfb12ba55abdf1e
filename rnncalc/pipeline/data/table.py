"""Tables, a row a step: one series, or many in long format, told apart by an id and sorted by a time.

Read in blocks of rows: column by column as long as all goes well; a block with anything else is read cell by cell, so
that an error has its line and column.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from rnncalc.common.compressed import ending
from rnncalc.common.i18n import _
from rnncalc.common.spool import Spool
from rnncalc.errors import ParseError, ProblemError
from rnncalc.network.training.target_weights import checked
from rnncalc.pipeline.data.cells import is_gap
from rnncalc.pipeline.data.columns import Block, Row, Table, Texts
from rnncalc.pipeline.data.frame import Frame, FrameTable
from rnncalc.pipeline.data.row_order import Order, constant
from rnncalc.pipeline.data.rows import DataRows, said_to_be_classes
from rnncalc.pipeline.data.table_file import TableFile
from rnncalc.pipeline.data.target_columns import TargetColumns
from rnncalc.pipeline.data.times import Times, is_time
from rnncalc.pipeline.data_description import DataDescription

PARQUET = (".parquet", ".pq")


def read(data: str | Frame, about: DataDescription, loss: str | None) -> DataRows:
    """Read the columns that the description gives by name or by number from 1. Raises ParseError, ProblemError."""
    file = _opened(data, about)
    source = file.source
    target = None if about.predicting else about.target
    if about.classes is not None and isinstance(target, list) and not set(target) <= set(file.names):
        target = None  # a file to be tested on, which says so itself
    columns = file.columns(target, [])
    special = [file.columns(name, []) for name in (about.id, about.time, _weight(file, about))]
    if any(len(columns) > 1 for columns in special):
        raise ProblemError(_("{name}: id, time and weight are one column each"), name=source)
    inputs = _inputs(file, about, columns, list(chain(*special)), loss)
    ids, times, weights = (columns[0] if columns else None for columns in special)
    targets = TargetColumns(source, file.names, columns, about, loss, file.decimals)
    said = bool(about.time_format)
    moments = None
    if times is not None:
        moments = Times(source, file.names[times], file.decimals, "" if file.is_typed(times) else about.time_format)
    if moments and times is not None and not said:
        moments.find(file.column(times))
        about.complete(time_format=moments.written)
    order = Order(ids is not None, moments, bool(about.predicting))
    reader = _Reader(file, inputs, targets, ids, times, weights, order, said, bool(about.input))
    for block in file.blocks(list(dict.fromkeys([*reader.inputs, *columns, *special[0], *special[1]]))):
        reader.add(block)
    rows = reader.rows(about)
    about.input = [file.names[n] for n in inputs]
    about.id, about.time = (file.names[at] if at is not None else None for at in (ids, times))
    if columns:
        about.target = [file.names[n] for n in columns]
    about.complete(inputs=len(inputs), outputs=len(targets.labels.numbers) if targets.classes else len(columns))
    about.complete(classes=bool(targets.classes), targets=bool(columns))
    return rows


def _weight(file: Table, about: DataDescription) -> str | None:
    """Return which column holds weights, if targets are read at all; a file to be tested on may lack it."""
    if about.weight and about.classes is not None and about.weight not in file.names and not about.predicting:
        message = _("{name} has no column “{column}”: its targets count alike")
        about.notes.append(message.format(name=file.source, column=about.weight))
        return None
    return None if about.predicting else about.weight


def _opened(source: str | Frame, about: DataDescription) -> Table:
    """Open a frame, or a file by its ending. Raises ParseError, ProblemError."""
    if not isinstance(source, str):
        return FrameTable(source, about)
    if ending(source) not in PARQUET:
        return TableFile(source, about)
    try:
        from rnncalc.pipeline.data.arrow import ParquetFile  # who has no such file need not have pyarrow
    except ImportError:
        message = _("{name}: Parquet is read by pyarrow: {install}")
        raise ProblemError(message, name=source, install='pip install "rnncalc[arrow]"') from None
    return ParquetFile(source, about)


def _inputs(file: Table, about: DataDescription, targets: list[int], special: list[int], loss: str | None) -> list[int]:
    """Return the input columns: those described, else all without another use and the past of what is foretold.

    Raises ProblemError.
    """
    past = about.ahead and about.past is not False and not about.input and _numeric(file, targets, about, loss)
    rest = [n for n in range(len(file.names)) if (past or n not in targets) and n not in special]
    inputs = file.columns(about.input, rest)
    if not inputs:
        message = _("{name}: no input column is left: --input {column}, which with --ahead foretells itself")
        raise ProblemError(message, name=file.source, column=file.names[(targets or special)[0]])
    for n in inputs:
        if not file.names[n]:
            message = _("{name}: column {n} has no name, as behind a last separator: name it, or choose with --input")
            raise ProblemError(message, name=file.source, n=n + 1)
    return inputs


def _numeric(file: Table, targets: list[int], about: DataDescription, loss: str | None) -> bool:
    """Tell whether targets are numbers, by the first value of each."""
    first = [next((text for _line, text in file.column(n) if not is_gap(text)), "") for n in targets]
    return not said_to_be_classes(about, loss) and None not in map(file.decimals.number, first)


class _Reader:
    """Collects the rows of a table, block by block."""

    def __init__(
        self, file: Table, inputs: list[int], targets: TargetColumns, ids: int | None, times: int | None,
        weights: int | None, order: Order, said: bool, chosen: bool,
    ):  # fmt: skip
        """said: whether somebody said how times are written; chosen: whether somebody named the inputs."""
        self.file, self.inputs, self.targets, self.ids, self.times = file, inputs, targets, ids, times
        self.weights = weights
        if weights is not None:  # they are read as one more input, the last
            self.inputs = [*inputs, weights]
        self.x, self.order, self.said, self.chosen = Spool(), order, said, chosen
        self.predicting = order.keep

    def add(self, block: Block) -> None:
        """Take a block of rows: column by column as long as all goes well, else cell by cell."""
        if not self._fast(block):
            self._careful(list(block.rows()))

    def _fast(self, block: Block) -> bool:
        """Take rows whose inputs are numbers. Returns whether they are."""
        targets = self.targets
        many = None if targets.classes else self._numbers(block, targets.columns)
        numbers = self._numbers(block, []) if many is None else many[:, : len(self.inputs)]
        if numbers is None:
            return False
        lines = block.lines
        self.x.add(numbers)
        if many is not None:
            targets.add_numbers(many[:, len(self.inputs) :], lines[0] if lines else 0)
        else:
            targets.add([block.texts(n) for n in targets.columns], lines)
        ids, times = (None if n is None else block.texts(n) for n in (self.ids, self.times))
        self._place(ids, times, lines)
        return True

    def _numbers(self, block: Block, targets: list[int]) -> np.ndarray | None:
        """Return the inputs, and those targets, where they are nothing but numbers and gaps that are allowed."""
        numbers = block.numbers(self.inputs, targets)
        if numbers is None or np.isinf(numbers).any():
            return None
        gaps = np.isnan(numbers)
        if gaps.any():
            inputs, others = gaps[:, : len(self.inputs)], gaps[:, len(self.inputs) :]
            if (inputs.any() and not self.file.gaps) or others.all(axis=0).any():
                return None
        return numbers

    def _careful(self, rows: list[Row]) -> None:
        """Take rows cell by cell, so that an error has its line and column."""
        if not rows:
            return
        lines = [line for line, _row in rows]
        self.x.add(np.array([[self._input(row[n], line, n) for n in self.inputs] for line, row in rows]))

        def texts(column: int) -> Texts:
            return Texts.of(row[column].strip() for _line, row in rows)

        self.targets.add([texts(n) for n in self.targets.columns], lines)
        ids, times = (None if n is None else texts(n) for n in (self.ids, self.times))
        self._place(ids, times, lines)

    def _place(self, ids: Texts | None, times: Texts | None, lines: Sequence[int]) -> None:
        """Take note of whose and when rows are. Raises ParseError."""
        if ids is not None and self.ids is not None and "" in ids.words:
            message = _("{name}, line {line}, column {column}: {what}")
            where = {"line": ids.lines(lines)[ids.words.index("")], "column": self.file.names[self.ids]}
            raise ParseError(message, name=self.file.source, **where, what=_("is blank"))
        self.order.add(ids, times, lines)

    def _input(self, text: str, line: int, column: int) -> float:
        """Return an input; nan where there is none, if gaps are filled. Raises ParseError."""
        if self.file.gaps and is_gap(text):
            return np.nan
        try:
            return self.file.decimals.finite(text, self.file.source, line, self.file.names[column])
        except ParseError as error:
            message = _("{error}: --missing forward, mean or mask says what stands for it")
            if self.predicting:
                message = _("{error}: the model was trained without --missing: fill it, or train with --missing")
            if not is_gap(text):
                message = self._way_out(text)
            raise ParseError(message, error=error, column=self.file.names[column]) from None

    def _way_out(self, text: str) -> str:
        """Return what to do about a text where a number was expected, beside the error."""
        if is_time(text):
            if self.times is None:
                return _("{error}; if it says when: --time {column}")
            return _("{error}: times are no inputs; --input names the columns that are")
        if self.chosen or not any(map(str.isalpha, text)) or self.file.decimals.otherwise(text):
            return "{error}"
        if self.ids is None:
            return _("{error}; if it tells sequences apart: --id {column}; --input names the columns that are inputs")
        return _("{error}; --input names the columns that are inputs")

    def rows(self, about: DataDescription) -> DataRows:
        """Return all rows, sequence by sequence."""
        unseen = self.targets.labels.unseen
        y, x, form, weights = self.targets.array(), self.x.array(), self.file.form(about), None
        if self.weights is not None:
            x, weights = x[:, :-1], checked(f"{self.file.source}, {self.file.names[self.weights]}", x[:, -1].copy())
        if self.order.times and self.order.times.written and not self.said:
            form.append(_("times of the format {format}").format(format=self.order.times.written))
        if self.targets.classes:
            y, labels = self.targets.labels.sorted(y)
            about.complete(labels=labels)
        if self.ids is None and self.times is None:
            return DataRows(x, y, np.array([0, len(x)], np.int64), form=form, weights=weights, unseen=unseen)
        offsets, order = self.order.arrangement(self.file.source)
        about.notes += self.order.missing(self.file.source, offsets, order)
        times = self.order.written.array() if self.order.written.count else None
        if order is not None:
            x, y, times = x[order], y[order], None if times is None else times[order]
            weights = None if weights is None else weights[order]
        same = y.ndim == 1 and len(offsets) > 2 and constant(y, offsets)
        at = "last" if same else "every"
        return DataRows(x, y, offsets, at, list(self.order.names), times, form, weights, order, unseen)
