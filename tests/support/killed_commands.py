"""Gradings and sweeps in sessions of their own: killed at random moments, begun again, with nobody left behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

RNNCALC = [sys.executable, "-m", "rnncalc"]
BOUND = 5.0  # seconds within which no process may be left


def of_session(session: int) -> list[int]:
    """The processes of a session, without those that are dead and only not yet waited for."""
    processes = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended as we looked
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            processes.append(int(path.parent.name))
    return processes


def nobody_left(session: int, seconds: float = BOUND) -> bool:
    """Whether all processes of a session end in time."""
    until = time.monotonic() + seconds
    while of_session(session):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def end(session: int) -> list[int]:
    """End what is left of a session; the processes that were."""
    left = of_session(session)
    os.killpg(session, signal.SIGKILL)
    return left


def begun(folder: Path, words: Sequence[str]) -> subprocess.Popen[str]:
    """A command in a session of its own, that hears Ctrl-C."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(
        [*RNNCALC, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def until_it_computes(process: subprocess.Popen[str], kept: Path, before: int | None, workers: int = 2) -> bool:
    """Until there are processes beside it and, where asked, the file of results grows; or it ends."""
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        grown = before is None or (kept.exists() and kept.stat().st_size > before)
        if grown and len(of_session(process.pid)) > workers:
            return True
        time.sleep(0.005)
    return False


def a_class(folder: Path, people: int) -> tuple[str, ...]:
    """What `grade` needs; as many different answers as people."""
    keys = {"U": [[0.5, -0.2]], "W": [[0.25]], "b": [0.1], "x": [[k / 10, 1 - k / 7] for k in range(8)]}
    (folder / "problem.json").write_text(json.dumps(keys))
    rng = random.Random(1)
    header = ",".join(f"h[{k}][1]" for k in range(1, 9))
    rows = [",".join([f"s{n}", *(f"{rng.random():.4f}" for _k in range(8))]) for n in range(people)]
    (folder / "answers.csv").write_text("\n".join([f"id,{header}", *rows]))
    return ("grade", "problem.json", "answers.csv", "--no-diagnosis", "--jobs", "2", "--format", "csv", "-o")


def a_space(folder: Path, trials: int, epochs: int) -> tuple[str, ...]:
    """What `sweep` needs."""
    (folder / "d.csv").write_text("x,y\n" + "\n".join(f"{k % 7},{k % 5 - k % 3}" for k in range(60)))
    (folder / "space.json").write_text(json.dumps({"lr": [0.001 * (k + 1) for k in range(trials)]}))
    options = {"data": "d.csv", "target": "y", "window": 6, "batch": 2, "hidden": 2, "epochs": epochs, "val": 0.2}
    (folder / "c.json").write_text(json.dumps({**options, "engine": "equations", "dtype": "float64"}))
    return ("sweep", "--space", "space.json", "--config", "c.json", "--jobs", "2", "--format", "json", "-o")


def killed_and_resumed(
    folder: Path, words: Sequence[str], names: tuple[str, str, str], times: int, seed: int = 0
) -> Any:
    """A command, killed by SIGKILL at random moments and begun again each time; beside it an undisturbed one.

    names: of the output of either, and of what is kept on the way of the killed one. Returns what either wrote, and how
    many results had been kept at each kill. Raises AssertionError where a process is left after BOUND seconds.
    """
    chance, (whole, output, journal) = random.Random(seed), names
    kept: list[int] = []
    done = subprocess.run([*RNNCALC, *words, whole], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    while True:
        file = folder / journal
        before = file.stat().st_size if file.exists() else 0
        process = begun(folder, (*words, output))
        early = len(kept) < times and chance.random() < 0.3  # before there is any result
        if len(kept) < times and until_it_computes(process, file, None if early else before):
            time.sleep(chance.uniform(0, 0.3))
            os.kill(process.pid, signal.SIGKILL)
            assert nobody_left(process.pid), end(process.pid)
        out, err = process.communicate(timeout=300)
        if process.returncode == -signal.SIGKILL:
            kept.append(file.read_bytes().count(b"\n") if file.exists() else 0)
            continue
        assert process.returncode == 0, err
        if len(kept) >= times:
            return (done.stdout, folder / whole), (out, folder / output), kept
        for path in (folder / output, file):  # it was faster than chance: once more from the beginning
            path.unlink(missing_ok=True)


def grade_killed(folder: Path, times: int, people: int = 400, seed: int = 0) -> tuple[bytes, bytes, list[int]]:
    """The mark sheets of both."""
    words = a_class(folder, people)
    names = ("whole.csv", "marks.csv", "marks.csv.journal")
    (_out, whole), (_out, marks), kept = killed_and_resumed(folder, words, names, times, seed)
    return whole.read_bytes(), marks.read_bytes(), kept


def sweep_killed(folder: Path, times: int, trials: int = 8, epochs: int = 20, seed: int = 0) -> Any:
    """The results of both."""
    names = ("whole.jsonl", "killed.jsonl", "killed.jsonl")
    words = a_space(folder, trials, epochs)
    (whole, _file), (killed, _file), kept = killed_and_resumed(folder, words, names, times, seed)
    return whole, killed, kept
