"""The unrolled network as SVG: a column a step, the input below, the output above, arrows from what is used to its use.

Longer than other files, because boxes and the arrows between them are one layout.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from xml.sax.saxutils import escape, quoteattr

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.report.document import Document, Flow, Signal, Unrolled
from rnncalc.report.render import RenderOptions
from rnncalc.report.render.lines import display_width
from rnncalc.report.render.numbers import exact

MARKS = {"right": "✓", "truncated": "✓", "rounding": "✓", "carried": "→", "wrong": "✗", "unreadable": "?", "blank": "–"}
LETTER, ROW, LABEL, PAD = 6.7, 18.0, 20.0, 6.0  # the width of a digit, the heights of a number and of a box's label
BETWEEN, ABOVE, COLUMNS, MARGIN = 12.0, 38.0, 58.0, 16.0  # boxes, rows, columns, the edge
MOST_UNITS, FIRST_UNITS, LAST_UNITS, STRIP = 6, 3, 1, 10.0  # of a wide layer a few units and a strip of all
THINNEST, THICKEST, FAINTEST = 0.8, 7.0, 0.15  # of an arrow of gradients


def render(document: Document, options: RenderOptions) -> str:
    """The document's picture alone. Raises ProblemError if it has none."""
    pictures = [block for block in document.blocks if isinstance(block, Unrolled)]
    if not pictures:
        raise ProblemError(_("there is no picture of this: forward, backward and check of a problem have one"))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + drawing(pictures[0], options)


def drawing(block: Unrolled, options: RenderOptions, name: str = "net", link: str = "") -> str:
    """One svg element. name: what its ids begin with; link: where a step's number leads, with {step}."""
    return "\n".join(_Drawing(block, options, name, link).lines())


def style() -> str:
    """The style sheet that a picture brings along."""
    return files("rnncalc.report.render").joinpath("picture.css").read_text("utf-8")


