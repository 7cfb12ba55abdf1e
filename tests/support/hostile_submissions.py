"""Submissions of strangers, fuzzed: each has its row, none scores, and nothing is written but the output."""

from __future__ import annotations

import csv
import io
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import rnncalc
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.grading import mark_sheets


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
        made = make(ExerciseSpec("elman", units=2, inputs=2, outputs=1, steps=3, seed=7))
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
        for name, text in mark_sheets.files(book, "prairielearn").items():
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
    figures = {"what": "hostile", "files": number, "rows": len(others), **verdicts, "seconds": seconds}
    assert scored == ["honest"], scored
    assert set(verdicts) <= {"unreadable", "wrong"}, verdicts  # wrong: a number stands behind the name of an answer
    assert not lost, sorted(lost)[:5]
    assert before == after
    assert there == {"problem.json", "in", "out"}
    assert not run_by_a_spreadsheet
    return figures
