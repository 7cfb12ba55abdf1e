"""The precision that a sheet asks for, and what a typed number counts for where it has more or fewer digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rnncalc.check.verdicts.records import BLANK, RIGHT, TRUNCATED
from rnncalc.check.verdicts.rounding import SLACK, digits, is_right, is_truncated, to_a_digit, unit
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import TypedNumber

KINDS = ("decimals", "digits", "tolerance", "relative")
MOST = 300  # decimals or digits: more are no precision


@dataclass(frozen=True)
class Precision:
    """What one number must show.

    kind: decimals or digits, the place to which a longer number is rounded; tolerance or relative, the distance from
    the right number that is allowed; at_least, where the problem asks for none of these: a number with fewer digits
    than `amount` is coarse.
    """

    kind: str
    amount: float

    @property
    def stated(self) -> bool:
        """Whether the problem asks for it, so that few digits are this person's way of writing."""
        return self.kind != "at_least"

    def key(self) -> dict[str, Any]:
        """As a problem file says it."""
        return {self.kind: int(self.amount) if self.kind in ("decimals", "digits") else self.amount}

    def reason(self) -> str:
        """Why a number with fewer digits earns nothing."""
        if self.kind in ("tolerance", "relative"):
            within = f"{self.amount:g}" if self.kind == "tolerance" else f"{100 * self.amount:g} %"
            return _("too few digits: within {amount} is asked for").format(amount=within)
        if self.kind == "decimals":
            single, several = _("too few decimals: {n} is asked for"), _("too few decimals: {n} are asked for")
        else:
            single, several = _("too few digits: {n} is asked for"), _("too few digits: {n} are asked for")
        return (single if self.amount == 1 else several).format(n=_word(int(self.amount)))

    def slack(self, size: float) -> float:
        """How far a number may be from one of that size; 0 where its digits decide."""
        if self.kind == "tolerance":
            return self.amount
        return self.amount * abs(size) if self.kind == "relative" and math.isfinite(size) else 0.0

    def margin(self, computed: float) -> float:
        """How far a right number is from the computed one at most: within the tolerance, or cut where it is asked to
        end."""
        if self.slack(1.0):
            return self.slack(computed)
        place = -self.amount if self.kind == "decimals" else _first_place(abs(computed)) + 1 - self.amount
        return float(10.0**place)

    def written(self, value: float) -> str:
        """A number in as many digits as are asked for, or as a tolerance needs."""
        margin = self.margin(value) or 1.0  # exactly 0 is asked for
        place = math.floor(math.log10(margin) + SLACK) - (1 if self.slack(1.0) else 0)
        text = f"{value:.{max(-place, 0)}f}"
        return text.replace("-", "") if not float(text) else text

    def too_few(self, typed: TypedNumber, computed: float) -> bool:
        """Whether a number shows less than is asked for; a spreadsheet may have dropped its zeros."""
        if typed.place is None:
            return False
        if self.kind == "decimals":
            return typed.place > -self.amount
        if self.kind in ("digits", "at_least"):
            return digits(typed) < self.amount
        return unit(typed) / 2 > self.slack(computed) * (1 + SLACK)

    def filled(self, typed: TypedNumber, near: float) -> TypedNumber:
        """The number with zeros up to the last digit that is asked for. near: the number that it may stand for."""
        if self.kind == "decimals":
            return replace(typed, place=-int(self.amount))
        if self.slack(1.0):
            return typed
        sizes = [abs(size) for size in (typed.value, near) if size and math.isfinite(size)]
        place = math.floor(math.log10(min(sizes)) + SLACK) + 1 - int(self.amount) if sizes else None
        return replace(typed, place=place)

    def shortened(self, typed: TypedNumber) -> list[TypedNumber]:
        """A number with more digits than are asked for, rounded and cut there; else nothing."""
        if self.kind == "decimals":
            place = -int(self.amount)
        elif self.kind == "digits" and typed.value:
            place = math.floor(math.log10(abs(typed.value)) + 1e-12) + 1 - int(self.amount)
        else:
            return []
        if typed.place is not None and typed.place >= place:
            return []
        size = abs(typed.value) * 10.0**-place
        if not math.isfinite(size):
            return []
        counts = [math.floor(size + 0.5 + SLACK), math.floor(size + SLACK)]
        return [TypedNumber(typed.text, math.copysign(count * 10.0**place, typed.value), place) for count in counts]

    def verdict(self, typed: TypedNumber, computed: float, update: float | None = None) -> str:
        """Right, cut, or "": as far as the computed number alone decides."""
        if is_right(typed, computed, update) or self.within(typed, computed, computed):
            return RIGHT
        if is_truncated(typed, computed):
            return TRUNCATED
        shorter = self.shortened(typed)
        if shorter and is_right(shorter[0], computed):
            return RIGHT
        return TRUNCATED if shorter and is_truncated(shorter[1], computed) else ""

    def verdict_as_far(self, typed: TypedNumber, computed: float, update: float | None = None) -> str:
        """The verdict on a number with too few digits: blank where it ends before the first digit of the right one."""
        verdict = self.verdict(typed, computed, update)
        return verdict if self.verdict(to_a_digit(typed, computed), computed, update) else verdict and BLANK

    def within(self, typed: TypedNumber, lo: float, hi: float) -> bool:
        """Whether a number is within the tolerance of some value between the bounds."""
        slack = self.slack(max(abs(lo), abs(hi))) * (1 + SLACK)
        return 0 < slack < math.inf and lo - slack <= typed.value <= hi + slack


