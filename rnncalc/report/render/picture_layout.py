"""Where the boxes of an unrolled network stand, and the lines of the arrows between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from rnncalc.common.wrapping import display_width
from rnncalc.report.render.picture_boxes import LETTER, Arrow, Row
from rnncalc.report.render.picture_tracks import MARGIN, TRACK, Tracks

COLUMNS, HEAD, ROUND = 50, 7, 7  # the least between columns, before a box, the corner of an arrow
BESIDE = 10  # the least between a box and a track

Point = tuple[float, float]


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
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def around(self, other: Box) -> Box:
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)


class PictureLayout(Tracks):
    """The places of everything, from the upper left corner."""

    @cached_property
    def entries(self) -> dict[tuple[Row, int, bool], list[Arrow]]:
        """Row, column and whether it is from the right → the arrows that enter at that side."""
        entries: dict[tuple[Row, int, bool], list[Arrow]] = {}
        for arrow in self.arrows:
            if not self.upright(arrow):
                entries.setdefault((arrow.target, arrow.end, arrow.start > arrow.end), []).append(arrow)
        return entries

    @cached_property
    def spans(self) -> list[tuple[float, float]]:
        """Left edge and width of each column."""
        titles = [display_width(title) + 3 for title, _reverse in self.block.groups if title]
        first = next((place for place, step in enumerate(self.columns) if self.computed(step)), 0)
        spans, x = list[tuple[float, float]](), float(MARGIN - BESIDE)
        for place, width in enumerate(self.widths):
            tracks = [number + 1 for channel, number in self.tracks.values() if channel == place]
            inner = x + (self._room(place - 1, True) if place else 0)
            if place == first:  # a layer's title stands left of all tracks
                inner = max(inner, ceil(max(titles, default=0) * LETTER))
            inner += max(tracks, default=0) * TRACK + self._room(place, False)
            x = max(inner, x + (COLUMNS if place else 0))
            spans.append((x, width))
            x += width
        return spans

    def _room(self, place: int, from_right: bool) -> float:
        """What heads and labels of arrows need at one side of a column."""
        sides = [
            sum(_wide(arrow.label) for arrow in arrows)
            for (_row, end, right), arrows in self.entries.items()
            if end == place and right == from_right
        ]
        return max(sides) + 2 * HEAD if sides else BESIDE

    @cached_property
    def boxes(self) -> dict[tuple[int, int], Box]:
        """Signal and step → where its box is."""
        boxes = {}
        for (number, place), left in self.lefts.items():
            height = self.sizes[number][1]
            y = self.bottoms[self.row_of(number)] - height
            boxes[number, self.columns[place]] = Box(self.spans[place][0] + left, y, self.wide(number, place), height)
        return boxes  # type: ignore[return-value]

    def frame(self, row: Row, place: int) -> Box:
        """The rectangle around the boxes of one row in one column that has some."""
        first, *others = (self.boxes[k, self.columns[place]] for k in self.row(row, place))  # type: ignore[index]
        for box in others:
            first = first.around(box)
        return first

    # ------------------------------------------------------------------------------------------------ where arrows end

    @cached_property
    def ends(self) -> dict[Arrow, Point]:
        """The head of every arrow."""
        below: dict[tuple[Row, int], list[Arrow]] = {}
        for arrow in filter(self.upright, self.arrows):
            below.setdefault((arrow.target, arrow.end), []).append(arrow)
        ends = dict[Arrow, Point]()
        for (row, place), arrows in below.items():
            frame = self.frame(row, place)
            arrows.sort(key=self._start)
            rooms = [TRACK * (1 if self.aside(arrow) else 2) + _wide(arrow.label) for arrow in arrows]
            feet = spread([self._start(arrow)[0] for arrow in arrows], rooms, frame.x + TRACK, frame.right - TRACK)
            ends |= {arrow: (x, frame.bottom + HEAD - 1) for arrow, x in zip(arrows, feet)}
        for (row, place, from_right), arrows in self.entries.items():
            frame = self.frame(row, place)
            x, middle = (frame.right + HEAD if from_right else frame.x - HEAD), frame.middle[1]
            back = TRACK * any(self.aside(arrow) for arrow in self.arrows)
            turning = sorted((arrow for arrow in arrows if arrow in self.tracks), key=lambda arrow: self.tracks[arrow])
            turning = turning if from_right else turning[::-1]  # the farther its track, the nearer the middle
            for away, begin in ((-1, 0.0), (1, back)):
                here = [arrow for arrow in turning if (self.exit(arrow) >= middle) == (away > 0)]
                between = min(TRACK, (frame.height / 2 - begin) / (len(here) or 1))
                ends |= {arrow: (x, middle + away * (begin + between * n)) for n, arrow in enumerate(here, 1)}
            ends |= {arrow: (x, self.exit(arrow)) for arrow in arrows if arrow not in self.tracks}
        return ends

    @cached_property
    def turns(self) -> dict[Arrow, float]:
        """How far before its head an arrow that goes up turns. On each side the outermost arrow turns last."""
        sides: dict[tuple[Row, int, bool], list[Arrow]] = {}
        for arrow, (x, _y) in self.ends.items():
            if self.upright(arrow):
                sides.setdefault((arrow.target, arrow.end, x > self._start(arrow)[0]), []).append(arrow)
        turns = dict[Arrow, float]()
        for (_row, _place, to_right), arrows in sides.items():
            arrows.sort(key=self._start, reverse=not to_right)
            turns |= {arrow: HEAD + 3 + min(6, 12 / len(arrows)) * n for n, arrow in enumerate(arrows)}
        return turns

    def _start(self, arrow: Arrow) -> Point:
        """Where an arrow leaves its box; of steps that are left out, their column."""
        step, height = self.columns[arrow.start], self.sizes[arrow.source][1]
        box = self.boxes.get((arrow.source, step)) if step is not None else None
        if box is None:
            x, width = self.spans[arrow.start]
            box = Box(x, self.bottoms[self.row_of(arrow.source)] - height, width, height)
        if not arrow.shift or self.over(arrow):
            return box.middle[0] + self.aside(arrow), box.y - 1
        return (box.x - 1 if arrow.start > arrow.end else box.right + 1), self.exit(arrow)

    def path(self, arrow: Arrow) -> str:
        """The line of an arrow."""
        (x, y), (end, height) = self._start(arrow), self.ends[arrow]
        if self.upright(arrow):
            turn = height + self.turns[arrow]
            return _rounded([(x, y), (x, turn), (end, turn), (end, height)] if x != end else [(x, y), (end, height)])
        if arrow not in self.tracks:
            return _rounded([(x, y), (end, height)])
        channel, number = self.tracks[arrow]
        track, out = self.spans[channel][0] - self._room(channel, False) - TRACK * number - TRACK // 2, self.exit(arrow)
        over = [(x, out)] if self.over(arrow) else []
        return _rounded([(x, y), *over, (track, out), (track, height), (end, height)])

    def label_at(self, arrow: Arrow) -> Point:
        """Where the text of an arrow ends: left of its head, or on its line, beside that of its neighbour."""
        x, y = self.ends[arrow]
        if self.upright(arrow):
            return x - HEAD, y + 13
        right = arrow.start > arrow.end
        arrows = self.entries[arrow.target, arrow.end, right]
        before = sum(_wide(each.label) for each in arrows[: arrows.index(arrow)])
        return (x + HEAD + before + _wide(arrow.label) if right else x - HEAD - 2 - before), y + 4


def _wide(label: str) -> int:
    return ceil(display_width(label) * LETTER) + 5 if label else 0


def spread(places: Sequence[float], rooms: Sequence[float], low: float, high: float) -> list[float]:
    """Places in rising order, moved as little as it needs for each to have room before it."""
    moved = list[float]()
    for place, room in zip(places, rooms):
        moved.append(max(place, moved[-1] + room if moved else low))
    limit = high
    for n in range(len(moved) - 1, -1, -1):
        moved[n] = min(moved[n], limit)
        limit = moved[n] - rooms[n]
    if moved[0] < low:  # there is not room enough
        return [low + (high - low) * n / (len(moved) - 1) for n in range(len(moved))]
    return moved


def _rounded(points: Sequence[Point]) -> str:
    """Lines along the axes, with round corners."""
    points = [(round(x), round(y)) for x, y in points]
    path = "M{} {}".format(*points[0])
    for (a, b), (x, y), (c, d) in zip(points, points[1:], points[2:]):
        size = min(ROUND, (abs(x - a) + abs(y - b)) // 2, (abs(c - x) + abs(d - y)) // 2)
        into, out = size * _sign(x - a + y - b), size * _sign(c - x + d - y)
        path += f"H{x - into}Q{x} {y} {x} {y + out}" if y == b else f"V{y - into}Q{x} {y} {x + out} {y}"
    (_a, b), (x, y) = points[-2:]
    return path + (f"H{x}" if y == b else f"V{y}")


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
