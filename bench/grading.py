"""Grading a class: how many a second, killed and resumed, and what strangers can do to it.

    python bench/grading.py
    python bench/grading.py --people 2000 --json out.json

Every submission is different, if only in its digits: a third are right, a third have one wrong number, a third a
mistake that goes through all of them. The cluster is Dask's, with two processes. Hostile files are fuzzed: each must
have its row, unreadable, or wrong where a number can be read in the cell of an answer; none may score, and nothing may
be written anywhere but in the output; else this exits 1.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from measure import keep

import rnncalc
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.handout import form_csv
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.problems.results import Quantities

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.hostile_submissions import strangers

SPECS = {
    "elman, 9 numbers": ExerciseSpec("elman", units=2, inputs=2, outputs=1, steps=3, seed=7),
    "lstm with gradients, 111 numbers": ExerciseSpec(
        "lstm", units=2, inputs=2, outputs=1, steps=3, seed=7, backward=True
    ),
}


def write_class(folder: Path, spec: ExerciseSpec, people: int) -> tuple[Path, Path]:
    """The problem file, and a table with a row a person."""
    made, rng = make(spec), np.random.default_rng(1)
    right, mistaken = _numbers(made.quantities), []
    for change in ({"b": None}, {"c": None}, {"V": _negated(made.keys["V"])}):
        keys = {name: value for name, value in {**made.keys, **change}.items() if value is not None}
        quantities = Quantities(read(given.of_python(keys), engine="equations"))
        mistaken.append(_numbers({name: quantities[name] for name in made.quantities}))
    problem, table = folder / "problem.json", folder / "answers.csv"
    problem.write_text(json.dumps(made.keys), encoding="utf-8")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(next(csv.reader([form_csv(made)])))
        for number in range(people):
            numbers = mistaken[number % 9 // 3] if number % 3 == 2 else right
            texts = [f"{value:.{decimals}f}" for value, decimals in zip(numbers, rng.integers(4, 7, len(numbers)))]
            if number % 3 == 1:
                texts[int(rng.integers(len(texts)))] = f"{rng.random():.4f}"
            writer.writerow([f"s{number}", f"name {number}", *texts])
    return problem, table


def _numbers(quantities: dict[str, np.ndarray]) -> list[float]:
    return [float(value) for array in quantities.values() for value in np.ravel(array)]


def _negated(rows: list[list[str]]) -> list[list[str]]:
    return [[f"{-float(entry):g}" for entry in row] for row in rows]


def speed(name: str, spec: ExerciseSpec, people: int, diagnose: bool) -> list[dict[str, Any]]:
    """Submissions a second on one and two processes and on a cluster of two, the sheets compared."""
    rows, sheets = [], set()
    name += "" if diagnose else ", no diagnosis"
    with tempfile.TemporaryDirectory() as place:
        problem, table = write_class(Path(place), spec, people)

        def timed(how: str, **options: Any) -> None:
            began = time.perf_counter()
            book = rnncalc.grade(problem, table, diagnose=diagnose, **options)
            seconds = time.perf_counter() - began
            sheets.add(book.text("csv"))
            rows.append({"what": name, "how": how, "people": people, "seconds": seconds, "a_second": people / seconds})
            print(f"{name:48} {how:24} {people / seconds:8.0f} a second", flush=True)

        timed("1 process")
        timed("2 processes", jobs=2)
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            print("no cluster: pip install rnncalc[dask]")
        else:
            options: dict[str, Any] = {"processes": True, "dashboard_address": ":0"}
            with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster, Client(cluster) as client:
                timed("LocalCluster, 2 workers", executor=client.get_executor())
    assert len(sheets) == 1, "the sheets differ"
    return rows


def resumed(people: int) -> dict[str, Any]:
    """Killed half-way by SIGKILL and started again: the gradebook is that of a run that nobody disturbed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        problem, table = write_class(folder, SPECS["elman, 9 numbers"], people)
        command = [
            sys.executable,
            "-m",
            "rnncalc",
            "grade",
            str(problem),
            str(table),
            "--jobs",
            "2",
            "--no-diagnosis",
            "-o",
        ]
        process = subprocess.Popen([*command, str(folder / "a.csv")], start_new_session=True, stderr=subprocess.DEVNULL)
        journal = folder / "a.csv.journal"
        while process.poll() is None and (not journal.exists() or _lines(journal) < people // 2):
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kept = _lines(journal)
        for name in ("a.csv", "b.csv"):
            subprocess.run([*command, str(folder / name)], check=True, stderr=subprocess.DEVNULL)
        same = (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()
    print(f"killed after {kept} of {people}, resumed: {'identical' if same else 'DIFFERENT'}", flush=True)
    assert same
    return {"what": "killed and resumed", "kept": kept, "people": people, "identical": same}


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    parser.add_argument("--people", type=int, default=10_000)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    (small, elman), (large, lstm) = SPECS.items()
    for name, spec, people, diagnose in (
        (small, elman, options.people, False),
        (small, elman, options.people, True),
        (large, lstm, options.people // 10, False),
        (large, lstm, options.people // 10, True),
    ):
        rows += speed(name, spec, people, diagnose)
    rows.append(resumed(options.people))
    rows.append(strangers(options.people))
    keep({"what": "grading", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
