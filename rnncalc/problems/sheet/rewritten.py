r"""Ways of writing that are other words for plain ones: weights in words, sums over units, all gates in one column.

Input-to-hidden weights: [[…]]                      U = [[…]]
h_i(t) = tanh(Σ_j U_{ij} x_j(t) + b_i)              h(t) = tanh(U x(t) + b)
(i; f; o; g) = (σ; σ; σ; tanh) W [h_{t-1}; x_t]     q_t = W [h_{t-1}; x_t], i_t = σ(q_t^i), …
"""

from __future__ import annotations

import re

_HIDDEN = r"(?:the )?hidden(?: layers?| units?| states?| nodes?| neurons?)?"
_OF_WEIGHT = "的?(?:连接)?权[重值]"
_WORDS = {
    rf"input[- ]weights?|input[- ]to[- ]hidden|weights? from (?:the )?inputs?(?: layer)? to {_HIDDEN}|"
    rf"输入(?:层?[到至→](?:隐[藏含]层|隐层))?{_OF_WEIGHT}": "U",
    rf"recurrent[- ]weights?|hidden[- ]to[- ]hidden|weights? from {_HIDDEN} to (?:itself|{_HIDDEN})|"
    rf"(?:循环|递归|(?:隐[藏含]层|隐层)[到至→](?:隐[藏含]层|隐层|自身)){_OF_WEIGHT}": "W",
    rf"(?:output|read-?out)[- ]weights?|hidden[- ]to[- ]output|weights? from {_HIDDEN} to (?:the )?outputs?(?: layer)?|"
    rf"(?:(?:隐[藏含]层|隐层)[到至→])?输出层?{_OF_WEIGHT}": "V",
    r"(?:(?:hidden|recurrent)(?: layer)?[- ])?bias(?: term)?|(?:hidden|recurrent)(?: layer)?[- ]biases|"
    r"(?:(?:隐[藏含]层|隐层)的?)?偏置项?": "b",
    r"(?:output|read-?out)(?: layer)?[- ]bias(?:es)?|输出层?的?偏置": "c",
    r"input(?: sequence|s)?|输入(?:序列)?": "x",
    r"(?:initial|starting)(?: hidden)? state|初始(?:隐[藏含]?(?:层)?)?状态": "h0",
}
_HENCE = re.compile(
    r"(?<=[\d\])])[ \t]*[,，;；]?[ \t]*"
    r"(?:所以|因此|因而|从而|于是|故|则|得到?|\b(?:and )?(?:so|hence|thus|therefore|daher|also|somit)\b)"
    r"[ \t]*[,，:：]?[ \t]*(?=[^\W\d][\w{}^()\[\],]{0,20}[ \t]*[=≈])"
)
_LINE = r"^[ \t>*•-]*(?:the )?"  # where a value begins
_VALUE = r"(?:[-+−]?(?:\d+\.?\d*|\.\d+)|\[[^\[\]\n]*\]|\([-+−\d., ]*\))(?:[,;，；。、)）]|\.?(?:\s|\Z)(?!\s*[:=]))"
_CLAUSE = r"^[ \t>*•-]*|[,;:，。；：、(（][ \t]*|\.[ \t]+|\b(?:the|and|an?|with|has|have|having)[ \t]+"


def _said(words: str, name: str) -> re.Pattern[str]:
    """Words for a value and what stands between them and it: a number, or a bracket.

    The inputs must begin a line, since a sentence also says what their values mean.
    """
    begin, verbs = (_LINE, "") if name == "x" else (_CLAUSE, "|of|equals|equal to|分别为|均?[为是取]|[取设]为|等于")
    alone = "" if name == "x" else rf"|(?={_VALUE})"  # bias 0.1, initial state [0.5, 0]
    return re.compile(
        rf"({begin})(?:{words})(?: weights?)?(?: matrix| vector|矩阵|向量)?"
        rf"(?: ?\$?{name.replace('h0', 'h_?0')}\$?(?= ?(?:is|are|equals|of|[为是取])))?\s*"
        rf"(?:(?:[:：=]|\bis\b|\bare\b|为|是{verbs})\s*(?=[\[(]|[-+−]?\.?\d){alone})",
        re.IGNORECASE | re.MULTILINE,
    )


