r"""The loss of a sheet: L = ½ Σ (y_t − d_t)², L = −Σ log ŷ_t, and the words for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rnncalc.model.losses import LOSSES
from rnncalc.problems.formulas import symbol as symbols
from rnncalc.problems.formulas.function_definitions import Body
from rnncalc.problems.formulas.nodes import Apply, Node, Sym, symbols_of
from rnncalc.problems.formulas.symbol import Symbol
from rnncalc.problems.parse.numbers import DECIMAL

_SQUARE = re.compile(
    r"[(|‖∥\[]{1,3}\s{0,9}([^()|‖∥]{1,60}?(?:\([^()]{1,8}\)[^()|‖∥]{0,20}?){0,3})\s{0,9}-\s{0,9}"
    r"((?:[^()|‖∥]|\([^()|‖∥]{1,8}\)){1,60}?|[^|‖∥]{1,60}?)\s{0,9}[)|‖∥\]]{1,3}_?2?\s*(?:\^|\*\*)\s*\{?2"
)
_HALF = re.compile(r"\\frac\s*\{?\s*1\s*\}?\s*\{?\s*2|1\s*/\s*2|0\.5|½")
_MEAN = re.compile(
    r"\\frac\s*\{\s*1\s*\}\s*\{\s*(?:2\s*)?(?:[TNnm]|[3-9]|\d\d)\s*\}|1\s*/\s*(?:\(?2\s*)?(?:[TNnm]\b|[3-9]|\d\d)"
)
_DIVIDED = re.compile(  # (y − d)²/2, \\frac{(y − d)^2}{2T}: behind the square
    r"[\s})\]]*(?:/|\}\s*\{)\s*[({]?\s*(?P<half>2)?\s*(?P<mean>[TNnm]|[3-9]|\d\d)?(?!\w|\.\d)"
)
_DIVIDED_BY_STEPS = re.compile(r"(?:/|\}\s*\{)\s*[({]?\s*(?:[TNnm]|[3-9])\s*[)}]*\s*[.,;]?[\s$]*\Z")
_AVERAGED = re.compile(  # losses of PyTorch and Keras, which are means unless they say otherwise
    r"\b(?:CrossEntropyLoss|BCE(?:WithLogits)?Loss|F\.(?:cross_entropy|binary_cross_entropy\w*)|"
    r"(?:sparse_)?categorical_crossentropy|binary_crossentropy)\b"
)
_CROSSED = (
    r"cross[-_ ]?entrop(?:y|ies)(?:loss)?|交叉熵|交差エントロピー|교차 ?엔트로피|kreuzentropie|entropie croisée|"
    r"entrop[ií]a (?:cruzada|incrociata)|кросс-?энтропи\w*|перекр[её]стн\w+ энтропи\w*"
)
_SQUARES = (
    r"squared? (?:error|difference)s?|平方误差|误差平方和|(?:2乗|二乗)(?:和)?誤差|제곱 ?(?:오차|합)|"
    r"quadratische\w? fehler\w*|"
    r"erreurs? quadratiques?|err?ore?s? (?:cuadrátic|quadrátic|quadratic)[oi]s?|квадратичн\w+ ошибк\w+"
)
_WORDS = [
    (
        "half_squared_error",
        r"half (?:of )?(?:the )?(?:sum of )?(?:the )?squared? (?:error|difference)|"
        r"半平方(?:误差|和)|二分之一.{0,6}平方",
    ),
    (
        "mean_squared_error",
        r"mean[- ]squared?[- ]error|\bMSE(?:Loss)?\b|mse_loss|均方误差|平均(?:2乗|二乗)誤差|평균 ?제곱 ?오차|"
        r"mittlere\w? quadratische\w?|erreur quadratique moyenne|"
        r"err?ore? (?:cuadrático|quadrático|quadratico) m[eé]dio|"
        r"среднеквадратичн\w+",
    ),
    ("mean_absolute_error", r"mean[- ]absolute[- ]error|\bMAE(?:Loss)?\b|\bL1Loss\b|l1_loss|平均绝对误差"),
    (
        "binary_cross_entropy",
        rf"(?:binary|二元|二分类|二値|이진|binäre|бинарн\w+)[-_ ]?(?:{_CROSSED})|(?:{_CROSSED}) bin[aá](?:ire|ri[ao])|"
        r"\bBCE(?:Loss)?\b|BCEWithLogitsLoss",
    ),
    ("cross_entropy", rf"{_CROSSED}|negative log[- ]likelihood|负对数似然"),
    ("squared_error", rf"(?:sum of )?(?:{_SQUARES})"),
]


@dataclass(frozen=True)
class SheetLoss:
    """name: of LOSSES; target: the sheet's name; step: the only one that counts; reduction: mean or "".

    value: the target itself, where a number stands in its place: (y − 1)². stepped: whether the target has an index of
    a step, (y_3 − d_3)²; that of (y_3 − d)² is one vector. parts: what a mean is divided by, where it is a number.
    """

    name: str
    target: str = ""
    step: int | None = None
    reduction: str = ""
    signal: str = ""
    value: str = ""
    stepped: bool = False
    parts: int = 0


def is_loss(name: Symbol) -> bool:
    """Whether a name is a loss's: L, L_t, J, E, loss."""
    return name.base in ("L", "J", "E", "ℓ", "Loss", "loss", "Cost", "CE") and not name.words


