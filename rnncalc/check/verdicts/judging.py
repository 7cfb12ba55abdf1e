"""Verdicts: the computation walked with what the person wrote.

First exactly: what is right, and what is cut. Then in intervals, each number standing for all that it may have been
rounded from, two walks side by side: from the right numbers alone, and from all of them, wrong ones included. Where the
two are one, a number inside is rounding; where they differ, something wrong has come in, and a number inside the second
is carried. What is left is wrong. Longer than other files: the walks share what they know of each number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.check.answers.claims import Claim
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.forward import unsure
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Interval, Value, bounds, widened
from rnncalc.check.graph.spec import Spec
from rnncalc.check.verdicts import number as one
from rnncalc.check.verdicts.records import ACCEPTED, CARRIED, RIGHT, ROUNDING, TRUNCATED, UNREADABLE, WRONG
from rnncalc.model.equations.expression import Call
from rnncalc.problems.parse.numbers import Typed

NAMED = ("slope", "∂", "term", "d", "dstart", "dshared", "new", "losses", "loss", "∂x")  # what people round, and print
KEPT = 400  # quantities of a graph that is kept: homework, not a network
SATURATING = ("tanh", "sigmoid", "softmax")
LONG = 20  # steps: whoever prints some numbers of a longer sequence had them computed, not rounded at every step


class Judging:
    """The verdicts on all claims under one Spec, which is right, or one that a mistake has rewritten.

    verdicts, computed, own: a claim's number → its verdict, the exact value, what follows from the person's own values.
    """

    def __init__(self, spec: Spec, claims: Sequence[Claim]):
        self.spec, self.claims = spec, claims
        self.readable = [at for at, claim in enumerate(claims) if claim.typed is not None and claim.key]
        wanted = list(dict.fromkeys(claim.key for claim in claims if claim.key))
        self.graph: Graph
        self.graph, self.order, self.exact = self._solved(wanted)
        self.at: dict[Key, list[int]] = defaultdict(list)
        for at in self.readable:
            self.at[self.reported(claims[at].key)].append(at)
        self.computed = {at: self._value(self.exact, at) for at in self.readable}
        self.verdicts: dict[int, str] = {}
        self.own: dict[int, float] = {}

    def _solved(self, wanted: list[Key]) -> tuple[Graph, list[Key], dict[Key, Any]]:
        """The graph, its order and its exact values; kept with a small Spec, for the next answers to this problem."""
        kept = self.spec.memo.get("solved")
        if kept and kept[0] == wanted:
            solved: tuple[Graph, list[Key], dict[Key, Any]] = kept[1]
            return solved
        graph = graph_of(self.spec, wanted)
        order = graph.needed(map(self.reported, wanted))
        solved = graph, order, graph.walk(order)
        if len(wanted) > 1 and len(graph.nodes) <= KEPT:
            self.spec.memo["solved"] = wanted, solved
        return solved

    def reported(self, key: Key) -> Key:
        """What is reported under a key, by the rules."""
        found: Key = self.spec.rules.said.get(key, key)
        return found

    def right_value(self, at: int) -> float | None:
        """What a number should be, one that cannot be read too."""
        return self._value(self.exact, at) if self.claims[at].key else None

    def _value(self, values: Mapping[Key, Any], at: int) -> float:
        return entry(values[self.reported(self.claims[at].key)], self.claims[at].spot)

    # the walks -------------------------------------------------------------------------------------------------------

    def judge(self) -> Judging:
        """All verdicts."""
        for at, claim in enumerate(self.claims):
            if claim.typed is None:
                self.verdicts[at] = WRONG if claim.text is None else UNREADABLE
                continue
            exact, update = self.computed[at], None
            if claim.key[0] == "new" and len(claim.key) == 3:
                before: Key = ("θ", *claim.key[1:])
                update = exact - entry(self.exact[before], claim.spot)
            if one.is_right(claim.typed, exact, update):
                self.verdicts[at] = RIGHT
            elif one.is_truncated(claim.typed, exact):
                self.verdicts[at] = TRUNCATED
            elif not np.isfinite(exact):
                self.verdicts[at] = WRONG
        self.habit = self._habit()
        if len(self.verdicts) < len(self.claims):
            self._in_intervals()
        for at in self.readable:
            self.verdicts.setdefault(at, WRONG)
        return self

    def _in_intervals(self) -> None:
        """Two walks side by side: from the right numbers alone, and from everything that the person wrote."""
        fair: dict[Key, Value] = {}
        own: dict[Key, Value] = {}
        spread = unsure(self.spec)
        with np.errstate(all="ignore"):
            for key in self.order:
                node = self.graph.nodes[key]
                fair[key] = node.make(*[fair[need] for need in node.needs])
                if key in spread:
                    fair[key] = widened(fair[key], spread[key], spread[key])
                if all(own[need] is fair[need] for need in node.needs):  # nothing wrong has come in yet
                    own[key] = fair[key]
                else:
                    own[key] = node.make(*[own[need] for need in node.needs])
                if self.at.get(key) or _is_named(key):
                    self._look(key, fair, own)

    def _look(self, key: Key, fair: dict[Key, Value], own: dict[Key, Value]) -> None:
        """Judge what is not judged yet, and go on with the numbers that the person wrote."""
        here, same = self.at.get(key, ()), own[key] is fair[key]
        judged = [_bounds(fair[key])]
        judged.append(judged[0] if same else _bounds(own[key]))
        put: list[Value] = []
        for at in here:
            if at not in self.verdicts:
                verdict = self._verdict(key, at, judged[0], judged[1])
                if verdict:
                    self.verdicts[at] = verdict
        for lo, hi in judged[: 1 if same and all(self.verdicts.get(at) in ACCEPTED for at in here) else 2]:
            printed, all_of_them = np.zeros(lo.shape, bool), bool(put)
            inside_lo, inside_hi = lo.copy(), hi.copy()
            for at in here:
                found = self.verdicts.get(at)
                if found in ACCEPTED or all_of_them:
                    typed, spot = self.claims[at].typed, _spot(lo, self.claims[at].spot)
                    assert typed is not None
                    ends = one.stands_for(typed, found == TRUNCATED)
                    if lo[spot] == hi[spot] == typed.value:  # typed as it is: nothing was rounded
                        ends = typed.value, typed.value
                    if found == RIGHT:  # to float32 noise, perhaps, which is then handed on
                        ends = min(ends[0], self.computed[at]), max(ends[1], self.computed[at])
                    inside_lo[spot], inside_hi[spot] = ends
                    printed[spot] = True
            if _is_named(key) and not (key in self.graph.copied or self._copies_printed(key)):
                if self.spec.visits > LONG and not here:
                    lo = hi = np.array(self.exact[key], float)
                down, up = self.habit.rounded(lo, hi)
                inside_lo, inside_hi = np.where(printed, inside_lo, down), np.where(printed, inside_hi, up)
            put.append(Interval(inside_lo, inside_hi))
        fair[key], own[key] = put[0], put[-1]

    def _verdict(self, key: Key, at: int, fair: tuple[Any, Any], own: tuple[Any, Any]) -> str:
        """Rounding, carried, or nothing that is known yet."""
        typed, spot = self.claims[at].typed, _spot(fair[0], self.claims[at].spot)
        assert typed is not None
        ends = [(float(lo[spot]), float(hi[spot])) for lo, hi in (fair, own)]
        if ends[0] != ends[1] and self._inside(typed, *ends[1]):
            return CARRIED
        if self._inside(typed, *ends[0]):
            return ROUNDING
        noise = self._noise(key)  # asked for last: few numbers need it
        return ROUNDING if self._inside(typed, ends[0][0] - noise, ends[0][1] + noise) else ""

    def _noise(self, key: Key) -> float:
        """What float64 may lose where terms cancel: 5.6e-17 is printed for a difference that is 0 in another order."""
        sizes = [np.abs(self.exact[need]).max(initial=1.0) for need in self.graph.nodes[key].needs]
        noise = one.NOISE * float(np.prod(sizes))
        return noise if np.isfinite(noise) else 0.0

    def _habit(self) -> one.Habit:
        """How this person writes; they cut if some number is cut and none was rounded up."""
        typed = {at: self.claims[at].typed for at in self.readable}
        cut = any(verdict == TRUNCATED for verdict in self.verdicts.values())
        up = any(
            abs(number.value) > abs(self.computed[at]) + 1e-12 and one.digits(number) < one.MANY
            for at, number in typed.items()
            if number is not None and self.verdicts.get(at) == RIGHT
        )
        telling = [number for number in typed.values() if number is not None and one.digits(number) > 1]
        return one.Habit(telling, cut and not up)

    def _inside(self, typed: Typed, lo: float, hi: float) -> bool:
        """Whether a number is what some value between the bounds is rounded to; by one who cuts, cut to."""
        if not (np.isfinite(lo) and np.isfinite(hi)):
            return False
        slack = one.SLACK * one.unit(typed) + 1e-12 * max(abs(lo), abs(hi))
        half = one.unit(typed) / 2
        if lo - half - slack <= typed.value <= hi + half + slack:
            return True
        first, last = one.stands_for(typed, True)
        return self.habit.cuts and first <= hi + slack and last >= lo - slack

    def _copies_printed(self, key: Key) -> bool:
        """Whether a quantity is one that is printed already, under another name."""
        node = self.graph.nodes[key]
        return node.copies and all(need in self.at for need in node.needs)

    # from their own values -------------------------------------------------------------------------------------------

    def follow(self, changed: Mapping[int, float] = {}) -> dict[Key, Any]:
        """The computation from the person's own numbers, each put in where it stands; keeps what came out before."""

        def look(key: Key, value: Value) -> Value:
            here = self.at.get(key, ())
            if not here:
                return value
            array = np.array(value, float)
            for at in here:
                typed = self.claims[at].typed
                spot = _spot(array, self.claims[at].spot)
                assert typed is not None
                if not changed:
                    self.own[at] = float(array[spot])
                if self.verdicts.get(at) not in (RIGHT,) or one.digits(typed) < one.MANY:
                    array[spot] = changed.get(at, typed.value)
            return array

        return self.graph.walk(self.order, look)

    def result(self, claim: Claim, value: float | None) -> np.ndarray:
        """The quantity that a claim is about, with one entry as it follows from the person's own numbers."""
        array = np.array(self.exact[self.reported(claim.key)], float)
        if value is not None:
            array[_spot(array, claim.spot)] = value
        return array

    def trivial(self) -> set[int]:
        """Carried numbers that took no work: what they follow from is 0, saturated, or does not matter to them."""
        carried = [at for at in self.readable if self.verdicts[at] == CARRIED]
        wrong = [at for at in self.readable if self.verdicts[at] in (WRONG, CARRIED)]
        if not carried:
            return set()
        self.follow()
        before = dict(self.own)
        nudged = {at: self._nudge(at) for at in wrong}
        found = set()
        for at in carried:
            key = self.reported(self.claims[at].key)
            below = self.graph.below(key)
            roots = [w for w in wrong if self.reported(self.claims[w].key) in below and self.verdicts[w] == WRONG]
            if any(self._empty(w) for w in roots):
                found.add(at)
        values: dict[int, float] = {}

        def look(key: Key, value: Value) -> Value:
            here = self.at.get(key, ())
            if not here:
                return value
            array = np.array(value, float)
            for at in here:
                typed = self.claims[at].typed
                spot = _spot(array, self.claims[at].spot)
                assert typed is not None
                values[at] = float(array[spot])
                array[spot] = nudged.get(at, typed.value)
            return array

        self.graph.walk(self.order, look)
        for at in carried:
            if abs(values[at] - before[at]) <= 1e-12 * max(1.0, abs(before[at])):
                found.add(at)
        return found

    def _nudge(self, at: int) -> float:
        typed = self.claims[at].typed
        assert typed is not None
        return typed.value * 1.1 + 1e-3

    def _empty(self, at: int) -> bool:
        """Whether a wrong number is 0, or ±1 where its function ends there."""
        typed, key = self.claims[at].typed, self.claims[at].key
        assert typed is not None
        if typed.value == 0:
            return True
        if abs(typed.value) != 1 or not isinstance(key[1], int) or len(key) != 4 or key[0] not in ("", "new"):
            return False
        run = self.spec.all_runs[key[1]]
        line = run.lines.get(str(key[2]))
        if isinstance(line, Call):
            return line.function in SATURATING
        return bool(run.cell.gates) and key[2] == run.cell.emits


def entry(value: Any, spot: tuple[int, ...]) -> float:
    """One number of a quantity; a loss that is reported for a gradient is one number for all of them."""
    array = np.asarray(value)
    return float(array[_spot(array, spot)])


def _spot(array: np.ndarray, spot: tuple[int, ...]) -> tuple[int, ...]:
    if len(spot) == array.ndim:
        for index, size in zip(spot, array.shape):
            if index >= size:
                break
        else:
            return spot
    return (0,) * array.ndim


def _bounds(value: Value) -> tuple[np.ndarray, np.ndarray]:
    lo, hi = bounds(value)
    return np.asarray(lo, float), np.asarray(hi, float)


def _is_named(key: Key) -> bool:
    """Whether people write a quantity down, and so round it."""
    head = key[0]
    if head in NAMED:
        return head != "∂" or len(key) == 4
    return head == "" and isinstance(key[1], int) and isinstance(key[3], int) and key[3] > 0


__all__ = ["Judging", "entry"]
