r"""A problem as copied from a sheet: `name = value` lines, with any form of matrix as the value.

    cell = lstm                       # comments run to the end of the line
    W_{hx} = \begin{bmatrix} 0.1 & 0.2 \\ 0.3 & 0.4 \end{bmatrix}
    h_{0} = 0,  x_1 = [2, 3],  x_2 = [1, 0]

A value runs to the next `name =` outside brackets, so it may span lines and several may share one. x_1, x_2, … are the
steps of x; h_0 is h0.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

from rnncalc.errors import ParseError
from rnncalc.language import _
from rnncalc.parse import code, matrix
from rnncalc.parse.numbers import Numbers, plain

_NAME = r"(?:\\(?:mathbf|boldsymbol|bm|mathrm|vec|text)\s*\{\s*\w+\s*\}|[A-Za-z]\w*)"
_INDEX = r"(?:\s*[_^]\s*(?:\{[^{}=]*\}|\\langle.*?\\rangle|\w+)|\.\w+)*"
_HEAD = re.compile(rf"(?P<mark>[-*•&$]|\\[(\[])?\s*(?P<name>{_NAME}{_INDEX})\s*\$?\s*&?\s*(?P<sign>:=|=|:|\\leftarrow)")
_SEED = re.compile(r"^\s*(?:np|numpy)\.random\.seed\(\s*(\d{1,10})\s*\)\s*;?\s*$", re.MULTILINE)
_STEP = re.compile(r"x_?(\d+)")
_START = re.compile(r"([A-Za-z]\w*?)_?0")


def read(text: str) -> dict[str, tuple[Any, str]]:
    """name → (text or Numbers, place). Raises ParseError with the line."""
    text = _without_comments(plain(text))
    heads = _heads(text)
    _check_start(text, heads[0].start() if heads else len(text))
    reader = code.Reader()
    found: dict[str, tuple[Any, str]] = {}
    steps: dict[int, tuple[Numbers, str]] = {}
    ends = [head.start() for head in heads[1:]] + [len(text)]
    seeds = {seed.start(): int(seed[1]) for seed in _SEED.finditer(text)}
    for head, end in zip(heads, ends):
        for at in [at for at in seeds if at < head.start()]:
            reader.np_seed(seeds.pop(at))
        name = key(head["name"])
        where = _("line {line}, {name}").format(line=text.count("\n", 0, head.start("name")) + 1, name=name)
        value = _value(_SEED.sub("", text[head.end() : end]))
        step = _STEP.fullmatch(name)
        if step:
            _keep(steps, int(step[1]), (_numbers(value, where, reader), where), where)
        elif code.recognises(value) and not value.lstrip().startswith("@"):
            _keep(found, name, (_numbers(value, where, reader), where), where)
        else:
            _keep(found, name, (value, where), where)
    if steps:
        _keep(found, "x", _steps(steps), steps[min(steps)][1])
    return found


def key(name: str) -> str:
    r"""A name as it is typed elsewhere: W_{hx} and \mathbf{W}_{hx} are W_hx, h_{0} is h0, x^{(2)} is x_2."""
    name = re.sub(r"\\(?:mathbf|boldsymbol|bm|mathrm|vec|text)\s*\{\s*(\w+)\s*\}", r"\1", name)
    name = re.sub(r"[{}()<>\s\\,]|langle|rangle", "", name.replace("^", "_"))
    start = _START.fullmatch(name)
    return f"{start[1]}0" if start and start[1] in ("h", "c", "y", "C", "H") else name


def _without_comments(text: str) -> str:
    """Comments blanked out, so that places stay; a line that is only a comment leaves nothing."""
    return re.sub(r"(?<!\\)#[^\n]*", lambda found: " " * len(found[0]), text)


def _heads(text: str) -> list[re.Match[str]]:
    """Every `name =` outside brackets and environments; a colon counts only at the start of a line."""
    depth, heads, at = 0, [], 0
    pieces = re.compile(r"\\begin|\\end|[\[({]|[\])}]|" + _HEAD.pattern)
    while found := pieces.search(text, at):
        at = found.end()
        if found["name"] is not None:
            before = text[: found.start()].rpartition("\n")[2].strip()
            if depth == 0 and _begins_here(text, found) and (found["sign"] != ":" or not before):
                heads.append(found)
            else:
                at = found.start() + 1
        elif found[0] in ("\\begin", *"[({"):
            depth += 1
        else:
            depth = max(depth - 1, 0)
        if found[0] in ("\\begin", "\\end"):
            at = text.index("}", at) + 1 if "}" in text[at:] else len(text)
    return heads


def _begins_here(text: str, found: re.Match[str]) -> bool:
    """Not in the middle of a word, an option or a file name."""
    before = text[found.start() - 1 : found.start()] if found.start() else "\n"
    return not re.match(r"[\w.@\\=/-]", before) and text[found.end() : found.end() + 1] != "="


def _check_start(text: str, begin: int) -> None:
    rest = _SEED.sub("", text[:begin]).strip()
    if rest:
        message = _('line {line}: expected “name = value”, got "{text}" (put # before remarks)')
        line = text.count("\n", 0, text.index(rest.split()[0])) + 1
        raise ParseError(message.format(line=line, text=rest.splitlines()[0][:40]))


def _value(text: str) -> str:
    text = (
        re.sub(r"(?:\\\\|\\[)\]]|\$|[,;]|\b(?:and|und)\b|[-*•]\s*$|\s)+$", "", text).strip().removeprefix("&").strip()
    )
    return text[:-1] if re.search(r"\.\d*\.$|[\])}]\.$", text) else text


def _numbers(value: str, where: str, reader: code.Reader) -> Numbers:
    try:
        if code.recognises(value):
            return Numbers(reader.run(ast.parse(value).body))
        return matrix.read(value)
    except SyntaxError:
        raise ParseError(_("{where}: cannot read this as NumPy code").format(where=where)) from None
    except ParseError as error:
        raise ParseError(f"{where}: {error}") from None


def _keep(found: dict[Any, Any], name: object, value: object, where: str) -> None:
    if name in found:
        raise ParseError(_("{where}: it is given twice").format(where=where))
    found[name] = value


def _steps(steps: dict[int, tuple[Numbers, str]]) -> tuple[Numbers, str]:
    """x_1 … x_T as one (T, D)."""
    missing = [t for t in range(1, max(steps) + 1) if t not in steps]
    where = steps[min(steps)][1]
    if missing or 0 in steps:
        raise ParseError(
            _("{where}: the steps of x run from x_1 without a gap; x_{t} is missing").format(
                where=where, t=(missing or [1])[0]
            )
        )
    rows = [steps[t][0].through(np.ravel) for t in sorted(steps)]
    if len({row.shape for row in rows}) > 1:
        raise ParseError(_("{where}: every step of x must have the same number of entries").format(where=where))
    return Numbers.of([row.nested() for row in rows]), where