_SAID = [(_said(words, name), name) for words, name in _WORDS.items()]
_FORMULA = (  # of a loss: no number alone, which is an answer
    r"\$?\s{0,2}(?:½|\\[dt]?frac|\\sum|[Σ∑]|(?:1/[2TnN]|0\.5|[-−])\s?[*·(½\\Σ∑]|\([a-zŷ]\S{0,9} ?[-−])"
)
_TWO_WORDS = re.compile(  # learning rate = 0.1
    r"(?<![\w-])(?P<key>learning[ -]rate|(?:hidden|input|output|batch)[ -](?:size|dim)|step[ -]size|"
    r"clip[ -](?:norm|value)|"
    r"(?P<units>(?:number of )?hidden[ -](?:units|neurons|nodes)))"
    r"(?=[ \t]*[=:：][ \t]*[\d.])",
    re.IGNORECASE,
)
_LOSS = re.compile(
    r"\b(?:the )?(?:total )?(?:loss|error|cost)(?: function)?(?: (?:at|of|for) (?:each|every|one|a) (?:time )?step)?"
    rf" is (?:given by )?(?={_FORMULA})|(?:损失|误差|代价)(?:函数)?[为是]\s?(?={_FORMULA})",
    re.IGNORECASE,
)
_LABELLED = re.compile(  # x(0) = [1 3]ᵀ with label 0.6
    r"\b[xu](?P<step>_\{?\d{1,3}\}?|[(\[<⟨]\d{1,3}[)\]>⟩])[ \t$]*=[^=\n]{1,120}?"
    r"(?P<words>[,;(]?[ \t$]*\b(?:with |and )?(?:the |its |a )?"
    r"(?:label|target|desired output)(?: output| value)?(?: of| is|:)?)[ \t$]+(?=[-+−]?[.\d]|\[|\([-+−]?[.\d])",
)
_TYPED_CIRCLE = re.compile(r"(?<=[\w)}\]>~])([ \t])o(?=[ \t][A-Za-z(\\σ\d])")  # r_t o h_{t-1}, typed without ∘
_STEPPED = re.compile(r"[_^(\[<]\s*\{?\(?\s*t\b|ₜ")
_SUM = re.compile(r"(?:Σ|\bsum)_(?:\{[a-z](?:\s*=[^{}]*)?\}|[a-z])(?:\^(?:\{[^{}]*\}|\w))?")
_PAIR = re.compile(r"[A-Za-z]_\{?([h-n]),?([h-n])\}?(?!\w)")
_MATRIX = r"\\begin\{\w*(?:matrix|array)\}(?:\{[lcr]*\})?(?:(?!\\begin).)*?\\end\{\w*(?:matrix|array)\}"
_WRAPPED = rf"(?:\\left\s*[\[(]\s*)?({_MATRIX})(?:\s*\\right\s*[\])])?"
_COLUMN = re.compile(
    rf"{_WRAPPED}\s*(?:&\s*)?=\s*(?:&\s*)?{_WRAPPED}\s*(?:\\circ|\\odot|\\cdot)?\s*"
    rf"((?:{_WRAPPED}|\\(?![\\\]]|end\b|quad)[a-zA-Z]+|\\[,;:! ]|[^\\$])*)",
    re.DOTALL,
)


_TUPLE = r"\((?=[^()=\n,]*,)([^()=\n]*)\)"
_TUPLES = re.compile(rf"{_TUPLE}\s*=\s*{_TUPLE}")
_SEQUENCE = re.compile(r"\{\s*([A-Za-z]_\{?t\}?)\s*\}(?:_\{[^{}\n]*\}|_t)?(?:\^\{?\w+\}?)?(?=\s*=)")
_RANGE = re.compile(r"([A-Za-z])_\{\s*1\s*:\s*\w{1,3}\s*\}(?=\s*:?=)")  # x_{1:3} = (1, 2, −1)
_LETTER = re.compile(r"[^\W\d]")
_RULE = re.compile(r"[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+")


def one_by_one(text: str) -> str:
    """The text, in one spelling, with (u, w) = (0.5, 0.3) name by name, {x_t} and x_{1:3} as x."""
    return _RANGE.sub(r"\1", _SEQUENCE.sub(r"\1", _TUPLES.sub(_pairs, text)))


def _pairs(both: re.Match[str]) -> str:
    names, numbers = ([part.strip() for part in side.split(",")] for side in both.groups())
    alike = len(names) == len(numbers) and all(re.match(r"[^\W\d]", name) for name in names)
    return ", ".join(f"{name} = {number}" for name, number in zip(names, numbers)) if alike else both[0]


def with_bars(text: str) -> str:
    """The text with bars between the cells of its tables that tabs separate; a head is a word, a name or a number."""
    lines, cells = text.split("\n"), [line.strip(" ").split("\t") for line in text.split("\n")]
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and len(cells[end]) == len(cells[at]) > 1:
            end += 1
        if end - at > 1 and _are_heads(*cells[at]):
            for row in range(at, end):
                lines[row] = f"| {' | '.join(cell.strip() for cell in cells[row])} |"
        at = end
    return "\n".join(lines)


