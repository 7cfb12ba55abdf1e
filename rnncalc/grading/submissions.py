"""What was handed in: files of answers, and tables with a row a person. What cannot be read says why and stops nobody.

A submission is from a stranger: it names no other files, its size and depth are bounded, and its words are made
harmless before anybody sees them.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from rnncalc.errors import ParseError, RnncalcError
from rnncalc.grading import tables
from rnncalc.grading.sheet import Sheet, plain
from rnncalc.language import _
from rnncalc.parse import given as reader
from rnncalc.parse.numbers import LONGEST_NUMBER
from rnncalc.safe import one_line

LARGEST = 250_000  # bytes of one person's file: homework has a few thousand
MOST = 20_000  # numbers and texts in it
DEEPEST = 12
LONGEST = 5_000  # characters of one text: a matrix that a person types
WHO = ("id", "name")
_RUN = re.compile(rf"\d{{{LONGEST_NUMBER + 1}}}")  # what patterns of numbers would take long to refuse


@dataclass(frozen=True)
class Submission:
    """One person's answers, by question ("" where there is but one); `trouble` says why there are none.

    extra: the columns that passed through. asked: where a table asks for single numbers, how many of each question.
    """

    id: str
    name: str = ""
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trouble: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, int] = field(default_factory=dict)


def read(
    sources: Iterable[str | PathLike[str] | Mapping[str, Any] | Submission],
    sheet: Sheet,
    columns: Mapping[str, str] | None = None,
) -> tuple[list[Submission], list[str]]:
    """Everything that was handed in, in order, with notes on what was assumed. A folder stands for its files; a .csv
    or .tsv is a table; anything else is one person's. Raises RnncalcError where `columns` name no column of a table.
    """
    found: list[Submission] = []
    notes: list[str] = []
    for source in sources:
        if isinstance(source, Submission):
            found.append(source)
        elif isinstance(source, Mapping):
            found.append(_one(str(len(found) + 1), reader.of_python(source), sheet))
        else:
            for path, person in _files(fspath(source)):
                if path.suffix.lower() in (".csv", ".tsv"):
                    try:
                        table = tables.read(path, sheet.shapes, columns or {})
                    except RnncalcError as error:
                        if columns and path == Path(fspath(source)):  # whoever named the file named its columns
                            raise
                        found.append(Submission(person, trouble=one_line(str(error))))
                        continue
                    notes += table.notes
                    asked = table.asked if not any(q.points for q in sheet.first.questions.values()) else {}
                    found += [
                        Submission(row.id, row.name, row.answers, row.trouble, row.extra, asked) for row in table.rows
                    ]
                else:
                    found.append(_file(path, person, sheet))
    return found, notes


def read_roster(name: str) -> Iterator[str]:
    """The ids of a table of people. Raises RnncalcError."""
    table = tables.read(Path(name), {"": {}}, {})
    yield from dict.fromkeys(row.id for row in table.rows)


def _files(name: str) -> Iterator[tuple[Path, str]]:
    """The files that a name stands for, each with the id of whoever did not write one. Links are not followed."""
    folder = Path(name)
    if not _is(folder, stat.S_ISDIR):
        yield folder, one_line(folder.stem, 200) or "-"
        return
    for where, inner, files in os.walk(folder):
        inner.sort()
        for file in sorted(files):
            path = Path(where, file)
            if not file.startswith(".") and not path.is_symlink() and not file.endswith(".journal"):
                yield path, one_line(str(path.relative_to(folder).with_suffix("")), 200)


def _is(path: Path, kind: Any) -> bool:
    try:
        return bool(kind(path.stat().st_mode))
    except (OSError, ValueError):
        return False


def _file(path: Path, person: str, sheet: Sheet) -> Submission:
    try:
        return _one(person, reader.read(_text(path)), sheet)
    except RnncalcError as error:
        return Submission(person, trouble=one_line(str(error)))
    except RecursionError:
        return Submission(person, trouble=_("nested too deeply"))


def _text(path: Path) -> str:
    """The text of one person's file. Raises ParseError."""
    if path.exists() and not path.is_file():
        raise ParseError(_("this is no file"))
    data = tables.content(path, LARGEST)
    text = tables.decoded(data)
    if "\0" in text:
        raise ParseError(_("this is not a text file"))
    return text


def _one(person: str, given: Mapping[str, Any], sheet: Sheet) -> Submission:
    """One person's file: {"id": …, "name": …, "answers": {…}}, bare answers, or a whole problem with answers."""
    trouble = _too_much({name: part.value for name, part in given.items()})
    if trouble:
        return Submission(person, trouble=trouble)
    values = {name: plain(part.value) for name, part in given.items()}
    who = {key: one_line(str(values[key]), 200) for key in WHO if isinstance(values.get(key), str)}
    person = who.get("id", "").strip() or person
    wanted = sheet.of(person)
    if wanted is None:
        return Submission(person, who.get("name", ""), trouble=_("nobody with this id was given a problem"))
    answers = _answers(values, wanted)
    if isinstance(answers, str):
        return Submission(person, who.get("name", ""), trouble=answers)
    return Submission(person, who.get("name", ""), answers)


def _answers(values: dict[str, Any], sheet: Sheet) -> dict[str, dict[str, Any]] | str:
    """Answers by question, or why there are none."""
    inside: Any = values.get("answers", values.get("problems", values))
    if not isinstance(inside, dict):
        return _("answers are an object, name by name")
    inside = {name: value for name, value in inside.items() if inside is not values or name not in WHO}
    if "" in sheet.questions:
        return {"": inside}
    found: dict[str, dict[str, Any]] = {}
    for name, part in inside.items():
        if name not in sheet.questions:
            known = ", ".join(sheet.questions)
            return _("no question is called “{name}”; there are {known}").format(name=one_line(name, 40), known=known)
        part = part.get("answers", part) if isinstance(part, dict) else part
        if part is not None and not isinstance(part, dict):
            return _("{name}: answers are an object, name by name").format(name=one_line(name, 40))
        found[name] = part or {}
    return found


def _too_much(values: Any) -> str:
    """Why nobody will look at this: too many entries, or nested too deeply."""
    level, entries = [values], 0
    for _depth in range(DEEPEST):
        level = [part for value in level for part in (value.values() if isinstance(value, dict) else value)]
        entries += len(level)
        if entries > MOST:
            return _("more than {most} entries").format(most=MOST)
        if any(isinstance(value, str) and len(value) > LONGEST for value in level):
            return _("a text is longer than {most} characters").format(most=LONGEST)
        if any(isinstance(value, str) and _RUN.search(value) for value in level):
            return _("no number has more than {most} digits").format(most=LONGEST_NUMBER)
        level = [value for value in level if isinstance(value, dict | list)]
        if not level:
            return ""
    return _("nested too deeply")
