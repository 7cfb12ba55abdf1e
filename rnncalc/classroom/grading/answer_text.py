"""What one person's text answers: a whole sheet that was filled in, bare answers, or answers headed by their problems.

Q1: h_1 = 0.46, or a line Q1 with the answers below it; such answers may stand at the end of the sheet. Bare numbers, 1.
or (1), name the problems where every problem has its own and a name is answered below two of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from rnncalc.check.answers.places import place
from rnncalc.classroom.grading import tables
from rnncalc.classroom.grading.long_tables import QUESTIONS
from rnncalc.classroom.grading.person_columns import folded
from rnncalc.classroom.grading.sheet import AskedProblem
from rnncalc.common.i18n import _, full_width
from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.parse.given import RawValue

SAID = 3  # lines that could not be read, of which is told
_LABELLED = re.compile(
    r"^[\s#*>\\-]*(?P<label>(?P<word>[^\W\d_]{0,12})[\s_]*(?P<number>\d{1,3})\s*题?)[\s*]*"
    r"(?:[:：.)）、](?![\d\s]*$)\s*|[:：.)）、]?\s*(?:[(（].*[)）])?\s*$)(?P<rest>.*)$"
)
_NUMBERED = re.compile(r"^[\s#*>\\-]{0,20}[(（]?(?P<number>\d{1,3})[.:：)）、](?!\d)[\s*]*(?P<rest>.*)$")
_ANSWERED = re.compile(r"([^\W\d][^\s=:：|,;→≈]{0,30})[ \t]{0,20}(?:=|:|：|→|->|≈|为|是)[ \t]{0,20}[-+−\[(（]?\.?\d")
_NAMED = re.compile(  # a line such as h_1 0.73 or h_1 → 0.73
    r"^(?P<before>[ \t>*•-]{0,20})(?P<name>[^\W\d_][^\s=:：|,;→≈]{0,30})[ \t]{0,20}?"
    r"(?:→|->|=>|≈|\bis\b|\bist\b|为|是|等于|[ \t])[ \t]{0,20}"
    r"(?P<number>[-+−]?\d{0,20}[.,]?\d{1,20}(?:[eE][-+]?\d{1,3})?)[ \t]{0,20}[,;.。；，]?[ \t]{0,20}$",
    re.MULTILINE,
)
# a problem, or says itself what is an answer
_WHOLE = re.compile(r"^[\W_]*x\w*[\W\d]*=|answers?\b|答案", re.IGNORECASE | re.MULTILINE)
_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)


def read(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, RawValue]:
    """The keys of a problem with answers, of bare answers, or of several problems. Raises RnncalcError.

    Of a sheet that cannot be read as a whole, what stands under its headings of answers.
    """
    decimal = next(iter(questions.values())).decimal
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return problem_text.read(text)
    if len(questions) == 1 and is_bare(text):
        (question,) = questions.values()
        return _bare(text, question)
    trouble: RnncalcError | None = None
    given: dict[str, RawValue] = {}
    try:
        given = problem_text.read(text, decimal=decimal)
        if not {"x", "problems"} & given.keys() and len(questions) == 1:
            given = problem_text.read(_assigned(text, *questions.values()), decimal=decimal)
    except RnncalcError as error:
        trouble = error
    problems = given["problems"].value if "problems" in given else {}
    if (given and len(questions) < 2) or any(
        isinstance(part, Mapping) and "answers" in part for part in problems.values()
    ):
        return given
    answers = headed(text, questions)
    if "" in answers:
        return {"answers": RawValue(answers[""], "answers")}
    if answers:
        return {"problems": RawValue({name: {"answers": part} for name, part in answers.items()}, "problems")}
    if trouble:
        raise trouble
    return given


def headed(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, dict[str, RawValue]]:
    """The answers to each question that a line names; empty where none does. Of one question, under its name “”."""
    for parts in _partings(text, questions):
        try:
            answers = {name: _answers(part, questions[name]) for name, part in parts.items()}
        except RnncalcError:
            continue
        if answers and not any("x" in part for part in answers.values()):
            return answers
    return {}


def is_bare(text: str) -> bool:
    """Whether a text that is no JSON holds answers and no problem, as far as nothing in it says otherwise."""
    return not _WHOLE.search(text)


def unread(given: Mapping[str, RawValue]) -> str:
    """What has a number in a text of bare answers and could not be read."""
    said = getattr(given["equations"].value, "notes", []) if "equations" in given and "x" not in given else []
    notes = [note for note in said if note.startswith(_("not read: {text}").partition("{")[0])]
    return full_width("; ".join(notes[:SAID] + ["…"] * (len(notes) > SAID)))


def _assigned(text: str, question: AskedProblem) -> str:
    """The text with a sign between a name that is asked for and its number."""

    def assigned(line: re.Match[str]) -> str:
        known = place(normalize("NFKC", line["name"]), question.shape_of)
        return f"{line['before']}{line['name']} = {line['number']}" if known else line[0]

    return _NAMED.sub(assigned, text)


def _partings(text: str, questions: Mapping[str, AskedProblem]) -> Iterator[dict[str, str]]:
    """The texts of answers by question, as far as there are any: below a heading of answers in the part of each, or all
    of them below the last such heading."""
    below = _below(text)
    if len(questions) < 2:
        if below is not None:
            yield {"": below}
        return
    of_each = {name: _below(part) for name, part in _apart(text, questions).items()}
    yield {name: part for name, part in of_each.items() if part is not None}
    answers = text if below is None else below
    yield _apart(answers, questions)
    yield _numbered(answers, questions)


def _below(text: str) -> str | None:
    """The text below its last heading of answers; None where there is none."""
    from rnncalc.problems.sheet.cleaned import CleanText  # here: its patterns take time to compile

    lines, headings = text.split("\n"), CleanText(text).answers
    return "\n".join(lines[headings[-1] + 1 :]) if headings else None


def _apart(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, str]:
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


def _numbered(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, str]:
    """The text of each question below its bare number; empty where that may be the number of a line or of a step."""
    by_number = _by_number(questions)
    found: list[tuple[str, list[str]]] = []
    for line in text.strip("\ufeff \t\r\n").split("\n"):
        match = _NUMBERED.match(line[:2000])
        if match:
            found.append((match["number"], [match["rest"]]))
        elif found:
            found[-1][1].append(line)
        else:
            return {}
    parts = {number: "\n".join(lines) for number, lines in found}
    if len(parts) < len(found) or list(parts) != list(by_number):
        return {}
    names = [set(_ANSWERED.findall(part)) for part in parts.values()]
    twice = len(set().union(*names)) < sum(map(len, names))
    return {by_number[number]: part for number, part in parts.items()} if twice and all(names) else {}


def _by_number(questions: Mapping[str, AskedProblem]) -> dict[str, str]:
    """The questions whose names have one number, by it."""
    return {number[0]: name for name in questions if len(number := re.findall(r"\d+", name)) == 1}


def _question(match: re.Match[str], questions: Mapping[str, AskedProblem]) -> str:
    """The question that a label names, by its name or by a word for question and its number; "" if it is none."""
    label, word = folded(match["label"]), folded(match["word"])
    named = next((name for name in questions if folded(name) == label), "")
    return named or (_by_number(questions).get(match["number"], "") if word in (*QUESTIONS, "第") else "")


def _answers(text: str, question: AskedProblem) -> dict[str, RawValue]:
    """The answers in a text that has nothing else, by name."""
    given = _bare(text, question)
    return {**{name: value for name, value in given.items() if name != "answers"}, **given["answers"].value}


def _bare(text: str, question: AskedProblem) -> dict[str, RawValue]:
    """The key `answers` of a text that has nothing else, and what was not read of it.

    A form, names above numbers, is read as a table of one person; tables between lines by the names that columns have.
    """
    data = text.encode()
    first, _line_end, rest = text.strip("\ufeff \r\n").partition("\n")
    if (
        not re.search("[=|]", first)
        and not tables.has_number(first)
        and rest.strip()
        and tables.has_header(data, {"": question})
    ):
        form = tables.read(Path("-"), {"": question}, {}, data)
        if len(form.rows) == 1 and not form.rows[0].trouble:
            return {"answers": _raw(form.rows[0].answers[""])}
    rows = [[cell.strip() for cell in row.strip(" \t|").split("|")] for row in _ROW.findall(text)]
    columns: dict[str, list[str]] = {}
    for row in rows:  # a table that was cut because it is wide begins with the steps again
        if re.fullmatch(r"[^\W\d]+", row[0]):
            heads = [re.sub(r"\\(.)", r"\1", cell) for cell in row]
            columns |= {head: [] for head in heads if head not in columns or head == heads[0]}
        elif columns and len(row) == len(heads) and row[0].strip(":-"):
            for head, cell in zip(heads, row):
                columns[head].append(re.sub(r"\\(.)", r"\1", cell))
    table_lines = [";".join(columns), *(";".join(cells) for cells in zip(*columns.values()))]
    table = (
        tables.read(Path("-"), {"": question}, {}, "\n".join(table_lines).encode()) if len(table_lines) > 1 else None
    )
    of_tables = table.rows[0].answers[""] if table and len(table.rows) == 1 and not table.rows[0].trouble else {}
    below = _assigned(_ROW.sub("", text) if of_tables else text, question)
    given = problem_text.read(below, decimal=question.decimal, answers=True)
    inside, notes = given.get("answers"), {name: value for name, value in given.items() if name == "equations"}
    answers = {name: inside[name] for name in inside.value} if inside else {}
    answers |= {name: value for name, value in given.items() if name not in ("answers", "equations")}
    return {"answers": RawValue(answers | _raw(of_tables).value, "answers"), **notes}


def _raw(answers: Mapping[str, Any]) -> RawValue:
    return RawValue({name: RawValue(value, name, of_sheet=True) for name, value in answers.items()}, "answers")
