"""The decimals, or significant digits, that a sheet asks for in sentences."""

from __future__ import annotations

import re
from functools import cache

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


def without_precision(line: str) -> str:
    """A line without what it says about digits, which no value of the problem depends on."""
    for sentence in _SENTENCES:
        line = re.sub(sentence, "", line)
    for pattern in _precisions():
        line = pattern.sub("", line)
    return re.sub(r"(?:with at least|至少保留) ?\d (?:decimals|significant digits|位小数|位有效数字)", "", line)
