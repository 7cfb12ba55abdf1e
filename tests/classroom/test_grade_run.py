"""The run and its command: any executor, killed and resumed, a cluster, options and progress."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from support.a_class import MADE, RIGHT, graded, table, wrong
from support.helpers import run

import rnncalc
from rnncalc.classroom.grading import judging
from rnncalc.classroom.grading.journal import MarksJournal
from rnncalc.errors import RnncalcError


def everybody(number: int) -> str:
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
def test_any_executor_gives_the_same_sheet(
    tmp_path: Path, problem: Path, pool: Literal[2] | Callable[[int], Executor] | None
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(everybody(50), encoding="utf-8")
    alone = rnncalc.grade(problem, path, diagnose=False).text("json")
    if pool is None or pool == 2:
        book = rnncalc.grade(problem, path, jobs=pool or 1, diagnose=False)
    else:
        with pool(2) as executor:
            book = rnncalc.grade(problem, path, executor=executor, diagnose=False)
    assert book.text("json") == alone


def test_equal_answers_are_judged_once(tmp_path: Path, problem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    honest = judging.judge

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return honest(*arguments)

    monkeypatch.setattr(judging, "judge", counted)
    path = tmp_path / "a.csv"
    path.write_text(table(*((f"s{n}", "", *RIGHT) for n in range(30))), encoding="utf-8")
    assert len(rnncalc.grade(problem, path, diagnose=False)) == 30
    assert len(calls) == 1


def test_a_process_that_dies_costs_only_its_own_submission(
    tmp_path: Path, problem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "judge", _deadly)
    path = tmp_path / "a.csv"
    path.write_text(table(*((f"s{n}", "", *wrong(n)) for n in range(6)), ("bad", "", *wrong(0, text="0.6666"))))
    with pytest.warns() if sys.version_info >= (3, 12) else contextlib.nullcontext():
        book = rnncalc.grade(problem, path, jobs=2, diagnose=False)
    assert book["bad"].verdict == "unreadable"
    assert [row.verdict for row in book.rows[:-1]] == ["wrong"] * 6


def _deadly(task: judging.Task, diagnose: bool, honest: Any = judging.judge) -> Any:
    if "0.6666" in str(task.answers):
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(task, diagnose)


def test_interrupted_and_resumed(tmp_path: Path, problem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, journal = tmp_path / "a.csv", tmp_path / "j"
    path.write_text(everybody(40), encoding="utf-8")
    whole = rnncalc.grade(problem, path, diagnose=False).text("json")

    def stop(done: int, _total: int) -> None:
        if done == 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rnncalc.grade(problem, path, journal=str(journal), progress=stop, diagnose=False)
    with journal.open("ab") as file:
        file.write(b'{"key": "torn", "resu')
    calls = []
    honest = judging.judge

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return honest(*arguments)

    monkeypatch.setattr(judging, "judge", counted)
    assert rnncalc.grade(problem, path, journal=str(journal), diagnose=False).text("json") == whole
    assert len(calls) == 25
    assert rnncalc.grade(problem, path, journal=str(journal), diagnose=False).text("json") == whole
    assert len(calls) == 25
    changed = {**MADE.keys, "b": ["0.1", "0.1"]}
    assert rnncalc.grade(changed, path, journal=str(journal), diagnose=False).text("json") != whole


def test_a_journal_takes_up_its_own_lines_and_refuses_any_other_file(tmp_path: Path) -> None:
    path, result = tmp_path / "j", judging.Result("right")
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


def test_killed_half_way_and_resumed(tmp_path: Path, problem: Path) -> None:
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


def test_dask(tmp_path: Path, problem: Path) -> None:
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


def test_the_command(tmp_path: Path, problem: Path, answers: Path) -> None:
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
    assert report.read_text(encoding="utf-8").startswith("## class report")
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".csv", ".md"}
    for options in (["--columns", "x"], ["--format", "csv", "--columns", "=h"], ["--scheduler", "tcp://127.0.0.1:1"]):
        done = run("grade", str(problem), str(answers), *options)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    done = run("grade", str(problem), str(tmp_path / "nobody.csv"))
    assert done.returncode == 2
    assert "nobody.csv" in done.stderr


def test_a_bar_where_somebody_looks(tmp_path: Path, problem: Path, answers: Path) -> None:
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
