"""Names the mistakes that give the numbers which a function returned.

A function gives numbers with 16 digits, so a variant that gives a whole array is the mistake, and no accident. Outputs
are explained one after the other: the first mistake is sought on top of the right solution, the next one on top of the
first, so that a right gradient of a wrong forward pass is not blamed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnncalc.check.code.evidence import Evidence
from rnncalc.check.code.trial import Trial
from rnncalc.check.diagnosis.mistake import Context, Mistake, Variant
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.graph.build import BACK
from rnncalc.check.graph.spec import Spec

MOST = 3  # mistakes of one function
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


class Diagnosis:
    """The search for the mistakes of one function.

    specs: of every trial the problem from which the search begins, right or with the mistakes of the forward pass.
    """

    def __init__(self, evidence: Sequence[Evidence], specs: Sequence[Spec]):
        self.evidence, self.specs = evidence, tuple(specs)
        self.output = np.concatenate([part.output for part in evidence])
        self.part, self.output_of = _parts(evidence)
        self.heads = {part.trial.spots[spot][0][0] for part in evidence for spot in part.spots}
        self.agreed = self._agreement([[spec] for spec in specs])[:, 0]
        self.named: set[tuple[str, str]] = set()  # a mistake is made once

    @property
    def wrong(self) -> list[int]:
        """The outputs that are not as they should be."""
        return sorted(set(self.output[~self.agreed].tolist()))

    def _agreement(self, specs: Sequence[Sequence[Spec]]) -> np.ndarray:
        return np.concatenate([part.agreement(each) for part, each in zip(self.evidence, specs)])

    def _whole(self, agree: np.ndarray) -> np.ndarray:
        """(parts, Specs): which parts of outputs are given in every number."""
        return np.array([agree[self.part == part].all(axis=0) for part in range(len(self.output_of))])

    def explanations(self, pairs: bool = True) -> Iterator[Explanation]:
        """Yield mistakes until every output is explained, or none fits. pairs: whether two are tried at once."""
        while self.wrong and len(self.named) < MOST:
            best = self._single() or (self._pair() if pairs else [])
            if not best:
                return
            for explanation in best:
                self.named.add(_name(explanation.mistake, explanation.variant))
                yield explanation
            self.specs = best[-1].specs
            self.agreed = self._agreement([[spec] for spec in self.specs])[:, 0]

    def _single(self) -> list[Explanation]:
        """The mistake that explains the first wrong output, and most others; or any output."""
        singles = self._variants(self.specs)
        agree = self._agreement([[specs[at] for _mistake, _variant, specs in singles] for at in range(len(self.specs))])
        return self._best(singles, agree)

    def _best(self, singles: Sequence[_Single], agree: np.ndarray) -> list[Explanation]:
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
                LIKELY.index(_likelihood(singles[at][0])),
                at,
            ),
        )
        if not order:
            return []
        mistake, variant, specs = singles[order[0]]
        same = [singles[at][0] for at in order if (gained[:, at] == gained[:, order[0]]).all()]
        alike = {other.id: other for other in same if other.id != mistake.id}
        numbers = int((agree[:, order[0]] & ~self.agreed).sum())
        outputs = frozenset(self.output_of[part] for part in np.flatnonzero(gained[:, order[0]]).tolist())
        return [Explanation(mistake, variant, self.specs, specs, outputs, numbers, tuple(alike.values()))]

    def _pair(self) -> list[Explanation]:
        """Two mistakes of the forward pass that explain one of its outputs together."""
        steps = [self._first_step(output) for output in self._forward()]
        if not steps:
            return []
        first = self.evidence[0].only(np.concatenate(steps))
        for mistake, variant, specs in self._variants(self.specs):
            if in_gradients(mistake):
                continue
            others = (single for single in self._variants(specs) if single[0] is not mistake)
            seconds = [single for single in others if not in_gradients(single[0])]
            agree = first.agreement([after[0] for _mistake, _variant, after in seconds])
            fits = [agree[first.output == output].all(axis=0) for output in self._forward()]
            left = [seconds[at] for at in np.flatnonzero(np.any(fits, axis=0)).tolist()]
            every = self._agreement([[after[at] for _m, _v, after in left] for at in range(len(self.specs))])
            best = self._best(left, every) if left else []
            if best:
                second = replace(best[0], before=specs)
                return [Explanation(mistake, variant, self.specs, specs, second.outputs, 0), second]
        return []

    def _first_step(self, output: int) -> np.ndarray:
        """The numbers of an output at its first wrong step, which cost the least to compute."""
        first = self.evidence[0]
        agreed = self.agreed[: len(first.given)]
        steps = np.array([first.trial.spots[spot][0][-1] for spot in first.spots], object)
        here = first.output == output
        wrong = here & ~agreed
        return np.flatnonzero(here & (steps == min(steps[wrong])) if wrong.any() else here)

    def _forward(self) -> list[int]:
        """The wrong outputs that the forward pass gives."""
        part = self.evidence[0]
        heads = {int(output): part.trial.spots[spot][0][0] for spot, output in zip(part.spots, part.output)}
        return [output for output in self.wrong if heads[output] == ""]

    def _variants(self, specs: Sequence[Spec]) -> list[_Single]:
        """Every variant of every mistake, in all trials alike."""
        backward = bool(self.heads & set(BACK))
        lists = [_variants(part.trial, spec, backward) for part, spec in zip(self.evidence, specs)]
        return [
            (*lists[0][key][:2], tuple(made[key][1].spec for made in lists))
            for key in lists[0]
            if _name(*lists[0][key]) not in self.named and all(key in made for made in lists)
        ]


_Single = tuple[Mistake, Variant, tuple[Spec, ...]]


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


def _name(mistake: Mistake, variant: Variant) -> tuple[str, str]:
    """What is made once: a mistake, or one on the way back in one place."""
    return mistake.id, variant.detail if in_gradients(mistake) else ""


def in_gradients(mistake: Mistake) -> bool:
    """Whether a mistake shows in gradients alone."""
    return mistake.family == "gradient" or mistake.backward


def _likelihood(mistake: Mistake) -> str:
    return "code" if mistake.family == "code" else mistake.likelihood


def _variants(trial: Trial, spec: Spec, backward: bool) -> dict[tuple[str, str, int], tuple[Mistake, Variant]]:
    """Every variant of every mistake; what follows from the right solution is kept, and with it its numbers."""
    key = id(spec), backward
    if key in trial.kept:
        return trial.kept[key]
    variants = dict(_keyed(trial, spec, backward))
    if trial.keeps(spec):
        trial.kept[key] = variants
        trial.kept |= {id(variant.spec): variant for _mistake, variant in variants.values()}
    return variants


def _keyed(trial: Trial, spec: Spec, backward: bool) -> Iterator[tuple[tuple[str, str, int], tuple[Mistake, Variant]]]:
    """Yield variants, each under its mistake, its detail and its number."""
    context = Context(
        orders={0: trial.gates} if trial.gates else {}, parameters=True, steps=trial.sizes["T"],
        sequences=trial.sizes["N"], outputs=trial.sizes["O"], code=True,
    )  # fmt: skip
    count = Counter[tuple[str, str]]()
    for mistake in MISTAKES.values():
        if mistake.personal or (in_gradients(mistake) and not backward):
            continue
        for variant in mistake.variants(spec, context):
            name = mistake.id, variant.detail
            count[name] += 1
            if variant.spec.has_values:
                yield (*name, count[name]), (mistake, variant)
