"""What sentences without a number claim: functions, the cell, where states begin, layers, the direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from rnncalc.problems.formulas.reader import FUNCTIONS
from rnncalc.problems.sheet import named_functions
from rnncalc.problems.sheet.layer_parts import how_many

ASIDE = re.compile(  # a question, what might be, what is about gradients
    r"\?|？|\b(?:if|whether|why|which|what|how|suppose|instead|would|could|explain|compare|discuss|derivative|gradients?|"
    r"back-?prop\w*|errors?|not|never|"
    r"unlike|contrast|others?|usually|often|typical\w*|popular|common\w*|previous\w*)\b|n't\b|如果|假如|若|为什么|哪|何|解释|比较|导数|梯度|反向传播|误差|不|吗|"
    r"\b(?:warum|wieso|weshalb|welche\w*|falls|statt|ableitung\w*|nicht|kein\w*|üblich\w*|pourquoi|quelle?|dérivée|"
    r"plutôt|por qué|cuál|derivada|perché|quale|derivata|почему|какая|производн\w*)\b|なぜ|微分|왜|미분|도함수",
    re.IGNORECASE,
)
SUPPOSED = re.compile(  # how a sheet may open: suppose the activation is σ
    r"[^\w$]*(?:[(\[]?(?:\d{1,2}|[a-h])[.):、]\s*)?(?:(?:now|also|and|let us|let['’]s|we)\b\W*){0,3}"
    r"(?:(?:suppose|if|falls)\b(?:\s*(?:that|we have|you have)\b)?|假如|如果|若)",
    re.IGNORECASE,
)
_ASKED = re.compile(  # what is supposed below a task changes it
    r"[?？]|\b(?:compute|calculate|find|determine|evaluate|work out|show|berechne\w*|bestimme\w*)\b|求|计算|算出",
    re.IGNORECASE,
)
_FUNCTION = re.compile(named_functions.FUNCTION_NAMES, re.IGNORECASE)
_EARLIER = re.compile(r"\b(?:and|the|of|its) previous (?:hidden )?(?:states?|steps?|activations?)\b", re.IGNORECASE)
ONE_NETWORK = re.compile(  # a network that is there, no kind of network
    r"\b(?:is|an?|the|this|our) bi-?directional\b(?! \w+s\b)|^\W*bi-?directional (?:RNN|network|LSTM|GRU|layer)\b|"
    r"双向的?(?:[。，.,\s]|$|RNN|LSTM|GRU|循环)|right[- ]to[- ]left|from (?:the )?(?:right|end)|reversed?|"
    r"从右|逆|倒|从后|bidirectional\s*=\s*True",
    re.IGNORECASE | re.MULTILINE,
)
_OUTPUT = re.compile(r"output|read-?out|输出|ausgabe|ausgang|sortie|salida|saída|uscita|выход|出力|출력", re.IGNORECASE)
_GATE = re.compile(r"\bgates?\b|门|gatter|portes?\b|puertas?\b|вентил|ゲート|게이트", re.IGNORECASE)
_OF_UNITS = re.compile(  # the output of a hidden unit is its state
    r"\boutputs? of (?:each|every|the|all|a)(?: the)? (?:hidden |recurrent )?(?:units?|neurons?|nodes?|cells?|layer)|"
    r"(?:隐[藏含]?(?:层|单元)|神经元|循环层|单元)的?输出",
    re.IGNORECASE,
)
_IN_CODE = re.compile(  # SimpleRNN(3, activation='relu')
    r"(?<!\w)(?P<callee>\w+)\((?:[^()\n]|\([^()\n]*\)){0,300}?\b(?:nonlinearity|(?<!_)activation)\s*=\s*[\"'](?P<value>\w+)[\"']"
)


_VALUES = {  # a number other than 0 that a sentence gives to what no letter is said of
    name: re.compile(
        rf"(?:{words})(?:\s|\b(?:is|are|was|were|of|all|each|equals?|to|both|set|values?|term|vector|[bcθ]|h_?0)\b|[=:：]|均|都|取|设|全?为|是|等于)*?"
        r"[\[(]?[-+−]?(?=[\d.]*[1-9])(?:\d+\.?\d*|\.\d+)(?=[\s,;.，；。、\])]|\Z)(?!\.?\d|\s*(?:[=:%×]|[-\s]?(?!and\b)[a-z]{3,}))",
        re.IGNORECASE,
    )
    for name, words in {
        "b": r"\bbias(?:es)?\b|偏置项?|\bthresholds?\b|阈值",
        "h_0": r"\b(?:initial|starting) (?:hidden |cell )?(?:states?|values? of the (?:hidden )?state)\b|"
        "初始(?:隐[藏含]?|细胞)?状态|初态",
    }.items()
}


class SentenceClaim(NamedTuple):
    """key: activation, gate, output, cell, start, layers, direction; at: where in the prose its sentence begins."""

    key: str
    value: str
    sentence: str
    at: int


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """What a claim is about, and how it is said; the group `value` is what is said."""
    s = r"\s{0,3}"
    whose = (
        r"activations?|hidden|recurrent|output|read-?out|units?|neurons?|non-?linearity|transfer function|gates?|"
        "激活|隐藏|隐层|循环层|输出|神经元|非线性|门|"
        r"aktivierung\w*|verdeckte\w*|neuronen?|ausgabe\w*|neurones?|sortie|activación|salida|ativação|saída|attivazione|"
        r"uscita|активаци\w+|выход\w*|活性化|出力|활성화|출력"
    )
    verb = (
        r"(?:\b(?:is|are|uses?|using|has|have|applies|apply|computes?|being|with)\b|[:：]|"
        rf"的?{s}(?:为|是|采用|使用|选用|选择|选|取|用|均|都)|"
        r"\b(?:ist|sind|nutzt|nutzen|verwende[nt]|benutz\w+|est|sont|utilise\w*|es|son|usan?|utilizan?|é|são|è|usano)\b|"
        r"[—–|]|(?<=\s)-(?=\s)|(?:(?<=function)|(?<=activation))\s?=|\b(?:это|является|использу\w+)\b|関数[はに]|함수[는로])"
    )
    fill = (
        r"(?:\s|\b(?:an?|the|taken|chosen|given|by|as|to|be|used|all|function|usual|standard|logistic|simple|activations?|"
        "element-?wise|through|via|die|der|das|eine?n?|la|le|el|il|une?|una|fonction|función|função|funzione|функция)\\b|"
        "l’|l'|的|了|一个|函数|激活|[$„“”\"*`]){0,12}?"
    )
    called = rf"(?P<value>{named_functions.FUNCTION_NAMES})"
    behind = (
        r"(?:[\s-]|\b(?:function|activation|non-?linearity|is|are|used|applied|serves?|acts?|as|in|for|to|by|at|on|of|"
        'the|an?|our|its|all|every|each)\\b|函数|作为|作|做|为|被?用于|用在|用作|的|激活|[$“”"*`]){0,14}?'
    )
    ones = r"ones?\b|unity\b|all[- ]ones|every 1\b|1\b|全? ?[1一](?![\d.])|random\w*|normal\w*|随机"
    state = (
        r"(?:\b(?:hidden|cell|memory|recurrent|initial|starting|the|all) states?|\bh_?\{?0\}?(?!\w)|"
        "(?:初始)?(?:隐藏|隐|初始|细胞|单元|记忆)状态)"
    )
    network = (
        r"RNNs?\b|(?:simple |vanilla |plain |recurrent )?(?:neural )?networks?\b|SRN\b|Elman|循环(?:神经)?网络|神经网络"
    )
    passed = (
        r"(?:\bpass(?:es)?\b[^.;,，。\n]{0,30}?\bthrough\b|\b(?:passe[sd]|fed|sent|put|goes|go|runs?|run|squashed|transformed|mapped|filtered|activated|followed)\b"
        rf"{s}(?:\b(?:on|then|next)\b{s})?\b(?:through|to|into|by|via|with)\b|经过?|通过|送入|输入到)"
    )
    none = (
        r"(?:\b(?:without|no|has no|have no|lacks?|nor)\b(?: an?| any)?|无|没有|不使用|不用|不加)"
        rf"{s}(?:hidden |output )?(?:activations?(?: functions?)?|non-?linearit(?:y|ies)|激活函数|激活|非线性)"
    )
    patterns = {
        "start": [
            rf"{state}[^.。;；?？,，]{{0,40}}?(?:initiali[sz]\w+|\bstarts?|\bset|\bis|\bare|\bbegins?|equals?|初始|为|是|设|取|从)"
            rf"[^.。;；,，\d]{{0,20}}?(?P<value>{ones})",
            rf"{state}(?:被|将)?(?P<value>随机)初始化",
            rf"\b(?:initiali[sz]e|start|begin)\b[^.。;；]{{0,20}}?{state}[^.。;；\d]{{0,20}}?(?P<value>{ones})",
        ],
        "function": [
            rf"(?:{whose})[^.。;；,，:：?？]{{0,30}}?{verb}{fill}{called}",
            rf"(?:use|apply|choose|with|使用|采用|选用|用|取){s}(?:an?|the)?{s}{called}{behind}(?:{whose})",
            rf"{called}{behind}(?:{whose})",
            rf"(?:hidden|output) (?:layer|units?)\s{called}",
            rf"{called}(?: functions?|函数)?[- ]?(?:activated |activations? )?(?:{network})"
            rf"(?!{s}(?:output|read-?out|输出))",
            rf"{called}(?: functions?|函数)?{s}(?:激活)?的{s}(?:{network})",
            rf"(?:{network}){s}(?:\((?:with |using )?|[,，]?{s}\b(?:with|using|uses|has|whose)\b|使用|采用|用|取)"
            rf"{fill}{called}"
            r"(?![- ]*(?:output|read-?out|gates?|loss|层?的?输出|门))",
            rf"(?:\A|(?<=[.。;；,，:：\n])|\b(?:and|while|but)\b)(?:[^.。;；,，:：\n]{{0,80}}?(?<![A-Za-z]))?"
            rf"(?:{passed}){fill}{called}",
            rf"(?:\A|(?<=[.。;；,，:：\n]))[^.。;；,，:：\n]{{0,60}}?(?P<value>{none})"
            rf"(?: is (?:used|applied))?(?: (?:for|at|in|on|of) (?:the )?(?:outputs?|read-?out))?",
        ],
        "cell": [
            r"(?:\A|\n)[ \t*#]*(?P<value>LSTM|GRU)[,，](?=[ \t$]*(?:[,，;；\n]|\Z))",  # LSTM, x_1 = 0.5
            rf"\b(?:network|cell|model|layer|RNN)\b[^.;?]{{0,12}}\b(?:is|uses)\b{fill}(?P<value>LSTM|GRU)\b",
            r"\b(?:consider|take|given|use|for|of)\s+(?:an?|the|this|following)\s+(?P<value>LSTM|GRU)(?=\s+(?:cell|network|layer|unit|with)|\s*[,.:])",
            r"(?:^|\b(?:an?|the|this|following)\s+)(?P<value>LSTM)\s+(?:cell|network|layer|unit)\s+(?:with|that|sees|reads|gets|receives|has)\b",
            r"(?:使用|采用|考虑|网络为|网络是|单元为|单元是)(?:一个|如下|下面的?)?\s?(?P<value>LSTM|GRU)",
        ],
        "layers": [
            rf"(?P<value>\b(?:two|three|four|2|3|4)[- ](?:(?!(?:fully|dense|output|linear)\b)\w+[- ]){{0,2}}layers?\b|"
            rf"(?<!第)[两二三四234]{s}个?(?:隐藏|循环|隐)?[层層])"
        ],
        "direction": [
            r"(?P<value>right[- ]to[- ]left|from (?:the )?(?:right|end|last \w+) (?:back )?to (?:the )?"
            r"(?:left|begin\w*|start|first)|"
            r"\b(?:in|the) reversed? (?:time |temporal )?(?:order|direction)|"
            r"\bbackwards?(?: in time)?(?=[^.]{0,12}\Z|[^.\n]{0,12}[.\n])|"
            r"从右(?:到|至|往|向)左|(?:逆序|倒序|逆向|从后(?:往|向|到)前))",
            r"(?P<value>\bbi-?directional\w*|双向)",
        ],
    }  # fmt: skip
    return [(key, re.compile(text, re.IGNORECASE | re.MULTILINE)) for key, texts in patterns.items() for text in texts]


def claims(text: str) -> Iterator[SentenceClaim]:
    """What the sentences of a sheet's prose claim, from the top; one claim of a kind from one place."""
    known: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for key, pattern in _patterns():
        for said in pattern.finditer(text):
            begin, sentence = sentence_at(text, said)
            others = sentence.replace(said["value"], "")  # “without an activation” is not an aside
            if is_aside(_EARLIER.sub(" ", others), text[:begin]) or re.search(r"\n\s*\n", said[0]):
                continue
            claim = _claim(key, said, sentence, begin)
            places = known.setdefault((key, said["value"]), [])
            if any(first < said.end("value") and said.start("value") < end for first, end in places):
                continue
            places.append(said.span("value"))
            yield claim
    for said in _IN_CODE.finditer(text):
        if value := FUNCTIONS.get(said["value"].lower()):
            key = "output" if said["callee"] in ("Dense", "Linear") else "activation"
            yield SentenceClaim(key, value, said[0], said.start())


