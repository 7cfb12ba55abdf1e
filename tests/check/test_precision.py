"""The precision that a sheet asks for, the reason of every lost point, and the share that carried numbers may earn."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support import diagnosis, planted

import rnncalc
from rnncalc.check import Verdict, check
from rnncalc.check.verdicts.precision import Precision
from rnncalc.errors import ProblemError
from rnncalc.problems.parse.numbers import number

SUMS = {"U": 1, "W": 0, "activation": "identity"}  # h is x: every number is its own computed value


def checked(keys: dict[str, Any], **answers: Any) -> Verdict:
    return check(rnncalc.problem(**keys).given, answers)


def judged(computed: float, text: str, precision: Any = None) -> tuple[str, bool, float]:
    """Verdict, coarse, credit of one number."""
    keys = {**SUMS, "x": [computed, 1.234567], **({"precision": precision} if precision else {})}
    value = checked(keys, h=[text, None]).values[0]
    return value.verdict, value.coarse, value.credit


def test_every_number_of_right_digits_is_as_asked() -> None:
    """Rounded or cut at the asked decimals or later, with and without its last zeros: all earn their point."""
    rng = np.random.default_rng(3)
    for decimals, more, dropped in itertools.product(range(5), range(3), (False, True)):
        computed = float(np.round(rng.normal() * 3, 6)) or 0.5
        for size in (computed, round(computed, decimals)):  # a number whose last decimals are zeros too
            text = f"{size:.{decimals + more}f}"
            if dropped and "." in text:
                text = text.rstrip("0").rstrip(".")
            verdict, coarse, credit = judged(size, text, {"decimals": decimals})
            assert (verdict, coarse, credit) == ("right", False, 1.0), (size, text, decimals)


@pytest.mark.parametrize(
    ("computed", "text", "precision", "expected"),
    [
        (0.664037, "0.7", None, ("right", True, 0.0)),
        (0.664037, "0.7", {"decimals": 1}, ("right", False, 1.0)),
        (0.664037, "0.6", {"decimals": 1}, ("truncated", False, 1.0)),
        (0.664037, "0.671", {"decimals": 1}, ("right", False, 1.0)),  # 0.7 after rounding
        (0.664037, "0.76", {"decimals": 1}, ("wrong", False, 0.0)),
        (0.664037, "2/3", {"decimals": 2}, ("truncated", False, 1.0)),  # 0.66 after cutting
        (0.664037, "0.59", {"decimals": 1}, ("wrong", False, 0.0)),
        (0.664037, "0.66", {"decimals": 3}, ("right", True, 0.0)),
        (0.664037, "0.6640", {"digits": 3}, ("right", False, 1.0)),
        (0.664037, "0.66", {"digits": 3}, ("right", True, 0.0)),
        (0.664037, "0.7", {"digits": 1}, ("right", False, 1.0)),
        (12.4, "12", {"decimals": 0}, ("right", False, 1.0)),
        (0.0012, "0.00", {"decimals": 2}, ("right", False, 1.0)),
        (0.0012, "0", {"decimals": 2}, ("right", False, 1.0)),
        (0.0012, "0", None, ("blank", True, 0.0)),
        (-0.2004, "-0.2", None, ("right", False, 1.0)),  # a spreadsheet's -0.20
        (-0.2044, "-0.2", None, ("right", False, 1.0)),
        (-0.2104, "-0.2", None, ("right", True, 0.0)),
        (0.664037, "0.67", {"tolerance": 0.01}, ("right", False, 1.0)),
        (0.664037, "0.6541", {"tolerance": 0.01}, ("right", False, 1.0)),
        (0.664037, "0.6539", {"tolerance": 0.01}, ("wrong", False, 0.0)),
        (0.664037, "0.7", {"tolerance": 0.01}, ("right", True, 0.0)),
        (100.0, "101.9", {"relative": 0.02}, ("right", False, 1.0)),
        (100.0, "102.1", {"relative": 0.02}, ("wrong", False, 0.0)),
        (100.0, "101.9", {"h": {"relative": 0.02}}, ("right", False, 1.0)),
    ],
)
def test_what_the_sheet_asks_for_decides(
    computed: float, text: str, precision: Any, expected: tuple[str, bool, float]
) -> None:
    assert judged(computed, text, precision) == expected


@pytest.mark.parametrize(
    "precision", ["decimals=1", "decimals 1", '{"decimals": 1}', {"decimals": "1"}, {"h": "decimals 1"}]
)
def test_forms_of_the_key(precision: Any) -> None:
    assert judged(0.664037, "0.7", precision) == ("right", False, 1.0)


@pytest.mark.parametrize(
    "precision",
    ["two", {"decimal": 2}, {"decimals": 1.5}, {"tolerance": 0}, {"decimals": 1, "digits": 2}, {"q": {"digits": 2}}],
)
def test_what_is_no_precision_is_refused(precision: Any) -> None:
    with pytest.raises(ProblemError, match=r"precision|decimals|tolerance"):
        judged(0.664037, "0.7", precision)


def test_a_coarse_number_has_its_reason_and_no_mistake_is_named() -> None:
    verdict = checked({"U": 0.7, "W": 0.4, "b": 0.1, "x": [1, 0.5, 2]}, h=["0.7", "0.6", "0.9"])
    assert (verdict.verdict, verdict.score, verdict.mistakes) == ("incomplete", 0, [])
    assert {value["reason"] for value in verdict.data()["values"]} == {"too few digits: two are asked for"}
    assert verdict.first_wrong is None


def test_noughts_everywhere_earn_nothing() -> None:
    """A coarse number opens no interval in which another coarse number becomes right."""
    keys = {"U": 0.3, "W": 0.5, "x": [0.5, -0.4, 0.2, 0.1], "V": 0.7, "targets": [1, 1, 1, 1], "loss": "squared_error"}
    verdict = checked(keys, h=["0"] * 4, y=["0"] * 4, dU="0", dW="0", loss="0")
    assert verdict.score == 0


def test_blanks_that_were_asked_for_are_in_the_list() -> None:
    keys = {**SUMS, "x": [0.25, 0.5], "points": {"h": 4, "y": 2}}
    verdict = checked(keys, h=["0.25", None])
    assert verdict.verdict == "incomplete"
    assert verdict.score == pytest.approx(2 / 6)
    assert [(v.place, v.verdict, v.reason) for v in verdict.values] == [
        ("h_1[1]", "right", ""),
        ("h_2[1]", "blank", "not answered"),
        ("y_1[1]", "blank", "not answered"),
        ("y_2[1]", "blank", "not answered"),
    ]
    assert checked({**SUMS, "x": [0.25, 0.5]}, h=["0.25", None]).verdict == "right"  # without points nothing was asked


@pytest.mark.parametrize(("carry", "score"), [(1, 1.0), (0.5, 0.625), ({"credit": 1, "at_most": 0.5}, 0.75)])
def test_the_share_of_carried_numbers(carry: Any, score: float) -> None:
    h = [0.3]
    for x in (0.5, 2, 1):
        h.append(float(np.tanh(0.1 + 0.8 * h[-1] + 0.5 * x)))
    h = [0.637, *[0.0] * 3]  # a slip; the others follow from it
    for step, x in enumerate((2, 1, 0.5), 1):
        h[step] = float(np.tanh(0.1 + 0.8 * h[step - 1] + 0.5 * x))
    keys = {"U": 0.5, "W": 0.8, "b": 0.1, "x": [1, 2, 1, 0.5], "carry": carry}
    verdict = checked(keys, h=[f"{value:.4f}" for value in h])
    assert [value.verdict for value in verdict.values] == ["wrong", *["carried"] * 3]
    earned = score * 4 - 1
    assert verdict.score == pytest.approx(earned / 4)
    assert all(value.reason for value in verdict.values[1:]) == (carry != 1)


@pytest.mark.parametrize("carry", [1.5, {"credit": 2}, {"most": 1}, {"at_most": -1}])
def test_what_is_no_share_is_refused(carry: Any) -> None:
    with pytest.raises(ProblemError, match=r"carry|credit|at_most"):
        checked({**SUMS, "x": [0.25], "carry": carry}, h="0.25")


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("precision", [{"tolerance": 0.02}, {"relative": 0.05}, {"decimals": 1}])
@pytest.mark.parametrize("mistake", ["output_bias_omitted", "not_through_time", "derivative_omitted"])
def test_a_mistake_is_named_beside_numbers_that_are_right_as_far_as_is_asked(
    mistake: str, precision: dict[str, float], second: bool
) -> None:
    """The states are typed with more digits than are right; the mistake, or two, does not change them."""
    rng, shown, named = np.random.default_rng(6), 0, 0
    while shown < 3:
        problem = planted.problem(mistake, rng)
        wrong = {**problem, "c": 0 * problem["c"]} if second else problem
        answers = diagnosis.answered(mistake, planted.solve(wrong, mistake, rng), 6)
        exact = planted.solve(problem)["h"]
        kind = next(iter(precision))
        off = {"tolerance": 0.013, "relative": 0.03 * exact}.get(kind, np.round(exact, 1) - exact + 0.0123)
        answers["h"] = planted.texts(exact + off, 6)
        verdict = checked(planted.keys(problem) | {"precision": precision}, **answers)
        states = {value.verdict for value in verdict.values if value.name == "h"}
        if verdict.first_wrong is None or states != {"right"}:
            continue
        shown += 1
        named += mistake in diagnosis.names(verdict) or (second and "output_bias_omitted" in diagnosis.names(verdict))
    assert named == shown


def test_zeros_are_added_up_to_the_finer_of_both_sizes() -> None:
    """1 for 0.96 is no 1.0: two digits of 0.96 are 0.96."""
    assert Precision("digits", 2).filled(number("1"), 0.96).place == -2
    assert Precision("digits", 2).filled(number("0"), 0.0031).place == -4


def test_a_number_is_judged_by_what_enters_it() -> None:
    """dV is not made of dU and dW: beside their few digits it earns no more than it earns alone."""
    rng = np.random.default_rng(5)
    noticed = 0
    for decimals, shift in itertools.product((1, 2, 3) * 8, (0.0, 0.04, 0.2)):
        keys = {
            "U": 0.3, "W": 0.5, "b": 0.3, "V": 1.2, "x": np.round(rng.normal(size=3) * 4, 1).tolist(),
            "targets": [-1, 3.2, 1.4], "loss": "half_squared_error",
        }  # fmt: skip
        problem = rnncalc.problem(**keys).given
        gradients = problem.backward(problem.forward())
        answer = f"{gradients.V[0, 0] + shift:.{decimals}f}"
        beside = {name: f"{gradients[name][0, 0]:.1f}" for name in ("U", "W")}
        alone = check(problem, {"dV": answer}, diagnose=False).values[0]
        verdict = check(problem, {"dU": beside["U"], "dW": beside["W"], "dV": answer}, diagnose=False)
        value = next(value for value in verdict.values if value.name == "dV")
        assert value.credit <= alone.credit
        assert value.verdict == "wrong" or alone.verdict != "wrong"
        noticed += alone.verdict == "wrong"
    assert noticed > 10


@pytest.mark.parametrize("precision", [None, {"digits": 3}, {"decimals": 9}])
def test_a_number_without_one_digit_of_the_right_one_is_no_answer(precision: Any) -> None:
    """Rounded or cut at any place, of any size and sign: blank where its first digit is not shown, else it counts."""
    rng = np.random.default_rng(7)
    kinds = set()
    for power, sign, decimals, cut in itertools.product(range(-4, 2), (1, -1), range(6), (False, True)):
        mantissa = rng.uniform(1, 10)
        computed = sign * float(f"{mantissa:.9f}e{power}")
        size = abs(computed) * 10**decimals
        text = f"{sign * (np.floor(size) if cut else np.round(size)) / 10**decimals:.{decimals}f}"
        verdict, coarse, credit = judged(computed, text, precision)
        shown = -decimals <= power or (not cut and -decimals == power + 1 and mantissa >= 9.5)
        kinds.add(shown)
        if shown:
            assert verdict in ("right", "truncated"), (computed, text)
        else:
            assert (verdict, coarse, credit) == ("blank", True, 0.0), (computed, text)
    assert kinds == {True, False}


@pytest.mark.parametrize("zero", ["0", "-0", "0."])
def test_numbers_after_a_nought_are_not_judged_from_it(zero: str) -> None:
    problem = {"U": [[-0.5, 0.8], [0.9, 0.5]], "W": [[-0.5, 0.6], [-0.7, 0.1]], "b": [0.2, 0.6]}
    keys: dict[str, Any] = {**problem, "x": [[0.5, 1.5], [1, -1]]}
    trace = rnncalc.problem(**keys).forward()
    right = [[f"{number:.4f}" for number in step] for step in trace["h"]]
    verdict = checked(keys, h=[[right[0][0], zero], right[1]])
    assert [value.verdict for value in verdict.values] == ["right", "blank", "right", "right"]
    assert (verdict.verdict, verdict.score) == ("incomplete", 0.75)
    after = float(np.tanh(0.6 - 0.7 * trace["h"][0][0] + 0.9 - 0.5))  # as if the nought were meant
    verdict = checked(keys, h=[[right[0][0], zero], [right[1][0], f"{after:.4f}"]])
    assert [value.verdict for value in verdict.values] == ["right", "blank", "right", "wrong"]


def test_noughts_that_are_exact_are_right() -> None:
    """Also where float64 leaves a rest, and with as many zeros as anybody types."""
    for zero in ("0", "0.0", "0.00", "-0", "0e0"):
        verdict = checked({"U": [[0.1, 0.2], [1, 0]], "W": 0, "activation": "identity", "x": [[-2, 1]]}, h=[zero, "-2"])
        assert [value.credit for value in verdict.values] == [1, 1], zero
        verdict = checked(
            {"U": [[0.1, 0.7, -0.8]], "W": 0, "activation": "relu", "x": [[1, 1, 1], [-3, 0, 0]]}, h=[zero, zero]
        )
        assert verdict.score == 1, zero
