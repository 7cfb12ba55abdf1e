"""Long format: which sequence each row belongs to, and when. Rows that come in order cost no memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.spool import BLOCK, Spool, blocks
from rnncalc.errors import ParseError
from rnncalc.pipeline.data.columns import Texts
from rnncalc.pipeline.data.missing_times import missing_times
from rnncalc.pipeline.data.times import Times

LONGEST = 64  # bytes of a time as it is written


class Order:
    """Which sequence each row belongs to, and when: nothing is kept of rows that come in order but where they begin.

    Rows in any other order are sorted, which takes memory for all of them.
    """

    def __init__(self, ids: bool, times: Times | None, keep: bool = False):
        """keep: the times as they were written."""
        self.ids, self.times, self.keep, self.written = ids, times, keep, Spool()
        self.names: dict[str, int] = {}
        self.of, self.when = Spool(), Spool()
        self.begins, self.count, self.sorted = array("q"), 0, True
        self.last: tuple[int, Any] = (-1, None)

    def add(self, ids: Texts | None, times: Texts | None, lines: Sequence[int]) -> None:
        """Take some more rows: id, time and line of each. Raises ParseError."""
        if not (self.ids or self.times) or not lines:
            return
        of = np.zeros(len(lines), np.int32)
        if ids is not None:
            of = np.array([self.names.setdefault(name, len(self.names)) for name in ids.words], np.int32)[ids.codes]
        moments = np.zeros(len(of))
        if self.times and times is not None:
            moments = self.times.keys(times.words, times.lines(lines))[times.codes]
        before, latest = self.last
        new = np.diff(of, prepend=np.int32(before)) != 0
        later = (of[1:] > of[:-1]) | (~new[1:] & (moments[1:] >= moments[:-1]))
        first = of[0] > before if new[0] else moments[0] >= latest
        self.sorted = self.sorted and bool(first) and bool(later.all())
        self.begins.extend((np.flatnonzero(new) + self.count).tolist())
        self.last, self.count = (int(of[-1]), moments[-1]), self.count + len(of)
        self.of.add(of)
        if times is not None:
            self.when.add(moments)
            if self.keep:
                self.written.add(np.array([text.encode() for text in times.words], f"S{LONGEST}")[times.codes])

    def arrangement(self, source: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Return where sequences begin, and the order of the rows if it is not theirs already."""
        if self.sorted:
            return np.array([*self.begins, self.count], np.int64), None
        of = self.of.array()
        keys = (self.when.array(), of) if self.times else (of,)
        try:
            order = np.lexsort(keys)
        except MemoryError:
            message = _("{name}: its {n} rows are not sorted by sequence and time, and too many to sort in memory")
            raise ParseError(message, name=source, n=self.count) from None
        counts = np.bincount(of, minlength=len(self.names))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), order

    def missing(self, source: str, offsets: np.ndarray, order: np.ndarray | None) -> list[str]:
        """Return notes on times that stand twice, and on those missing between rows, as they are arranged."""
        if self.times is None:
            return []
        keys = self.when.array()
        keys = keys if order is None else keys[order]
        twice = self._twice(source, keys, offsets)
        gaps = missing_times(keys, offsets)
        if gaps is None:
            return twice
        amount, first, row = gaps
        if self.ids:
            first = f"{first} ({list(self.names)[int(np.searchsorted(offsets, row, 'right')) - 1]})"
        message = _(
            "{name}: missing from column {column}: {amount}, the first {first}. The rows around a gap are taken as one "
            "step apart; rows with blank cells and --missing forward, mean or mask keep its place"
        )
        return [*twice, message.format(name=source, column=self.times.column, amount=amount, first=first)]

    def _twice(self, source: str, keys: np.ndarray, offsets: np.ndarray) -> list[str]:
        """Return a note on times that stand more than once in one sequence, if there are any. keys: as arranged."""
        assert self.times is not None
        same = keys[1:] == keys[:-1]
        same[offsets[1:-1] - 1] = False  # the last of a sequence, and the first of the next
        if not (count := int(np.count_nonzero(same))):
            return []
        message = _("{name}: column {column}: {n} rows have the time of the row before, in one sequence")
        if not self.ids:
            message = _(
                "{name}: column {column}: {n} rows have the time of the row before: does a column tell series apart? "
                "--id names it"
            )
        return [message.format(name=source, column=self.times.column, n=count)]


def constant(y: np.ndarray, offsets: np.ndarray) -> bool:
    """Tell whether every sequence has one target throughout."""
    changes = 0
    for (some,) in blocks(y):
        changes += int(np.count_nonzero(np.diff(some)))
    inner = np.setdiff1d(np.arange(BLOCK, len(y), BLOCK), offsets)
    if any(y[at] != y[at - 1] for at in inner.tolist()):
        return False
    between = [at for at in offsets[1:-1].tolist() if at % BLOCK]
    return changes == sum(y[at] != y[at - 1] for at in between)
