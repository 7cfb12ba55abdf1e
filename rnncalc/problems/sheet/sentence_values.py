"""Values that a sentence says: “let W be the matrix diag(0.5, −0.25)”, “all entries of U are 0.1”, 设 b 为零向量.

They are written as assignments, and matrices that have a name as `parse.patterns` reads them. A sentence says a value
only of a name that a formula of the sheet has.
"""

from __future__ import annotations

import re
from functools import cache

from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.parse import patterns

ZERO = "\ue001"  # of no script: a zero vector, until a sentence says whose
_GAP = rf"[\s{BREAK}]{{0,9}}"
_NUMBER = r"[-+]?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})"
_TIMES = rf"{_GAP}(?:[×x*]|[- ]by[- ]){_GAP}"
_SIZE = rf"(?:(?<!\d)\d{{1,3}}{_TIMES}(\d{{1,3}}){_GAP}|(?<!\d)(\d{{1,3}}){_GAP}阶{_GAP})?"
_NAME = (
    rf"(?<![\w\\.^{{}}\u0300-\u036f])(?P<name>(?:{symbols.LETTERS}|[UVWB][a-z]{{1,2}})'?"
    r"(?:[_^](?:\{[^{}\n]{1,12}\}|\w)){0,3})(?!\w)"
)
_VERB = rf"(?:[\s{BREAK}]{_GAP}(?:be|is|are|equals?|denotes?)(?![a-z])|{_GAP}(?:分别?[为是]|取为|等于|均?[为是取]))"
_WORDS = (
    "the|a|an|its|matrix|vector|column|row|diagonal|square|constant|scalar|number|input|hidden|recurrent|output|"
    "read-?out|weights?|bias(?:es)?|initial|state|given by|equal to|"
    "矩阵|向量|列向量|行向量|对角矩?阵|偏置|权重|初始|状态|输入|隐藏|循环|输出"
)
_FILL = rf"(?:[\s{BREAK}]|(?:{_WORDS})(?![a-z])|(?<!\d)\d{{1,3}}{_TIMES}\d{{1,3}}(?!\d)){{0,24}}?"
_NTH = r"(?:(?:first|second|third|fourth|fifth|sixth|\d(?:st|nd|rd|th)) row|row \d(?![.\d])|第 ?[一二三四五六\d] ?行)"
_IN = rf"{_GAP}∈{_GAP}R\^(?:\{{[^{{}}\n]{{1,24}}\}}|\w)"


_OTHERWISE = re.compile(  # before a name, of something else or of a question
    r"\b(?:gradients?|derivatives?|answers?|norm|size|shape|dimension|transpose|if|when|unless|says?|claims?)\b[^.;,\n]{0,20}\Z|"
    "(?:梯度|导数|维数|大小|若|如果|当)[^。；，\n]{0,12}\\Z",
    re.IGNORECASE,
)
_COMPUTED = re.compile(r"[acfghinoqrsyzŷ]\u0303?_?\{?[1-9]\d{0,2}\}?")  # h_1 is somebody's number


@cache
def _matrices() -> list[tuple[re.Pattern[str], str]]:
    """Words for matrices → how they are written."""
    the = r"(?:\b(?:the|an?)\s)?"
    return [
        (re.compile(rf"{the}{_SIZE}(?:(?:identity|unit) matrix|单位矩?阵)(?: of (?:size|order) (\d{{1,3}}))?"), "I"),
        (
            re.compile(
                rf"{the}{_SIZE}(?:(?:row|column|vector|matrix)(?: vector)? of(?: all)? ones|"
                r"all[- ]ones (?:vector|matrix)|"
                "全 ?[1一] ?(?:矩阵|(?:列|行)?向量))"
            ),
            "every 1",
        ),
        (re.compile(rf"{the}{_SIZE}(?:(?:zero|null) (?:vector|matrix)|零(?:矩阵|(?:列|行)?向量))"), ZERO),
    ]


@cache
def _sentence() -> re.Pattern[str]:
    """The name and what stands between it and its value."""
    named = re.sub(r"\?P<\w+>", "?:", patterns.pattern().pattern)
    behind = rf"{_GAP}(?:[,;，；。)]|\.?(?:\s|\Z)(?!{_GAP}(?:[×*]|[a-z]+-dim|rows|columns|by)))"
    value = rf"(?=\[|\\begin\{{|\([ \t]?{_NUMBER}|{ZERO}|{named}|{_NUMBER}{behind})"
    return re.compile(rf"{_NAME}(?:{_IN}{_VERB}?|{_VERB})(?P<fill>{_FILL}){value}")


@cache
def _entries() -> list[re.Pattern[str]]:
    """Sentences about all entries of a matrix."""
    number = rf"(?P<fill>{_FILL})(?P<value>{_NUMBER})(?!\w)"
    every = (
        rf"\b(?i:all|each|every)(?: of)?(?: the)?{_GAP}(?:entr(?:y|ies)|elements?|weights|components?) (?:of|in){_GAP}"
    )
    return [
        re.compile(rf"{every}{_NAME}{_VERB}{number}"),
        re.compile(
            rf"{_NAME}{_GAP}的?(?:所有|每个|全部|各个?)(?:元素|分量|权重){_GAP}(?:都|均|全)?(?:[为是]|等于){number}"
        ),
    ]


