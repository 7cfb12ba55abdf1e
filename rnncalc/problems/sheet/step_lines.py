"""Numbers under the step that stands before them: “t=1: a = 0.5, h = 0.46”, “Step 2:” above its lines, 第3步：h = 0.1.

A bare letter in front of a number gets the step as its index, h_1 = 0.4621; a formula keeps its letters. Where letters
with the same number have other values under another step, that number is the unit's: h1 under t=2 is h_2[1].
"""

from __future__ import annotations

import re

_NUMBER = r"\(?(\d{1,4})\)?"
_NEXT = (
    r"(?=[^\W\d_][\w~^{}\u0300-\u036f]{0,12}[ \t]?[=≈:：])"  # a print has blanks between its values, f=0.8641  i=0.5
)
_GOES_ON = rf"(?!\d|\.\d|[ \t]*[*·(]|[ \t]*(?!{_NEXT})[A-Za-z])"  # of a number
LABEL = re.compile(
    r"^(?:[ \t>*•-]|#{3,6}[ \t])*(?:(?:at|for|bei|für)[ \t]+)?\$?\[?(?:"
    rf"\(?[tnk][ \t]*=[ \t]*{_NUMBER}|(?:time[ -]?)?step[ \t]*[=#]?[ \t]*(?:[tnk][ \t]*=[ \t]*)?{_NUMBER}|"
    rf"(?:Zeit)?schritt[ \t]*{_NUMBER}|"
    rf"第[ \t]*{_NUMBER}[ \t]*(?:个?时间步|步|个?时刻)|(?:时刻|时间步)[ \t]*(?:[tnk][ \t]*=[ \t]*)?{_NUMBER})"
    rf"\)?\]?\$?(?:\*\*)?[ \t]*(?:[:：,，.。、;；)|→-]|$|(?<=[ \t]){_NEXT})(?:\*\*)?(?![ \t]*\d)",
    re.IGNORECASE | re.MULTILINE,
)
_FUNCTION = r"(?:(?:\\?tanh|σ|\\sigma|sigmoid|relu|softmax|[-\d.(])[^=\n,;，；]{0,80}=[ \t]*)"
_LETTER = r"(?<![\w\\{_^(\u0300-\u036f.])(\\hat\{?y\}?|loss|[acfghinorsxyzŷL][\u0302\u0303~]?)(?:_t|_\{t\})?"
_NAMED = re.compile(
    rf"{_LETTER}(?=[ \t]*(?:=|≈|\\approx)[ \t]*{_FUNCTION}?"
    rf"(?:[\[(]|(?:np\.)?array\(|tensor\(|[-+−]?\d*\.?\d+(?:e[-+]?\d{{1,3}})?{_GOES_ON}))"
)
_COLON = re.compile(rf"{_LETTER}[ \t]*[:：](?=[ \t]*(?:\[[ \t]*)?[-+−]?\d*\.?\d)")  # t=1  h: 0.46  y: 0.55
_HAT = re.compile(r"(?<!\w)y_?hat(?=[ \t]*[=:])")

_UNIT = re.compile(
    r"(?<![\w\\{_^(\u0300-\u036f.])([achosyŷ][\u0302\u0303]?)_?\{?([1-9])\}?"
    rf"(?=[ \t]*(?:=|≈|\\approx)[ \t]*([-+−]?\d*[.,]?\d+){_GOES_ON})"
)


def numbered(text: str) -> str:
    """The text with the step as an index of the names whose numbers stand under it."""
    if len({next(filter(None, label.groups())) for label in LABEL.finditer(text)}) < 2:
        return text  # one label alone may number the parts of an exercise
    if re.search(r"ŷ|\\(?:wide)?hat\W{0,9}(?:\\?\w{1,10}\W)?y", text):
        text = _HAT.sub("ŷ", text)
    text = _under_steps(text, _UNIT, r"\1_{step}[\2]") if _numbers_units(text) else text
    return _under_steps(text, _NAMED, r"\1_{step}")


def _numbers_units(text: str) -> bool:
    """Whether some numbered letter has two values, under two steps."""
    values: dict[tuple[str, str], str] = {}
    marked = _under_steps(text, _UNIT, r"@{step} \1 \2 ")
    return any(
        values.setdefault((letter, unit), f"{step} {value}").split()[0] != step
        and values[letter, unit].split()[1] != value
        for step, letter, unit, value in re.findall(r"@(\d+) (\S+) (\d) *(?:=|≈|\\approx) *([-+−]?\d*[.,]?\d+)", marked)
    )


def _under_steps(text: str, pattern: re.Pattern[str], written: str) -> str:
    """The text with names under a step written so, {step} being its number."""
    step, lines = "", []
    for line in text.split("\n"):
        label = LABEL.match(line)
        if label:
            step = next(filter(None, label.groups()))
        elif re.match(r"[ \t]*#|[^=\n]*[:：][ \t]*$", line):  # another heading
            step = ""
        begin = label.end() if label else 0
        if label:
            line = line[:begin] + _COLON.sub(r"\1 =", line[begin:])
        lines.append(
            line[:begin] + (pattern.sub(written.replace("{step}", step), line[begin:]) if step else line[begin:])
        )
        if label and "=" in line[begin:]:  # what stands on the line of a step is all that is said of it
            step = ""
    return "\n".join(lines)
