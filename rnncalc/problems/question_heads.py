"""How a sheet, and a page of answers to it, number the problems: Question 2, 第二题."""

from __future__ import annotations

WORDS = "Q|Question|Problem|Exercise|Task|Aufgabe|Exercice|Ejercicio|Esercizio|Задача|题|题目|问题|习题|练习"
NUMERALS = r"[一二三四五六七八九十\d]{1,3}"
COUNTED = rf"第[ \t]*(?P<counted>{NUMERALS})[ \t]*[道大]?[ \t]*题"
_DIGITS = "零一二三四五六七八九"


def number(text: str) -> str:
    """The number of a problem in digits: 2 for 二 and for 02."""
    if text.isdigit():
        return str(int(text))
    tens, ten, ones = text.rpartition("十")
    return str(bool(ten) * 10 * max(1, _DIGITS.find(tens or "一")) + max(0, _DIGITS.find(ones or "零")))
