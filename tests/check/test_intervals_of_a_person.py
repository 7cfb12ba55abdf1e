"""What rounding excuses, and nothing more: verdicts beside all values that a person may have gone on with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.check import check
from rnncalc.check.verdicts.records import ACCEPTED

LINE: dict[str, Any] = {"U": 1, "W": 3.7183, "activation": "identity"}  # h_t = 3.7183 h_{t-1} + x_t


def written(value: float, decimals: int, cut: bool) -> float:
    """A number rounded at so many decimals, or cut there."""
    size = abs(value) * 10**decimals
    return float(np.copysign((np.floor(size) if cut else np.floor(size + 0.5)) / 10**decimals, value))


def meant(value: float, decimals: int, cut: bool) -> tuple[float, float]:
    """The ends of the values that are written so."""
    unit = 10.0**-decimals
    if not cut:
        return value - unit / 2, value + unit / 2
    return min(value, value + np.copysign(unit, value)), max(value, value + np.copysign(unit, value))


def excused(keys: dict[str, Any], answers: list[str | None], last: Iterable[float], decimals: int) -> list[bool]:
    """Which of these last states are accepted after the others."""
    problem = rnncalc.problem(**keys).given
    verdicts = [check(problem, {"h": [*answers, f"{value:.{decimals}f}"]}, diagnose=False) for value in last]
    return [verdict.values[-1].verdict in ACCEPTED for verdict in verdicts]


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("decimals", [2, 4])
def test_a_printed_number_stands_for_what_is_written_so(decimals: int, sign: int, cut: bool) -> None:
    """h_2 = 3.7183 h_1 from every h_1 that is written as it was, rounded; one who cuts may cut h_2 too."""
    rng, unit = np.random.default_rng(decimals), 10.0**-decimals
    for _problem in range(3):
        h = sign * (round(rng.uniform(0.2, 0.9), decimals) + unit * (0.7 if cut else 0.3))  # 0.7 of a unit is cut off
        printed = written(h, decimals, cut)
        ends = sorted(3.7183 * end for end in meant(printed, decimals, cut))
        candidates = written(3.7183 * h, decimals, False) + unit * np.arange(-8, 9)
        expected = []
        for value in candidates:
            spans = [meant(value, decimals, False)] + ([meant(value, decimals, True)] if cut else [])
            may = any(lo <= ends[1] and hi >= ends[0] for lo, hi in spans)
            expected.append(may or abs(value - written(3.7183 * h, decimals, True)) < unit / 10)
        accepted = excused({**LINE, "x": [h, 0]}, [f"{printed:.{decimals}f}"], candidates, decimals)
        assert accepted == expected
        assert 3 <= sum(expected) < len(expected)


@pytest.mark.parametrize("large", [False, True])
def test_what_is_not_printed_is_rounded_as_the_rest_is(large: bool) -> None:
    """h_2 is not printed: taken as it is, or rounded to as many decimals, or digits where the others have as many."""
    rng, decimals, unit = np.random.default_rng(7), 3, 1e-3
    for _problem in range(4):
        h = rng.uniform(0.2, 0.9)
        x = [h, 42.0 * large - 0.1, -3.7183 * (42.0 * large - 0.1) - 3.7183**2 * h + rng.uniform(0.2, 0.8)]
        between = np.linspace(*meant(written(h, decimals, False), decimals, False), 300) * 3.7183 + x[1]
        rounded: list[Any] = [between, np.round(between, decimals), [float(f"{value:.3g}") for value in between]]
        last = [3.7183 * value + x[2] for value in np.concatenate(rounded)]
        first = f"{written(h, decimals, False):.{decimals}f}"
        candidates = np.round(0.5 * (min(last) + max(last)), decimals) + unit * np.arange(-40, 41) * (
            10 if large else 1
        )
        edges = min(last) - unit / 2, max(last) + unit / 2
        clear = [value for value in candidates if min(abs(value - edge) for edge in edges) > unit / 5 and value >= 0.1]
        accepted = excused({**LINE, "x": x}, [first, None], clear, decimals)
        assert accepted == [edges[0] <= value <= edges[1] for value in clear]
        assert any(accepted)
        assert not all(accepted)
