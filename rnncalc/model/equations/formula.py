"""A formula as it is shown: a name and what it equals, once or in several steps."""

from __future__ import annotations

from dataclasses import dataclass

from rnncalc.model.equations.expression import Expression
from rnncalc.model.equations.printer import Letters, Place


@dataclass(frozen=True)
class Formula:
    """left = right = right …: a line of the cell at any step, or one number's arithmetic with its result."""

    signal: str
    right: tuple[Expression, ...]
    letters: Letters
    place: Place
