"""The chance of an accident: how many mistakes would be expected to fit numbers that have nothing to do with them.

Some hundred variants are tried, so a number of few digits is given by one of them sooner or later. A mistake is named
only if fewer than LIMIT variants of its class are expected to do as well by accident. The estimate:

    expected = C(n, k) · N · Π w_i / S_i        over the k of n slips that the mistake explains

- S_i is the spread of the number: what the right solution and all variants give for this quantity on this problem,
  between the 5th and the 95th percentile. Of several slips, each may rather be near the others: S_i is then at most the
  width of all that was typed, and would be right, for this quantity.
- w_i is the width of what counts as this near: the unit u of the last digit that was typed or, if that is more, twice
  the distance between the typed number and the one that the mistake gives. A number that was cut, or that follows from
  rounded ones, therefore weighs less.
- N is how many different columns of numbers the variants of the class give: those that change a slip and keep the
  numbers that are right; where a variant explains all of several slips, those of them that lie in that width. The
  classes are textbook mistakes, conventions and rare mistakes; pairs of mistakes are a class of their own, of all pairs
  that are tried.
- C(n, k) is the number of ways in which k of the n slips could have been the ones.

A number that follows from an earlier wrong one as it should (`carried`) proves nothing: it does not enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log

import numpy as np

from rnncalc.check.diagnosis.variants import MistakeTable, same
from rnncalc.check.verdicts.rounding import TypedNumbers

LIMIT = 0.01
PAIRS = "pairs"  # their class
MOST = 30  # slips that tell columns of numbers apart


class Chance:
    """The expected number of accidents on one person's answers. slips, kept: rows of wrong and of right numbers."""

    def __init__(
        self,
        tables: Sequence[MistakeTable],
        written: TypedNumbers,
        slips: Sequence[int],
        kept: Sequence[int],
        pairs: int,
    ):
        self.slips = list(slips)
        self.values, self.units = written.values.ravel(), written.units.ravel()
        self.spread = tables[0].spread
        exact = np.concatenate([table.exact for table in tables], axis=1)
        right, singles = tables[0].right, [single for table in tables for single in table.singles]
        keeps = (written.fits(exact) | same(exact, right[:, None]))[list(kept)].all(axis=0)
        changes = ~same(exact, right[:, None])[self.slips].all(axis=0)
        self.low, self.high = self._range(tables[0])
        if len(self.slips) > 1:
            self.spread = np.fmin(self.spread, self.high - self.low)
        rows = self.slips[:MOST]
        with np.errstate(all="ignore"):
            columns = np.round(exact[rows] / np.maximum(self.units[rows], 1e-12)[:, None])
        different: dict[tuple[str, bool], set[bytes]] = {}
        inside = self._inside(exact)
        for at in np.flatnonzero(keeps & changes).tolist():
            for near in {False, bool(inside[at])}:
                different.setdefault((singles[at].mistake.likelihood, near), set()).add(columns[:, at].tobytes())
        self.count = {of: len(columns) for of, columns in different.items()}
        self.count[PAIRS, False] = min(pairs, len(singles) ** 2 // 2)

    def _range(self, table: MistakeTable) -> tuple[np.ndarray, np.ndarray]:
        """The range of what was typed for each number's quantity, and would be right."""
        low, high = np.empty(len(self.values)), np.empty(len(self.values))
        for rows in table.quantities:
            numbers = np.concatenate([self.values[rows], table.right[rows]])
            low[rows], high[rows] = np.nanmin(numbers), np.nanmax(numbers)
        return low, high

    def _inside(self, numbers: np.ndarray) -> np.ndarray:
        """Which columns of numbers lie, in every slip, in the range of what was typed and would be right."""
        low, high = (self.low - self.units)[self.slips, None], (self.high + self.units)[self.slips, None]
        with np.errstate(all="ignore"):
            inside: np.ndarray = ((numbers[self.slips] >= low) & (numbers[self.slips] <= high)).all(axis=0)
        return inside

    def parts(self, numbers: np.ndarray) -> np.ndarray:
        """w_i / S_i for what a mistake gives, a column of numbers or several; 1 where that is far away."""
        shape = (-1, *[1] * (numbers.ndim - 1))
        with np.errstate(all="ignore"):
            width = np.maximum(2 * np.abs(numbers - self.values.reshape(shape)), self.units.reshape(shape))
            parts = np.clip(width / self.spread.reshape(shape), 1e-12, 1)
        return np.where(np.isnan(parts), 1.0, parts)

    def accidents(
        self, likelihood: str, parts: np.ndarray, explained: Sequence[int], exact: np.ndarray | None = None
    ) -> float:
        """How many variants of a class are expected to explain as many slips, as well as this.

        exact: what it gives from exact values, to be compared with those that are as near.
        """
        n, k = len(self.slips), len(explained)
        near = n == k > 1 and exact is not None and bool(self._inside(exact[:, None])[0])
        choices = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)  # in logarithms: of many slips there are too many
        variants = max(1, self.count.get((likelihood, near), 0))
        return exp(min(choices + log(variants) + float(np.log(parts[list(explained)]).sum()), 700.0))

    def may_tell(self, likelihood: str = "") -> bool:
        """Whether anything of a class, or of any, could be named: the typed digits are enough for the best fit."""
        parts = self.parts(self.values)
        counts = [self.count.get((likelihood, False), 1)] if likelihood else [1]
        return min(counts) * float(np.prod(parts[self.slips])) < LIMIT
