"""What is handed in: tables, columns, files, several problems, and what each number is worth.

Longer than other files: the marks of one class are followed through every way of handing in.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.a_class import HEADER, MADE, RIGHT, graded, rounded, table, wrong
from support.helpers import run

import rnncalc
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading.sheet import sheet as read_sheet
from rnncalc.errors import RnncalcError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_in_every_encoding(tmp_path: Path, problem: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    cells = [value.replace(".", ",") for value in RIGHT] if delimiter == ";" else RIGHT
    path.write_bytes(table(("s1", "王小明", *cells), delimiter=delimiter).encode(encoding))
    book = rnncalc.grade(problem, path)
    assert book["s1"].name == "王小明"
    assert book["s1"].score == 1
    assert book["s1"].points == book["s1"].most == len(RIGHT)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_tables_with_every_line_end(tmp_path: Path, problem: Path, line_end: str) -> None:
    path = tmp_path / "a.csv"
    text = "\n".join(table(("s1", "Ada", *RIGHT), ("s2", "Bo", *wrong(0))).splitlines())
    path.write_bytes(text.replace("\n", line_end).encode())
    book = rnncalc.grade(problem, path)
    assert [row.verdict for row in book.rows] == ["right", "wrong"]
    path.write_bytes(text.replace("Bo,", "B\ro,").encode() + b"\n")
    (row,) = rnncalc.grade(problem, path).rows
    assert row.verdict == "unreadable"
    assert "line 3 of the table is broken" in row.remark


def test_two_columns_of_one_number_are_told(tmp_path: Path, problem: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(table(("s1", "Ada", *RIGHT, "9"), header=("id", "name", *HEADER, HEADER[-1])))
    book = rnncalc.grade(problem, path)
    assert book["s1"].verdict == "wrong"
    assert any("more than one column is" in note and "the last one counts" in note for note in book.notes)


def test_marks_of_a_class(problem: Path, answers: Path) -> None:
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


def test_columns_are_renamed_pass_through_and_may_miss(tmp_path: Path, problem: Path) -> None:
    path = tmp_path / "a.csv"
    header = ("Nr", "Wer", "Gruppe = 1", "Frage 1", *HEADER[1:])
    path.write_text(table(("7", "Ada", "B", *RIGHT), header=header), encoding="utf-8")
    book = rnncalc.grade(problem, path, columns={"Frage 1": HEADER[0], "Nr": "id", "Wer": "name"})
    assert book["7"].score == 1
    assert book["7"].submission.extra == {"Gruppe = 1": "B"}
    assert any("Gruppe" in note for note in book.notes)
    assert graded(book.text("csv"))["7"]["Gruppe = 1"] == "B"
    without = rnncalc.grade(problem, path, columns={"Nr": "id"})["7"]
    assert without.points == len(RIGHT) - 1
    with pytest.raises(KeyError):
        book["8"]
    with pytest.raises(RnncalcError, match="Frage 9"):
        rnncalc.grade(problem, path, columns={"Frage 9": "h[1][1]"})


def test_a_row_with_a_cell_too_many_is_not_marked_by_shifted_cells(tmp_path: Path, problem: Path) -> None:
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


def test_without_points_every_number_that_a_table_asks_for_counts_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    keys = {key: value for key, value in MADE.keys.items() if key != "points"}
    header = ("id", HEADER[2], HEADER[3])
    rows = [("s1", RIGHT[2], RIGHT[3]), ("s2", RIGHT[2], "0.5555"), ("s3", RIGHT[2], "")]
    path.write_text(table(*rows, header=header), encoding="utf-8")
    book = rnncalc.grade(keys, path)
    assert [(row.points, row.most, row.score) for row in book.rows] == [(2, 2, 1), (1, 2, 0.5), (1, 2, 0.5)]


@pytest.mark.parametrize("carry", ["0", "0.5", "1"])
def test_the_problem_file_says_what_a_number_and_a_carried_error_are_worth(carry: str) -> None:
    """Everything after the first step follows from a state that is wrong."""
    keys = {**MADE.keys, "points": {"h": 12, "y": 3}, "carry": carry}
    slipped = [[0.5, 0.25]]
    later = rnncalc.problem(**{**MADE.keys, "h0": slipped[0], "x": MADE.keys["x"][1:]}).forward()
    answers = {"h": rounded(slipped + later.h.tolist()), "y": rounded([[0.0], *later.y.tolist()])}
    answers["y"][0] = [None]
    row = rnncalc.grade(keys, [{"id": "s", "answers": answers}])["s"]
    verdicts = [value["verdict"] for value in row.results[""].values if value["answer"] is not None]
    assert sorted(verdicts) == ["carried"] * 6 + ["wrong"] * 2
    assert row.most == 15
    assert row.points == pytest.approx(float(carry) * (12 * 4 / 6 + 3 * 2 / 3))


@pytest.mark.parametrize("keep", ["last", "best"])
def test_duplicates_are_flagged_and_one_counts(tmp_path: Path, problem: Path, keep: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(table(("s1", "A", *RIGHT), ("s2", "B", *RIGHT), ("s1", "A", *wrong(1, 2))), encoding="utf-8")
    book = rnncalc.grade(problem, path, keep=keep)
    assert [row.id for row in book.rows] == ["s1", "s2"]
    assert (book["s1"].score == 1) == (keep == "best")
    assert "2" in book["s1"].remark
    assert graded(book.text("csv"))["s1"]["submissions"] == "2"
    assert book["s2"].remark == ""


def test_files_of_answers(tmp_path: Path, problem: Path) -> None:
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
        "a": "right", "bare": "right", "whole": "right", "lines": "right", "late/b": "incomplete",
    }  # fmt: skip
    assert book["late/b"].score == pytest.approx(6 / 9)
    assert book["a"].score == 1


def test_answers_from_a_program(problem: Path) -> None:
    book = rnncalc.grade(MADE.keys, [{"id": "x", "answers": MADE.solution()}, {"h": np.array(MADE.solution()["h"])}])
    assert [row.id for row in book.rows] == ["x", "2"]
    assert [row.verdict for row in book.rows] == ["right", "incomplete"]  # the second answers h alone


def test_a_sheet_of_several_problems(tmp_path: Path) -> None:
    other = make(ExerciseSpec("gru", units=1, inputs=1, steps=2, seed=3, ask=("h", "y")))
    path, answers = tmp_path / "sheet.json", tmp_path / "a.csv"
    path.write_text(json.dumps({"title": "sheet 3", "problems": {"Q1": MADE.keys, "Q2": other.keys}}), encoding="utf-8")
    theirs = [f"{value:.4f}" for array in other.quantities.values() for value in array.ravel()]
    header = ("id", *(f"Q1.{name}" for name in HEADER), "Q2.h[1]", "q2.h[2][1]", "Q2.y[1]", "Q2.y[2]", "Q9.h[1]")
    rows = [("s1", *RIGHT, *theirs, "1"), ("s2", *wrong(0), *theirs[:3], "0.1", ""), ("s3", *RIGHT, "", "", "", "", "")]
    answers.write_text(table(*rows, header=header), encoding="utf-8")
    single = tmp_path / "s4.json"
    single.write_text(json.dumps({"problems": {"Q1": {"answers": MADE.solution()}, "Q2": other.solution()}}))
    strange = tmp_path / "s5.json"
    strange.write_text(json.dumps({"answers": {"Q3": {"h": [1]}}}))
    book = rnncalc.grade(path, [answers, single, strange])
    assert [row.points for row in book.rows] == [13, 11, 9, 13, 0]
    assert book["s2"].first_wrong == "Q1.h_1[1]"
    assert book["s1"].submission.extra == {"Q9.h[1]": "1"}
    marks = graded(book.text("csv"))
    assert (marks["s2"]["Q1"], marks["s2"]["Q2"], marks["s2"]["Q2.y"]) == ("8", "3", "1")
    assert marks["s3"]["verdict"] == "incomplete"
    assert "Q3" in marks["s5"]["remark"]


def test_each_has_their_own_problem(tmp_path: Path) -> None:
    variants = {person: make(ExerciseSpec("elman", person=person)) for person in ("s1", "s2")}
    path = tmp_path / "variants.json"
    path.write_text(json.dumps({"variants": {person: made.keys for person, made in variants.items()}}))
    handed_in = [{"id": person, "answers": variants["s1"].solution()} for person in ("s1", "s2", "s3")]
    book = rnncalc.grade(path, handed_in)
    assert book["s1"].score == 1
    assert book["s2"].score < 0.5
    assert book["s3"].verdict == "unreadable"


def test_what_is_wrong_with_the_problem_is_said_before_anybody_is_graded(tmp_path: Path, answers: Path) -> None:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps({**MADE.keys, "U": [[1]]}))
    with pytest.raises(RnncalcError, match="U"):
        rnncalc.grade(path, answers)
    done = run("grade", str(path), str(answers))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    sheets: tuple[dict[str, Any], ...] = ({"problems": {}}, {"problems": {"Q1": 3}}, {"variants": []})
    for bad in sheets:
        with pytest.raises(RnncalcError):
            rnncalc.grade(bad, answers)
    with pytest.raises(RnncalcError, match="keep"):
        rnncalc.grade(MADE.keys, answers, keep="first")


def test_tables_without_ids_and_without_columns(tmp_path: Path, problem: Path) -> None:
    """Row 1 of one table is nobody in another; a table in which no column is asked for says so for everybody."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(table(RIGHT, wrong(0), header=HEADER))
    (folder / "c.csv").write_text("id,h17\ns1,0.5\n")
    (folder / "d.csv").write_text("id,h[1][1]\n")
    book = rnncalc.grade(problem, folder)
    assert [row.id for row in book.rows] == ["a: 1", "a: 2", "b: 1", "b: 2", "s1", "d"]
    assert [row.id for row in rnncalc.grade(problem, folder / "a.csv").rows] == ["1", "2"]
    assert [row.verdict for row in book.rows] == ["right", "wrong"] * 2 + ["unreadable"] * 2
    assert "no column names a number" in book["s1"].remark
    assert "no rows" in book["d"].remark
    assert any("no column names a number" in note for note in book.notes)


