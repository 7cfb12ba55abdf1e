"""Tables of quizzes whose columns say no name: Response 1, Response 2, …"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import moodle

from rnncalc.classroom import exercise, handout
from rnncalc.classroom.exercise import Exercise, make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.classroom.grading.run import grade
from rnncalc.classroom.moodle import bank

SPECS: list[dict[str, Any]] = [
    {"cell": "elman"},
    {"cell": "elman", "units": 1, "steps": 1},
    {"cell": "lstm", "units": 1, "backward": True, "lr": 0.1},
    {"cell": "gru", "notation": "d2l", "backward": True, "inputs": 3},
    {"cell": "gru", "layers": 2, "direction": "both"},
]
PEOPLE = ["Last name", "First name", "ID number", "Status", "Completed", "Grade/10.00"]
ADA, BO = ["Love", "Ada", "7", "Finished", "12 May 2026 10:00 AM", "-"], ["Li", "Bo", "8", "Finished", "", "-"]


@pytest.fixture(autouse=True)
def _any_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercise, "DRAWS", 1)


def judged(made: list[Exercise], rows: list[list[str]], folder: Path) -> Gradebook:
    (folder / "problem.json").write_text(json.dumps(handout.problem(*made)), encoding="utf-8")
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    (folder / "answers.csv").write_text(text.getvalue(), encoding="utf-8")
    return grade(str(folder / "problem.json"), [str(folder / "answers.csv")], diagnose=False)


def of_form(made: Exercise) -> list[str]:
    """The right answers in the order of the form's columns."""
    header = next(csv.reader([handout.form_csv(made)]))[2:]
    values = []
    for label in header:
        name, _bracket, index = label.partition("[") if not label.startswith("layers") else _layered(label)
        array = np.asarray(made.shown()[name])
        places = tuple(int(place) - 1 for place in index.rstrip("]").split("][")) if index else ()
        values.append(f"{float(array[places]):.5f}")
    return values


def _layered(label: str) -> tuple[str, str, str]:
    name, _bracket, index = label.partition(".")[2].partition("[")
    return f"{label.partition('.')[0]}.{name}", "[", index


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("word", ["Response {}", "Antwort {}", "回答 {}", "{}. Réponse", "Q{}"])
def test_a_column_a_number(spec: dict[str, Any], word: str, tmp_path: Path) -> None:
    made = make(ExerciseSpec(**spec))
    right = of_form(made)
    numbered = [word.format(n) for n in range(1, len(right) + 1)]
    wrong = [f"{float(text) + 1:.5f}" for text in right]
    book = judged([made], [[*PEOPLE, *numbered], [*ADA, *right], [*BO, *right[:-1], wrong[-1]]], tmp_path)
    assert [(row.submission.id, row.score) for row in book.rows] == [("7", 1), ("8", pytest.approx(1 - 1 / len(right)))]
    assert any(numbered[0] in note and "--columns" in note for note in book.notes)


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("part", ["part {}: {}", "Teil {}: {}", "部分 {}：{}"])
def test_a_column_a_question_as_moodle_answers_a_cloze(spec: dict[str, Any], part: str, tmp_path: Path) -> None:
    """The order is that of the fields in the bank."""
    made = make(ExerciseSpec(**spec))
    (question,) = moodle.read(bank([made]))[1]
    right = [f"{place.answers[0].number:.5f}" for place in question.places]
    cell = "; ".join(part.format(n, text) for n, text in enumerate(right, 1))
    half = "; ".join(part.format(n, text if n == 1 else "") for n, text in enumerate(right, 1))
    rows = [[*PEOPLE, "Question 1", "Response 1", "Right answer 1"], [*ADA, "…", cell, "1"], [*BO, "…", half, "1"]]
    book = judged([made], rows, tmp_path)
    assert [row.score for row in book.rows] == [1, pytest.approx(1 / len(right))]


def test_a_column_for_each_of_several_questions(tmp_path: Path) -> None:
    made = [make(ExerciseSpec(cell, question=name, steps=2)) for cell, name in (("elman", "Q1"), ("gru", "Q2"))]
    questions = moodle.read(bank(made))[1]
    cells = [
        "; ".join(f"part {n}: {place.answers[0].number:.5f}" for n, place in enumerate(question.places, 1))
        for question in questions
    ]
    book = judged(made, [[*PEOPLE, "Response 1", "Response 2"], [*ADA, *cells], [*BO, cells[0], "-"]], tmp_path)
    assert book.rows[0].score == 1
    assert book.rows[1].score == pytest.approx(len(questions[0].places) / sum(len(q.places) for q in questions))


@pytest.mark.parametrize("heads", ["Response 1|Response 2", "Response 1|Response 3", "Grade|Notes", "A 1|B 1", "1|2"])
def test_what_is_not_plain_is_left_alone(heads: str, tmp_path: Path) -> None:
    """Columns that are neither as many as the numbers nor as the questions; two kinds of numbered columns."""
    made = make(ExerciseSpec("elman", units=1, steps=2))
    book = judged([made], [[*PEOPLE, *heads.split("|")], [*ADA, "0.1", "0.2"]], tmp_path)
    assert book.rows[0].verdict == "unreadable"
    assert any("no column names a number" in note for note in book.notes)


def test_without_points_nothing_says_what_is_asked(tmp_path: Path) -> None:
    made = make(ExerciseSpec("elman", units=1, steps=1))
    del made.keys["points"]
    assert judged([made], [[*PEOPLE, "Response 1", "Response 2"], [*ADA, *of_form(made)]], tmp_path).rows[0].score == 0
