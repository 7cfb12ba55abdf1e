"""Gradescope's results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format"""

from __future__ import annotations

from typing import Any

from rnncalc.classroom.grading import feedback as words
from rnncalc.classroom.grading.mark_rows import Marks, Row, tidy


def of_person(row: Row, marks: Marks, feedback: str) -> dict[str, Any]:
    """One person's results: the points, and a test for every question or quantity that has points."""
    said = list(words.lines(row, feedback))
    tests = []
    for name, result in row.results.items():
        parts = {part: (result.earned.get(part, 0.0), most) for part, most in marks.points[name].items()}
        for part, (got, most) in (parts or {"": (row.points_of(name), row.out_of[name])}).items():
            title = ".".join(piece for piece in (name, part) if piece) or words.title(marks, name)
            status = "passed" if got >= most - 1e-9 else "failed"
            test = {"name": title, "score": tidy(got), "max_score": tidy(most)}
            own = [line for question, line in said if result.coded and question == name]
            if status == "failed" and (why := "\n".join(own) or words.lost(result, part)):
                test["output"] = why
            tests.append({**test, "status": status} if feedback != "none" else test)
    coded = {name for name, result in row.results.items() if result.coded and feedback != "none"}  # said by their tests
    output = "\n".join(f"{name}: {line}" if name else line for name, line in said if name not in coded)
    results: dict[str, Any] = {"score": row.points, "output": output, "visibility": "visible"}
    if feedback != "none":
        results["tests"] = tests
    return {**results, "extra_data": {"id": row.id, "verdict": row.verdict, "out_of": row.most}}
