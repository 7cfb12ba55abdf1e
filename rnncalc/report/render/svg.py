"""The unrolled network as SVG: a column a step, the input below, the output above, arrows to what is computed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from itertools import product

from rnncalc.check.verdicts.records import ACCEPTED
from rnncalc.common.i18n import _
from rnncalc.common.markup import shown, tag
from rnncalc.errors import ProblemError
from rnncalc.report.check import MARKS
from rnncalc.report.document import Document, Unrolled
from rnncalc.report.render import RenderOptions
from rnncalc.report.render.numbers import exact
from rnncalc.report.render.picture_boxes import FORMULA, LABEL, LETTER, MOST_UNITS, PAD, ROW, STRIP, Arrow, shown_units
from rnncalc.report.render.picture_layout import Box, PictureLayout
from rnncalc.report.render.picture_tracks import MARGIN

THINNEST, THICKEST, FAINTEST = 0.8, 7.0, 0.15  # of an arrow of gradients
SMALLEST = 0.8  # of its size, to which a picture may shrink so that it fits a page
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def render(document: Document, options: RenderOptions) -> str:
    """The document's picture alone. Raises ProblemError if it has none."""
    pictures = [block for block in document.blocks if isinstance(block, Unrolled)]
    if not pictures:
        raise ProblemError(_("there is no picture of this: forward, backward and check of a problem have one"))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + drawing(pictures[0], options)


def drawing(block: Unrolled, options: RenderOptions, name: str = "net", links: Mapping[int, str] | None = None) -> str:
    """One svg element. name: what its ids begin with.

    links: where a step's number leads in a page; the page has the style sheet, which a picture alone brings along.
    """
    return "\n".join(_Drawing(block, options, name, links).lines())


def style() -> str:
    """The style sheet that a picture brings along."""
    return files("rnncalc.report.render").joinpath("picture.css").read_text("utf-8")


