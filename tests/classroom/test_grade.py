"""rnncalc grade: who handed in what, in which form, what it is worth, and that nobody can disturb the others."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from support.helpers import run
from support.hostile_submissions import strangers

import rnncalc
from rnncalc.classroom.exercise import Wish, make
from rnncalc.classroom.grading import formats, judging
from rnncalc.classroom.grading.journal import MarksJournal
from rnncalc.classroom.grading.sheet import sheet as read_sheet
from rnncalc.classroom.handout import form_csv
from rnncalc.common.safe_text import cell
from rnncalc.errors import RnncalcError

MADE = make(Wish("elman", units=2, inputs=3, outputs=1, steps=3, seed=5))
HEADER = next(csv.reader([form_csv(MADE)]))[2:]
RIGHT = [f"{value:.4f}" for array in MADE.asked.values() for value in array.ravel()]


def table(*rows, header=("id", "name", *HEADER), delimiter=","):
    output = io.StringIO()
    csv.writer(output, delimiter=delimiter).writerows([header, *rows])
    return output.getvalue()


def wrong(*places, text="0.1234"):
    return [text if number in places else right for number, right in enumerate(RIGHT)]


@pytest.fixture
def problem(tmp_path):
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(MADE.keys), encoding="utf-8")
    return path


@pytest.fixture
def answers(tmp_path):
    """A class of four: right, one slip, blank, one unreadable number."""
    path = tmp_path / "answers.csv"
    blank = [""] * len(RIGHT)
    rows = [("s1", "甲", *RIGHT), ("s2", "乙", *wrong(0)), ("s3", "丙", *blank), ("s4", "丁", *wrong(3, text="?"))]
    path.write_text(table(*rows), encoding="utf-8")
    return path


def graded(text, format="csv", feedback="hint"):
    rows = list(csv.DictReader(io.StringIO(text)))
    return {row["id"]: row for row in rows}


# ------------------------------------------------------------------------------------------------------- submissions


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_in_every_encoding(tmp_path, problem, encoding, delimiter):
    path = tmp_path / "a.csv"
    cells = [value.replace(".", ",") for value in RIGHT] if delimiter == ";" else RIGHT
    path.write_bytes(table(("s1", "王小明", *cells), delimiter=delimiter).encode(encoding))
    book = rnncalc.grade(problem, path)
    assert book["s1"].name == "王小明"
    assert book["s1"].score == 1
    assert book["s1"].points == book["s1"].most == len(RIGHT)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_tables_with_every_line_end(tmp_path, problem, line_end):
    path = tmp_path / "a.csv"
    text = "\n".join(table(("s1", "Ada", *RIGHT), ("s2", "Bo", *wrong(0))).splitlines())
    path.write_bytes(text.replace("\n", line_end).encode())
    book = rnncalc.grade(problem, path)
    assert [row.verdict for row in book.rows] == ["right", "wrong"]
    path.write_bytes(text.replace("Bo,", "B\ro,").encode() + b"\n")
    (row,) = rnncalc.grade(problem, path).rows
    assert row.verdict == "unreadable"
    assert "line 3 of the table is broken" in row.remark


def test_two_columns_of_one_number_are_told(tmp_path, problem):
    path = tmp_path / "a.csv"
    path.write_text(table(("s1", "Ada", *RIGHT, "9"), header=("id", "name", *HEADER, HEADER[-1])))
    book = rnncalc.grade(problem, path)
    assert book["s1"].verdict == "wrong"
    assert any("more than one column is" in note and "the last one counts" in note for note in book.notes)


def test_marks_of_a_class(problem, answers):
    book = rnncalc.grade(problem, answers)
    assert [row.id for row in book.rows] == ["s1", "s2", "s3", "s4"]
    assert [row.verdict for row in book.rows] == ["right", "wrong", "unreadable", "unreadable"]
    assert [row.empty for row in book.rows] == [False, False, True, False]
    assert book["s3"].score == 0
    assert book["s3"].remark == "nothing is answered"
    assert book["s1"].score == 1
    assert 0 < book["s2"].score < 1
    assert book["s3"].score == 0
    assert book["s4"].points == len(RIGHT) - 1
    assert book["s2"].first_wrong == "h_1[1]"
    assert len(book) == 4


def test_columns_are_renamed_pass_through_and_may_miss(tmp_path, problem):
    path = tmp_path / "a.csv"
    header = ("Nr", "Wer", "Gruppe = 1", "Frage 1", *HEADER[1:])
    path.write_text(table(("7", "Ada", "B", *RIGHT), header=header), encoding="utf-8")
    book = rnncalc.grade(problem, path, columns={"Frage 1": HEADER[0], "Nr": "id", "Wer": "name"})
    assert book["7"].score == 1
    assert book["7"].submission.extra == {"Gruppe = 1": "B"}
    assert "Gruppe" in book.notes[0]
    assert graded(book.text("csv"))["7"]["Gruppe = 1"] == "B"
    without = rnncalc.grade(problem, path, columns={"Nr": "id"})["7"]
    assert without.points == len(RIGHT) - 1
    with pytest.raises(KeyError):
        book["8"]
    with pytest.raises(RnncalcError, match="Frage 9"):
        rnncalc.grade(problem, path, columns={"Frage 9": "h[1][1]"})


def test_a_row_with_a_cell_too_many_is_not_marked_by_shifted_cells(tmp_path, problem):
    """A decimal comma makes two cells of one: whose they are is not guessed, and everybody else has their marks."""
    for place in range(len(RIGHT)):
        path = tmp_path / "a.csv"
        shifted = table(("s1", "甲", *RIGHT), ("s2", "乙", *wrong(place, text="0,8617")), ("s3", "丙", *RIGHT))
        path.write_text(shifted.replace('"', ""), encoding="utf-8")
        book = rnncalc.grade(problem, path)
        assert [book[who].score for who in ("s1", "s3")] == [1, 1]
        row = graded(book.text("csv"))["s2"]
        assert (row["verdict"], book["s2"].score) == ("unreadable", 0)
        assert "line 3: more cells than the header has" in book.text("csv")
        path.write_text(table(("s1", "甲", *RIGHT, "", "")), encoding="utf-8")  # what a spreadsheet leaves behind
        assert rnncalc.grade(problem, path)["s1"].score == 1


def test_without_points_every_number_that_a_table_asks_for_counts_one(tmp_path):
    path = tmp_path / "a.csv"
    keys = {key: value for key, value in MADE.keys.items() if key != "points"}
    header = ("id", HEADER[2], HEADER[3])
    rows = [("s1", RIGHT[2], RIGHT[3]), ("s2", RIGHT[2], "0.5555"), ("s3", RIGHT[2], "")]
    path.write_text(table(*rows, header=header), encoding="utf-8")
    book = rnncalc.grade(keys, path)
    assert [(row.points, row.most, row.score) for row in book.rows] == [(2, 2, 1), (1, 2, 0.5), (1, 2, 0.5)]


def rounded(value):
    return [rounded(part) for part in value] if isinstance(value, list) else f"{value:.4f}"


@pytest.mark.parametrize("carry", ["0", "0.5", "1"])
def test_the_problem_file_says_what_a_number_and_a_carried_error_are_worth(carry):
    """Everything after the first step follows from a state that is wrong."""
    keys = {**MADE.keys, "points": {"h": 12, "y": 3}, "carry": carry}
    slipped = [[0.5, 0.25]]
    later = rnncalc.problem(**{**MADE.keys, "h0": slipped[0], "x": MADE.keys["x"][1:]}).forward()
    answers = {"h": rounded(slipped + later.h.tolist()), "y": rounded([[0.0], *later.y.tolist()])}
    answers["y"][0] = [None]
    row = rnncalc.grade(keys, [{"id": "s", "answers": answers}])["s"]
    verdicts = [value["verdict"] for value in row.results[""]["values"] if value["answer"] is not None]
    assert sorted(verdicts) == ["carried"] * 6 + ["wrong"] * 2
    assert row.most == 15
    assert row.points == pytest.approx(float(carry) * (12 * 4 / 6 + 3 * 2 / 3))


@pytest.mark.parametrize("keep", ["last", "best"])
def test_duplicates_are_flagged_and_one_counts(tmp_path, problem, keep):
    path = tmp_path / "a.csv"
    path.write_text(table(("s1", "A", *RIGHT), ("s2", "B", *RIGHT), ("s1", "A", *wrong(1, 2))), encoding="utf-8")
    book = rnncalc.grade(problem, path, keep=keep)
    assert [row.id for row in book.rows] == ["s1", "s2"]
    assert (book["s1"].score == 1) == (keep == "best")
    assert "2" in book["s1"].remark
    assert graded(book.text("csv"))["s1"]["submissions"] == "2"
    assert book["s2"].remark == ""


def test_files_of_answers(tmp_path, problem):
    folder = tmp_path / "in"
    (folder / "late").mkdir(parents=True)
    whole = {**MADE.keys, "answers": MADE.solution()}
    texts = {
        "form.json": json.dumps({"id": "a", "name": "A", "answers": MADE.solution()}),
        "bare.json": json.dumps(MADE.solution()),
        "whole.json": json.dumps(whole),
        "lines.txt": "\n".join(f"{name} = {json.dumps(value)}" for name, value in MADE.solution().items()),
        "late/b.json": json.dumps({"answers": {"h": MADE.solution()["h"]}}),
        ".hidden": "",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    book = rnncalc.grade(problem, folder)
    assert {row.id: row.verdict for row in book.rows} == {
        "a": "right", "bare": "right", "whole": "right", "lines": "right", "late/b": "right",
    }  # fmt: skip
    assert book["late/b"].score == pytest.approx(6 / 9)
    assert book["a"].score == 1


def test_answers_from_a_program(problem):
    book = rnncalc.grade(MADE.keys, [{"id": "x", "answers": MADE.solution()}, {"h": np.array(MADE.solution()["h"])}])
    assert [row.id for row in book.rows] == ["x", "2"]
    assert [row.verdict for row in book.rows] == ["right", "right"]


def test_a_sheet_of_several_problems(tmp_path):
    other = make(Wish("gru", units=1, inputs=1, steps=2, seed=3, ask=("h", "y")))
    path, answers = tmp_path / "sheet.json", tmp_path / "a.csv"
    path.write_text(json.dumps({"title": "sheet 3", "problems": {"Q1": MADE.keys, "Q2": other.keys}}), encoding="utf-8")
    theirs = [f"{value:.4f}" for array in other.asked.values() for value in array.ravel()]
    header = ("id", *(f"Q1.{name}" for name in HEADER), "Q2.h[1]", "q2.h[2][1]", "Q2.y[1]", "Q2.y[2]", "Q9.h[1]")
    rows = [("s1", *RIGHT, *theirs, "1"), ("s2", *wrong(0), *theirs[:3], "0.1", ""), ("s3", *RIGHT, "", "", "", "", "")]
    answers.write_text(table(*rows, header=header), encoding="utf-8")
    one = tmp_path / "s4.json"
    one.write_text(json.dumps({"problems": {"Q1": {"answers": MADE.solution()}, "Q2": other.solution()}}))
    strange = tmp_path / "s5.json"
    strange.write_text(json.dumps({"answers": {"Q3": {"h": [1]}}}))
    book = rnncalc.grade(path, [answers, one, strange])
    assert [row.points for row in book.rows] == [13, 11, 9, 13, 0]
    assert book["s2"].first_wrong == "Q1.h_1[1]"
    assert book["s1"].submission.extra == {"Q9.h[1]": "1"}
    marks = graded(book.text("csv"))
    assert (marks["s2"]["Q1"], marks["s2"]["Q2"], marks["s2"]["Q2.y"]) == ("8", "3", "1")
    assert marks["s3"]["verdict"] == "wrong"
    assert "Q3" in marks["s5"]["remark"]


def test_each_has_their_own_problem(tmp_path):
    variants = {person: make(Wish("elman", person=person)) for person in ("s1", "s2")}
    path = tmp_path / "variants.json"
    path.write_text(json.dumps({"variants": {person: made.keys for person, made in variants.items()}}))
    handed_in = [{"id": person, "answers": variants["s1"].solution()} for person in ("s1", "s2", "s3")]
    book = rnncalc.grade(path, handed_in)
    assert book["s1"].score == 1
    assert book["s2"].score < 0.5
    assert book["s3"].verdict == "unreadable"


def test_what_is_wrong_with_the_problem_is_said_before_anybody_is_graded(tmp_path, answers):
    path = tmp_path / "problem.json"
    path.write_text(json.dumps({**MADE.keys, "U": [[1]]}))
    with pytest.raises(RnncalcError, match="U"):
        rnncalc.grade(path, answers)
    done = run("grade", str(path), str(answers))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for bad in ({"problems": {}}, {"problems": {"Q1": 3}}, {"variants": []}):
        with pytest.raises(RnncalcError):
            rnncalc.grade(bad, answers)
    with pytest.raises(RnncalcError, match="keep"):
        rnncalc.grade(MADE.keys, answers, keep="first")


# ------------------------------------------------------------------------------------------------------------ formats


def test_the_gradebook_adds_up(problem, answers):
    marks = graded(rnncalc.grade(problem, answers).text("csv"))
    for row in marks.values():
        assert float(row["h"]) + float(row["y"]) == pytest.approx(float(row["points"]))
        assert float(row["score"]) == pytest.approx(float(row["points"]) / float(row["out_of"]))


@pytest.mark.parametrize("feedback", ["none", "marks", "hint", "full"])
@pytest.mark.parametrize("format", formats.FORMATS)
def test_no_computed_value_leaks_before_the_deadline(problem, answers, format, feedback):
    """Nothing that the machine knows and the person does not is in the sheet, in any digits."""
    book = rnncalc.grade(problem, answers)
    book.rows = [book["s2"]]  # who is right knows the values
    text = book.text(format, feedback)
    secret = book["s2"].results[""]["first_wrong"]
    known = [secret["computed"], secret["from_your_values"] or secret["computed"]]
    leaked = [f"{abs(value):.4g}" for value in known if f"{abs(value):.4g}" in text]
    assert not leaked or feedback == "full"
    if feedback == "full" and format in ("json", "gradescope", "junit", "csv"):
        assert leaked
    if feedback == "none":
        assert secret["place"] not in text


def test_a_known_mistake_is_named_and_counted(tmp_path):
    made = make(Wish("elman", units=2, inputs=3, steps=3, seed=5))
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


def test_json_is_strict_and_whole(problem, answers):
    data = json.loads(rnncalc.grade(problem, answers).text("json"), parse_constant=pytest.fail)
    assert [row["id"] for row in data["rows"]] == ["s1", "s2", "s3", "s4"]
    first = data["rows"][1]["questions"]["1"]
    assert first["values"][0]["verdict"] == "wrong"
    assert set(first["first_wrong"]) >= {"name", "step", "index", "answer"}
    assert data["class"]["people"] == 4


def test_gradescope_and_prairielearn(tmp_path, problem, answers):
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
        formats.files(book, "csv")


def test_junit(problem, answers):
    tree = ET.fromstring(rnncalc.grade(problem, answers).text("junit"))
    suites = {suite.get("name"): suite for suite in tree}
    assert suites["s1"].get("failures") == "0"
    assert suites["s2"].get("failures") == "1"
    assert suites["s4"].get("errors") == "1"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1", '"=1', "|x", "%x", "=HYPERLINK(1)"]
)
def test_no_cell_is_a_formula(problem, text):
    assert not cell(text).lstrip(" \"'").startswith(("=", "+", "-", "@")) or cell(text).startswith("'")
    book = rnncalc.grade(problem, [{"id": text, "name": text, "answers": {text: text}}])
    for row in csv.reader(io.StringIO(book.text("csv"))):
        for value in row:
            assert value[:1] not in ("=", "+", "@", "\t", "\r", "＝", "|", "%", "-"), value


@pytest.mark.parametrize("number", ["-0.5", "+3", ".5", "1e-3", "-1E+5", "12"])
def test_numbers_stay_numbers(number):
    assert cell(number) == number


# --------------------------------------------------------------------------------------------------------- strangers

HOSTILE = {
    "binary.json": bytes(range(256)) * 40,
    "nested.json": b"[" * 100_000 + b"]" * 100_000,
    "nested dict.json": b'{"h":' * 50_000 + b"1" + b"}" * 50_000,
    "deep.json": b'{"h": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}",
    "huge.json": b'{"h": [' + b"1," * 2_000_000 + b"1]}",
    "many.json": b'{"h": [' + b"1," * 60_000 + b"1]}",
    "wide.json": json.dumps({f"h{n}": 1 for n in range(60_000)}).encode(),
    "digits.json": b'{"h": ' + b"9" * 1_000_000 + b"}",
    "exponent.json": b'{"h": [["1e999999999", "1"]]}',
    "twice.json": b'{"h": 1, "h": 2}',
    "nul.json": b'{"h": "\0"}',
    "surrogate.json": b'{"id": "\\ud800", "h": "\\udfff"}',
    "empty.json": b"",
    "list.json": b"[1, 2]",
    "words.json": b'{"answers": "all of them"}',
    "constants.json": b'{"h": NaN}',
    "path.json": b'{"id": "../../../etc/passwd", "name": "../../x", "answers": {"h": "@/etc/passwd"}}',
    "code.json": b'{"h": "__import__(\'os\').system(\'touch pwned\')"}',
    "keys.json": b'{"answers": {"__class__": 1, "h": {"__init__": 1}}}',
    "latin.txt": "h = ßß \xff".encode("latin-1"),
    "torn.json": b'{"h": [[0.1, 0.2], [',
    "cells.csv": b"id,h[1][1]\nx," + b"9" * 3_000_000 + b"\n",
    "quote.csv": b'id,h[1][1]\ny,"never closed',
    "no rows.csv": b"",
    "zeros.csv": b"id,h[1][1]\nz\0,\0\n",
}  # fmt: skip


@pytest.mark.parametrize("format", ["csv", "json", "gradescope", "prairielearn", "junit", "plain"])
def test_hostile_submissions_stop_nobody(tmp_path, problem, format):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in HOSTILE.items():
        (folder / name).write_bytes(data)
    (folder / "good.json").write_text(json.dumps(MADE.solution()))
    (folder / "link.json").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.json")
    before = set(tmp_path.iterdir())
    book = rnncalc.grade(problem, folder)
    assert book["good"].score == 1
    assert not [row.id for row in book.rows if row.score and row.id != "good"]
    verdicts = {row.id: row.verdict for row in book.rows}
    assert len(book) == len(HOSTILE) + 2
    assert set(verdicts.values()) <= {"right", "unreadable", "wrong"}
    assert sum(verdict == "unreadable" for verdict in verdicts.values()) >= len(HOSTILE) - 2
    text = book.text(format, "full")
    text.encode("utf-8")
    assert len(text) < 2_000_000
    if format in formats.APART:
        done = run("grade", str(problem), str(folder), "--format", format, "-o", f"{tmp_path}/out/")
        assert done.returncode == 0, done.stderr
        assert set(tmp_path.iterdir()) == before | {tmp_path / "out"}
        assert len(list((tmp_path / "out").iterdir())) == len(book)


NO_ANSWERS = [
    "", "{}", '{"id": "a"}', '{"answers": {}}', '{"answers": null}', '{"h": [[null, ""], ["_"]]}', "# nothing", "[]",
    '{"answers": {"h": {}}}', '{"other": 1}', '{"h": [[[]]]}', '{"h": true}', json.dumps({"answers": MADE.blank()}),
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ANSWERS)
@pytest.mark.parametrize("ending", [".json", ".txt"])
def test_where_there_is_no_answer_there_is_nothing_to_read(tmp_path, problem, text, ending):
    (tmp_path / f"a{ending}").write_text(text)
    (row,) = rnncalc.grade(problem, tmp_path / f"a{ending}").rows
    assert row.id == "a"
    assert (row.verdict, row.score) == ("unreadable", 0)
    assert row.remark


def test_a_question_left_out_is_wrong_beside_one_that_is_right(tmp_path):
    sheet = {"problems": {"Q1": MADE.keys, "Q2": MADE.keys}}
    book = rnncalc.grade(sheet, [{"id": "a", "answers": {"Q1": MADE.solution()}}, {"id": "b", "answers": {"Q2": {}}}])
    assert [(row.verdict, row.score) for row in book.rows] == [("wrong", 0.5), ("unreadable", 0)]


def test_fuzzed_files_are_unreadable_each_in_a_row_of_its_own(capsys):
    told = strangers(400)
    assert told["unreadable"] == told["rows"] >= 400


def test_tables_without_ids_and_without_columns(tmp_path, problem):
    """Row 1 of one table is nobody in another; a table in which no column is asked for says so for everybody."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(table(RIGHT, wrong(0), header=HEADER))
    (folder / "c.csv").write_text("id,h11\ns1,0.5\n")
    (folder / "d.csv").write_text("id,h[1][1]\n")
    book = rnncalc.grade(problem, folder)
    assert [row.id for row in book.rows] == ["a: 1", "a: 2", "b: 1", "b: 2", "s1", "d"]
    assert [row.id for row in rnncalc.grade(problem, folder / "a.csv").rows] == ["1", "2"]
    assert [row.verdict for row in book.rows] == ["right", "wrong"] * 2 + ["unreadable"] * 2
    assert "no column names a number" in book["s1"].remark
    assert "no rows" in book["d"].remark
    assert any("no column names a number" in note for note in book.notes)


