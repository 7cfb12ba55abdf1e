"""Matrices of one number, or of a diagonal: 0.9 I, I_3, diag(0.5, −0.2), every 0.1.

Where the text does not say the size, the other arrays do (`shapes`).
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from rnncalc.problems.parse.numbers import Numbers

_NUMBER = r"[-+]?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})(?:/\d{1,30})?"
LARGEST = 200  # rows of a matrix that is said in a word


@cache
def pattern() -> re.Pattern[str]:
    """One of these, as far as it goes."""
    return re.compile(
        rf"(?:(?P<factor>{_NUMBER}|[-+])[ \t]?[*·×]?[ \t]?)?(?:\\?mathb[fb])?\{{?[IE]\}}?(?![A-Za-z^'(])"
        r"(?:_\{?(?P<size>\d{1,3})(?:[ \t]?[×x,*][ \t]?\d{1,3})?\}?|"
        r"[ \t]?\([ \t]?(?P<rows>\d{1,3})[ \t]?[×x*][ \t]?\d{1,3}[ \t]?\))?(?!\w)|"
        r"(?:(?:np|numpy|torch)\.)?diag[ \t]?[(\[{]{1,3}"
        rf"(?P<diagonal>[ \t]?{_NUMBER}(?:[ \t]?[,;\s][ \t]?{_NUMBER})*)[ \t]?[)\]}}]{{1,3}}|"
        rf"(?P<every>every)[ \t](?P<entry>{_NUMBER})"
    )


def recognises(text: str) -> bool:
    """Whether the whole text is one of these."""
    return pattern().fullmatch(text.strip()) is not None


def read(text: str) -> Numbers:
    """The matrix; of a size that the text does not say, a single number with its pattern."""
    said = pattern().fullmatch(text.strip())
    assert said is not None
    if said["diagonal"]:
        entries = re.findall(_NUMBER, said["diagonal"])
        return _diagonal(entries)
    factor = said["entry"] or said["factor"] or "1"
    factor = f"{factor}1" if factor in ("+", "-") else factor
    if size := said["size"] or said["rows"]:
        return _diagonal([factor] * min(int(size), LARGEST))
    number = Numbers.of(factor)
    number.pattern = "every" if said["every"] else "identity"
    return number


def _diagonal(entries: list[str]) -> Numbers:
    return Numbers.of([[text if at == row else "0" for at in range(len(entries))] for row, text in enumerate(entries)])


def spread(values: np.ndarray, which: str, shape: tuple[int, ...]) -> np.ndarray | None:
    """One number over a whole shape; None where the shape has no such matrix."""
    if which == "every":
        return np.full(shape, values)
    return values * np.eye(shape[0]) if len(shape) == 2 and shape[0] == shape[1] else None
