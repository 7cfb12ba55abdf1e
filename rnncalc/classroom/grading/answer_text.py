"""What one person's text answers: a whole sheet that was filled in, bare answers, or answers headed by their problems.

Q1: h_1 = 0.46, or a line Q1 with the answers below it; such answers may stand at the end of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rnncalc.classroom.grading.long_tables import QUESTIONS
from rnncalc.classroom.grading.person_columns import folded
from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.parse.given import RawValue

_LABELLED = re.compile(
    r"^[\s#*>\\-]*(?P<label>(?P<word>[^\W\d_]{0,12})[\s_]*(?P<number>\d{1,3})\s*题?)[\s*]*"
    r"(?:[:：.)）、](?![\d\s]*$)\s*|[:：.)）、]?\s*(?:[(（].*[)）])?\s*$)(?P<rest>.*)$"
)


def read(text: str, questions: Collection[str]) -> dict[str, RawValue]:
    """The keys of a problem with answers, of bare answers, or of several problems. Raises RnncalcError."""
    if len(questions) < 2 or text.lstrip("\ufeff \t\r\n").startswith("{"):
        return problem_text.read(text)
    trouble: RnncalcError | None = None
    given: dict[str, RawValue] = {}
    try:
        given = problem_text.read(text)
    except RnncalcError as error:
        trouble = error
    problems = given["problems"].value if "problems" in given else {}
    if any("answers" in part for part in problems.values()):
        return given
    try:
        parts = {name: _answers(part) for name, part in _apart(_below(text), questions).items()}
    except RnncalcError:
        parts = {}
    if parts and not any("x" in part for part in parts.values()):
        return {"problems": RawValue({name: {"answers": part} for name, part in parts.items()}, "problems")}
    if trouble:
        raise trouble
    return given


def _below(text: str) -> str:
    """The text below its last heading of answers; all of it, where there is none."""
    from rnncalc.problems.sheet.cleaned import CleanText  # here: its patterns take time to compile

    lines, headings = text.split("\n"), CleanText(text).answers
    return "\n".join(lines[headings[-1] + 1 :]) if headings else text


def _apart(text: str, questions: Collection[str]) -> dict[str, str]:
    """The text of each question that heads a line."""
    parts: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        match = _LABELLED.match(line[:2000])
        known = _question(match, questions) if match else ""
        if match and known:
            name, line = known, match["rest"]
        if name:
            parts.setdefault(name, []).append(line)
    return {name: "\n".join(lines) for name, lines in parts.items()}


def _question(match: re.Match[str], questions: Collection[str]) -> str:
    """The question that a label names, by its name or by a word for question and its number; "" if it is none."""
    label, word = folded(match["label"]), folded(match["word"])
    by_number = {number[0]: name for name in questions if len(number := re.findall(r"\d+", name)) == 1}
    named = next((name for name in questions if folded(name) == label), "")
    return named or (by_number.get(match["number"], "") if word in (*QUESTIONS, "第") else "")


def _answers(text: str) -> dict[str, RawValue]:
    given = problem_text.read(f"# My answer\n{text}")
    inside = given.get("answers")
    return {name: inside[name] for name in inside.value} if inside else given
