"""Tables with a row a person and a step: read as the same numbers in a row a person."""

import csv
import io
import itertools
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.classroom import exercise, handout
from rnncalc.classroom.exercise import Exercise, make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.classroom.grading.run import grade
from rnncalc.problems.results import per_step

SPECS: list[dict[str, Any]] = [
    {"cell": "elman"},
    {"cell": "elman", "units": 1, "steps": 4},
    {"cell": "lstm", "units": 2, "steps": 3, "outputs": 0},
    {"cell": "gru", "units": 1, "outputs": 3, "backward": True},
    {"cell": "gru", "layers": 2, "steps": 2},
    {"cell": "elman", "steps": 1, "units": 3},
]
HEADS = [
    ("id", "name", "step"),
    ("学号", "姓名", "步"),
    ("Matrikelnummer", "Name", "Schritt"),
    ("Student ID", "Student", "t"),
]
PEOPLE = [("7", "Ada"), ("008", "Bo Li"), ("s 3", "王小明")]


@pytest.fixture(autouse=True)
def _any_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercise, "DRAWS", 1)


def labels(made: Exercise) -> list[tuple[str, str, int | None, float]]:
    """Every number asked: its column in a wide table, in a long one, its step from 1, its value."""
    before = f"{made.question}." if made.question else ""
    numbers = []
    for name, array in made.shown().items():
        stepped = per_step(made.problem, name, made.quantities[name]) if name in made.quantities else False
        for index in np.ndindex(np.asarray(array).shape):
            brackets = [f"[{at + 1}]" for at in index]
            inner = brackets[1:] if stepped else brackets
            inner = [] if stepped and np.asarray(array)[0].size == 1 else inner
            value = float(np.asarray(array)[index])
            step = index[0] + 1 if stepped else None
            numbers.append((before + name + "".join(brackets), before + name + "".join(inner), step, value))
    return numbers


