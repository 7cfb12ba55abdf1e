"""Keys and the mouse on pages in a real browser: what they unfold and what they light.

    python bench/keys.py FOLDER [--browser chromium]

Pages of the seed exercise, of an LSTM, of a bidirectional stack and of 200 steps, at 1,280 and 400 pixels. A click on a
step and the arrow keys unfold that step's arithmetic and no other; pointing at a number lights what it was made of, its
line of arithmetic, and nothing else; the Tab key visits what can be reached in reading order, and shows where it is.
The console stays silent. Exit code 1 if a page breaks one of these promises.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devtools import Page, browser
from pages import WIDTHS, documents

from rnncalc.report.document import Document, Formulas, Heading, Unrolled
from rnncalc.report.render import render

MOST_STOPS, MOST_NUMBERS = 80, 40  # of the Tab key, and numbers that are pointed at
LIT = """Array.from(document.querySelectorAll('.lit'), lit => lit.dataset.at || [lit.parentElement.dataset.key,
    lit.parentElement.dataset.step, lit.dataset.unit].join(' '))"""
OPEN = "Array.from(document.querySelectorAll('details.step'), fold => [fold.dataset.step, fold.open])"
FOCUS = """(() => { const here = document.activeElement, all = Array.from(document.querySelectorAll('*'));
    const style = getComputedStyle(here), place = here.getBoundingClientRect();
    return { at: all.indexOf(here), name: here.tagName + ' ' + (here.textContent || '').slice(0, 20),
             outlined: style.outlineStyle !== 'none' && here.matches(':focus-visible'),
             step: (here.getAttribute('href') || '').replace('#step-', ''),
             fold: here.matches('summary') ? here.parentElement.dataset.step : '',
             seen: place.bottom > 0 && place.top < innerHeight && place.right > 0 && place.left < innerWidth }; })()"""


def middle(selector: str) -> str:
    """A script: where an element is, once it has been brought into view."""
    return f"""(() => {{ const place = document.querySelector({selector!r});
        place.scrollIntoView({{ block: 'center', inline: 'center', behavior: 'instant' }});
        const box = place.getBoundingClientRect();
        return [(box.left + box.right) / 2, (box.top + box.bottom) / 2]; }})()"""


def unfolded(page: Page, step: int, how: str, place: str = "step") -> Iterator[str]:
    """What is wrong where one step is chosen. place: where the focus is to be: at a step, or at its fold."""
    states = page.run(OPEN)
    if not all(is_open == (name == str(step)) for name, is_open in states):
        yield f"{how}: step {step} unfolds {[name for name, is_open in states if is_open]}"
    chosen = page.run("Array.from(document.querySelectorAll('.chosen'), box => box.dataset.step)")
    if set(chosen) != {str(step)}:
        yield f"{how}: step {step} marks {sorted(set(chosen))}"
    focus = page.run(FOCUS)
    if focus[place] != str(step) or not focus["seen"]:
        yield f"{how}: after step {step} the focus is at {focus}"


def steps(page: Page, drawn: Unrolled) -> Iterator[str]:
    """Clicks, arrow keys and Enter on the steps."""
    for step in drawn.steps:
        page.point(*page.run(middle(f'.unrolled a[href="#step-{step}"]')), click=True)
        yield from unfolded(page, step, "click", "fold")
    for step in drawn.steps[-2::-1]:
        page.press("ArrowLeft")
        yield from unfolded(page, step, "ArrowLeft", "fold")
    page.run("document.querySelector('.picture').focus()")
    for step in drawn.steps[1:]:
        page.press("ArrowRight")
        yield from unfolded(page, step, "ArrowRight")
    page.press("ArrowRight")
    yield from unfolded(page, drawn.steps[-1], "ArrowRight at the end")
    page.run(f"document.querySelector('.unrolled a[href=\"#step-{drawn.steps[0]}\"]').focus()")
    page.press("Enter")
    yield from unfolded(page, drawn.steps[0], "Enter", "fold")
    page.run(f"document.querySelector('.unrolled a[href=\"#step-{drawn.steps[-1]}\"]').focus()")
    page.press("ArrowLeft")
    yield from unfolded(page, drawn.steps[:-1][-1] if drawn.steps[1:] else drawn.steps[0], "ArrowLeft from the last")


def lights(page: Page, document: Document, drawn: Unrolled) -> Iterator[str]:
    """Pointing at numbers, spread over the picture."""
    lines = {
        f"{block.key}{line.signal}.{line.place.step}.{line.place.unit}"
        for block in document.blocks
        if isinstance(block, Formulas)
        for line in block.lines
    }
    places: list[Any] = page.run(
        "Array.from(document.querySelectorAll('.unrolled [data-unit]'), number => [number.parentElement.dataset.key,"
        "Number(number.parentElement.dataset.step), Number(number.dataset.unit)])"
    )
    signals = {signal.key: signal for signal in drawn.signals}
    shown = {tuple(place) for place in places}
    for key, step, unit in places[:: max(1, len(places) // MOST_NUMBERS)]:
        signal, expected = signals[key], {f"{key} {step} {unit}"}
        reverse = signal.group >= 0 and drawn.groups[signal.group][1]
        for source in signal.sources if 1 <= step <= drawn.count else ():
            below, at = drawn.signals[source.signal], step + source.shift * (1 if reverse else -1)
            for other in range(1, len(below.values.get(at, ())) + 1):
                if (source.whole or other == unit) and (below.key, at, other) in shown:
                    expected.add(f"{below.key} {at} {other}")
        head, dot, bare = key.rpartition(".")
        expected |= {f"{name}.{step}.{unit}" for name in (key, f"{head}{dot}∂{bare}")} & lines
        page.point(*page.run(middle(f'.box[data-key="{key}"][data-step="{step}"] [data-unit="{unit}"] text')))
        if (lit := set(page.run(LIT))) != expected:
            yield f"{key} {step} {unit}: lit besides {sorted(lit - expected)}, not lit {sorted(expected - lit)}"
    page.point(1, 1)
    if lit := page.run(LIT):
        yield f"still lit: {lit}"


def stops(page: Page) -> Iterator[str]:
    """The way of the Tab key through a page."""
    page.run("(document.activeElement.blur(), scrollTo(0, 0), getSelection().removeAllRanges())")
    before = -1
    for _stop in range(MOST_STOPS):
        page.press("Tab")
        focus = page.run(FOCUS)
        if focus["name"].startswith("BODY"):
            return
        if focus["at"] < before and before >= 0:
            yield f"Tab leads back to {focus}"
        if not (focus["outlined"] and focus["seen"]):
            yield f"the focus cannot be seen: {focus}"
        before = focus["at"]
    yield f"more than {MOST_STOPS} stops of the Tab key"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--browser", default="chromium")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    broken = 0
    with browser(options.browser) as page:
        for name, document in documents().items():
            file = options.folder / f"{name}.html"
            file.write_text(render(document, "html"), encoding="utf-8")
            drawn = next(block for block in document.blocks if isinstance(block, Unrolled))
            folds = {block.step for block in document.blocks if isinstance(block, Heading) and block.step}
            assert folds == set(drawn.steps)
            for width in WIDTHS:
                page.show(file, width)
                flaws = [*stops(page), *lights(page, document, drawn), *steps(page, drawn)]
                flaws += [f"console: {message}" for message in page.messages]
                print(f"{name} at {width} pixels: {len(flaws)} flaws", *flaws[:6], sep="\n  ", flush=True)
                broken += len(flaws)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