@cache
def _listed() -> list[re.Pattern[str]]:
    """Sentences that list entries: “p is the column with entries 0.7 and −0.4”, “Q: first row 0.3, −0.6; second …”."""
    comma = rf"{_GAP}(?:[,，、]{_GAP}(?:and\b)?|\band\b|和){_GAP}"
    numbers = rf"[(\[]?{_GAP}{_NUMBER}(?:{comma}{_NUMBER}){{0,40}}{_GAP}[)\]]?"
    row = rf"(?:the )?{_NTH}{_GAP}(?:[:：=为是]|is\b|are\b)?{_GAP}{numbers}"
    verb = rf"{_GAP}(?:[:：=]|(?:is|has|have)\b|[为是])?{_GAP}"
    return [
        re.compile(
            rf"{_NAME}{verb}(?:the |a )?(?:column|row|vector|行向量|列向量|向量)(?: vector)? with (?:the )?"
            rf"(?:entries|elements|components){_GAP}(?P<column>{numbers})",
            re.IGNORECASE,
        ),
        re.compile(
            rf"{_NAME}{verb}(?:with )?(?P<rows>{row}(?:{_GAP}[,;；，.。]?{_GAP}(?:and )?{row}){{1,40}})", re.IGNORECASE
        ),
    ]


_STEP = r"(?:time ?-?(?:steps?)?|steps?|t|第)\s?=?\s?(?P<step>\d{1,3})(?![.\d])(?: ?(?:个?时间步|步|时刻))?"
_IS = rf"\s?(?:(?:is|was|equals|它?为|它?是)(?![a-z])|[:：=])\s?(?:{symbols.LETTERS}\s?=\s?)?"
_VALUE = rf"(?=\[|\\begin\{{|\([ \t]?{_NUMBER}|{_NUMBER}(?!\w|\.\d))"


@cache
def _stepped() -> tuple[list[re.Pattern[str]], re.Pattern[str]]:
    """Sentences like “the input at time 1 is 0.5”, and how they go on: “and at time 2 it is 1”."""
    the = r"(?:\b(?:the )?inputs?(?: (?:vector|value|x))?\b|输入(?:值|向量)?)"
    return [
        re.compile(rf"{the} (?:at|for|in|of) {_STEP}{_IS}{_VALUE}", re.IGNORECASE),
        re.compile(rf"(?:\b(?:at|for|in) |在?){_STEP}[,，]?\s?(?:时|的)?(?:的)?,?\s?{the}{_IS}{_VALUE}", re.IGNORECASE),
    ], re.compile(
        rf"[.。,，;；]?\s?(?:\band )?(?:\b(?:at|for|in) |在?){_STEP}[,，]?\s?(?:时|的)?\s?"
        rf"(?:(?:it|they)?{_IS}|{the}{_IS}|\s(?:{symbols.LETTERS}\s?=\s?)?){_VALUE}",
        re.IGNORECASE,
    )


def _inputs_of_steps(text: str, letter: str) -> str:
    """The text with x_1 = … in place of what a sentence says of the input at step 1."""
    patterns, more = _stepped()

    def put(said: re.Match[str]) -> str:
        return "\n" * said[0].count("\n") + f"{BREAK}{letter}_{said['step']} = "

    said = text
    for pattern in patterns:
        said = pattern.sub(put, said)
    return more.sub(put, said) if said != text else text


def _matrix(said: re.Match[str]) -> str:
    """The matrix that a sentence lists."""
    kinds = said.groupdict()
    rows = (
        re.split(_NTH, kinds["rows"], flags=re.IGNORECASE)[1:]
        if "rows" in kinds
        else re.findall(_NUMBER, said["column"])
    )
    return f"[{'; '.join(' '.join(re.findall(_NUMBER, row)) for row in rows)}]"


def assigned(text: str) -> str:
    """The text, in one spelling, with an assignment in place of every sentence that says a value."""
    formulas = "\n".join(line for line in text.split("\n") if "=" in line)

    @cache
    def known(bare: str) -> bool:
        return bool(re.search(rf"(?<![A-Za-z\\]){re.escape(bare)}|{re.escape(bare)}(?=[_^(\[<])", formulas))

    def put(said: re.Match[str]) -> str:
        before = said.string[max(0, said.start() - 40) : said.start()]
        if _OTHERWISE.search(before) or _COMPUTED.fullmatch(said["name"]):
            return said[0]
        if not known(re.sub(r"[_^]\{?\d{1,3}\}?$", "", said["name"])):
            return said[0]
        value = f"every {said['value']}" if "value" in said.re.groupindex else ""
        if not value and "fill" not in said.re.groupindex:
            value = _matrix(said)
        return f"{BREAK}{said['name']} = {value}" + "\n" * said[0].count("\n")

    if known("x") and not known("x_1"):
        text = _inputs_of_steps(text, "x")
    zeros: list[str] = []
    for words, sign in _matrices():
        text = words.sub(lambda said, sign=sign: _sized(said, sign, zeros), text)  # type: ignore[misc]
    for pattern in (*_entries(), *_listed(), _sentence()):
        text = pattern.sub(put, text)
    parts = text.split(ZERO)
    signs = ["0" if part.endswith("= ") else words for part, words in zip(parts, zeros)]
    return "".join(part for pair in zip(parts, [*signs, ""]) for part in pair)


def _sized(said: re.Match[str], sign: str, zeros: list[str]) -> str:
    """The sign of a matrix in words; of a zero vector, the words are kept."""
    if sign == ZERO:
        zeros.append(said[0])
        return sign
    size = next((part for part in said.groups() if part), "")
    return (f"{sign}_{size}" if size and sign == "I" else sign) + "\n" * said[0].count("\n")
