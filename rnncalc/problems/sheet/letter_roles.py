"""What a sheet without equations says of its letters: which multiplies the input, the state, and makes the output.

“The input weight matrix is W = 0.5”, W = 0.5 (input weight), “W multiplies x_t”, 输入到隐藏层的权重 W = 0.5.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, shown
from rnncalc.problems.formulas.spelling import BREAK, unified
from rnncalc.problems.keys import KEYS

_ARTICLE = r"(?:(?:den|die|das|dem|l['’]|la|le|les|el|lo|il|o|a) ?)?"
USUAL = {"U": "input", "W": "recurrent", "V": "output"}
_HIDDEN_ZH = "隐[藏含]?(?:层|状态|单元)?"
_WEIGHT_ZH = "的?(?:连接)?(?:权[重值]|矩阵)"
_PHRASES = {  # what a weight is called, or what it multiplies
    "input": (
        r"inputs?[- ]to[- ](?:the )?(?:hidden|state)|inputs?[- ](?:weights?|matrix|kernel|connections?|projection)|"
        rf"(?:weights?|matrix) (?:of|for|on|from) the inputs?|输入层?(?:[到至→]{_HIDDEN_ZH})?{_WEIGHT_ZH}|"
        rf"输入层?[到至→]{_HIDDEN_ZH}",
        r"(?:the )?(?:current |present )?(?:inputs?(?! gate)(?: vector)?(?: x_?\{?t?\}?)?|x(?:_\{?t\}?|\(t\))?)"
        r"(?![\w-])|"
        rf"{_ARTICLE}(?:Eingabe\w*|entrées?|entradas?|ingress[oi]|вход\w*|入力|입력\w?)(?: \w+)?(?![\w-])|"
        r"(?:当前)?(?:时刻)?的?(?:输入(?!门)|x_\{?t\}?)",
    ),
    "recurrent": (
        r"(?:hidden|state)[- ]to[- ](?:the )?(?:hidden|state|itself)|"
        r"recurren(?:t|ce)(?:[- ](?:weights?|matrix|kernel|connections?))?|"
        rf"(?:weights?|matrix) (?:of|for|on|from) the (?:previous )?(?:hidden )?state|循环层?{_WEIGHT_ZH}|"
        rf"递归(?:权[重值]|矩阵)|{_HIDDEN_ZH}[到至→](?:{_HIDDEN_ZH}|自身)",
        r"(?:the )?(?:previous |last |earlier )?(?:hidden )?state(?: vector)?(?: h_?\{?(?:t-1)?\}?)?(?![\w-])|"
        r"(?:the )?h(?:_\{?t ?- ?1\}?|\(t ?- ?1\)|_prev)|"
        rf"{_ARTICLE}(?:\w{1,20} )?(?:Zustand\w*|état|estado|stato|состояни\w+|隠れ状態|은닉 ?상태\w?)(?! x)(?![\w-])|"
        r"(?:上一?个?|前一?个?)(?:时刻|步|时间步)?的?(?:隐[藏含]?(?:层)?(?:状态)?|状态)|隐[藏含]?状态|h_\{?t ?- ?1\}?",
    ),
    "output": (
        r"hidden[- ]to[- ](?:the )?outputs?|(?:outputs?|read-?out)[- ](?:weights?|matrix|kernel)|"
        rf"{_HIDDEN_ZH}[到至→]输出层?|输出层?{_WEIGHT_ZH}",
        "",
    ),
}  # fmt: skip
_LETTER = (
    r"(?<![A-Za-z0-9_\\^{])(?P<letter>[UWVuwv])(?:'s|s)?(?:_\{?[a-z*]\}?|\^\{?\(?\w{1,3}\)?\}?)?(?![A-Za-z0-9_'^])"
)
_MATRIX = r"(?:[- ]?(?:weights?|matri(?:x|ces)|connections?|kernels?)|的?(?:连接)?权[重值]|矩阵|参数){0,3}"
_IS = r"(?:is|are|as|called|named|denoted(?: by)?|be|being|分别?[为是]|记[为作]|设?为|是|用)"
_S = r"[ \t]*"
_MEANS = (
    r"\b(?:is|are|denotes?|being|represents?|stands? for|holds|contains?|has|have|which is)\b|"
    r"表示|代表|[为是]|(?=the |its )"
)
_MULTIPLIES = (
    r"(?:always |only |matri(?:x|ces) |weights? )?(?:multipl(?:y|ies)|appl(?:y|ies) to|(?:is|are) applied to|"
    r"acts? on|weights?|multipliziert|gewichtet|multiplie|pond[èe]re|multiplica|pondera|moltiplica|pesa|умножается на|"
    r"(?:は|が|는|은|이|가)|(?:is|are) (?:multiplied (?:by|with)|for|of)|goes with|belongs to)|乘以?|作用于|与|对应"
)
_NOT_OF_THE_NEXT = (  # U = 0.9, the recurrent weight W = 0.5
    r"(?!(?:(?! and |和)[^,，.。;；)）\n]){0,25}?(?<![A-Za-z])[UWVuwv](?![A-Za-z]))"
)
_VALUE = r"(?:\[[^=\n]{0,200}?\]|\([^=\n()]{0,80}\)|[-+]?[\d.]+)"


class Saying(NamedTuple):
    """letter: U, W or V; role: what it is said to be; words: the fragment that says so; at: where it stands."""

    letter: str
    role: str
    words: str
    at: int


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Each role with the sentences that say it of one letter."""
    letter, valued, made = _LETTER, rf"{_S}(?:[:=≈]{_S}{_VALUE}{_S})?", []
    for role, (words, multiplied) in _PHRASES.items():
        called = f"(?i:{words})"
        phrase = rf"(?<![\w-])(?:{called}){_MATRIX}(?![A-Za-z-])"
        texts = [
            rf"{phrase}{_S}(?:[:：=(（]|\b{_IS}|{_IS})?{_S}[(（]?{letter}"
            rf"(?={_S}(?:[=:：,，;；.。)）、为是]|\s|\Z))",
            rf"{letter}{valued}[(（#:：—–|%/]{{1,2}}{_S}(?:the |an? )?(?:{called}){_MATRIX}"
            rf"{_NOT_OF_THE_NEXT}",
            rf"{letter}{valued},?{_S}(?:{_MEANS}){_S}(?:the |an? |all |its )?(?:{called}){_NOT_OF_THE_NEXT}",
        ]
        if multiplied:
            multiplied = f"(?i:{multiplied})"
            texts += [
                rf"{letter}{_S}(?:{_MULTIPLIES}){_S}(?:{multiplied})",
                rf"(?:{multiplied}){_S}(?:(?:is|are) (?:multiplied|weighted) (?:by|with)|乘以){_S}{letter}",
            ]
        made += [(role, re.compile(text)) for text in texts]
    hidden = r"(?:the )?(?:hidden|state)|" + _HIDDEN_ZH
    between = {
        "input": (r"(?:the )?inputs?(?: layer)?|输入层?", hidden),
        "recurrent": (rf"(?:the )?(?:previous )?(?:{hidden})(?: (?:layer|state|units?))?", rf"{hidden}|itself|自身"),
        "output": (rf"(?:{hidden})(?: (?:layer|state|units?))?", r"(?:the )?outputs?|输出层?"),
    }
    for role, (source, target) in between.items():
        made.append((role, re.compile(
            rf"{letter}[ \t]*(?:connects?|maps?|links?|goes from|is from|leads from|从|连接|将)[ \t]*(?:{source})"
            rf"[ \t]*(?:to|and|onto|with|到|至|和|与|映射到)[ \t]*(?:{target})")))  # fmt: skip
    return made