def test_spreadsheets_are_pointed_to_csv(tmp_path, problem):
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    (row,) = rnncalc.grade(problem, tmp_path / "a.xlsx").rows
    assert row.verdict == "unreadable"
    assert "save it as CSV" in row.remark
    done = run("grade", str(problem), str(tmp_path / "a.xlsx"), "-o", str(tmp_path / "out.xlsx"))
    assert done.returncode == 2
    assert "--bom" in done.stderr
    assert not (tmp_path / "out.xlsx").exists()


def test_feedback_in_full_is_told_in_what_people_read(problem, answers):
    book = rnncalc.grade(problem, answers)
    for format in ("plain", "markdown", "latex"):
        assert "you have 0.1234, it is" in book.text(format, "full")
        assert "you have" not in book.text(format, "hint")


def test_long_ids_stay_apart(problem):
    book = rnncalc.grade(problem, [{"id": "x" * 300 + end, "answers": MADE.solution()} for end in "ab"])
    assert len(book) == 2
    assert all(len(row.id) <= 200 for row in book.rows)


def test_columns_of_a_stack(tmp_path):
    """Layers and directions by name, in a sheet too; what a column says is what JSON says."""
    rng = np.random.default_rng(2)
    draw = lambda *shape: np.round(rng.normal(size=shape), 2).tolist()  # noqa: E731
    both = {"cell": "lstm", "U": draw(12, 2), "W": draw(12, 3), "b": draw(12)}
    first = {**both, "direction": "both", "backward": {name: both[name] for name in ("U", "W", "b")}}
    last = {"cell": "gru", "U": draw(6, 6), "W": draw(6, 2)}
    keys = {"layers": [first, last], "V": draw(1, 2), "x": draw(3, 2), "targets": draw(3, 1), "loss": "squared_error"}
    asked = rnncalc.problem(**keys).given
    trace = asked.forward()
    h, back = trace.layers[0]["h"], trace.layers[0].backward["h"]
    cells = {
        "layers[1].h[1][6]": h[0, 5], "layers[1].backward.h[3][1]": back[2, 0], "layers[2].h[2][2]": trace["h"][1, 1],
        "h[2][2]": trace["h"][1, 1], "y[3]": trace["y"][2, 0],
    }  # fmt: skip
    texts = [f"{value:.4f}" for value in cells.values()]
    name = tmp_path / "a.csv"
    name.write_text(table(["s", *texts], ["t", texts[0], "9.9", *texts[2:]], header=["id", *cells]))
    book = rnncalc.grade(keys, name)
    assert [(row.verdict, row.score) for row in book.rows] == [("right", 1.0), ("wrong", 0.8)]
    assert book["t"].first_wrong == "layers[1].backward.h_3[1]"
    name.write_text(table(["s", *texts], header=["id", *(f"Q1.{cell}" for cell in cells)]))
    assert rnncalc.grade({"problems": {"Q1": keys}}, name)["s"].score == 1
    for column in ("layers[3].h[1][1]", "layers[1].h[1][7]", "layers[2].backward.h[1][1]", "layers[0].h[1][1]"):
        name.write_text(table(["s", "0.1"], header=["id", column]))
        assert rnncalc.grade(keys, name)["s"].verdict == "unreadable", column


