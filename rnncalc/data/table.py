"""CSV and TSV, a row a step: one series, or many in long format, told apart by an id and sorted by a time.

Read in blocks of lines: numbers by NumPy's reader as long as all goes well; a block with anything else is read cell by
cell, so that an error has its line and column.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from rnncalc.data.order import Order, constant, number
from rnncalc.data.rows import Labels, Rows, account
from rnncalc.errors import ParseError, ProblemError
from rnncalc.language import _, because
from rnncalc.spool import Spool

LINES = 50_000  # lines of a block


def read(source: str, about: dict[str, Any], loss: str | None) -> Rows:
    """input, target: columns by name or by number from 1; id, time: a column each. Raises ParseError."""
    mark = "\t" if source.lower().endswith(".tsv") else ","
    header = _header(source, mark)
    columns = {name: number for number, name in enumerate(header)}
    wish = about.get("target")
    if "classes" in about and isinstance(wish, list) and not set(wish) <= set(header):
        wish = None  # read to predict: what is asked for is not there
    targets = _columns(wish, columns, source, [])
    special = [_columns(about.get(name), columns, source, []) for name in ("id", "time")]
    rest = [n for n in range(len(header)) if n not in targets and n not in special[0] + special[1]]
    inputs = _columns(about.get("input"), columns, source, rest)
    if any(len(one) > 1 for one in special):
        raise ProblemError(_("{name}: id and time are one column each"), name=source)
    ids, times = (one[0] if one else None for one in special)
    reader = _Reader(source, header, mark, about, loss, inputs, targets, ids, times)
    for line, block in _blocks(source, len(header) if header.named else 0):
        reader.add(line, block)
    about["input"] = [header[n] for n in inputs]
    if targets:
        about["target"] = [header[n] for n in targets]
    account(about, inputs=len(inputs), outputs=len(reader.labels.numbers) if reader.classes else len(targets))
    account(about, classes=reader.classes, targets=bool(targets))
    return reader.rows()


class _Names(list[str]):
    named = True


def _header(source: str, mark: str) -> _Names:
    """The names of the columns: the first line, or their numbers if that has only numbers."""
    with _open(source) as file:
        first = next(csv.reader(file, delimiter=mark), [])
    names = _Names(name.strip() for name in first)
    if not names:
        raise ParseError(_("{name} is empty"), name=source)
    if all(number(cell) is not None or not cell for cell in names):
        names = _Names(str(number) for number in range(1, len(first) + 1))
        names.named = False
    for name in names:
        if names.count(name) > 1:
            raise ParseError(_("{name}: two columns are called “{column}”"), name=source, column=name)
    return names


def _columns(wish: Any, known: dict[str, int], source: str, default: list[int]) -> list[int]:
    names = [name.strip() for name in wish.split(",")] if isinstance(wish, str) else list(wish or [])
    found = []
    for name in map(str, names):
        if name in known:
            found.append(known[name])
        elif name.isdigit() and 1 <= int(name) <= len(known):
            found.append(int(name) - 1)
        else:
            message = _("{name} has no column “{column}”; there are {known}")
            raise ProblemError(message, name=source, column=name, known=", ".join(known))
    return found or default


def _blocks(source: str, header: int) -> Iterator[tuple[int, list[str]]]:
    """The lines, many at a time, with the number of the first; blank ones too."""
    with _open(source) as file:
        number = 1
        if header:
            next(file)
            number = 2
        while block := list(islice(file, LINES)):
            yield number, block
            number += len(block)


class _Reader:
    """Collects blocks."""

    def __init__(
        self, source: str, header: list[str], mark: str, about: dict[str, Any], loss: str | None,
        inputs: list[int], targets: list[int], ids: int | None, times: int | None,
    ):  # fmt: skip
        self.source, self.header, self.mark, self.about = source, header, mark, about
        self.inputs, self.targets, self.ids, self.times = inputs, targets, ids, times
        self.x, self.y = Spool(), Spool()
        self.order = Order(ids is not None, times is not None)
        known = about.get("classes")
        self.classes: bool | None = known if known is not None else True if loss == "cross_entropy" else None
        if not targets:
            self.classes, self.missing = bool(known), about.get("outputs", 1)
        self.labels = Labels(about.get("labels"))

    def add(self, first: int, lines: list[str]) -> None:
        """A block of lines, the first of which has that number."""
        plain = not any('"' in line for line in lines)
        if self.ids is None and self.times is None and plain and self._fast(lines):
            return
        cells = csv.reader(lines, delimiter=self.mark)
        numbers, targets, places = list[list[float]](), list[Any](), list[tuple[str, str, int]]()
        told = _("{name}, line {line}, column {column}")
        for row in cells:
            where = first + cells.line_num - 1
            if not any(cell.strip() for cell in row):
                continue
            if len(row) < len(self.header):
                message = _("{name}, line {line}: {n} columns, where the header has {m}")
                raise ParseError(message, name=self.source, line=where, n=len(row), m=len(self.header))
            numbers.append([self._value(row, column, where) for column in self.inputs])
            if self.targets and self.classes is None:
                self.classes = any(number(row[column]) is None and row[column].strip() for column in self.targets)
            if self.classes and not self.targets:
                targets.append(-1)
            elif self.classes:
                place = told.format(name=self.source, line=where, column=self.header[self.targets[0]])
                targets.append(self.labels.number(row[self.targets[0]].strip(), place))
            else:
                targets.append(
                    [self._value(row, column, where, True) for column in self.targets] or [np.nan] * self.missing
                )
            if self.ids is not None or self.times is not None:
                one, moment = ("" if at is None else row[at].strip() for at in (self.ids, self.times))
                places.append((one, moment, where))
        if numbers:
            self.x.add(np.array(numbers))
            self.y.add(np.array(targets, np.int64 if self.classes else np.float64))
            self.order.add(places, f"{self.source}")

    def _fast(self, lines: list[str]) -> bool:
        """The block as numbers, if it has nothing else."""
        if self.classes:
            return False
        wanted = [*self.inputs, *self.targets]
        filled = [line for line in lines if line.strip()]
        try:
            found = np.loadtxt(filled, delimiter=self.mark, usecols=wanted, ndmin=2, comments=None)
        except ValueError:
            return False
        if not np.isfinite(found).all() or not filled:
            return False
        self.classes = False
        self.x.add(found[:, : len(self.inputs)])
        self.y.add(found[:, len(self.inputs) :] if self.targets else np.full((len(found), self.missing), np.nan))
        return True

    def _value(self, row: Sequence[str], column: int, line: int, blank: bool = False) -> float:
        """A cell as a number; a blank target is none."""
        value = number(row[column])
        if value is not None and np.isfinite(value):
            return value
        if blank and not row[column].strip():
            return float("nan")
        what = _("is blank") if not row[column].strip() else _("“{text}” is no number").format(text=row[column][:50])
        message = _("{name}, line {line}, column {column}: {what}")
        raise ParseError(message, name=self.source, line=line, column=self.header[column], what=what)

    def rows(self) -> Rows:
        """Everything, sequence by sequence."""
        x, y = self.x.array(), self.y.array()
        if self.classes:
            y, labels = self.labels.sorted(y.reshape(-1))
            account(self.about, labels=labels)
        if self.ids is None and self.times is None:
            return Rows(x, y, np.array([0, len(x)], np.int64))
        starts, order = self.order.found(self.source)
        if order is not None:
            x, y = x[order], y[order]
        same = y.ndim == 1 and len(starts) > 2 and constant(y, starts)
        return Rows(x, y, starts, "last" if same else "every")


def _open(source: str) -> Any:
    try:
        return open(source, encoding="utf-8-sig", newline="", errors="replace")
    except OSError as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=source, reason=because(error)) from None
