"""PrairieLearn's external grading results: https://prairielearn.readthedocs.io/en/latest/externalGrading/"""

from __future__ import annotations

from typing import Any

from rnncalc.classroom.grading import feedback as words
from rnncalc.classroom.grading.mark_rows import Marks, Row


def of_person(row: Row, marks: Marks, feedback: str) -> dict[str, Any]:
    """One person's results; what cannot be read is not gradable, so that it costs no attempt."""
    if row.verdict == "unreadable" and not row.points:
        return {"gradable": False, "score": 0.0, "format_errors": [row.remark], "tests": []}
    said = list(words.lines(row, feedback))
    tests = []
    for name in row.results:
        lines = [line for question, line in said if question in (name, "")]
        test = {"name": words.title(marks, name), "points": row.points_of(name), "max_points": row.out_of[name]}
        tests.append({**test, "output": "\n".join(lines)})
    return {"gradable": True, "score": row.score, "message": row.remark, "output": "", "tests": tests}
