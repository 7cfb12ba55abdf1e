"""The gradebook for spreadsheets and learning platforms: a row a person, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from itertools import count

from rnncalc.classroom.grading.feedback import lines
from rnncalc.classroom.grading.mark_rows import Marks, Row, of_question, tidy
from rnncalc.common.i18n import full_width
from rnncalc.common.safe_text import cell


def write(marks: Marks, feedback: str) -> str:
    """id, name, what passed through, score, points, the points of every question and quantity, the slip, the
    mistakes, remarks, and what may be told to the person."""
    passed = list(dict.fromkeys(label for row in marks.rows for label in row.submission.extra))
    quantities = [(name, part) for name, points in marks.points.items() for part in points]
    hinting = feedback in ("hint", "full")
    header = ["id", "name", *passed, "score", "points", "out_of", "verdict"]
    header += [name for name in marks.points if name]
    header += [f"{name}.{part}" if name else part for name, part in quantities]
    header += ["first_wrong", "mistakes"] if hinting else []
    header += ["computed"] if feedback == "full" else []
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    header += ["submissions", "remark"] + (["feedback"] if feedback != "none" else [])
    header[2 : 2 + len(passed)] = _apart(passed, {*header[:2], *header[2 + len(passed) :]})
    writer.writerow(map(cell, header))
    for row in marks.rows:
        numbers = [_number(row.score), _number(row.points), _number(row.most), row.verdict]
        numbers += [_number(row.points_of(name)) for name in marks.points if name]
        numbers += [_number(row.results[name].earned.get(part, 0.0)) for name, part in quantities]
        numbers += [row.first_wrong, " ".join(row.mistakes)] if hinting else []
        numbers += [_computed(row)] if feedback == "full" else []
        said = "; ".join(of_question(question, line) for question, line in lines(row, feedback))
        said = full_width(said)
        own = [row.submission.extra.get(label, "") for label in passed]
        writer.writerow(
            map(
                cell,
                [row.id, row.name, *own, *numbers, row.handed_in, row.remark, *([said] if feedback != "none" else [])],
            )
        )
    return output.getvalue()


def _apart(labels: list[str], ours: set[str]) -> list[str]:
    """The headers of columns that passed through, with a number behind those that our own columns have."""
    return [
        label
        if label not in ours
        else next(f"{label}.{at}" for at in count(1) if f"{label}.{at}" not in {*ours, *labels})
        for label in labels
    ]


def _computed(row: Row) -> str:
    """What the first wrong number should have been."""
    for result in row.results.values():
        if result.first_wrong:
            return str(result.first_wrong["computed"])
    return ""


def _number(value: float) -> str:
    return f"{tidy(value):.10g}"
