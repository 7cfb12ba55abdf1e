"""Sizes that a sheet says: K = 3 classes, input dimension D = 2, T = 3; which of ours each is its words tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rnncalc.common.i18n import _
from rnncalc.problems.formulas.nodes import symbols_of
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.formulas.system import Equation
from rnncalc.problems.sheet import values
from rnncalc.problems.stated_sizes import KEYS, StatedSize

NAMES = {
    "D": "d_in|n_x|n_in|input_size|input_dim|num_inputs|vocab_size",
    "H": "n_h|n_a|n_hidden|hidden_size|hidden_dim|num_hiddens",
    "O": "n_y|n_out|output_size|num_classes|num_outputs", "N": "batch_size", "T": "num_steps|seq_len|seq_length",
}  # fmt: skip
_WORDS = {
    "T": r"(?:time[- ]?)?steps?\b|sequence length|length\b|Zeitschritt\w*|个?(?:时间步|时刻|步)|长度",
    "D": r"(?:\w+[- ])?(?:features?|inputs?|embeddings?)\b(?! weights?)|Eingäng\w+|(?:维|个)?(?:输入|特征)\w{0,4}",
    "H": r"(?:hidden|recurrent|memory) (?:layer|state|units?|neurons?|nodes?|cells?|dim\w*|size)|"
    r"units?\b|neurons?\b|versteckte\w* \w+|(?:维|个)?(?:隐|状态|神经元)\w{0,4}",
    "O": r"(?:target |output )?(?:class(?:es)?|outputs?|categor\w+|labels?)\b|Klassen|(?:个|维)?(?:类|输出)\w{0,2}",
    "N": r"sequences?\b|examples?\b|batch\w*|mini-?batch\w*|样本|批\w{0,4}",
}  # fmt: skip
_MARKS = rf"[\s${BREAK}*`()（）-]"
_ANY = "|".join(f"(?P<{size}>{words})" for size, words in _WORDS.items())
_BEHIND = re.compile(rf"{_MARKS}{{0,6}}(?:{_ANY})", re.IGNORECASE)
_NEAR = re.compile(_ANY, re.IGNORECASE)
_NUMBER_FIRST = re.compile(
    r"(?<![\w.^=-])(?P<number>\d{1,4})(?:[ -]|(?=\s?[一-鿿]))"
    rf"(?:{'|'.join(f'(?P<{size}>{words})' for size, words in _WORDS.items() if size != 'N')})",
    re.IGNORECASE,
)
_ZH_MARKS = {"T": "长度|时刻|步", "N": "批", "O": "输出|类", "H": "隐", "D": "输入|特征"}
_ZH_WORD = "(?:输入|隐藏|隐层|隐状态|输出|类别|小?批量|(?:序列)?长度|时间步)"
_WORD_FIRST = re.compile(
    rf"{_ZH_WORD}[^\d\n，。；、=,:：]{{0,8}}?(?:(?:维度?|维数|数目?|单元|大小|长度)(?:均|都)?(?:为|是|等于)?|(?<=长度)(?:为|是|等于))"
    r"\s?(?P<number>\d{1,4})(?![\d.])(?:\s?[维个类])?|"
    rf"{_ZH_WORD}[^\d\n，。；、=,:：]{{0,10}}?[为是有]\s?(?P<counted>\d{{1,4}})\s?[维个类][^，。；、：,.;:\d\s]{{0,6}}|"
    r"长度(?:为|是|等于)\s?(?P<steps>\d{1,4})"
)
_CLAUSE = re.compile(r"[,，;；.。:：\n]|\b(?:and|with|where)\b|和|，")
RUNNING = re.compile(  # names of steps and sizes
    r"[tknijlℓτTNDHK]|[nNmB] ?T|T ?[nNmB]|[nd]_\{?(?:x|h|a|y|in|out|hidden)\}?|(?:hidden|input|output|batch)_size|"
    r"vocab_size|num_(?:steps|inputs|hiddens|outputs|classes)|(?:input|hidden)_dim|time_?step"
)
_WHOLE = re.compile(rf"[\s${BREAK}]*\d{{1,6}}(?!\w|\.\d)")


def size_of(name: str, text: str, begin: int, end: int) -> str:
    """Ours of T, D, H, O and N that a size is, where its name or the words around it say so, else ""."""
    for size, names in NAMES.items():
        if re.fullmatch(names, re.sub(r"[{}\s]", "", name)):
            return size
    behind = _BEHIND.match(text, end)
    if behind:
        return str(behind.lastgroup)
    return _near(text[max(0, begin - 40) : begin])


def _near(before: str) -> str:
    """The size that the last word of the clause before a place says, else ""."""
    said = list(_NEAR.finditer(_CLAUSE.split(before)[-1]))
    return str(said[-1].lastgroup) if said else ""


@lru_cache(maxsize=64)
def in_shape(name: str, text: str) -> bool:
    """Whether a letter stands in the shape of an array: W ∈ R^{D × M}."""
    return bool(
        re.search(
            rf"[Rℝ]\s*\^\s*\{{[^{{}}\n]{{0,40}}(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])[^{{}}\n]{{0,40}}\}}", text
        )
    )


def in_sentences(prose: str) -> list[StatedSize]:
    """Sizes without a letter: 2 hidden units, 输入维度为 3; their name is the words."""
    sizes = []
    for pattern in (_NUMBER_FIRST, _WORD_FIRST):
        for said in pattern.finditer(prose):
            if prose[max(0, said.start() - 3) : said.start()].rstrip().endswith("第"):  # the 2nd step, not two of them
                continue
            size = said.lastgroup if pattern is _NUMBER_FIRST else _meant(said[0])
            if size == "H" and re.search(r"units?|neurons?|神经元", said[0]):  # an output layer with 3 units
                size = _near(prose[max(0, said.start() - 40) : said.start()]) or size
            number = next(part for part in said.groupdict().values() if part and part.isdecimal())
            where = _("line {line}").format(line=prose.count("\n", 0, said.start()) + 1)
            sizes.append(StatedSize(said[0], int(number), str(size), where, sentence=True))
    return sizes


def _meant(words: str) -> str:
    """The size that Chinese words in front of a number say; the length of the input is T."""
    return next(size for size, marks in _ZH_MARKS.items() if re.search(marks, words))


def counts(names: Sequence[Symbol], text: str, at: int, equations: Sequence[Equation]) -> bool:
    """Whether a name counts steps or layers: t = 1, 2, 3. A bias k = 0.15 does not, nor what an equation reads."""
    running = any(RUNNING.fullmatch(name.text.strip()) for name in names)
    if not (running or _is_size(names, text, at)) or text[at - 1] == "≈":
        return False
    read = {name for equation in equations for name in symbols_of(equation.node)}
    known = any(name.key == other.key and not other.indices for name in names for other in read)
    known |= any(name.text.strip() not in "tnkijlTNDH" and _weighs(text, name.key) for name in names)
    return not known and not re.match(
        r"\s*(?:-?\d*\.\d|\[|\\begin|(?:np|torch|tf|jnp)\.|array\(|tensor\()", text[at : at + 40]
    )


def _is_size(names: Sequence[Symbol], text: str, at: int) -> bool:
    """Whether a letter is said to count something: q = 5 outputs, the number of hidden units is h = 4."""
    number, name = _WHOLE.match(text, at), names[-1].text.strip()
    if len(names) > 1 or len(name) != 1 or name in "UWVbxytzsoc" or not number:
        return False
    return bool(size_of(name, text, at - len(name) - 3, number.end())) or in_shape(name, text)


@lru_cache(maxsize=64)
def _weighs(text: str, name: str) -> bool:
    """Whether a letter stands in a formula of steps, where it is a parameter and no size."""
    return bool(
        re.search(rf"=[^\n=]{{0,200}}(?<![A-Za-z\\_{{]){name}(?![A-Za-z_])[^\n=]{{0,200}}[_^(\[<]\{{?\(?<?t\b", text)
    )


def running(text: str, begin: int, at: int, line: int) -> tuple[int, list[StatedSize]] | None:
    """t = 1, 2, 3, which steps a formula is for, or T = 3: the place behind it, and the size that it says, if any."""
    value = values.read(text, at)
    if value is None or value[0].lstrip()[:1] in "[(\\{":  # t = (0, 1, 0) is a target
        return None
    name, stated = text[begin:at].strip(f" :={BREAK}$"), list[StatedSize]()
    if name not in tuple("tknijlℓτ") and re.fullmatch(r"\d{1,6}\.?", value[0].strip()):
        size = "T" if name == "T" else size_of(name, text, begin, value[1])
        if size or name in KEYS or in_shape(name, text):
            where = _("line {line}, {name}").format(line=line, name=name)
            stated.append(StatedSize(name, int(value[0].strip(" .")), size, where))
    return value[1], stated
