"""Where the boxes of an unrolled network stand, and the ways of the arrows between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from rnncalc.common.wrapping import display_width
from rnncalc.report.document import Signal, Unrolled
from rnncalc.report.render.numbers import Rounding

LETTER, ROW, LABEL, PAD = 6.7, 18.0, 20.0, 6.0  # the width of a digit, the heights of a number and of a box's label
BETWEEN, ABOVE, COLUMNS, MARGIN = 12.0, 38.0, 58.0, 16.0  # boxes, rows, columns, the edge
MOST_UNITS, FIRST_UNITS, LAST_UNITS, STRIP = 6, 3, 1, 10.0  # of a wide layer a few units and a strip of all


@dataclass(frozen=True)
class Box:
    """A rectangle: of one signal at one step, or around the boxes of one depth."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def around(self, other: Box) -> Box:
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.y + self.height, other.y + other.height) - y)


class Layout:
    """The places of everything, from the upper left corner."""

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
    def rows(self) -> list[tuple[int, int]]:
        """Group and depth of every row of boxes, from the bottom up."""
        return sorted({(signal.group, signal.depth) for signal in self.block.signals})

    @cached_property
    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of each signal's boxes; a start has no gradients."""
        return [self._size(signal) for signal in self.block.signals]

    def wide(self, number: int, step: int | None) -> float:
        """The width of one box: of an initial state no more than its numbers need."""
        if self.computed(step or 0) or step is None:
            return self.sizes[number][0]
        bare = replace(self.block.signals[number], gradients={}, verdicts={})
        return self._size(replace(bare, values={step: bare.values[step]}))[0]

    def _size(self, signal: Signal) -> tuple[float, float]:
        units = max(map(len, signal.values.values()), default=1)
        width = self.longest(signal.values) * LETTER + 2 * PAD
        width += self.beside(signal) * LETTER + 2 * PAD if self.beside(signal) else 0
        width += (2 * LETTER if signal.verdicts else 0) + (STRIP if units > MOST_UNITS else 0)
        name = (display_width(signal.label) + 5) * LETTER + 2 * PAD
        return float(ceil(max(width, name))), LABEL + ROW * len(shown_units(units)) + 3

    def beside(self, signal: Signal) -> int:
        """The characters of what stands beside the numbers: gradients, or somebody's answers."""
        answers = [len(answer) for _verdict, answer in signal.verdicts.values()]
        return self.longest(signal.gradients) if signal.gradients else max(answers, default=0)

    def longest(self, values: Mapping[int, tuple[float, ...]]) -> int:
        """The characters of the longest number that is shown."""
        texts = (self.rounding(value) for step in self.shown_steps(values) for value in values[step])
        return max(map(len, texts), default=1)

    def shown_steps(self, values: Mapping[int, object]) -> list[int]:
        return [step for step in self.columns if step is not None and step in values]

    @cached_property
    def spans(self) -> list[tuple[float, float]]:
        """Left edge and width of each column."""
        spans, x = list[tuple[float, float]](), MARGIN
        for column in self.columns:
            wide = [
                sum(self.wide(k, column) + BETWEEN for k in self.row(row) if column in self.block.signals[k].values)
                for row in self.rows
            ]
            width = 2 * LETTER if column is None else max(wide) - BETWEEN
            spans.append((x, width))
            x += width + COLUMNS
        return spans

    def row(self, row: tuple[int, int]) -> list[int]:
        return [k for k, signal in enumerate(self.block.signals) if (signal.group, signal.depth) == row]

    @cached_property
    def bottoms(self) -> dict[tuple[int, int], float]:
        """The lower edge of each row of boxes, from the top of the picture."""
        heights = {row: max(self.sizes[k][1] for k in self.row(row)) for row in self.rows}
        titled = {row for row in self.rows if row[1] == 0 and row[0] >= 0 and self.block.groups[row[0]][0]}
        y, bottoms = MARGIN, {}
        for row in reversed(self.rows):
            y += heights[row]
            bottoms[row] = y
            y += ABOVE + (LABEL if row in titled else 0)
        return bottoms

    @cached_property
    def boxes(self) -> dict[tuple[int, int], Box]:
        """Signal and step → where its box is."""
        boxes = {}
        for column, (x, width) in zip(self.columns, self.spans):
            for row in self.rows if column is not None else ():
                here = [k for k in self.row(row) if column in self.block.signals[k].values]
                total = sum(self.wide(k, column) + BETWEEN for k in here) - BETWEEN
                left = x + (width - total) / 2
                for k in here:
                    wide, high = self.wide(k, column), self.sizes[k][1]
                    boxes[k, column] = Box(left, self.bottoms[row] - high, wide, high)
                    left += wide + BETWEEN
        return boxes  # type: ignore[return-value]

    def frame(self, group: int, depth: int, step: int) -> Box | None:
        """The rectangle around the boxes of one row in one column; None where the column has none of them."""
        frame = None
        for k in self.row((group, depth)):
            box = self.boxes.get((k, step))
            frame = box if frame is None else frame.around(box) if box else frame
        return frame

    def paths(
        self, number: int, group: int, depth: int, shift: int, aside: float
    ) -> Iterator[tuple[str, tuple[float, float], int, bool]]:
        """Path, place of its label, step of the source, and whether steps are left out there.

        aside: how far beside the arrow's own line, for the one that comes back.
        """
        reverse = self.block.groups[group][1]
        for place, step in enumerate(self.columns):
            if step is None or (target := self.frame(group, depth, step)) is None or not self.computed(step):
                continue
            if shift == 0:
                if (number, step) in self.boxes:
                    path, at = self._upwards(self.boxes[number, step], target, place, aside)
                    yield path, at, step, False
                continue
            other = place + 1 if reverse else place - 1
            if not 0 <= other < len(self.columns):
                continue
            before = self.columns[other]
            source = self.boxes.get((number, before)) if before is not None else None
            if source is None and before is None:  # from the steps that are left out
                row = self.bottoms[self.block.signals[number].group, self.block.signals[number].depth]
                x, width = self.spans[other]
                source = Box(x, row - self.sizes[number][1], width, self.sizes[number][1])
            if source is not None:
                path, at = _sidewards(source, target, reverse, aside)
                yield path, at, (before if before is not None else step + (1 if reverse else -1)), before is None

    def computed(self, step: int) -> bool:
        return 1 <= step <= self.block.count

    def _upwards(self, source: Box, target: Box, place: int, aside: float) -> tuple[str, tuple[float, float]]:
        """From the top of a box to the foot of a row above it; beside the column where boxes are in the way."""
        x, y = source.middle[0] + aside, source.y - 1
        foot = target.y + target.height + 6
        step = self.columns[place]
        between = [
            box
            for (k, at), box in self.boxes.items()
            if at == step and box.y > foot - 6 and box.y + box.height < y and box.x - 4 < x < box.right + 4
        ]
        end = min(max(x, target.x + 10 + aside), target.right - 10 + aside)
        if not between:
            bend = min(y, foot + ABOVE - 12)
            half = (bend + foot) / 2
            if abs(x - end) < 1:
                return f"M{x:.0f} {y:.0f}V{foot:.0f}", (end - 7, foot + 13)
            path = f"M{x:.0f} {y:.0f}V{bend:.0f}C{x:.0f} {half:.0f} {end:.0f} {half:.0f} {end:.0f} {foot:.0f}"
            return path, (end - 7, foot + 13)
        lane = min(self.spans[place][0], *(box.x for box in between)) - 14 - aside
        side, height = target.x - 6, target.middle[1] + aside + 8
        return (
            f"M{x:.0f} {y:.0f}C{x:.0f} {y - 24:.0f} {lane:.0f} {y - 4:.0f} {lane:.0f} {y - 40:.0f}"
            f"V{height + 16:.0f}Q{lane:.0f} {height:.0f} {side:.0f} {height:.0f}",
            (side - 6, height + 14),
        )


def _sidewards(source: Box, target: Box, reverse: bool, aside: float) -> tuple[str, tuple[float, float]]:
    """From the side of a box to the side of a row in the next column."""
    away = -1 if reverse else 1
    x, y = (source.x - 1 if reverse else source.right + 1), source.middle[1] + aside
    end, height = (target.right + 7 if reverse else target.x - 7), target.middle[1] + aside
    begin = end - away * (COLUMNS - 8)
    begin = max(begin, x) if away > 0 else min(begin, x)
    near, far = end - away * 20, begin + away * 12
    path = f"M{x:.0f} {y:.0f}H{begin:.0f}C{near:.0f} {y:.0f} {far:.0f} {height:.0f} {end:.0f} {height:.0f}"
    return path, (end - away * 6 + (12 if reverse else 0), height - 5)


def shown_units(count: int) -> list[int | None]:
    """The units that are shown, from 1; None stands for those left out."""
    if count <= MOST_UNITS:
        return list(range(1, count + 1))
    return [*range(1, FIRST_UNITS + 1), None, *range(count - LAST_UNITS + 1, count + 1)]
