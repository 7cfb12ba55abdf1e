"""How much of a file anybody will look at: a stranger's submission is bounded in its size and depth."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from rnncalc.classroom.grading.sheet import Sheet
from rnncalc.common.i18n import _
from rnncalc.problems.parse.numbers import LONGEST_NUMBER

FEWEST = 1_000  # numbers and texts in it that are looked at, for however small a problem
DEEPEST = 12
LONGEST = 5_000  # characters of one text: a matrix that a person types
_RUN = re.compile(rf"\d{{{LONGEST_NUMBER + 1}}}")  # what patterns of numbers would take long to refuse


def most(sheet: Sheet) -> int:
    """How many entries a file may have: far more than the problem has are no answers to it.

    All its numbers with the lists that hold them are fewer than four times the numbers.
    """
    requested = sum(int(np.prod(shape)) for shapes in sheet.shapes.values() for shape in shapes.values())
    return max(FEWEST, 4 * requested)


def too_much(values: Any, most: int) -> str:
    """Why nobody will look at this: too many entries, or nested too deeply."""
    level, entries = [values], 0
    for _depth in range(DEEPEST):
        level = [part for value in level for part in (value.values() if isinstance(value, dict) else value)]
        entries += len(level)
        if entries > most:
            return _("more than {most} entries").format(most=most)
        if any(isinstance(value, str) and len(value) > LONGEST for value in level):
            return _("a text is longer than {most} characters").format(most=LONGEST)
        if any(isinstance(value, str) and _RUN.search(value) for value in level):
            return _("no number has more than {most} digits").format(most=LONGEST_NUMBER)
        level = [value for value in level if isinstance(value, dict | list)]
        if not level:
            return ""
    return _("nested too deeply")
