"""What a sheet's own words ask for: Compute h_1, h_2 and y_1. 求 h_1、h_2。"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

from rnncalc.check.answers.entry_names import Shape, place

_TASK = re.compile(
    r"(?:\b(?:compute|calculate|find|determine|evaluate|work out|berechnen? Sie|berechne|bestimmen? Sie|bestimme)\b|"
    r"(?:计算|求)(?:出|解)?)(?P<list>(?:[^.。?？!！;；\n]|\.(?=\d))*)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?:[,，、&]|\band\b|\bund\b|以及|及|和|与)\s*", re.IGNORECASE)
_NAME = re.compile(
    r"(?:the |all |every |die |各步?的?|每一?步的?|每个时刻的?|所有的?)?"
    r"(?:(?:hidden |cell |memory )?(?:states?|outputs?|values?(?: of)?) |(?:隐藏|隐|细胞|记忆)?(?:状态|输出))?"
    r"[$\\(\s]*(?P<name>[^\W\d][^\s$]*?)[$\\)\s:：]*(?P<rest>(?:\s.*)?)",
    re.IGNORECASE,
)
_EVERY_STEP = re.compile(r"(?:_|\^)\{?\(?t\)?\}?$")  # h_t is every h
_MANNER = re.compile(  # how it is asked for: with four decimals
    r"\s*(?:$|\(|（|with\b|to\b|in\b|using\b|by\b|for\b|at\b|rounded?\b|up to\b|round\b|mit\b|auf\b|keep\b|four\b|"
    r"保留|精确|结果|并|的值|各|每|四舍)",
    re.IGNORECASE,
)


def numbers(text: str, shape_of: Callable[[str], Shape | None]) -> int:
    """How many numbers the tasks of a text name; 0 unless every one of them names quantities of the problem alone.

    shape_of: the shape of the quantity that is called so.
    """
    places: set[tuple[str, tuple[int, ...]]] = set()
    for task in _TASK.finditer(normalize("NFKC", text)):
        pieces = _BETWEEN.split(task["list"].strip())
        for at, piece in enumerate(pieces):
            if not piece:
                continue
            if at and _MANNER.match(piece):
                break
            match = _NAME.fullmatch(piece)
            name = _EVERY_STEP.sub("", match["name"]) if match else ""
            named = place(name, shape_of) if match and _MANNER.match(match["rest"]) else None
            if named is None:
                return 0
            places |= {(named.name, spot) for spot in named.places}
            if match and match["rest"].strip():
                break
    return len(places)
