r"""Matrices in LaTeX: \begin{bmatrix} 0.1 & 0.2 \\ 0.3 & 0.4 \end{bmatrix}, pmatrix, array and the rest."""

from __future__ import annotations

import re

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.parse.brackets import place
from rnncalc.problems.parse.numbers import BLANKS, Numbers

_KINDS = r"(?:[bpvVB]?|small|psmall|bsmall)matrix\*?|array|tabular|aligned|cases"
_ENVIRONMENT = re.compile(
    rf"\\begin\s*\{{({_KINDS})\}}\s*(?:\[[a-z]*\])?(?:\{{[lcr|\s@{{}}]*\}})?(.*?)\\end\s*\{{\1\}}(.*)", re.DOTALL
)
_BEFORE = re.compile(r"(?:\s|\\left|\\bigg?|\\displaystyle|[\[(|.\\]|\$)*")
_AFTER = re.compile(
    r"(?:\s|\\right|\\bigg?|[\])|.,;\\]|\$)*(\^\s*\{?\s*\\?(?:top|intercal|mathsf\{T\}|mathrm\{T\}|T)\s*\}?)?"
)


def read(text: str) -> Numbers:
    """Read the matrix in the first environment; ^T behind it transposes. Raises ParseError."""
    start = text.index("\\begin")
    match = _ENVIRONMENT.match(text, start)
    if match is None:
        raise ParseError(_(r"expected \begin{bmatrix} … \end{bmatrix} (or pmatrix, matrix, array)"))
    before, after = text[:start], _AFTER.fullmatch(match[3].rstrip(" \t\r\n.,;$"))
    if not _BEFORE.fullmatch(before) or after is None:
        odd = (before.strip() if not _BEFORE.fullmatch(before) else match[3].strip())[:40]
        raise ParseError(_("cannot read “{text}” beside the matrix"), text=odd)
    body = match[2]
    if "\\\\" not in body:  # Markdown makes one \ of two
        body = re.sub(r"\\(?=\s)", r"\\\\", body)
    body = re.sub(r"\\(?:hline|cline\{[^}]*\}|displaystyle)", " ", body)
    rows = [row.split("&") for row in re.split(r"\\\\(?:\s*\[[^\]]*\])?|\\cr\b|\\newline", body) if row.strip()]
    cells = [[_cell(cell) for cell in row] for row in rows]
    if not cells:
        raise ParseError(_("the matrix is empty"))
    numbers = Numbers.of(cells, place)
    return numbers.transposed if after[1] else numbers


def _cell(cell: str) -> str | None:
    cell = re.sub(r"\\(?:math(?:bf|rm|it|sf)|text(?:bf)?|boxed|phantom)\s*(?=\{)", "", cell)
    cell = re.sub(r"\\[,;:! ]|\\q?quad", " ", cell).strip()
    return None if cell in BLANKS else cell
