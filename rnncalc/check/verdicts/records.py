"""Results of a check: every number with its verdict, the first slip, the mistakes that explain it, the score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rnncalc.model.equations.formula import Formula

RIGHT, TRUNCATED, ROUNDING = "right", "truncated", "rounding"
CARRIED, WRONG, UNREADABLE, BLANK = "carried", "wrong", "unreadable", "blank"
INCOMPLETE = "incomplete"
ACCEPTED = (RIGHT, TRUNCATED, ROUNDING)


@dataclass
class Judgement:
    """The verdict on one number, and the points that it earns.

    Attributes
    ----------
    name : dotted, in our letters: h, U_new.o, layers[1].backward.h
    step : from 1; None if the quantity has no steps
    index : from 1; in a batch the sequence is first
    answer : the number as typed
    computed : the exact value; None if there is no such number
    verdict : right, truncated, rounding, carried, wrong, unreadable, or blank where it was asked for and not given or
        no digit of it is shown
    coarse : whether it has fewer digits than are asked for
    credit : the share of its points that it earns, 0 to 1
    points : its worth
    from_your_values : the value that follows from the person's own earlier numbers
    problem : what is wrong with an unreadable answer, or with one of another shape
    reason : why a number that is not wrong loses points
    key : the quantity in the graph of the computation
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
    reason: str = ""
    key: tuple[Any, ...] = ()

    @property
    def given(self) -> bool:
        """Whether somebody answered it at all, though perhaps without a digit that shows."""
        return self.verdict != BLANK or self.answer is not None

    @property
    def place(self) -> str:
        """The name with step and index: h_2[1], U_new.o[1][2], loss."""
        return place_name(self.name, self.step, self.index)

    def data(self) -> dict[str, Any]:
        """The judgement as plain data, with the keys of `--format json`."""
        data: dict[str, Any] = {"name": self.name, "step": self.step, "index": list(self.index)}
        data |= {"answer": self.answer, "computed": self.computed, "verdict": self.verdict}
        optional = {"coarse": self.coarse, "reason": self.reason, "problem": self.problem}
        return data | {key: value for key, value in optional.items() if value}


def place_name(name: str, step: int | None, index: tuple[int, ...]) -> str:
    """A quantity's name with step and index: h_2[1], U_new.o[1][2], loss."""
    return name + ("" if step is None else f"_{step}") + "".join(f"[{i}]" for i in index)


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that reproduces the person's numbers.

    Attributes
    ----------
    id : its name for `rnncalc explain`
    message : what was done in place of what
    explains, of : how many of the wrong numbers it explains, and how many there are
    option : the option that makes it right, where courses define it so
    alike : other mistakes that give the same numbers on this problem
    together : the other mistake of a pair
    own_slips : the wrong numbers that it leaves, each a slip of its own
    """

    id: str
    message: str
    explains: int
    of: int
    option: str = ""
    alike: tuple[str, ...] = ()
    together: str = ""
    own_slips: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The mistake as plain data, without what is empty."""
        data = {"id": self.id, "message": self.message, "explains": self.explains, "of": self.of}
        optional = {"option": self.option, "alike": list(self.alike), "with": self.together}
        optional["own_slips"] = list(self.own_slips)
        return data | {key: value for key, value in optional.items() if value}


@dataclass
class Verdict:
    """The result of a check.

    Attributes
    ----------
    values : the judgement of every number, in the order of computation
    mistakes : those that explain the wrong numbers, the best first
    score : points earned over all points, 0 to 1
    blind : mistakes that give the right numbers on this problem, each with the reason
    arithmetic : the first slip's equation with the person's numbers
    rule : in words, what the first wrong number is made from
    notes : what was assumed about the problem
    reading : where another reading of an ambiguous problem makes every answer right, that reading in words; no mistake
        is named then
    option : the option that reads the problem so
    """

    values: list[Judgement]
    mistakes: list[Diagnosis] = field(default_factory=list)
    score: float = 0.0
    blind: list[tuple[str, str]] = field(default_factory=list)
    arithmetic: tuple[Formula, ...] = ()
    rule: str = ""
    notes: list[str] = field(default_factory=list)
    reading: str = ""
    option: str = ""

    @property
    def verdict(self) -> str:
        """right, incomplete (nothing is wrong, and points are lost), unreadable (nothing is wrong), or wrong."""
        verdicts = {value.verdict for value in self.values}
        if verdicts & {WRONG, CARRIED}:
            return WRONG
        if UNREADABLE in verdicts:
            return UNREADABLE
        return RIGHT if self.score >= 1 - 1e-9 else INCOMPLETE

    @property
    def first_wrong(self) -> Judgement | None:
        """The slip: the first number that follows from none before it, else an answer of another shape."""
        wrong = [value for value in self.values if value.verdict == WRONG]
        return next((value for value in wrong if value.key), wrong[0] if wrong else None)

    def data(self) -> dict[str, Any]:
        """The result as plain data, as `--format json` prints it."""
        first = self.first_wrong
        data: dict[str, Any] = {
            "verdict": self.verdict,
            "score": self.score,
            "values": [value.data() for value in self.values],
            "first_wrong": first and {**first.data(), "from_your_values": first.from_your_values},
            "mistakes": [mistake.data() for mistake in self.mistakes],
        }
        data |= {"reading": self.reading, "option": self.option} if self.reading else {}
        return {**data, "notes": list(self.notes)} if self.notes else data