def _first_place(size: float) -> int:
    """The place of the first digit of a number: 0 for units, -1 for tenths."""
    return math.floor(math.log10(size) + SLACK) if size and math.isfinite(size) else 0


USUAL = Precision("at_least", 2)


def precision_of(given: RawValue) -> Precision | dict[str, Precision]:
    """What a problem asks for, of every quantity or by name. Raises ProblemError."""
    value = _object(given)
    if not isinstance(value, Mapping) or not value:
        raise _not_understood(given)
    if any(name in KINDS for name in value):
        return _one(RawValue(value, given.where, given.files))
    parts = {name: RawValue(part, f"{given.where}.{name}", given.files) for name, part in value.items()}
    return {name: _one(RawValue(_object(part), part.where, part.files)) for name, part in parts.items()}


def _one(given: RawValue) -> Precision:
    if not isinstance(given.value, Mapping) or len(given.value) != 1 or next(iter(given.value)) not in KINDS:
        raise _not_understood(given)
    kind = next(iter(given.value))
    numbers = given[kind].numbers().values
    amount = float(numbers.item()) if numbers.size == 1 else math.nan
    whole = kind in ("decimals", "digits")
    if (
        not 0 <= amount < math.inf
        or (whole and (amount != int(amount) or amount > MOST))
        or (kind != "decimals" and not amount)
    ):
        message = _("{where}: {kind} is a whole number") if whole else _("{where}: {kind} is a number above 0")
        raise ProblemError(message, where=given[kind].where, kind=kind)
    return Precision(kind, amount)


def _object(given: RawValue) -> Any:
    """The value; text is JSON, or `decimals 2`, `decimals=2`."""
    value = given.unfolded().value
    if not isinstance(value, str):
        return value
    words = value.replace("=", " ").replace(":", " ").split()
    if len(words) == 2 and words[0] in KINDS:
        return {words[0]: words[1]}
    raise _not_understood(given)


def _not_understood(given: RawValue) -> ProblemError:
    message = _(
        '{where}: precision is {{"decimals": 2}}, {{"digits": 3}}, {{"tolerance": 0.01}} or {{"relative": 0.02}}, '
        'for all numbers or by quantity, {{"h": {{"decimals": 1}}, "y": …}}'
    )
    return ProblemError(message, where=given.where)


def _word(number: int) -> str:
    """A small number in words."""
    words = (_("none"), _("one"), _("two"), _("three"), _("four"), _("five"), _("six"))
    return words[number] if number < len(words) else str(number)
