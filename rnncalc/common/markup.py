"""Elements of HTML and SVG as text, a table, and a curve: what notebooks and pages show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, BELOW, ABOVE = 640.0, 260.0, 64.0, 40.0, 28.0  # of a curve's picture and its margins
INKS = ("#2f5fc4", "#e08214", "#1b7f3b")
DASHES = ("none", "7 4", "2 3")  # so that curves stay apart without colours
SPREAD = 20.0  # from which ratio of the largest to the least the scale is logarithmic


def tag(name: str, content: str = "", /, **attributes: object) -> str:
    """One element; a trailing underscore of an attribute is dropped, others become hyphens; None is left out."""
    written = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{escape(shown(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def shown(value: object) -> str:
    """An attribute as text, coordinates to a tenth."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def paragraph(text: str) -> str:
    """A paragraph of text."""
    return tag("p", escape(text))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    head = tag("tr", "".join(tag("th", escape(text) or "\N{ZERO WIDTH SPACE}", scope="col") for text in headings))
    lines = ("".join(tag("td", escape(text) or "\N{ZERO WIDTH SPACE}") for text in row) for row in rows)
    return tag("table", tag("thead", head) + tag("tbody", "".join(tag("tr", line) for line in lines)))


def curve(series: Mapping[str, Sequence[float | None]], across: str) -> str:
    """Lines over 1, 2, 3, … as SVG; across: what is counted. Where the values spread far, the scale is logarithmic."""
    values = [value for line in series.values() for value in line if value is not None and math.isfinite(value)]
    count = max(map(len, series.values()), default=0)
    if not values:
        return ""
    logarithmic = min(values) > 0 and max(values) > SPREAD * min(values)
    scale = math.log10 if logarithmic else float
    ticks = _decades(min(values), max(values)) if logarithmic else _ticks(min(values), max(values))
    bottom, top = scale(min(*ticks, *values)), scale(max(*ticks, *values))

    def place(number: float, value: float) -> tuple[float, float]:
        x = LEFT + (number - 1) / max(count - 1, 1) * (WIDTH - LEFT - 16)
        return x, HEIGHT - BELOW - (scale(value) - bottom) / ((top - bottom) or 1) * (HEIGHT - BELOW - ABOVE)

    parts = []
    for tick in ticks:
        y = place(1, tick)[1]
        parts.append(tag("line", x1=LEFT, x2=WIDTH - 16, y1=y, y2=y, stroke="currentColor", stroke_opacity="0.2"))
        parts.append(tag("text", f"{tick:g}", x=LEFT - 8, y=y + 4, text_anchor="end"))
    for number in sorted({round(tick) for tick in _ticks(1, count) if 1 <= round(tick) <= count} | {1, count}):
        x = place(number, values[0])[0]
        parts.append(tag("text", str(number), x=x, y=HEIGHT - BELOW + 18, text_anchor="middle"))
    parts.append(tag("text", escape(across), x=(LEFT + WIDTH) / 2, y=HEIGHT - 4, text_anchor="middle"))
    for k, (name, line) in enumerate(series.items()):
        ink, dashes = INKS[k % len(INKS)], DASHES[k % len(DASHES)]
        points = [place(n, value) for n, value in enumerate(line, 1) if value is not None and math.isfinite(value)]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(tag("path", d=path, fill="none", stroke=ink, stroke_width=2, stroke_dasharray=dashes))
        parts += [tag("circle", cx=x, cy=y, r=2.5, fill=ink) for x, y in points if len(points) < 40]
        at = LEFT + 10 + 190 * k
        key = {"stroke": ink, "stroke_width": 2, "stroke_dasharray": dashes}
        parts += [tag("line", x1=at, x2=at + 26, y1=12, y2=12, **key), tag("text", escape(name), x=at + 32, y=16)]
    about = f"{', '.join(series)}: {values[0]:.6g} … {values[-1]:.6g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" width="{WIDTH:.0f}" '
        f'height="{HEIGHT:.0f}" role="img" aria-label="{escape(about)}" font-size="12" fill="currentColor">'
        + "".join(parts)
        + "</svg>"
    )


def _ticks(least: float, most: float) -> list[float]:
    """Four to nine round numbers from below the least to above the most."""
    span = (most - least) or abs(most) or 1.0
    step = 10 ** math.floor(math.log10(span))
    step = next(width for width in (step / 5, step / 2, step, 2 * step) if span / width <= 6)
    return [n * step for n in range(math.floor(least / step), math.ceil(most / step) + 1)]


def _decades(least: float, most: float) -> list[float]:
    """Powers of ten around both."""
    return [10.0**n for n in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)]
