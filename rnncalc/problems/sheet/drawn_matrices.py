"""Matrices that are drawn over several lines, also side by side, put on the line of their name.

    ⎡ 0.6  −0.3 ⎤         [ 0.1 ]
A = ⎢ 0.1   0.9 ⎥     b = [ 0.2 ]
    ⎣ 0.5   0.2 ⎦         [ 0.3 ]

Plain bars, | 0.6 −0.3 |, and round brackets with blanks inside, ( 0.6 −0.3 ), are edges too where nothing but numbers
stands between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LEFT, _RIGHT = "⎡⎢⎣⎛⎜⎝┌│└[", "⎤⎥⎦⎞⎟⎠┐│┘]"
_PIECE = re.compile(  # not the index of h[2][1]
    rf"(?<![\w\[\])}}])[{re.escape(_LEFT)}](?!\[)([^\[\]{re.escape(_LEFT[:-1] + _RIGHT[:-1])}]*)[{re.escape(_RIGHT)}]|"
    r"\|([ \t]*[-+−]?[\d.][-+−\d.eE \t]{0,300})\||"
    r"\(([ \t][-+−\d.eE \t]{0,300}[ \t])\)"  # a row between round brackets may be blank, that of the name
)
_NAME = re.compile(r"[^\s=:]\s*:?=\s*\Z")
NEAR = 2  # columns by which the pieces of a bracket may be apart


@dataclass
class _Matrix:
    """The rows of one matrix: (line, begin, end, text); named: the row behind whose name it stands."""

    rows: list[tuple[int, int, int, str]] = field(default_factory=list)
    named: int = -1


def on_one_line(text: str) -> str:
    """The text with its drawn matrices as [1, 2; 3, 4]; every line stays where it is."""
    lines = text.split("\n")
    matrices: list[_Matrix] = []
    open_ones: list[_Matrix] = []
    depth = 0  # of the lists that are open, also from the lines above
    for number, line in enumerate(lines):
        still: list[_Matrix] = []
        end = counted = 0
        depth = depth if line.strip() else 0
        for piece in _PIECE.finditer(line):
            before = line[counted : piece.start()]
            depth, counted = max(0, depth + before.count("[") - before.count("]")), piece.end()
            if depth > 0:
                continue  # a row of [[1, 2], [3, 4]]
            before = line[end : piece.start()]
            named, end = bool(_NAME.search(before)), piece.end()
            above = next((m for m in open_ones if abs(m.rows[-1][1] - piece.start()) <= NEAR and m not in still), None)
            beside = bool(before.strip(" ,;")) and not named  # the vectors of A [x; h], no row of a matrix
            if above is None or (named and above.named >= 0) or beside:
                above = _Matrix()
                matrices.append(above)
            if named:
                above.named = len(above.rows)
            above.rows.append((number, piece.start(), piece.end(), piece[1] or piece[2] or piece[3] or ""))
            still += [] if beside else [above]
        depth = max(0, depth + line.count("[", counted) - line.count("]", counted))
        open_ones = still
    edits = [edit for matrix in matrices if len(matrix.rows) > 1 and matrix.named >= 0 for edit in _edits(matrix)]
    for number, begin, end, put in sorted(edits, reverse=True):
        lines[number] = lines[number][:begin] + put + lines[number][end:]
    return "\n".join(lines)


def _edits(matrix: _Matrix) -> list[tuple[int, int, int, str]]:
    rows = [" ".join(text.replace("&", " ").split()).strip(",;") for *_place, text in matrix.rows]
    whole = f"[{'; '.join(row for row in rows if row)}]"
    return [
        (number, begin, end, whole if at == matrix.named else "")
        for at, (number, begin, end, _text) in enumerate(matrix.rows)
    ]
