"""@file: a matrix from a .json, .csv, .tsv, .npy or .txt file, or from standard input (@-).

`@weather.csv:temp,press` takes columns by their names in the header or by number from 1.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import numpy as np

from rnncalc.common import strict_json
from rnncalc.common.files import reading
from rnncalc.common.i18n import _, os_error_reason
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse.brackets import place
from rnncalc.problems.parse.numbers import BLANKS, LONGEST_TEXT, MOST_ENTRIES, Numbers, blanked, number


def read(name: str, read_text: Callable[[str], Numbers]) -> Numbers:
    """Read the matrix in a file; `read_text` reads other text than tables and JSON. Raises ParseError with the name."""
    name, columns = _columns(name)
    if name.endswith(".npy"):
        reading(name)
        return _npy(name)
    text = content(name)
    try:
        if name.endswith((".csv", ".tsv")) or columns:
            return _table(text, "\t" if name.endswith(".tsv") else None, columns)
        if name.endswith(".json"):
            return Numbers.of(strict_json.read(text), lambda index: "$" + "".join(f"[{i}]" for i in index))
        if text.lstrip().startswith("@"):
            raise ParseError(_("a file that names another file is not followed"))
        return read_text(text)
    except ParseError as error:
        raise ParseError(f"{shown(name)}: {error}") from None


def content(name: str) -> str:
    """The text of a file, or of standard input for `-`: in whatever encoding it fits, as `common.encodings` says.

    Of a page of HTML or Word it is what is read in it. Raises ParseError.
    """
    reading(0 if name == "-" else name)
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LONGEST_TEXT + 1)
        else:
            with open(name, "rb") as file:
                data = file.read(LONGEST_TEXT + 1)
    except OSError as error:
        reason = os_error_reason(error)
        raise ParseError(_("cannot read {name}: {reason}"), name=name, reason=reason) from None
    except ValueError:  # a NUL character in the name
        raise ParseError(_("cannot read {name}: no such file"), name=name) from None
    if len(data) > LONGEST_TEXT:
        raise ParseError(_("{name} is larger than {most} bytes"), name=name, most=LONGEST_TEXT)
    from rnncalc.problems.parse import pages  # here: a matrix typed as an option comes from no page

    try:
        page = pages.text_of(data)
    except ParseError as error:
        raise ParseError(f"{shown(name)}: {error}") from None
    if page is not None:
        return page
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        from rnncalc.common import encodings  # here: most files are UTF-8

        encoding = encodings.detected(io.BytesIO(data))
        text = data.decode(encoding).removeprefix("\ufeff") if encoding else text
    if "\0" in text:
        raise ParseError(_("{name} is not a text file"), name=name)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _columns(name: str) -> tuple[str, list[str]]:
    match = re.fullmatch(r"(.+\.(?:csv|tsv|txt)):(.+)", name)
    return (match[1], [column.strip() for column in match[2].split(",")]) if match else (name, [])


def _npy(path: str) -> Numbers:
    from rnncalc.common import npy  # here, so that no other problem loads it with zipfile and its decompressors

    arrays, _names = npy.read(path)
    array = arrays.get("")
    if array is None or array.dtype.kind not in "fiub":
        raise ParseError(_("{name} is not a .npy file of real numbers"), name=path)
    if array.size > MOST_ENTRIES:
        raise ParseError(_("{name}: more than {most} numbers"), name=path, most=MOST_ENTRIES)
    return Numbers(array.astype(np.float64))


def _table(text: str, delimiter: str | None, wanted: list[str]) -> Numbers:
    import csv  # here, so that a problem without tables does not load it

    first = text.lstrip().partition("\n")[0]
    delimiter = delimiter or next((mark for mark in "\t;" if mark in first), ",")
    reader, rows = csv.reader(io.StringIO(text), delimiter=delimiter), list[list[str]]()
    try:
        for row in reader:
            if not row and not (rows and len(rows[0]) == 1):  # a blank line; in a table of one column, a blank cell
                continue
            if rows and len(row) > len(rows[0]):
                message = _("line {line}: {n} columns, where the first row has {m}")
                raise ParseError(message, line=reader.line_num, n=len(row), m=len(rows[0]))
            rows.append([cell.strip() for cell in row or [""]])
    except csv.Error as error:
        raise ParseError(str(error)) from None
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise ParseError(_("the table is empty"))
    header = rows.pop(0) if not all(_is_number(cell) for cell in rows[0]) else []
    chosen = [_column(column, header, len(rows[0]) if rows else 0) for column in wanted] or None
    picked = rows if chosen is None else [_picked(row, chosen) for row in rows]
    cells = [[None if blanked(cell) in BLANKS else cell for cell in row] for row in picked]
    return Numbers.of(cells, lambda index: place((index[0] + bool(header), *index[1:])) if index else "")


def _is_number(cell: str) -> bool:
    try:
        number(cell)
    except ParseError:
        return blanked(cell) in BLANKS
    return True


def _column(name: str, header: list[str], width: int) -> int:
    if name in header:
        return header.index(name)
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    known = ", ".join(header) or _("1 to {n}").format(n=width)
    raise ParseError(_("there is no column “{name}”; there are {known}"), name=name, known=known)


def _picked(row: list[str], columns: list[int]) -> list[str]:
    return [row[column] if column < len(row) else "" for column in columns]