@cache
def _several() -> list[re.Pattern[str]]:
    """Sentences that say the roles of letters in a row: “U and W are the recurrent and the input weights”."""
    join = r"[ \t]*(?:,[ \t]*and\b|[,，、]|\band\b|和|与|及)[ \t]*(?:the )?"
    letter = r"(?<![A-Za-z0-9_\\])[UWVuwv](?:_\{?[a-z*]\}?)?(?![A-Za-z0-9_'])"
    letters = rf"(?P<letters>{letter}(?:{join}{letter}){{1,2}})"
    whole = "|".join(f"(?:{called}){_MATRIX}" for called, _multiplied in _PHRASES.values())
    role = rf"(?i:{whole}|inputs?(?! gate)|hidden|outputs?|输入(?!门)|循环|递归|输出)"
    roles = rf"(?P<roles>{role}(?:{join}{role}){{1,2}}){_MATRIX}"
    return [
        re.compile(
            rf"{letters}{_S}(?:(?:is|are|be|denote|represent|stand for)\b|分别(?:表示|代表|[为是])|[为是]){_S}"
            rf"(?:respectively )?(?:the )?{roles}"
        ),
        re.compile(rf"{roles}[ \t]*(?:(?:is|are|be)\b|分别(?:记[为作]|[为是])|[为是])?[ \t]*{letters}"),
    ]