def test_standard_input(problem):
    """A table, or one person's answers."""
    done = run("grade", str(problem), "-", "--format", "csv", stdin=table(["s1", "a", *RIGHT]))
    assert graded(done.stdout)["s1"]["verdict"] == "right"
    for text in (json.dumps(MADE.solution()), json.dumps({"id": "s2", "answers": MADE.solution()})):
        done = run("grade", str(problem), "-", "--format", "csv", stdin=text)
        assert graded(done.stdout)["s2" if "s2" in text else "stdin"]["verdict"] == "right", done.stderr


def test_a_wrong_shape_says_so(problem):
    shape = {"id": "s", "answers": {"h": [["0.1", "0.2", "0.3"]] * 2}}
    book = rnncalc.grade(problem, [shape, {"id": "t", "answers": {**MADE.solution(), **shape["answers"]}}])
    from rnncalc.check import check

    assert book["s"].verdict == check(rnncalc.problem(**MADE.keys).given, shape["answers"]).verdict == "wrong"
    assert book["s"].score == 0
    assert "(3, 2)" in book["s"].remark
    assert book["t"].verdict == "wrong"
    assert book["t"].points == 3
    assert "(3, 2)" in graded(book.text("csv"))["t"]["feedback"]


def test_a_defect_of_ours_costs_nobody_else_their_marks(problem, answers, monkeypatch):
    import rnncalc.check

    honest = rnncalc.check.check

    def broken(problem, given, **options):
        if "0.1234" in json.dumps({name: one.value for name, one in given.items()}):
            raise ZeroDivisionError("ours")
        return honest(problem, given, **options)

    monkeypatch.setattr(rnncalc.check, "check", broken)
    book = rnncalc.grade(problem, answers)
    assert [row.verdict for row in book.rows] == ["right", "unreadable", "unreadable", "unreadable"]
    assert "ZeroDivisionError" in book["s2"].remark


