r"""The value behind an equals sign, as far as it goes: a number, a matrix in any form, code that makes an array.

What follows it is somebody else's: prose, the next assignment, a unit. A number that goes on, `0.5 * x`, is none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rnncalc.errors import ParseError
from rnncalc.problems.formulas.spelling import BREAK, MATRIX
from rnncalc.problems.parse import matrix, patterns
from rnncalc.problems.parse.numbers import DECIMAL, FRACTION, WORD, Numbers

LONGEST = 2_000_000  # characters of one value
_SPACE = re.compile(rf"[ \t{BREAK}]*")
_LINES = re.compile(rf"[ \t{BREAK}]*\n[\s{BREAK}]*")
_NUMBER = rf"[≈~]?[ \t]?(?:{FRACTION.pattern}|{DECIMAL.pattern}|{WORD.pattern}|_(?!\w))"
_ROW = re.compile(rf"{_NUMBER}(?:[ \t]*[,;|][ \t]*(?={_NUMBER})|[ \t]+(?={_NUMBER}))?", re.IGNORECASE)
_NUMERIC_LINE = re.compile(r"\n[ \t]*(?=[-+.\d])[-+\d.,;_eE/ \t]+(?=\n|$)")
_TURNED = re.compile(r"\s?(?:\^\s?\{?\s?T\s?\}?|\.T\b|'|\.t\(\))")
_CALL = re.compile(r"(?:(?:np|numpy|jnp|tf|torch|mx|nd)\s*\.\s*)(?:\w+\s*\.\s*)*\w+\s*\(|(?:array|tensor|Tensor)\s*\(")
_METHOD = re.compile(r"\s*\.\s*(?:T\b|(?:reshape|astype|transpose|t|view|float|double)\s*\()")
_MAKERS = re.compile(
    r"(?:(?:np|numpy|jnp)\s*\.\s*(?:array|asarray|matrix|mat)|tf\s*\.\s*(?:constant|Variable|convert_to_tensor)|"
    r"torch\s*\.\s*(?:tensor|Tensor|FloatTensor|DoubleTensor|as_tensor)|mx\s*\.\s*nd\s*\.\s*array|nd\s*\.\s*array)(?=\s*\()"
)
_LINE = r"[^\[\](),;\n]+(?:,[^\[\](),;\n]+)*"
_IN_LINES = re.compile(rf"\[[^\[\],;]*\n[^\[\],;]*\]|[\[(](?:{_LINE}\n)+{_LINE}[\])]")
_OPEN = "[({"
_BRACKET = re.compile(r"[][(){}]")
_LETTER = r"[^\W\d_][\u0300-\u036f]?\d{0,2}'?"
_NEXT = re.compile(r"[ \t]*[^\W\d][\w\u0300-\u036f]*(?:[_^]\{[^{}]*\})*[ \t]*:?=")
_GOES_ON = re.compile(
    r"[ \t]*(?![(（][ \t]?[^\W\d_]{3,}[^()（）=\n]{0,40}[)）])"  # 0.4732 (rounded)
    r"(?:[*∘×@^(\[{Σ\\]|[-+][ \t]*[^\W\d]|[-+][ \t]+\d|/|[^\W\d_]\d{0,2}'?(?:[_^]|[(\[<]\s?[tnk]\b)|"
    rf"{_LETTER}[ \t]{{0,3}}(?:\([ \t]?)?{_LETTER}[_^(\[<][^\s=]{{0,16}}?(?<![A-Za-z])[tnk](?![A-Za-z]))"  # 2 V h_t
)


def read(text: str, at: int) -> tuple[str, int] | None:
    """The text of the value that begins at a place, and the place behind it; None where there is none."""
    start = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    below = _LINES.match(text, start)
    if below:
        start = below.end()
    for reader in (_environment, _print, _call, _pattern, _bracket, _row):
        end = reader(text, start)
        if end is not None:
            return _plain_code(text[start:end]), end
    return None


def _environment(text: str, at: int) -> int | None:
    matrix_text = MATRIX.match(text, at)
    if matrix_text is None:
        return None
    end = _turned(text, matrix_text.end())
    return end if _is_matrix(text[at:end]) and not _goes_on(text, end) else None


def _print(text: str, at: int) -> int | None:
    """Parameter containing: tensor(…)."""
    prefix = re.compile(r"Parameter containing:\s*").match(text, at)
    return _call(text, prefix.end()) if prefix else None


def _call(text: str, at: int) -> int | None:
    """np.array(…), and all that code makes of it on its line."""
    factor = re.compile(r"[-+]?[\d.eE]+\s*\*\s*").match(text, at)
    if factor:
        at = factor.end()
    call = _CALL.match(text, at)
    if call is None:
        return None
    end = _balanced(text, call.end() - 1)
    while end is not None and (method := _METHOD.match(text, end)):
        end = _balanced(text, method.end() - 1) if method[0].endswith("(") else method.end()
    if end is None:
        return None
    line = text[end : _line_end(text, end)].split("#")[0]
    if re.match(r"\s*[-+*/]\s*[\d(.]|\s*[-+*/]\s*np", line):
        end += len(line.rstrip())
    return end


def _pattern(text: str, at: int) -> int | None:
    """0.9 I, diag(0.5, 0.2)."""
    said = patterns.pattern().match(text, at)
    if said is None or not re.match(
        rf"[ \t{BREAK}]*(?:[,;.，；。)]|and\b|with\b|\n|\Z)", text[said.end() : said.end() + 30]
    ):
        return None
    return said.end()


def _bracket(text: str, at: int) -> int | None:
    if text[at : at + 1] not in tuple(_OPEN):
        return None
    end = _balanced(text, at)
    if end is None:
        return None
    end = _turned(text, end)
    return end if _is_matrix(_plain_code(text[at:end])) and not _goes_on(text, end) else None


def _row(text: str, at: int) -> int | None:
    """Numbers without brackets, and the lines below that hold nothing but numbers."""
    end = at
    while entry := _ROW.match(text, end):
        end = entry.end()
    if end == at:
        return None
    while re.match(rf"[ \t;{BREAK}]*\Z", text[end : _line_end(text, end)]) and (
        more := _NUMERIC_LINE.match(text, _line_end(text, end))
    ):
        end = more.end()
    stripped = at + len(text[at:end].rstrip(" \t,;"))
    if re.match(r"[^\W\d]", text[stripped : stripped + 1]) or _goes_on(text, stripped):
        return None
    return stripped


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _turned(text: str, at: int) -> int:
    mark = _TURNED.match(text, at)
    return mark.end() if mark else at


def _goes_on(text: str, at: int) -> bool:
    """Whether a formula goes on behind a number; a name with an equals sign behind it is the next assignment."""
    return bool(_GOES_ON.match(text, at)) and not _NEXT.match(text, at)


def _balanced(text: str, at: int) -> int | None:
    """The place behind the bracket that closes the one here."""
    end = _closed(text).get(at)
    return end if end is not None and end <= at + LONGEST else None


@lru_cache(maxsize=4)
def _closed(text: str) -> dict[int, int]:
    """Where each bracket opens, with the place behind the one that closes it."""
    opened, closed = list[int](), dict[int, int]()
    for mark in _BRACKET.finditer(text):
        if mark[0] in _OPEN:
            opened.append(mark.start())
        elif opened:
            closed[opened.pop()] = mark.end()
    return closed


def _plain_code(text: str) -> str:
    """Every maker of arrays by one name; lists of arrays as lists of lists."""
    text = re.sub(r"^Parameter containing:\s*", "", text)
    text = _MAKERS.sub("np.array", text)
    if _IN_LINES.fullmatch(text):  # MATLAB: a line is a row
        text = re.sub(r"\n(?=[ \t]*[-+.\d])", ";", text)
    if text.lstrip().startswith("["):
        text = re.sub(r"np\.array\(\s*((?:[^()]|\([^()]*\))*?)(?:\s*,\s*\w+\s*=\s*[\w.]+)*\s*\)", r"\1", text)
    return re.sub(r",\s*(?:dtype|name|shape|device|requires_grad)\s*=\s*[\w.\"']+(?=\s*[,)])", "", text).replace(
        BREAK, " "
    )


def numbers_at(text: str, at: int, single: bool = False) -> tuple[str, int] | None:
    """The next value, of numbers in a row the first one alone."""
    start = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    number = re.compile(_NUMBER, re.IGNORECASE).match(text, start)
    if single and number:
        return number[0], number.end()
    return read(text, at)


def _is_matrix(text: str) -> bool:
    return numbers(text) is not None


def numbers(text: str) -> Numbers | None:
    """The value as numbers, None where it is none."""
    try:
        return matrix.read(text)
    except ParseError:
        return None