def test_long_ids_stay_apart(problem: Path) -> None:
    book = rnncalc.grade(problem, [{"id": "x" * 300 + end, "answers": MADE.solution()} for end in "ab"])
    assert len(book) == 2
    assert all(len(row.id) <= 200 for row in book.rows)


def test_columns_of_a_stack(tmp_path: Path) -> None:
    """Layers and directions by name, in a sheet too; what a column says is what JSON says."""
    rng = np.random.default_rng(2)

    def draw(*shape: int) -> Any:
        return np.round(rng.normal(size=shape), 2).tolist()

    both = {"cell": "lstm", "U": draw(12, 2), "W": draw(12, 3), "b": draw(12)}
    first = {**both, "direction": "both", "backward": {name: both[name] for name in ("U", "W", "b")}}
    last = {"cell": "gru", "U": draw(6, 6), "W": draw(6, 2)}
    keys = {"layers": [first, last], "V": draw(1, 2), "x": draw(3, 2), "targets": draw(3, 1), "loss": "squared_error"}
    stated = rnncalc.problem(**keys).given
    trace = stated.forward()
    assert trace.layers[0].backward is not None
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


def test_columns_of_shapes() -> None:
    questions = read_sheet(MADE.keys).questions
    from rnncalc.check.answers.entry_names import Place
    from rnncalc.classroom.grading.answer_columns import Column, column

    spellings = [
        "h[2][1]",
        " h [ 2 , 1 ] ",
        "h(2)(1)",
        "h_2[1]",
        "h_{2}[1]",
        "h_{2,1}",
        "h_2_1",
        "h₂[1]",
        "h2[1]",
    ]
    spellings += ["Q1: h[2][1]", "Q1. h_2[1]", "3、h_2[1]", "1) h_2[1]", "Frage 1: h_2[1] (4 Stellen)", "State: h_2[1]"]
    spellings += [
        "$h_{2}[1]$",
        "h^{<2>}[1]",
        "h_2[1] =",
        "10234: h_2[1]",
        "h_2[1] (10234)",
        "States [h_2[1]]",
        "H_2[1]",
    ]
    spellings += ["H_2[1]", "h2[1]"]
    for header in spellings:
        assert column(header, questions) == Column("", Place("h", (1, 0))), header
    for header in ("y[3]", "y_3", "y_{3}[1]", "y3", "Q7: y_3"):
        assert column(header, questions) == Column("", Place("y", (2, 0))), header
    for header, index in (("h_2", (1, None)), ("h[2]", (1, None)), ("h", (None, None)), ("Q1: h", (None, None))):
        assert column(header, questions) == Column("", Place("h", index)), header
    wrong = ("h[4][1]", "h[0][1]", "h_0", "k[1][1]", "h[1][1][1]", "", "h[", "email", "h[99999999999][1]", "h17", "Q1")
    for header in (*wrong, "Group: h", "Section: a", "Response 1", "Grade/1.00", "h_1 and h_2"):
        assert column(header, questions) is None, header


