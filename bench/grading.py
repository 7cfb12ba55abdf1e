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
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from measure import keep

import rnncalc
from rnncalc.classroom.exercise import Wish, make
from rnncalc.classroom.grading import formats
from rnncalc.classroom.handout import form_csv
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.problems.results import Quantities

WISHES = {
    "elman, 9 numbers": Wish("elman", units=2, inputs=2, outputs=1, steps=3, seed=7),
    "lstm with gradients, 111 numbers": Wish("lstm", units=2, inputs=2, outputs=1, steps=3, seed=7, backward=True),
}


def write_class(folder: Path, wish: Wish, people: int) -> tuple[Path, Path]:
    """The problem file, and a table with a row a person."""
    made, rng = make(wish), np.random.default_rng(1)
    right, mistaken = _numbers(made.asked), []
    for change in ({"b": None}, {"c": None}, {"V": _negated(made.keys["V"])}):
        keys = {name: value for name, value in {**made.keys, **change}.items() if value is not None}
        quantities = Quantities(read(given.of_python(keys), engine="equations"))
        mistaken.append(_numbers({name: quantities[name] for name in made.asked}))
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


def _numbers(asked: dict[str, np.ndarray]) -> list[float]:
    return [float(value) for array in asked.values() for value in np.ravel(array)]


def _negated(rows: list[list[str]]) -> list[list[str]]:
    return [[f"{-float(entry):g}" for entry in row] for row in rows]


def speed(name: str, wish: Wish, people: int, diagnose: bool) -> list[dict[str, Any]]:
    """Submissions a second on one and two processes and on a cluster of two, the sheets compared."""
    rows, sheets = [], set()
    name += "" if diagnose else ", no diagnosis"
    with tempfile.TemporaryDirectory() as place:
        problem, table = write_class(Path(place), wish, people)

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
        problem, table = write_class(folder, WISHES["elman, 9 numbers"], people)
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


# ---------------------------------------------------------------------------------------------------------- strangers


def hostile(rng: random.Random, honest: bytes) -> tuple[str, bytes]:
    """One file of a stranger: its ending and its bytes."""
    kind = rng.randrange(12)
    if kind == 0:
        return ".json", rng.randbytes(rng.randrange(5000))
    if kind == 1:
        depth = 10 ** rng.randrange(1, 6)
        return ".json", b"[" * depth + b"1" + b"]" * rng.choice([depth, 0])
    if kind == 2:  # from a thousand up: a few rows too many are no attack but a wrong shape, and so wrong
        return ".json", b'{"h": [' + b"[1, 2]," * rng.randrange(1000, 60_000) + b"[1, 2]]}"
    if kind == 3:
        return ".json", honest[: rng.randrange(1, len(honest) - 2)]
    if kind == 4:  # a few bytes changed
        data = bytearray(honest)
        for _change in range(rng.randrange(20, 60)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        return rng.choice([".json", ".txt"]), bytes(data)
    if kind == 5:
        who = rng.choice(["../../x", "/etc/passwd", "..\\..\\x", "=1+1", "a\0b", "\ud800", "x" * 10_000, "CON", "."])
        return ".json", json.dumps({"id": f"{who}{rng.random()}", "name": who, "answers": who}).encode()
    if kind == 6:
        value = rng.choice(["@/etc/passwd", "@-", "9" * 100_000, "1e999999", "__import__('os')", "((((", "[" * 3000])
        return ".json", json.dumps({"answers": {"h": value, "y": [value] * 3}}).encode()
    if kind == 7:
        return ".json", json.dumps({f"k{n}": n for n in range(rng.randrange(1, 70_000))}).encode()
    if kind == 8:
        part: Any = rng.choice([None, True, {}, [], "", [[]], [[[]]], {"h": {}}, {"1": 3}, [None, [1]], -1, 1e308])
        return ".json", json.dumps({"h": part, "y": [part, part], "loss": part, "layers": part}).encode()
    if kind == 9:
        return ".txt", ("h = " + "".join(rng.choice("[](){}0123456789.,;-=\n\\ex@#") for _n in range(3000))).encode()
    if kind == 10:
        cells = ["".join(rng.choice('",;\n\r\t=+-@x1.') for _n in range(rng.randrange(30))) for _m in range(40)]
        return ".csv", ("id,h[1][1],h[1][2]\n" + "\n".join(cells)).encode()
    return ".csv", rng.randbytes(rng.randrange(3000))


def strangers(number: int) -> dict[str, Any]:
    """Fuzzed files beside one honest one. Raises AssertionError where one scores, is lost, or writes elsewhere."""
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made = make(WISHES["elman, 9 numbers"])
        problem, handed_in, out = folder / "problem.json", folder / "in", folder / "out"
        problem.write_text(json.dumps(made.keys), encoding="utf-8")
        handed_in.mkdir()
        out.mkdir()
        honest = json.dumps({"answers": made.solution()}).encode()
        for count in range(number):
            ending, data = hostile(rng, honest)
            (handed_in / f"{count}{ending}").write_bytes(data)
        (handed_in / "honest.json").write_bytes(honest)
        before = {path: path.stat().st_mtime_ns for path in handed_in.iterdir()}
        began = time.perf_counter()
        book = rnncalc.grade(problem, handed_in, jobs=2)
        seconds = time.perf_counter() - began
        for name, text in formats.files(book, "prairielearn").items():
            path = out / name
            assert path.parent == out
            path.write_text(text, encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(book.text("csv"))))
        run_by_a_spreadsheet = [cell for row in rows for cell in row.values() if (cell or "")[:1] in tuple("=+@\t")]
        after = {path: path.stat().st_mtime_ns for path in handed_in.iterdir()}
        there = {path.name for path in folder.iterdir()}
    others = [row for row in rows if row["id"] != "honest"]
    verdicts = Counter(row["verdict"] for row in others)
    scored = [row["id"] for row in rows if float(row["score"])]
    lost = {str(path) for path in before} - {row.submission.source for row in book.rows}
    print(f"{number} hostile files, {len(others)} rows: {dict(verdicts)}; files without a row: {len(lost)}; "
          f"scored: {scored}; {number / seconds:.0f} a second", flush=True)  # fmt: skip
    told = {"what": "hostile", "files": number, "rows": len(others), **verdicts, "seconds": seconds}
    assert scored == ["honest"], scored
    assert set(verdicts) == {"unreadable"}, verdicts
    assert not lost, sorted(lost)[:5]
    assert before == after
    assert there == {"problem.json", "in", "out"}
    assert not run_by_a_spreadsheet
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    parser.add_argument("--people", type=int, default=10_000)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    (small, elman), (large, lstm) = WISHES.items()
    for name, wish, people, diagnose in (
        (small, elman, options.people, False),
        (small, elman, options.people, True),
        (large, lstm, options.people // 10, False),
        (large, lstm, options.people // 10, True),
    ):
        rows += speed(name, wish, people, diagnose)
    rows.append(resumed(options.people))
    rows.append(strangers(options.people))
    keep({"what": "grading", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
