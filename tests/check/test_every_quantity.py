"""Every number that a problem has may be answered: typed in full it is right, under every name and in every place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.graph_cases import CASES, one_layer

from rnncalc.check import check
from rnncalc.errors import ProblemError
from rnncalc.model.equations.expression import evaluate
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
        after = check(problem, changed, diagnose=False)
        wrong = [value for value in after.values if value.verdict == "wrong"]
        assert [value.name.partition(".")[0] for value in wrong][:1] == [name], name
        for formula in after.arithmetic if "hard" not in case and case != "functions" else ():
            # its numbers give its result; those functions take arrays alone
            first, *others = [float(np.ravel(evaluate(side, {}))[0]) for side in formula.right]
            assert others == pytest.approx([first] * len(others), rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("nest", [lambda inner: [inner], lambda inner: {"1": inner}])
def test_an_answer_may_be_nested_and_not_without_end(nest: Callable[[Any], Any]) -> None:
    answer: Any = "0.5"
    for depth in range(3000):
        answer = nest(answer)
        if depth in (12, 2999):
            with pytest.raises(ProblemError, match="nested deeper"):
                check(one_layer("elman"), {"h": answer})


def test_one_number_may_stand_in_a_list_and_two_may_not() -> None:
    problem = one_layer("elman")
    loss = repr(float(Quantities(problem)["loss"]))
    assert check(problem, {"loss": [loss]}).verdict == "right"
    assert "loss is one number, got (2,)" in check(problem, {"loss": [loss, loss]}).values[0].problem


def _changed(value: Any, done: list[Any]) -> Any:
    """The first number that is there, changed."""
    if isinstance(value, list):
        return [_changed(part, done) for part in value]
    if value is None or done:
        return value
    done.append(value)
    return f"{float(value) * 1.5 + 0.25:.6f}"
