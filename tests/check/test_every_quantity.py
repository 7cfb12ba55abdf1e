"""Every number that a problem has may be answered: typed in full it is right, under every name and in every place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.graph_cases import CASES, one_layer

from rnncalc.check import check
from rnncalc.problems.problem import Problem
from rnncalc.problems.results import Quantities


def typed(array: Any) -> Any:
    """Nested lists of texts; blank where a sequence has no step."""
    if np.ndim(array):
        return [typed(part) for part in array]
    return None if np.isnan(array) else repr(float(array))


def answers_of(problem: Problem) -> dict[str, Any]:
    """Every quantity of a problem, as `rnncalc` hands it out."""
    return {name: typed(array) for name, array in Quantities(problem).items() if np.size(array)}


MORE: dict[str, dict[str, Any]] = {
    "a batch with its own initial states": {
        "x": np.arange(24).reshape(2, 3, 4) / 10, "h0": [[0.1] * 5, [0.2] * 5], "lr": 0.1,
        "targets": [[[0.1, 0.2]] * 3] * 2, "U": np.arange(20).reshape(5, 4) / 30,
    },
    "without biases": {"b": None, "c": None, "lr": 0.1},
    "the gradient at the output given": {"targets": None, "loss": None, "dy": np.arange(10).reshape(5, 2) / 10},
}  # fmt: skip


@pytest.mark.parametrize("case", [*CASES, *MORE])
def test_every_number_typed_in_full_is_right(case: str) -> None:
    problem = CASES[case]() if case in CASES else one_layer("elman", **MORE[case])
    answers = answers_of(problem)
    verdict = check(problem, answers, diagnose=False)
    assert {value.verdict for value in verdict.values} == {"right"}, [
        v.place for v in verdict.values if v.verdict != "right"
    ]
    assert verdict.score == 1
    for name in np.random.default_rng(len(case)).choice(
        list(answers), 3
    ):  # one number is changed, and that one is wrong
        flat: list[Any] = []
        changed = {**answers, name: _changed(answers[name], flat)}
        wrong = [value for value in check(problem, changed, diagnose=False).values if value.verdict == "wrong"]
        assert [value.name.partition(".")[0] for value in wrong][:1] == [name], name


def _changed(value: Any, done: list[Any]) -> Any:
    """The first number that is there, changed."""
    if isinstance(value, list):
        return [_changed(part, done) for part in value]
    if value is None or done:
        return value
    done.append(value)
    return f"{float(value) * 1.5 + 0.25:.6f}"
