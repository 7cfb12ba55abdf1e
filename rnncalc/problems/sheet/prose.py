"""What a sheet says in sentences: the order of gates, functions, inputs, classes, a learning rate, the vocabulary.

Longer than other files, because each pattern stands beside what is read with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.sheet.table_heads import GATE_WORDS

_ORDER = re.compile(
    r"(?:order|顺序|次序|依次为?|stacked)[^.\n。]{0,40}?"
    r"((?:[a-zA-Z]\u0303?\s*[,、，→>-]+\s*){2,3}(?:and\s+|和)?[a-zA-Z]\u0303?)(?!\w)",
    re.IGNORECASE,
)
_ITEM = (
    rf"['\"‘’“”*{BREAK}]*([^\W\d_]{{1,12}}|<\w{{1,8}}>|[。.!?！？＄#](?=[\s,，、'\"’”*{BREAK}}}]))['\"‘’“”*{BREAK}]*"
)
_PLACE = r"(?:\s{0,3}[(（](?:index|id|编号|序号|class|类别?)?\s?\d{1,2}[)）])?"
_LIST = rf"((?:{_ITEM}{_PLACE}\s*[,、，;]\s*(?:and\s+)?){{1,40}}{_ITEM}{_PLACE})"
_KNOWN = "vocabulary|alphabet|词汇?表|字符表|字母表|[词字]典"
_ALPHABET = re.compile(rf"(?:{_KNOWN})[^\n.。]{{0,60}}?[\"“'‘]([^\W\d_]{{2,26}})[\"”'’]", re.IGNORECASE)
_VOCABULARY = [
    re.compile(rf"(?:{_KNOWN})[^\n]{{0,60}}?{mark}\s*{_LIST}", re.IGNORECASE)
    for mark in (r"[:：{\[(=]", rf"[\s为是{BREAK}]")
] + [
    re.compile(rf"(?:{_KNOWN})[^\n]{{0,40}}\n[^\n]{{0,30}}=[{BREAK} ]*\{{\s*{_LIST}", re.IGNORECASE),
    re.compile(
        rf"(?:tags|classes|labels|categories|类别?|标签)[^\n.。()]{{0,30}}[({{（]\s*"
        rf"((?:{_ITEM}\s*(?:[,，、/]|\bor\b|\band\b|或|和)\s*)"
        rf"{{1,20}}{_ITEM})\s*[)}}）]",
        re.IGNORECASE,
    ),
]
_QUOTED = rf"['\"‘’“”{BREAK}]+([^\W\d_]{{1,12}})['\"‘’“”{BREAK}]+"
_NUMBERED = re.compile(  # 1 = "the", 2 = "cat"; {"h": 0, "e": 1}
    rf"(?:\d{{1,2}}\s?[=:：]\s?{_QUOTED}\s?[,，、;；]?\s?){{2,40}}|(?:{_QUOTED}\s?[=:：]\s?\d{{1,2}}\s?[,，、;；]?\s?){{2,40}}"
)
_COUNTED = re.compile(  # the words are numbered: 1 = the, 2 = cat
    rf"(?:{_KNOWN}|number\w*|编号|序号)[^\n]{{0,30}}?"
    r"((?:\d{1,2}\s?[=:：]\s?(?:[^\W\d_]{1,12}|<\w{1,8}>)\s?[,，、;；。.]?\s?){2,40})",
    re.IGNORECASE,
)
_FUNCTION_WORDS = {
    "leaky_relu": r"leaky[- ]?relu", "hard_sigmoid": "hard[- ]?sigmoid", "hard_tanh": "hard[- ]?tanh",
    "log_softmax": "log[- ]?softmax",
    "tanh": r"tanh|hyperbolic tangent|tangente? hyperbolique|tangens hyperbolicus|tangente iperbolica|"
    r"tangente hiperbólica|双曲正切|双曲線正接|гиперболическ\w+ тангенс|(?:하이퍼볼릭|쌍곡) ?탄젠트",
    "sigmoid": r"sigm[oa][iïí]de?\w*|logisti\w+|логистическ\w+|сигмоид\w*|シグモイド|시그모이드|"
    r"逻辑(?:斯蒂)?函数|S ?型函数",
    "relu": r"relu|rectif\w+|线性整流|修正线性",
    "softmax": "softmax",
    "identity": r"identit\w+|(?<!non)(?<!non-)linear\w*|(?<!非)线性|恒等",
    "softplus": "softplus", "softsign": "softsign", "elu": r"\belu\b",
}  # fmt: skip
FUNCTION_NAMES = "|".join(f"(?:{words})" for words in _FUNCTION_WORDS.values())
_NUMBER = r"[-+]?\d*\.?\d+"
_COMMA = r"\s*(?:[,、，→]|->)\s*(?:and\s+|und\s+)?"
_SEVERAL = rf"{_NUMBER}{_COMMA}(?:{_NUMBER}(?:{_COMMA}|\s*(?:and\b|und\b|和)\s*)){{0,60}}{_NUMBER}(?!\w|-\w)"
_INPUTS = re.compile(
    r"(?:\binputs?(?: sequence)?|\bsequence|\bbits?|\bEingaben?|\bentrées?|输入(?:序列)?|序列)"
    r"(?:\s?\([^()\n]{0,30}\))?[^.。\n\d]{0,40}?"
    rf"({_SEVERAL})",
    re.IGNORECASE,
)
_TARGETS = re.compile(
    r"(?:\b(?:target|desired|expected|teacher)(?: (?:values?|outputs?|sequence))?s?|"
    rf"目标(?:值|输出)?(?:序列)?|期望(?:值|输出)(?:序列)?|标签序列)[^.。；;\n\d]{{0,20}}?({_SEVERAL})",
    re.IGNORECASE,
)
_CLASSES = re.compile(
    r"第\s*\d+\s*类(?:\s*[、,，和]\s*第\s*\d+\s*类)+|"
    r"\b(?:correct|true|right|target) class(?:es)?(?: labels?)?(?: of [\w ]{1,30}?)? (?:are|is)"
    rf"[\s{BREAK}]{{1,3}}(?:class[\s{BREAK}]{{1,3}})?"
    r"(?:[a-z](?:[_^]\S{1,8})? ?= ?)?\d{1,3}"
    r"(?:(?:, (?:and )?| and )\d{1,3})*"
)
_FROM_ONE = re.compile(
    r"\b(?:class(?:es)?|labels?)\b[^.;\n\d]{0,30}?\b(?:number|index|count|label|start|begin|run|rang)\w*"
    r"[^.;\n\d]{0,12}(?<![\d.])1(?![\d.]*\d)|"
    r"\b(?:(?<!correct )(?<!true )(?<!right )(?<!target )class(?:es)?"
    r"(?: 1, ?2\b|(?: are)? 1(?: to |-|–) ?\d))|"
    r"\b(?:1|one)-based\b|"
    r"(?:类别?|标签)(?:的?(?:编号|标号|序号|索引))?(?:都|均)?(?:[从由为是])? ?1 ?(?:到|至|开始|起|[-–~])|"
    r"类别?(?:编号)?[为是] ?1[、,，] ?2[、,，和] ?3",
    re.IGNORECASE,
)
_LAST_STEP = re.compile(
    r"\b(?:loss|error|cost|cross-entropy)\b[^.;\n]{0,60}\b(?:last|final) (?:time[- ]?)?step|"
    r"\b(?:only )?(?:at|on|of) the (?:last|final) (?:time[- ]?)?step(?: only)?\b[^.;\n]{0,40}\b(?:loss|error|cost)\b|"
    r"\bafter the (?:last|final) (?:time[- ]?)?step\b[^.;\n]{0,40}\b(?:predict\w*|probability|output|class)|"
    r"(?:损失|误差|代价)[^。；\n]{0,20}(?:最后|末|最终)(?:一|的)?个?(?:步|时刻|时间步)|"
    r"最后(?:一|的)?个?(?:步|时刻|时间步)[^。；\n]{0,12}(?:损失|误差|代价)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?:learning[- ]rate|step[- ]size|\bsteps? of size|\bwith (?:a )?rate|学习率|步长|lernrate|schrittweite|"
    rf"taux d.apprentissage|tasa de aprendizaje)[^\d\n]{{0,12}}?({_NUMBER})",
    re.IGNORECASE,
)
_TARGET = re.compile(
    r"(?:\b(?:target|desired|true|correct)(?: (?:value|output|label))?|目标(?:值|输出)?|期望(?:值|输出)|标签)"
    rf"(?: of this sequence)?\s{{0,3}}(?:is|was|equals|[:：=为是])\s{{0,3}}({_NUMBER})(?!\w|\.\d|\s*[,、，]\s*[-\d])",
    re.IGNORECASE,
)
_ZERO = (
    r"(?:(?<!\w)(?:zeros?|0|null\w?|nullvektor|nul\w?|zéro|cero|ноль|нул\w+)(?!\w|\.\d)|零|(?<![\d.a-z])0(?!\w|\.\d))"
)
_ZERO_STATES = re.compile(
    r"(?:initial|start|begin|anfang|départ|inicia|inizia|начальн|hidden|state|stat[oi]|zustand|memor|初始|状态|記憶|初期)"
    rf"[^.。\n]{{0,60}}?{_ZERO}|(?<!\w)zero[- ](?:initial|state)|at rest",
    re.IGNORECASE,
)
_INITIAL = re.compile(
    r"(?:initial|starting) (?:hidden )?state(?: of the (?:network|rnn))? (?:is|was|equals|=|:)\s?"
    rf"({_NUMBER}|[\[(][^\[\]()\n]*[\])])|"
    rf"初始(?:隐[藏含]?层?)?状态(?:取?[为是:：=]|等于)\s?({_NUMBER}|[\[(（][^\[\]()（）\n]*[\])）])",
    re.IGNORECASE,
)
_OF_INPUT = re.compile(  # w multiplies the input; W 为输入权重
    r"(?<![A-Za-z_\\])([WUwu])(?:_\{?[\w*]{1,3}\}?)?(?:s\b|\b|(?=[为是]))(?:(?![WUwu]\b)[^.。;；,，=\n\d]){0,30}?"
    r"(?:multipl\w+|applie[sd]|acts?|weights?|(?<!\w)(?:is|are)|[为是]|乘以?|作用于)(?:(?![WUwu]\b)[^.。;；,，=\n\d]){0,20}?"
    r"(?:input(?! gate)|输入(?!门))(?![- ]to|[到至])",
)
INITIALLY = r"initial(?:ly|ise[ds]?|ize[ds]?)?\b|\bstart(?:s|ing)?\b|\bbegins?\b|anfangs|初始|开始时|起初"
_TO = r"(?:\s{0,2}(?:to|through|[-–~、,，]|and|到|至|和)\s{0,2}\d{1,3}){0,9}"
_COUNTING = re.compile(f"(?:{_FROM_ONE.pattern}){_TO}", re.IGNORECASE)
_FROM_ZERO = re.compile(
    r"(?:\bclass(?:es)?|\blabels?|类别?|标签)[^.;。；\n\d]{0,30}?(?:number\w*|index\w*|count\w*|from|are|编号|标号|从|为|是)"
    rf"[^.;。；\n\d]{{0,12}}(?<![\d.])0(?![\d.]){_TO}",
    re.IGNORECASE,
)
_OF_KEYS = [("h0", _INITIAL), ("lr", _RATE), ("x", _INPUTS), ("targets", _CLASSES), ("targets", _TARGET)]
_SIGMA = re.compile(
    rf"(?<!\w)σ(?:\([^()\n]{{0,4}}\))?[\s{BREAK}]*(?:\b(?:is|denotes|stands for|means|represents|be)\b|"
    rf":?=|为|是|表示|代表|指|取)"
    rf"(?:[\s{BREAK}]|\b(?:the|an?|here|now|used as|to be|element-?wise)\b|函数|逐元素的?)*({FUNCTION_NAMES})(?!\w)",
    re.IGNORECASE,
)
_LEAK = re.compile(
    r"(?:leaky[- ]?relu|lrelu)\b[^.\n]{0,60}?(?:slope|factor|coefficient|leak|α|alpha|斜率|系数)[^.\n\d]{0,40}?"
    r"(?P<slope>0?\.\d+)|(?:leaky[- ]?relu|lrelu)\s*\(\w\)[^.\n]{0,60}?(?P<factor>0?\.\d+)\s*[*·]?\s*[a-z]\b",
    re.IGNORECASE,
)
_ACTIVE = r"activation|activación|ativação|attivazione|aktivierung|активаци|激活|激励|活性化|활성화"
_ACTIVATION = re.compile(
    rf"({FUNCTION_NAMES})[^.。\n]{{0,40}}?(?:{_ACTIVE})|(?:{_ACTIVE})[^.。\n]{{0,40}}?({FUNCTION_NAMES})",
    re.IGNORECASE,
)
_ZERO_BIASES = re.compile(r"(?:bias(?:es)?|偏置项?)[^.。;；,，\d\n]{0,20}(?<![\d.])0(?!\w|\.\d)", re.IGNORECASE)


_COUNT = {word: number for words in ("one two three four five six", "一 二 三 四 五 六") for number, word in
          enumerate(words.split(), 1)} | {"两": 2}  # fmt: skip


@cache
def _precisions() -> list[re.Pattern[str]]:
    """Sentences that ask for some decimals, or some digits."""
    count = rf"(?P<count>\d|{'|'.join(_COUNT)})"
    kind = r"(?:decimal(?: places?| digits?|s\b)|d\.?p\b|(?P<digits>significant (?:digits?|figures?)|s\.?f\b))"
    return [
        re.compile(rf"保留(?:到)?(?:小数点后)?\s*{count}\s*位(?:小数|(?P<digits>有效数字)|(?![有\w]))"),
        re.compile(rf"(?:精确到小数点后\s*第?|小数第\s?){count}\s*位(?P<digits>(?!))?"),
        re.compile(rf"\bauf {count} (?:(?P<digits>signifikante|gültige) )?(?:\w*stellen|Ziffern)", re.IGNORECASE),
        re.compile(rf"\bđến {count} chữ số thập phân(?P<digits>(?!))?"),
        re.compile(rf"\b(?:to|with|give|report|use) (?:exactly )?{count}[ -]{kind}", re.IGNORECASE),
        re.compile(
            rf"(?:compute|calculate|find|fill|determine|give|what)\b[^.\n]{{0,80}}\((?:to )?{count} {kind}\)",
            re.IGNORECASE,
        ),
    ]


_SENTENCES = (  # of the pages that `new` makes
    r"at least \d+ (?:(?P<digits>significant digits)|decimals) and write every answer with (?P<count>\d+)",
    r"每个答案写 (?P<count>\d+) 位(?:(?P<digits>有效数字)|小数)",
    r"(?:must be exact to within|误差不超过) ?(?P<absolute>±?\d[\d.]*)(?P<relative> ?%)?",
)


def precision(prose: str) -> dict[str, str]:
    """The decimals, or digits, that a sheet asks for; empty where it says none, a least number, or what is between."""
    for sentence in _SENTENCES:
        if said := re.search(sentence, prose):
            kinds = said.groupdict()
            if "count" in kinds:
                return {"digits" if kinds["digits"] else "decimals": said["count"]}
            amount = float(said["absolute"].strip("±."))
            return {"relative": f"{amount / 100:g}"} if kinds["relative"] else {"tolerance": f"{amount:g}"}
    for pattern in _precisions():
        for said in pattern.finditer(prose):
            clause = re.split(r"[.。；;\n]", prose[: said.start()])[-1]
            if not re.search(r"至少|中间|at least|intermediate", clause + said[0], re.IGNORECASE):
                count = _COUNT.get(said["count"].lower(), said["count"])
                return {"digits" if said["digits"] else "decimals": str(count)}
    return {}


_STATE = r"\\?[hsa]\s*(?:[_^]?\s*[({<⟨]?\s*\{?\s*t\s*[-−–]\s*1\s*\}?\s*[)}>⟩]?|_?prev)"
_INPUT = r"\\?x\s*[_^]?\s*[({<⟨]?\s*t\s*[)}>⟩]?"
_JOINED = [
    re.compile(
        rf"[\[(]\s*(?:(?P<hx>{_STATE}\s*[,;；，]\s*{_INPUT})|(?P<xh>{_INPUT}\s*[,;；，]\s*{_STATE}))\s*[\])]", re.I
    ),
    re.compile(r"\[\s*(?:(?P<hx>h\s*[,;；，]\s*x)|(?P<xh>x\s*[,;；，]\s*h))\s*\]"),
    re.compile(
        r"concatenat\w+(?: of)?[\s$]{1,3}(?:the )?(?:(?:previous )?(?:hidden )?state |input )?"
        rf"(?:(?P<hx>{_STATE}[\s$]*(?:and|with)[\s$]*(?:the )?(?:input )?{_INPUT})|"
        rf"(?P<xh>{_INPUT}[\s$]*(?:and|with)[\s$]*(?:the )?(?:previous )?(?:hidden )?(?:state )?{_STATE}))|"
        rf"(?:(?P<hx2>{_STATE}[\s$]*(?:和|与|、)[\s$]*{_INPUT})|(?P<xh2>{_INPUT}[\s$]*(?:和|与|、)[\s$]*{_STATE}))[\s$]*"
        "(?:的)?(?:拼接|连接|级联)",
        re.I,
    ),
]  # fmt: skip


def joined(text: str) -> str:
    """What one matrix multiplies: hx, [h_{t-1}, x_t], or xh; empty where the sheet says neither, or both."""
    said = {kind[:2] for pattern in _JOINED for match in pattern.finditer(text)
            for kind, part in match.groupdict().items() if part}  # fmt: skip
    return said.pop() if len(said) == 1 else ""


def without_precision(line: str) -> str:
    """A line without what it says about digits, which no value of the problem depends on."""
    for sentence in _SENTENCES:
        line = re.sub(sentence, "", line)
    for pattern in _precisions():
        line = pattern.sub("", line)
    return re.sub(r"(?:with at least|至少保留) ?\d (?:decimals|significant digits|位小数|位有效数字)", "", line)


def without_facts(line: str, used: Collection[str]) -> str:
    """A line without the numbers that sentences say of the keys which were read from sentences, and zero states."""
    patterns = [_FROM_ZERO, _COUNTING, _ZERO_BIASES, *(pattern for key, pattern in _OF_KEYS if key in used)]
    for pattern in patterns:
        line = pattern.sub("", line)
    return re.sub(r"(?<![\w.])0(?!\w|\.\d)", "", line) if _ZERO_STATES.search(line) else line


def gate_order(prose: str) -> str:
    """The order of the gates that a sheet says, as letters or in words; empty where it says none."""
    said = _ORDER.search(prose)
    if said:
        return "".join(re.findall(r"[a-zA-Z]\u0303?(?![a-z])", re.sub(r"\band\b", " ", said[1])))
    words = "|".join(GATE_WORDS)
    named = [(place.start(), GATE_WORDS[place[0].lower()]) for place in re.finditer(words, prose, re.IGNORECASE)]
    for begin in range(len(named)):
        near = [letter for at, letter in named[begin : begin + 4] if at - named[begin][0] < 160]
        for count in (4, 3):
            order = near[:count]
            if len(set(order)) == count and set(order) in ({"f", "i", "o", "g"}, {"r", "z", "n"}, {"r", "z", "g"}):
                return "".join(order)
    return ""


def function_called(prose: str, letter: str) -> str:
    """The function that a letter is said to be: “f is the ReLU”; empty where nothing is said."""
    said = re.search(rf"(?<!\w){re.escape(letter)}(?!\w)[^.。;；\n]{{0,60}}?({FUNCTION_NAMES})", prose, re.IGNORECASE)
    return function_named(said[1]) if said else ""


def meaning_of_sigma(text: str) -> dict[str, str]:
    """σ with its function where the sheet says one: “where σ is the tanh”, σ(z) = tanh(z); empty where it says none."""
    said = _SIGMA.search(text)
    return {"σ": function_named(said[1])} if said else {}


def leak(text: str) -> float:
    """The slope below zero of the leaky ReLU that a sheet says, 0.01 where it says none."""
    said = _LEAK.search(text)
    return float(said["slope"] or said["factor"]) if said else 0.01


def activation(prose: str) -> str:
    """The function that is named beside the word activation."""
    said = _ACTIVATION.search(prose)
    return function_named(said[1] or said[2]) if said else ""


def inputs(prose: str) -> list[str]:
    """The inputs of “the input sequence is 1, 0, -1”."""
    said = _INPUTS.search(prose)
    return re.findall(_NUMBER, said[1]) if said else []


def targets(prose: str) -> list[str]:
    """The targets of “the desired outputs are 0.3, 1, 0.2”, 目标序列 0.3、1、0.2."""
    said = _TARGETS.search(prose)
    of_steps = said and re.search(r"\b(?:steps?|times?|at|for|t)\b|[步刻]", said[0][: said.start(1) - said.start()])
    return re.findall(_NUMBER, said[1]) if said and not of_steps else []


def classes(prose: str) -> list[int]:
    """The classes, from 0, of “第 2 类、第 3 类”, which counts from 1 unless it says otherwise.

    In “the correct classes are 1 and 3” it must say from where it counts.
    """
    said = _CLASSES.search(prose)
    first = 0 if re.search(r"从 ?0|from 0|starting at 0", prose) else 1
    from_one = counts_from_one(prose) or re.search(r"(?:from|at|with) (?:1|one)\b", prose)
    if said and first and not said[0].startswith("第") and not from_one:
        return []
    return [int(text) - first for text in re.findall(r"\d+", said[0])] if said else []


def counts_from_one(prose: str) -> bool:
    """Whether the sheet numbers its classes from 1: “classes are numbered 1 to 3”, 类别编号从 1 到 3."""
    return _FROM_ONE.search(prose) is not None


def last_step_only(prose: str) -> bool:
    """Whether the loss is said to be that of the last step."""
    for said in _LAST_STEP.finditer(prose):
        clause = re.split(r"[.。；;\n]", prose[: said.start()])[-1] + said[0]
        if not re.search(
            r"compute|calculate|find|what|gradient|each|every|\ball\b|sum|from|计算|求|梯度|每", clause, re.IGNORECASE
        ):
            return True
    return False


def zero_states(prose: str) -> bool:
    """Whether the sheet says that the states begin at zero."""
    return _ZERO_STATES.search(prose) is not None


def letter_of_input(prose: str) -> str:
    """W or U, as “w multiplies the input” says; empty where nothing is said."""
    said = _OF_INPUT.search(prose)
    return said[1].upper() if said else ""


def initial_state(prose: str) -> str:
    """The numbers of “the initial hidden state is 0.3”; empty where nothing is said, or zero."""
    said = _INITIAL.search(prose)
    text = (said[1] or said[2]) if said else ""
    return text if re.search("[1-9]", text) else ""


def learning_rate(prose: str) -> str:
    """The number behind the words."""
    said = _RATE.search(prose)
    return said[1] if said else ""


def target(prose: str) -> str:
    """The number of “the target is 1”, 目标值为 1."""
    said = _TARGET.search(prose)
    return said[1] if said else ""


def vocabulary(prose: str) -> list[str]:
    """The words of “the vocabulary is h, e, l, o”."""
    if numbered := _NUMBERED.search(prose) or _COUNTED.search(prose):
        listed = numbered[1] if numbered.re is _COUNTED else numbered[0]
        places = map(int, re.findall(r"\d+", listed))
        words = re.findall(r"<\w{1,8}>|[^\W\d_]+", listed)
        return [word for _place, word in sorted(zip(places, words))]
    said = next((listed for pattern in _VOCABULARY if (listed := pattern.search(prose))), None)
    run = _ALPHABET.search(prose) if said is None else None
    if run and len(set(run[1])) == len(run[1]):  # the letters “helo”
        return list(run[1])
    items = re.findall(r"<\w{1,8}>|[^\W\d_]{1,12}|[。.!?＄#]", re.sub(_PLACE, "", said[1])) if said else []
    return [item for item in items if item not in ("and", "or")]


def names_vocabulary(prose: str) -> bool:
    """Whether a sentence is about the vocabulary at its end: “the vocabulary has the letters”."""
    return re.search(rf"(?:{_KNOWN})[^\n.。]{{0,60}}\Z", prose, re.IGNORECASE) is not None


def spelled(prose: str, known: list[str]) -> str:
    """The word whose letters are the inputs: “the letters of the word **bac**”."""
    words = rf"(?:the word|the string|单词|字符串|词)\W{{1,6}}([{re.escape(''.join(known))}]{{2,60}})(?!\w)"
    said = re.search(words, prose)
    return said[1] if said else ""


def function_named(word: str) -> str:
    """Our name of a function that is named in words."""
    return next(name for name, words in _FUNCTION_WORDS.items() if re.fullmatch(words, word, re.IGNORECASE))


def items(text: str) -> list[str]:
    return [item for item in re.split(r"[\s,;、，\[\](){}'\"“”]+", text) if item]
