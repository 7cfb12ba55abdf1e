"""Several problems in one sheet: headed parts, `## Q1`, each with what stands above the first of them."""

from __future__ import annotations

import re

_WORDS = "Q|Question|Problem|Exercise|Task|Aufgabe|Exercice|Ejercicio|Esercizio|Задача|题目?|问题|习题|练习"
_HEAD = re.compile(
    rf"^[ \t]*(?:#{{1,6}}[ \t]*|\*\*|\\(?:sub)*section\*?\{{)?(?:(?:{_WORDS})[ \t]*\.?[ \t]*(?P<number>\d{{1,3}})|"
    r"第[ \t]*(?P<counted>[一二三四五六七八九十\d]{1,3})[ \t]*题)(?![\d=])[^=\n]{0,80}$",
    re.IGNORECASE | re.MULTILINE,
)
_POINTS = re.compile(
    r"[(\[（【]\D{0,12}(?P<number>\d{1,3}(?:[.,]\d)?)\s*(?:points?|pts?|marks?|punkte?|p|points?|puntos?|punti|分|баллов)\.?"
    r"\s*[)\]）】]|(?:worth|共|计)\s*(?P<worth>\d{1,3})\s*(?:points?|marks?|分)",
    re.IGNORECASE,
)
_COUNTED = {mark: str(number) for number, mark in enumerate("一二三四五六七八九十", 1)}


def parts(text: str) -> dict[str, tuple[str, str]]:
    """The headed parts of a sheet by name, Q1, Q2, …; empty where there are fewer than two.

    Each has the text above the first heading, and its own, with the lines before it left blank, so that a line has the
    same number in a part and in the sheet.
    """
    heads = list(_HEAD.finditer(text))
    names = [f"Q{head['number'] or _COUNTED.get(head['counted'], head['counted'])}" for head in heads]
    if len(heads) < 2 or len(set(names)) < len(names):
        return {}
    ends = [head.start() for head in heads[1:]] + [len(text)]
    first = heads[0].start()
    return {
        name: (text[:first], _blank(text[first : head.start()]) + text[head.start() : end])
        for name, head, end in zip(names, heads, ends)
    }


def points(part: str) -> float:
    """What the heading of a part says that it is worth, “Q1 (10 points)”; 0 where it does not."""
    head = _HEAD.search(part)
    said = _POINTS.search(head[0]) if head else None
    return float((said["number"] or said["worth"]).replace(",", ".")) if said else 0.0


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", "", text)