def tag(name: str, content: str = "", **attributes: object) -> str:
    """One element; a trailing underscore of an attribute is dropped, others become hyphens; None is left out."""
    written = "".join(
        f" {key.removesuffix('_').replace('_', '-')}={quoteattr(_shown(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _shown(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class _Box:
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

    def around(self, other: _Box) -> _Box:
        x, y = min(self.x, other.x), min(self.y, other.y)
        return _Box(x, y, max(self.right, other.right) - x, max(self.y + self.height, other.y + other.height) - y)


class _Drawing:
    def __init__(self, block: Unrolled, options: RenderOptions, name: str, link: str):
        self.block, self.options, self.name, self.link = block, options, name, link
        self.ranges = [_largest(signal.values) for signal in block.signals]
        starts = {step for signal in block.signals for step in signal.values if step in (0, block.count + 1)}
        self.columns: list[int | None] = [0] if 0 in starts else []  # None: steps that are left out
        for before, step in zip((0, *block.steps), block.steps):
            self.columns += [step] if step == before + 1 else [None, step]
        last = block.steps[-1] if block.steps else 0
        self.columns += [None] if last < block.count else []
        self.columns += [block.count + 1] if block.count + 1 in starts else []

    # ------------------------------------------------------------------------------------------------------ the layout

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Group and depth of every row of boxes, from the bottom up."""
        return sorted({(signal.group, signal.depth) for signal in self.block.signals})

    @cached_property
    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of each signal's boxes; a start has no gradients."""
        return [self._size(signal) for signal in self.block.signals]

    def _wide(self, number: int, step: int | None) -> float:
        """The width of one box: of an initial state no more than its numbers need."""
        if self._computed(step or 0) or step is None:
            return self.sizes[number][0]
        bare = replace(self.block.signals[number], gradients={}, verdicts={})
        return self._size(replace(bare, values={step: bare.values[step]}))[0]

    def _size(self, signal: Signal) -> tuple[float, float]:
        texts = [self.options.rounding(value) for step in self._shown(signal.values) for value in signal.values[step]]
        backs = [
            self.options.rounding(value) for step in self._shown(signal.gradients) for value in signal.gradients[step]
        ]
        units = max(map(len, signal.values.values()), default=1)
        width = max(map(len, texts), default=1) * LETTER + 2 * PAD
        width += (max(map(len, backs)) * LETTER + 2 * PAD) if backs else 0
        width += 2 * LETTER if signal.verdicts else 0
        width += STRIP if units > MOST_UNITS else 0
        return max(width, (display_width(signal.label) + 4) * LETTER + 2 * PAD), LABEL + ROW * len(_units(units)) + 3

    def _shown(self, values: Mapping[int, object]) -> list[int]:
        return [step for step in self.columns if step is not None and step in values]

    @cached_property
    def spans(self) -> list[tuple[float, float]]:
        """Left edge and width of each column."""
        spans, x = list[tuple[float, float]](), MARGIN
        for column in self.columns:
            wide = [
                sum(self._wide(k, column) + BETWEEN for k in self._row(row) if column in self.block.signals[k].values)
                for row in self.rows
            ]
            width = 2 * LETTER if column is None else max(wide) - BETWEEN
            spans.append((x, width))
            x += width + COLUMNS
        return spans

    def _row(self, row: tuple[int, int]) -> list[int]:
        return [k for k, signal in enumerate(self.block.signals) if (signal.group, signal.depth) == row]

    @cached_property
    def bottoms(self) -> dict[tuple[int, int], float]:
        """The lower edge of each row of boxes, from the top of the picture."""
        heights = {row: max(self.sizes[k][1] for k in self._row(row)) for row in self.rows}
        titled = {row for row in self.rows if row[1] == 0 and row[0] >= 0 and self.block.groups[row[0]][0]}
        y, bottoms = MARGIN, {}
        for row in reversed(self.rows):
            y += heights[row]
            bottoms[row] = y
            y += ABOVE + (LABEL if row in titled else 0)
        return bottoms

    @cached_property
    def boxes(self) -> dict[tuple[int, int], _Box]:
        """Signal and step → where its box is."""
        boxes = {}
        for column, (x, width) in zip(self.columns, self.spans):
            for row in self.rows if column is not None else ():
                here = [k for k in self._row(row) if column in self.block.signals[k].values]
                total = sum(self._wide(k, column) + BETWEEN for k in here) - BETWEEN
                left = x + (width - total) / 2
                for k in here:
                    wide, high = self._wide(k, column), self.sizes[k][1]
                    boxes[k, column] = _Box(left, self.bottoms[row] - high, wide, high)
                    left += wide + BETWEEN
        return boxes  # type: ignore[return-value]

    def frame(self, group: int, depth: int, step: int) -> _Box | None:
        """The rectangle around the boxes of one row in one column; None where the column has none of them."""
        frame = None
        for k in self._row((group, depth)):
            box = self.boxes.get((k, step))
            frame = box if frame is None else frame.around(box) if box else frame
        return frame

    # ---------------------------------------------------------------------------------------------------- what is drawn

    def lines(self) -> Iterator[str]:
        """The element, line by line: arrows below boxes."""
        x, width = self.spans[-1]
        height = max(self.bottoms.values()) + ROW + MARGIN
        about = _("The network unrolled over {n} steps").format(n=self.block.count)
        about += f": {self.block.title}" if self.block.title else ""
        wide, high = _shown(x + width + MARGIN), _shown(height)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="unrolled" viewBox="0 0 {wide} {high}" width="{wide}" '
            f'height="{high}" role="group" aria-label={quoteattr(about)}>'
        )
        yield tag("title", escape(about))
        yield tag("style", escape(style())) if not self.link else ""
        for kind in ("link", "flow"):
            arrow = tag("path", d="M0 0L8 4L0 8z")
            options = {"viewBox": "0 0 8 8", "refX": 7, "refY": 4, "markerWidth": 8, "markerHeight": 8}
            units = {"markerUnits": "userSpaceOnUse", "orient": "auto-start-reverse"}
            yield tag("marker", arrow, id=f"{self.name}-{kind}", class_=f"{kind}-head", **options, **units)
        yield from self._frames()
        yield from self._links()
        for flow in self.block.flows:
            yield from self._flow(flow)
        for (number, step), box in self.boxes.items():
            yield from self._box(number, step, box)
        yield from self._words(height)
        yield "</svg>"

    def _frames(self) -> Iterator[str]:
        for step in self.columns:
            for row in self.rows if step is not None else ():
                frame = self.frame(*row, step)  # type: ignore[arg-type]
                if frame and sum((k, step) in self.boxes for k in self._row(row)) > 1:
                    yield tag(
                        "rect", class_="frame", x=frame.x - 5, y=frame.y - 5, width=frame.width + 10,
                        height=frame.height + 10, rx=8,
                    )  # fmt: skip

    def _links(self) -> Iterator[str]:
        """An arrow from every signal to each row of boxes that is computed from it."""
        weights: dict[tuple[int, int, int, int], dict[str, None]] = {}
        for signal in self.block.signals:
            for source in signal.sources:
                used = weights.setdefault((source.signal, signal.group, signal.depth, source.shift), {})
                if source.weight:
                    used[source.weight] = None
        for (number, group, depth, shift), used in weights.items():
            for path, at, _step, gap in self._paths(number, group, depth, shift, 0):
                kind = "link gap" if gap else "link"
                yield tag("path", class_=kind, d=path, marker_end=f"url(#{self.name}-link)")
                if used and not gap:
                    yield tag("text", escape(", ".join(used)), class_="weight", x=at[0], y=at[1])

    def _flow(self, flow: Flow) -> Iterator[str]:
        """The gradient that comes back, as wide as it is large."""
        most = max((norm for each in self.block.flows for norm in each.norms.values()), default=0) or 1
        signal = self.block.signals[flow.source]
        for path, _at, step, gap in self._paths(flow.source, flow.group, flow.depth, flow.shift, 6):
            norm = flow.norms.get(step, 0.0)
            share = norm / most if math.isfinite(norm) and math.isfinite(most) else 1.0
            if share == 0:
                continue
            said = _("gradient that reaches {signal}: norm {norm}")
            text = said.format(signal=f"{signal.label}_{step}", norm=self.options.rounding(norm))
            attributes = {
                "class_": "flow gap" if gap else "flow",
                "data_value": exact(norm),
                "stroke_width": THINNEST + (THICKEST - THINNEST) * share**0.5,
                "opacity": f"{max(share**0.3, FAINTEST):.2f}",
                "marker_start": f"url(#{self.name}-flow)",
            }
            yield tag("path", tag("title", escape(text)), d=path, **attributes)

    def _paths(
        self, number: int, group: int, depth: int, shift: int, aside: float
    ) -> Iterator[tuple[str, tuple[float, float], int, bool]]:
        """Path, place of its label, step of the source, and whether steps are left out there.

        aside: how far beside the arrow's own line, for the one that comes back.
        """
        reverse = self.block.groups[group][1]
        for place, step in enumerate(self.columns):
            if step is None or (target := self.frame(group, depth, step)) is None or not self._computed(step):
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
                source = _Box(x, row - self.sizes[number][1], width, self.sizes[number][1])
            if source is not None:
                path, at = _sidewards(source, target, reverse, aside)
                yield path, at, (before if before is not None else step + (1 if reverse else -1)), before is None

    def _computed(self, step: int) -> bool:
        return 1 <= step <= self.block.count

    def _upwards(self, source: _Box, target: _Box, place: int, aside: float) -> tuple[str, tuple[float, float]]:
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
            path = f"M{x:.1f} {y:.1f}V{bend:.1f}C{x:.1f} {half:.1f} {end:.1f} {half:.1f} {end:.1f} {foot:.1f}"
            return path, (end - 7, foot + 13)
        lane = min(self.spans[place][0], *(box.x for box in between)) - 14 - aside
        side, height = target.x - 6, target.middle[1] + aside + 8
        return (
            f"M{x:.1f} {y:.1f}C{x:.1f} {y - 24:.1f} {lane:.1f} {y - 4:.1f} {lane:.1f} {y - 40:.1f}"
            f"V{height + 16:.1f}Q{lane:.1f} {height:.1f} {side:.1f} {height:.1f}",
            (side - 6, height + 14),
        )

    def _box(self, number: int, step: int, box: _Box) -> Iterator[str]:
        """One signal at one step: its name and its numbers, shaded by value."""
        signal = self.block.signals[number]
        sources = ";".join(f"{s.signal},{s.shift},{int(s.whole)}" for s in signal.sources) or None
        reverse = signal.group >= 0 and self.block.groups[signal.group][1]
        yield (
            f'<g class="box {signal.kind}" data-signal="{number}" data-step="{step}"'
            + (f' data-from="{sources}" data-back="{1 if reverse else -1}"' if sources and self._computed(step) else "")
            + ">"
        )
        yield tag("rect", class_="card", x=box.x, y=box.y, width=box.width, height=box.height, rx=5)
        yield _label(signal.label, str(step), box.x + PAD, box.y + 14)
        values, units = signal.values[step], _units(len(signal.values[step]))
        if len(values) > MOST_UNITS:
            yield from self._strip(number, values, box)
        for place, unit in enumerate(units):
            y = box.y + LABEL + ROW * place
            if unit is None:
                yield tag("text", "⋮", class_="dots", x=box.middle[0], y=y + 13)
            else:
                yield from self._number(number, step, unit, box, y)
        yield "</g>"

    def _number(self, number: int, step: int, unit: int, box: _Box, y: float) -> Iterator[str]:
        """One unit: its number, its gradient, the mark of somebody's answer."""
        signal, value = self.block.signals[number], self.block.signals[number].values[step][unit - 1]
        mark, answer = signal.verdicts.get((step, unit), ("", ""))
        name = f"{signal.label}_{step}[{unit}]"
        said = f"{name} = {exact(value)}" + (f"; {_('yours')}: {answer}" if answer else "")
        back = signal.gradients.get(step)
        said += f"; ∂L/∂{name} = {exact(back[unit - 1])}" if back else ""
        yield (
            f'<g class="number {mark}" data-unit="{unit}" data-key={quoteattr(signal.key)} data-value="{exact(value)}">'
        )
        yield tag("title", escape(said))
        left, width = box.x + 1.5 + (STRIP if len(signal.values[step]) > MOST_UNITS else 0), box.right - box.x - 3
        width -= STRIP if len(signal.values[step]) > MOST_UNITS else 0
        yield _shade(value, self.ranges[number], left, y, width, ROW - 1)
        end = box.right - PAD
        if back:
            yield tag("text", escape(self.options.rounding(back[unit - 1])), class_="gradient", x=end, y=y + 13)
            wide = max(
                len(self.options.rounding(v)) for at in self._shown(signal.gradients) for v in signal.gradients[at]
            )
            end -= wide * LETTER + 2 * PAD
        yield tag("text", escape(self.options.rounding(value)), class_="value", x=end, y=y + 13)
        if mark:
            yield tag("text", MARKS[mark], class_="mark", x=left + 3, y=y + 13)
        if self.block.first_slip == (number, step, unit):
            yield tag("rect", class_="ring", x=box.x - 5, y=y - 3, width=box.width + 10, height=ROW + 5, rx=11)
        yield "</g>"

    def _strip(self, number: int, values: tuple[float, ...], box: _Box) -> Iterator[str]:
        """Every unit of a wide layer as a thin band of colour."""
        high = (box.height - LABEL - 3) / len(values)
        for unit, value in enumerate(values):
            yield _shade(value, self.ranges[number], box.x + 2, box.y + LABEL + unit * high, STRIP - 3, high)

    def _words(self, height: float) -> Iterator[str]:
        """The numbers of the steps, and the titles of layers."""
        for step, (x, width) in zip(self.columns, self.spans):
            middle = x + width / 2
            if step is None:
                yield tag("text", "⋯", class_="dots", x=middle, y=height - MARGIN)
            elif self._computed(step):
                text = tag("text", escape(_("step {t}").format(t=step)), class_="step", x=middle, y=height - MARGIN)
                yield tag("a", text, href=self.link.format(step=step)) if self.link else text
        for number, (title, reverse) in enumerate(self.block.groups):
            if title:
                y = self.bottoms[number, 0] + LABEL + 2
                yield tag("text", escape(f"{'←' if reverse else '→'} {title}"), class_="group", x=MARGIN - 10, y=y)


