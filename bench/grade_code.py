"""Grading code: how many submissions a second, on one process and on two.

    python bench/grade_code.py
    python bench/grade_code.py --people 100 --json out.json

Every submission is one of the files of tests/examples/code for CS231n, right or with a planted bug, and differs from
all others by a comment, so that none is judged twice. The sheets of one process and of two must be the same, and so
must those with an endless loop among them for everybody else; else this exits 1.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import keep

from rnncalc.classroom.code.limits import Limits
from rnncalc.classroom.code.run import grade_code

FILES = sorted((Path(__file__).parents[1] / "tests" / "examples" / "code" / "cs231n").glob("*/*.py"))
SIGNATURES = {
    "two functions": "cs231n:rnn_step_forward,rnn_step_backward",
    "all eight functions": "cs231n",
}
ENDLESS = "def rnn_step_forward(x, prev_h, Wx, Wh, b):\n    while True:\n        pass\n"


def write_class(folder: Path, people: int) -> None:
    """So many files, no two alike."""
    for number in range(people):
        file = FILES[number % len(FILES)]
        text = f"{file.read_text(encoding='utf-8')}\n# handed in by student {number}\n"
        (folder / f"s{number:04}.py").write_text(text, encoding="utf-8")


def speed(name: str, signature: str, folder: Path, people: int) -> list[dict[str, Any]]:
    """Submissions a second on one and two processes, the sheets compared."""
    rows, sheets = [], set()
    for jobs in (1, 2):
        began, used = time.perf_counter(), processor_time()
        book = grade_code(signature, folder, trust=True, jobs=jobs)
        seconds, used = time.perf_counter() - began, processor_time() - used
        sheets.add(book.text("csv"))
        right = sum(row.verdict == "right" for row in book.rows)
        row = {"what": name, "jobs": jobs, "people": people, "seconds": seconds, "a_second": people / seconds}
        rows.append({**row, "milliseconds_of_the_processor": 1000 * used / people})
        said = (
            f"{people / seconds:8.1f} a second, {1000 * used / people:6.1f} ms of the processor each, {right} all right"
        )
        print(f"{name:24} {jobs} at a time {said}", flush=True)
    assert len(sheets) == 1, "the sheets differ"
    return rows


def processor_time() -> float:
    """Seconds of the processor that this process and those it has waited for have used."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def disturbed(folder: Path) -> dict[str, Any]:
    """Some endless loops among the others: nobody else's marks change, and each costs its time."""
    limits, signature = Limits(seconds=2.0), SIGNATURES["two functions"]
    quiet = grade_code(signature, folder, trust=True, jobs=2, limits=limits)
    for number in range(5):
        (folder / f"endless{number}.py").write_text(f"{ENDLESS}# {number}\n", encoding="utf-8")
    book = grade_code(signature, folder, trust=True, jobs=2, limits=limits)
    others = {row.id: row.points for row in book.rows if not row.id.startswith("endless")}
    assert others == {row.id: row.points for row in quiet.rows}, "others' marks changed"
    print(f"five endless loops among {len(others)}: nobody else's marks changed", flush=True)
    return {"what": "endless loops", "people": len(others)}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_class(folder, options.people)
        for name, signature in SIGNATURES.items():
            rows += speed(name, signature, folder, options.people)
    with tempfile.TemporaryDirectory() as place:
        write_class(Path(place), 20)
        rows.append(disturbed(Path(place)))
    keep({"rows": rows}, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
