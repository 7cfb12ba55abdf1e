"""Sizes that a sheet says: K = 3 classes, input dimension D = 2, T = 3; which of ours each is its words tell."""

from __future__ import annotations

import re

from rnncalc.problems.formulas.spelling import BREAK

NAMES = {
    "D": "d_in|n_x|n_in|input_size|input_dim|num_inputs", "H": "n_h|n_a|n_hidden|hidden_size|hidden_dim|num_hiddens",
    "O": "n_y|n_out|output_size|num_classes|num_outputs", "N": "batch_size", "T": "num_steps|seq_len|seq_length",
}  # fmt: skip
_WORDS = {
    "T": r"(?:time[- ]?)?steps?\b|sequence length|length\b|Zeitschritt\w*|时间步|时刻|步|长度",
    "D": r"(?:\w+[- ])?(?:features?|inputs?)\b(?! weights?)|Eingäng\w+|(?:维|个)?(?:输入|特征)\w{0,4}",
    "H": r"(?:hidden|recurrent|memory) (?:layer|state|units?|neurons?|nodes?|cells?|dim\w*|size)|"
    r"units?\b|neurons?\b|versteckte\w* \w+|(?:维|个)?(?:隐|状态|神经元)\w{0,4}",
    "O": r"(?:target |output )?(?:class(?:es)?|outputs?|categor\w+|labels?)\b|Klassen|(?:个|维)?(?:类|输出)\w{0,2}",
    "N": r"sequences?\b|examples?\b|batch\w*|mini-?batch\w*|样本|批\w{0,4}",
}  # fmt: skip
_MARKS = rf"[\s${BREAK}*`()（）-]"
_BEHIND = re.compile(
    rf"{_MARKS}{{0,6}}(?:{'|'.join(f'(?P<{size}>{words})' for size, words in _WORDS.items())})", re.IGNORECASE
)
_NEAR = re.compile("|".join(f"(?P<{size}>{words})" for size, words in _WORDS.items()), re.IGNORECASE)
_CLAUSE = re.compile(r"[,，;；.。:：\n]|\b(?:and|with|where)\b|和|，")


def size_of(name: str, text: str, begin: int, end: int) -> str:
    """Ours of T, D, H, O and N that a size is, where its name or the words around it say so, else ""."""
    for size, names in NAMES.items():
        if re.fullmatch(names, re.sub(r"[{}\s]", "", name)):
            return size
    behind = _BEHIND.match(text, end)
    if behind:
        return str(behind.lastgroup)
    clause = _CLAUSE.split(text[max(0, begin - 40) : begin])[-1]
    said = list(_NEAR.finditer(clause))
    return str(said[-1].lastgroup) if said else ""


def in_shape(name: str, text: str) -> bool:
    """Whether a letter stands in the shape of an array: W ∈ R^{D × M}."""
    return bool(re.search(rf"[Rℝ]\s*\^\s*\{{[^{{}}\n]*(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])[^{{}}\n]*\}}", text))
