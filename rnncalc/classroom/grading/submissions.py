"""What was handed in: files of answers, and tables with a row a person. What cannot be read says why and stops nobody.

A submission is from a stranger: it names no other files, its size and depth are bounded, and its words are made
harmless before anybody sees them. Longer than other files, so that all that guards against strangers stands together.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from rnncalc.classroom.grading import answer_heads, answer_text, authors, people, tables
from rnncalc.classroom.grading.authors import Author
from rnncalc.classroom.grading.limits import most, too_much
from rnncalc.classroom.grading.people import Roster
from rnncalc.classroom.grading.sheet import Sheet, plain
from rnncalc.common import encodings, files
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import identified, one_line
from rnncalc.errors import ParseError, RnncalcError
from rnncalc.problems.parse import given as reader
from rnncalc.problems.parse import pages
from rnncalc.report.document_formats import SPREADSHEETS

LARGEST = 250_000  # bytes of one person's file: homework has a few thousand
WHO = ("id", "name")
OF_NEW = {"problem.json", *(f"solution.{ending}" for ending in ("json", "md", "tex", "html", "docx"))}
STDIN = Path("-")


@dataclass(frozen=True)
class Submission:
    """One person's answers, by question ("" where there is but one); `trouble` says why there are none.

    extra: the columns that passed through. requested: where a table asks for single numbers, how many of each question.
    source: the file, if it came in one. time: when it was handed in, if a column says so.
    """

    id: str
    name: str = ""
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trouble: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    requested: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    time: datetime | None = None


def read(
    sources: Iterable[str | PathLike[str] | Mapping[str, Any]],
    sheet: Sheet,
    columns: Mapping[str, str] | None = None,
    encoding: str = "",
    keep: str = "last",
) -> tuple[list[Submission], list[str]]:
    """Everything that was handed in, in order, with notes on what was assumed.

    A folder stands for its files; a .csv or .tsv is a table; anything else is one person's; `-` is standard input, and
    either. encoding: that of every text, "" to find it. keep: which of several of one person will count. Raises
    RnncalcError where `columns` name no column of a table.
    """
    submissions: list[Submission] = []
    notes: list[str] = []
    read_tables: list[tables.Table] = []
    roster = sheet.roster if sheet.variants else None
    sources = list(sources)
    for source in sources:
        if isinstance(source, Mapping):
            submissions.append(_one(Author(str(len(submissions) + 1)), reader.of_python(source), sheet))
        else:
            for path, person in files_of(fspath(source)):
                typed = path == Path(fspath(source))
                if not typed and (path.is_symlink() or not _is(path, stat.S_ISREG)):  # a pipe would be waited for
                    trouble = _("a link, which is not followed") if path.is_symlink() else _("this is no file")
                    submissions.append(Submission(person, trouble=trouble, source=str(path)))
                    continue
                files.reading(0 if path == STDIN else path)
                data = sys.stdin.buffer.read(tables.LARGEST + 1) if path == STDIN else None
                if not _is_table(path, data, sheet, encoding):
                    submissions.append(replace(_file(path, person, sheet, data, encoding), source=str(path)))
                    continue
                try:
                    table = tables.read(path, sheet.first.questions, columns or {}, data, encoding, roster)
                except RnncalcError as error:
                    if columns and typed:  # whoever named the file named its columns
                        raise
                    submissions.append(Submission(person, trouble=one_line(str(error)), source=str(path)))
                    continue
                notes += table.notes
                if not table.rows and not typed and path.name == "form.csv":  # as `new` wrote it
                    continue
                read_tables.append(table)
                alone = len(sources) == 1 and typed
                rows = _of_table(table, "" if alone else person, sheet)
                author = authors.author(path, person, sheet.roster) if len(rows) == 1 and not alone else None
                if author and table.rows and table.rows[0].anonymous:  # one person's own table
                    rows = [replace(rows[0], id=author.id, name=author.name)]
                submissions += [replace(submission, source=str(path)) for submission in rows]
    submissions, said = _by_person(submissions, roster)
    return submissions, [*notes, *said, *_which_counts(submissions, read_tables, keep)]


def _is_table(path: Path, data: bytes | None, sheet: Sheet, encoding: str) -> bool:
    """By its ending; what comes from standard input, by its header, and so do texts with tabs, as Excel saves them."""
    if data is None:
        if path.suffix.lower() != ".txt":
            return path.suffix.lower() in (".csv", ".tsv")
        try:
            data = encodings.content(path, LARGEST)
        except RnncalcError:
            return False
        first = encodings.decoded(data, encoding).text.strip().partition("\n")[0]
        if "\t" not in first or "=" in first or tables.has_number(first):
            return False
    return tables.has_header(data, sheet.first.questions, encoding)


def _by_person(submissions: list[Submission], roster: Roster | None) -> tuple[list[Submission], list[str]]:
    """Every submission under one spelling of its person's id: that of the roster, if there is one; and notes."""
    if roster is None:
        kept, notes = people.same_people((submission.id, submission.name) for submission in submissions)
    else:
        known = {
            submission.id: roster.find(submission.id) or roster.named(submission.name) for submission in submissions
        }
        kept = {
            person: roster_id for person, roster_id in known.items() if roster_id is not None and roster_id != person
        }
        taken = [
            _("{id} is taken for {known}").format(id=one_line(person, 60), known=one_line(known, 60))
            for person, known in kept.items()
        ]
        notes = [people.listed(taken)] if taken else []
    return [
        replace(submission, id=kept[submission.id]) if submission.id in kept else submission
        for submission in submissions
    ], notes


