"""One number: what the digits that were typed say against what was computed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from rnncalc.problems.parse.numbers import Typed

SLACK = 1e-9  # of a unit: what float64 may lose on the way
SINGLE = 1e-6  # relative: float32 noise
NOISE = 1e-14  # of the terms of a sum: what float64 may leave where they cancel
EXACT = 99  # digits of a fraction, which has any number of them
MANY = 7  # significant digits from which a number was printed by a machine


def unit(typed: Typed) -> float:
    """The unit of the last digit that was typed; 0 for a fraction, which is exact."""
    return 0.0 if typed.place is None else 10.0**typed.place


def digits(typed: Typed) -> int:
    """How many significant digits were typed: 0.0120 has three. A fraction has any number."""
    if typed.place is None:
        return EXACT
    if typed.value == 0:
        return 0
    scaled = abs(typed.value) / unit(typed) if unit(typed) > 0 else 0
    if scaled == math.inf:
        return EXACT
    return len(str(round(scaled))) if round(scaled) else 0


def is_right(typed: Typed, computed: float, update: float | None = None) -> bool:
    """Within half a unit; or printed by a machine and within float32 noise. update: by how much a parameter moved.

    Where the computed value is not finite, no number is right.
    """
    if not math.isfinite(computed):
        return False
    apart = abs(typed.value - computed)
    if apart <= unit(typed) / 2 * (1 + SLACK) + 1e-12 * abs(computed) + 1e-15 * (typed.place is None):
        return True
    scale = abs(computed) if update is None else abs(update)
    return digits(typed) >= MANY and apart <= SINGLE * scale


def is_truncated(typed: Typed, computed: float) -> bool:
    """Whether it is the computed value cut, not rounded."""
    own = unit(typed)
    if own == 0 or not math.isfinite(computed / own):
        return False
    cut = math.floor(abs(computed) / own + SLACK) * own
    return math.isclose(math.copysign(cut, computed), typed.value, rel_tol=1e-12, abs_tol=SLACK * own)


def equals(typed: Typed, computed: float) -> bool:
    """The exact value, to 1e-6: what a number with few digits must be to earn its mark."""
    return math.isfinite(computed) and abs(typed.value - computed) <= max(SINGLE * abs(computed), 1e-12)


def stands_for(typed: Typed, cut: bool = False) -> tuple[float, float]:
    """The numbers that a printed one may have been made from: rounded, or cut towards zero."""
    own, value = unit(typed), typed.value
    if not cut:
        return value - own / 2, value + own / 2
    return (value - own, value) if value < 0 else (value, value + own)


class Written:
    """Many numbers as typed, for `is_right` and `is_truncated` of whole tables of numbers at once.

    before: what a parameter was before its update, NaN for what is none.
    """

    def __init__(self, typed: Sequence[Typed], before: Sequence[float]):
        self.values = _column([one.value for one in typed])
        self.units = _column([unit(one) for one in typed])
        self.exact = _column([one.place is None for one in typed]) > 0
        self.many = _column([digits(one) >= MANY for one in typed]) > 0
        self.before = _column(before)

    def fits(self, numbers: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Where these numbers, (typed, any), give all the digits that were typed, rounded or cut."""
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
        """Where these numbers are at most so many units of the last digit away."""
        with np.errstate(all="ignore"):
            found: np.ndarray = np.isfinite(numbers) & (np.abs(numbers - self.values) <= units * self.units)
        return found


def _column(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, float).reshape(-1, 1)


class Habit:
    """How one person writes numbers: to how many decimals or digits, and whether they cut."""

    def __init__(self, numbers: Sequence[Typed], cuts: bool = False):
        typed = [one for one in numbers if one.place is not None]
        self.cuts = cuts
        self.decimals, often = _usual([-one.place for one in typed if one.place is not None])
        self.digits, as_often = _usual([digits(one) for one in typed if digits(one)])
        self.by_decimals, self.by_digits = often >= as_often, as_often >= often
        self.exact = not typed

    def rounded(self, lo: np.ndarray, hi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of a number that they did not print: as it is, or as they round it.

        Rounding keeps the order of numbers, so the ends say it all. Where they might count decimals or digits, both.
        """
        lowest, highest = lo, hi
        for unit in self._units(lo, hi):
            low, high = lo / unit, hi / unit
            lowest = np.fmin(lowest, np.ceil(low - (0.5 + SLACK)) * unit)  # a half: either way
            highest = np.fmax(highest, np.floor(high + (0.5 + SLACK)) * unit)
            if self.cuts:  # as far as a few numbers show: they may also round
                lowest, highest = np.fmin(lowest, np.trunc(low) * unit), np.fmax(highest, np.trunc(high) * unit)
        return lowest, highest

    def _units(self, lo: np.ndarray, hi: np.ndarray) -> list[np.ndarray]:
        """The units to which they may round."""
        if self.exact:
            return []
        found = [np.array(10.0**-self.decimals)] if self.by_decimals else []
        if self.by_digits and self.digits:
            for value in (lo,) if lo is hi else (lo, hi):
                size = np.where((value != 0) & np.isfinite(value), np.abs(value), 1.0)
                found.append(10.0 ** (np.floor(np.log10(size)) + 1 - self.digits))
        return found


def _usual(counts: list[int]) -> tuple[int, float]:
    """The most frequent count (of several, the smallest), and its share."""
    if not counts:
        return 0, 0.0
    found = Counter(counts)
    most = max(found.values())
    return min(count for count, times in found.items() if times == most), most / len(counts)