def unread_values(text: str) -> Iterator[SentenceClaim]:
    """Biases and initial states that prose gives a number, all biases are 0.1; what was read of it is blank there."""
    for name, pattern in _VALUES.items():
        for said in pattern.finditer(text):
            begin, sentence = sentence_at(text, said)
            if not is_aside(sentence, text[:begin]):
                yield SentenceClaim(name, said[0], sentence, begin)


def _claim(key: str, said: re.Match[str], sentence: str, begin: int) -> SentenceClaim:
    value = said["value"]
    if key == "function":
        words = _OF_UNITS.sub(" ", said[0])
        value = named_functions.function_named(value) if _FUNCTION.fullmatch(value) else "identity"
        gates = _GATE.search(words)
        key = "output" if value == "softmax" or _OUTPUT.search(words) else "gate" if gates else "activation"
    elif key == "start":
        value = "random" if re.match("random|normal|随机", value, re.IGNORECASE) else "ones"
    elif key == "layers":
        value = str(how_many(value.replace("个", "").replace("隐藏", "").replace("循环", "").replace("隐", "")))
    elif key == "direction":
        value = "both" if re.match("bi|双", value, re.IGNORECASE) else "backward"
    return SentenceClaim(key, value.lower(), sentence, begin)


def is_aside(sentence: str, before: str) -> bool:
    """Whether a sentence asks, or supposes something else than what is solved. before: the text above it.

    What is supposed before anything is asked for is the problem itself.
    """
    supposed = None if _ASKED.search(before) else SUPPOSED.match(sentence)
    return bool(ASIDE.search(sentence, supposed.end() if supposed else 0))


def sentence_at(text: str, said: re.Match[str]) -> tuple[int, str]:
    """The sentence around a place: where it begins, and its text."""
    ends = re.compile(r"[.。;；!！?？](?!\d)|\n\s*\n|\n(?=[ \t]*[A-Z•*#-])")
    begin = max((end.end() for end in ends.finditer(text, 0, said.start() + 1)), default=0)
    end = ends.search(text, said.end())
    whole = text[begin : end.start() + 1 if end else len(text)]
    return begin + len(whole) - len(whole.lstrip()), whole.strip()
