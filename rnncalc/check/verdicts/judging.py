"""Verdicts: the computation is walked with the numbers that a person wrote.

The first walk is exact: it tells numbers that are right and numbers that are cut. The others are in intervals, where a
typed number stands for all values that round to it. Two walks go side by side: one takes the person's right numbers,
the other also the wrong ones. Where both agree, a number inside the interval is rounded. Where they differ, the number
depends on a wrong one, and if it is inside the second interval it is carried. Every other number is wrong.

This file is longer than others because the walks share what they know of each number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.check.answers.claims import Claim
from rnncalc.check.graph import intervals
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.forward import unsure
from rnncalc.check.graph.graph import Graph, Key
from rnncalc.check.graph.intervals import Interval, Value, bounds, widened
from rnncalc.check.graph.spec import Spec
from rnncalc.check.verdicts.records import ACCEPTED, BLANK, CARRIED, RIGHT, ROUNDING, TRUNCATED, UNREADABLE, WRONG
from rnncalc.check.verdicts.rounding import MANY, NOISE, Habit, digits, stands_for, to_a_digit
from rnncalc.model.equations.expression import Call

# quantities that people print and round
NAMED = ("slope", "∂", "term", "d", "dstart", "dshared", "new", "losses", "loss", "∂x")
KEPT = 400  # a larger graph is not kept for the next answers: no homework is so large
SATURATING = ("tanh", "sigmoid", "softmax", "softsign", "hard_tanh", "hard_sigmoid", "hard_sigmoid_02", "step")
LONG = 20  # steps: numbers of a longer sequence are computed by a machine, not rounded at every step


class Judging:
    """The verdicts on all claims under one Spec, the right one or one that a mistake has rewritten.

    typed, computed, verdicts, own: a claim's place → the typed number, the exact value, the verdict, and what follows
    from the person's own earlier numbers. counts: what a number counts for: itself, or with zeros that a spreadsheet
    dropped. coarse: numbers with fewer digits than are asked for, not right with zeros behind them, each with its
    verdict as far as it goes: blank where it shows no digit of the right number.
    """

    def __init__(self, spec: Spec, claims: Sequence[Claim]):
        self.spec, self.claims = spec, claims
        self.typed = {at: claim.typed for at, claim in enumerate(claims) if claim.typed is not None and claim.key}
        wanted = list(dict.fromkeys(claim.key for claim in claims if claim.key))
        self.graph: Graph
        self.graph, self.order, self.exact = self._solved(wanted)
        self.at: dict[Key, list[int]] = defaultdict(list)
        for at in self.typed:
            self.at[self.reported(claims[at].key)].append(at)
        self.computed = {at: self._value(self.exact, at) for at in self.typed}
        self.verdicts: dict[int, str] = {}
        self.own: dict[int, float] = {}
        self.counts = dict(self.typed)
        self.coarse: dict[int, str] = {}
        self.noise: dict[Key, float] = {}
        self.as_typed = False  # whether coarse numbers are judged as they were typed

    def _solved(self, wanted: list[Key]) -> tuple[Graph, list[Key], dict[Key, Any]]:
        """The graph, its order and its exact values; a small one is kept with the Spec for the next answers."""
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
        """The quantity that the rules report under a key."""
        reported: Key = self.spec.rules.reported_as.get(key, key)
        return reported

    def right_value(self, at: int) -> float | None:
        """The exact value of a claim, even of one that cannot be read."""
        if at in self.computed:
            return self.computed[at]
        return self._value(self.exact, at) if self.claims[at].key else None

    def _value(self, values: Mapping[Key, Any], at: int) -> float:
        return entry(values[self.reported(self.claims[at].key)], self.claims[at].spot)

    # the walks -------------------------------------------------------------------------------------------------------

    def judge(self) -> Judging:
        """Give every claim its verdict."""
        for at, claim in enumerate(self.claims):
            if claim.typed is None:
                self.verdicts[at] = WRONG if claim.text is None else UNREADABLE
                continue
            exact, update = self.computed[at], None
            if claim.key[0] == "new" and len(claim.key) == 3:
                before: Key = ("θ", *claim.key[1:])
                if before in self.exact:  # a rewritten rule may report something else in place of the update
                    update = exact - entry(self.exact[before], claim.spot)
            if claim.precision.too_few(claim.typed, exact):
                self.coarse[at] = claim.precision.verdict_as_far(claim.typed, exact, update)
                typed = claim.precision.filled(claim.typed, exact)
                verdict = claim.precision.verdict(typed, exact, update)
                if typed is claim.typed:  # a tolerance: zeros do not matter
                    verdict = RIGHT if claim.precision.within(typed, exact, exact) else ""
                self.counts[at] = typed
            else:
                verdict = claim.precision.verdict(claim.typed, exact, update)
            if verdict or not np.isfinite(exact):
                self.verdicts[at] = verdict or WRONG
                self.coarse.pop(at, None)
        self.habit = self._habit()
        if self.coarse:  # are they right with zeros behind them? They open no interval for one another
            known, few = dict(self.verdicts), dict(self.coarse)
            self._in_intervals(few)
            self._take_back()
            self.coarse = {at: verdict for at, verdict in few.items() if self.verdicts.get(at, WRONG) == WRONG}
            within = [at for at in few if self.verdicts.get(at) == ROUNDING]
            self.verdicts = known | dict.fromkeys(within, ROUNDING)
            self.verdicts |= {at: verdict for at, verdict in self.coarse.items() if verdict}
            self.counts |= {at: self.typed[at] for at in self.coarse}
            self.as_typed = True
            self.habit = self._habit()
        if len(self.verdicts) < len(self.claims):
            self._in_intervals(self.typed)
            self._take_back()
        for at in self.typed:
            self.verdicts.setdefault(at, WRONG)
        return self

    def _in_intervals(self, judged: Collection[int]) -> None:
        """Walk to the numbers without a verdict twice, side by side: from right numbers, and from all typed ones."""
        wanted = {self.reported(self.claims[at].key) for at in judged if at not in self.verdicts}
        fair: dict[Key, Value] = {}
        own: dict[Key, Value] = {}
        spread = unsure(self.spec)
        with np.errstate(all="ignore"):
            for key in self.graph.needed(wanted):
                node = self.graph.nodes[key]
                fair[key] = node.make(*[fair[need] for need in node.needs])
                if key in spread:
                    fair[key] = widened(fair[key], spread[key], spread[key])
                if all(own[need] is fair[need] for need in node.needs):  # it depends on no wrong number
                    own[key] = fair[key]
                else:
                    own[key] = node.make(*[own[need] for need in node.needs])
                if self.at.get(key) or _is_named(key):
                    self._look(key, fair, own)

    def _take_back(self) -> None:
        """Judge again what may be within rounding only by the few digits of numbers that do not enter it."""
        habit, finer = self.habit, list(self.coarse)
        finer += [at for at, number in self.counts.items() if habit.coarser_than(number)]
        if not finer or habit.exact or self.spec.visits > LONG:
            return
        known = self.verdicts
        for key in dict.fromkeys(self.reported(self.claims[at].key) for at in finer):
            here = [at for at in self.at[key] if known.get(at) == ROUNDING]
            if not here:
                continue
            below = {*self.graph.below(key), key}
            own = self._habit([at for enters in below for at in self.at.get(enters, ())])
            if own.exact or habit.differs(own):
                self.habit = own
                self.verdicts = {at: verdict for at, verdict in known.items() if at not in here}
                self._in_intervals(here)
                revised = {at: self.verdicts.get(at, WRONG) for at in here}
                self.habit, self.verdicts = habit, known
                known |= revised

    def _look(self, key: Key, fair: dict[Key, Value], own: dict[Key, Value]) -> None:
        """Judge a quantity's numbers that have no verdict yet, and go on with the numbers that the person wrote."""
        here, same = self.at.get(key, ()), own[key] is fair[key]
        walks = [_bounds(fair[key])]
        walks.append(walks[0] if same else _bounds(own[key]))
        for at in here:
            if at not in self.verdicts:
                verdict = self._verdict(key, at, walks[0], walks[1])
                if verdict:
                    self.verdicts[at] = verdict
                    if not self.as_typed:
                        self.coarse.pop(at, None)
        fair[key] = own[key] = self._handed_on(key, *walks[0], wrong_too=False)
        if not same or not all(self.verdicts.get(at) in ACCEPTED for at in here):
            own[key] = self._handed_on(key, *walks[1], wrong_too=True)

    def _handed_on(self, key: Key, lo: np.ndarray, hi: np.ndarray, wrong_too: bool) -> Interval:
        """What later numbers are computed from: printed numbers, and others as this person rounds them."""
        printed: dict[tuple[int, ...], int] = {}
        for at in self.at.get(key, ()):
            if self.coarse.get(at) and not self.as_typed:
                continue  # right as far as it goes: as if it were not printed
            if self.verdicts.get(at) in ACCEPTED or (wrong_too and self.verdicts.get(at) != BLANK):
                printed[_spot(lo, self.claims[at].spot)] = at
        inside_lo, inside_hi = lo, hi
        rounds = len(printed) < lo.size and _is_named(key)
        if rounds and not (key in self.graph.copied or self._copies_printed(key)):
            if self.spec.visits > LONG and key not in self.at:
                lo = hi = np.array(self.exact[key], float)
            inside_lo, inside_hi = self.habit.rounded(lo, hi)
        if printed:
            inside_lo, inside_hi = np.array(inside_lo), np.array(inside_hi)
        for spot, at in printed.items():
            typed, given = self.typed[at] if at in self.coarse else self.counts[at], self.verdicts.get(at)
            ends = stands_for(typed, given == TRUNCATED)
            if lo[spot] == hi[spot] == typed.value:  # typed exactly: nothing was rounded
                ends = typed.value, typed.value
            if given in (RIGHT, TRUNCATED):  # perhaps within a tolerance or float32 rounding: handed on
                ends = min(ends[0], self.computed[at]), max(ends[1], self.computed[at])
            inside_lo[spot], inside_hi[spot] = ends
        return Interval(inside_lo, inside_hi)

    def _verdict(self, key: Key, at: int, fair: tuple[Any, Any], own: tuple[Any, Any]) -> str:
        """Rounding or carried; "" if it is neither."""
        spot = _spot(fair[0], self.claims[at].spot)
        ends = [(float(lo[spot]), float(hi[spot])) for lo, hi in (fair, own)]
        if ends[0] != ends[1] and self._may_print(at, *ends[1]):
            return CARRIED
        if self._may_print(at, *ends[0]):
            return ROUNDING
        noise = self._noise(key)  # computed last, since few numbers need it
        return ROUNDING if self._may_print(at, ends[0][0] - noise, ends[0][1] + noise) else ""

    def _may_print(self, at: int, lo: float, hi: float) -> bool:
        """Whether the person may print some value between the bounds as a claim's number."""
        typed, precision = self.typed[at], self.claims[at].precision
        typed = typed if at in self.coarse else self.counts[at]
        if precision.within(typed, lo, hi):
            return True
        if at in self.coarse and not self.as_typed:
            filled = precision.filled(typed, lo if abs(lo) < abs(hi) else hi)
            self.counts[at] = filled
            return filled is not typed and self.habit.may_print(filled, lo, hi)
        if at in self.coarse:
            typed = to_a_digit(typed, lo if abs(lo) < abs(hi) else hi)
        if self.habit.may_print(typed, lo, hi):
            return True
        shorter = precision.shortened(typed)
        return bool(shorter) and self.habit.may_print(shorter[0], lo, hi)

    def _noise(self, key: Key) -> float:
        """What float64 may lose where terms cancel: 5.6e-17 is printed for a difference that is 0 in another order."""
        if key not in self.noise:
            sizes = [np.abs(self.exact[need]).max(initial=1.0) for need in self.graph.nodes[key].needs]
            noise = NOISE * float(np.prod(sizes))
            self.noise[key] = noise if np.isfinite(noise) else 0.0
        return self.noise[key]

    def _habit(self, of: Collection[int] | None = None) -> Habit:
        """How this person writes (these numbers); they cut if some number is cut and none is rounded up."""
        counts = {at: number for at, number in self.counts.items() if self.as_typed or at not in self.coarse}
        counts = counts if of is None else {at: counts[at] for at in of if at in counts}
        cut = any(verdict == TRUNCATED for verdict in self.verdicts.values())
        up = any(
            abs(number.value) > abs(self.computed[at]) + 1e-12 and digits(number) < MANY
            for at, number in counts.items()
            if self.verdicts.get(at) == RIGHT
        )
        stated = {at for at in counts if self.claims[at].precision.stated}
        return Habit(
            [number for at, number in counts.items() if at in stated or digits(self.typed[at]) > 1],
            cut and not up,
            of is not None,
        )

    def _copies_printed(self, key: Key) -> bool:
        """Whether a quantity is printed already under another name."""
        node = self.graph.nodes[key]
        return node.copies and all(need in self.at for need in node.needs)

    # from their own values -------------------------------------------------------------------------------------------

    def follow(self) -> dict[Key, Any]:
        """Walk with the person's own numbers put in, and keep in `own` what they replace. Returns every quantity."""

        def put_in(at: int) -> float | None:
            exact = self.verdicts.get(at) == RIGHT and digits(self.typed[at]) >= MANY
            return None if exact else self._typed_value(at)

        values, self.own = self._walk(put_in)
        return values

    def _typed_value(self, at: int) -> float | None:
        """What a person goes on with; None for a number that shows nothing."""
        return None if self.verdicts.get(at) == BLANK else self.typed[at].value

    def _walk(self, put_in: Callable[[int], float | None]) -> tuple[dict[Key, Any], dict[int, float]]:
        """Walk with numbers put in at claims. Returns every quantity, and what each claim's number would have been."""
        before: dict[int, float] = {}

        def look(key: Key, value: Value) -> Value:
            here = self.at.get(key, ())
            if not here:
                return value
            array = np.array(value, float)
            for at in here:
                spot, number = _spot(array, self.claims[at].spot), put_in(at)
                before[at] = float(array[spot])
                if number is not None:
                    array[spot] = number
            return array

        return self.graph.walk(self.order, look), before

    def result(self, claim: Claim, value: float | None) -> np.ndarray:
        """The quantity that a claim is about, with one entry as it follows from the person's own numbers."""
        array = np.array(self.exact[self.reported(claim.key)], float)
        if value is not None:
            array[_spot(array, claim.spot)] = value
        return array

    def trivial(self) -> set[int]:
        """Carried numbers that took no work: their slip is 0 or saturated, or they do not depend on wrong numbers."""
        carried = [at for at in self.typed if self.verdicts[at] == CARRIED]
        wrong = [at for at in self.typed if self.verdicts[at] in (WRONG, CARRIED)]
        empty = {self.reported(self.claims[at].key) for at in wrong if self.verdicts[at] == WRONG and self._empty(at)}
        if not carried:
            return set()
        if not self.own:
            self.follow()
        nudged = {at: self.typed[at].value * 1.1 + 1e-3 for at in wrong}
        _values, moved = self._walk(lambda at: nudged.get(at, self._typed_value(at)))
        trivial = set()
        for at in carried:
            still = abs(moved[at] - self.own[at]) <= 1e-12 * max(1.0, abs(self.own[at]))
            if still or (empty and empty & self.graph.below(self.reported(self.claims[at].key))):
                trivial.add(at)
        return trivial

    def _empty(self, at: int) -> bool:
        """Whether a wrong number is 0, or ±1 where its function saturates."""
        typed, key = self.typed[at], self.claims[at].key
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
    """A number of a quantity. A loss that is reported as a gradient is one number for all entries."""
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
    lo, hi = bounds(intervals.unbounded(value) if isinstance(value, Interval) else value)
    return np.asarray(lo, float), np.asarray(hi, float)


def _is_named(key: Key) -> bool:
    """Whether people write a quantity down and round it."""
    head = key[0]
    if head in NAMED:
        return head != "∂" or len(key) == 4
    return head == "" and isinstance(key[1], int) and isinstance(key[3], int) and key[3] > 0
