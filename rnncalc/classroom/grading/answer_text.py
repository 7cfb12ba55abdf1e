"""What one person's text answers: a whole sheet that was filled in, bare answers, or answers headed by their problems.

Q1: h_1 = 0.46, or a line Q1 with the answers below it, as `answer_heads` finds them; such answers may stand at the end
of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unicodedata import normalize

from rnncalc.check.answers.entry_names import place
from rnncalc.classroom.grading import answer_heads, tables
from rnncalc.classroom.grading.sheet import AskedProblem
from rnncalc.common.i18n import _, full_width
from rnncalc.errors import ParseError, RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.parse.given import RawValue

SAID = 3  # lines that could not be read, of which is told
_NAMED = re.compile(  # a line such as h_1 0.73 or h_1 → 0.73
    r"^(?P<before>[ \t>*•-]{0,20})(?P<name>[^\W\d_][^\s=:：|,;→≈]{0,30})[ \t]{0,20}?"
    r"(?:→|->|=>|≈|\bis\b|\bist\b|为|是|等于|[ \t])[ \t]{0,20}"
    r"(?P<number>[-+−]?\d{0,20}[.,]?\d{1,20}(?:[eE][-+]?\d{1,3})?)[ \t]{0,20}[,;.。；，]?[ \t]{0,20}$",
    re.MULTILINE,
)
# a problem, or says itself what is an answer
_INPUTS = r"^[\W_]*x\w*[\W\d]*="
_WHOLE = re.compile(rf"{_INPUTS}|answers?\b|答案", re.IGNORECASE | re.MULTILINE)
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
    if trouble and len(questions) > 1 and not has_inputs(text):
        raise ParseError(answer_heads.how(questions))
    if trouble:
        raise trouble
    return given


def headed(text: str, questions: Mapping[str, AskedProblem]) -> dict[str, dict[str, RawValue]]:
    """The answers to each question that a line names; empty where none does. Of one question, under its name “”.

    Raises ParseError where a line may name another question than those that were found.
    """
    trouble = ""
    for parts, doubt in _partings(text, questions):
        answers = {}
        for name, part in parts.items():
            try:
                answers[name] = _answers(part, questions[name])
            except RnncalcError as error:
                trouble = trouble or f"{name}: {error}"
                break
        whole = any("x" in part for part in answers.values())
        if doubt and not whole:
            raise ParseError(doubt)
        if answers and len(answers) == len(parts) and not whole:
            return answers
    if trouble and not has_inputs(text):
        raise ParseError(trouble)
    return {}


def is_bare(text: str) -> bool:
    """Whether a text that is no JSON holds answers and no problem, as far as nothing in it says otherwise."""
    return not _WHOLE.search(text)


def has_inputs(text: str) -> bool:
    """Whether a text has a line of inputs, x_1 = 0.7, as a problem has."""
    return bool(re.search(_INPUTS, text, re.IGNORECASE | re.MULTILINE))


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


def _partings(text: str, questions: Mapping[str, AskedProblem]) -> Iterator[tuple[dict[str, str], str]]:
    """The texts of answers by question, as far as there are any, and why they are in doubt: below a heading of answers
    in the part of each, or all of them below the last such heading."""
    below = _below(text, questions)
    if len(questions) < 2:
        if below is not None:
            yield {"": below}, ""
        return
    of_each = answer_heads.apart(answer_heads.pieces(text, questions)).items()
    yield {name: answers for name, part in of_each if (answers := _below(part, {})) is not None}, ""
    answers = text if below is None else below
    pieces = answer_heads.pieces(answers, questions)
    yield answer_heads.apart(pieces), answer_heads.doubt(pieces, questions)
    yield answer_heads.numbered(answers, questions), ""


def _below(text: str, questions: Mapping[str, AskedProblem]) -> str | None:
    """The text below its last heading of answers, or from the first on where they name the questions; None where there
    is no such heading."""
    from rnncalc.problems.sheet.cleaned import CleanText  # here: its patterns take time to compile

    lines, headings = text.split("\n"), CleanText(text).answers
    named = [at for at in headings if any(piece.question for piece in answer_heads.pieces(lines[at], questions))]
    begin = named[0] if named and named[-1] == headings[-1] else headings[-1] + 1 if headings else 0
    return "\n".join(lines[begin:]) if headings else None


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
