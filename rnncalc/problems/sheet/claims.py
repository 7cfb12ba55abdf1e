"""What sentences without a number say of the network: functions, the cell, where states begin, layers, direction.

What is plain is used. What decides numbers, and is not used or says something else than the sheet does, becomes a note.
Longer than other files, because patterns of one kind stand beside what becomes of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, RnncalcError, shown
from rnncalc.model.cells import CELLS
from rnncalc.model.cells.readout import READ_OUT
from rnncalc.problems.formulas.equations import Equations
from rnncalc.problems.formulas.nodes import functions_of
from rnncalc.problems.formulas.own_cell import OwnCell
from rnncalc.problems.formulas.reader import FUNCTIONS, GENERIC
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.sheet import cell_names, named_functions
from rnncalc.problems.sheet.layer_parts import how_many
from rnncalc.problems.sheet.roles import Roles

_ASIDE = re.compile(  # a question, what might be, what is about gradients
    r"\?|？|\b(?:if|whether|why|which|what|how|suppose|instead|would|could|explain|compare|discuss|derivative|gradients?|"
    r"back-?prop\w*|errors?|not|never|"
    r"unlike|contrast|others?|usually|often|typical\w*|popular|common\w*|previous\w*)\b|n't\b|如果|假如|若|为什么|哪|何|解释|比较|导数|梯度|反向传播|误差|不|吗",
    re.IGNORECASE,
)
_OUTPUT = re.compile(r"output|read-?out|输出", re.IGNORECASE)
_GATE = re.compile(r"\bgates?\b|门", re.IGNORECASE)


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
        "激活|隐藏|隐层|循环层|输出|神经元|非线性|门"
    )
    verb = (
        r"(?:\b(?:is|are|uses?|using|has|have|applies|apply|being|with)\b|[:：]|"
        rf"的?{s}(?:为|是|采用|使用|选用|选择|选|取|用|均|都))"
    )
    fill = (
        r"(?:\s|\b(?:an?|the|taken|chosen|given|by|as|to|be|used|all|function|usual|standard|logistic|simple|activations?|"
        'element-?wise|through|via)\\b|的|了|一个|函数|激活|[$“”"*`]){0,12}?'
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
            begin, sentence = _sentence(text, said)
            if _ASIDE.search(sentence) or re.search(r"\n\s*\n", said[0]):
                continue
            claim = _claim(key, said, sentence, begin)
            places = known.setdefault((key, said["value"]), [])
            if any(first < said.end("value") and said.start("value") < end for first, end in places):
                continue
            places.append(said.span("value"))
            yield claim


def _claim(key: str, said: re.Match[str], sentence: str, begin: int) -> SentenceClaim:
    value = said["value"]
    if key == "function":
        value = named_functions.function_named(value)
        gates = _GATE.search(said[0])
        key = "output" if value == "softmax" or _OUTPUT.search(said[0]) else "gate" if gates else "activation"
    elif key == "start":
        value = "random" if re.match("random|normal|随机", value, re.IGNORECASE) else "ones"
    elif key == "layers":
        value = str(how_many(value.replace("个", "").replace("隐藏", "").replace("循环", "").replace("隐", "")))
    elif key == "direction":
        value = "both" if re.match("bi|双", value, re.IGNORECASE) else "backward"
    return SentenceClaim(key, value.lower(), sentence, begin)


def _sentence(text: str, said: re.Match[str]) -> tuple[int, str]:
    """The sentence around a place: where it begins, and its text."""
    ends = re.compile(r"[.。;；!！?？](?!\d)|\n\s*\n|\n(?=[ \t]*[A-Z•*#-])")
    begin = max((end.end() for end in ends.finditer(text, 0, said.start() + 1)), default=0)
    end = ends.search(text, said.end())
    whole = text[begin : end.start() + 1 if end else len(text)]
    return begin + len(whole) - len(whole.lstrip()), whole.strip()


class Claims:
    """Puts what sentences claim into the keys of a problem. given: its keys; notes: what is not used."""

    def __init__(self, roles: Roles, equations: Equations, given: dict[str, RawValue]):
        self.roles, self.made, self.given = roles, roles.made, given
        self.functions = {equations.functions.get(name, name) for equation in equations.equations
                          for name in functions_of(equation.node)}  # fmt: skip
        self.equations = equations.equations
        self.notes: list[str] = []
        self.where = ""  # the claim's line

    def place(self) -> None:
        """Use every claim, or note it."""
        text = self.roles.sheet.prose
        for claim in sorted(claims(text), key=lambda claim: (claim.key != "cell", claim.at)):
            line = _("line {line}: {text}").format(line=text.count("\n", 0, claim.at) + 1, text="")
            note = line + shown(re.sub(r"\s+", " ", claim.sentence).strip(" ,.;$*|"), 60)
            self.where = line.rstrip(": ")
            listed = [skipped for skipped in self.roles.sheet.skipped if skipped.startswith(line)]
            if getattr(self, f"_{claim.key}")(claim.value):
                if (
                    claim.key == "start" and listed and len(re.findall(r"\d+", listed[0].removeprefix(line))) == 1
                ):  # all ones: 全 1
                    self.roles.sheet.skipped.remove(listed[0])
            elif not listed and note not in self.notes:
                self.notes.append(note)
        self._mentioned_cell()

    def _mentioned_cell(self) -> None:
        """The gated cell that is named in any words, a heading among them, where the numbers are those of its gates.

        One that is named alone, and whose gates have no numbers, is noted.
        """
        if self._decided():
            return
        text = self.roles.sheet.original
        named = dict(cell_names.mentioned(text))
        of_gates = cell_names.of_gates(self.given)
        if of_gates in named:
            self.given["cell"] = RawValue(of_gates, "cell")
        elif len(named) == 1 and "elman" not in named and not of_gates:
            at = next(iter(named.values()))
            line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0].strip(" #*\t")
            note = _("line {line}: {text}").format(line=text.count("\n", 0, at) + 1, text=shown(line, 60))
            if note not in self.notes and not _ASIDE.search(line):
                self.notes.append(note)

    def _decided(self) -> bool:
        """Whether something else than words says what the cell is."""
        keys = ("cell", "layers", "notation")
        return bool(self.made) or any(name in self.given for name in keys) or _from_program(self.given)

    # each returns whether the claim holds, or is used ----------------------------------------------------------------

    def _cell(self, value: str) -> bool:
        of_gates = cell_names.of_gates(self.given)
        if self._decided() or (of_gates and of_gates != value):  # a cell that the sheet also talks about
            return True
        self.given["cell"] = RawValue(value, "cell")
        return True

    def _activation(self, value: str) -> bool:
        if self.made:
            return value == "identity" or value in self.functions or self._refused("activation", value)
        cell = self._named_cell()
        if cell is None or value not in CELLS[cell].switches.get("activation", {}):
            return cell is not None and cell != "elman" and value == "tanh"
        return self._stated("activation", value)

    def _gate(self, value: str) -> bool:
        return value == "sigmoid" or value in self.functions or (bool(self.made) and self._refused("activation", value))

    def _refused(self, key: str, value: str) -> bool:
        """False where no equation has a function. Raises ProblemError: an equation has another one than is claimed."""
        applied = [e for e in self.equations if e.defined.offset is not None and functions_of(e.node)]
        equation = next((e for e in applied if e.defined.key in self.roles.states), applied[0] if applied else None)
        if equation is None or set(functions_of(equation.node)) & {*GENERIC}:
            return False
        message = _("{where}: {key} {word} contradicts the equation “{equation}”, which says {value}; leave one out")
        said = ", ".join(dict.fromkeys(functions_of(equation.node)))
        raise ProblemError(
            message, where=self.where, key=key, word=value, equation=shown(equation.text, 80), value=said
        )

    def _output(self, value: str) -> bool:
        if self.made:
            of_loss = value == "softmax" and "cross_entropy" in self._word("loss")
            return value == "identity" or of_loss or value in self.functions
        cell = self._named_cell()
        if (
            value not in READ_OUT.switches["output"]
            or cell is None
            or CELLS[cell].owns_read_out
            or not self._reads_out()
        ):
            return value == "identity"
        return self._stated("output", value)

    def _start(self, value: str) -> bool:
        states = sorted(self.roles.states) if self.made else ["h"]
        names = [name for state in states for name in (f"{state}0", f"{state}_0") if name in self.given]
        if names:
            return value == "random" or all(_ones(self.given[name]) for name in names)
        several = self._named_cell() == "lstm" or len(states) > 1
        if value != "ones" or several:
            return False
        self.given[f"{states[0]}0"] = RawValue("every 1", f"{states[0]}0")
        return True

    def _layers(self, value: str) -> bool:
        if isinstance(self.made, OwnCell):
            return True
        layers = self.given["layers"].value if "layers" in self.given else [{}]
        counts = [len(layers)] if isinstance(layers, list) else []
        if self.made:  # two layers may be the two directions
            counts = [len(self.made.layers), sum(len(layer.both) for layer in self.made.layers)]
        return int(value) in counts or _from_program(self.given)

    def _direction(self, value: str) -> bool:
        if self.made:
            return self.roles.runs_backward or isinstance(self.made, OwnCell)
        layers = self.given["layers"].value if "layers" in self.given else None
        return value in (self._word("direction"), *(_directions(layers)))

    def _stated(self, key: str, value: str) -> bool:
        self.given.setdefault(key, RawValue(value, key))
        return FUNCTIONS.get(self._word(key), self._word(key)) == value

    def _word(self, key: str) -> str:
        value = self.given[key].value if key in self.given else ""
        return value.strip().lower() if isinstance(value, str) else ""

    def _named_cell(self) -> str | None:
        """The built-in cell that is named; None where there is a stack, or a word that is none."""
        name = self._word("cell") or ("" if "cell" in self.given else "elman")
        name = {"rnn": "elman"}.get(name, name)
        return name if name in CELLS and "layers" not in self.given else None

    def _reads_out(self) -> bool:
        """Whether some value is V, under any of its names."""
        return any(notation.letters.get(name) == "V" for notation in NOTATIONS.values() for name in self.given)


def _from_program(given: Mapping[str, RawValue]) -> bool:
    return any(name.startswith(("weight_", "kernel", "recurrent_kernel")) for name in given)


def _directions(layers: object) -> list[str]:
    return (
        [str(layer.get("direction", "")) for layer in layers if isinstance(layer, dict)]
        if isinstance(layers, list)
        else []
    )


def _ones(value: RawValue) -> bool:
    try:
        return value.value == "every 1" or bool((matrix.read(str(value.value)).values == 1).all())
    except RnncalcError:
        return False
