"""Long tables, a row a person and a step, with columns h[1], h[2], …: as the wide ones, a row a person.

A row without an id and a name belongs to the person above it, as spreadsheets with merged cells have it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rnncalc.check.answers.entry_names import Place, Shape
from rnncalc.classroom.grading import answer_columns, person_columns
from rnncalc.classroom.grading.people import folded
from rnncalc.classroom.grading.person_columns import Who
from rnncalc.classroom.grading.sheet import AskedProblem
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import one_line
from rnncalc.errors import ParseError
from rnncalc.problems.question_heads import WORDS

Rows = list[tuple[int, list[str]]]

STEPS = person_columns.words(
    "step|time step|timestep|t|schritt|zeitschritt|étape|pas|pas de temps|paso|passo|stap|krok|шаг|"
    "步|时间步|步骤|时刻|步数|第几步|ステップ|時刻"
)
QUESTIONS = person_columns.words(
    f"{WORDS}|frage|pregunta|domanda|opgave|zadanie|вопрос|题号|第几题|問題|题目编号|题目序号|习题编号|习题号|"
    "练习编号|编号|編號|nr|question number|problem number|exercise number"
)


@dataclass(frozen=True)
class Wide:
    """The table as a wide one. trouble: line → why the person of that row cannot be read."""

    labels: list[str]
    rows: Rows
    trouble: Mapping[int, str]
    note: str


@dataclass(frozen=True)
class _Column:
    """What a column asks for: the labels of the numbers at every step; of what has no step, one label."""

    labels: Sequence[str]
    stepped: bool


@dataclass
class _Person:
    """The rows of one person: the line and the texts of the first one, and label → answer."""

    line: int
    texts: list[str]
    answers: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


class _OfOneStep:
    """A question whose quantities are those of one step."""

    def __init__(self, question: AskedProblem):
        self._question = question

    def shape_of(self, name: str) -> Shape | None:
        """The shape of a quantity without its axis of steps."""
        shape = self._question.shape_of(name)
        if shape is None or shape.steps is None:
            return shape
        return Shape((*shape.sizes[: shape.steps], *shape.sizes[shape.steps + 1 :]))


def widened(labels: Sequence[str], rows: Rows, questions: Mapping[str, AskedProblem], who: Who) -> Wide | None:
    """The table as a wide one; None where it has no column of steps. Raises ParseError where it could be either."""
    people = {*who.ids, *who.named, who.time} - {None}
    step = _first(labels, STEPS, people)
    if step is None:
        return None
    question = _first(labels, QUESTIONS, {*people, step}) if len(questions) > 1 else None
    others = [at for at in range(len(labels)) if at not in (*people, step, question)]
    asking = {at: _columns(labels[at], questions, question is not None) for at in others}
    columns = {at: column for at, column in asking.items() if column}
    if not any(column.stepped for by_question in columns.values() for column in by_question.values()):
        return None
    for at in others:
        if at not in columns and answer_columns.column(labels[at], questions):
            message = _(
                "there is a column of steps, “{step}”, and “{label}” names a step too: write a row a step with columns "
                "such as h[1], or a row a person with columns such as h[2][1]"
            )
            raise ParseError(message, step=one_line(labels[step], 40), label=one_line(labels[at], 40))
    kept = [at for at in others if at not in columns] + sorted(at for at in people if at is not None)
    reading = _LongRows(who, step, question, columns, questions)
    for line, texts in rows:
        reading.add(line, texts)
    each = (column for by_question in columns.values() for column in by_question.values())
    wide = list(dict.fromkeys(label for column in each for label in column.labels))
    note = _("“{label}”: a row a step, {rows} rows of {people} people")
    return Wide(
        [labels[at] for at in kept] + wide,
        [
            (person.line, [person.texts[at] for at in kept] + [person.answers.get(label, "") for label in wide])
            for person in reading.people
        ],
        {person.line: person.trouble for person in reading.people if person.trouble},
        note.format(label=one_line(labels[step], 40), rows=len(rows), people=len(reading.people)),
    )


def _first(labels: Sequence[str], words: Sequence[str], taken: Collection[int | None]) -> int | None:
    """The first column that is called by one of these words."""
    return next(
        (at for at, label in enumerate(labels) if at not in taken and person_columns.bare(label) in words), None
    )


def _columns(label: str, questions: Mapping[str, AskedProblem], apart: bool) -> dict[str, _Column]:
    """What a column asks for, by question. apart: whether another column says of which question a row is."""
    of_step = {name: _OfOneStep(question) for name, question in questions.items()}
    if apart:
        meant = {name: answer_columns.column(label, {"": shapes}) for name, shapes in of_step.items()}
    else:
        column = answer_columns.column(label, of_step)
        meant = {column.question: column} if column else {}
    return {
        name: _labelled(name, questions[name].shape_of(column.place.name), column.place)
        for name, column in meant.items()
        if column
    }


def _labelled(question: str, shape: Shape | None, place: Place) -> _Column:
    assert shape is not None
    before = f"{question}." if question else ""

    def label(index: Sequence[int | None]) -> str:
        given = [at for at in index if at is not None]  # an axis that is left open comes last
        return before + place.name + "".join(f"[{at + 1}]" for at in given)

    axis = shape.steps
    if axis is None:
        return _Column([label(place.index)], False)
    steps = range(shape.sizes[axis])
    return _Column([label([*place.index[:axis], step, *place.index[axis:]]) for step in steps], True)


class _LongRows:
    """Puts the rows of a table together, person by person."""

    def __init__(
        self, who: Who, step: int, question: int | None, columns: Mapping[int, Mapping[str, _Column]],
        questions: Mapping[str, AskedProblem],
    ):  # fmt: skip
        self.who, self.step, self.question, self.columns, self.questions = who, step, question, columns, questions
        self.people: list[_Person] = []
        self._known: dict[tuple[str, ...], _Person] = {}

    def add(self, line: int, texts: list[str]) -> None:
        """One row. What cannot be placed is its person's trouble."""
        person = self._person(line, texts)
        try:
            self._place(person, line, texts)
        except ParseError as error:
            person.trouble = person.trouble or str(error)

    def _person(self, line: int, texts: list[str]) -> _Person:
        at = (*self.who.ids, *sorted(self.who.named))
        named = any(texts[column] for column in at)
        if self.people and not named:
            return self.people[-1]
        time = texts[self.who.time] if self.who.time is not None else ""
        key = (*(folded(texts[column]) for column in at), time)
        if key not in self._known:
            self._known[key] = _Person(line, texts)
            self.people.append(self._known[key])
        return self._known[key]

    def _place(self, person: _Person, line: int, texts: list[str]) -> None:
        question = self._question(line, texts)
        text = re.sub(r"\.0+$", "", texts[self.step].lstrip("t= 第").rstrip("步 "))
        step = int(text) if text.isdecimal() and len(text) < 9 else 0
        for at, by_question in self.columns.items():
            for name, column in by_question.items():
                if question not in ("", name) or not texts[at]:
                    continue
                if column.stepped and not 1 <= step <= len(column.labels):
                    message = _("line {line}: step “{text}”: the steps are 1 to {last}")
                    raise ParseError(message, line=line, text=one_line(texts[self.step], 20), last=len(column.labels))
                label = column.labels[step - 1 if column.stepped else 0]
                if person.answers.setdefault(label, texts[at]) != texts[at]:
                    message = _("line {line}: {label} stands above already, with another number: keep one of the rows")
                    raise ParseError(message, line=line, label=label)

    def _question(self, line: int, texts: list[str]) -> str:
        """The question that a row is of; "" where its columns say so."""
        if self.question is None:
            return ""
        text = texts[self.question]
        name = answer_columns.question_called(text, self.questions)
        if name is None:
            message = _("line {line}: no question is called “{name}”; there are {known}")
            raise ParseError(message, line=line, name=one_line(text, 40), known=", ".join(self.questions))
        return name
