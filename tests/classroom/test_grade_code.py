"""Grading code: hostile submissions are ended and said, the others graded; nothing is run that is not trusted.

Longer than other files: what a submission must not do, and what is left of it, need the same prepared folder.
"""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import command
from support.helpers import python
from support.hostile_code import HOSTILE, SIGNATURE, code

from rnncalc.classroom.code import run
from rnncalc.classroom.code.handed_in import read
from rnncalc.classroom.code.limits import Limits
from rnncalc.classroom.code.pool import Pool
from rnncalc.classroom.code.run import grade_code
from rnncalc.classroom.grading.choices import FEEDBACK, FORMATS
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.errors import RnncalcError

LIMITS = Limits(seconds=2.0, memory=256 << 20)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only there all limits are known")


@pytest.fixture(scope="module")
def signature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signature") / "homework.json"
    path.write_text(json.dumps(SIGNATURE), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handed_in")
    for name, (text, *_rest) in HOSTILE.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def book(signature: Path, handed_in: Path) -> Gradebook:
    with pytest.MonkeyPatch.context() as patch:
        if os.access("/dev/shm", os.W_OK):
            patch.setattr(tempfile, "tempdir", "/dev/shm")  # where thousands of folders are removed at once
        return grade_code(signature, handed_in, trust=True, jobs=2, limits=LIMITS)


@linux
@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_handed_in_is_ended_and_said(name: str, book: Gradebook) -> None:
    _text, verdict, points, words = HOSTILE[name]
    row = book[name]
    said = " ".join([row.remark, *(part for result in row.results.values() for part in result.remarks)])
    assert (row.verdict, row.points, row.most) == (verdict, points, 5), said
    assert words in said
    assert len(said) < 2000
    assert said.isprintable()


@linux
def test_a_mistake_is_named_with_its_line(book: Gradebook) -> None:
    result = book["mistaken"].results["rnn_step_forward"]
    assert result.mistakes
    assert result.first_wrong is not None


@linux
def test_nothing_of_a_submission_is_left(signature: Path, tmp_path: Path) -> None:
    """Whatever left its parent, session and environment; holds our pipes, hears no signal, has stopped itself."""
    word = f"{os.getpid()}.25"
    escapes = f"""
import signal, time
began = os.getpid()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        os.kill(os.getpid(), STOPPED)
        os.execve("/bin/sleep", ["sleep", "{word}"], {{}})
    os._exit(0)
os.wait()
time.sleep(0.1)
"""
    for name, text, verdict in (
        ("escapes", escapes.replace("STOPPED", "0"), "right"),
        ("stopped", escapes.replace("STOPPED", "signal.SIGSTOP"), "right"),
        ("kills", escapes.replace("STOPPED", "0") + "\nos.kill(os.getppid(), 9)", "failed"),
    ):
        (tmp_path / f"{name}.py").write_text(code(forward=text), encoding="utf-8")
        book = grade_code(signature, [tmp_path / f"{name}.py"], trust=True, limits=LIMITS)
        assert book[name].verdict == verdict
        assert word not in processes()


@linux
def test_no_system_call_leaves_the_session() -> None:
    """In a process of its own, for it stays so."""
    program = """
import os, subprocess, sys
from rnncalc.classroom.code.session import stay_in_session
os.setsid()
print(stay_in_session())
words = "import os; os.setsid(); os.setpgid(0, 0); print(os.getsid(0), os.getpgid(0))"
done = subprocess.run([sys.executable, "-c", words], start_new_session=True, capture_output=True, text=True)
print(done.stdout == f"{os.getpid()} {os.getpid()}\\n")
"""
    assert python(program).split() == ["True", "True"]


@linux
def test_the_processes_of_a_user_are_limited() -> None:
    """Root's are not, so the program becomes nobody."""
    program = """
import codecs, os, resource, signal
from rnncalc.classroom.code import limits
limits.BOMB, _read = 40, codecs.lookup("ascii")  # while its files can be read
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
limits.impose(limits.Limits())
pids = []
try:
    while len(pids) < 200:
        if (pid := os.fork()) == 0:
            signal.pause()
        pids.append(pid)
except BlockingIOError:
    print(10 < len(pids) <= 40)
for pid in pids:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""
    assert python(program).split() == ["True"]


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_killed_leaves_nothing(number: signal.Signals, signature: Path, tmp_path: Path) -> None:
    word, began = f"{os.getpid()}.{number}5", tmp_path / "began"
    waits = f"""
import subprocess, time
subprocess.Popen(["sleep", "{word}"], start_new_session=True)
open({str(began)!r}, "w").close()
time.sleep(600)"""
    (tmp_path / "a.py").write_text(code(forward=waits), encoding="utf-8")
    command = [sys.executable, "-m", "rnncalc", "grade", "--code", str(signature), "--trust", "--time", "900"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([*command, str(tmp_path / "a.py")], env=environment, stderr=subprocess.DEVNULL) as process:
        waited(began.exists)
        waited(lambda: word in processes())
        process.send_signal(number)
        process.wait(60)
    waited(lambda: word not in processes())
    waited(lambda: not list(tmp_path.glob("rnncalc-grade-*")))


def waited(true: Callable[[], bool]) -> None:
    """Until something is true."""
    while not true():
        time.sleep(0.05)


def processes() -> str:
    """The command lines of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(lines)


def test_nothing_is_run_without_trust(signature: Path, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')", encoding="utf-8")
    with pytest.raises(RnncalcError, match="--trust"):
        grade_code(signature, tmp_path)
    done = command("grade", "--code", str(signature), str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "--trust" in done.err
    assert not (tmp_path / "ran").exists()


def test_the_command_writes_every_format(signature: Path, handed_in: Path, tmp_path: Path) -> None:
    names = [str(handed_in / f"{name}.py") for name in ("right", "mistaken", "half", "no python")]
    options = ["grade", "--code", str(signature), "--trust", *names, "--journal"]
    done = command(*options, str(tmp_path / "1"), "--format", "csv")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert [rows[name]["points"] for name in ("right", "mistaken", "half", "no python")] == ["5", "3", "2", "0"]
    assert rows["mistaken"]["rnn_step_backward"] == "3"
    assert "rnncalc explain" in rows["mistaken"]["feedback"]
    assert rows["no python"]["feedback"].count("no Python") == 1
    data = command(*options, str(tmp_path / "1"), "--format", "json").data
    assert data["class"]["people"] == 4
    assert {part["name"]: part["answers"] for part in data["class"]["quantities"]} == {
        "rnn_step_forward": 3, "rnn_step_backward": 2,
    }  # fmt: skip
    assert data["class"]["mistakes"]


@linux
@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("format_", FORMATS)
def test_formats_at_every_level(format_: str, feedback: str, book: Gradebook) -> None:
    text = book.text(format_, feedback)
    assert "bottomless" in text
    computed = book["mistaken"].results["rnn_step_forward"].first_wrong
    assert computed is not None
    assert (f"{computed['computed']:.6g}" in text) <= (feedback == "full")
    if format_ == "csv":
        assert ("rnncalc explain" in text) == (feedback in ("hint", "full"))


@linux
def test_gradescope_says_of_each_function_what_is_wrong_with_it(book: Gradebook) -> None:
    person = json.loads(book.text("gradescope"))["mistaken"]
    forward, backward = person["tests"]
    assert (forward["status"], backward["status"]) == ("failed", "passed")
    assert "rnncalc explain" in forward["output"]
    assert "output" not in backward
    assert person["output"] == ""
    stopped = json.loads(book.text("gradescope", "marks"))["loop"]["tests"]
    assert [("stopped after" in test.get("output", "")) for test in stopped] == [False, True]


def test_what_is_kept_is_not_run_again(
    signature: Path, handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, names = str(tmp_path / "journal"), [handed_in / "right.py", handed_in / "half.py"]
    first = grade_code(signature, names, trust=True, journal=journal, limits=LIMITS)

    class NoPool(Pool):
        def judged(self, tasks):  # type: ignore[no-untyped-def]
            assert not tasks
            return iter(())

    monkeypatch.setattr(run, "Pool", NoPool)
    assert grade_code(signature, names, trust=True, journal=journal, limits=LIMITS).text("json") == first.text("json")


def test_a_folder_is_one_persons(tmp_path: Path, signature: Path) -> None:
    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    write("ada/report.txt", "…")
    write("ada/src/helper.py", "import numpy as np\ndef nothing():\n    return 0")
    write("ada/src/hand_in.py", code(forward="from helper import nothing; nothing()"))
    write("bob/one.py", code())
    write("bob/two.py", code())
    write("cai/notes.txt", "…")
    write("dee.py", code())
    write("eve.txt", code())
    write(".hidden.py", code())
    codes, _notes = read([tmp_path], ["rnn_step_forward", "rnn_step_backward"])
    by_person = {each.submission.id: each for each in codes}
    assert sorted(by_person) == ["ada", "bob", "cai", "dee", "eve"]
    assert by_person["ada"].main == str(Path("src", "hand_in.py"))
    assert "several files" in by_person["bob"].submission.trouble
    assert "no Python file" in by_person["cai"].submission.trouble
    assert "no Python file" in by_person["eve"].submission.trouble
    book = grade_code(signature, tmp_path, trust=True, limits=LIMITS)
    assert {row.id: row.points for row in book.rows} == {"ada": 5, "bob": 0, "cai": 0, "dee": 5, "eve": 0}


def test_some_functions_of_a_signature(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(code(), encoding="utf-8")
    book = grade_code("cs231n:rnn_step_forward", tmp_path, trust=True, limits=LIMITS)
    assert (book["a"].points, book["a"].most) == (1, 1)
    with pytest.raises(RnncalcError, match="rnn_step_forward"):
        grade_code("cs231n:rnn_forwards", tmp_path, trust=True)


@pytest.mark.parametrize(
    "options", [["--precision", "decimals=2"], ["--columns", "a=b"], ["--no-diagnosis"], ["--encoding", "utf-8"]]
)
def test_options_of_numbers_are_refused(options: list[str], signature: Path, tmp_path: Path) -> None:
    done = command("grade", "--code", str(signature), "--trust", str(tmp_path), *options)
    assert done.code == 2
    assert options[0] in done.err


def test_where_nothing_can_be_forked(tmp_path: Path, signature: Path) -> None:
    """In a process of its own, for it ends everything below itself."""
    texts = {name: HOSTILE[name][0] for name in ("right", "null")}
    program = f"""
from rnncalc.classroom.code import worker
from rnncalc.classroom.code.child import Setup
from rnncalc.classroom.code.limits import Limits
from rnncalc.classroom.code.pool import Pool
worker._nobody_waits = lambda: False
setup = Setup({str(signature)!r}, Limits(seconds=20.0, functions=2))
for name, text in {texts!r}.items():
    results = worker.judge({{"a.py": text}}, "a.py", ["rnn_step_forward", "rnn_step_backward"], setup, None)
    print(name, *(result.verdict for result in results.values()))
"""
    assert python(program).splitlines() == ["right right right", "null right failed"]
