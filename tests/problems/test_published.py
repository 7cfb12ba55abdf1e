"""Published problems whose answers are right come out as published, by both engines."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, EXAMPLES, EXPECTED, example

import rnncalc
from rnncalc.problems.parse.numbers import number

RIGHT = sorted(name for name, expected in EXPECTED.items() if expected["exit"] == 0)
ROUNDING = 0.51  # units: as far as the rounding of earlier numbers carries any of these answers


def numbers(answers: object, values: np.ndarray) -> Iterator[tuple[Any, Any]]:
    """Pairs of what was published and what was computed; a dict is keyed by step."""
    if isinstance(answers, dict):
        for step, row in answers.items():
            yield from numbers(row, values[int(step) - 1])
    elif isinstance(answers, list):
        for answer, value in zip(answers, values):
            yield from numbers(answer, value)
    elif answers is not None:
        yield answers, float(np.ravel(values)[0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", RIGHT)
def test_what_was_published_right_comes_out(name: str, engine: str) -> None:
    trace = rnncalc.load_problem(EXAMPLES / f"{name}.json", engine=engine).forward()
    for signal, answers in example(name)["answers"].items():
        if signal not in trace:
            continue
        for answer, value in numbers(answers, trace[signal]):
            typed = number(answer)
            assert typed.place is not None
            unit = 10.0**typed.place
            single = len(answer.replace(".", "").strip("-0")) >= 7 and abs(typed.value - value) <= 1e-6 * abs(value)
            cut = math.trunc(value / unit + math.copysign(1e-9, value)) * unit
            close = abs(typed.value - value) <= ROUNDING * unit
            assert single or close or abs(cut - typed.value) < 1e-6 * unit, (signal, answer, value)


def test_the_exercise_that_started_this_project() -> None:
    """Published in 2023 with h = (0.988, 0.999) and y = 2.564."""
    trace = rnncalc.load_problem(EXAMPLES / "seed-two-units-one-step.json").forward()
    np.testing.assert_allclose(trace.a, [[1.3, 2.4]], rtol=1e-15)
    np.testing.assert_allclose(trace.h, [[math.tanh(1.3), math.tanh(2.4)]], rtol=1e-15)
    assert trace.y[0, 0] == pytest.approx(0.7 * math.tanh(1.3) + 0.8 * math.tanh(2.4) + 0.9, abs=1e-14)
