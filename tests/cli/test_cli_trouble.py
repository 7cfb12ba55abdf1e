"""When the world does not play along: closed pipes, full disks, Ctrl-C. No traceback, no half file."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.helpers import EXAMPLES, run

from rnncalc.common.files import write
from rnncalc.errors import RnncalcError
from rnncalc.report.document_formats import FORMATS

RNNCALC = [sys.executable, "-m", "rnncalc"]
needs_shell = pytest.mark.skipif(shutil.which("bash") is None, reason="no shell")
needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
LONG = ("forward", "--U", "1", "--W", "0.5", "--x", " ".join(["1"] * 5_000))


def as_everybody(*arguments: str, redirect: str = "", unbuffered: bool = False) -> subprocess.CompletedProcess:
    """The command in a shell, with Python as everybody has it: output is buffered."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1" if unbuffered else ""}
    command = f"set -o pipefail; {shlex.join([*RNNCALC, *arguments])} {redirect}"
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment)


@needs_shell
@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize(
    ("command", "code"), [(LONG, 0), (("check", *LONG[1:-1], "1 " * 1_500, "--h", "9 " * 1_500), 1)]
)
def test_a_reader_that_goes_away(command: tuple[str, ...], code: int, unbuffered: bool) -> None:
    """The command's own exit code, and not a word."""
    done = as_everybody(*command, redirect="| head -n 1", unbuffered=unbuffered)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (code, "", 1)


@needs_shell
@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize(
    ("redirect", "code", "said"),
    [
        ("<&-", 0, ""),
        (">&-", 2, "Error: standard output: it is closed\n"),
        pytest.param(">/dev/full", 2, "Error: standard output: the disk is full\n", marks=needs_full_disk),
        ("2>&-", 0, ""),
        ("<&- >&- 2>&-", 2, ""),
        ("-o FILE <&- >&- 2>&-", 0, ""),
        ("--b x <&- 2>&-", 2, ""),
        pytest.param("--nonsense 1 2>/dev/full", 2, "", marks=needs_full_disk),
    ],
)
def test_what_is_closed_or_full(tmp_path: Path, redirect: str, code: int, said: str, unbuffered: bool) -> None:
    path = tmp_path / "a.json"
    redirect = redirect.replace("FILE", shlex.quote(str(path)))
    done = as_everybody("forward", "--U", "1", "--W", "0.5", "--x", "1", redirect=redirect, unbuffered=unbuffered)
    assert (done.returncode, done.stderr) == (code, said)
    assert str(path) not in redirect or json.loads(path.read_text())["cell"] == "elman"


@needs_shell
def test_a_closed_standard_input_is_no_problem_to_read() -> None:
    done = as_everybody("forward", "-", redirect="<&-")
    assert (done.returncode, done.stderr) == (2, "Error: cannot read -: it is closed\n")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("key", ["title", "cell", "notes", "b", "\ud800"])
def test_half_a_character_in_what_is_said(tmp_path: Path, key: str, format: str) -> None:
    """From a file, to standard output, standard error and another file."""
    problem = tmp_path / "p.json"
    problem.write_text(json.dumps({"U": 1, "W": 1, "x": 1, key: "half \ud800 \x1b[31m\x9b"}))
    for options in ((), ("-o", str(tmp_path / "out"))):
        done = run("forward", str(problem), "--format", format, *options)
        assert done.returncode == (0 if key in ("title", "notes") else 2), done.stderr
        assert "Traceback" not in done.stderr
        assert "codec" not in done.stderr
        assert done.stderr.replace("\n", "").isprintable()


