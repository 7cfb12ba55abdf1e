"""JSON lines: a sequence a line, {"x": [[…], …], "y": …}.

x: rows of numbers, numbers (one a step), or a text, whose characters are the steps. y: one class or row of numbers for
the whole sequence, or one for each step.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncalc.common import bounds, strict_json
from rnncalc.common.encodings import form
from rnncalc.common.i18n import _
from rnncalc.common.places import in_words
from rnncalc.common.spool import Spool
from rnncalc.errors import ParseError
from rnncalc.network.training.target_weights import row_weights
from rnncalc.pipeline.data.rows import DataRows, Labels, encoded, said_to_be_classes, vocabulary
from rnncalc.pipeline.data.text import split
from rnncalc.pipeline.data_description import DataDescription


def read(source: str, about: DataDescription, loss: str | None) -> DataRows:
    """Read the keys that the description names, x and y unless it does. Raises ParseError with line and key.

    The file is read twice: what its lines have in common must be known before the first one becomes rows.
    """
    names = about.input or "x", about.target or "y"
    x_name, y_name = (name if isinstance(name, str) else name[0] for name in names)
    about.input, about.target = [x_name], [y_name]
    targets = _Targets(source, y_name, about, loss)
    encoding = bounds.encoding(source, about.encoding)
    _survey(source, x_name, encoding, about, targets)
    numbers = {token: n for n, token in enumerate(about.vocabulary)}
    x_rows, y_rows, w_rows, offsets = Spool(), Spool(), Spool(), array("q", [0])
    weighing = about.weight if not about.predicting else None
    width = about.inputs
    for line, record in _records(source, encoding):
        x = record.get(x_name)
        where = _("{name}, line {line}, {key}").format(name=source, line=line, key=x_name)
        if numbers:
            if not isinstance(x, str):
                raise ParseError(_("{where}: a text was expected"), where=where)
            rows = encoded(split(x, about.tokens), numbers)
        else:
            rows = _matrix(x, where)
            width = width or rows.shape[1]
            if rows.shape[1] != width:
                message = _("{where}: rows of {n} numbers, but there were {m} before")
                raise ParseError(message, where=where, n=rows.shape[1], m=width)
        x_rows.add(rows)
        y_rows.add(targets.rows(None if about.predicting else record.get(y_name), len(rows), line))
        if weighing:
            place = _("{name}, line {line}, {key}").format(name=source, line=line, key=weighing)
            w_rows.add(row_weights(place, [record.get(weighing)], np.array([0, len(rows)]), [len(rows)]))
        offsets.append(x_rows.count)
    about.complete(inputs=len(numbers) or width)
    said = [] if about.encoding else form(encoding)
    y = targets.finished(y_rows.array() if y_rows.count else targets.nothing(0))
    at, weights = "every" if targets.each else "last", w_rows.array() if weighing else None
    return DataRows(
        x_rows.array(), y, np.array(offsets, np.int64), at, form=said, weights=weights, unseen=targets.labels.unseen
    )


def _survey(source: str, name: str, encoding: str, about: DataDescription, targets: _Targets) -> None:
    """Read the file once, to learn the vocabulary of texts and of what kind targets are."""
    texts: bool | None = None
    counts: Counter[str] = Counter()
    for _line, record in _records(source, encoding):
        x = record.get(name)
        if texts is None:
            texts = isinstance(x, str)
            if texts:
                about.complete(tokens="chars")
                if about.inputs and not about.vocabulary:
                    raise ParseError(_("{name}: texts, where training had rows of numbers"), name=source)
        tokens = split(str(x), about.tokens) if texts else ()
        if texts and not about.vocabulary:
            counts.update(tokens)
        targets.see(
            None if about.predicting else record.get(targets.name),
            len(tokens) if texts else len(x) if isinstance(x, list) else 0,
        )
    if texts is None:
        raise ParseError(_("{name} is empty"), name=source)
    if texts and not about.vocabulary:
        about.vocabulary = vocabulary(counts)
    targets.decide()


def _records(source: str, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(bounds.lines(source, encoding), 1):
        if not line.strip():
            continue
        try:
            record = strict_json.plain(line, line=False)
        except ParseError as error:
            message = _("{name}, line {line}: {reason}")
            raise ParseError(message, name=source, line=number, reason=error) from None
        if not isinstance(record, dict):
            raise ParseError(_("{name}, line {line}: an object was expected"), name=source, line=number)
        yield number, record


def _matrix(value: Any, where: str) -> np.ndarray:
    if value is None:
        raise ParseError(_("{where}: is missing"), where=where)
    try:
        rows = np.asarray(value, np.float64)
        rows = rows[:, None] if rows.ndim == 1 else rows
        if rows.ndim != 2 or not rows.shape[1]:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ParseError(_("{where}: rows of numbers of one length were expected"), where=where) from None
    if len(wrong := np.argwhere(~np.isfinite(rows))):
        step, entry = map(int, wrong[0])
        message = _("{where}: {place} is {text}: a finite number is needed")
        raise ParseError(message, where=where, place=in_words((step, entry), ("step", "input")), text=rows[step, entry])
    return rows


class _Targets:
    """The targets of all lines: classes or numbers, for each sequence or each step."""

    def __init__(self, source: str, name: str, about: DataDescription, loss: str | None):
        self.source, self.name, self.about = source, name, about
        self.classes, self.labels = said_to_be_classes(about, loss), Labels(about.labels)
        self.any = self.named = self.numeric = self.long = False
        self.each = True
        self.sample: Any = None

    def see(self, value: Any, steps: int) -> None:
        """Take note of one line's target, and of how many steps its sequence has."""
        self.long = self.long or steps > 1
        if value is None:
            return
        if not self.any:
            self.sample = value
        self.any = True
        for entry in value if isinstance(value, list) else [value]:
            named = isinstance(entry, str | bool)
            self.named = self.named or named
            self.numeric = self.numeric or (isinstance(entry, int | float) and not named)
        self.each = self.each and isinstance(value, list) and len(value) == steps

    def decide(self) -> None:
        """Decide, after the last line: classes or numbers, one for each sequence or for each step."""
        self.about.complete(targets=self.any)
        if self.classes is None and self.named and self.numeric:
            message = _("{name}: {key} is a text in some lines and a number in others; null where there is no target")
            raise ParseError(message, name=self.source, key=self.name)
        self.classes = self.named if self.classes is None else self.classes
        self.about.complete(classes=self.classes)
        rows = self.any and self.each and isinstance(self.sample, list) and bool(self.sample)
        nested = rows and isinstance(self.sample[0], list)
        self.each = rows and (self.classes or self.long or nested)
        sample = self.sample if self.any else [0.0] * (self.about.outputs or 1)
        if self.each:
            sample = sample[0]
        self.width = len(sample) if isinstance(sample, list) else 1

    def nothing(self, steps: int) -> np.ndarray:
        """Return rows without a target."""
        return np.full(steps, -1) if self.classes else np.full((steps, self.width), np.nan)

    def rows(self, value: Any, steps: int, line: int) -> np.ndarray:
        """Return the targets of one line's rows."""
        rows = self.nothing(steps)
        if value is None or not steps:
            return rows
        where = _("{name}, line {line}, {key}").format(name=self.source, line=line, key=self.name)
        part = rows if self.each else rows[-1:]
        if self.classes:
            parts = value if self.each else [value]
            if any(isinstance(label, list | dict) for label in parts):
                raise ParseError(_("{where}: one class for each target was expected"), where=where)
            part[:] = [self.labels.number("" if label is None else str(label)) for label in parts]
            return rows
        try:
            given = np.asarray(value, np.float64).reshape(len(part), -1)
            if given.shape[1] != self.width:
                raise ValueError
            if np.isinf(given).any():
                raise ValueError
            part[:] = given
        except (TypeError, ValueError, OverflowError):
            message = _("{where}: {n} numbers for each target were expected")
            raise ParseError(message, where=where, n=self.width) from None
        return rows

    def finished(self, y: np.ndarray) -> np.ndarray:
        """Return all targets, classes numbered in the order of their names."""
        if not self.classes:
            self.about.complete(outputs=self.width)
            return y
        y, labels = self.labels.sorted(y)
        self.about.complete(labels=labels, outputs=len(labels))
        return y
