r"""Question banks for Moodle: its XML, with a question for each problem (cloze) or for each number (numerical).

Formulas are TeX between \( and \), which Moodle's filters set. The tolerance of a number is what `check` allows
somebody who made no earlier slip: rounding or cutting at the last place that is asked for, or the stated tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

import numpy as np

from rnncalc.check import CheckSession
from rnncalc.classroom import handout
from rnncalc.classroom.blanks import Blanks, blanks, named
from rnncalc.classroom.exercise import Exercise
from rnncalc.common.i18n import _, full_width
from rnncalc.common.markup import tag
from rnncalc.common.safe_text import printable
from rnncalc.model.equations.style import LATEX
from rnncalc.report.document import Arrays, Document, Formulas, Heading, Items, Paragraph
from rnncalc.report.render import RenderOptions, typeset
from rnncalc.report.render.html import Html

Foreseen = dict[tuple[str, int | None, tuple[int, ...]], list[tuple[float, str]]]  # place → wrong numbers

# signs of TeX, and of Moodle's own fields
_SIGNS = str.maketrans({"{": "&#123;", "}": "&#125;", "\\": "&#92;", "$": "&#36;", "~": "&#126;"})


def bank(exercises: Iterable[Exercise], kind: str = "cloze", mistakes: bool = False) -> str:
    """The questions of all these problems in one category. mistakes: whether a number that comes of a textbook mistake
    says so.
    """
    questions = [text for exercise in exercises for text in _Questions(exercise, mistakes).of(kind)]
    category = _("Exercises from rnncalc")
    first = tag("question", tag("category", _text(f"$course$/top/{category}")), type="category")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tag("quiz", "\n".join(["", first, *questions, ""])) + "\n"


class _Questions:
    """The questions of one problem."""

    def __init__(self, exercise: Exercise, mistakes: bool):
        self.exercise, self.title = exercise, printable(str(exercise.keys["title"]))
        self.foreseen = _foreseen(exercise) if mistakes else {}

    def of(self, kind: str) -> Iterator[str]:
        """One question with a place for each number, or one for each number."""
        alone = Paragraph(_("Every number is judged by itself, so keep more digits than you write."))
        page = _Page(RenderOptions()).text(Document([*handout.question(self.exercise), alone], {}))
        if kind == "cloze":
            yield _question("cloze", self.title, page + "\n" + "\n".join(self._form()))
            return
        for part in blanks(self.exercise):
            for index, (label, _value) in zip(np.ndindex(part.values.shape), part.numbers()):
                answers = "\n".join(_answer(*answer) for answer in self._answers(part, index))
                prompt = tag("p", _plain(f"{label} = ?"))
                yield _question("numerical", f"{self.title}: {label}", f"{page}\n{prompt}", answers)

    def _answers(self, part: Blanks, index: tuple[int, ...]) -> Iterator[tuple[str, str, str]]:
        """The right number, how far from it another may be, and nothing; wrong ones with what is said of them."""
        value = float(part.values[index])
        margin = _written(self.exercise.precision(part.name).margin(value))
        yield _written(value), margin, ""
        places = tuple(at + 1 for at in index)
        step, rest = (places[0], places[1:]) if part.stepped else (None, places)
        for number, text in self.foreseen.get((part.name, step, rest), ()):
            said = _("This number comes out by a mistake: {text}.").format(text=text)
            yield _written(number), margin, _plain(said)

    def _form(self) -> Iterator[str]:
        """A table with a row a step, and one for each of the other quantities."""
        parts = blanks(self.exercise)
        stepped = [part for part in parts if part.stepped]
        if stepped:
            rows = [[str(step + 1)] for step in range(self.exercise.problem.shapes["T"])]
            for part in stepped:
                for index in np.ndindex(part.values.shape):
                    rows[index[0]].append(self._field(part, index))
            yield _table([_("step"), *(label for part in stepped for label in part.labels())], rows)
        for part in parts:
            if not part.stepped:
                width = part.values.shape[-1] if part.values.ndim == 2 else 1
                fields = [self._field(part, index) for index in np.ndindex(part.values.shape)]
                name = LATEX.label(named(part.called)) + " ="
                table = _table([], [fields[at : at + width] for at in range(0, len(fields), width)])
                yield tag("p", _tex(rf"\({name}\)")) + table

    def _field(self, part: Blanks, index: tuple[int, ...]) -> str:
        """A place for one number, one point, as Moodle writes it inside a text: what is right, then what is not."""
        (number, margin, _right), *wrong = self._answers(part, index)
        others = "".join(f"~%0%{number}:{margin}#{said}" for number, margin, said in wrong)
        return f"{{1:NUMERICAL:={number}:{margin}{others}}}"


def _foreseen(exercise: Exercise) -> Foreseen:
    """Of every number what textbook mistakes make of it."""
    from rnncalc.check.diagnosis.wrong_numbers import wrong_numbers

    margins = {
        name: max(exercise.precision(name).margin(float(value)) for value in np.ravel(array))
        for name, array in exercise.quantities.items()
    }
    return wrong_numbers(CheckSession(exercise.problem), exercise.solution(), margins)


def _question(kind: str, name: str, page: str, answers: str = "") -> str:
    parts = [
        tag("name", _text(name)),
        tag("questiontext", _text(page), format="html"),
        tag("generalfeedback", _text(""), format="html"),
        *([] if kind == "cloze" else [tag("defaultgrade", "1")]),
        tag("penalty", "0.3333333"),
        tag("hidden", "0"),
        *([answers] if answers else []),
    ]
    return tag("question", "\n".join(parts), type=kind)


def _answer(number: str, margin: str, said: str) -> str:
    """An answer of a numerical question: right, or wrong with what is said of it."""
    feedback = tag("feedback", _text(said), format="html")
    content = f"<text>{number}</text><tolerance>{margin}</tolerance>{feedback}"
    return tag("answer", content, fraction=0 if said else 100, format="moodle_auto_format")


def _text(content: str) -> str:
    return f"<text>{escape(content, quote=False)}</text>"


def _plain(text: str) -> str:
    """Text in which neither HTML nor TeX nor Moodle finds a sign of its own."""
    return escape(full_width(printable(text))).translate(_SIGNS)


def _tex(formula: str) -> str:
    return escape(formula, quote=False)


def _written(value: float) -> str:
    """A number with so many digits that its own rounding is nothing."""
    return f"{value + 0.0:.12g}"


def _table(heads: list[str], rows: list[list[str]]) -> str:
    head = tag("tr", "".join(tag("th", _plain(text)) for text in heads)) if heads else ""
    return tag("table", head + "".join(tag("tr", "".join(tag("td", cell) for cell in row)) for row in rows))


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
