"""Two mistakes together: a second one made on top of the first, hundreds of them in one walk.

Few pairs give the digits of a number that is wrong, so that one alone is computed for all of them, and the others for
the few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnncalc.check.batch import Spots, cost, numbers
from rnncalc.check.mistake import Context
from rnncalc.check.mistakes import MISTAKES
from rnncalc.check.rewritten import Single
from rnncalc.check.spec import Spec
from rnncalc.check.verdict import Written

PAIRS = 2_000  # that are tried: some tenths of a second
MOST = 20_000_000  # numbers that are computed in search of pairs

Pair = tuple[Single, Single]  # the second's Spec is that of both


class Search:
    """The search for pairs that give the digits of one number."""

    def __init__(self, spec: Spec, context: Context, spots: Spots, written: Written):
        self.context, self.spots, self.written = context, spots, written
        self.left = min(PAIRS, MOST // cost(spec))

    def on_top(self, begin: Sequence[tuple[Single, int]], others: Sequence[str]) -> list[Pair]:
        """Pairs whose first one is known, each with the number that must fit."""
        found = []
        for single, at in begin:
            made = list(self._made(single, _gates_last(others)))
            found += self._fitting(made, at)
        return found

    def both(self, singles: Sequence[Single], at: int) -> list[Pair]:
        """Pairs of any two, each once, by the number that must fit."""
        made: list[Pair] = []
        names = _gates_last([single.mistake.id for single in singles])
        for single in singles:
            after = names[names.index(single.mistake.id) + 1 :]
            made += self._made(single, after)
        return self._fitting(made, at)

    def _made(self, single: Single, others: Sequence[str]) -> Iterator[Pair]:
        """Other mistakes made on top of one."""
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


def _gates_last(names: Sequence[str]) -> list[str]:
    """Mistakes, each once; those of many variants come last."""
    return sorted(dict.fromkeys(names), key=lambda name: name == "gate_order")