def is_formula(text: str) -> bool:
    return bool(re.search(r"[Σ^]|log(?!it)|\bln\b", text)) and bool(re.search(r"[^\W\d]", text))


def is_sum(text: str) -> bool:
    """Whether a formula is a sum over steps of squares or logarithms, or half of one square."""
    squared = _SQUARE.search(text)
    behind = _DIVIDED.match(text, squared.end()) if squared else None
    if squared and (_HALF.search(text[: squared.start()]) or (behind and behind["half"])):
        return True
    return bool(re.search(r"Σ[^\n]*log", text)) or (squared is not None and "Σ" in text[: squared.start()])


def read(text: str, outputs: set[str]) -> SheetLoss | None:
    """The loss that a formula says. outputs: the keys of the signals that may be y."""
    square = _SQUARE.search(text)
    if square:
        texts = [square[1].strip(), square[2].strip()]
        sides = [side_symbol[0] for side in texts if (side_symbol := symbols.read(side, 0))]
        value = next((side for side in texts if DECIMAL.fullmatch(side)), "")
        if len(sides) + bool(value) < 2:
            return None
        keys = [_bare(side) for side in sides]
        target = next((at for at in (1, 0) if not value and keys[at] not in outputs), 1)
        own = sides[0 if value else 1 - target]
        step = own.number if own.offset is None else None
        behind = _DIVIDED.match(text, square.end())
        half = _HALF.search(text[: square.start()]) or (behind and behind["half"])
        mean = _MEAN.search(text) or (behind if behind and behind["mean"] else None)
        name = "half_squared_error" if half else "squared_error"
        if re.search(r"\bmean\s*\(?\s*\Z", text[: square.start()]):  # np.mean((h − d)**2), of the entries too
            name, mean = "mean_squared_error", None
        if mean and mean is not behind and "2" in mean[0].replace("1/2", ""):
            name = "half_squared_error"
        target_key = "" if value else keys[target]
        stepped = not value and (sides[target].number is not None or sides[target].offset is not None)
        return SheetLoss(name, target_key, step, "mean" if mean else "", _bare(own), value, stepped, _parts(mean))
    if re.search(r"log(?!it)|\bln\b", text):
        targets = [_bare(s) for s in _symbols(text) if not _is_index(s) and _bare(s) not in outputs]
        binary = re.search(r"1\s*-\s*\\?\w", text) is not None
        name = "binary_cross_entropy" if binary else "cross_entropy"
        mean = _MEAN.search(text) or _DIVIDED_BY_STEPS.search(text)
        target_name = targets[0] if targets else ""
        return SheetLoss(name, target_name, None, "mean" if mean else "", parts=_parts(mean))
    return None


def _parts(mean: re.Match[str] | None) -> int:
    """The number by which a mean divides, 4 of 1/4 and of 1/(2·4); 0 where a letter stands there."""
    digits = re.findall(r"\d+", re.sub(r"1\s*/|\\frac\s*\{\s*1\s*\}", "", mean[0])) if mean else []
    return int(digits[-1]) if digits and int(digits[-1]) > 2 else 0


def in_words(text: str) -> tuple[str, str]:
    """The loss that prose names and its reduction, "" where it names none."""
    for name, words in _WORDS:
        said = re.search(words, text, re.IGNORECASE)
        if said:
            around = text[max(0, said.start() - 30) : said.end() + 25]
            averaged = _AVERAGED.search(text) and not re.search(r"reduction\s*=\s*[\"']sum", text)
            mean = averaged or re.search(r"\b(?:mean|average|averaged)\b|平均", around)
            return name, "mean" if mean and not LOSSES[name].mean else ""
    return "", ""


def over_steps(text: str) -> str:
    """How the losses of the steps are put together, where words say no more: sum or mean; empty where they do not."""
    said = re.match(
        r"(?:the )?(sum|total|mean|average)(?:ed)?\b[^.;]*\b(?:steps?|times?|losses|t)\b", text, re.IGNORECASE
    )
    return {"sum": "sum", "total": "sum"}.get(said[1].lower(), "mean") if said else ""


def function_of(node: Node) -> str:
    """The function that a formula of one name is: 1 / (1 + e^{−z}) is sigmoid."""
    names = {name.key for name in symbols_of(node)} - {"e"}
    if isinstance(node, Apply) and len(node.arguments) == 1 and isinstance(node.arguments[0], Sym):
        return node.name
    return Body(names.pop(), node).name if len(names) == 1 else ""


def _is_index(name: Symbol) -> bool:
    return name.base in ("log", "ln", "Σ", "k", "i", "j", "L", "T", "N") or (name.base == "t" and not name.indices)


def _symbols(text: str) -> list[Symbol]:
    names, at = [], 0
    while match := symbols.NAME.search(text, at):
        name, at = symbols.indexed(text, match[0], match.start(), match.end())
        names.append(name)
    return names


def _bare(name: Symbol) -> str:
    """The key without its step and its unit: ŷ_{t,k} is ŷ."""
    words = [word for word in name.words if word not in ("k", "j", "i", "c")]
    return "_".join([name.base, *words])
