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
  numbers that are right. The classes are textbook mistakes, conventions and rare mistakes; pairs of mistakes are a
  class of their own, of all pairs that are tried.
- C(n, k) is the number of ways in which k of the n slips could have been the ones.

A number that follows from an earlier wrong one as it should (`carried`) proves nothing: it does not enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log

import numpy as np

from rnncalc.check.diagnosis.variants import MistakeTable, same
from rnncalc.check.verdicts.number import TypedNumbers

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
        if len(self.slips) > 1:
            self.spread = np.fmin(self.spread, self._width(tables[0]))
        exact = np.concatenate([table.exact for table in tables], axis=1)
        right, singles = tables[0].right, [single for table in tables for single in table.singles]
        keeps = (written.fits(exact) | same(exact, right[:, None]))[list(kept)].all(axis=0)
        changes = ~same(exact, right[:, None])[self.slips].all(axis=0)
        rows = self.slips[:MOST]
        with np.errstate(all="ignore"):
            columns = np.round(exact[rows] / np.maximum(self.units[rows], 1e-12)[:, None])
        different: dict[str, set[bytes]] = {}
        for at in np.flatnonzero(keeps & changes).tolist():
            different.setdefault(singles[at].mistake.likelihood, set()).add(columns[:, at].tobytes())
        self.count = {name: len(columns) for name, columns in different.items()}
        self.count[PAIRS] = min(pairs, len(singles) ** 2 // 2)

    def _width(self, table: MistakeTable) -> np.ndarray:
        """The width of what was typed for each number's quantity, and would be right."""
        width = np.empty(len(self.values))
        for rows in table.quantities:
            numbers = np.concatenate([self.values[rows], table.right[rows]])
            width[rows] = np.nanmax(numbers) - np.nanmin(numbers)
        return width

    def parts(self, numbers: np.ndarray) -> np.ndarray:
        """w_i / S_i for what a mistake gives, a column of numbers or several; 1 where that is far away."""
        shape = (-1, *[1] * (numbers.ndim - 1))
        with np.errstate(all="ignore"):
            width = np.maximum(2 * np.abs(numbers - self.values.reshape(shape)), self.units.reshape(shape))
            parts = np.clip(width / self.spread.reshape(shape), 1e-12, 1)
        return np.where(np.isnan(parts), 1.0, parts)

    def accidents(self, likelihood: str, parts: np.ndarray, explained: Sequence[int]) -> float:
        """How many variants of a class are expected to explain as many slips, as well as this."""
        n, k = len(self.slips), len(explained)
        choices = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)  # in logarithms: of many slips there are too many
        variants = max(1, self.count.get(likelihood, 0))
        return exp(min(choices + log(variants) + float(np.log(parts[list(explained)]).sum()), 700.0))

    def may_tell(self, likelihood: str = "") -> bool:
        """Whether anything of a class, or of any, could be named: the typed digits are enough for the best fit."""
        parts = self.parts(self.values)
        counts = [self.count.get(likelihood, 1)] if likelihood else [1]
        return min(counts) * float(np.prod(parts[self.slips])) < LIMIT
