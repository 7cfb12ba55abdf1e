"""Word documents from the command line: every command that shows a document writes one, none shows it on a terminal."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.helpers import EXAMPLES, run

PROBLEM = str(EXAMPLES / "relu-worksheet.json")
COMMANDS = [
    ("forward", PROBLEM, "--work"),
    ("backward", "--U", "1", "--W", "1", "--x", "1", "--dy", "1", "--lang", "zh"),
    ("check", PROBLEM, "--h", "1"),
    ("new", "gru", "--solution"),
    ("explain", "gru"),
    ("explain",),
]


def is_document(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return "word/document.xml" in file.namelist()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_file_by_its_ending_and_by_its_format(tmp_path: Path, command: tuple[str, ...]) -> None:
    by_ending, by_format = tmp_path / "a.docx", tmp_path / "b.any"
    codes = {run(*command, "-o", str(by_ending)).returncode}
    codes.add(run(*command, "--format", "docx", "-o", str(by_format)).returncode)
    assert codes <= {0, 1}
    assert by_ending.read_bytes() == by_format.read_bytes()
    assert is_document(by_ending.read_bytes())


def test_marks_and_class_report(tmp_path: Path) -> None:
    problem = tmp_path / "p.json"
    problem.write_text('{"U": 1, "W": 1, "x": 1, "answers": {"h": ["0.76"]}}')
    marks, report = tmp_path / "marks.docx", tmp_path / "class.docx"
    done = run("grade", str(problem), str(problem), "-o", str(marks), "--report", str(report))
    assert done.returncode == 0, done.stderr
    assert is_document(marks.read_bytes())
    assert is_document(report.read_bytes())


def test_a_pipe_takes_it_and_a_terminal_does_not() -> None:
    command = [sys.executable, "-m", "rnncalc", "explain", "elman", "--format", "docx"]
    assert is_document(subprocess.run(command, capture_output=True, check=True).stdout)
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"docx is no text: write it to a file, -o FILE.docx" in done.stderr
