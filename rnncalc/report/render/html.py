"""One HTML page that needs nothing else: no network, no other file, and no script in order to be read.

Numbers carry their full value: `<td data-value="0.8616…">0.862</td>`. A step's arithmetic is folded away under its
number; the script only makes the picture lead there. The page is well-formed XML too.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from importlib.resources import files
from itertools import groupby

from rnncalc.common.i18n import _, language
from rnncalc.common.markup import curve, tag
from rnncalc.common.version import __version__
from rnncalc.report import document as blocks
from rnncalc.report.check import MARKS
from rnncalc.report.document import Document
from rnncalc.report.render import Renderer, RenderOptions, grid, mathml, svg
from rnncalc.report.render.columns import folds
from rnncalc.report.render.numbers import exact

LANGUAGES = {"en": "en", "zh": "zh-Hans"}
WIDEST = 100  # characters of a table that fits a sheet of paper
UNFOLDED = 4  # a page of no more steps shows all their arithmetic


def render(document: Document, options: RenderOptions) -> str:
    """The whole page."""
    head = [
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        '<meta name="color-scheme" content="light dark"/>',
        tag("meta", name="generator", content=f"rnncalc {__version__}"),
        tag("title", escape(document.title)),
        tag("style", "\n" + _sheet("page.css", "report.css", "picture.css")),
    ]
    text = Html(options).text(document)
    body = [tag("main", f"\n{text}\n", class_="rnncalc"), tag("script", f"//<![CDATA[\n{_script()}//]]>")]
    return (
        f'<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="{LANGUAGES[language()]}">\n<head>\n'
        + "\n".join(head)
        + "\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>"
    )


def part(document: Document, options: RenderOptions) -> str:
    """The document as a part of somebody's page, such as a notebook: with the style sheet, without the script."""
    text = Html(options).text(document)
    return tag("style", "\n" + _sheet("report.css", "picture.css")) + tag("div", f"\n{text}\n", class_="rnncalc")


def _file(name: str) -> str:
    return files("rnncalc.report.render").joinpath(name).read_text("utf-8")


def _script() -> str:
    """The script without comments and indentation."""
    return re.sub(r"^ *(//.*\n)?", "", _file("page.js"), flags=re.MULTILINE)


def _sheet(*names: str) -> str:
    """Style sheets without the blanks and signs that only people need."""
    return re.sub(r"(?<=[{};])\s+|;?\s*(?=\})|\s+(?=\{)|(?<=[a-z]:) ", "", "".join(map(_file, names)))


