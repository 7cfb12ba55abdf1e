"""Rows without brackets: numbers by spaces or commas, rows by semicolons or line breaks; a Markdown table too."""

from __future__ import annotations

import re
from functools import cache

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse.brackets import place
from rnncalc.problems.parse.numbers import BLANKS, DECIMAL, FRACTION, LONGEST_NUMBER, WORD, Numbers

_RULE = frozenset("-|:+ \t")  # what the line below a Markdown header is made of


@cache  # compiled when the first such text comes: a problem in JSON has none
def _entry() -> re.Pattern[str]:
    return re.compile(rf"{FRACTION.pattern}|{DECIMAL.pattern}|{WORD.pattern}|[^\s,]+", re.IGNORECASE)


def read(text: str) -> Numbers:
    """Read rows; a single row is a vector, a single number a scalar. Raises ParseError."""
    lines = [line.strip() for line in re.split(r"[;\n]|\\\\", text)]
    table = "|" if any(line.startswith("|") for line in lines) else "&" if "&" in text else ""
    rows = [_row(line, table) for line in lines if line and not (table and _RULE.issuperset(line))]
    if not all(rows) or not rows:
        raise ParseError(_("expected numbers, got nothing"))
    if len(rows) > 1:
        return Numbers.of(rows, place)
    return Numbers.of(rows[0] if len(rows[0]) > 1 else rows[0][0], place)


def _row(line: str, table: str) -> list[str | None]:
    if table:
        cells = [cell.strip().strip("*`$") for cell in line.strip("|").split(table)]
        return [None if cell in BLANKS else cell for cell in cells]
    line = line.strip(",").strip()
    if re.search(r",\s*,", line):
        raise ParseError(_("a number is missing between two commas in “{line}”"), line=line[:60])
    for word in line.replace(",", " ").split():
        if len(word) > LONGEST_NUMBER:  # no number, and a pattern would take long to say so
            raise ParseError(_('expected a number, got "{text}"'), text=shown(word, 40))
    entries: list[str | None] = []
    at = 0
    while at < len(line):
        match = _entry().match(line, at)
        if match is None:
            at += 1
            continue
        text = match[0]
        if line[match.end() : match.end() + 1] not in ("", " ", "\t", ","):  # the number goes on: 0.1x, 1.2.3
            text = re.compile(r"[^\s,]+").match(line, at)[0]  # type: ignore[index]
        entries.append(None if text in BLANKS else text)
        at += len(text)
    return entries
