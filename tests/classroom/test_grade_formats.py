"""What is handed back: the mark sheet in every format, the class report, and nothing that gives the answers away."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from support.a_class import MADE, RIGHT, graded, rounded, table, wrong
from support.helpers import run

import rnncalc
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading import mark_sheets
from rnncalc.classroom.grading.choices import FORMATS
from rnncalc.common.safe_text import cell
from rnncalc.errors import RnncalcError


def test_the_gradebook_adds_up(problem: Path, answers: Path) -> None:
    marks = graded(rnncalc.grade(problem, answers).text("csv"))
    for row in marks.values():
        assert float(row["h"]) + float(row["y"]) == pytest.approx(float(row["points"]))
        assert float(row["score"]) == pytest.approx(float(row["points"]) / float(row["out_of"]))


@pytest.mark.parametrize("feedback", ["none", "marks", "hint", "full"])
@pytest.mark.parametrize("format", FORMATS)
def test_no_computed_value_leaks_before_the_deadline(problem: Path, answers: Path, format: str, feedback: str) -> None:
    """Nothing that the machine knows and the person does not is in the sheet, in any digits."""
    book = rnncalc.grade(problem, answers)
    book.rows = [book["s2"]]  # who is right knows the values
    text = book.text(format, feedback)
    secret = book["s2"].results[""].first_wrong
    assert secret
    known = [secret["computed"], secret["from_your_values"] or secret["computed"]]
    leaked = [f"{abs(value):.4g}" for value in known if f"{abs(value):.4g}" in text]
    assert not leaked or feedback == "full"
    if feedback == "full" and format in ("json", "gradescope", "junit", "csv"):
        assert leaked
    if feedback == "none":
        assert secret["place"] not in text


def test_a_known_mistake_is_named_and_counted(tmp_path: Path) -> None:
    made = make(ExerciseSpec("elman", units=2, inputs=3, steps=3, seed=5))
    without = rnncalc.problem(**{**made.keys, "b": ["0", "0"]}).forward()
    mistaken = {"id": "s1", "answers": {"h": rounded(without.h.tolist()), "y": rounded(without.y.tolist())}}
    right = {"id": "s2", "answers": {name: rounded(value) for name, value in made.solution().items()}}
    book = rnncalc.grade(made.keys, [mistaken, right])
    assert book["s1"].mistakes == ["bias_omitted"]
    assert book["s2"].score == 1
    data = json.loads(book.text("json"))
    assert data["class"]["mistakes"] == [{"id": "bias_omitted", "people": 1, "share": 0.5}]
    assert "rnncalc explain bias_omitted" in book.report()
    assert "the bias b was left out" in json.loads(book.text("gradescope"))["s1"]["output"]
    assert "bias" not in json.loads(book.text("gradescope", "marks"))["s1"]["output"]


def test_json_is_strict_and_whole(problem: Path, answers: Path) -> None:
    data = json.loads(rnncalc.grade(problem, answers).text("json"), parse_constant=pytest.fail)
    assert [row["id"] for row in data["rows"]] == ["s1", "s2", "s3", "s4"]
    first = data["rows"][1]["questions"]["1"]
    assert first["values"][0]["verdict"] == "wrong"
    assert set(first["first_wrong"]) >= {"name", "step", "index", "answer"}
    assert data["class"]["people"] == 4


def test_gradescope_and_prairielearn(tmp_path: Path, problem: Path, answers: Path) -> None:
    book = rnncalc.grade(problem, answers)
    everybody = json.loads(book.text("gradescope"))
    assert everybody["s2"]["score"] == sum(test["score"] for test in everybody["s2"]["tests"])
    assert sum(test["max_score"] for test in everybody["s2"]["tests"]) == len(RIGHT)
    assert "h_1[1]" in everybody["s2"]["output"]
    alone = json.loads(rnncalc.grade(problem, [{"id": "x", "answers": MADE.solution()}]).text("gradescope"))
    assert alone["score"] == len(RIGHT)
    assert {test["status"] for test in alone["tests"]} == {"passed"}
    learn = json.loads(book.text("prairielearn"))
    assert learn["s1"]["score"] == 1
    assert learn["s1"]["gradable"] is True
    assert 0 < learn["s2"]["score"] < 1
    done = run("grade", str(problem), str(answers), "--format", "gradescope", "-o", f"{tmp_path}/out/")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"s1.json", "s2.json", "s3.json", "s4.json"}
    with pytest.raises(RnncalcError):
        mark_sheets.files(book, "csv")


def test_junit(problem: Path, answers: Path) -> None:
    tree = ET.fromstring(rnncalc.grade(problem, answers).text("junit"))
    suites = {suite.get("name"): suite for suite in tree}
    assert suites["s1"].get("failures") == "0"
    assert suites["s2"].get("failures") == "1"
    assert suites["s4"].get("errors") == "1"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1", '"=1', "|x", "%x", "=HYPERLINK(1)"]
)
def test_no_cell_is_a_formula(problem: Path, text: str) -> None:
    assert not cell(text).lstrip(" \"'").startswith(("=", "+", "-", "@")) or cell(text).startswith("'")
    book = rnncalc.grade(problem, [{"id": text, "name": text, "answers": {text: text}}])
    for row in csv.reader(io.StringIO(book.text("csv"))):
        for value in row:
            assert value[:1] not in ("=", "+", "@", "\t", "\r", "＝", "|", "%", "-"), value


@pytest.mark.parametrize("number", ["-0.5", "+3", ".5", "1e-3", "-1E+5", "12"])
def test_numbers_stay_numbers(number: str) -> None:
    assert cell(number) == number


def test_feedback_in_full_is_told_in_what_people_read(problem: Path, answers: Path) -> None:
    book = rnncalc.grade(problem, answers)
    for format in ("plain", "markdown", "latex"):
        assert "you have 0.1234, it is" in book.text(format, "full")
        assert "you have" not in book.text(format, "hint")


def test_the_class_report(problem: Path, answers: Path) -> None:
    book = rnncalc.grade(problem, answers)
    from rnncalc.classroom.grading.class_report import figures

    numbers = figures(book)
    assert numbers["people"] == 4
    assert sum(band["people"] for band in numbers["distribution"]) == 4
    assert numbers["quantities"][0]["name"] == "h"
    assert numbers["quantities"][0]["first_slips"] == 1
    assert numbers["verdicts"] == {"right": 1, "wrong": 1, "unreadable": 2}
    assert numbers["empty"] == 1
    assert "1 of them without any answer" in book.report()
    text = book.report("markdown")
    assert "| h | 1 |" in text
    for format in ("plain", "latex", "csv", "json", "table"):
        assert book.report(format)
    assert rnncalc.grade(problem, []).report() != ""


def test_a_class_report_shows_what_went_wrong(problem: Path, tmp_path: Path) -> None:
    """Quantities that all have right are counted; the mistakes stand in words, with the command that explains them."""
    for slips in (0, 1):
        path = tmp_path / f"{slips}.csv"
        rows = [("s1", "Ada", *RIGHT), ("s2", "Bo", *(wrong(0) if slips else RIGHT))]
        path.write_text(table(*rows), encoding="utf-8")
        text = rnncalc.grade(str(problem), [str(path)]).report()
        assert ("hardest" in text) == bool(slips)
        assert ("others: all right" in text) == bool(slips)