class Html(Renderer):
    """Elements; wide tables and pictures scroll in frames of their own."""

    def __init__(self, options: RenderOptions):
        super().__init__(options)
        self.ids = Counter[str]()
        self.folded = True
        self.links = dict[int, str]()  # step → where its arithmetic is

    def text(self, document: Document) -> str:
        """All blocks, each step's arithmetic in a fold; at the end what was assumed."""
        steps = [block for block in document.blocks if isinstance(block, blocks.Heading) and block.step is not None]
        self.folded = len(steps) > UNFOLDED
        self.links = {block.step: f"#step-{block.step}" for block in steps if block.step is not None}
        parts, open_level = list[str](), 0
        for formulas, group in groupby(document.blocks, lambda block: isinstance(block, blocks.Formulas)):
            if formulas:
                parts.append(_frame("\n".join(map(self.block, group)), "formulas", _("formulas")))
                continue
            for block in group:
                if isinstance(block, blocks.Heading) and open_level and block.level <= open_level:
                    parts.append("</details>")
                    open_level = 0
                if isinstance(block, blocks.Heading) and block.step is not None:
                    parts.append(self._fold(block))
                    open_level = block.level
                else:
                    parts.append(self.block(block))
        parts += ["</details>"] if open_level else []
        if document.notes:
            notes = "".join(tag("p", escape(note)) for note in document.notes)
            parts.append(tag("aside", notes, aria_label=_("notes")))
        return "\n".join(part for part in parts if part)

    def _fold(self, block: blocks.Heading) -> str:
        """The opening of a step's arithmetic, closed by the next heading of its level or above."""
        self.ids[f"step-{block.step}"] += 1
        count = self.ids[f"step-{block.step}"]
        name = f"step-{block.step}" + (f"-{count}" if count > 1 else "")
        opened = "" if self.folded else ' open="open"'
        summary = tag("summary", escape(block.text), id=name)
        return f'<details class="step" data-step="{block.step}"{opened}>{summary}'

    def heading(self, block: blocks.Heading) -> str:
        return tag(f"h{block.level}", escape(block.text))

    def paragraph(self, block: blocks.Paragraph) -> str:
        return tag("p", escape(block.text))

    def items(self, block: blocks.Items) -> str:
        if not any(term for term, _text in block.lines):
            return tag("ul", "".join(tag("li", escape(text)) for _term, text in block.lines))
        pairs = (tag("dt", escape(term)) + tag("dd", escape(text) or "​") for term, text in block.lines)
        return tag("dl", "".join(pairs))

    def formulas(self, block: blocks.Formulas) -> str:
        """A group of lines; those of one unit at one step say which, so that the picture can light them."""
        lines = [
            _math(
                inner,
                class_="above" if block.above and number == 0 else None,
                data_at=f"{block.key}{line.signal}.{line.place.step}.{line.place.unit}"
                if type(line.place.unit) is int
                else None,
            )
            for number, (line, inner) in enumerate(zip(block.all, mathml.formulas(block, self.options)))
        ]
        return tag("div", "\n".join(lines))

    def table(self, block: blocks.Table) -> str:
        """One table; what is wider than a sheet of paper is cut between signals."""
        texts = [[column.label] for column in block.columns]
        for row in block.rows:
            for column, value in zip(texts, row):
                column.append("–" if value is None else self.options.rounding(value))
        signals = [column.key.rpartition("[")[0] for column in block.columns]
        parts = folds([max(map(len, column)) for column in texts], signals, WIDEST, len(_("step")))
        return "\n".join(self._part(block, slice(*part)) for part in parts)

    def _part(self, block: blocks.Table, part: slice) -> str:
        """Some columns of a table, beside the steps."""
        labels = (_("step"), *(column.label for column in block.columns[part]))
        head = "".join(tag("th", escape(text), scope="col") for text in labels)
        rows = [
            tag("th", str(step), scope="row") + "".join(self._cell(value) for value in row[part])
            for step, row in zip(block.steps, block.rows)
        ]
        return self._table(head, rows, "numbers")

    def grid(self, block: blocks.Grid) -> str:
        shown = [k for k in range(len(block.headings)) if any(row[k] not in (None, "") for row in block.rows)]
        head = "".join(
            tag("th", escape(block.headings[k]) or "​", scope="col", class_="number" if k in block.numeric else None)
            for k in shown
        )
        rows = [
            "".join(
                self._cell(row[k])
                if isinstance(row[k], float) or row[k] is None
                else tag("td", escape(text[k]) or "​", class_="number" if k in block.numeric else _mark(text[k]))
                for k in shown
            )
            for row, text in zip(block.rows, grid.cells(block, self.options))
        ]
        return self._table(head, rows)

    def matrices(self, block: blocks.Matrices) -> str:
        return _frame(
            "\n".join(_math(line) for each in block.all for line in mathml.matrix(each, self.options)),
            "formulas",
            _("matrices"),
        )

    def arrays(self, block: blocks.Arrays) -> str:
        lines = [_math(line) for each in block.items for line in mathml.array(each)]
        return _frame("\n".join(lines), "formulas", _("given"))

    def unrolled(self, block: blocks.Unrolled) -> str:
        """The picture with what its colours say."""
        self.ids["net"] += 1
        drawing = svg.drawing(block, self.options, f"net{self.ids['net']}", self.links)
        said = [
            _("Orange is above zero, blue below, the stronger the larger within a row. Arrows lead from what is used.")
        ]
        if block.flows:
            said.append(
                _("Gradients (∂L) come back along the red arrows, the wider the larger; they fade as they vanish.")
            )
        if any(signal.verdicts for signal in block.signals):
            said.append(_("✓ right, → carried on, ✗ wrong, with your number beside; the first slip is ringed."))
        if len(block.steps) < block.count:
            said.append(_("{n} of {all} steps are drawn.").format(n=len(block.steps), all=block.count))
        caption = tag("figcaption", escape(" ".join(said)))
        return tag("figure", _frame(drawing, "picture", _("the unrolled network")) + caption)

    def curve(self, block: blocks.Curve) -> str:
        return _frame(curve(dict(block.lines), block.across), "picture", ", ".join(name for name, _line in block.lines))

    def _cell(self, value: float | str | None) -> str:
        if not isinstance(value, float):
            return tag("td", "–" if value is None else escape(value), class_="number")
        return tag("td", escape(self.options.rounding(value)), data_value=exact(value))

    def _table(self, head: str, rows: list[str], kind: str | None = None) -> str:
        body = "\n".join(tag("tr", row) for row in rows)
        table = tag("table", f"<thead>{tag('tr', head)}</thead>\n<tbody>\n{body}\n</tbody>", class_=kind)
        return _frame(table, "table", _("table"))


def _frame(content: str, kind: str, name: str) -> str:
    """What scrolls by itself where it is wider than the page; the keyboard reaches it."""
    return tag("div", content, class_=f"scroll {kind}", tabindex=0, role="region", aria_label=name)


def _math(inner: str, class_: str | None = None, **attributes: object) -> str:
    """One line; a long one in pieces, between which it may be wrapped."""
    pieces = mathml.wrapped(inner)
    if len(pieces) == 1:
        return tag("math", inner, class_=class_, **attributes)
    kinds = f"long {class_}" if class_ else "long"
    return tag("div", " ".join(tag("math", piece) for piece in pieces), class_=kinds, **attributes)


def _mark(text: str) -> str | None:
    """The class of a cell that holds the mark of a verdict."""
    return next((f"mark {verdict}" for verdict, mark in MARKS.items() if mark == text), None)
