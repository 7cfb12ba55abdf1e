"""Which gated cell a sheet without equations is about: it names the cell, and its numbers are those of its gates.

A name alone decides nothing, since sheets compare cells; nor do numbers alone, since other cells have gates too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rnncalc.errors import RnncalcError
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.given import RawValue

_NAMES = {
    "lstm": r"LSTMs?|long[- ]short[- ]term[- ]memory|长短期记忆|長短期記憶",
    "gru": r"GRUs?|gated[- ]recurrent[- ]units?|门控循环单元|门控递归单元|門控循環單元",
    "elman": r"(?:(?:simple|vanilla|plain|basic) )?(?:RNNs?|recurrent (?:neural )?networks?)|Elman|循环神经网络|SRN",
}
_NAME = re.compile(
    "|".join(rf"(?<![A-Za-z0-9_])(?P<{cell}>{words})(?:Cell|Layer)?(?![A-Za-z0-9_])" for cell, words in _NAMES.items()),
    re.IGNORECASE,
)
_BEFORE = re.compile(  # a comparison with it, or that it is not: unlike an LSTM
    r"(?:\b(?:unlike|than|to|with|from|of|versus|vs|instead of|rather than|not|no|never|without|simplifies|replaces?)\b"
    r"\.?|不同于|不是|而非|不像|没有|代替|相比于?|比|与|和|跟)\s*(?:\b(?:an?|the|any|usual|standard)\b\s*){0,2}\Z",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\b(?:unlike|than|contrast|compar\w+|versus|vs|instead|rather|not|no|never|without|differs?|different|difference|"
    r"whereas|simplifies|replaces?|successor|predecessor|variants?|alternative)\b|n't\b|"
    r"不同|不是|而非|相比|比较|对比|区别|不像|没有|代替|[^对]比",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.。;；!！?？](?!\d)|\n[ \t]*\n|\n(?=[ \t]*[A-Z•*#\d-])|\n(?=[\W\s]*[一-鿿])")
_STACKED = re.compile(r"W|W_?hh|R|weight_hh(?:_l0)?|recurrent_kernel")
_GATE = re.compile(r"[UWRb]\w{0,4}?_?([a-z])(?:[\u0303~]|tilde)?", re.IGNORECASE)


def mentioned(text: str) -> Iterator[tuple[str, int]]:
    """The cells that a text names, elman for any recurrent network, each with its place; none that another is compared
    with, “unlike an LSTM”."""
    for name in _NAME.finditer(text):
        begin = max((end.end() for end in _ENDS.finditer(text, 0, name.start())), default=0)
        end = _ENDS.search(text, name.end())
        before, sentence = text[begin : name.start()], text[begin : end.start() if end else len(text)]
        compared = _COMPARED.search(sentence)
        if not compared or ("compar" not in compared[0].lower() and not _BEFORE.search(before)):
            yield str(name.lastgroup), name.start()


def of_gates(given: Mapping[str, RawValue]) -> str:
    """The cell whose gates the numbers are: by their letters, or by the rows of what is stacked; empty for none."""
    letters = {letter for name, value in given.items() for letter in _gates(name, value)}
    if {"f", "i"} <= letters or {"f", "o"} <= letters:
        return "lstm"
    if "r" in letters and letters & {"z", "u"}:
        return "gru"
    for name, value in given.items():
        if _STACKED.fullmatch(name) and isinstance(value.value, str):
            try:
                shape = matrix.read(value.value).shape
            except RnncalcError:
                continue
            if len(shape) == 2:
                return {4: "lstm", 3: "gru"}.get(max(shape) // min(shape) if max(shape) % min(shape) == 0 else 0, "")
    return ""


def _gates(name: str, value: RawValue) -> Iterator[str]:
    """The letters of the gates that a name, or what is inside, belongs to."""
    stack, _dot, gate = name.partition(".")
    if gate:
        yield gate[0]
    elif isinstance(value.value, Mapping):
        yield from (str(key)[0] for key in value.value if key)
    elif match := _GATE.fullmatch(stack):
        yield match[1]