def text_of(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def both(
    made: list[Exercise],
    heads: Sequence[str],
    wrong: int,
    merged: bool = False,
    shuffled: bool = False,
    missing: tuple[int, int] | None = None,
    apart: bool = False,
) -> tuple[str, str]:
    """The same answers in a wide and in a long table. wrong: which number each person has wrong; merged: who it is only
    in their first row; missing: one person's step; apart: a column that says of which question a row is."""
    numbers = [(each.question, *number) for each in made for number in labels(each)]
    long_heads = list(dict.fromkeys(
        label.removeprefix(f"{question}.") if apart else label for question, _wide, label, _step, _value in numbers
    ))  # fmt: skip
    wide_rows = [[*heads[:2], *(number[1] for number in numbers)]]
    long_rows = [[*heads, *(["question"] if apart else []), *long_heads]]
    steps = sorted({step for *_rest, step, _value in numbers if step} | {1})
    body = []
    for at, (person, name) in enumerate(PEOPLE):
        texts = [f"{value:.4f}" if k != wrong + at else "9.9999" for k, (*_rest, value) in enumerate(numbers)]
        gone = [missing == (at, step) for _q, _wide, _label, step, _value in numbers]
        wide_rows.append([person, name, *("" if lost else text for text, lost in zip(texts, gone))])
        own = []
        for question, step in itertools.product([each.question for each in made] if apart else [""], steps):
            if missing == (at, step):
                continue
            cells = dict.fromkeys(long_heads, "")
            for text, (of, _wide, label, at_step, _value) in zip(texts, numbers):
                label = label.removeprefix(f"{of}.") if apart else label
                if (not apart or of == question) and at_step in (step, None if step == 1 else step):
                    cells[label] = text
            own.append([person, name, str(step), *([question] if apart else []), *cells.values()])
        if merged:
            own = [own[0], *(["", "", *row[2:]] for row in own[1:])]
        body += own
    if shuffled and not merged:
        random.Random(1).shuffle(body)
    return text_of(wide_rows), text_of([*long_rows, *map(list, body)])


def graded(made: list[Exercise], text: str, folder: Path) -> Gradebook:
    (folder / "answers.csv").write_text(text, encoding="utf-8")
    return grade(handout.problem(*made), [str(folder / "answers.csv")], diagnose=False)


def marks(book: Gradebook) -> dict[str, Any]:
    return {
        row.id: (
            row.name,
            row.score,
            [[value["verdict"] for value in result.values] for result in row.results.values()],
        )
        for row in book.rows
    }


@pytest.mark.parametrize("at", range(len(SPECS)))
@pytest.mark.parametrize("kind", ["plain", "merged", "shuffled", "missing"])
def test_a_long_table_is_marked_as_the_wide_one(at: int, kind: str, tmp_path: Path) -> None:
    made = [make(ExerciseSpec(**SPECS[at]))]
    missing = (1, made[0].problem.shapes["T"]) if kind == "missing" and made[0].problem.shapes["T"] > 1 else None
    wide, long = both(made, HEADS[at % len(HEADS)], at, kind == "merged", kind == "shuffled", missing)
    expected, book = graded(made, wide, tmp_path), graded(made, long, tmp_path)
    assert marks(book) == marks(expected) or kind == "shuffled"
    assert {row.id: row.score for row in book.rows} == {row.id: row.score for row in expected.rows}
    assert any("a row a step" in note for note in book.notes)
    assert not any(row.trouble for row in book.rows)


@pytest.mark.parametrize("apart", [False, True])
def test_several_problems_in_a_long_table(apart: bool, tmp_path: Path) -> None:
    made = [make(ExerciseSpec(**spec, question=f"Q{n}")) for n, spec in enumerate(SPECS[:3], 1)]
    wide, long = both(made, HEADS[0], 2, apart=apart)
    assert marks(graded(made, long, tmp_path)) == marks(graded(made, wide, tmp_path))


PROBLEM = {"U": [[0.9], [0.4]], "W": [[0.5, 0], [0, 0.5]], "x": [[0.7], [0.5], [0.2]], "points": {"h": 6}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,step,h[1],h[2]\n7,0,0.1,0.2\n7,1,0.3,0.4\n", "steps are 1 to 3"),
        ("id,step,h[1],h[2]\n7,4,0.1,0.2\n", "steps are 1 to 3"),
        ("id,step,h[1],h[2]\n7,first,0.1,0.2\n", "steps are 1 to 3"),
        ("id,step,h[1],h[2]\n7,1,0.1,0.2\n7,1,0.3,0.2\n", "keep one"),
        ("id,step,h[1],h[2][1]\n7,1,0.1,0.2\n", "h\\[2\\]\\[1\\]. names a step too"),
    ],
)
def test_what_could_be_either_is_refused_with_what_to_do(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(text + "8,2,0.4,0.5\n", encoding="utf-8")
    book = grade(PROBLEM, [str(tmp_path / "answers.csv")], diagnose=False)
    troubled = [row for row in book.rows if row.trouble]
    assert troubled
    assert re.search(said, troubled[0].trouble)
    if "too" not in said:
        assert [row.id for row in book.rows if not row.trouble] == ["8"]


def test_equal_rows_twice_and_times(tmp_path: Path) -> None:
    """Nothing is lost by a row that says the same again; a later time is another submission."""
    text = "id,step,h[1],h[2]\n" + "7,1,0.5581,0.2729\n" * 2
    (tmp_path / "answers.csv").write_text(text, encoding="utf-8")
    (row,) = grade(PROBLEM, [str(tmp_path / "answers.csv")], diagnose=False).rows
    assert not row.trouble
    text = "id,time,step,h[1],h[2]\n7,2026-11-02 10:00,1,0.5581,0.2729\n7,2026-11-01 10:00,1,9,9\n"
    (tmp_path / "answers.csv").write_text(text, encoding="utf-8")
    (row,) = grade(PROBLEM, [str(tmp_path / "answers.csv")], diagnose=False).rows
    assert (row.handed_in, row.results[""].values[0]["verdict"]) == (2, "right")


def test_a_column_of_steps_beside_a_wide_table_passes_through(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("id,step,h[1][1],h[1][2]\n7,1,0.5581,0.2729\n", encoding="utf-8")
    (row,) = grade(PROBLEM, [str(tmp_path / "answers.csv")], diagnose=False).rows
    assert [value["verdict"] for value in row.results[""].values[:2]] == ["right", "wrong"] or not row.trouble
    assert row.submission.extra == {"step": "1"}


def test_one_persons_own_table(tmp_path: Path) -> None:
    """A row a step and nobody's name: whose the file is."""
    for name in ("Ada Love_77_assignsubmission_file_mine.csv", "bo.csv"):
        (tmp_path / name).write_text("step;h[1];h[2]\n1;0,5581;0,3452\n2;0,62;0,35\n", encoding="utf-8")
    book = grade(PROBLEM, [str(tmp_path)], diagnose=False)
    assert [(row.id, row.name) for row in book.rows] == [("77", "Ada Love"), ("bo", "")]
