"""Which way every arrow of an unrolled network goes: straight, or on a track between two columns.

An arrow goes straight where nothing is in its way. Any other leaves its row at the side or over it, runs up or down on
a track, and enters from the side: no arrow crosses a box, and no two of different boxes run together.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import count

from rnncalc.report.render.picture_boxes import LABEL, Arrow, Boxes, Row

ABOVE, MARGIN = 42, 16  # the least between rows, the edge of the picture
TRACK, CLEAR = 8, 4  # from track to track; the least between an arrow and what it passes


class Tracks(Boxes):
    """The heights of rows, and the tracks of arrows."""

    def upright(self, arrow: Arrow) -> bool:
        """Whether it goes straight up: no box of the rows in between is above it."""
        if arrow.shift:
            return False
        x = self.lefts[arrow.source, arrow.end] + self.wide(arrow.source, arrow.end) / 2 + self.aside(arrow)
        between = [row for row in self.rows if self.row_of(arrow.source) < row < arrow.target]
        lefts = ((self.lefts[k, arrow.end], k) for row in between for k in self.row(row, arrow.end))
        return not any(left - CLEAR < x < left + self.wide(k, arrow.end) + CLEAR for left, k in lefts)

    def over(self, arrow: Arrow) -> bool:
        """Whether it leaves over its row: it turns on its way up, or a neighbour is in its way."""
        if not arrow.shift:
            return not self.upright(arrow)
        here = self.row(self.row_of(arrow.source), arrow.start)
        return bool(here) and here[0 if arrow.start > arrow.end else -1] != arrow.source

    def level(self, arrow: Arrow) -> bool:
        """Whether it goes straight to the side."""
        middle = self.bottoms[arrow.target] - self.high(arrow.target, arrow.end) / 2
        return arrow.shift > 0 and not self.over(arrow) and self.exit(arrow) == middle + self.aside(arrow)

    def aside(self, arrow: Arrow) -> float:
        """How far a gradient leaves beside the arrow that it comes back along."""
        return TRACK if arrow.norm is not None else 0

    @cached_property
    def shelves(self) -> dict[tuple[Row, int], list[tuple[bool, int]]]:
        """Row and column → what leaves over them, each at a height of its own."""
        shelves: dict[tuple[Row, int], list[tuple[bool, int]]] = {}
        for arrow in filter(self.over, self.arrows):
            shelf = shelves.setdefault((self.row_of(arrow.source), arrow.start), [])
            if arrow.origin not in shelf:
                shelf.append(arrow.origin)
        return shelves

    @cached_property
    def bottoms(self) -> dict[Row, float]:
        """The lower edge of each row of boxes, from the top of the picture."""
        titled = {row for row in self.rows if row[1] == 0 and row[0] >= 0 and self.block.groups[row[0]][0]}
        y, bottoms = float(MARGIN - ABOVE), dict[Row, float]()
        for row in reversed(self.rows):
            shelves = max((len(shelf) for (below, _place), shelf in self.shelves.items() if below == row), default=0)
            above = TRACK * max(shelves - bool(bottoms), 0)
            y += ABOVE + above + self.tallest(row)
            bottoms[row] = y
            y += LABEL if row in titled else 0
        return bottoms

    def tallest(self, row: Row) -> float:
        return max(size[1] for k, size in enumerate(self.sizes) if self.row_of(k) == row)

    def high(self, row: Row, place: int) -> float:
        """The height of a row's boxes in a column."""
        return max(self.sizes[k][1] for k in self.row(row, place))

    def exit(self, arrow: Arrow) -> float:
        """The height at which an arrow leaves its row."""
        row = self.row_of(arrow.source)
        if self.over(arrow):
            shelf = self.shelves[row, arrow.start].index(arrow.origin)
            return self.bottoms[row] - self.tallest(row) - 10 - TRACK * shelf
        return self.bottoms[row] - self.sizes[arrow.source][1] / 2 + self.aside(arrow)

    @cached_property
    def tracks(self) -> dict[Arrow, tuple[int, int]]:
        """The column left of which an arrow turns, and the number of its track there. A box's arrows share a track.

        Short ones are near the column; those that come from the right are left of all others.
        """
        trunks: dict[tuple[int, bool, int, int, tuple[bool, int]], list[Arrow]] = {}
        for arrow in self.arrows:
            if not self.upright(arrow) and not self.level(arrow):
                right = arrow.start > arrow.end
                trunk = (arrow.end + right, right, arrow.start, arrow.shift, arrow.origin)
                trunks.setdefault(trunk, []).append(arrow)
        lengths = {trunk: self._extent(arrows) for trunk, arrows in trunks.items()}
        taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
        tracks: dict[Arrow, tuple[int, int]] = {}
        for trunk in sorted(trunks, key=lambda trunk: (trunk[1], lengths[trunk][1] - lengths[trunk][0])):
            low, high = lengths[trunk]
            free = (n for n in count() if all(high < a or b < low for a, b in taken.get((trunk[0], n), ())))
            track = trunk[0], next(free)
            taken.setdefault(track, []).append((low - CLEAR, high + CLEAR))
            tracks |= dict.fromkeys(trunks[trunk], track)
        return tracks

    def _extent(self, arrows: Iterable[Arrow]) -> tuple[float, float]:
        """From where to where they run, at most."""
        heights = list[float]()
        for arrow in arrows:
            bottom = self.bottoms[arrow.target]
            heights += [self.exit(arrow), bottom, bottom - self.high(arrow.target, arrow.end)]
        return min(heights), max(heights)
