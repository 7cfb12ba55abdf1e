r"""A function in pieces, \begin{cases} z & z > 0 \\ 0.1 z & z \le 0 \end{cases}, as one call that a formula may hold.

It becomes cases(z; z; 0; 1e999; 0; 0.1 z; -1e999; 0; 1): the letter, and of each piece its formula, its bounds, and
whether the upper one belongs to it. What cannot be told apart so stays as it is.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rnncalc.problems.parse.numbers import plain

_CASES = re.compile(r"\\begin\s*\{([dr]?cases)\}((?:(?!\\(?:begin|end)\b).)*)\\end\s*\{\1\}", re.DOTALL)
_ROW = re.compile(r"\\\\(?:\[[^\]\n]*\])?")
_TEXT = re.compile(r"\\(?:text|mbox|textrm|mathrm|textnormal)\s*\{([^{}\n]*)\}|\\(?:quad|qquad|[,;:! ])|\$")
_WORDS = re.compile(
    r"^\W{0,9}(?:if|for|when|where|wenn|falls|für|si|pour|quando|se|para|если|при|当|若|如果)(?![A-Za-z])|时?\W{0,3}$|,$"
)
_REST = re.compile(
    r"(?:otherwise|else|sonst|sinon|autrement|altrimenti|caso contr\w+|en otro caso|si no|иначе|"
    r"其他|其它|否则|その他|그 ?외)\W*",
    re.I,
)
_NUMBER = r"[-+]?\s?(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(?:\s?/\s?\d{1,4})?"
_LETTER = r"(?P<letter>[^\W\d][^<>=|]{0,12}?)"
_BETWEEN = re.compile(
    rf"(?:(?P<low>{_NUMBER})\s*(?P<left>[<≤])\s*)?{_LETTER}\s*(?:(?P<right>[<≤])\s*(?P<high>{_NUMBER}))?"
)
_ABOVE = re.compile(
    rf"(?:(?P<high>{_NUMBER})\s*(?P<right>[>≥])\s*)?{_LETTER}\s*(?:(?P<left>[>≥])\s*(?P<low>{_NUMBER}))?"
)
_AROUND = re.compile(rf"(?:\||\\lvert\s?){_LETTER}(?:\||\\rvert)\s*(?P<right>[<≤])\s*(?P<high>{_NUMBER})")
INFINITY = "1e999"


class Range(NamedTuple):
    """Where a piece holds; closed: whether its upper bound belongs to it, open: whether its lower one does not."""

    letter: str
    low: float
    high: float
    closed: bool
    open: bool


def in_calls(text: str) -> str:
    """The text with each function in pieces as one call, on the line where it begins."""
    return _CASES.sub(_call, text) if "cases" in text else text


def _call(cases: re.Match[str]) -> str:
    rows = [row.split("&", 1) for row in _ROW.split(cases[2]) if row.strip()]
    if len(rows) < 2 or any(len(row) < 2 for row in rows):
        return cases[0]
    said = [_range(row[1]) for row in rows]
    stated = [part for part in said if part is not None]
    rest = [at for at, row in enumerate(rows) if _REST.fullmatch(_bare(row[1]))]
    if len(stated) + len(rest) < len(rows) or len(rest) > 1 or len({part.letter for part in stated}) != 1:
        return cases[0]
    letter = stated[0].letter
    gap = _gap(stated, letter) if rest else None
    if rest and gap is None:
        return cases[0]
    ranges = [part or gap for part in said]
    pieces = [f"{' '.join(row[0].split())}; {_shown(part.low)}; {_shown(part.high)}; {int(part.closed)}"
              for row, part in zip(rows, ranges) if part]  # fmt: skip
    return f"cases({letter}; {'; '.join(pieces)})" + "\n" * cases[0].count("\n")


def _bare(condition: str) -> str:
    text = _TEXT.sub(lambda words: f" {words[1] or ''} ", condition)
    for command, sign in (("leqslant", "≤"), ("geqslant", "≥"), ("leq", "≤"), ("geq", "≥"), ("le", "≤"), ("ge", "≥"),
                          ("lt", "<"), ("gt", ">")):  # fmt: skip
        text = re.sub(rf"\\{command}(?![a-zA-Z])", sign, text)
    text = plain(text).replace("<=", "≤").replace(">=", "≥").replace("⩽", "≤").replace("⩾", "≥")
    return " ".join(text.split()).strip(" .;,")


def _range(condition: str) -> Range | None:
    text = _WORDS.sub("", _bare(condition)).strip()
    if around := _AROUND.fullmatch(text):
        high = _value(around["high"])
        return Range(around["letter"].strip(), -high, high, around["right"] == "≤", around["right"] == "<")
    for pattern in (_BETWEEN, _ABOVE):
        said = pattern.fullmatch(text)
        if said and (said["left"] or said["right"]):
            low = _value(said["low"]) if said["low"] else float("-inf")
            high = _value(said["high"]) if said["high"] else float("inf")
            closed, opened = said["right"] in ("≤", "≥"), said["left"] in ("<", ">")
            return Range(said["letter"].strip(), low, high, closed, opened) if low < high else None
    return None


def _gap(ranges: list[Range], letter: str) -> Range | None:
    """What the others leave over, where it is one piece."""
    end, closed, gaps = float("-inf"), False, list[Range]()
    for part in sorted(ranges, key=lambda part: part.low):
        if part.low > end:
            gaps.append(Range(letter, end, part.low, part.open, closed))
        end, closed = max(end, part.high), part.closed
    if end < float("inf"):
        gaps.append(Range(letter, end, float("inf"), False, closed))
    return gaps[0] if len(gaps) == 1 else None


def _value(text: str) -> float:
    above, _sign, below = text.replace(" ", "").partition("/")
    return float(above) / float(below or 1)


def _shown(bound: float) -> str:
    return repr(bound).replace("inf", INFINITY)
