"""Which boxes an unrolled network has in its rows and columns, and how large each of them is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from rnncalc.common.wrapping import display_width
from rnncalc.report.document import Signal, Unrolled
from rnncalc.report.render.numbers import Rounding

LETTER, ROW, LABEL, PAD = 6.7, 18, 20, 6  # the width of a digit, the heights of a number and of a box's label
SMALL, FORMULA = 5.5, 12  # the width of a formula's letter, the height of a formula
BETWEEN = 12  # from one box of a row to the next
MOST_UNITS, FIRST_UNITS, LAST_UNITS, STRIP = 6, 3, 1, 10.0  # of a wide layer a few units and a strip of all

Row = tuple[int, int]  # group and depth


@dataclass(frozen=True)
class Arrow:
    """From a box to a row of boxes that are computed from it; norm: of the gradient that comes back along it.

    start, end: the places of their columns; label: the arrays in between.
    """

    source: int
    start: int
    target: Row
    end: int
    shift: int
    label: str = ""
    norm: float | None = None

    @property
    def origin(self) -> tuple[bool, int]:
        """What it has in common with all that leave the same box in the same sense."""
        return self.norm is not None, self.source


class Boxes:
    """Columns, rows and sizes; the boxes of a row stand side by side, in the middle of their column."""

    def __init__(self, block: Unrolled, rounding: Rounding):
        self.block, self.rounding = block, rounding
        ends = {step for signal in block.signals for step in signal.values if step in (0, block.count + 1)}
        self.columns: list[int | None] = [0] if 0 in ends else []  # None: steps that are left out
        for before, step in zip((0, *block.steps), block.steps):
            self.columns += [step] if step == before + 1 else [None, step]
        last = block.steps[-1] if block.steps else 0
        self.columns += [None] if last < block.count else []
        self.columns += [block.count + 1] if block.count + 1 in ends else []

    @cached_property
    def rows(self) -> list[Row]:
        """Group and depth of every row of boxes, from the bottom up."""
        return sorted({self.row_of(number) for number in range(len(self.block.signals))})

    def row_of(self, number: int) -> Row:
        return self.block.signals[number].group, self.block.signals[number].depth

    def row(self, row: Row, place: int) -> list[int]:
        """The signals that have a box there, from the left."""
        return self._members.get((row, place), [])

    @cached_property
    def _members(self) -> dict[tuple[Row, int], list[int]]:
        members: dict[tuple[Row, int], list[int]] = {}
        for number, signal in enumerate(self.block.signals):
            for place, step in enumerate(self.columns):
                if step in signal.values:
                    members.setdefault((self.row_of(number), place), []).append(number)
        return members

    def computed(self, step: int | None) -> bool:
        return step is not None and 1 <= step <= self.block.count

    @cached_property
    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of each signal's boxes; a start has no gradients."""
        return [self._size(signal) for signal in self.block.signals]

    def wide(self, number: int, place: int) -> float:
        """The width of one box: of an initial state no more than its numbers need."""
        step = self.columns[place]
        if step is None or self.computed(step):
            return self.sizes[number][0]
        bare = replace(self.block.signals[number], gradients={}, verdicts={}, formula="")
        return self._size(replace(bare, values={step: bare.values[step]}))[0]

    def _size(self, signal: Signal) -> tuple[float, float]:
        units = max(map(len, signal.values.values()), default=1)
        width = self.longest(signal.values) * LETTER + 2 * PAD
        width += self.beside(signal) * LETTER + 2 * PAD if self.beside(signal) else 0
        width += (2 * LETTER if signal.verdicts else 0) + (STRIP if units > MOST_UNITS else 0)
        name = (display_width(signal.label) + 5) * LETTER + 2 * PAD
        formula = (display_width(signal.formula) + 1) * SMALL + 2 * PAD
        return ceil(max(width, name, formula)), self.head(signal) + ROW * len(shown_units(units)) + 3

    def head(self, signal: Signal) -> int:
        """The height of what stands over the numbers: the name, and how they are made."""
        return LABEL + (FORMULA if signal.formula else 0)

    def beside(self, signal: Signal) -> int:
        """The characters of what stands beside the numbers: gradients, or somebody's answers."""
        answers = [len(answer) for _verdict, answer in signal.verdicts.values()]
        return self.longest(signal.gradients) if signal.gradients else max(answers, default=0)

    def longest(self, values: Mapping[int, tuple[float, ...]]) -> int:
        """The characters of the longest number that is shown."""
        steps = [step for step in self.columns if step is not None and step in values]
        return max((len(self.rounding(value)) for step in steps for value in values[step]), default=1)

    @cached_property
    def widths(self) -> list[float]:
        """Of each column: its widest row."""
        return [
            ceil(2 * LETTER)
            if column is None
            else max(sum(self.wide(k, place) + BETWEEN for k in self.row(row, place)) for row in self.rows) - BETWEEN
            for place, column in enumerate(self.columns)
        ]

    @cached_property
    def lefts(self) -> dict[tuple[int, int], float]:
        """Signal and column → how far right of the column's left edge the box begins."""
        lefts = {}
        for place, width in enumerate(self.widths):
            for row in self.rows if self.columns[place] is not None else ():
                here = self.row(row, place)
                left = (width - sum(self.wide(k, place) + BETWEEN for k in here) + BETWEEN) // 2
                for k in here:
                    lefts[k, place] = left
                    left += self.wide(k, place) + BETWEEN
        return lefts

    @cached_property
    def arrows(self) -> list[Arrow]:
        """From every signal to each row that is computed from it, and what comes back on the way."""
        labels: dict[tuple[int, Row, int], dict[str, None]] = {}
        for signal in self.block.signals:
            for each in signal.sources:
                names = labels.setdefault((each.signal, (signal.group, signal.depth), each.shift), {})
                if each.weight:
                    names[each.weight] = None
        arrows = [
            Arrow(source, start, target, end, shift, ", ".join(names))
            for (source, target, shift), names in labels.items()
            for start, end in self._places(source, target, shift)
        ]
        for flow in self.block.flows:
            for start, end in self._places(flow.source, (flow.group, flow.depth), flow.shift):
                norm = flow.norms.get(self.step(start, end), 0.0)
                if norm != 0:
                    arrows.append(Arrow(flow.source, start, (flow.group, flow.depth), end, flow.shift, norm=norm))
        return arrows

    def step(self, start: int, end: int) -> int:
        """The step of an arrow's source; where that is left out, the last one that is."""
        here = self.columns[start]
        return here if here is not None else self.columns[end] + (start > end) - (start < end)  # type: ignore[operator]

    def _places(self, source: int, target: Row, shift: int) -> Iterator[tuple[int, int]]:
        """The columns of a signal and of the row that is computed from it."""
        past = 1 if self.block.groups[target[0]][1] else -1
        values = self.block.signals[source].values
        for end, step in enumerate(self.columns):
            start = end + shift * past
            if not self.computed(step) or not self.row(target, end) or not 0 <= start < len(self.columns):
                continue
            if (before := self.columns[start]) is None or before in values:
                yield start, end


def shown_units(count: int) -> list[int | None]:
    """The units that are shown, from 1; None stands for those left out."""
    if count <= MOST_UNITS:
        return list(range(1, count + 1))
    return [*range(1, FIRST_UNITS + 1), None, *range(count - LAST_UNITS + 1, count + 1)]
