"""JSON lines: a sequence a line, {"x": [[…], …], "y": …}.

x: rows of numbers, numbers (one a step), or a text, whose characters are the steps. y: one class or row of numbers for
the whole sequence, or one for each step.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncalc.data.rows import Labels, Rows, Spool, account, encoded, vocabulary
from rnncalc.data.text import split
from rnncalc.errors import ParseError
from rnncalc.language import _


def read(source: str, about: dict[str, Any], loss: str | None) -> Rows:
    """input, target: the keys, x and y unless given. Raises ParseError with line and key."""
    names = [about.get(key) or default for key, default in (("input", "x"), ("target", "y"))]
    x_name, y_name = (name if isinstance(name, str) else name[0] for name in names)
    about.update(input=[x_name], target=[y_name])
    _survey(source, x_name, about)
    numbers = {token: n for n, token in enumerate(about.get("vocabulary", ()))}
    x_rows, starts, targets = Spool(), [0], list[Any]()
    width = about.get("inputs")
    for line, record in _records(source):
        x = record.get(x_name)
        where = _("{name}, line {line}, {key}").format(name=source, line=line, key=x_name)
        if numbers:
            if not isinstance(x, str):
                raise ParseError(_("{where}: a text was expected"), where=where)
            rows = encoded(split(x, about["tokens"]), numbers)
        else:
            rows = _matrix(x, where)
            width = width or rows.shape[1]
            if rows.shape[1] != width:
                message = _("{where}: rows of {n} numbers, but there were {m} before")
                raise ParseError(message, where=where, n=rows.shape[1], m=width)
        x_rows.add(rows)
        starts.append(x_rows.count)
        targets.append((line, record.get(y_name)))
    account(about, inputs=len(numbers) or width)
    y, at = _Targets(source, y_name, about, loss).rows(targets, np.array(starts, np.int64))
    return Rows(x_rows.array(), y, np.array(starts, np.int64), at)


def _survey(source: str, name: str, about: dict[str, Any]) -> None:
    """Texts have a vocabulary, which is found in a first pass."""
    first = next(_records(source), None)
    if first is None:
        raise ParseError(_("{name} is empty"), name=source)
    if not isinstance(first[1].get(name), str) or "vocabulary" in about:
        return
    account(about, tokens="chars")
    counts: Counter[str] = Counter()
    for _line, record in _records(source):
        counts.update(split(str(record.get(name)), about["tokens"]))
    about["vocabulary"] = vocabulary(counts)


def _records(source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with open(source, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except ValueError as error:
                    column = getattr(error, "colno", 1)
                    message = _("{name}, line {line}, column {column}: {reason}")
                    reason = getattr(error, "msg", error)
                    raise ParseError(message, name=source, line=number, column=column, reason=reason) from None
                if not isinstance(record, dict):
                    raise ParseError(_("{name}, line {line}: an object was expected"), name=source, line=number)
                yield number, record
    except (OSError, UnicodeDecodeError) as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=source, reason=error) from None


def _matrix(value: Any, where: str) -> np.ndarray:
    try:
        rows = np.asarray(value, np.float64)
        rows = rows[:, None] if rows.ndim == 1 else rows
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise ValueError
    except (TypeError, ValueError):
        raise ParseError(_("{where}: rows of numbers of one length were expected"), where=where) from None
    return rows


class _Targets:
    """What the lines say of the targets."""

    def __init__(self, source: str, name: str, about: dict[str, Any], loss: str | None):
        self.source, self.name, self.about = source, name, about
        self.loss, self.labels = loss, Labels(about.get("labels"))

    def rows(self, given: list[tuple[int, Any]], starts: np.ndarray) -> tuple[np.ndarray, str]:
        """Targets of every row, and where they lie."""
        values = [value for _line, value in given if value is not None]
        account(self.about, targets=bool(values))
        flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
        named = any(isinstance(one, str) for one in flat)
        whole = bool(flat) and all(isinstance(one, bool | int) for one in flat)
        classes = self.about.get("classes", named or self.loss == "cross_entropy" or (whole and self.loss is None))
        account(self.about, classes=classes)
        lengths = np.diff(starts)
        each = bool(values) and all(
            isinstance(value, list) and len(value) == n
            for (_line, value), n in zip(given, lengths)
            if value is not None
        )
        each = each and (classes or lengths.max() > 1 or isinstance(values[0][0], list))
        if classes:
            rows: np.ndarray = np.full(int(starts[-1]), -1)
        else:
            sample: Any = values[0] if values else [0.0] * self.about.get("outputs", 1)
            sample = sample[0] if each else sample
            rows = np.full((int(starts[-1]), len(sample) if isinstance(sample, list) else 1), np.nan)
        for number, (line, value) in enumerate(given):
            begin, end = starts[number], starts[number + 1]
            if value is not None and end > begin:
                self._put(rows, begin if each else end - 1, end, value, each, line)
        if classes:
            rows, labels = self.labels.sorted(rows)
            account(self.about, labels=labels, outputs=len(labels))
        account(self.about, outputs=rows.shape[1] if rows.ndim == 2 else None)
        return rows, "every" if each else "last"

    def _put(self, rows: np.ndarray, begin: int, end: int, value: Any, each: bool, line: int) -> None:
        where = _("{name}, line {line}, {key}").format(name=self.source, line=line, key=self.name)
        if rows.ndim == 1:
            parts = value if each else [value]
            rows[begin:end] = [self.labels.number("" if one is None else str(one), where) for one in parts]
            return
        try:
            found = np.asarray(value, np.float64).reshape(end - begin, -1)
            if found.shape[1] != rows.shape[1]:
                raise ValueError
            rows[begin:end] = found
        except (TypeError, ValueError):
            message = _("{where}: {n} numbers for each target were expected")
            raise ParseError(message, where=where, n=rows.shape[1]) from None
