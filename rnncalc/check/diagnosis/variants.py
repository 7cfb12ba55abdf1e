"""Every variant of every mistake on a problem, with the numbers that it gives, computed once for all answers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnncalc.check.diagnosis.batch import SpecBatch, SpecBatches, Spots, at, cost
from rnncalc.check.diagnosis.mistake import Context, Mistake, Variant
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.without_effect import why_blind
from rnncalc.check.graph.build import BACK
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import Spec

MOST = 200_000_000  # numbers to compute, a second or two; homework has some hundred thousand
SOLVED = 4  # sets of quantities whose variants are kept with a problem
TABLES = 60  # sets of answered numbers whose tables are kept with a problem


class Single(NamedTuple):
    """One variant of one mistake."""

    mistake: Mistake
    variant: Variant


class MistakeTable:
    """Variants of mistakes, and the number that each gives in every place.

    batches: all variants. singles: those that change a number. exact: (numbers, singles), from exact values. blind:
    mistakes of which no variant changes a number, each with the reason. right: the right numbers.
    """

    def __init__(
        self,
        spec: Spec,
        made: Sequence[Single],
        batches: SpecBatches,
        exact: np.ndarray,
        spots: Spots,
        right: np.ndarray,
    ):
        self.batches = batches
        self.changes = [at for at in range(len(made)) if not same(exact[:, at], right).all()]
        self.singles, self.exact = [made[at] for at in self.changes], exact[:, self.changes]
        self.spots, self.right = spots, right
        seen = {single.mistake.id for single in self.singles}
        unseen = dict.fromkeys(single.mistake.id for single in made if single.mistake.id not in seen)
        self.blind = [(mistake, why_blind(mistake, spec)) for mistake in unseen]

    @cached_property
    def local(self) -> np.ndarray:
        """(numbers, singles): each number as the variant computes it from right numbers.

        It differs where the variant itself changes a number, not where the number follows from an earlier change.
        """
        return self._followed(self.right, range(len(self.singles)))

    @cached_property
    def quantities(self) -> list[list[int]]:
        """The numbers of each quantity, of all its steps."""
        quantities: dict[Hashable, list[int]] = {}
        for row, (key, _spot) in enumerate(self.spots):
            quantities.setdefault(key[:3], []).append(row)
        return list(quantities.values())

    @cached_property
    def spread(self) -> np.ndarray:
        """(numbers,): how far apart the right solution and the variants are, in a number or in all of its quantity."""
        every = np.column_stack([self.exact, self.right])
        spread = _spread(every)
        for rows in self.quantities:
            spread[rows] = np.fmax(spread[rows], _spread(every[rows].reshape(1, -1)))
        return spread

    def own(self, places: Sequence[int], given: np.ndarray, right: np.ndarray) -> np.ndarray:
        """(numbers, places): what follows from a person's numbers in some of the singles.

        right: what follows from them in the right solution.
        """
        return self._followed(given, places)[:, places]

    def _followed(self, given: np.ndarray, places: Sequence[int]) -> np.ndarray:
        return self._as_reported(self.batches.numbers(self.spots, given, [self.changes[at] for at in places]))

    def _as_reported(self, numbers: np.ndarray) -> np.ndarray:
        """Put exact values where a variant reports another quantity, which follows from nothing under its own name."""
        numbers = numbers[:, self.changes]
        for lane, single in enumerate(self.singles):
            reported_as = single.variant.spec.rules.reported_as
            for row, (key, _spot) in enumerate(self.spots if reported_as else ()):
                if key in reported_as:
                    numbers[row, lane] = self.exact[row, lane]
        return numbers


class _Personal(MistakeTable):
    """Variants that report a quantity of the right solution in place of another."""

    @cached_property
    def local(self) -> np.ndarray:
        """The right numbers, or those reported in their place."""
        return self.exact

    def own(self, places: Sequence[int], given: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The numbers of the right solution, or those reported in their place."""
        lanes = max(self.changes, default=-1) + 1
        return self._as_reported(np.repeat(right[:, None], lanes, axis=1))[:, places]


