"""Hostile and empty submissions: each has its row, none scores, and nobody else is disturbed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.a_class import MADE
from support.helpers import run
from support.hostile_submissions import strangers

import rnncalc
from rnncalc.check import CheckSession
from rnncalc.classroom.grading.choices import APART
from rnncalc.problems.parse.given import RawValue

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
def test_hostile_submissions_stop_nobody(tmp_path: Path, problem: Path, format: str) -> None:
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
    assert len(book) == len(HOSTILE) + 3
    assert set(verdicts.values()) <= {"right", "unreadable", "wrong"}
    assert sum(verdict == "unreadable" for verdict in verdicts.values()) >= len(HOSTILE) - 2
    text = book.text(format, "full")
    text.encode("utf-8")
    assert len(text) < 2_000_000
    if format in APART:
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
def test_where_there_is_no_answer_there_is_nothing_to_read(
    tmp_path: Path, problem: Path, text: str, ending: str
) -> None:
    (tmp_path / f"a{ending}").write_text(text)
    (row,) = rnncalc.grade(problem, tmp_path / f"a{ending}").rows
    assert row.id == "a"
    assert (row.verdict, row.score) == ("unreadable", 0)
    assert row.remark


def test_fuzzed_files_are_unreadable_each_in_a_row_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    counts = strangers(150)
    assert counts["rows"] >= 150
    assert counts["unreadable"] >= counts["rows"] - 10  # a file may have a number that is wrong


def test_spreadsheets_are_pointed_to_csv(tmp_path: Path, problem: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04")
    (row,) = rnncalc.grade(problem, tmp_path / "a.xlsx").rows
    assert row.verdict == "unreadable"
    assert "save it as CSV" in row.remark
    done = run("grade", str(problem), str(tmp_path / "a.xlsx"), "-o", str(tmp_path / "out.xlsx"))
    assert done.returncode == 2
    assert "--bom" in done.stderr
    assert not (tmp_path / "out.xlsx").exists()


def test_a_defect_of_ours_costs_nobody_else_their_marks(
    problem: Path, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = CheckSession.check

    def broken(session: CheckSession, given: dict[str, RawValue], **options: Any) -> Any:
        if "0.1234" in json.dumps({name: answer.value for name, answer in given.items()}):
            raise ZeroDivisionError("ours")
        return honest(session, given, **options)

    monkeypatch.setattr(CheckSession, "check", broken)
    book = rnncalc.grade(problem, answers)
    assert [row.verdict for row in book.rows] == ["right", "unreadable", "unreadable", "unreadable"]
    assert "ZeroDivisionError" in book["s2"].remark
