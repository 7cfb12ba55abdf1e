"""Searches for two mistakes together: a second one is made on top of the first, hundreds of pairs in one walk.

A number that a mistake alone does not change, it hardly changes on top of another. So the tables of single mistakes say
which pairs could give the person's numbers. The first wrong number is computed for all of these pairs, and the other
numbers for the few that give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnncalc.check.diagnosis.batch import cost, numbers
from rnncalc.check.diagnosis.mistake import Context
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.variants import MistakeTable, Single, same
from rnncalc.check.graph.spec import Spec
from rnncalc.check.verdicts.rounding import TypedNumbers

PAIRS = 3_000  # pairs to try: some tenths of a second
MOST = 20_000_000  # numbers to compute in search of pairs

Pair = tuple[Single, Single]  # the Spec of the second has both mistakes


class PairSearch:
    """The search for pairs. slips: rows of the numbers to explain; kept: rows of those that must stay."""

    def __init__(
        self,
        spec: Spec,
        context: Context,
        tables: Sequence[MistakeTable],
        written: TypedNumbers,
        slips: list[int],
        kept: list[int],
    ):
        self.context, self.spots, self.written = context, tables[0].spots, written
        self.slips, self.kept, self.first = slips, kept, slips[0]
        self.singles = [single for table in tables for single in table.singles]
        exact = np.concatenate([table.exact for table in tables], axis=1)
        self.fits, self.changed = written.fits(exact), ~same(exact, tables[0].right[:, None])
        self.gradient = np.array([single.mistake.backward for single in self.singles])
        self.left = min(PAIRS, MOST // cost(spec))

    def on_the_first(self) -> list[Pair]:
        """Pairs whose first mistake explains the first wrong number, and which give the next that it does not."""
        candidates: list[Pair] = []
        keeps = (self.fits | ~self.changed)[[at for at in self.kept if at < self.first]].all(axis=0)
        every = dict.fromkeys(single.mistake.id for single in self.singles)
        for at in np.flatnonzero(keeps & self.fits[self.first]).tolist():
            missed = next((slip for slip in self.slips if not self.fits[slip, at]), self.first)
            candidates += self._fitting(list(self._made(self.singles[at], every)), missed)
        return candidates

    def both(self) -> list[Pair]:
        """Pairs that explain the first wrong number only together, each pair once."""
        made: list[Pair] = []
        done: set[str] = set()
        for single, allowed in zip(self.singles, self._allowed()):
            may = [self.singles[other].mistake.id for other in np.flatnonzero(allowed).tolist()]
            made += self._made(single, [name for name in dict.fromkeys(may) if name not in done])
            done.add(single.mistake.id)  # its later variants are not made on top of themselves either
        return self._fitting(made, self.first)

    def _allowed(self) -> np.ndarray:
        """(singles, singles): which two may give the person's numbers together: each gives what it alone changes."""
        changed, misses = self.changed, self.changed & ~self.fits
        stays = ~changed
        against = _meet(stays | misses, stays, self.slips) | _meet(misses, stays, self.kept)
        both = _meet(misses, changed, self.kept)
        against |= both & ~(self.gradient[:, None] | self.gradient)  # signs and factors may cancel
        allowed: np.ndarray = ~(against | against.T)
        return allowed

    def _made(self, single: Single, others: Sequence[str] | dict[str, None]) -> Iterator[Pair]:
        """Make other mistakes on top of one, as long as pairs are left to try."""
        for other in others:
            if other == single.mistake.id:
                continue
            for variant in MISTAKES[other].variants(single.variant.spec, self.context):
                if self.left <= 0:
                    return
                self.left -= 1
                yield single, Single(MISTAKES[other], variant)

    def _fitting(self, made: Sequence[Pair], at: int) -> list[Pair]:
        given = numbers([second.variant.spec for _first, second in made], self.spots[at : at + 1])
        fits = self.written.fits(given, slice(at, at + 1))[0]
        return [made[place] for place in np.flatnonzero(fits).tolist()]


def _meet(these: np.ndarray, those: np.ndarray, rows: list[int]) -> np.ndarray:
    """For every column of these and every one of those, whether both hold in some of these rows."""
    meet: np.ndarray = these[rows].T @ those[rows]
    return meet