class _Drawing:
    def __init__(self, block: Unrolled, options: RenderOptions, name: str, links: Mapping[int, str] | None):
        self.block, self.options, self.name, self.links = block, options, name, links
        self.layout = PictureLayout(block, options.rounding)
        self.labels = list[str]()  # of arrows: drawn last, or other arrows would strike them through
        self.ranges = [_largest(signal.values) for signal in block.signals]

    def lines(self) -> Iterator[str]:
        """The element, line by line: arrows below boxes."""
        x, width = self.layout.spans[-1]
        height = max(self.layout.bottoms.values()) + ROW + MARGIN
        about = _("The network unrolled over {n} steps").format(n=self.block.count)
        about += f": {self.block.title}" if self.block.title else ""
        wide, high = shown(x + width + MARGIN), shown(height)
        least = "" if self.links is None else f' style="min-width: {round(SMALLEST * (x + width + MARGIN))}px"'
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="unrolled" viewBox="0 0 {wide} {high}" width="{wide}" '
            f'height="{high}"{least} role="group" aria-label="{escape(about)}">'
        )
        yield tag("title", escape(about))
        yield tag("style", escape(style())) if self.links is None else ""
        for kind in ("link", "flow"):
            arrow = tag("path", d="M0 0L8 4L0 8z")
            options = {"viewBox": "0 0 8 8", "refX": 7, "refY": 4, "markerWidth": 8, "markerHeight": 8}
            units = {"markerUnits": "userSpaceOnUse", "orient": "auto-start-reverse"}
            yield tag("marker", arrow, id=f"{self.name}-{kind}", class_=f"{kind}-head", **options, **units)
        yield from self._frames()
        yield f'<g class="link" marker-end="url(#{self.name}-link)">'
        gaps = {arrow: self.layout.columns[arrow.start] is None for arrow in self.layout.arrows}
        yield from (self._link(arrow, gap) for arrow, gap in gaps.items() if arrow.norm is None)
        yield f'</g>\n<g class="flow" marker-start="url(#{self.name}-flow)">'
        yield from (self._flow(arrow, arrow.norm, gap) for arrow, gap in gaps.items() if arrow.norm is not None)
        yield "</g>"
        for (number, step), box in self.layout.boxes.items():
            yield from self._box(number, step, box)
        yield from self.labels
        yield from self._words(height)
        yield "</svg>"

    def _frames(self) -> Iterator[str]:
        for row, place in product(self.layout.rows, range(len(self.layout.columns))):
            if len(self.layout.row(row, place)) > 1:
                frame = self.layout.frame(row, place)
                yield tag(
                    "rect", class_="frame", x=frame.x - 5, y=frame.y - 5, width=frame.width + 10,
                    height=frame.height + 10, rx=8,
                )  # fmt: skip

    def _link(self, arrow: Arrow, gap: bool) -> str:
        if arrow.label and not gap:
            x, y = self.layout.label_at(arrow)
            self.labels.append(tag("text", escape(arrow.label), class_="weight", x=x, y=y))
        return tag("path", class_="gap" if gap else None, d=self.layout.path(arrow))

    def _flow(self, arrow: Arrow, norm: float, gap: bool) -> str:
        """The gradient that comes back, as wide as it is large."""
        most = max((norm for each in self.block.flows for norm in each.norms.values()), default=0) or 1
        share = norm / most if math.isfinite(norm) and math.isfinite(most) else 1.0
        signal, step = self.block.signals[arrow.source], self.layout.step(arrow.start, arrow.end)
        said = _("gradient that reaches {signal}: norm {norm}")
        text = said.format(signal=f"{signal.label}_{step}", norm=self.options.rounding(norm))
        attributes = {
            "class_": "gap" if gap else None,
            "data_value": exact(norm),
            "stroke_width": THINNEST + (THICKEST - THINNEST) * share**0.5,
            "opacity": f"{max(share**0.3, FAINTEST):.2f}",
        }
        return tag("path", tag("title", escape(text)), d=self.layout.path(arrow), **attributes)

    def _box(self, number: int, step: int, box: Box) -> Iterator[str]:
        """One signal at one step: its name and its numbers, shaded by value."""
        signal = self.block.signals[number]
        back = 1 if signal.group >= 0 and self.block.groups[signal.group][1] else -1
        sources = ";".join(
            f"{self.block.signals[s.signal].key},{s.shift * back},{int(s.whole)}" for s in signal.sources
        )
        made = f' data-from="{escape(sources)}"' if sources and self.layout.computed(step) else ""
        yield f'<g class="box {signal.kind}" data-key="{escape(signal.key)}" data-step="{step}"{made}>'
        yield tag("rect", class_="card", x=box.x, y=box.y, width=box.width, height=box.height, rx=5)
        yield _label(signal.label, str(step), box.x + PAD, box.y + 14)
        if step in signal.gradients:
            yield tag("text", "∂L", class_="gradient", x=box.right - PAD, y=box.y + 14)
        if signal.formula and self.layout.computed(step):
            formula = signal.formula.replace("′", str(step + back).translate(_LOWERED))
            yield tag("text", escape(formula), class_="formula", x=box.x + PAD, y=box.y + LABEL + FORMULA - 5)
        values, units = signal.values[step], shown_units(len(signal.values[step]))
        if len(values) > MOST_UNITS:
            yield from self._strip(number, values, box)
        for place, unit in enumerate(units):
            y = box.y + self.layout.head(signal) + ROW * place
            if unit is None:
                yield tag("text", "⋮", class_="dots", x=box.middle[0], y=y + 13)
            else:
                yield self._number(number, step, unit, box, y)
        yield "</g>"

    def _number(self, number: int, step: int, unit: int, box: Box, y: float) -> str:
        """One unit: its number, its gradient, the mark of somebody's answer."""
        signal, value = self.block.signals[number], self.block.signals[number].values[step][unit - 1]
        mark, answer = signal.verdicts.get((step, unit), ("", ""))
        name = f"{signal.label}_{step}[{unit}]"
        said = f"{name} = {exact(value)}" + (f"; {_('yours')}: {answer}" if answer else "")
        back = signal.gradients.get(step)
        said += f"; ∂L: {exact(back[unit - 1])}" if back else ""
        whole = len(signal.values[step]) <= MOST_UNITS
        left = box.x + (2 if whole else 2 + STRIP)
        parts = [tag("title", escape(said)), _shade(value, self.ranges[number], left, y, box.right - 2 - left, ROW - 1)]
        end = box.right - PAD
        beside = self.layout.beside(signal) if self.layout.computed(step) else 0
        if beside:
            text, kind = (self.options.rounding(back[unit - 1]), "gradient") if back else (answer, "answer")
            if back or mark not in ACCEPTED:
                parts.append(tag("text", escape(text), class_=kind, x=end, y=y + 13))
            end -= math.ceil(beside * LETTER) + 2 * PAD
        parts.append(tag("text", escape(self.options.rounding(value)), x=end, y=y + 13))
        if mark:
            parts.append(tag("text", MARKS[mark], class_="mark", x=left + 3, y=y + 13))
        if self.block.first_slip == (number, step, unit):
            parts.append(tag("rect", class_="ring", x=box.x - 5, y=y - 2, width=box.width + 10, height=ROW + 3, rx=10))
        return tag("g", "".join(parts), class_=mark or None, data_unit=unit, data_value=exact(value))

    def _strip(self, number: int, values: tuple[float, ...], box: Box) -> Iterator[str]:
        """Every unit of a wide layer as a thin band of colour."""
        top = self.layout.head(self.block.signals[number])
        high = (box.height - top - 3) / len(values)
        for unit, value in enumerate(values):
            yield _shade(value, self.ranges[number], box.x + 2, box.y + top + unit * high, STRIP - 3, high)

    def _words(self, height: float) -> Iterator[str]:
        """The numbers of the steps, and the titles of layers."""
        for step, (x, width) in zip(self.layout.columns, self.layout.spans):
            middle = x + width / 2
            if step is None:
                yield tag("text", "⋯", class_="dots", x=middle, y=height - MARGIN)
            elif self.layout.computed(step):
                text = tag("text", escape(_("step {t}").format(t=step)), class_="step", x=middle, y=height - MARGIN)
                yield tag("a", text, href=self.links[step]) if self.links and step in self.links else text
        for number, (title, reverse) in enumerate(self.block.groups):
            if title:
                y = self.layout.bottoms[number, 0] + LABEL + 6
                yield tag("text", escape(f"{'←' if reverse else '→'} {title}"), class_="group", x=MARGIN - 10, y=y)


def _largest(values: Mapping[int, tuple[float, ...]]) -> float:
    return max((abs(value) for row in values.values() for value in row if math.isfinite(value)), default=0) or 1


def _shade(value: float, most: float, x: float, y: float, width: float, height: float) -> str:
    """A rectangle whose colour tells the sign, its strength the size."""
    share = min(abs(value) / most, 1) if math.isfinite(value) else 1
    kind = "not-finite" if not math.isfinite(value) else "neg" if value < 0 else "pos"
    return tag("rect", class_=kind, x=x, y=y, width=width, height=height, opacity=round(share * 0.6, 2))


def _label(name: str, step: str, x: float, y: float) -> str:
    """A signal's name with its indices: a_i at step 2 is a with i,2 below."""
    letter, _caret, layer = name.partition("^")
    base, _underscore, index = letter.partition("_")
    below = tag("tspan", escape(f"{index},{step}" if index else step), dy=3)
    above = tag("tspan", escape(layer), dy=-6) if layer else ""
    return tag("text", escape(base) + below + above, class_="name", x=x, y=y)
