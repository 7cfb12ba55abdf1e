"""Tables of answers, a row a person, as learning platforms, forms and spreadsheets write them.

`person_columns` says who a row is, `answer_columns` and `cells` what it answers, `encodings` how its bytes are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rnncalc.classroom.grading import answer_columns, cells, long_tables, people, person_columns, times, unnamed_columns
from rnncalc.classroom.grading.answer_columns import Column
from rnncalc.classroom.grading.people import Roster
from rnncalc.classroom.grading.person_columns import Who
from rnncalc.classroom.grading.sheet import AskedProblem
from rnncalc.common import encodings
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import identified, one_line
from rnncalc.errors import ParseError

LARGEST = 200_000_000  # bytes of a table
LONGEST = 1000  # characters of a cell
MOST_COLUMNS = 20_000

Rows = list[tuple[int, list[str]]]  # each with the line in which it ends


@dataclass(frozen=True)
class Person:
    """One row."""

    id: str
    name: str
    answers: dict[str, dict[str, Any]]
    extra: dict[str, str]
    trouble: str = ""
    anonymous: bool = False  # whether the id is only the number of a row
    time: datetime | None = None


@dataclass
class Table:
    """Every row; requested: how many numbers of each question there are columns for; timed: the header of the column of
    times, doubtful: whether day and month could be exchanged in it.
    """

    rows: list[Person]
    requested: dict[str, int]
    notes: list[str] = field(default_factory=list)
    timed: str = ""
    doubtful: bool = False


def read(
    path: Path,
    questions: Mapping[str, AskedProblem],
    renamed: Mapping[str, str],
    data: bytes | None = None,
    encoding: str = "",
    roster: Roster | None = None,
) -> Table:
    """The table in a file. renamed: header → what it means. data: what has been read of it already. encoding: "" to
    find it. roster: the ids of the class, if they are known. Raises ParseError.
    """
    decoded = encodings.decoded(encodings.content(path, LARGEST) if data is None else data, encoding)
    rows, delimiter = encodings.rows(decoded.text.replace("\0", ""))
    while rows and not any(cell.strip() for cell in rows[0][1]):
        del rows[0]
    if not rows:
        raise ParseError(_("{name}: the table is empty"), name=path)
    header = [label.strip() for label in rows.pop(0)[1]]
    if len(header) > MOST_COLUMNS:
        raise ParseError(_("{name} has more than {most} columns"), name=path, most=MOST_COLUMNS)
    for label in renamed:
        if label not in header:
            message = _("--columns {label}: there is no such column; there are {known}")
            raise ParseError(message, label=label, known=", ".join(header))
    meant = [renamed.get(label, label) for label in header]
    rows, left_out = _of_people(rows, len(header), person_columns.who(meant))
    who = person_columns.filled(person_columns.who(meant), meant, rows, roster)
    wide = long_tables.widened(meant, rows, questions, who) if questions else None
    if wide:
        header = meant = wide.labels
        rows, who = wide.rows, person_columns.filled(person_columns.who(meant), meant, wide.rows, roster)
    numbers = _numbers(meant, who, questions)
    placed = None if numbers or not questions else unnamed_columns.named(meant, rows, questions, {*who.named, *who.ids})
    if placed:
        header, rows = placed.labels, placed.rows
        who = person_columns.filled(person_columns.who(header), header, rows, roster)
        numbers = _numbers(header, who, questions)
    table = Table([], answer_columns.requested(numbers.values(), questions))
    reading = _Reading(path.name, header, who, numbers, list(questions), comma=delimiter == ";")
    table.notes += [f"{path.name}: {form.note}" for form in (wide, placed) if form]
    table.notes += reading.notes(decoded.form(delimiter))
    handed_in = _times(table, header, who, rows)
    for (line, row), time in zip(rows, handed_in):
        person = reading.person(line, row, time, len(table.rows) + 1)
        if person is None:
            left_out.append(_("line {line}").format(line=line))
        elif wide and line in wide.trouble:
            table.rows.append(replace(person, answers={}, trouble=wide.trouble[line]))
        else:
            table.rows.append(person)
    table.notes += reading.afterwards()
    if left_out:
        message = _("{name}: left out, since they are no person: {rows}")
        table.notes.append(message.format(name=path.name, rows=people.listed(left_out)))
    return table


def _numbers(labels: list[str], who: Who, questions: Mapping[str, AskedProblem]) -> dict[int, Column]:
    """What each column asks for, but for those that say who somebody is."""
    others = {*who.named, *who.ids}
    meanings = {at: answer_columns.column(label, questions) for at, label in enumerate(labels) if at not in others}
    return {at: column for at, column in meanings.items() if column}


def _of_people(rows: Rows, width: int, who: Who) -> tuple[Rows, list[str]]:
    """The rows of people, each with a cell a column at least, and what was left out."""
    kept, left_out, blank = [], [], 0
    marked = [*who.ids[:1], *sorted(who.named)]
    for line, row in rows:
        texts = [cell.strip() for cell in row]
        texts += [""] * (width - len(texts))
        if not any(texts):
            blank += 1
            continue
        strange = next((texts[at] for at in marked if person_columns.is_nobody(texts[at])), None)
        summed = sum(bool(texts[at]) for at in who.ids) <= any(texts[at] == strange for at in who.ids)
        if strange is not None and (person_columns.is_test(strange) or summed):
            left_out.append(one_line(strange, 60))
        else:
            kept.append((line, texts))
    if blank:
        left_out.append((_("{n} blank rows") if blank > 1 else _("{n} blank row")).format(n=blank))
    return kept, left_out


def _times(table: Table, header: list[str], who: Who, rows: Rows) -> list[datetime | None]:
    """When each row was handed in, as far as a column says."""
    if who.time is None:
        return [None] * len(rows)
    column = times.column([row[who.time] for _line, row in rows])
    if any(column.times):
        table.timed, table.doubtful = one_line(header[who.time], 60), column.doubtful
    return column.times


@dataclass
class _Reading:
    """How the rows of one table are read, and what comes to light on the way."""

    name: str
    header: list[str]
    who: Who
    numbers: dict[int, Column]
    questions: Collection[str]
    comma: bool
    doubtful: list[str] = field(default_factory=list)
    missing: str = ""

    def __post_init__(self) -> None:
        used = {*self.who.ids[:1], *self.who.named, *self.numbers}
        self.extra = {at: one_line(label, 100) for at, label in enumerate(self.header) if at not in used}
        self.wanted = [
            1 if not column.place.open else sum(1 for _at in column.place.places) for column in self.numbers.values()
        ]
        if not self.numbers:
            self.missing = _(
                "{name}: no column names a number that is asked for, such as h[1][1]; --columns says what one means,"
                " and points in the problem file what Response 1, 2, … answer"
            ).format(name=self.name)

    def notes(self, as_read: list[str]) -> Iterator[str]:
        """What is said of the header."""
        if as_read:
            message = _("{name}: found {form}; --encoding says otherwise")
            yield message.format(name=self.name, form=_(", ").join(as_read))
        last = {column: at for at, column in self.numbers.items()}
        for column, count in Counter(self.numbers.values()).items():
            if count > 1:
                message = _("{name}: more than one column is {label}: the last one counts")
                yield message.format(name=self.name, label=one_line(self.header[last[column]], 100))
        if self.missing:
            yield self.missing
        if not self.who.ids:
            yield _("{name}: no column is called id: rows are counted").format(name=self.name)
        elif person_columns.folded(self.header[self.who.ids[0]]) != "id":
            label = one_line(self.header[self.who.ids[0]], 60)
            yield _("{name}: people by “{label}”").format(name=self.name, label=label)
        if self.numbers and self.extra:
            passed = ", ".join(self.extra.values())
            yield _("{name}: passed through: {columns}").format(name=self.name, columns=passed)

    def person(self, line: int, row: list[str], time: datetime | None, count: int) -> Person | None:
        """One row; None if it is nobody's: without an id, a name and an answer."""
        width = len(self.header)
        person = next((identified(row[at]) for at in self.who.ids if row[at]), "")
        name = one_line(self.who.called(row), 200)
        typed = [row[at][: cells.MOST if column.place.open else LONGEST] for at, column in self.numbers.items()]
        if self.who.ids and not person and not name and all(text in cells.EMPTY for text in typed):
            return None
        trouble = self.missing
        answers: dict[str, dict[str, Any]] = {}
        if any(row[width:]):  # which of them is one too many, nobody knows
            trouble = _("line {line}: more cells than the header has").format(line=line)
        elif not trouble:
            read, doubtful = cells.row(typed, self.wanted, self.comma)
            self.doubtful += doubtful
            answers, trouble = answer_columns.answers(zip(self.numbers.values(), read), self.questions)
        return Person(
            person or (_("row {n}").format(n=line) if self.who.ids else str(count)),
            name,
            answers,
            {label: one_line(row[at][:LONGEST], LONGEST) for at, label in self.extra.items()},
            trouble,
            not person,
            time,
        )

    def afterwards(self) -> Iterator[str]:
        """What is said of the rows."""
        if self.doubtful:
            message = _("{name}: {text} is read with a decimal comma, as {value}")
            yield message.format(name=self.name, text=self.doubtful[0], value=cells.decimal(self.doubtful[0]))


def has_number(line: str) -> bool:
    """Whether a cell of a line is a number, so that it is no header."""
    return any(re.fullmatch(r"\s*[-+−]?\d*[.,]?\d+\s*", cell) for cell in re.split(r"[\t;,]|\s{2,}", line))


def has_header(data: bytes, questions: Mapping[str, AskedProblem], encoding: str = "") -> bool:
    """Whether a text begins like a table of answers: with a column for who it is, or for a number."""
    first = encodings.decoded(data, encoding).text.lstrip().partition("\n")[0].replace("\0", "")
    labels = [label.strip() for label in (encodings.rows(first)[0] or [(1, [])])[0][1]]
    return bool(person_columns.who(labels).ids) or any(answer_columns.column(label, questions) for label in labels)
