"""The vocabulary that a sheet says in sentences: words with or without their numbers, and a word that is spelled."""

from __future__ import annotations

import re
from functools import lru_cache

from rnncalc.problems.formulas.spelling import BREAK

_ITEM = (
    rf"['\"‘’“”*{BREAK}]*([^\W\d_]{{1,12}}|<\w{{1,8}}>|[。.!?！？＄#](?=[\s,，、'\"’”*{BREAK}}}]))['\"‘’“”*{BREAK}]*"
)
_PLACE = r"(?:\s{0,3}[(（](?:index|id|编号|序号|class|类别?)?\s?\d{1,2}[)）])?"
_LIST = rf"((?:{_ITEM}{_PLACE}\s*[,、，;]\s*(?:and\s+)?){{1,40}}{_ITEM}{_PLACE})"
_KNOWN = (
    "vocabulary|alphabet|词汇?表|字符表|字母表|[词字]典|Vokabular|Wortschatz|vocabulaire|vocabulario|vocabulário|vocabolario|"
    "словар[ьея]|алфавит|語彙|어휘"
)
_ALPHABET = re.compile(rf"(?:{_KNOWN})[^\n.。]{{0,60}}?[\"“'‘]([^\W\d_]{{2,26}})[\"”'’]", re.IGNORECASE)
_VOCABULARY = [
    re.compile(rf"(?:{_KNOWN})[^\n]{{0,60}}?{mark}\s*{_LIST}", re.IGNORECASE)
    for mark in (r"[:：{\[(=]", rf"[\s为是{BREAK}]")
] + [
    re.compile(rf"(?:{_KNOWN})[^\n]{{0,40}}\n[^\n]{{0,30}}=[{BREAK} ]*\{{\s*{_LIST}", re.IGNORECASE),
    re.compile(
        rf"(?:tags|classes|labels|categories|类别?|标签)[^\n.。()]{{0,30}}[({{（]\s*"
        rf"((?:{_ITEM}\s*(?:[,，、/]|\bor\b|\band\b|或|和)\s*)"
        rf"{{1,20}}{_ITEM})\s*[)}}）]",
        re.IGNORECASE,
    ),
]
_QUOTED = rf"['\"‘’“”{BREAK}]+([^\W\d_]{{1,12}})['\"‘’“”{BREAK}]+"
_NUMBERED = re.compile(  # 1 = "the", 2 = "cat"; {"h": 0, "e": 1}
    rf"(?:\d{{1,2}}\s?[=:：]\s?{_QUOTED}\s?[,，、;；]?\s?){{2,40}}|(?:{_QUOTED}\s?[=:：]\s?\d{{1,2}}\s?[,，、;；]?\s?){{2,40}}"
)
_COUNTED = re.compile(  # the words are numbered: 1 = the, 2 = cat
    rf"(?:{_KNOWN}|number\w*|编号|序号)[^\n]{{0,30}}?"
    r"((?:\d{1,2}\s?[=:：]\s?(?:[^\W\d_]{1,12}|<\w{1,8}>)\s?[,，、;；。.]?\s?){2,40})",
    re.IGNORECASE,
)
_CLASSES = re.compile(  # The classes are, in this order: negative, neutral, positive.
    r"\b(?:classes|labels|categories|catégories|Klassen|Kategorien|clases|categorías|categorias|classi|categorie|"
    rf"классы|категории)\b[^\n.。]{{0,40}}?(?:[:：]|\b(?:are|sont|sind|son|são|sono)\b)\s*{_LIST}(?=\s*(?:[.。;；\n]|\Z))|"
    rf"(?:クラス|클래스|类别?|标签)[^\n.。]{{0,20}}?(?:[:：]|[为是は]|는)\s*{_LIST}(?=\s*(?:[.。;；\n]|\Z))",
    re.IGNORECASE,
)
_CORRECT = (  # The correct answer is: negative
    r"(?:\b(?:correct|true|right|target|gold|actual|bonne|vraie|correcte|richtige|wahre|korrekte|correcta|verdadera|"
    r"correta|verdadeira|corretta|giusta|vera|правильн\w+|верн\w+|истинн\w+)\b|正しい|正解|정답|正确|真实|目标)"
    r"[^.。\n:：]{0,40}?(?:[:：]|\b(?:is|est|ist|es|é|è)\b|\s-\s|[为是は]|[은는])\s*[:：]?\s*"
)


def classes(prose: str) -> list[str]:
    """The names of the classes in a sentence, in its order."""
    listed = _CLASSES.search(prose)
    whole = next((part for part in listed.groups() if part), "") if listed else ""
    items = re.findall(r"<\w{1,8}>|[^\W\d_]{1,12}", re.sub(_PLACE, "", whole))
    return [item for item in items if item not in ("and", "or", "et", "und", "y", "e")]


def correct(prose: str, names: list[str]) -> set[str]:
    """The classes that are said to be the correct one."""
    any_name = "|".join(map(re.escape, names))
    said = re.finditer(rf"{_CORRECT}['\"‘’“”«»„* {BREAK}]*({any_name})(?!\w)", prose, re.IGNORECASE)
    return {name for match in said for name in names if name.lower() == match[1].lower()}


@lru_cache(maxsize=8)
def said(prose: str) -> tuple[str, ...]:
    """The words of “the vocabulary is h, e, l, o”."""
    if numbered := _NUMBERED.search(prose) or _COUNTED.search(prose):
        listed = numbered[1] if numbered.re is _COUNTED else numbered[0]
        places = map(int, re.findall(r"\d+", listed))
        words = re.findall(r"<\w{1,8}>|[^\W\d_]+", listed)
        return tuple(word for _place, word in sorted(zip(places, words)))
    said = next((listed for pattern in _VOCABULARY if (listed := pattern.search(prose))), None)
    run = _ALPHABET.search(prose) if said is None else None
    if run and len(set(run[1])) == len(run[1]):  # the letters “helo”
        return tuple(run[1])
    items = re.findall(r"<\w{1,8}>|[^\W\d_]{1,12}|[。.!?＄#]", re.sub(_PLACE, "", said[1])) if said else []
    return tuple(item for item in items if item not in ("and", "or"))


def announced(prose: str) -> bool:
    """Whether a sentence is about the vocabulary at its end: “the vocabulary has the letters”."""
    return re.search(rf"(?:{_KNOWN})[^\n.。]{{0,60}}\Z", prose, re.IGNORECASE) is not None


def spelled(prose: str, known: list[str]) -> str:
    """The word whose letters are the inputs: “the letters of the word **bac**”."""
    words = rf"(?:the word|the string|单词|字符串|词)\W{{1,6}}([{re.escape(''.join(known))}]{{2,60}})(?!\w)"
    said = re.search(words, prose)
    return said[1] if said else ""


def items(text: str) -> list[str]:
    return [item for item in re.split(r"[\s,;、，\[\](){}'\"“”]+", text) if item]
