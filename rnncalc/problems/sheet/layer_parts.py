"""Parts of a sheet about one layer of a stack: “Layer 1:” above its values, or before them in a line."""

from __future__ import annotations

import re

from rnncalc.problems.formulas.spelling import BREAK

_COUNTED = {"first": 1, "lower": 1, "bottom": 1, "second": 2, "third": 3, "一": 1, "二": 2, "三": 3, "四": 4}
_WORDS = "layer|层|層|schicht|couche|capa|camada|strato|слой|warstwa|katman"
MENTION = re.compile(
    rf"(?:\b(?:{_WORDS})|层|層)[ \t{BREAK}]*(?:[lℓ]\s*=\s*)?\(?(?P<number>\d{{1,2}})(?![\d.])|"
    rf"(?:[lℓ]\s*=\s*(?P<equal>\d{{1,2}})(?=[ \t{BREAK}]*(?:[:：]|$)))|"
    rf"第\s*(?P<nth>\d{{1,2}}|[一二三四])\s*(?:层|層)|\b(?P<word>first|second|third|lower|bottom)(?:\s+\w+)?\s+layer\b",
    re.IGNORECASE | re.MULTILINE,
)
_SAID = re.compile(
    r"\b[lℓ]\s*(?:=|∈)\s*\{?\s*1\s*,\s*(?:(?:2\s*,\s*)?(?:…|\.\.\.)\s*,\s*)?(?:\d\s*,\s*)*(\d)\b|\bL\s*=\s*(\d)\b|"
    r"\b(two|three|four|2|3|4)[- ](?:\w+[- ])?layers?\b|([两二三四234])\s*[层層]",
    re.IGNORECASE,
)
_HOW_MANY = {"two": 2, "three": 3, "four": 4, "两": 2, "二": 2, "三": 3, "四": 4}
HEADER = re.compile(rf"\W*(?:(?:{_WORDS})s?|[lℓ])\W*", re.IGNORECASE)  # of a table's first column
_BEFORE = re.compile(rf"[\s>#*({BREAK}-]*(?:\w{{1,2}}[.)]\s*)?(?:[^\W\d]+[,:]?\s+){{0,2}}\Z")


def numbered(text: str) -> int | None:
    """The layer that a heading or the head of a column names."""
    mention = MENTION.search(text)
    return _number(mention) if mention else None


def how_many(prose: str) -> int:
    """The number of layers that a sheet says, 0 where it says none."""
    said = _SAID.search(prose)
    word = next((part for part in said.groups() if part), "") if said else ""
    return _HOW_MANY.get(word.lower(), int(word) if word.isdigit() else 0)


class LayerParts:
    """Which layer a place of a text is about. headings: the numbers of the lines that are headings."""

    def __init__(self, text: str, headings: list[int]):
        self.places: list[tuple[int, int | None]] = [(0, None)]  # from where on, which layer
        self.headings: list[tuple[int, int]] = []  # from where to where words say no more than the number
        marks: list[tuple[int, int | None, bool]] = []
        at = 0
        for number, line in enumerate(text.split("\n")):
            mentions = list(MENTION.finditer(line))
            if number in headings and not mentions:
                marks.append((at, None, True))
            for mention in mentions:
                heads = bool(_BEFORE.match(line[: mention.start()])) and mention is mentions[0]
                marks.append((at + mention.start(), _number(mention), heads))
                if heads:
                    self.headings.append((at, at + mention.end()))
                if not heads:
                    marks.append((at + len(line), None, False))
            at += len(line) + 1
        above: int | None = None
        for place, layer, heads in marks:
            above = layer if heads else above
            self.places.append((place, above if layer is None else layer))

    def at(self, place: int) -> int | None:
        return next(layer for begin, layer in reversed(self.places) if begin <= place)


def _number(mention: re.Match[str]) -> int:
    text = next(part for part in mention.groups() if part).lower()
    return _COUNTED.get(text) or int(text)