def _sidewards(source: _Box, target: _Box, reverse: bool, aside: float) -> tuple[str, tuple[float, float]]:
    """From the side of a box to the side of a row in the next column."""
    away = -1 if reverse else 1
    x, y = (source.x - 1 if reverse else source.right + 1), source.middle[1] + aside
    end, height = (target.right + 7 if reverse else target.x - 7), target.middle[1] + aside
    begin = end - away * (COLUMNS - 8)
    begin = max(begin, x) if away > 0 else min(begin, x)
    near, far = end - away * 20, begin + away * 12
    path = f"M{x:.1f} {y:.1f}H{begin:.1f}C{near:.1f} {y:.1f} {far:.1f} {height:.1f} {end:.1f} {height:.1f}"
    return path, (end - away * 6 + (12 if reverse else 0), height - 5)


def _units(count: int) -> list[int | None]:
    """The units that are shown, from 1; None stands for those left out."""
    if count <= MOST_UNITS:
        return list(range(1, count + 1))
    return [*range(1, FIRST_UNITS + 1), None, *range(count - LAST_UNITS + 1, count + 1)]


def _largest(values: Mapping[int, tuple[float, ...]]) -> float:
    return max((abs(value) for row in values.values() for value in row if math.isfinite(value)), default=0) or 1


def _shade(value: float, most: float, x: float, y: float, width: float, height: float) -> str:
    """A rectangle whose colour tells the sign, its strength the size."""
    share = min(abs(value) / most, 1) if math.isfinite(value) else 1
    kind = "not-finite" if not math.isfinite(value) else "negative" if value < 0 else "positive"
    return tag("rect", class_=kind, x=x, y=y, width=width, height=height, opacity=f"{share * 0.6:.2f}")


def _label(name: str, step: str, x: float, y: float) -> str:
    """A signal's name with its indices: a_i at step 2 is a with i,2 below."""
    base, _underscore, index = name.partition("_")
    below = tag("tspan", escape(f"{index},{step}" if index else step), class_="index", dy=3)
    return tag("text", escape(base) + below, class_="name", x=x, y=y)
