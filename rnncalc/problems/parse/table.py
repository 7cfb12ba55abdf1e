"""A table of numbers: columns by commas, semicolons or tabs, a header or none, decimal points or commas."""

from __future__ import annotations

import io
import re

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse.brackets import place
from rnncalc.problems.parse.commas import OF_A_TABLE
from rnncalc.problems.parse.numbers import BLANKS, Numbers, blanked, number

_COMMA = re.compile(r"[-+−]?\d*,\d+(?:[eE][-+]?\d{1,3})?")
_GROUPED = re.compile(r"[-+−]?[1-9]\d{0,2},\d{3}")  # a thousand, or three decimals
_SEPARATOR = re.compile(r"\s*sep=([,;\t])\n")  # a first line for Excel


def read(text: str, delimiter: str, wanted: list[str], decimal: str = "") -> Numbers:
    """The numbers of a table. delimiter: "" to find it; wanted: its columns by name or number, none for all.

    decimal: comma or point, where somebody says it; else commas in cells are decimal where they can be nothing else.
    Raises ParseError.
    """
    if said := _SEPARATOR.match(text):
        text, delimiter = text[said.end() :], said[1]
    delimiter = delimiter or _delimiter(text, decimal)
    rows = _rows(text, delimiter)
    comma = decimal == "comma" or (not decimal and _commas(rows))
    if comma:
        rows = [[cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in row] for row in rows]
    header = rows.pop(0) if not all(_is_number(cell) for cell in rows[0]) else []
    if len(header) == 1 and "," in header[0] and decimal == "comma":
        message = _("with decimal commas, columns need semicolons, tabs or quotes between them: {line}")
        raise ParseError(message, line=shown(header[0], 60))
    if not rows:
        raise ParseError(_("the table has no numbers, only a header: {line}"), line=shown(delimiter.join(header), 60))
    chosen = [_column(column, header, len(rows[0])) for column in wanted] or None
    picked = rows if chosen is None else [_picked(row, chosen) for row in rows]
    cells = [[None if blanked(cell) in BLANKS else cell for cell in row] for row in picked]
    numbers = Numbers.of(cells, lambda index: place((index[0] + bool(header), *index[1:])) if index else "")
    if not decimal:
        numbers.commas = OF_A_TABLE if comma else _pair(text, delimiter, rows, header)
    return numbers


def _delimiter(text: str, decimal: str) -> str:
    """What stands between the columns. Where commas are decimal, they separate only what has quotes."""
    first = text.lstrip().partition("\n")[0]
    usual = next((mark for mark in "\t;" if mark in (text if decimal == "comma" else first)), ",")
    return "\t" if decimal == "comma" and usual == "," and '"' not in text else usual


def _rows(text: str, delimiter: str) -> list[list[str]]:
    import csv  # here, so that a problem without tables does not load it

    reader, rows = csv.reader(io.StringIO(text), delimiter=delimiter), list[list[str]]()
    try:
        for row in reader:
            if not row and not (rows and len(rows[0]) == 1):  # a blank line; in a table of one column, a blank cell
                continue
            if rows and len(row) > len(rows[0]):
                message = _("line {line}: {n} columns, where the first row has {m}")
                if len(row) == 2 * len(rows[0]) and delimiter == ",":
                    message = _("line {line}: {n} columns, where the first row has {m}; are they decimal commas? "
                                "--decimal comma")  # fmt: skip
                raise ParseError(message, line=reader.line_num, n=len(row), m=len(rows[0]))
            rows.append([cell.strip() for cell in row or [""]])
    except csv.Error as error:
        raise ParseError(str(error)) from None
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise ParseError(_("the table is empty"))
    return rows


def _commas(rows: list[list[str]]) -> bool:
    """Whether commas inside cells are decimal. Raises ParseError where they may also group thousands, 1,234."""
    cells = [cell for row in rows for cell in row]
    with_comma = [cell for cell in cells if _COMMA.fullmatch(cell)]
    if not with_comma or any(re.fullmatch(r"[-+−]?\d*\.\d+", cell) for cell in cells):
        return False
    if all(_GROUPED.fullmatch(cell) for cell in with_comma):
        message = _("{text} may be {point} or {whole}: --decimal comma reads {point}; else write it without the comma")
        text = with_comma[0]
        raise ParseError(message, text=text, point=text.replace(",", "."), whole=text.replace(",", ""))
    return True


def _pair(text: str, delimiter: str, rows: list[list[str]], header: list[str]) -> str:
    """The first row of a table whose rows may all be one number with a decimal comma; empty if they are not."""
    pairs = delimiter == "," and len(header) < 2 and not re.search(r"[. \"]", text)
    pairs = pairs and all(len(row) == 2 and re.fullmatch(r"[-+]?\d+", row[0]) and row[1].isdigit() for row in rows)
    one_hot = {cell for row in rows for cell in row} <= {"0", "1"}
    return ",".join(rows[0]) if pairs and not one_hot else ""


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
