"""What a check says: every number with its verdict, the first slip, the mistakes that explain it, the score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rnncalc.model.equations.formula import Formula

RIGHT, TRUNCATED, ROUNDING = "right", "truncated", "rounding"
CARRIED, WRONG, UNREADABLE = "carried", "wrong", "unreadable"
ACCEPTED = (RIGHT, TRUNCATED, ROUNDING)


@dataclass
class Judgement:
    """One number that was claimed, and what it is worth.

    name: dotted, in our letters (h, U_new.o, layers[1].backward.h). step: from 1, None where there is none. index: from
    1, in a batch the sequence first. computed: the exact value, None where there is no such number. credit: the share
    of its points that it earns, 0 to 1. coarse: too few digits to mean anything. from_your_values: what follows from
    the person's own earlier numbers, where that is another value. problem: what is wrong with an unreadable answer or
    one of the wrong shape. key: where the number stands in the computation.
    """

    name: str
    step: int | None
    index: tuple[int, ...]
    answer: str | None
    computed: float | None
    verdict: str
    coarse: bool = False
    credit: float = 0.0
    points: float = 1.0
    from_your_values: float | None = None
    problem: str = ""
    key: tuple[Any, ...] = ()

    @property
    def place(self) -> str:
        """h_2[1], U_new.o[1][2], loss."""
        step = "" if self.step is None else f"_{self.step}"
        return self.name + step + "".join(f"[{i}]" for i in self.index)

    def data(self) -> dict[str, Any]:
        """For programs: the keys of `--format json`."""
        found: dict[str, Any] = {
            "name": self.name,
            "step": self.step,
            "index": list(self.index),
            "answer": self.answer,
            "computed": self.computed,
            "verdict": self.verdict,
        }
        if self.coarse:
            found["coarse"] = True
        if self.problem:
            found["problem"] = self.problem
        return found


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that reproduces the person's numbers.

    id: as `rnncalc explain` knows it; of a pair, the first one's. message: what was done in place of what. explains:
    how many of the `of` numbers that are not right. option: how to say that one's course defines it so. alike: other
    mistakes that give the same numbers on this problem. together: the other one of a pair.
    """

    id: str
    message: str
    explains: int
    of: int
    option: str = ""
    alike: tuple[str, ...] = ()
    together: str = ""

    def data(self) -> dict[str, Any]:
        """For programs; what is empty is left out."""
        found: dict[str, Any] = {
            "id": self.id,
            "message": self.message,
            "explains": self.explains,
            "of": self.of,
        }
        if self.option:
            found["option"] = self.option
        if self.alike:
            found["alike"] = list(self.alike)
        if self.together:
            found["with"] = self.together
        return found


@dataclass
class Verdict:
    """What a check found.

    verdict: right (every number is right, truncated or within rounding), unreadable (a number is none, and nothing is
    wrong), else wrong. blind: mistakes that this problem cannot tell from the right solution, each with the reason.
    """

    values: list[Judgement]
    mistakes: list[Diagnosis] = field(default_factory=list)
    score: float = 0.0
    blind: list[tuple[str, str]] = field(default_factory=list)
    arithmetic: tuple[Formula, ...] = ()
    rule: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        verdicts = {value.verdict for value in self.values}
        if verdicts <= set(ACCEPTED):
            return RIGHT
        return WRONG if verdicts & {WRONG, CARRIED} else UNREADABLE

    @property
    def first_wrong(self) -> Judgement | None:
        """The slip: the first number, in the order of computation, that does not follow from what stands before it."""
        return next((value for value in self.values if value.verdict == WRONG), None)

    def data(self) -> dict[str, Any]:
        """What `--format json` prints."""
        first = self.first_wrong
        found: dict[str, Any] = {
            "verdict": self.verdict,
            "score": self.score,
            "values": [value.data() for value in self.values],
            "first_wrong": first and {**first.data(), "from_your_values": first.from_your_values},
            "mistakes": [mistake.data() for mistake in self.mistakes],
        }
        return {**found, "notes": list(self.notes)} if self.notes else found