def test_standard_input(problem: Path) -> None:
    """A table, or one person's answers."""
    done = run("grade", str(problem), "-", "--format", "csv", stdin=table(["s1", "a", *RIGHT]))
    assert graded(done.stdout)["s1"]["verdict"] == "right"
    for text in (json.dumps(MADE.solution()), json.dumps({"id": "s2", "answers": MADE.solution()})):
        done = run("grade", str(problem), "-", "--format", "csv", stdin=text)
        assert graded(done.stdout)["s2" if "s2" in text else "stdin"]["verdict"] == "right", done.stderr


def test_a_sheet_with_a_question_left_out_is_incomplete(tmp_path: Path) -> None:
    sheet = {"problems": {"Q1": MADE.keys, "Q2": MADE.keys}}
    book = rnncalc.grade(sheet, [{"id": "a", "answers": {"Q1": MADE.solution()}}, {"id": "b", "answers": {"Q2": {}}}])
    assert [(row.verdict, row.score) for row in book.rows] == [("incomplete", 0.5), ("unreadable", 0)]


def test_a_wrong_shape_says_so(problem: Path) -> None:
    shape: dict[str, Any] = {"id": "s", "answers": {"h": [["0.1", "0.2", "0.3"]] * 2}}
    book = rnncalc.grade(problem, [shape, {"id": "t", "answers": {**MADE.solution(), **shape["answers"]}}])
    from rnncalc.check import check

    assert book["s"].verdict == check(rnncalc.problem(**MADE.keys).given, shape["answers"]).verdict == "wrong"
    assert book["s"].score == 0
    assert "(3, 2)" in book["s"].remark
    assert book["t"].verdict == "wrong"
    assert book["t"].points == 3
    assert "(3, 2)" in graded(book.text("csv"))["t"]["feedback"]


def test_all_numbers_of_a_long_problem_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    U, W, x = rng.normal(size=(1, 1)), rng.normal(size=(1, 1)), rng.normal(size=(5_100, 1))
    problem, submission = tmp_path / "problem.json", tmp_path / "ada.json"
    problem.write_text(json.dumps({"cell": "elman", "U": U.tolist(), "W": W.tolist(), "x": x.tolist()}))
    trace = rnncalc.Elman(U=U, W=W).forward(x)
    answers = {name: np.round(trace[name], 3).tolist() for name in ("a", "h")}
    submission.write_text(json.dumps({"id": "ada", "answers": answers}, separators=(",", ":")))
    (row,) = rnncalc.grade(problem, submission).rows
    assert row.score > 0.95, row.remark  # 0.1 for 0.104 has too few digits
