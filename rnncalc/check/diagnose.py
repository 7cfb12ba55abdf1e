"""Why: which mistake, or which two, reproduce the numbers that a person wrote where the right solution does not.

Every variant of every mistake is solved. One that gives all their digits from exact values is found. Where none does,
variants that come near are judged as the right solution was, from the person's own earlier numbers, so that a mistake
on top of a slip, or of much rounding, is found too. Then pairs: a second mistake on top of one that explains the first
wrong number, and two that only together explain it. Longer than other files, as one search with its stages in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnncalc.check import verdict as one
from rnncalc.check.answers import Claim
from rnncalc.check.blind import why_blind
from rnncalc.check.context import context_of
from rnncalc.check.judging import Judging, entry
from rnncalc.check.mistake import Mistake, Variant
from rnncalc.check.mistakes import MISTAKES
from rnncalc.check.records import ACCEPTED, CARRIED, ROUNDING, WRONG, Found, Judged
from rnncalc.check.solve import BACK
from rnncalc.check.spec import Spec
from rnncalc.problems import Problem

FORGET = 300  # mistakes, each with what it is made of, that are kept with a problem
NEAR = 40  # units: how far a number may be from one that is made with rounded numbers on the way
DECIMALS = 3  # from which a number tells something though its significant digits are few
WORK = 25_000  # quantities that are computed in search of a pair: some tenths of a second
MOST = 300_000  # quantities that are computed at all; homework has some tens of thousands
HOMEWORK = 500  # numbers that a person writes: of more, only what gives them all from exact values is looked for
SURE = 6  # digits that two mistakes together must explain: with fewer, some pair out of so many would fit by chance


class _Single(NamedTuple):
    """One variant of one mistake, with the numbers that it gives."""

    mistake: Mistake
    variant: Variant
    numbers: list[float]
    judging: Judging | None


@dataclass(frozen=True)
class _Candidate:
    """A variant, or two, with the numbers that it explains; exact: from exact values."""

    made: tuple[tuple[Mistake, Variant], ...]
    explained: frozenset[int]
    exact: bool


class Diagnosis:
    """The search, for one person's answers. values: the claims as they were judged, in the same order."""

    def __init__(
        self, problem: Problem, spec: Spec, judging: Judging, claims: Sequence[Claim], values: Sequence[Judged]
    ):
        self.spec, self.values = spec, values
        self.claims = [claim for claim, value in zip(claims, values) if claim.typed is not None and claim.key]
        judged = [value for claim, value in zip(claims, values) if claim.typed is not None and claim.key]
        self.verdicts = [value.verdict for value in judged]
        self.coarse = [value.coarse for value in judged]
        self.right = [float(value.computed) if value.computed is not None else np.nan for value in judged]
        everything = range(len(self.claims))
        self.bad = [at for at in everything if self.verdicts[at] in (WRONG, CARRIED) and self._tells(at)]
        if not any(self._worth(at) for at in self.bad):
            self.bad = []
        self.slips = [at for at in self.bad if self.verdicts[at] == WRONG]
        if not self.slips and sum(self._worth(at) for at in self.bad) >= SURE:
            self.slips = self.bad  # what is wrong has too few digits, but what follows from it has enough
        self.kept = [at for at in everything if self.verdicts[at] in ACCEPTED]
        self.size = len(judging.order)
        self.work = 0
        self.blind: list[tuple[str, str]] = []
        self.context = context_of(problem, spec, self.claims, self.slips)
        self.heads = {claim.key[0] for claim in self.claims}

    # what is found ---------------------------------------------------------------------------------------------------

    def mistakes(self) -> list[Found]:
        """The mistakes that explain the numbers, the best first; none where nothing does."""
        if not self.slips:
            return []
        singles = list(self._singles(self.spec))
        found = [*self._exact(singles)]
        large = len(self.claims) > HOMEWORK or self.size > 5 * HOMEWORK
        if not found and not large:
            found = [*self._near(singles)]
        if not found and not large:
            found = [*self._pairs(singles)]
        return self._told(found)

    def _singles(self, spec: Spec) -> Iterator[_Single]:
        """Every variant of every mistake that changes a number, with the numbers that it gives."""
        back = bool(self.heads & set(BACK))
        for mistake in MISTAKES.values():
            if (
                mistake.family == "gradient"
                and not back
                and not (mistake.id == "loss_factor" and self.heads & {"loss", "losses"})
            ):
                continue
            made, seen = False, False
            for variant in self._variants(mistake, spec):
                if self.work > MOST:
                    return
                judging = self._solved(variant.spec)
                self.work += len(judging.graph.nodes) if judging else 0
                numbers = self._numbers(judging)
                made = True
                if any(not _same(a, b) for a, b in zip(numbers, self.right)):
                    seen = True
                    yield _Single(mistake, variant, numbers, judging)
            if made and not seen and spec is self.spec:
                self.blind.append((mistake.id, why_blind(mistake.id, spec)))

    def _solved(self, spec: Spec) -> Judging | None:
        """Everything that was claimed, computed under another Spec; None where that makes no such quantity."""
        try:
            return Judging(spec, self.claims)
        except KeyError:
            return None

    def _variants(self, mistake: Mistake, spec: Spec) -> Iterable[Variant]:
        """The variants of a mistake; those of the problem itself are kept for the next answers to it."""
        if spec is not self.spec:
            return mistake.variants(spec, self.context)
        key = mistake.id, self.context.wrong if mistake.family == "gradient" else ()
        found: list[Variant] | None = spec.memo.get(key)
        if found is None:
            if len(spec.memo) > FORGET:
                spec.memo.clear()
            found = spec.memo[key] = list(mistake.variants(spec, self.context))
        return found

    def _numbers(self, judging: Judging | None) -> list[float]:
        """What was computed, in the order of the claims."""
        return [judging.computed[at] if judging else np.nan for at in range(len(self.claims))]

    def _fits(self, at: int, number: float) -> bool:
        """Whether a number gives all the digits that were written."""
        typed = self.claims[at].typed
        assert typed is not None
        if not np.isfinite(number):
            return False
        update = None
        if self.claims[at].key[0] == "new" and len(self.claims[at].key) == 3:
            _head, run, symbol = self.claims[at].key
            update = number - entry(self.spec.all_runs[run].parameters[symbol], self.claims[at].spot)
        return one.is_right(typed, number, update) or one.is_truncated(typed, number)

    def _exact(self, singles: Sequence[_Single]) -> Iterator[_Candidate]:
        """Those that give all digits from exact values."""
        for mistake, variant, numbers, _judging in singles:
            if self._explains(numbers):
                explained = frozenset(at for at in self.bad if self._fits(at, numbers[at]))
                yield _Candidate(((mistake, variant),), explained, True)

    def _explains(self, numbers: Sequence[float]) -> bool:
        """Every wrong number, and none that was accepted is lost."""
        if not all(self._fits(at, numbers[at]) for at in self.slips):
            return False
        return all(self._fits(at, numbers[at]) or self._still_rounding(at, numbers[at]) for at in self.kept)

    def _still_rounding(self, at: int, number: float) -> bool:
        """Whether a number that was within rounding of the right one is that of this one, to a bit more."""
        return self.verdicts[at] == ROUNDING and abs(number - self.right[at]) <= 1e-12 * max(1.0, abs(number))

    def _near(self, singles: Sequence[_Single]) -> Iterator[_Candidate]:
        """Those that, judged from the person's own numbers, explain the wrong ones from some number on."""
        for mistake, variant, numbers, judging in singles:
            if judging and self._may_explain(judging, numbers):
                explained = self._judged(judging, numbers)
                if explained:
                    yield _Candidate(((mistake, variant),), explained, False)

    def _close(self, at: int, number: float) -> bool:
        typed = self.claims[at].typed
        assert typed is not None
        return np.isfinite(number) and abs(number - typed.value) <= NEAR * one.unit(typed)

    def _may_explain(self, judging: Judging, numbers: Sequence[float]) -> bool:
        """Whether it is worth judging by: near all that is right, exactly or from their own numbers, and near slips."""
        judging.follow()
        near = [self._close(at, numbers[at]) or self._close(at, judging.own[at]) for at in range(len(self.claims))]
        return all(near[at] for at in self.kept) and self._explained_from_some(
            [at for at in self.slips if near[at]], numbers
        )

    def _explained_from_some(self, slips: Sequence[int], numbers: Sequence[float]) -> bool:
        """Whether slips are all, or all from some number on; one before it must be none of the mistake's doing."""
        left = [at for at in self.slips if at not in slips]
        return bool(slips) and not any(at > slips[0] or not _same(numbers[at], self.right[at]) for at in left)

    def _judged(self, judging: Judging, numbers: Sequence[float]) -> frozenset[int]:
        """The numbers that are not right and that another Spec accepts; none where it loses one that is right.

        A slip before them may stay unexplained, if the mistake has nothing to do with it.
        """
        judging.judge()
        if any(judging.verdicts[at] == WRONG for at in self.kept):
            return frozenset()
        explained = [at for at in self.bad if judging.verdicts[at] != WRONG]
        slips = [at for at in self.slips if at in explained]
        if not self._explained_from_some(slips, numbers):
            return frozenset()
        if slips != self.slips and sum(self._worth(at) for at in slips) < SURE:
            return frozenset()
        return frozenset(explained)

    def _tells(self, at: int) -> bool:
        """Whether a number has digits enough to recognise a mistake by; 0.001 has, beside others, and 0 has not."""
        typed = self.claims[at].typed
        return not self.coarse[at] or (typed is not None and typed.place is not None and typed.place <= -DECIMALS)

    def _worth(self, at: int) -> int:
        typed = self.claims[at].typed
        return min(one.digits(typed), 9) if typed is not None else 0

    # pairs -----------------------------------------------------------------------------------------------------------

    def _pairs(self, singles: Sequence[_Single]) -> Iterator[_Candidate]:
        """Two mistakes; each pair once."""
        if len(self.slips) < 2 or sum(self._worth(at) for at in self.slips) < SURE:
            return
        first = self.slips[0]
        before = [at for at in self.kept if at < first]
        begin = [one for one in singles if all(self._fits(at, one.numbers[at]) for at in (*before, first))]
        found = list(self._together(begin, singles, None))
        if not found:
            reaching = [one for one in singles if not _same(one.numbers[first], self.right[first])]
            found = list(self._together(reaching, reaching, first))
        yield from found

    def _together(
        self, begin: Sequence[_Single], second: Sequence[_Single], prefix: int | None
    ) -> Iterator[_Candidate]:
        """The second mistake made on top of the first.

        prefix: the number that must fit before all are computed; None: the first one that the first mistake misses.
        """
        self.work, seen = 0, set()
        others = sorted(dict.fromkeys(single.mistake.id for single in second), key=lambda name: name == "gate_order")
        for mistake, variant, numbers, _judging in begin:
            missed = next((at for at in self.slips if not self._fits(at, numbers[at])), self.slips[0])
            for other in others:
                if other == mistake.id or (prefix is not None and (other, mistake.id) in seen):
                    continue
                seen.add((mistake.id, other))
                for more in MISTAKES[other].variants(variant.spec, self.context):
                    if self.work > WORK:
                        return
                    if not self._fits_at(more.spec, missed if prefix is None else prefix):
                        continue
                    both = self._numbers(self._solved(more.spec))
                    if self._explains(both):
                        explained = frozenset(at for at in self.bad if self._fits(at, both[at]))
                        yield _Candidate(((mistake, variant), (MISTAKES[other], more)), explained, True)

    def _fits_at(self, spec: Spec, at: int) -> bool:
        try:
            judging = Judging(spec, [self.claims[at]])
        except KeyError:
            return False
        self.work += len(judging.graph.nodes)
        return self._fits(at, judging.computed[0])

    # telling ---------------------------------------------------------------------------------------------------------

    def _told(self, candidates: Sequence[_Candidate]) -> list[Found]:
        """One entry a mistake, those that explain most first; of those that explain the same, each names the others."""
        best: dict[tuple[str, ...], _Candidate] = {}
        for candidate in candidates:
            ids = tuple(mistake.id for mistake, _variant in candidate.made)
            if len(ids) > 1 and ids[::-1] in best:
                continue
            if ids not in best or len(candidate.explained) > len(best[ids].explained):
                best[ids] = candidate
        order = sorted(best, key=lambda ids: -len(best[ids].explained))
        found: list[Found] = []
        for ids in order:
            same = [other for other in order if best[other].explained == best[ids].explained and other != ids]
            alike = tuple(other[0] for other in same if len(other) == 1) if len(ids) == 1 else ()
            for place, (mistake, variant) in enumerate(best[ids].made):
                together = ids[1 - place] if len(ids) > 1 else ""
                if any(mistake.id == one.id for one in found):
                    continue
                said = mistake.said(variant)
                explained = len(best[ids].explained)
                found.append(Found(mistake.id, said, explained, len(self.bad), variant.option, alike, together))
        return found[:8]


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-12 * max(1.0, abs(b)) or (np.isnan(a) and np.isnan(b))