def sayings(text: str) -> Iterator[Saying]:
    """What a text, in one spelling, says of U, W and V."""
    taken: list[tuple[int, int]] = []
    for pattern in _several():
        for said in pattern.finditer(text):
            letters = re.findall(r"(?<![A-Za-z_{])[UWVuwv](?![A-Za-z])", said["letters"])
            roles = [_role(part) for part in re.split(r",[ \t]*and\b|[,，、]|\band\b|和|与|及", said["roles"])]
            if len(letters) == len(roles):
                taken.append(said.span())
                yield from (Saying(at.upper(), role, said[0], said.start()) for at, role in zip(letters, roles))
    for role, pattern in _patterns():
        for said in pattern.finditer(text):
            if not any(begin < said.end() and said.start() < end for begin, end in taken):
                yield Saying(said["letter"].upper(), role, said[0], said.start())


def _role(words: str) -> str:
    """The role that a part of a list says: “the recurrent”, 输入."""
    for role, (called, _multiplied) in _PHRASES.items():
        if re.search(called, words, re.IGNORECASE):
            return role
    return "output" if re.search("output|输出", words) else "input" if re.search("input|输入", words) else "recurrent"


def notation(original: str, given: Collection[str]) -> str:
    """The notation that the words of a sheet say: swapped where W multiplies the input; empty where they say nothing.

    given: the names that have a value. Raises ParseError where the words contradict each other, or say what no notation
    has, that V multiplies the state.
    """
    letters = {name[0].upper() for name in given if re.fullmatch(r"[UWVuwv](?:[_.]?\w)?", name)}
    if not {"U", "W"} <= letters:
        return ""
    text = unified(original).replace(BREAK, " ")
    said = [saying for saying in sayings(text) if saying.letter in letters]
    for usual, name in ((USUAL, "goodfellow"), ({**USUAL, "U": "recurrent", "W": "input"}, "swapped")):
        if all(usual[saying.letter] == saying.role for saying in said):
            decided = any(saying.letter != "V" for saying in said)
            return name if decided and (name == "swapped" or _all_plain(given)) else ""
    first = said[0]
    other = next(s for s in said if (s.letter == first.letter) == (s.role != first.role) or s.letter == "V")
    message = _(
        "line {line}: cannot tell which letter multiplies the input: “{first}”, “{other}”; "
        "write the equation of a step, h_t = tanh(U x_t + W h_{{t-1}} + b)"
    )
    line = text.count("\n", 0, first.at) + 1
    raise ParseError(message, line=line, first=shown(first.words, 60), other=shown(other.words, 60))


def _all_plain(given: Collection[str]) -> bool:
    """Whether every parameter has a letter of ours, so that no other notation is needed to understand the names."""
    names = set(given) - KEYS - {"equations"}
    return all(re.fullmatch(r"[UWVbcd](?:[_.]?\w)?|[hcy]_?0", name) for name in names)
