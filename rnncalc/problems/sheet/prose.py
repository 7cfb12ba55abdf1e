"""What a sheet says in sentences: inputs, targets and classes, rates and states, the order of gates and of matrices."""

from __future__ import annotations

import re
from collections.abc import Collection

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.problems.formulas.spelling import BREAK
from rnncalc.problems.parse.numbers import goes_on, left_out
from rnncalc.problems.sheet.table_heads import GATE_WORDS

_ORDER = re.compile(
    r"(?:order|顺序|次序|依次为?|stacked)[^.\n。]{0,40}?"
    r"((?:[a-zA-Z]\u0303?\s*[,、，→>-]+\s*){2,3}(?:and\s+|和)?[a-zA-Z]\u0303?)(?!\w)",
    re.IGNORECASE,
)
_SPLIT_GATE = r"\w[_^]\{?\(?([a-zA-Z]\u0303?)[)}]{0,2}"
_SPLIT = re.compile(  # divide it into four vectors a_i, a_f, a_o, a_g
    r"(?:divid|split|partition|slice|chunk|分[成为割]|切[成分])[^.\n。]{0,60}?"
    rf"({_SPLIT_GATE}(?:\s*[,、，]\s*(?:and\s+|和)?{_SPLIT_GATE}){{2,3}})(?!\w)",
    re.IGNORECASE,
)
_NUMBER = r"[-+]?\d*\.?\d+"
_COMMA = r"\s*(?:[,、，→]|->)\s*(?:and\s+|und\s+)?"
_SEVERAL = rf"{_NUMBER}{_COMMA}(?:{_NUMBER}(?:{_COMMA}|\s*(?:and\b|und\b|和)\s*)){{0,60}}{_NUMBER}(?!\w|-\w)"
_INPUTS = re.compile(
    r"(?:\binputs?(?: sequence)?|\bsequence|\bbits?|\bEingaben?|\bentrées?|输入(?:序列)?|序列)"
    r"(?:\s?\([^()\n]{0,30}\))?[^.。\n\d]{0,40}?"
    rf"({_SEVERAL})|"
    rf"(?:\binputs|\bsequence|输入(?:序列)?|序列)\s?(?:are|is|[=:：为是])\s?({_NUMBER}\s?(?:and|und|和)\s?{_NUMBER})(?!\w|\.\d)",
    re.IGNORECASE,
)
_TARGETS = re.compile(
    r"(?:\b(?:target|desired|expected|teacher)(?: (?:values?|outputs?|sequence))?s?|"
    r"\b(?:ziel|soll)(?:werte|ausgaben)|\bcibles|\bsalidas deseadas|\bsaídas desejadas|\buscite desiderate|"
    r"целев\w+ (?:значени|выход)\w+|목표 ?(?:값|출력)|目標(?:値|出力)|教師(?:データ|信号)|"
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
    r"最后(?:一|的)?个?(?:步|时刻|时间步)[^。；\n]{0,12}(?:损失|误差|代价)|"
    r"\[ ?:, ?-1 ?(?:, ?: ?)?\]",  # fc(out[:, -1, :])
    re.IGNORECASE,
)
_RATE = re.compile(
    r"(?:learning[- ]rate|step[- ]size|\bsteps? of size|\bwith (?:a )?rate|学习率|步长|学習率|학습률|lernrate|"
    r"schrittweite|(?:taux|pas) d.apprentissage|ta[sx]a de aprendiza(?:je|gem|do)|tasso di apprendimento|"
    rf"(?:темп\w*|скорост\w*|коэффициент\w*|шаг\w*) обучения)[^\d\n]{{0,12}}?({_NUMBER})",
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
INITIALLY = r"initial(?:ly|ise[ds]?|ize[ds]?)?\b|\bstart(?:s|ing)?\b|\bbegins?\b|anfangs|初始|开始时|起初"
_TO = r"(?:\s{0,2}(?:to|through|[-–~、,，]|and|到|至|和)\s{0,2}\d{1,3}){0,9}"
_COUNTING = re.compile(f"(?:{_FROM_ONE.pattern}){_TO}", re.IGNORECASE)
_FROM_ZERO = re.compile(
    r"(?:\bclass(?:es)?|\blabels?|类别?|标签)[^.;。；\n\d]{0,30}?(?:number\w*|index\w*|count\w*|from|are|编号|标号|从|为|是)"
    rf"[^.;。；\n\d]{{0,12}}(?<![\d.])0(?![\d.]){_TO}",
    re.IGNORECASE,
)
_TIMES = {
    word: number for number, words in {
        2: "two zwei deux dos due dois два 二 两", 3: "three drei trois tres tre três три 三", 4: "four vier quatre 四",
        5: "five fünf cinq 五", 10: "ten zehn dix 十",
    }.items() for word in words.split()
}  # fmt: skip
_HOW_MANY = rf"(\d{{1,4}}|{'|'.join(_TIMES)})"
_UPDATES = re.compile(
    rf"(?<![\w.]){_HOW_MANY} (?:(?:full|complete|successive|consecutive|more|training|weight|gradient|parameter) )?"
    r"(?:iterations?|epochs?|Iterationen|Epochen|itérations|iteraciones|iterazioni|iterações|итерац\w+|"
    r"(?:gradient[- ]descent|SGD|descent|gradient|training|optimi[sz]ation) (?:steps|updates)|"
    r"(?:steps|updates) of (?:\w+ ){0,2}(?:descent|SGD|training)|Gradientenschritte)|"
    rf"\bafter {_HOW_MANY} (?:\w+ )?updates\b|"
    rf"{_HOW_MANY}\s?[次步轮个]\s?(?:参数|权重|梯度)?(?:迭代|更新|下降|训练)|(?:迭代|更新|训练|下降)了?\s?{_HOW_MANY}\s?[次步轮]",
    re.IGNORECASE,
)
_OF_KEYS = [("h0", _INITIAL), ("lr", _RATE), ("x", _INPUTS), ("targets", _CLASSES), ("targets", _TARGET)]
_ZERO_BIASES = re.compile(r"(?:bias(?:es)?|偏置项?)[^.。;；,，\d\n]{0,20}(?<![\d.])0(?!\w|\.\d)", re.IGNORECASE)
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
    if split := _SPLIT.search(prose):
        return "".join(re.findall(_SPLIT_GATE, split[1]))
    words = "|".join(GATE_WORDS)
    named = [(place.start(), GATE_WORDS[place[0].lower()]) for place in re.finditer(words, prose, re.IGNORECASE)]
    for begin in range(len(named)):
        near = [letter for at, letter in named[begin : begin + 4] if at - named[begin][0] < 160]
        for count in (4, 3):
            order = near[:count]
            if len(set(order)) == count and set(order) in ({"f", "i", "o", "g"}, {"r", "z", "n"}, {"r", "z", "g"}):
                return "".join(order)
    return ""


def inputs(prose: str) -> list[str]:
    """The inputs of “the input sequence is 1, 0, -1”."""
    said = _INPUTS.search(prose)
    return _listed(prose, said) if said else []


def targets(prose: str) -> list[str]:
    """The targets of “the desired outputs are 0.3, 1, 0.2”, 目标序列 0.3、1、0.2."""
    said = _TARGETS.search(prose)
    of_steps = said and re.search(r"\b(?:steps?|times?|at|for|t)\b|[步刻]", said[0][: said.start(1) - said.start()])
    return _listed(prose, said) if said and not of_steps else []


def _listed(prose: str, said: re.Match[str]) -> list[str]:
    """The numbers of a list. Raises ParseError where it goes on without its numbers, 1, 2, …, 5."""
    if goes_on(prose, said.end(), True):
        line = prose.count("\n", 0, said.start()) + 1
        raise ParseError(_("line {line}: {text}").format(line=line, text=left_out()))
    return re.findall(_NUMBER, said[said.lastindex or 1])


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


def initial_state(prose: str) -> str:
    """The numbers of “the initial hidden state is 0.3”; empty where nothing is said, or zero."""
    said = _INITIAL.search(prose)
    text = (said[1] or said[2]) if said else ""
    return text if re.search("[1-9]", text) else ""


def learning_rate(prose: str) -> str:
    """The number behind the words."""
    said = _RATE.search(prose)
    return said[1] if said else ""


def updates(prose: str) -> int:
    """The number of “run two iterations of gradient descent”, 迭代两次; 1 where nothing is said."""
    said = _UPDATES.search(prose)
    word = next(filter(None, said.groups())).lower() if said else "1"
    return _TIMES.get(word) or int(word)


def target(prose: str) -> str:
    """The number of “the target is 1”, 目标值为 1."""
    said = _TARGET.search(prose)
    return said[1] if said else ""