PLANTED = """
import sys, rnncalc.problems.reader
from rnncalc.cli.main import main
def broken(*_given, **_named): raise {}
rnncalc.problems.reader.read = broken
sys.argv = ["rnncalc", "forward", "--U", "1 2", "--x", "1\\n2"]
main()
"""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("KeyError('y')", 70, "a fault of rnncalc"),
        ("AssertionError", 70, "AssertionError"),
        ("EOFError('early')", 70, "EOFError"),
        ("type('Odd\\x1b[1m', (Exception,), {})('two\\nlines \\ud800')", 70, "two lines"),
        ("MemoryError", 2, "more memory than there is"),
        ("RecursionError('maximum recursion depth exceeded')", 2, "nested too deeply"),
        ("ConnectionResetError(104, 'Connection reset by peer')", 2, "Connection reset by peer"),
    ],
)
def test_whatever_escapes_is_said_in_one_line(error: str, code: int, said: str) -> None:
    for debug in ("", "1"):
        environment = {**os.environ, "RNNCALC_DEBUG": debug, "LC_ALL": "C.UTF-8"}
        command = [sys.executable, "-c", PLANTED.replace("{}", error)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == code
        assert done.stdout == ""
        *traceback, last = done.stderr.splitlines()
        assert (traceback[:1] == ["Traceback (most recent call last):"]) == bool(debug)
        assert debug or not traceback
        assert last.startswith("Error: ")
        assert said in last
        assert (code != 70) or "rnncalc forward --U '1 2' --x '1 2'" in last
        assert last.isprintable()


@needs_full_disk
def test_a_full_disk_behind_an_output_file(tmp_path: Path) -> None:
    done = run(*LONG, "-o", "/dev/full")
    assert done.returncode == 2
    assert "cannot write /dev/full: the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_file_survives_what_goes_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "answer.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "the disk is full")))
    with pytest.raises(RnncalcError, match="the disk is full"):
        write(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["answer.txt"]


def test_a_new_file_has_the_permissions_of_others(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    run("forward", str(EXAMPLES / "relu-worksheet.json"), "-o", str(path))
    (tmp_path / "other").write_text("")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


DOCUMENTS = {".json", ".csv", ".tex", ".md", ".html", ".docx", ".txt"}
WRITERS = {  # command without its -o → endings that it writes
    ("forward", "--U", "1", "--W", "1", "--x", "1"): {*DOCUMENTS, ".svg"},
    ("check", "--U", "1", "--W", "1", "--x", "1", "--h", "0.76"): {*DOCUMENTS, ".svg"},
    ("new", "elman", "--seed", "1"): {*DOCUMENTS, ".xml"},
    ("init", "elman"): DOCUMENTS,
    ("grade", "p.json", "p.json"): {*DOCUMENTS, ".xml"},
    ("grade", "p.json", "p.json", "--report"): DOCUMENTS,
    ("train", "--example", "names", "--epochs", "0"): {".safetensors"},
}


@pytest.mark.parametrize("command", WRITERS, ids=lambda command: " ".join(command[:1] + command[-1:]))
def test_an_ending_says_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """A file under another kind's name is refused; one that was written is named in one line."""
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text('{"U": 1, "W": 1, "x": 1, "answers": {"h": ["0.76"]}}')
    output = () if "--report" in command else ("-o",)
    for ending in (".html", ".svg", ".docx", ".pdf", ".odt", ".csv.gz", ".onnx", ".json", ".TXT", ".safetensors"):
        known = Path(f"a{ending}").suffix.lower() in WRITERS[command]
        done = run(*command, *output, f"a{ending}")
        assert done.returncode == (0 if known else 2), done.stderr
        assert Path(f"a{ending}").exists() == known
        if command[0] != "train":
            said = f"written: a{ending}\n" if known else f"Error: a{ending}: nothing here is written as"
            assert said in done.stderr
            offered = set(re.findall(r"\.\w+", done.stderr.partition("there are ")[2]))  # whatever it offers, it writes
            assert known or offered - {".htm"} == WRITERS[command]
            assert not known or done.stderr.count("\n") == done.stderr.count("note:") + 1
    if command[0] == "forward":
        assert run(*command, "-o", "a.odt", "--format", "csv").stderr == "written: a.odt\n"
        assert run(*command, "-o", "bare").stderr == "written: bare\n"


def test_a_folder_is_no_output_file(tmp_path: Path) -> None:
    done = run("forward", str(EXAMPLES / "relu-worksheet.json"), "-o", str(tmp_path))
    assert done.returncode == 2
    assert "cannot write" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
def test_control_c() -> None:
    x = "0.01 * np.ones((200000, 1))"
    command = [*RNNCALC, "forward", "--U", "1", "--W", "0.5", "--x", f"np.zeros((1, 1)) + {x}", "--engine", "equations"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert error.strip() == "Interrupted."