# ------------------------------------------------------------------------------------------------------ who computes


def everybody(number):
    """A class of so many, each with answers of their own."""
    rng = np.random.default_rng(1)
    rows = []
    for n in range(number):
        texts = list(RIGHT)
        for place in rng.integers(0, len(texts), 2):
            texts[place] = f"{rng.random():.4f}"
        rows.append((f"s{n}", f"name {n}", *texts))
    return table(*rows)


@pytest.mark.parametrize("pool", [None, 2, ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same_sheet(tmp_path, problem, pool):
    path = tmp_path / "a.csv"
    path.write_text(everybody(50), encoding="utf-8")
    alone = rnncalc.grade(problem, path, diagnose=False).text("json")
    if pool is None or pool == 2:
        found = rnncalc.grade(problem, path, jobs=pool or 1, diagnose=False)
    else:
        with pool(2) as executor:
            found = rnncalc.grade(problem, path, executor=executor, diagnose=False)
    assert found.text("json") == alone


def test_equal_answers_are_judged_once(tmp_path, problem, monkeypatch):
    calls = []
    honest = judging.judge
    monkeypatch.setattr(judging, "judge", lambda *arguments: calls.append(1) or honest(*arguments))
    path = tmp_path / "a.csv"
    path.write_text(table(*((f"s{n}", "", *RIGHT) for n in range(30))), encoding="utf-8")
    assert len(rnncalc.grade(problem, path, diagnose=False)) == 30
    assert len(calls) == 1


def test_a_process_that_dies_costs_only_its_own_submission(tmp_path, problem, monkeypatch):
    monkeypatch.setattr(judging, "judge", _deadly)
    path = tmp_path / "a.csv"
    path.write_text(table(*((f"s{n}", "", *wrong(n)) for n in range(6)), ("bad", "", *wrong(0, text="0.6666"))))
    with pytest.warns() if sys.version_info >= (3, 12) else _no_warning():
        book = rnncalc.grade(problem, path, jobs=2, diagnose=False)
    assert book["bad"].verdict == "unreadable"
    assert [row.verdict for row in book.rows[:-1]] == ["wrong"] * 6


def _deadly(task, diagnose, honest=judging.judge):
    if "0.6666" in task[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(task, diagnose)


class _no_warning:  # noqa: N801
    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None


def test_interrupted_and_resumed(tmp_path, problem, monkeypatch):
    path, journal = tmp_path / "a.csv", tmp_path / "j"
    path.write_text(everybody(40), encoding="utf-8")
    whole = rnncalc.grade(problem, path, diagnose=False).text("json")

    def stop(done, _total):
        if done == 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rnncalc.grade(problem, path, journal=str(journal), progress=stop, diagnose=False)
    with journal.open("ab") as file:
        file.write(b'{"key": "torn", "resu')
    calls = []
    honest = judging.judge
    monkeypatch.setattr(judging, "judge", lambda *arguments: calls.append(1) or honest(*arguments))
    assert rnncalc.grade(problem, path, journal=str(journal), diagnose=False).text("json") == whole
    assert len(calls) == 25
    assert rnncalc.grade(problem, path, journal=str(journal), diagnose=False).text("json") == whole
    assert len(calls) == 25
    changed = {**MADE.keys, "b": ["0.1", "0.1"]}
    assert rnncalc.grade(changed, path, journal=str(journal), diagnose=False).text("json") != whole


def test_a_journal_takes_up_its_own_lines_and_refuses_any_other_file(tmp_path):
    path, result = tmp_path / "j", {"verdict": "right"}
    with MarksJournal(str(path)) as journal:
        journal.add({"a" * 32: result, "b" * 32: result})
    assert path.stat().st_mode & 0o777 == 0o600
    honest = path.read_bytes()
    for cut in range(len(honest)):  # torn anywhere: by a kill, or on a full disk
        path.write_bytes(honest[:cut])
        with contextlib.ExitStack() as stack:
            if 0 < cut < len(MarksJournal.begins):
                stack.enter_context(pytest.raises(RnncalcError, match="line 1: no result"))
            kept = stack.enter_context(MarksJournal(str(path)))
            assert len(kept.results) == (cut >= len(honest) // 2 - 1) + (cut == len(honest) - 1)
            kept.add({"c" * 32: result})
        if cut == 0 or cut >= len(MarksJournal.begins):
            with MarksJournal(str(path)) as kept:
                assert "c" * 32 in kept.results
            assert all(json.loads(line) for line in path.read_bytes().splitlines())
    table = json.dumps({"key": "s1", "result": {"verdict": 1}}).encode()
    for foreign in (b"id,name\ns1,x\n", b"{", b"[1]\n", b"\0\xff", honest + b"s1,x", honest + b"[1]\n", b"\n", table,
                    b"[" * 50_000 + b"\n", b"s1,x\n" + honest):  # fmt: skip
        path.write_bytes(foreign)
        with pytest.raises(RnncalcError, match="no result of this command"), MarksJournal(str(path)):
            pass
        assert path.read_bytes() == foreign
    path.write_bytes(honest)
    (tmp_path / "link").symlink_to(path)
    with MarksJournal(str(tmp_path / "link")) as kept:
        assert len(kept.results) == 2
    for bad in (tmp_path, tmp_path / "no" / "j", "/dev/null"):
        with pytest.raises(RnncalcError), MarksJournal(str(bad)):
            pass


def test_killed_half_way_and_resumed(tmp_path, problem):
    """A real process, really killed."""
    path, marks, quiet = tmp_path / "a.csv", tmp_path / "marks.csv", tmp_path / "quiet.csv"
    path.write_text(everybody(600), encoding="utf-8")
    command = [sys.executable, "-m", "rnncalc", "grade", str(problem), str(path), "--jobs", "2", "--no-diagnosis", "-o"]
    process = subprocess.Popen([*command, str(marks)], stderr=subprocess.DEVNULL, start_new_session=True)
    journal = tmp_path / "marks.csv.journal"
    while process.poll() is None and (not journal.exists() or journal.stat().st_size < 50_000):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = journal.read_bytes().count(b"\n")
    assert not marks.exists()
    assert 10 < kept < 600
    assert subprocess.run([*command, str(marks)], capture_output=True).returncode == 0
    assert not journal.exists()
    assert subprocess.run([*command, str(quiet)], capture_output=True).returncode == 0
    assert marks.read_bytes() == quiet.read_bytes()
    assert len(graded(marks.read_text(encoding="utf-8"))) == 600


def test_dask(tmp_path, problem):
    """A real cluster of two processes, from Python and from the command line."""
    distributed = pytest.importorskip("distributed")
    path = tmp_path / "a.csv"
    path.write_text(everybody(60), encoding="utf-8")
    alone = rnncalc.grade(problem, path, diagnose=False)
    os.environ["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        with client.get_executor() as executor:
            assert rnncalc.grade(problem, path, executor=executor, diagnose=False).text("json") == alone.text("json")
        marks = tmp_path / "marks.csv"
        done = run(
            "grade",
            str(problem),
            str(path),
            "--scheduler",
            cluster.scheduler_address,
            "--no-diagnosis",
            "-o",
            str(marks),
        )
        assert done.returncode == 0, done.stderr
        assert marks.read_text(encoding="utf-8") == alone.text("csv")


# ------------------------------------------------------------------------------------------------- the command itself


def test_the_command(tmp_path, problem, answers):
    done = run("grade", str(problem), str(answers))
    assert done.returncode == 0, done.stderr
    assert "class report" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["s1", "甲", "9/9", "100%", "right"] in lines
    marks, report = tmp_path / "m.csv", tmp_path / "r.md"
    done = run("grade", str(problem), str(answers), "-o", str(marks), "--report", str(report), "--bom", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert marks.read_bytes().startswith(b"\xef\xbb\xbfid,name,score")
    assert report.read_text(encoding="utf-8").startswith("### class report")
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".csv", ".md"}
    for options in (["--columns", "x"], ["--format", "csv", "--columns", "=h"], ["--scheduler", "tcp://127.0.0.1:1"]):
        done = run("grade", str(problem), str(answers), *options)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    done = run("grade", str(problem), str(tmp_path / "nobody.csv"))
    assert done.returncode == 2
    assert "nobody.csv" in done.stderr


def test_a_bar_where_somebody_looks(tmp_path, problem, answers):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rnncalc", "grade", str(problem), str(answers), "--jobs", "2"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    seen = os.read(ours, 100_000).decode()
    assert done.returncode == 0
    assert "grading" in seen
    assert "4/4" in seen or "3/3" in seen
    assert "grading" not in done.stdout.decode()


def test_the_class_report(problem, answers):
    book = rnncalc.grade(problem, answers)
    from rnncalc.classroom.grading.class_report import figures

    told = figures(book)
    assert told["people"] == 4
    assert sum(band["people"] for band in told["distribution"]) == 4
    assert told["quantities"][0]["name"] == "h"
    assert told["quantities"][0]["first_slips"] == 1
    assert told["verdicts"] == {"right": 1, "wrong": 1, "unreadable": 2}
    assert told["empty"] == 1
    assert "1 of them without any answer" in book.report()
    text = book.report("markdown")
    assert "| h | 1 |" in text
    for format in ("plain", "latex", "csv", "json", "table"):
        assert book.report(format)
    assert rnncalc.grade(problem, []).report() != ""


def test_columns_of_shapes():
    shapes = {"": read_sheet(MADE.keys).questions[""].shapes}
    from rnncalc.classroom.grading.columns import Column, column

    assert column("h[2][1]", shapes) == Column("", "h", (1, 0))
    assert column(" h [ 2 , 1 ] ", shapes) == column("h(2)(1)", shapes) == Column("", "h", (1, 0))
    assert column("y[3]", shapes) == Column("", "y", (2, 0))
    for header in ("h[4][1]", "h[0][1]", "h[1]", "h", "k[1][1]", "h[1][1][1]", "", "h[", "email", "h[99999999999][1]"):
        assert column(header, shapes) is None, header