def _which_counts(submissions: list[Submission], read_tables: list[tables.Table], keep: str) -> Iterator[str]:
    """What is said where somebody handed in several times, or several people did under one id."""
    names: dict[str, dict[str, None]] = {}
    for submission in submissions:
        if submission.name:
            names.setdefault(submission.id, {})[submission.name] = None
    for person, several in names.items():
        if len({people.folded(name) for name in several}) > 1:
            message = _("the id {id} stands for several names, {names}: one submission of them counts")
            yield message.format(id=one_line(person, 60), names=people.listed([one_line(name, 60) for name in several]))
    if keep != "last" or len({submission.id for submission in submissions}) == len(submissions):
        return
    timed = list(dict.fromkeys(table.timed for table in read_tables if table.timed))
    if timed:
        labels = _(", ").join(f"“{label}”" for label in timed)
        yield _("of several submissions of one person the latest counts, by {columns}").format(columns=labels)
    elif read_tables:
        yield _("of several submissions of one person the last row counts: no column of times can be read")
    for label in dict.fromkeys(table.timed for table in read_tables if table.doubtful):
        message = _("“{label}” may be day/month or month/day: read as day/month")
        yield message.format(label=label)


def _of_table(table: tables.Table, name: str, sheet: Sheet) -> list[Submission]:
    """The rows of a table, each somebody's. name: which table it is, if there are others, for rows without an id."""
    if not table.rows:
        return [Submission(name or "1", trouble=_("the table has no rows"))]
    requested = table.requested if not any(q.points for q in sheet.first.questions.values()) else {}
    submissions = []
    for row in table.rows:
        person = f"{name}: {row.id}" if name and row.anonymous else row.id
        submissions.append(Submission(person, row.name, row.answers, row.trouble, row.extra, requested, time=row.time))
    return submissions


def read_roster(name: str) -> Iterator[tuple[str, str]]:
    """The ids of a table of people, each once, with their names.

    Raises RnncalcError if it names nobody, if a row has no id where others have one, or if two people share one.
    """
    files.reading(name)
    rows = tables.read(Path(name), {}, {}).rows
    people: dict[str, str] = {}
    for row in rows:
        if row.anonymous and not all(other.anonymous for other in rows):
            raise ParseError(_("{name}, {row}: this person has no id"), name=name, row=row.id)
        other = people.setdefault(row.id, row.name)
        if other != row.name:
            message = _("{name}: the id {id} belongs to two people, {first} and {second}")
            raise ParseError(message, name=name, id=row.id, first=other or "–", second=row.name or "–")
    if not people or all(row.anonymous and not row.name for row in rows):
        raise ParseError(_("{name}: it names nobody"), name=name)
    yield from people.items()


