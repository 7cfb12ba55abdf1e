"""Judges a single number: the typed digits against the computed value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from rnncalc.problems.parse.numbers import TypedNumber

SLACK = 1e-9  # of a unit: rounding of float64 on the way
SINGLE = 1e-6  # relative: float32 noise
NOISE = 1e-14  # of the terms of a sum: rounding of float64 where they cancel
EXACT = 99  # digits of a fraction, which is exact
MANY = 7  # a number with as many significant digits was printed by a machine


def unit(typed: TypedNumber) -> float:
    """The unit of the last typed digit; 0 for a fraction, which is exact."""
    return 0.0 if typed.place is None else 10.0**typed.place


@lru_cache(maxsize=10_000)
def digits(typed: TypedNumber) -> int:
    """The number of significant digits: 0.0120 has three. A fraction is exact."""
    if typed.place is None:
        return EXACT
    if typed.value == 0:
        return 0
    scaled = abs(typed.value) / unit(typed) if unit(typed) > 0 else 0
    if scaled == math.inf:
        return EXACT
    return len(str(round(scaled))) if round(scaled) else 0


def is_right(typed: TypedNumber, computed: float, update: float | None = None) -> bool:
    """Whether a number is within half a unit, or printed by a machine and within float32 rounding.

    update: how far a parameter moved. No number is right where the computed value is not finite.
    """
    if not math.isfinite(computed):
        return False
    apart = abs(typed.value - computed)
    if apart <= unit(typed) / 2 * (1 + SLACK) + 1e-12 * abs(computed) + 1e-15 * (typed.place is None):
        return True
    scale = abs(computed) if update is None else abs(update)
    return digits(typed) >= MANY and apart <= SINGLE * scale


def is_truncated(typed: TypedNumber, computed: float) -> bool:
    """Whether a number is the computed value cut, not rounded."""
    own = unit(typed)
    if own == 0 or not math.isfinite(computed / own):
        return False
    cut = math.floor(abs(computed) / own + SLACK) * own
    return math.isclose(math.copysign(cut, computed), typed.value, rel_tol=1e-12, abs_tol=SLACK * own)


def stands_for(typed: TypedNumber, cut: bool = False) -> tuple[float, float]:
    """The bounds of the values that round to a number, or that are cut to it towards zero."""
    own, value = unit(typed), typed.value
    if not cut:
        return value - own / 2, value + own / 2
    return (value - own, value) if value < 0 else (value, value + own)


def to_a_digit(typed: TypedNumber, near: float) -> TypedNumber:
    """A number with zeros up to the first digit of what it may stand for, so that 0 is 0.0 beside 0.9468.

    near: what it may stand for. A number that shows this digit stays as it is.
    """
    sizes = [abs(size) for size in (typed.value, near) if size and math.isfinite(size)]
    if typed.place is None or not sizes:
        return typed
    return replace(typed, place=min(typed.place, math.floor(math.log10(min(sizes)) + SLACK)))


class TypedNumbers:
    """Many typed numbers, to apply `is_right` and `is_truncated` to whole tables.

    before: the value of an updated parameter before the update, NaN for other numbers.
    """

    def __init__(self, typed: Sequence[TypedNumber], before: Sequence[float]):
        self.values = _column([entry.value for entry in typed])
        self.units = _column([unit(entry) for entry in typed])
        self.exact = _column([entry.place is None for entry in typed]) > 0
        self.many = _column([digits(entry) >= MANY for entry in typed]) > 0
        self.before = _column(before)

    def fits(self, numbers: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Where computed numbers, (typed, any), give all typed digits, rounded or cut."""
        values, units, before = self.values[rows], self.units[rows], self.before[rows]
        with np.errstate(all="ignore"):
            apart, size = np.abs(values - numbers), np.abs(numbers)
            right = apart <= units / 2 * (1 + SLACK) + 1e-12 * size + 1e-15 * self.exact[rows]
            scale = np.where(np.isnan(before), size, np.abs(numbers - before))
            right |= self.many[rows] & (apart <= SINGLE * scale)
            cut = np.copysign(np.floor(size / units + SLACK) * units, numbers)
            slack = np.maximum(1e-12 * np.maximum(np.abs(cut), np.abs(values)), SLACK * units)
            right |= (units > 0) & (np.abs(cut - values) <= slack)
        fits: np.ndarray = right & np.isfinite(numbers)
        return fits

    def near(self, numbers: np.ndarray, units: float) -> np.ndarray:
        """Where computed numbers are at most so many units of the last digit away."""
        with np.errstate(all="ignore"):
            close: np.ndarray = np.isfinite(numbers) & (np.abs(numbers - self.values) <= units * self.units)
        return close