def _are_heads(first: str, *others: str) -> bool:
    """Whether these may stand over columns: words, names, numbers of steps, in the corner nothing."""
    valued = [bool(re.search(r"=|[:：] ?[-+−\[]?\.?\d", head)) for head in (first, *others)]  # h: 0.4621 of a print
    named = [bool(_LETTER.search(head)) and not value for head, value in zip((first, *others), valued)]
    numbered = [head.strip().isdecimal() for head in others]
    return (named[0] and all(map(max, named[1:], numbered))) or (not first.strip() and all(named[1:]))


def with_edges(text: str) -> str:
    """The text with a bar at both edges of its tables: t | x_t."""
    lines = text.split("\n")
    for rule in [at for at, line in enumerate(lines) if _RULE.fullmatch(line)]:
        at = rule - 1
        while 0 <= at < len(lines) and "|" in lines[at]:
            lines[at], at = f"| {lines[at].strip()} |", at + 1
    return "\n".join(lines)


def in_letters(text: str) -> str:
    """The text with U, W, V in place of words for them, where no equation has letters of its own."""
    if _STEPPED.search(text):
        return text
    for words, name in _SAID:
        if not re.search(rf"^[^\w\n]*{name}\s*[:=]", text, re.MULTILINE):
            text = words.sub(rf"\1{name} = ", text, count=1)
    return text


def in_one_word(text: str) -> str:
    """The text with learning_rate for learning rate, where a value follows."""
    return _TWO_WORDS.sub(lambda key: "hidden_size" if key["units"] else re.sub("[ -]", "_", key[0].lower()), text)


def with_loss(text: str) -> str:
    """The text with L = in front of a formula that is said to be the loss."""
    return _LOSS.sub(" L = ", text)


def with_circles(text: str) -> str:
    """The text with ∘ for an o between two factors, in the equations of a step."""

    def put(line: str) -> str:
        left, sign, right = line.partition("=")
        return left + sign + _TYPED_CIRCLE.sub(r"\1∘", right) if sign and _STEPPED.search(left) else line

    return "\n".join(map(put, text.split("\n"))) if _TYPED_CIRCLE.search(text) else text


def with_targets(text: str) -> str:
    """The text with a name for the target that stands beside its input: x(0) = 1 with label 0.6."""

    def put(said: re.Match[str]) -> str:
        step = re.sub(r"\W|_", "", said["step"])
        return f"{said[0][: said.start('words') - said.start()]}, target_{{{step}}} = "

    return _LABELLED.sub(put, text)


def without_sums(text: str) -> str:
    """The text, in one spelling, with matrices in place of sums over their entries."""
    return "\n".join(_without_sums(line) for line in text.split("\n"))


def _without_sums(line: str) -> str:
    letters = {letter for pair in _PAIR.findall(line) for letter in pair}
    if not letters or not _SUM.search(line) or re.search(r"\^\{?2|log|\bln\b", line):
        return line
    letter = f"[{''.join(sorted(letters))}]"
    line = _SUM.sub("", line)
    line = re.sub(rf"_\{{?{letter},?{letter}\}}?(?!\w)|_\{{{letter}\}}|_{letter}(?![\w{{])", "", line)
    return re.sub(rf"(?<=[_{{,]){letter},|,{letter}(?=\}})", "", line)


def gate_by_gate(text: str) -> str:
    """The text with an equation for each gate, where a sheet has all of them in one column."""
    return _COLUMN.sub(_gates, text)


def _gates(column: re.Match[str]) -> str:
    names, functions = (_entries(column[group]) for group in (1, 2))
    bases = [re.sub(r"\\\w+|[{}\s]|_\{?t\}?", "", name)[:1] for name in names]
    if len(names) != len(functions) or len(names) < 3 or not all(bases):
        return column[0]
    lines = [f"q_t = {' '.join(column[3].split())}"]
    for name, base, function in zip(names, bases, functions):
        stepped = name if "_" in name else f"{name}_t"
        lines.append(f"{stepped} = {function}(q_t^{{{base}}})")
    return " \\\\ ".join(lines) + " \\\\ " + "\n" * column[0].count("\n")


def _entries(matrix: str) -> list[str]:
    inside = re.sub(r"\\begin\{\w+\}(?:\{[lcr]*\})?|\\end\{\w+\}", "", matrix)
    return [entry.strip() for entry in re.split(r"\\\\(?:\[[^\]]*\])?", inside) if entry.strip()]


def one_after_another(text: str) -> str:
    """The text with a comma before a value that follows from the one before it."""
    return _HENCE.sub(", ", text)
