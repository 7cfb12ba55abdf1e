"""Searches for the mistake, or the two mistakes, that reproduce the numbers which a person wrote.

The stages are tried in order until one succeeds. First, every variant of every mistake is solved from exact values,
hundreds at once (`batch`), and must give all wrong digits. Second, variants that come near to some wrong numbers are
judged like the right solution, from the person's own earlier numbers; so a mistake beside slips of another kind, or
beside much rounding, is seen. Third, pairs (`pairs`): a second mistake on top of one that explains the first wrong
number, or two that explain it only together. What may be an accident is not named at any stage (`chance`).

Longer than other files: a stage rests on those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnncalc.check.answers.claims import HOMEWORK, Claim
from rnncalc.check.diagnosis import batch, pairs
from rnncalc.check.diagnosis.batch import Spots
from rnncalc.check.diagnosis.chance import LIMIT, PAIRS, Chance
from rnncalc.check.diagnosis.context import context_of
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.diagnosis.variants import MistakeTable, Single, same, tables
from rnncalc.check.graph.graph import Key
from rnncalc.check.graph.spec import Spec
from rnncalc.check.verdicts.judging import Judging, entry
from rnncalc.check.verdicts.records import ACCEPTED, CARRIED, WRONG, Diagnosis, Judgement
from rnncalc.check.verdicts.rounding import TypedNumbers, digits
from rnncalc.problems.problem import Problem

NEAR = 40  # units of the last digit by which rounding on the way may move a number
CLOSE = 2  # units of the last digit within which a number is explained: rounding excuses more, but accuses nobody
DECIMALS = 3  # a number with as many decimals counts although its significant digits are few
SURE = 6  # digits that numbers which follow from a coarse slip must have, all together
JUDGED = 24  # variants that are judged: those that are the least likely to fit by accident
LIKELY = ("textbook", "convention", "rare")  # of those that explain the same numbers, the first in this order is named


@dataclass(frozen=True)
class _Candidate:
    """One or two variants, and the numbers that they explain.

    accidents: how many would do so by accident. against: how many slips they change without explaining them.
    """

    made: tuple[Single, ...]
    explained: frozenset[int]
    accidents: float
    against: int = 0


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
        self.judgements = [value for _claim, value in readable]
        self.verdicts = [value.verdict for value in self.judgements]
        self.coarse = [value.coarse for value in self.judgements]
        self.right = np.array(
            [np.nan if value.computed is None else value.computed for value in self.judgements], float
        )
        self.of = sum(value.verdict in (WRONG, CARRIED) for value in values)  # also those that tell nothing
        everything = range(len(self.claims))
        self.wrong = [at for at in everything if self.verdicts[at] in (WRONG, CARRIED)]
        self.bad = [at for at in self.wrong if self._tells(at)]
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
        self.chance = Chance(made, self.written, self.slips, self.kept, pairs.PAIRS)
        if not self.chance.may_tell():
            return []
        # of more numbers than homework has, mistakes are not judged from the person's own numbers, nor in pairs
        large = len(self.claims) > HOMEWORK or len(self.judging.order) > 5 * HOMEWORK
        candidates = self._likely(candidate for table in made for candidate in self._exact(table, partly=large))
        if not candidates and not large:
            candidates = self._likely(candidate for table in made for candidate in self._near(table))
        if not large and all(len(self._own_slips(candidate)) > 1 for candidate in candidates):
            candidates += self._likely(self._pairs(made))
        return self._diagnoses(sorted(candidates, key=lambda candidate: order[candidate.made[0].mistake.id]))

    def _likely(self, candidates: Iterable[_Candidate]) -> list[_Candidate]:
        """Those that do not fit by accident, and those that cannot be told from them."""
        every = list(candidates)
        sure = {candidate.explained for candidate in every if candidate.accidents < LIMIT}
        return [candidate for candidate in every if candidate.explained in sure]

    def _own_slips(self, candidate: _Candidate) -> list[int]:
        """The slips that a mistake leaves unexplained."""
        return [at for at in self.slips if at not in candidate.explained]

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

    def _exact(self, table: MistakeTable, partly: bool) -> Iterator[_Candidate]:
        """Yield variants that give all digits from exact values; partly: or those of some numbers."""
        fits = self.written.fits(table.exact)
        explains = self._keeps(table.exact, fits)
        explains &= fits[self.slips].any(axis=0) if partly else fits[self.slips].all(axis=0)
        for at in np.flatnonzero(explains).tolist():
            explained = frozenset(row for row in self.wrong if fits[row, at])
            candidate = self._candidate(table.singles[at], explained, table.exact[:, at], table.exact[:, at])
            if candidate:
                yield candidate

    def _keeps(self, numbers: np.ndarray, fits: np.ndarray) -> np.ndarray:
        """Which columns keep every accepted number: they give it, or leave it, however it is right."""
        keeps: np.ndarray = (fits | same(numbers, self.right[:, None]))[self.kept].all(axis=0)
        return keeps

    def _candidate(
        self, single: Single, explained: frozenset[int], exact: np.ndarray, nearest: np.ndarray
    ) -> _Candidate | None:
        """A variant with what it explains: all slips, or two numbers that show it.

        A number that follows from an earlier slip shows a mistake only if the mistake itself gives it. nearest: of what
        the variant gives from exact values and from the person's own, the number that is nearer to the typed one.
        """
        slips = [at for at in self.slips if at in explained]
        shown = {at for at in explained if at in slips or abs(exact[at] - self._typed(at)) <= self._unit(at)}
        if not slips or (len(slips) < len(self.slips) and len(shown) < 2):
            return None
        accidents = self.chance.accidents(single.mistake.likelihood, self.chance.parts(nearest), slips, exact)
        others = [at for at in self.slips if at not in explained]
        against = len(others) - int(same(exact[others], self.right[others]).sum())
        return _Candidate((single,), explained, accidents, against)

    def _typed(self, at: int) -> float:
        return float(self.written.values[at, 0])

    def _unit(self, at: int) -> float:
        return float(self.written.units[at, 0])

    # from their own numbers ------------------------------------------------------------------------------------------

    def _near(self, table: MistakeTable) -> Iterator[_Candidate]:
        """Yield variants that explain wrong numbers when they are judged from the person's own."""
        left = self._may_be_near(table, self.written.near(table.exact, NEAR))
        left = [at for at in left if not np.isnan(table.exact[:, at]).all()]  # that lack a line of the cell are NaN
        if not left:
            return
        exact, own = table.exact[:, left], table.own(left, self.written.values.ravel(), self._own())
        with np.errstate(all="ignore"):
            nearer = np.abs(own - self.written.values) < np.abs(exact - self.written.values)
        nearest = np.where(nearer | np.isnan(exact), own, exact)
        near = self.written.near(nearest, NEAR)
        parts = np.where(near, self.chance.parts(nearest), 1.0)
        places: dict[tuple[str, bytes, bytes], tuple[float, int]] = {}  # variants of a mistake that give the same, once
        for place in np.flatnonzero(self._keeps(exact, near) & near[self.slips].any(axis=0)).tolist():
            mistake = table.singles[left[place]].mistake
            least = self.chance.accidents(mistake.likelihood, parts[:, place], self.slips)
            if least < LIMIT:
                places.setdefault((mistake.id, exact[:, place].tobytes(), own[:, place].tobytes()), (least, place))
        for _least, place in sorted(places.values())[:JUDGED]:
            single = table.singles[left[place]]
            apart = np.abs(nearest[:, place] - self.written.values.ravel())
            close = set(np.flatnonzero(apart <= CLOSE * self.written.units.ravel()).tolist())
            explained = self._judged(Judging(single.variant.spec, self.claims)) & close
            candidate = self._candidate(single, explained, exact[:, place], nearest[:, place])
            if candidate:
                yield candidate

    def _own(self) -> np.ndarray:
        """The numbers that follow from the person's own in the right solution."""
        own = {(claim.key, claim.spot): self.judging.own.get(at) for at, claim in enumerate(self.judging.claims)}
        return np.array([own[spot] for spot in self.spots], float)

    def _may_be_near(self, table: MistakeTable, close: np.ndarray) -> list[int]:
        """The singles that are worth judging, selected from tables, without a walk for each.

        Before the first slip, the person's own numbers and the right ones lead to the same, but for rounding. And a
        variant explains no number that it does not change: a slip, and of several slips another wrong number, too.
        """
        right = self.right[:, None]
        near = close | self._after_a_slip()[:, None] | self.written.near(table.local, 2 * NEAR)
        touched = ~same(table.exact, right) | ~same(table.local, right)
        near_enough = (near | ~touched)[self.kept].all(axis=0)
        near_enough &= (near & touched)[self.slips].any(axis=0)
        near_enough &= (near & touched)[self.wrong].sum(axis=0) >= min(2, len(self.slips))
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

    def _judged(self, judging: Judging) -> frozenset[int]:
        """The wrong numbers that another Spec accepts; none if it loses a number that is right."""
        judging.judge()
        if any(judging.verdicts[at] == WRONG for at in self.kept):
            return frozenset()
        return frozenset(at for at in self.wrong if judging.verdicts[at] != WRONG)

    # pairs -----------------------------------------------------------------------------------------------------------

    def _pairs(self, made: Sequence[MistakeTable]) -> Iterator[_Candidate]:
        """Yield pairs of mistakes, each once."""
        if len(self.slips) < 2 or not self.chance.may_tell(PAIRS):
            return
        search = pairs.PairSearch(self.spec, self.context, made, self.written, self.slips, self.kept)
        on_the_first = list(self._together(search.on_the_first()))
        yield from on_the_first or self._together(search.both())

    def _together(self, made: Sequence[pairs.Pair]) -> Iterator[_Candidate]:
        """Yield the pairs that explain every number, out of those that explain one."""
        numbers = batch.numbers([second.variant.spec for _first, second in made], self.spots)
        fits = self.written.fits(numbers)
        for at in np.flatnonzero(self._keeps(numbers, fits) & fits[self.slips].all(axis=0)).tolist():
            accidents = self.chance.accidents(PAIRS, self.chance.parts(numbers[:, at]), self.slips)
            yield _Candidate(made[at], frozenset(row for row in self.wrong if fits[row, at]), accidents)

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
        order = sorted(best, key=lambda ids: self._rank(best[ids]))
        diagnoses: list[Diagnosis] = []
        for ids in order:
            candidate = best[ids]
            same = [
                other for other in order if other != ids and self._rank(best[other])[:3] == self._rank(candidate)[:3]
            ]
            same = [other for other in same if best[other].explained == candidate.explained]
            alike = tuple(other[0] for other in same if len(other) == 1) if len(ids) == 1 else ()
            own_slips = tuple(self.judgements[at].place for at in self._unexplained(candidate))
            for place, (mistake, variant) in enumerate(candidate.made):
                together = ids[1 - place] if len(ids) > 1 else ""
                if any(mistake.id == diagnosis.id for diagnosis in diagnoses):
                    continue
                diagnoses.append(
                    Diagnosis(
                        mistake.id, mistake.text(variant), len(candidate.explained), self.of, variant.option, alike,
                        together, own_slips,
                    )
                )  # fmt: skip
        return diagnoses[:8]

    def _rank(self, candidate: _Candidate) -> tuple[bool, int, int, int, int]:
        """First what explains the first wrong number, then what explains most, then what people do most."""
        mistake = candidate.made[0].mistake
        return (
            self.slips[0] not in candidate.explained,
            -len(candidate.explained),
            candidate.against,
            len(candidate.made),
            LIKELY.index(mistake.likelihood),
        )

    def _unexplained(self, candidate: _Candidate) -> list[int]:
        """Wrong numbers that follow neither from the mistake nor from an earlier one."""
        return [at for at in self.wrong if self.verdicts[at] == WRONG and at not in candidate.explained]
