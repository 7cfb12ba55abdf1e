"""Results that programs print, as answers: below print(dW), in the remarks behind it, and in remarks under a heading.

print(dWx)                                  answers.dWx =
#  [[ 0.14 -0.23]                           [[ 0.14 -0.23]
#   [-0.07  0.14]]                           [-0.07  0.14]]
# our answers:                              # our answers:
# Wx.grad = [[0.83, -0.17]]                 answers.dWx = [[0.83, -0.17]]
"""

from __future__ import annotations

import re
from collections.abc import Callable

_PRINT = re.compile(
    r"[ \t]*(?:>>>[ \t]?|In[ \t]?\[\d*\]:[ \t]?)?(?:print\([ \t]*(?P<name>[A-Za-z]\w{0,30}(?:\.grad)?)"
    r"(?:\.(?:detach|numpy|tolist|item|cpu|data|round|flatten|ravel|squeeze)(?:\(\d?\))?){0,4}[ \t]*\)[ \t]*;?"
    r"|(?<=>>> )(?P<shown>[A-Za-z]\w{0,30}(?:\.grad)?))[ \t]*(?:#[ \t]*(?P<beside>\S.*))?"
)
_MARK = re.compile(r"[ \t]*(?:#+|//|%+|(?:Out[ \t]?\[\d*\]:))[ \t]*(?:=>|->|→|⇒|>>>?)?[ \t]*|[ \t]*")
_VALUE = re.compile(r"(?:tensor\(|array\(|np\.float\d\d\()?[\[(]{0,3}[ \t]*[-+−]?\d*\.?\d")
_NUMBERS = re.compile(r"[-+−\d.,;eE\[\]() \t]*(?:,[ \t]*(?:dtype|requires_grad|device|grad_fn)\b.{0,60})?")
_SAID = re.compile(
    r"[ \t]*(?:#+|//|%+)[ \t]*(?P<name>(?![tnk]\b|step\b)[^\W\d][\w.]{0,40}(?:[\[({_^][\w,+\- \])}]{0,12})?)"
    r"[ \t]*(?:=|≈|:)[ \t]*(?=(?:tensor\(|array\()?[\[(]{0,3}[ \t]*[-+−]?\d*\.?\d)"
)
_DERIVED = re.compile(r"d[A-Z]\w*|[\w]+_new|[LJE]|[Ll]oss|cost")  # nobody gives them
_GRADIENT = re.compile(  # Wx.grad = [[…]]
    r"(?<![\w.])([A-Za-z]\w{0,30})\.grad(?=[ \t]*[=:≈][ \t]*(?:tensor\(|array\()?[\[(]{0,3}[ \t]*[-+−]?\d*\.?\d)"
)
_RESULTS = re.compile(  # in a remark
    r"\W*(?:results?|(?:my |our |the )?(?:output|print(?:s|ed|out)?|gradients?|values?)|"
    r"(?:it |which )?(?:gives|prints)|输出|结果|运行结果|打印|梯度)\W*"
)
_BETWEEN = re.compile(r"[ \t]*(?:```\w*)?[ \t]*|[^=\d]{0,20}[:：][ \t]*")  # a print and what it prints


def as_answers(text: str, heads_answers: Callable[[str], bool]) -> str:
    """The text with what it prints as answers, line by line as it was.

    heads_answers: whether a line is a heading of answers.
    """
    lines = _GRADIENT.sub(r"answers.d\1", text).split("\n")
    answers = False
    at = 0
    while at < len(lines):
        line = lines[at]
        prints = line.lstrip().startswith(("print(", ">>>", "In"))
        printed = _PRINT.fullmatch(line) if prints else None
        if printed:
            at = _below(lines, at, printed)
            continue
        said = _SAID.match(line)
        if said and answers:
            name = said["name"]
            lines[at] = f"{'answers.' if _DERIVED.fullmatch(name) else ''}{name} = {line[said.end() :]}"
            at = _rest(lines, at)
            continue
        if not said and line.strip():
            bare = line.strip().lstrip("#/% \t")
            heads = heads_answers(line) or heads_answers(bare) or (bare != line.strip() and _RESULTS.fullmatch(bare))
            answers = prints or bool(heads) or (answers and not _ends(line))
        at += 1
    return "\n".join(lines)


def _ends(line: str) -> bool:
    """Whether a line ends the answers in remarks: anything but another remark."""
    return not re.match(r"[ \t]*(?:#|//|%)", line) or bool(re.match(r"[ \t]*#{2,6}[ \t]", line))


def _below(lines: list[str], at: int, printed: re.Match[str]) -> int:
    """Put the name of what is printed before what stands beside it or below; the line behind it."""
    name = printed["name"] or printed["shown"]
    if name.endswith(".grad"):
        name = f"d{name.removesuffix('.grad')}"
    if _DERIVED.fullmatch(name):
        name = f"answers.{name}"
    if printed["beside"]:
        if _VALUE.match(printed["beside"]):
            lines[at] = f"{name} = {printed['beside']}"
        return at + 1
    behind = at + 1
    while behind < min(len(lines), at + 4) and _BETWEEN.fullmatch(lines[behind]):
        behind += 1
    if behind < len(lines):
        mark = _MARK.match(lines[behind])
        value = lines[behind][mark.end() if mark else 0 :]
        if _VALUE.match(value) and _NUMBERS.fullmatch(re.sub(r"^(?:tensor|array|np\.float\d\d)", "", value)):
            lines[at], lines[behind] = "", f"{name} = {value}"
            return _rest(lines, behind)
    return at + 1


def _rest(lines: list[str], at: int) -> int:
    """Take the marks of remarks from the lines on which a bracket is still open; the line behind them."""
    depth = _opened(lines[at])
    at += 1
    while depth > 0 and at < len(lines) and lines[at].strip():
        lines[at] = re.sub(r"^[ \t]*(?:#+|//|%+)", "", lines[at])
        depth += _opened(lines[at])
        at += 1
    return at


def _opened(line: str) -> int:
    return sum(line.count(mark) for mark in "[(") - sum(line.count(mark) for mark in "])")
