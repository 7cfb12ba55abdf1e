"""A formula as it is shown: a name and what it equals, once or in several steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rnncalc.model.equations.expression import Expression
from rnncalc.model.equations.printer import Letters, Place, write, write_name
from rnncalc.model.equations.style import Style


@dataclass(frozen=True)
class Formula:
    """left = right = right …: a line of the cell at any step, or one number's arithmetic with its result."""

    signal: str
    right: tuple[Expression, ...]
    letters: Letters
    place: Place

    def write(self, style: Style, first: str = "") -> str:
        """The line in one medium; first: the first sign of equality, where it is not like the others."""
        left, everywhere = write_name(self.signal, style, self.letters, self.place), replace(self.place, unit=None)
        right = (write(expression, style, self.letters, everywhere) for expression in self.right)
        return left + (first or style.sign("=")) + style.sign("=").join(right)