class _SolvedVariants:
    """All variants but personal ones, and what each gives for every number of some quantities."""

    def __init__(self, spec: Spec, context: Context, spots: Spots):
        self.made = list(_made(spec, context, spots, personal=False))[: max(1, MOST // cost(spec))]
        self.batches = SpecBatches([single.variant.spec for single in self.made])
        self.numbers = self.batches.numbers(spots)
        self.rows = {spot: row for row, spot in enumerate(spots)}


def tables(spec: Spec, context: Context, spots: Spots, right: np.ndarray, whole: Spots) -> list[MistakeTable]:
    """The table of mistakes that anybody may make, which is kept with the problem, and that of personal ones.

    spots: the numbers that this person wrote. whole: all numbers of the same quantities, since others leave out others.
    """
    solved: _SolvedVariants = _kept(
        spec, "solved variants", (context.parameters, *whole), SOLVED, lambda: _SolvedVariants(spec, context, whole)
    )

    def chosen() -> MistakeTable:
        rows = [solved.rows[spot] for spot in spots]
        return MistakeTable(spec, solved.made, solved.batches, solved.numbers[rows], spots, right)

    shared: MistakeTable = _kept(spec, "tables", (context.parameters, *whole, None, *spots), TABLES, chosen)
    own = list(_made(spec, context, spots, personal=True))
    return [shared, _Personal(spec, own, SpecBatches([]), _reported(spec, own, spots, right), spots, right)]


def _kept(spec: Spec, what: str, key: Hashable, most: int, make: Callable[[], Any]) -> Any:
    """Make something for this problem, or return what was made before; `most` of a kind are kept."""
    kept: dict[Hashable, Any] = spec.memo.setdefault(what, {})
    if key not in kept:
        if len(kept) >= most:
            del kept[next(iter(kept))]
        kept[key] = make()
    return kept[key]


def _made(spec: Spec, context: Context, spots: Spots, personal: bool) -> Iterator[Single]:
    """Yield the variants; those of mistakes in gradients only if a number depends on a gradient."""
    heads = {key[0] for key, _spot in spots}
    for mistake in MISTAKES.values():
        of_the_loss = mistake.id == "loss_factor" and heads & {"loss", "losses"}
        if mistake.personal != personal or (mistake.backward and not heads & set(BACK) and not of_the_loss):
            continue
        every = mistake.variants(spec, context)
        yield from (Single(mistake, variant) for variant in every if variant.spec.has_values)


def _reported(spec: Spec, made: Sequence[Single], spots: Spots, right: np.ndarray) -> np.ndarray:
    """The numbers of variants that report a quantity of the right solution in place of another."""
    numbers = np.repeat(right[:, None], len(made), axis=1)
    wanted = {key for single in made for key in single.variant.spec.rules.reported_as.values()}
    if not wanted:
        return numbers
    values = _right_values(spec, wanted)
    for lane, single in enumerate(made):
        reported_as = single.variant.spec.rules.reported_as
        for row, (key, spot) in enumerate(spots):
            if key in reported_as:
                numbers[row, lane] = at(values[reported_as[key]], spot)[0]
    return numbers


def _right_values(spec: Spec, wanted: set[Key]) -> dict[Key, np.ndarray]:
    """Quantities of the right solution, which are kept with the Spec."""
    kept: dict[Key, np.ndarray] = spec.memo.get("right", {})
    if not wanted <= kept.keys():
        kept = spec.memo["right"] = dict(SpecBatch([spec], [0]).solved([*wanted, *kept]))
    return kept


def _spread(numbers: np.ndarray) -> np.ndarray:
    """The width of the middle nine tenths of each row's different numbers."""
    spread = np.full(len(numbers), np.nan)
    for number, row in enumerate(numbers):
        different = np.unique(np.round(row[np.isfinite(row)], 9))
        if len(different):
            low, high = np.quantile(different, (0.05, 0.95))
            spread[number] = high - low
    return spread


def same(numbers: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where numbers are equal up to the rounding of float64. NaN equals NaN."""
    with np.errstate(all="ignore"):
        apart = np.abs(numbers - right) <= 1e-12 * np.maximum(1.0, np.abs(right))
    equal: np.ndarray = apart | (np.isnan(numbers) & np.isnan(right)) | (numbers == right)
    return equal
