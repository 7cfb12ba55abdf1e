"""How a mark sheet is written: one format, one file, each with `write(marks, feedback) -> str`.

A format for a platform that takes a file a person has `of_person(row, marks, feedback)` in its place: of several people
an object by id is written, or, into a folder, a file each.
"""

from __future__ import annotations

from importlib import import_module
from json import dumps
from types import ModuleType
from typing import Any

from rnncalc.classroom.grading.choices import APART, FEEDBACK, FORMATS, RENDERED
from rnncalc.classroom.grading.mark_rows import Marks
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import file_name, json_text
from rnncalc.common.suggest import one_of
from rnncalc.errors import ProblemError


def write(marks: Marks, format: str, feedback: str = "hint") -> str:
    """The mark sheet as text. Raises ProblemError for a format or a level that nobody knows."""
    one_of("format", format, FORMATS)
    one_of("feedback", feedback, FEEDBACK)
    if format in RENDERED:
        from rnncalc.classroom.grading.mark_sheets.document import document
        from rnncalc.report.render import render

        return render(document(marks, feedback), format)
    if format in APART:
        each = _each(marks, format, feedback)
        return as_json(each if len(each) != 1 else next(iter(each.values())))
    text: str = _module(format).write(marks, feedback)
    return text


def files(marks: Marks, format: str, feedback: str = "hint") -> dict[str, str]:
    """Name → text, a file a person, whose names lead nowhere else. Raises ProblemError for other formats."""
    if format not in APART:
        raise ProblemError(_("{format} is one file: give -o FILE"), format=format)
    return {f"{file_name(person)}.json": as_json(data) for person, data in _each(marks, format, feedback).items()}


def _each(marks: Marks, format: str, feedback: str) -> dict[str, Any]:
    """Everybody's object by id."""
    of_person = _module(format).of_person
    return {row.id: of_person(row, marks, feedback) for row in marks.rows}


def as_json(data: Any) -> str:
    """Strict JSON."""
    return json_text(dumps(data, ensure_ascii=False, allow_nan=False, indent=1)) + "\n"


def _module(format: str) -> ModuleType:
    return import_module(f"rnncalc.classroom.grading.mark_sheets.{format}")
