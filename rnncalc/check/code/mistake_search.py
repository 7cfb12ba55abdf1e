"""Searches for the mistakes that give the numbers which a function returned.

A function gives numbers with 16 digits, so a variant that gives a whole array is the mistake, and no accident. Outputs
are explained one after the other: the first mistake is sought on top of the right solution, the next one on top of the
first, so that a right gradient of a wrong forward pass is not blamed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnncalc.check.code.evidence import Evidence
from rnncalc.check.code.variants import Key, Single, in_gradients, name_of, variants
from rnncalc.check.diagnosis.mistake import Mistake, Variant
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.graph.build import BACK
from rnncalc.check.graph.spec import Spec

MOST = 3  # mistakes of one function
FEW = 6  # numbers of a part in which pairs are tried first
SAME = 1e-12  # far below what a mistake changes
LIKELY = ("textbook", "code", "convention", "rare")


@dataclass(frozen=True)
class Explanation:
    """A mistake with what it explains.

    before, specs : of every trial, the problem without this mistake, and with it
    outputs : the outputs that it explains, from 0
    numbers : how many wrong numbers it explains
    alike : other mistakes that explain the same
    """

    mistake: Mistake
    variant: Variant
    before: tuple[Spec, ...]
    specs: tuple[Spec, ...]
    outputs: frozenset[int]
    numbers: int
    alike: tuple[Mistake, ...] = ()


class CodeMistakeSearch:
    """The search for the mistakes of one function.

    specs: of every trial the problem from which the search begins, right or with the mistakes of the forward pass.
    pairs: whether two mistakes are tried at once, too.
    """

    def __init__(self, evidence: Sequence[Evidence], specs: Sequence[Spec], pairs: bool = False):
        self.evidence, self.specs, self.pairs = evidence, tuple(specs), pairs
        self.output = np.concatenate([part.output for part in evidence])
        self.part, self.output_of = _parts(evidence)
        self.heads = {part.trial.spots[spot][0][0] for part in evidence for spot in part.spots}
        self.agreed = self._agreement([[spec] for spec in specs])[:, 0]
        self.named: set[tuple[str, str]] = set()  # a mistake is made once

    @property
    def wrong(self) -> list[int]:
        """The outputs that are not as they should be."""
        return sorted(set(self.output[~self.agreed].tolist()))

    @property
    def wrong_gates(self) -> list[str]:
        """The gates whose gradients alone are wrong; none where all are."""
        spots = [part.trial.spots[spot][0] for part in self.evidence for spot in part.spots]
        of_gate = [str(key[2]).partition("_")[2] if key[0] == "d" else "" for key in spots]
        wrong = {gate for gate, agreed in zip(of_gate, self.agreed) if gate and not agreed}
        return sorted(wrong) if wrong < {*of_gate} - {""} else []

    def _agreement(self, specs: Sequence[Sequence[Spec]]) -> np.ndarray:
        return np.concatenate([part.agreement(each) for part, each in zip(self.evidence, specs)])

    def _whole(self, agree: np.ndarray) -> np.ndarray:
        """(parts, Specs): which parts of outputs are given in every number."""
        return np.array([agree[self.part == part].all(axis=0) for part in range(len(self.output_of))])

    def explanations(self) -> Iterator[Explanation]:
        """Yield mistakes until every output is explained, or none fits."""
        while self.wrong and len(self.named) < MOST:
            best = self._single() or (self._pair() if self.pairs else [])
            if not best:
                return
            for explanation in best:
                self.named.add(name_of(explanation.mistake, explanation.variant))
                yield explanation
            self.specs = best[-1].specs
            self.agreed = self._agreement([[spec] for spec in self.specs])[:, 0]

    def _single(self) -> list[Explanation]:
        """The mistake that explains the first wrong output, and most others; or any output."""
        singles = self._variants(self.specs)
        agree = self._agreement([[single.specs[at] for single in singles] for at in range(len(self.specs))])
        return self._best(singles, agree)

    def _best(self, singles: Sequence[Single], agree: np.ndarray) -> list[Explanation]:
        if not singles:
            return []
        whole, before = self._whole(agree), self._whole(self.agreed[:, None])
        gained = whole & ~before
        possible = gained.any(axis=0) & ~(before & ~whole).any(axis=0)
        first = self.part[~self.agreed].min()
        order = sorted(
            np.flatnonzero(possible).tolist(),
            key=lambda at: (
                not gained[first, at],
                -int(gained[:, at].sum()),
                LIKELY.index(_likelihood(singles[at].mistake)),
                at,
            ),
        )
        if not order:
            return []
        _key, mistake, variant, specs = singles[order[0]]
        same = [singles[at].mistake for at in order if (gained[:, at] == gained[:, order[0]]).all()]
        alike = {other.id: other for other in same if other.id != mistake.id}
        numbers = int((agree[:, order[0]] & ~self.agreed).sum())
        outputs = frozenset(self.output_of[part] for part in np.flatnonzero(gained[:, order[0]]).tolist())
        return [Explanation(mistake, variant, self.specs, specs, outputs, numbers, tuple(alike.values()))]

    def _pair(self) -> list[Explanation]:
        """Two mistakes that explain one part together: of the forward pass, or else of the way back."""
        singles = self._variants(self.specs)
        for back in (False, True):
            here = [single for single in singles if self._may_pair(single, back)]
            parts = self._wrong_parts(back)
            if not here or not parts:
                continue
            rows = [self._few(part) for part in parts]
            changes = self._changes(here, np.concatenate(rows))
            spans = np.split(changes, np.cumsum([len(part) for part in rows])[:-1])
            local = sorted(zip([span.any(axis=0) for span in spans], rows), key=lambda pair: int(pair[0].sum()))
            for changing, few in local[:1] if back else [(changes.any(axis=0), np.concatenate(rows))]:
                if best := self._together(
                    [here[at] for at in np.flatnonzero(changing).tolist()], few, in_order=not back
                ):
                    return best
        return []

    def _may_pair(self, single: Single, back: bool) -> bool:
        """Whether a mistake is of the forward pass; back: of the way back alone, if the forward pass is right."""
        if not back:
            return not in_gradients(single.mistake)
        base = self.specs[0]
        return not base.forward or in_gradients(single.mistake) or single.specs[0].runs is base.runs

    def _together(self, singles: Sequence[Single], rows: np.ndarray, in_order: bool) -> list[Explanation]:
        """The two of these mistakes, one on top of the other, that give some numbers and most whole parts.

        in_order: whether it matters which is made first, as it does where both rewrite equations.
        """
        few, mistakes = self.evidence[0].only(rows), {single.mistake.id for single in singles}
        keys, parts = [single.key for single in singles], self.part[rows]
        pairs: list[tuple[Single, Key, Spec]] = []
        for at, first in enumerate(singles):
            on_top = variants(self.evidence[0].trial, first.specs[0], self._backward, mistakes)
            name = name_of(first.mistake, first.variant)
            for key in keys if in_order else keys[at:]:
                if key in on_top and name_of(*on_top[key]) != name:
                    pairs.append((first, key, on_top[key][1].spec))
        agree = few.agreement([spec for _first, _key, spec in pairs])  # all at once: many share a graph
        fits = np.any([agree[parts == part].all(axis=0) for part in np.unique(parts)], axis=0)
        left: dict[Key, list[Key]] = {}
        for at in np.flatnonzero(fits).tolist():
            left.setdefault(pairs[at][0].key, []).append(pairs[at][1])
        best, rank = list[Explanation](), (0, 0)
        for first in (single for single in singles if single.key in left):
            seconds = [single for single in self._variants(first.specs, mistakes) if single.key in left[first.key]]
            every = self._agreement([[single.specs[at] for single in seconds] for at in range(len(self.specs))])
            for second in self._best(seconds, every):
                if not best or (second.numbers, -_changed(first, self.specs)) > rank:
                    rank = second.numbers, -_changed(first, self.specs)
                    explained = Explanation(first.mistake, first.variant, self.specs, first.specs, second.outputs, 0)
                    best = [explained, replace(second, before=first.specs)]
        return best

    def _wrong_parts(self, back: bool) -> list[int]:
        """The wrong parts that the forward pass gives, or those of the way back."""
        first = self.evidence[0]
        heads = {int(part): first.trial.spots[spot][0][0] for part, spot in zip(self.part, first.spots)}
        wrong = np.unique(self.part[~self.agreed]).tolist()
        return [part for part in wrong if (heads[part] != "") is back]

    def _few(self, part: int) -> np.ndarray:
        """Some numbers of a part, those of its first wrong step, which cost the least to compute."""
        first = self.evidence[0]
        here = self.part[: len(first.given)] == part
        wrong = here & ~self.agreed[: len(first.given)]
        steps = np.array([str(first.trial.spots[spot][0][-1]) for spot in first.spots], object)
        rows = np.flatnonzero(here & (steps == min(steps[wrong])) if wrong.any() else here)
        return rows[:: max(1, len(rows) // FEW)]

    def _changes(self, singles: Sequence[Single], rows: np.ndarray) -> np.ndarray:
        """(rows, singles): which numbers each mistake changes."""
        first = self.evidence[0].only(rows)
        before, after = first.numbers([self.specs[0]]), first.numbers([single.specs[0] for single in singles])
        changed: np.ndarray = ~(np.abs(after - before) <= SAME)
        return changed

    @property
    def _backward(self) -> bool:
        return bool(self.heads & set(BACK))

    def _variants(self, specs: Sequence[Spec], mistakes: Collection[str] = MISTAKES) -> list[Single]:
        """Every variant of every mistake, in all trials alike."""
        lists = [variants(part.trial, spec, self._backward, mistakes) for part, spec in zip(self.evidence, specs)]
        return [
            Single(key, *lists[0][key], tuple(made[key][1].spec for made in lists))
            for key in lists[0]
            if name_of(*lists[0][key]) not in self.named and all(key in made for made in lists)
        ]


def _parts(evidence: Sequence[Evidence]) -> tuple[np.ndarray, list[int]]:
    """Of which part each number is, and of which output each part: a gate's gradient in a stack is one of its own.

    So several mistakes in one backward pass are told apart, each in the gradients that it alone makes wrong.
    """
    labels = [
        (output, key[2] if key[0] == "d" else "")
        for part in evidence
        for output, (key, _index) in zip(part.output.tolist(), map(part.trial.spots.__getitem__, part.spots))
    ]
    numbers = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.array([numbers[label] for label in labels], int), [output for output, _symbol in numbers]


def _likelihood(mistake: Mistake) -> str:
    return "code" if mistake.family == "code" else mistake.likelihood


def _changed(single: Single, specs: Sequence[Spec]) -> int:
    """How many lines a mistake rewrites: of two that explain the same, the smaller is meant."""
    runs = zip(specs[0].all_runs, single.specs[0].all_runs)
    return sum(old.lines.get(line) != expression for old, new in runs for line, expression in new.lines.items())