def _column(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, float).reshape(-1, 1)


class Habit:
    """How a person writes numbers: to how many decimals or significant digits, and whether they cut.

    both: whether the numbers are too few to tell decimals from digits.
    """

    def __init__(self, numbers: Sequence[TypedNumber], cuts: bool = False, both: bool = False):
        typed = [entry for entry in numbers if entry.place is not None]
        self.cuts = cuts
        self.decimals, often = _usual([-entry.place for entry in typed if entry.place is not None])
        self.digits, as_often = _usual([count for count in map(digits, typed) if count])
        self.by_decimals, self.by_digits = both or often >= as_often, both or as_often >= often
        self.exact = not typed

    def coarser_than(self, number: TypedNumber) -> bool:
        """Whether a number shows more than this person usually does."""
        if number.place is None:
            return False
        return (self.by_decimals and -number.place > self.decimals) or (self.by_digits and digits(number) > self.digits)

    def differs(self, other: Habit) -> bool:
        """Whether another person rounds in another place."""
        return (self.decimals, self.digits) != (other.decimals, other.digits)

    def rounded(self, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of a number that the person did not print: as it is, or as the person rounds it.

        Rounding keeps the order of numbers, so the two ends suffice. A person who may count decimals or digits gets the
        bounds of both.
        """
        lowest, highest = lo, hi
        for unit in self._units(lo, hi):
            low, high = lo / unit, hi / unit
            lowest = np.fmin(lowest, np.ceil(low - (0.5 + SLACK)) * unit)  # a half may go either way
            highest = np.fmax(highest, np.floor(high + (0.5 + SLACK)) * unit)
            if self.cuts:  # a few numbers show no more than that: the person may also round
                lowest, highest = np.fmin(lowest, np.trunc(low) * unit), np.fmax(highest, np.trunc(high) * unit)
        return lowest, highest

    def may_print(self, typed: TypedNumber, lo: float, hi: float) -> bool:
        """Whether the person may print some value between the bounds as this number."""
        if not (math.isfinite(lo) and math.isfinite(hi)):
            return False
        slack = SLACK * unit(typed) + 1e-12 * max(abs(lo), abs(hi))
        half = unit(typed) / 2
        if lo - half - slack <= typed.value <= hi + half + slack:
            return True
        first, last = stands_for(typed, True)
        return self.cuts and first <= hi + slack and last >= lo - slack

    def _units(self, lo: np.ndarray, hi: np.ndarray) -> list[Any]:
        """The units to which the person may round."""
        if self.exact:
            return []
        units: list[Any] = [10.0**-self.decimals] if self.by_decimals else []
        if self.by_digits and self.digits:
            for value in (lo,) if lo is hi else (lo, hi):
                size = np.where((value != 0) & np.isfinite(value), np.abs(value), 1.0)
                units.append(10.0 ** (np.floor(np.log10(size)) + 1 - self.digits))
        return units


def _usual(counts: list[int]) -> tuple[int, float]:
    """The most frequent count, the smallest of several, and its share."""
    if not counts:
        return 0, 0.0
    frequency = Counter(counts)
    most = max(frequency.values())
    return min(count for count, times in frequency.items() if times == most), most / len(counts)
