"""JUnit's XML, for continuous integration: a suite a person, a case a question or quantity."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from rnncalc.classroom.grading import feedback as words
from rnncalc.classroom.grading.mark_rows import Marks, Row
from rnncalc.common.i18n import full_width
from rnncalc.common.safe_text import one_line


def write(marks: Marks, feedback: str) -> str:
    """Everybody's suite in one file."""
    suites = "\n".join(_suite(row, marks, feedback) for row in marks.rows)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="rnncalc grade">\n{suites}\n</testsuites>\n'


def _suite(row: Row, marks: Marks, feedback: str) -> str:
    cases, failures, errors = [], 0, 0
    for name, result in row.results.items():
        said = [line for question, line in words.lines(row, feedback) if question in (name, "")]
        body = escape(_clean(full_width("; ".join(said))))
        head = f"  <testcase classname={_quoted(row.id)} name={_quoted(words.title(marks, name))}"
        if result.verdict == "right" and result.score >= 1 - 1e-9:
            cases.append(f"{head}/>")
            continue
        tag = "error" if result.verdict == "unreadable" else "failure"
        failures, errors = failures + (tag == "failure"), errors + (tag == "error")
        points = f"{row.points_of(name):g}/{row.out_of[name]:g}"
        cases.append(f"{head}>\n   <{tag} message={_quoted(points)}>{body}</{tag}>\n  </testcase>")
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    return "\n".join([f" <testsuite name={_quoted(row.id)} {counts}>", *cases, " </testsuite>"])


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Only characters that XML may hold."""
    return "".join(
        mark for mark in one_line(text, 20_000) if mark <= "\ud7ff" or "\ue000" <= mark <= "\ufffd" or mark > "\uffff"
    )
