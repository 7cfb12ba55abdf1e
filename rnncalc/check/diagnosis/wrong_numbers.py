"""The wrong numbers that known mistakes give, computed beforehand: for systems that judge each number by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.check.answers.claims import Answers
from rnncalc.check.diagnosis.context import context_of
from rnncalc.check.diagnosis.variants import same, tables
from rnncalc.check.session import CheckSession
from rnncalc.model.equations.functions import quiet

Place = tuple[str, int | None, tuple[int, ...]]  # quantity, step, index from 1
CHANCE = 0.01  # of all numbers that somebody may type, the share that may be taken for some mistake
MOST = 12  # mistakes of one number


@quiet
def wrong_numbers(
    session: CheckSession, solution: Mapping[str, Any], margins: Mapping[str, float]
) -> dict[Place, list[tuple[float, str]]]:
    """Of every number the wrong ones that textbook mistakes give, each with what was done: first what is done wrong in
    this number itself, then what it follows from.

    solution: the right answers. margins: of each quantity, how near a number must be to be taken for another. A mistake
    is named only where it changes the number by more, where no other gives the same, and where a number that somebody
    types by accident would hardly ever meet one.
    """
    read = Answers(session.quantities, solution)
    spec = session.quantities.spec
    spots = [(claim.key, claim.spot) for claim in read.claims]
    right = np.array([claim.typed.value if claim.typed else np.nan for claim in read.claims])
    table = tables(spec, context_of(session.problem, spec, read.claims, []), spots, right, spots)[0]
    textbook = [at for at, single in enumerate(table.singles) if single.mistake.likelihood == "textbook"]
    numbers = {}
    for row, claim in enumerate(read.claims):
        margin, follows = margins[claim.quantity], same(table.local[row], right[row])
        texts: dict[float, list[str]] = {}
        for at in sorted(textbook, key=follows.__getitem__):
            number, single = float(table.exact[row, at]), table.singles[at]
            if np.isfinite(number) and abs(number - right[row]) > 2 * margin:
                near = next((other for other in texts if abs(other - number) <= 2 * margin), number)
                texts.setdefault(near, []).append(single.mistake.text(single.variant))
        only = [(number, text[0]) for number, text in texts.items() if len(set(text)) == 1]
        most = CHANCE * table.spread[row] / (2 * margin) if margin and np.isfinite(table.spread[row]) else 0
        numbers[claim.quantity, claim.step, claim.index] = only[: int(min(most, MOST))]
    return numbers
