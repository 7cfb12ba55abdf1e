"""The target columns of a table: numbers with gaps, or one column of classes. The whole column decides, not its top."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import Spool
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline.data.cells import Decimals, is_gap, is_grouped
from rnncalc.pipeline.data.columns import Texts
from rnncalc.pipeline.data.rows import Labels, said_to_be_classes
from rnncalc.pipeline.data_description import DataDescription


class TargetColumns:
    """Collects the targets of block after block. `classes` is None as long as nothing but gaps was there."""

    def __init__(
        self,
        source: str,
        names: list[str],
        columns: list[int],
        about: DataDescription,
        loss: str | None,
        decimals: Decimals,
    ):
        self.source, self.columns, self.decimals = source, columns, decimals
        self.names = [names[column] for column in columns]
        self.labels, self.y = Labels(about.labels), Spool()
        self.classes = said_to_be_classes(about, loss)
        self.missing = about.outputs or 1  # how many numbers a target would have, where there is none
        self.decided = self.classes is not None
        if self.classes:
            self._one_column()
        self.seen: dict[bool, tuple[str, int]] = {}  # the first number (True) and the first text, with its line
        self.waiting = list[tuple[list[Texts], Sequence[int]]]()  # gaps above the first value

    def add(self, columns: list[Texts], lines: Sequence[int]) -> None:
        """Take some more rows of the table: the cells of each target column, and the lines of the rows."""
        if not self.columns:
            self._none(len(lines))
            return
        if not self.decided:
            self._decide(columns, lines)
        self.waiting.append((columns, lines))
        if self.classes is not None:
            self._settle()

    def add_numbers(self, values: np.ndarray, line: int) -> None:
        """Take some more rows, all of them numbers (R, columns), from that line on."""
        if not self.columns:
            self._none(len(values))
            return
        self.seen.setdefault(True, (f"{values[0, 0]:g}", line))
        self.classes = False
        self._settle()
        self.y.add(values)

    def array(self) -> np.ndarray:
        """Return all targets: rows of numbers, or class numbers."""
        self.classes = bool(self.classes)
        self._settle()
        return self.y.array().reshape(-1) if self.classes else self.y.array()

    def _none(self, count: int) -> None:
        self.y.add(np.full(count, -1) if self.classes else np.full((count, self.missing), np.nan))

    def _decide(self, columns: list[Texts], lines: Sequence[int]) -> None:
        """Decide between numbers and classes. Raises ParseError, ProblemError where it cannot be said."""
        for name, cells in zip(self.names, columns):
            for text, line in zip(cells.words, cells.lines(lines)):
                if is_gap(text):
                    continue
                numeric = self.decimals.number(text) is not None
                if not numeric and self.decimals.otherwise(text):
                    self.decimals.finite(text, self.source, line, name)
                if not numeric and is_grouped(text):
                    message = _("{name}, line {line}, column {column}: “{text}”: write numbers plainly, as 1234.5")
                    raise ParseError(message, name=self.source, line=line, column=name, text=text[:50])
                self.seen.setdefault(numeric, (text[:50], line))
                if len(self.seen) > 1:
                    self._refuse_both()
                self.classes = not numeric
        if self.classes:
            self._one_column()

    def _one_column(self) -> None:
        if len(self.columns) > 1:
            message = _("{name}: classes are one target column, not {n}: {columns}: train a model for each")
            raise ProblemError(message, name=self.source, n=len(self.names), columns=", ".join(self.names))

    def _refuse_both(self) -> None:
        (value, at), (text, line) = self.seen[True], self.seen[False]
        message = _(
            "{name}: target {columns} is a number in line {at} ({value}) and a text in line {line} (“{text}”): numbers "
            "go with --loss mean_squared_error, classes with --loss cross_entropy"
        )
        if len(self.columns) > 1:
            message = _(
                "{name}: targets {columns}: numbers (line {at}: {value}) and classes (line {line}: “{text}”) are not "
                "learned together: train a model for each"
            )
        where = {"at": at, "value": value, "line": line, "text": text}
        raise ProblemError(message, name=self.source, columns=", ".join(self.names), **where)

    def _settle(self) -> None:
        """Turn the cells that have waited into numbers."""
        waiting, self.waiting = self.waiting, []
        for columns, lines in waiting:
            if self.classes:
                (cells,) = columns
                numbers = list(map(self.labels.number, cells.words))
                self.y.add(np.array(numbers, np.int64)[cells.codes])
                continue
            values = [
                np.array([self._value(*cell) for cell in zip(cells.words, repeat(name), cells.lines(lines))])
                for name, cells in zip(self.names, columns)
            ]
            self.y.add(np.stack([known[cells.codes] for known, cells in zip(values, columns)], axis=1))

    def _value(self, text: str, column: str, line: int) -> float:
        return float("nan") if is_gap(text) else self.decimals.finite(text, self.source, line, column)
