r"""A problem as copied from a sheet: `name = value` lines, with any form of matrix as the value.

    cell = lstm                       # comments run to the end of the line
    W_{hx} = \begin{bmatrix} 0.1 & 0.2 \\ 0.3 & 0.4 \end{bmatrix}
    h_{0} = 0,  x_1 = [2, 3],  x_2 = [1, 0]

A value ends at the next `name =` outside brackets, so it may span lines, and a line may hold several. x_1, x_2, … are
the steps of x; h_0 is h0.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.parse import code, matrix
from rnncalc.problems.parse.numbers import Numbers, plain

# Every piece is bounded and cannot begin like the piece before it, so no text makes matching slow.
_WORD = r"[^\W\d_][^\W_]{0,40}"
_BOLD = r"\\(?:mathbf|boldsymbol|bm|mathrm|vec|text)\s{0,4}\{\s{0,4}(?:WORD)\s{0,4}\}".replace("WORD", _WORD)
_INDEX = (
    r"(?:[ \t]{0,4}[_^]{1,2}[ \t]{0,4}(?:\{[^{}=\n]{0,40}\}|\\langle[^\\\n]{0,20}\\rangle|[^\W_]{1,40})|\.[^\W_]{1,20})"
)
_SIGN = r"[ \t]{0,20}\$?[ \t]{0,4}&?[ \t]{0,4}(?P<sign>:=|=|:|\\leftarrow)"
_HEAD = re.compile(rf"(?P<mark>[-*•&$]|\\[(\[])?[ \t]{{0,4}}(?P<name>(?:{_BOLD}|{_WORD}){_INDEX}{{0,4}}){_SIGN}")
_PIECE = re.compile(r"\\begin|\\end|[\[({]|[\])}]|" + _HEAD.pattern)
_SEED = re.compile(r"^[ \t]*(?:np|numpy)\.random\.seed\([ \t]*(\d{1,10})[ \t]*\)[ \t]*;?[ \t]*$", re.MULTILINE)
_BEHIND = re.compile(r"(?:\\[\\)\]]|\band|\bund|[,;$&•*-]|\s)\Z")
_STEP = re.compile(r"x_?(\d+)")
_START = re.compile(r"([A-Za-z]\w*?)_?0")


def read(text: str) -> dict[str, tuple[Any, str]]:
    """Read name → (text or Numbers, place). Raises ParseError with the line."""
    text = _without_comments(plain(text))
    heads = _heads(text)
    _check_start(text, heads[0].start() if heads else len(text))
    reader = code.CodeReader()
    entries: dict[str, tuple[Any, str]] = {}
    steps: dict[int, tuple[Numbers, str]] = {}
    ends = [head.start() for head in heads[1:]] + [len(text)]
    seeds = [(seed.start(), int(seed[1])) for seed in _SEED.finditer(text)][::-1]
    line, counted = 1, 0
    for head, end in zip(heads, ends):
        while seeds and seeds[-1][0] < head.start():
            reader.np_seed(seeds.pop()[1])
        line, counted = line + text.count("\n", counted, head.start("name")), head.start("name")
        name = key(head["name"])
        where = _("line {line}, {name}").format(line=line, name=shown(name, 40))
        value = _value(_SEED.sub("", text[head.end() : end]))
        step = _STEP.fullmatch(name)
        if step:
            _keep(steps, int(step[1]), (_numbers(value, where, reader), where), where)
        elif code.recognises(value) and not value.lstrip().startswith("@"):
            _keep(entries, name, (_numbers(value, where, reader), where), where)
        else:
            _keep(entries, name, (value, where), where)
    if steps:
        _keep(entries, "x", _steps(steps), steps[min(steps)][1])
    return entries


def key(name: str) -> str:
    r"""A name in plain text: W_{hx} and \mathbf{W}_{hx} are W_hx, h_{0} is h0, x^{(2)} is x_2."""
    name = re.sub(r"\\(?:mathbf|boldsymbol|bm|mathrm|vec|text)\s*\{\s*(\w+)\s*\}", r"\1", name)
    name = re.sub(r"[{}()<>\s\\,]|langle|rangle", "", name.replace("^", "_"))
    start = _START.fullmatch(name)
    return f"{start[1]}0" if start and start[1] in ("h", "c", "y", "C", "H") else name


def _without_comments(text: str) -> str:
    """Replace comments by spaces, so that places stay."""
    return re.sub(r"(?<!\\)#[^\n]*", lambda comment: " " * len(comment[0]), text)


def _heads(text: str) -> list[re.Match[str]]:
    """Find every `name =` outside brackets and environments; `name:` counts only at the start of a line."""
    depth, heads, at = 0, [], 0
    while piece := _PIECE.search(text, at):
        at = piece.end()
        if piece["name"] is not None:
            before = text[text.rfind("\n", 0, piece.start()) + 1 : piece.start()].strip()
            if depth == 0 and _begins_here(text, piece) and (piece["sign"] != ":" or not before):
                heads.append(piece)
            else:
                at = piece.end("name")
        elif piece[0] in ("\\begin", *"[({"):
            depth += 1
        else:
            depth = max(depth - 1, 0)
        if piece[0] in ("\\begin", "\\end"):
            at = text.find("}", at) + 1 or len(text)
    return heads


def _begins_here(text: str, head: re.Match[str]) -> bool:
    """Whether a name begins here, not inside a word, an option or a file name."""
    before = text[head.start() - 1 : head.start()] if head.start() else "\n"
    return not re.match(r"[\w.@\\=/-]", before) and text[head.end() : head.end() + 1] != "="


def _check_start(text: str, begin: int) -> None:
    rest = _SEED.sub("", text[:begin]).strip()
    if rest:
        message = _('line {line}: expected “name = value”, got "{text}" (put # before remarks)')
        line = text.count("\n", 0, text.index(rest.split()[0])) + 1
        raise ParseError(message, line=line, text=rest.splitlines()[0][:40])


def _value(text: str) -> str:
    """The text between two names, without separators."""
    text = text.strip()
    while separator := _BEHIND.search(text, max(len(text) - 4, 0)):
        text = text[: separator.start()].rstrip()
    text = text.removeprefix("&").strip()
    return text[:-1] if re.search(r"(?:\.\d{0,40}|[\])}])\.\Z", text[-50:]) else text


def _numbers(value: str, where: str, reader: code.CodeReader) -> Numbers:
    try:
        return Numbers(reader.read(value)) if code.recognises(value) else matrix.read(value)
    except ParseError as error:
        raise ParseError(f"{where}: {error}") from None


def _keep(entries: dict[Any, Any], name: object, value: object, where: str) -> None:
    if name in entries:
        raise ParseError(_("{where}: it is given twice"), where=where)
    entries[name] = value


def _steps(steps: dict[int, tuple[Numbers, str]]) -> tuple[Numbers, str]:
    """Join x_1 … x_T to (T, D)."""
    missing = [t for t in range(1, max(steps) + 1) if t not in steps]
    where = steps[min(steps)][1]
    if missing or 0 in steps:
        raise ParseError(
            _("{where}: the steps of x run from x_1 without a gap; x_{t} is missing"),
            where=where,
            t=(missing or [1])[0],
        )
    rows = [steps[t][0].through(np.ravel) for t in sorted(steps)]
    if len({row.shape for row in rows}) > 1:
        raise ParseError(_("{where}: every step of x must have the same number of entries"), where=where)
    return Numbers.of([row.nested() for row in rows]), where
