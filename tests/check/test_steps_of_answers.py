"""Every step's answer stands for itself: one of another shape, or that cannot be read, takes no other with it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.check import check
from rnncalc.errors import RnncalcError

BAD = ("short", "long", "comma", "words", "bars")


def problem_of(T: int, H: int, **keys: Any) -> Any:
    rng = np.random.default_rng(T * 10 + H)
    U, W, x = (np.round(rng.normal(size=size), 2).tolist() for size in ((H, 2), (H, H), (T, 2)))
    return rnncalc.problem(U=U, W=W, x=x, V=[[1.5] * H], **keys)


def spoilt(row: list[str], kind: str) -> Any:
    """One step's answer as somebody types it who errs."""
    if kind == "short":
        return row[:-1] if len(row) > 1 else [*row, *row]
    if kind == "long":
        return [*row, "0.5"]
    if kind == "comma":
        return [*row[0].replace("0.", "0,", 1).split(","), *row[1:]]
    return " | ".join([*row, "0.5"]) if kind == "bars" else "I do not know this"


@pytest.mark.parametrize(("T", "H", "kind"), list(itertools.product((2, 3), (1, 2, 3), BAD)))
@pytest.mark.parametrize("by_step", [True, False])
def test_a_step_of_another_shape_is_the_only_one_lost(T: int, H: int, kind: str, by_step: bool) -> None:
    problem = problem_of(T, H, points={"h": 10, "y": 2})
    trace = problem.forward()
    rows = [[f"{number:.4f}" for number in row] for row in trace["h"]]
    step = 1 + (H + T) % T
    given: list[Any] = [spoilt(row, kind) if number == step else row for number, row in enumerate(rows, 1)]
    slip = [f"{number:.4f}" for number in trace["y"].ravel()]
    slip[-1] = "7.7777"
    answers = {"h": {str(number): row for number, row in enumerate(given, 1)} if by_step else given, "y": slip}
    verdict = check(problem.given, answers)
    judged = {(value.name, value.step): value for value in verdict.values}
    for number in range(1, T + 1):
        values = [value for value in verdict.values if (value.name, value.step) == ("h", number)]
        if number != step:
            assert [value.verdict for value in values] == ["right"] * H
        elif kind in ("words", "bars"):
            assert [value.verdict for value in values] == ["unreadable"]
            assert values[0].answer is not None
            assert not set("{}['") & set(values[0].answer)
        else:
            assert [(value.verdict, value.place) for value in values] == [("wrong", f"h_{step}")]
            assert values[0].problem.startswith(f"h_{step} must be of the shape ({H},), got (")
            assert (f"decimal comma, write {', '.join(rows[step - 1])}" in values[0].problem) == (kind == "comma")
            assert "object" not in values[0].problem
    assert verdict.first_wrong is judged["y", T]
    assert "The first slip is y" in problem.check(answers).text()
    assert verdict.score == pytest.approx((10 * (T - 1) / T + 2 * (T - 1) / T) / 12)


@pytest.mark.parametrize("points", [None, {"h": 6}])
def test_without_points_a_lost_step_counts_as_its_numbers(points: Any) -> None:
    problem = problem_of(3, 2, **({"points": points} if points else {}))
    rows = [[f"{number:.4f}" for number in row] for row in problem.forward()["h"]]
    for answers in ({"1": rows[0], "2": "0.1", "3": rows[2]}, [rows[0], ["0.1"], rows[2]]):
        assert check(problem.given, {"h": answers}).score == pytest.approx(4 / 6)
    assert check(problem.given, {"h_2": "0.1", "h_1": rows[0], "h_3": rows[2]}).score == pytest.approx(4 / 6)


def test_an_answer_of_which_no_row_fits_is_one_of_another_shape() -> None:
    problem = problem_of(3, 2)
    (value,) = check(problem.given, {"h": [[0.1, 0.2, 0.3]] * 3}).values
    assert value.problem == "h must be of the shape (3, 2), got (3, 3)"


def test_units_of_a_step_are_lost_one_by_one() -> None:
    problem = problem_of(2, 2, points={"h": 4})
    rows = [[f"{number:.4f}" for number in row] for row in problem.forward()["h"]]
    answers = {"h_2[1]": rows[1][0].replace(".", ",").split(","), "h_2[2]": rows[1][1], "h_1": rows[0]}
    verdict = check(problem.given, answers)
    assert {value.place: value.verdict for value in verdict.values} == {
        "h_2[1]": "wrong", "h_1[1]": "right", "h_1[2]": "right", "h_2[2]": "right",
    }  # fmt: skip
    assert verdict.values[0].problem.startswith("h_2[1] is one number, got (2,)")
    assert verdict.score == 0.75


def test_a_sheet_keeps_its_other_steps(tmp_path: Path) -> None:
    """As it is typed under a heading, with a decimal comma in one number."""
    sheet = tmp_path / "sheet.md"
    equations = "h_t = tanh(0.5 x_t + 0.3 h_{t-1})\nx_1 = 1\nx_2 = 2\n"
    sheet.write_text(f"{equations}\n## My answers\n\nh_1 = 0.4621\nh_2 = 0,8139\n", encoding="utf-8")
    verdict = rnncalc.load_problem(sheet).check()
    assert [(value.place, value.verdict) for value in verdict.values] == [("h_2", "wrong"), ("h_1[1]", "right")]
    assert "write 0.8139" in verdict.values[0].problem


@pytest.mark.parametrize(("T", "H"), [(3, 1), (3, 2), (1, 2)])
@pytest.mark.parametrize("name", ["h", "y"])
def test_a_step_behind_the_last_is_no_unknown_name(name: str, T: int, H: int) -> None:
    problem = problem_of(T, H)
    with pytest.raises(RnncalcError, match=f"there is no {name}_{T + 3}: T = {T}"):
        check(problem.given, {f"{name}_{T + 3}": "0.5"})
    with pytest.raises(RnncalcError, match="unknown name"):
        check(problem.given, {f"q_{T + 3}": "0.5"})
