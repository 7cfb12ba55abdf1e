"""Tables of answers, a row a person: UTF-8 with or without a mark, UTF-16, GB 18030; commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnncalc.classroom.grading import columns as cells
from rnncalc.common.i18n import _, os_error_reason
from rnncalc.common.safe_text import identified, one_line
from rnncalc.errors import ParseError

LARGEST = 200_000_000  # bytes of a table
LONGEST = 1000  # characters of a cell
MOST_COLUMNS = 20_000
IDS = ("id", "student id", "student_id", "studentid", "sid", "user id", "username", "email", "学号", "学生编号", "编号")
NAMES = ("name", "student", "student name", "full name", "姓名", "名字")
_LIMIT = threading.Lock()

Shapes = Mapping[str, Mapping[str, tuple[int, ...]]]


@dataclass(frozen=True)
class Person:
    """One row."""

    id: str
    name: str
    answers: dict[str, dict[str, Any]]
    extra: dict[str, str]
    trouble: str = ""
    anonymous: bool = False  # whether the id is only the number of a row


@dataclass
class Table:
    """Every row; requested: how many numbers of each question there are columns for."""

    rows: list[Person]
    requested: dict[str, int]
    notes: list[str] = field(default_factory=list)


def read(path: Path, shapes: Shapes, renamed: Mapping[str, str], data: bytes | None = None) -> Table:
    """The table in a file. shapes: question → quantity → shape; renamed: header → what it means. data: what has been
    read of it already. Raises ParseError.
    """
    text = decoded(content(path, LARGEST) if data is None else data).replace("\0", "")
    (_line, header), *rows = _rows(text) or [(1, [])]
    if not any(header):
        raise ParseError(_("{name}: the table is empty"), name=path)
    if len(header) > MOST_COLUMNS:
        raise ParseError(_("{name} has more than {most} columns"), name=path, most=MOST_COLUMNS)
    meant = [renamed.get(label.strip(), label.strip()) for label in header]
    labels = {label.strip() for label in header}
    for label in renamed:
        if label not in labels:
            known = ", ".join(label.strip() for label in header)
            raise ParseError(
                _("--columns {label}: there is no such column; there are {known}"), label=label, known=known
            )
    who, called = _first(meant, IDS), _first(meant, NAMES)
    numbers = {
        at: column
        for at, label in enumerate(meant)
        if at not in (who, called) and (column := cells.column(label, shapes))
    }
    table = Table([], dict.fromkeys(shapes, 0))
    last = {column: at for at, column in numbers.items()}
    for column, count in Counter(numbers.values()).items():
        table.requested[column.question] += 1
        if count > 1:
            message = _("{name}: more than one column is {label}: the last one counts")
            table.notes.append(message.format(name=path.name, label=one_line(header[last[column]], 100)))
    extra = {
        at: one_line(label, 100) for at, label in enumerate(header) if at not in (who, called) and at not in numbers
    }
    missing = ""
    if not numbers:
        missing = _(
            "{name}: no column names a number that is asked for, such as h[1][1]; --columns says what one means"
        )
        missing = missing.format(name=path.name)
        table.notes.append(missing)
    if who is None:
        table.notes.append(_("{name}: no column is called id: rows are counted").format(name=path.name))
    if numbers and extra:
        passed = ", ".join(extra.values())
        table.notes.append(_("{name}: passed through: {columns}").format(name=path.name, columns=passed))
    comma = ";" in text.partition("\n")[0]
    for count, (line, row) in enumerate(rows):
        if not any(cell.strip() for cell in row):
            continue
        texts = [cell.strip()[:LONGEST] for cell in row] + [""] * (len(header) - len(row))
        person = identified(texts[who]) if who is not None else str(count + 1)
        trouble = missing
        if any(cell.strip() for cell in row[len(header) :]):  # which of them is one too many, nobody knows
            trouble = _("line {line}: more cells than the header has").format(line=line)
        given = [(column, _number(texts[at], comma)) for at, column in numbers.items()]
        table.rows.append(
            Person(
                person or _("row {n}").format(n=count + 2),
                one_line(texts[called], 200) if called is not None else "",
                {} if trouble else cells.answers(given, shapes),
                {label: one_line(texts[at], LONGEST) for at, label in extra.items()},
                trouble,
                not person or who is None,
            )
        )
    return table


def has_header(data: bytes, shapes: Shapes) -> bool:
    """Whether a text begins like a table of answers: with a column for who it is, or for a number."""
    first = decoded(data).lstrip().partition("\n")[0].replace("\0", "")
    labels = [label.strip() for label in (_rows(first) or [(1, [])])[0][1]]
    return _first(labels, IDS) is not None or any(cells.column(label, shapes) for label in labels)


def content(path: Path, most: int) -> bytes:
    """The bytes of a file that is not too large. Raises ParseError."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ParseError(_("cannot read {name}: {reason}"), name=path, reason=os_error_reason(error)) from None
    except ValueError:
        raise ParseError(_("cannot read {name}: no such file"), name=path) from None
    if len(data) > most:
        raise ParseError(_("larger than {most} bytes"), most=most)
    return data


def decoded(data: bytes) -> str:
    """The text, in the first encoding that it fits; what fits none keeps what can be read of it."""
    text = _decoded(data)
    return text if "\n" in text else text.replace("\r", "\n")  # a spreadsheet's "CSV (Macintosh)"


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8-sig", "replace")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The rows, each with the line in which it ends. A cell may be as long as it likes: the limit is set aside."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    with _LIMIT:
        before = csv.field_size_limit(len(text) + 1)
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        try:
            return [(reader.line_num, row) for row in reader]
        except csv.Error:  # nothing else is left that it would refuse
            message = _("line {n} of the table is broken inside a cell without quotes: save it as CSV once more")
            raise ParseError(message, n=reader.line_num) from None
        finally:
            csv.field_size_limit(before)


def _first(labels: list[str], known: tuple[str, ...]) -> int | None:
    """The column with the first of these names, whatever its case."""
    folded = [label.casefold() for label in labels]
    return next((folded.index(name) for name in known if name in folded), None)


def _number(text: str, comma: bool) -> str:
    """A cell; where semicolons separate, 0,86 is 0.86."""
    return text.replace(",", ".") if comma and re.fullmatch(r"[+-]?\d{0,40},\d{1,40}", text) else text
