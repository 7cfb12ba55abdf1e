"""The mark sheet for programs, with the class report's figures."""

from __future__ import annotations

from rnncalc.classroom.grading import feedback as words
from rnncalc.classroom.grading.class_report import figures
from rnncalc.classroom.grading.mark_rows import Marks
from rnncalc.classroom.grading.mark_sheets import as_json


def write(marks: Marks, feedback: str) -> str:
    """{"title", "feedback", "rows": [{"id", "name", "score", "points", "out_of", "verdict", "questions"}], "class"}"""
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "extra": dict(row.submission.extra),
            "score": row.score,
            "points": row.points,
            "out_of": row.most,
            "submissions": row.handed_in,
            "remark": row.remark,
            **words.data(row, feedback),
        }
        for row in marks.rows
    ]
    sheet = {
        "title": marks.title,
        "feedback": feedback,
        "rows": rows,
        "class": figures(marks),
        "notes": marks.notes,
    }
    return as_json(sheet)
