"""Several problems in one sheet: headed parts, `## Q1`, each with what stands above the first of them.

Under a heading of answers a line `Q1: h_1 = …`, or a second heading `Q1`, goes back to that problem.
"""

from __future__ import annotations

import re

from rnncalc.problems.question_heads import COUNTED, WORDS, number
from rnncalc.problems.sheet.cleaned import heads_answers

_NUMBERED = rf"(?:(?:{WORDS})[ \t]*\.?[ \t]*(?P<number>\d{{1,3}})|{COUNTED})"
_POINTS = re.compile(
    r"[(\[（【]\D{0,12}(?P<number>\d{1,3}(?:[.,]\d)?)\s*(?:points?|pts?|marks?|punkte?|p|points?|puntos?|punti|分|баллов)\.?"
    r"\s*[)\]）】]|(?:worth|共|计)\s*(?P<worth>\d{1,3})\s*(?:points?|marks?|分)",
    re.IGNORECASE,
)
_HEAD = re.compile(
    rf"[ \t]*(?:#{{1,6}}[ \t]*|\*\*|\\(?:sub)*section\*?\{{)?{_NUMBERED}(?![\d=])[^=\n]{{0,80}}", re.IGNORECASE
)
_PREFIX = re.compile(rf"[ \t>*-]*{_NUMBERED}[*]*[ \t]*[:：.)）、][ \t]*[*]*(?=[ \t]*\S)", re.IGNORECASE)


def parts(text: str) -> dict[str, tuple[str, str]]:
    """The headed parts of a sheet by name, Q1, Q2, …; empty where there are fewer than two.

    Each has the text above the first heading, and its own, with the lines of others left blank, so that a line has the
    same number in a part and in the sheet.
    """
    lines = text.split("\n")
    own: dict[str, list[str]] = {}
    first, name, answers = 0, "", -1
    for at, line in enumerate(lines):
        head = _HEAD.fullmatch(line)
        prefix = _PREFIX.match(line) if answers >= 0 and not head else None
        called = _name(head or prefix)
        if head and called not in own:
            first = first if own else at
            own[called], name, answers = [""] * len(lines), called, -1
        elif head and answers < 0:
            return {}  # two parts of one name
        elif called in own:
            name = called
            line = line[prefix.end() :] if prefix else ""
            own[name][answers] = lines[answers]
        elif own and heads_answers(line):
            answers = at
        if name:
            own[name][at] = line
    above = "\n".join(lines[:first])
    return {name: (above, "\n".join(["", *kept[first:]])) for name, kept in own.items()} if len(own) > 1 else {}


def points(part: str) -> float:
    """What the heading of a part says that it is worth, “Q1 (10 points)”; 0 where it does not."""
    head = next(filter(None, map(_HEAD.fullmatch, part.split("\n"))), None)
    said = _POINTS.search(head[0]) if head else None
    return float((said["number"] or said["worth"]).replace(",", ".")) if said else 0.0


def _name(numbered: re.Match[str] | None) -> str:
    return f"Q{number(numbered['number'] or numbered['counted'])}" if numbered else ""