def files_of(name: str) -> Iterator[tuple[Path, str]]:
    """The files that a name stands for, each with the id of whoever did not write one, links among them.

    What `new` wrote beside the form of a problem is nobody's answer, nor is what an editor keeps beside an open file.
    """
    folder = Path(name)
    if folder == STDIN:
        yield folder, "stdin"
        return
    if not _is(folder, stat.S_ISDIR):
        yield folder, one_line(folder.stem, 200) or "-"
        return
    for where, inner, names in os.walk(folder):
        inner.sort()
        ours = OF_NEW if {"problem.json", "form.csv"} <= set(names) else {"variants.json"} if inner else frozenset()
        links = {folder for folder in inner if Path(where, folder).is_symlink()}
        for file in sorted((set(names) - ours) | links):
            path = Path(where, file)
            if not file.startswith((".", "~$")) and not file.endswith(".journal"):
                yield path, one_line(str(path.relative_to(folder).with_suffix("")), 200)


def _is(path: Path, kind: Any) -> bool:
    try:
        return bool(kind(path.stat().st_mode))
    except (OSError, ValueError):
        return False


def _file(path: Path, person: str, sheet: Sheet, data: bytes | None, encoding: str) -> Submission:
    """One person's file. data: what has been read of it already."""
    author = authors.author(path, person, sheet.roster)
    try:
        own, text = authors.of_text(_text(path, data, encoding))
        author = authors.author(path, person, sheet.roster, own)
        given = answer_text.read(text, (sheet.of(author.id) or sheet.first).questions)
        submission = _one(author, given, sheet)
        return replace(submission, trouble=submission.trouble or one_line(answer_text.unread(given)))
    except RnncalcError as error:
        return Submission(author.id, author.name, trouble=one_line(str(error)))
    except RecursionError:
        return Submission(author.id, author.name, trouble=_("nested too deeply"))


def _text(path: Path, data: bytes | None, encoding: str) -> str:
    """The text of one person's file. Raises ParseError."""
    if data is None:
        if path.suffix.lower() in SPREADSHEETS:
            raise ParseError(_("a spreadsheet: save it as CSV, and hand that in"))
        data = encodings.content(path, LARGEST)
    if len(data) > LARGEST:
        raise ParseError(_("larger than {most} bytes"), most=LARGEST)
    page = pages.text_of(data)
    if page is not None:
        return page
    text = encodings.decoded(data, encoding).text
    if "\0" in text:
        raise ParseError(_("this is not a text file"))
    return text


def _one(author: Author, given: Mapping[str, Any], sheet: Sheet) -> Submission:
    """One person's file: {"id": …, "name": …, "answers": {…}}, bare answers, or a whole problem with answers."""
    trouble = too_much({name: part.value for name, part in given.items()}, most(sheet))
    if trouble:
        return Submission(author.id, author.name, trouble=trouble)
    values = plain(given)
    who = {key: one_line(str(values[key]), 200) for key in WHO if isinstance(values.get(key), str)}
    person = (identified(str(values["id"])) if "id" in who else "") or author.id
    name = who.get("name") or author.name
    wanted = sheet.of(person)
    if wanted is None:
        return Submission(person, name, trouble=sheet.roster.unknown(person))
    answers = _answers(values, wanted)
    return Submission(person, name, trouble=answers) if isinstance(answers, str) else Submission(person, name, answers)


def _answers(values: dict[str, Any], sheet: Sheet) -> dict[str, dict[str, Any]] | str:
    """Answers by question, or why there are none."""
    inside: Any = values.get("answers", values.get("problems", values))
    if not isinstance(inside, dict):
        return _("answers are an object, name by name")
    inside = {name: value for name, value in inside.items() if inside is not values or name not in WHO}
    if "" in sheet.questions:
        return {"": inside}
    by_question: dict[str, dict[str, Any]] = {}
    stems = {name.rstrip("0123456789") for name in sheet.questions}  # Q3, where there are Q1 and Q2, is a question
    for name, part in inside.items():
        if not inside.keys() & sheet.questions.keys() and name.rstrip("0123456789") not in stems:
            return answer_heads.how(sheet.questions)
        if name not in sheet.questions:
            known = ", ".join(sheet.questions)
            return _("no question is called “{name}”; there are {known}").format(name=one_line(name, 40), known=known)
        part = part.get("answers", part) if isinstance(part, dict) else part
        if part is not None and not isinstance(part, dict):
            return _("{name}: answers are an object, name by name").format(name=one_line(name, 40))
        by_question[name] = part or {}
    return by_question
