r"""Question banks for Moodle: its XML, with a question for each problem (cloze) or for each number (numerical).

Formulas are TeX between \( and \), which Moodle's filters set. A number is right within what `check` grants where
nothing is carried on: rounded or cut where it is asked to end, or within the tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from rnncalc.classroom import handout
from rnncalc.classroom.exercise import Exercise
from rnncalc.classroom.handout import Blanks
from rnncalc.common.i18n import _, full_width
from rnncalc.common.markup import tag
from rnncalc.common.safe_text import printable
from rnncalc.model.equations.style import LATEX
from rnncalc.report.document import Arrays, Document, Formulas, Heading, Items, Paragraph
from rnncalc.report.render import RenderOptions, typeset
from rnncalc.report.render.html import Html

KINDS = ("cloze", "numerical")
_SIGNS = str.maketrans(
    {"{": "&#123;", "}": "&#125;", "\\": "&#92;", "$": "&#36;"}
)  # of TeX, and of Moodle's own fields


def bank(exercises: Iterable[Exercise], kind: str = "cloze") -> str:
    """The questions of all these problems, in a category that is called after them."""
    questions = [text for exercise in exercises for text in _questions(exercise, kind)]
    category = _("Exercises from rnncalc")
    first = tag("question", tag("category", _text(f"$course$/top/{category}")), type="category")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tag("quiz", "\n".join(["", first, *questions, ""])) + "\n"


def _questions(exercise: Exercise, kind: str) -> Iterator[str]:
    title = printable(str(exercise.keys["title"]))
    alone = Paragraph(_("Every number is judged by itself, so keep more digits than you write."))
    page = _Page(RenderOptions()).text(Document([*handout.question(exercise), alone], {}))
    if kind == "cloze":
        yield _question("cloze", title, page + "\n" + "\n".join(_fields(exercise)))
        return
    for blank in handout.blanks(exercise):
        for label, value in blank.numbers():
            prompt = tag("p", _plain(f"{label} = ?"))
            number, margin = _answer(exercise, blank, value)
            answer = f"<text>{number}</text><tolerance>{margin}</tolerance>" + tag("feedback", _text(""), format="html")
            answer = tag("answer", answer, fraction=100, format="moodle_auto_format")
            yield _question("numerical", f"{title}: {label}", f"{page}\n{prompt}", answer)


def _question(kind: str, name: str, page: str, more: str = "") -> str:
    parts = [
        tag("name", _text(name)),
        tag("questiontext", _text(page), format="html"),
        tag("generalfeedback", _text(""), format="html"),
        *([] if kind == "cloze" else [tag("defaultgrade", "1")]),
        tag("penalty", "0.3333333"),
        tag("hidden", "0"),
        more,
    ]
    return tag("question", "\n".join(part for part in parts if part), type=kind)


def _text(content: str) -> str:
    return f"<text>{escape(content, quote=False)}</text>"


def _plain(text: str) -> str:
    """Text in which neither HTML nor TeX nor Moodle finds a sign of its own."""
    return escape(full_width(printable(text))).translate(_SIGNS)


class _Page(Html):
    """HTML with TeX, and nothing that needs a style sheet."""

    def heading(self, block: Heading) -> str:
        return tag("h4", _plain(block.text))

    def paragraph(self, block: Paragraph) -> str:
        return tag("p", _plain(block.text))

    def items(self, block: Items) -> str:
        return tag("ul", "".join(tag("li", _plain(f"{term} {text}".strip())) for term, text in block.lines))

    def formulas(self, block: Formulas) -> str:
        lines = r" \\ ".join(line.write(LATEX.rounding(self.options.rounding), " &= ") for line in block.all)
        return tag("p", _tex(rf"\[\begin{{aligned}} {lines} \end{{aligned}}\]"))

    def arrays(self, block: Arrays) -> str:
        return tag("p", ", ".join(_tex(rf"\({typeset.whole(item, LATEX)}\)") for item in block.items))


def _tex(formula: str) -> str:
    return escape(formula, quote=False)


def _fields(exercise: Exercise) -> Iterator[str]:
    """The form: a table with a row a step, and one for each of the other quantities."""
    parts = handout.blanks(exercise)
    stepped = [part for part in parts if part.stepped]
    if stepped:
        heads = [_("step"), *(label for part in stepped for label in part.labels())]
        rows = [[str(step + 1)] for step in range(exercise.problem.shapes["T"])]
        for part in stepped:
            for row, values in zip(rows, part.values):
                row += [_field(exercise, part, value) for value in values]
        yield _table(heads, rows)
    for part in parts:
        if not part.stepped:
            shape = part.values.shape
            matrix = part.values.reshape(shape if len(shape) == 2 else (-1, 1))
            rows = [[_field(exercise, part, value) for value in values] for values in matrix]
            name = LATEX.label(handout.named(part.called)) + " ="
            yield tag("p", _tex(rf"\({name}\)")) + _table([], rows)


def _field(exercise: Exercise, part: Blanks, value: float) -> str:
    """A place for one number, one point, as Moodle writes it inside a text."""
    return "{{1:NUMERICAL:={}:{}}}".format(*_answer(exercise, part, value))


def _answer(exercise: Exercise, part: Blanks, value: float) -> tuple[str, str]:
    """A number, and how far from it another may be. The first has so many digits that its own rounding is nothing."""
    return f"{value + 0.0:.12g}", f"{exercise.precision(part.name).margin(value):.12g}"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    head = tag("tr", "".join(tag("th", _plain(text)) for text in heads)) if heads else ""
    return tag("table", head + "".join(tag("tr", "".join(tag("td", cell) for cell in row)) for row in rows))
