"""Searches for the mistake, or the two mistakes, that reproduce the numbers which a person wrote.

The stages are tried in order until one succeeds. First, every variant of every mistake is solved from exact values,
hundreds at once (`batch`), and must give all wrong digits. Second, variants that come near are judged like the right
solution, from the person's own earlier numbers; so a mistake beside a slip or much rounding is seen. Third, pairs
(`pairs`): a second mistake on top of one that explains the first wrong number, or two that explain it only together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnncalc.check.answers.claims import HOMEWORK, Claim
from rnncalc.check.diagnosis import batch, pairs
from rnncalc.check.diagnosis.batch import Spots
from rnncalc.check.diagnosis.context import context_of
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.variants import MistakeTable, Single, same, tables
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import Spec
from rnncalc.check.verdicts.judging import Judging, entry
from rnncalc.check.verdicts.number import TypedNumbers, digits
from rnncalc.check.verdicts.records import ACCEPTED, CARRIED, ROUNDING, WRONG, Diagnosis, Judgement
from rnncalc.problems.problem import Problem

NEAR = 40  # units of the last digit by which rounding on the way may move a number
DECIMALS = 3  # a number with as many decimals counts although its significant digits are few
SURE = 6  # digits that two mistakes together must explain: fewer would fit some pair by chance


@dataclass(frozen=True)
class _Candidate:
    """One or two variants, and the numbers that they explain."""

    made: tuple[Single, ...]
    explained: frozenset[int]


class MistakeSearch:
    """The search for one person's mistakes.

    values: the judgements of the claims, in the same order. whole: every number of the answered quantities, with those
    that this person left out.
    """

    def __init__(
        self,
        problem: Problem,
        spec: Spec,
        judging: Judging,
        claims: Sequence[Claim],
        values: Sequence[Judgement],
        whole: Spots,
    ):
        self.problem, self.spec, self.judging, self.whole = problem, spec, judging, whole
        readable = [(claim, value) for claim, value in zip(claims, values) if claim.typed is not None and claim.key]
        self.claims = [claim for claim, _value in readable]
        self.verdicts = [value.verdict for _claim, value in readable]
        self.coarse = [value.coarse for _claim, value in readable]
        self.right = np.array(
            [np.nan if value.computed is None else value.computed for _claim, value in readable], float
        )
        everything = range(len(self.claims))
        self.bad = [at for at in everything if self.verdicts[at] in (WRONG, CARRIED) and self._tells(at)]
        if not any(self._worth(at) for at in self.bad):
            self.bad = []
        self.slips = [at for at in self.bad if self.verdicts[at] == WRONG]
        if not self.slips and sum(self._worth(at) for at in self.bad) >= SURE:
            self.slips = self.bad  # the slip has too few digits, but numbers that follow from it have enough
        self.kept = [at for at in everything if self.verdicts[at] in ACCEPTED]
        self.blind: list[tuple[str, str]] = []

    def mistakes(self) -> list[Diagnosis]:
        """Find the mistakes that explain the wrong numbers, the best first."""
        if not self.slips:
            return []
        self.context = context_of(self.problem, self.spec, self.claims, self.slips)
        self.spots = [(claim.key, claim.spot) for claim in self.claims]
        self.written = TypedNumbers([claim.typed for claim in self.claims if claim.typed], self._before())
        order = {mistake: place for place, mistake in enumerate(MISTAKES)}
        made = tables(self.spec, self.context, self.spots, self.right, self.whole or self.spots)
        self.blind = sorted((blind for table in made for blind in table.blind), key=lambda blind: order[blind[0]])
        candidates = [candidate for table in made for candidate in self._exact(table)]
        # of more numbers than homework has, only the first stage is tried
        large = len(self.claims) > HOMEWORK or len(self.judging.order) > 5 * HOMEWORK
        if not candidates and not large:
            candidates = [candidate for table in made for candidate in self._near(table)]
        if not candidates and not large:
            candidates = list(self._pairs(made))
        return self._diagnoses(sorted(candidates, key=lambda candidate: order[candidate.made[0].mistake.id]))

    def _before(self) -> list[float]:
        """The values of updated parameters before the update; NaN for other numbers."""
        runs, before = self.spec.all_runs, []
        for claim in self.claims:
            updated = claim.key[0] == "new" and len(claim.key) == 3
            before.append(entry(runs[claim.key[1]].parameters[claim.key[2]], claim.spot) if updated else np.nan)
        return before

    def _tells(self, at: int) -> bool:
        """Whether a number has enough digits to recognise a mistake: 0.001 has, beside others, and 0 has not."""
        typed = self.claims[at].typed
        return not self.coarse[at] or (typed is not None and typed.place is not None and typed.place <= -DECIMALS)

    def _worth(self, at: int) -> int:
        typed = self.claims[at].typed
        return min(digits(typed), 9) if typed is not None else 0

    # from exact values -----------------------------------------------------------------------------------------------

    def _exact(self, table: MistakeTable) -> Iterator[_Candidate]:
        """Yield variants that give all digits from exact values."""
        fits = self.written.fits(table.exact)
        for at in np.flatnonzero(self._explains(table.exact, fits)):
            yield _Candidate((table.singles[at],), self._explained(fits[:, at]))

    def _explains(self, numbers: np.ndarray, fits: np.ndarray) -> np.ndarray:
        """Which columns give every wrong number and keep every accepted one."""
        rounding = np.array([[verdict == ROUNDING] for verdict in self.verdicts])
        still = rounding & same(numbers, self.right[:, None])  # within rounding of the right number, and of this one
        explains: np.ndarray = fits[self.slips].all(axis=0) & (fits | still)[self.kept].all(axis=0)
        return explains

    def _explained(self, fits: np.ndarray) -> frozenset[int]:
        return frozenset(at for at in self.bad if fits[at])

    # from their own numbers ------------------------------------------------------------------------------------------

    def _near(self, table: MistakeTable) -> Iterator[_Candidate]:
        """Yield variants that, judged from the person's own numbers, explain the wrong ones from some number on."""
        close = self.written.near(table.exact, NEAR)
        left = self._may_be_near(table, close)
        own = table.own(left, self.written.values.ravel(), self._own())
        both = close[:, left] | self.written.near(own, NEAR)
        for place, at in enumerate(left):
            near, numbers = both[:, place], table.exact[:, at]
            slips = [slip for slip in self.slips if near[slip]]
            if near[self.kept].all() and self._explained_from_some(slips, numbers):
                explained = self._judged(Judging(table.singles[at].variant.spec, self.claims), numbers)
                if explained:
                    yield _Candidate((table.singles[at],), explained)

    def _own(self) -> np.ndarray:
        """The numbers that follow from the person's own in the right solution."""
        own = {(claim.key, claim.spot): self.judging.own.get(at) for at, claim in enumerate(self.judging.claims)}
        return np.array([own[spot] for spot in self.spots], float)

    def _may_be_near(self, table: MistakeTable, close: np.ndarray) -> list[int]:
        """The singles that are worth judging, selected from tables, without a walk for each.

        Before the first slip, the person's own numbers and the right ones lead to the same, but for rounding. And a
        variant explains no number that it does not change.
        """
        right = self.right[:, None]
        near = close | self._after_a_slip()[:, None] | self.written.near(table.local, 2 * NEAR)
        touched = ~same(table.exact, right) | ~same(table.local, right)
        near_enough = near[self.kept].all(axis=0) & (near & touched)[self.slips].any(axis=0)
        near_enough &= (near | same(table.exact, right))[self.slips].all(axis=0)
        return [int(at) for at in np.flatnonzero(near_enough)]

    def _after_a_slip(self) -> np.ndarray:
        """Which numbers are computed from others that are not right."""
        graph = self.judging.graph
        bad = {claim.key for claim, verdict in zip(self.claims, self.verdicts) if verdict not in ACCEPTED}
        after: set[Key] = set()
        for key in self.judging.order:
            if any(need in bad or need in after for need in graph.nodes[key].needs):
                after.add(key)
        return np.array([claim.key in after for claim in self.claims])

    def _explained_from_some(self, slips: Sequence[int], numbers: np.ndarray) -> bool:
        """Whether these are all slips, or all from some number on, before which the mistake changes no slip."""
        left = [at for at in self.slips if at not in slips]
        return bool(slips) and not any(at > slips[0] or not same(numbers[at], self.right[at]) for at in left)

    def _judged(self, judging: Judging, numbers: np.ndarray) -> frozenset[int]:
        """The wrong numbers that another Spec accepts; none if it loses a number that is right.

        A slip before them may stay unexplained if the mistake does not change it.
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

    # pairs -----------------------------------------------------------------------------------------------------------

    def _pairs(self, made: Sequence[MistakeTable]) -> Iterator[_Candidate]:
        """Yield pairs of mistakes, each once."""
        if len(self.slips) < 2 or sum(self._worth(at) for at in self.slips) < SURE:
            return
        search = pairs.PairSearch(self.spec, self.context, made, self.written, self.slips, self.kept)
        on_the_first = list(self._together(search.on_the_first()))
        yield from on_the_first or self._together(search.both())

    def _together(self, made: Sequence[pairs.Pair]) -> Iterator[_Candidate]:
        """Yield the pairs that explain every number, out of those that explain one."""
        numbers = batch.numbers([second.variant.spec for _first, second in made], self.spots)
        fits = self.written.fits(numbers)
        for at in np.flatnonzero(self._explains(numbers, fits)).tolist():
            yield _Candidate(made[at], self._explained(fits[:, at]))

    # diagnoses -------------------------------------------------------------------------------------------------------

    def _diagnoses(self, candidates: Sequence[_Candidate]) -> list[Diagnosis]:
        """A Diagnosis for each mistake, those that explain most first; those that explain the same name each other."""
        best: dict[tuple[str, ...], _Candidate] = {}
        for candidate in candidates:
            ids = tuple(single.mistake.id for single in candidate.made)
            if len(ids) > 1 and ids[::-1] in best:
                continue
            if ids not in best or len(candidate.explained) > len(best[ids].explained):
                best[ids] = candidate
        order = sorted(best, key=lambda ids: -len(best[ids].explained))
        diagnoses: list[Diagnosis] = []
        for ids in order:
            same = [other for other in order if best[other].explained == best[ids].explained and other != ids]
            alike = tuple(other[0] for other in same if len(other) == 1) if len(ids) == 1 else ()
            for place, (mistake, variant) in enumerate(best[ids].made):
                together = ids[1 - place] if len(ids) > 1 else ""
                if any(mistake.id == diagnosis.id for diagnosis in diagnoses):
                    continue
                message = mistake.text(variant)
                explained = len(best[ids].explained)
                diagnoses.append(
                    Diagnosis(mistake.id, message, explained, len(self.bad), variant.option, alike, together)
                )
        return diagnoses[:8]
