"""Every variant of every mistake for a trial of code, each under a key that is the same in all trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from rnncalc.check.code.trial import Trial
from rnncalc.check.diagnosis.mistake import Context, Mistake, Variant
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.check.graph.spec import Spec

REPEATED = ("gate_omitted", "wrong_quantity")  # in the forward pass: one in each place
Key = tuple[str, str, int]  # a mistake, its detail, and the number of the variant


class Single(NamedTuple):
    """A variant of a mistake in every trial."""

    key: Key
    mistake: Mistake
    variant: Variant
    specs: tuple[Spec, ...]


def name_of(mistake: Mistake, variant: Variant) -> tuple[str, str]:
    """What is made once: a mistake, or one on the way back in one place."""
    return mistake.id, variant.detail if in_gradients(mistake) or mistake.id in REPEATED else ""


def in_gradients(mistake: Mistake) -> bool:
    """Whether a mistake shows in gradients alone."""
    return mistake.family == "gradient" or mistake.backward


def variants(
    trial: Trial, spec: Spec, backward: bool, mistakes: Collection[str] = MISTAKES
) -> dict[Key, tuple[Mistake, Variant]]:
    """Every variant of some mistakes; what follows from the right solution is kept, and with it its numbers."""
    key = id(spec), backward, None if mistakes is MISTAKES else frozenset(mistakes)
    if key in trial.kept:
        return trial.kept[key]
    made = dict(_keyed(trial, spec, backward, mistakes))
    if trial.keeps(spec):
        trial.kept[key] = made
        trial.kept |= {id(variant.spec): variant for _mistake, variant in made.values()}
    return made


def _keyed(
    trial: Trial, spec: Spec, backward: bool, mistakes: Collection[str]
) -> Iterator[tuple[Key, tuple[Mistake, Variant]]]:
    """Yield variants, each under its mistake, its detail and its number."""
    context = Context(
        orders={0: trial.gates} if trial.gates else {}, parameters=True, steps=trial.sizes["T"],
        sequences=trial.sizes["N"], outputs=trial.sizes["O"], code=True, joined=trial.joined,
    )  # fmt: skip
    count = Counter[tuple[str, str]]()
    for mistake in MISTAKES.values():
        if mistake.id not in mistakes or mistake.personal or (in_gradients(mistake) and not backward):
            continue
        for variant in mistake.variants(spec, context):
            name = mistake.id, variant.detail
            count[name] += 1
            if variant.spec.has_values:
                yield (*name, count[name]), (mistake, variant)
