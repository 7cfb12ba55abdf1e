"""Who is right: every number's verdict, the published problems, what is shown, what is printed for programs.

Longer than other files: every rule of a verdict is shown on the same few exercises.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest
from support.helpers import EXAMPLES, EXPECTED, answer, example, run

import rnncalc
from rnncalc.check import check
from rnncalc.check.verdicts.records import Judgement, Verdict
from rnncalc.check.verdicts.rounding import digits, is_right, is_truncated
from rnncalc.errors import ProblemError
from rnncalc.problems.parse.numbers import number

SEED: dict[str, Any] = {
    "U": [[0.1, 0.2], [0.3, 0.4]], "W": [[0.2, 0.2], [0.3, 0.3]], "b": [0.5, 0.6], "V": [[0.7, 0.8]], "c": [0.9],
    "x": [[2, 3]],
}  # fmt: skip
SCALAR: dict[str, Any] = {
    "U": 0.5, "W": 0.8, "b": 0.1, "V": 1, "c": 0, "x": [1, 2, 3], "targets": [0.6, 0.8, 1], "lr": 0.1,
    "loss": "half_squared_error",
}  # fmt: skip


def judged(problem: Mapping[str, Any], **answers: Any) -> dict[str, str]:
    """{place: verdict} of answers to a problem's keys."""
    return {value.place: value.verdict for value in checked(problem, **answers).values}


def checked(problem: Mapping[str, Any], **answers: Any) -> Verdict:
    return check(rnncalc.problem(**problem).given, answers)


def places(values: Iterable[Judgement], wanted: str) -> set[tuple[str, int | None, tuple[int, ...]]]:
    return {(value.name, value.step, value.index) for value in values if value.verdict == wanted}


def triples(expected: Iterable[tuple[str, int, list[int]]]) -> set[tuple[str, int | None, tuple[int, ...]]]:
    return {(name, step, tuple(index)) for name, step, index in expected}


# --------------------------------------------------------------------------------------------------- published problems


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_published_problems(name: str) -> None:
    expected = EXPECTED[name]
    problem = rnncalc.load_problem(EXAMPLES / f"{name}.json").given
    verdict = check(problem, example(name)["answers"])
    if expected["exit"] is None:
        return
    unclear = triples(expected.get("unclear", []))
    assert (verdict.verdict != "right") == bool(expected["exit"])
    assert places(verdict.values, "wrong") - unclear == triples(expected["wrong"])
    assert places(verdict.values, "carried") - unclear == triples(expected["carried"])
    assert {mistake.id for mistake in verdict.mistakes[:2]} >= set(expected["mistakes"])
    if not expected["mistakes"]:
        assert not verdict.mistakes


def test_the_exercise_that_started_this_project() -> None:
    data = answer("check", str(EXAMPLES / "seed-two-units-one-step.json"))
    assert [value["verdict"] for value in data["values"]] == ["wrong"] * 3
    assert [value["computed"] for value in data["values"]] == pytest.approx([0.8617231593, 0.9836748577, 2.2901460977])
    assert data["first_wrong"]["name"] == "h"
    shown = run("check", str(EXAMPLES / "seed-two-units-one-step.json"))
    assert shown.returncode == 1
    assert "2.3908" in shown.stdout  # what follows from the h that was given


# ----------------------------------------------------------------------------------------------------------- one number


@pytest.mark.parametrize(
    ("text", "computed", "expected"),
    [
        ("0.80", 0.8049, True),
        ("0.80", 0.8051, False),
        ("0.8", 0.8499, True),
        ("-0.5", -0.45, True),
        ("1e-3", 0.0014, True),
        ("1e-3", 0.0016, False),
        ("1/3", 1 / 3, True),
        ("1/3", 0.3334, False),
        ("0.8617232", 0.86172290, True),  # seven digits: float32 noise
        ("0.86172", 0.86173, False),
    ],
)
def test_right(text: str, computed: float, expected: bool) -> None:
    assert is_right(number(text), computed) is expected


def test_an_updated_parameter_is_held_against_its_update() -> None:
    """0.5000001 for a parameter that moved by 1e-7 is wrong, however near."""
    assert is_right(number("0.50000010"), 0.5000003)
    assert not is_right(number("0.50000010"), 0.5000003, update=3e-7)


@pytest.mark.parametrize(
    ("text", "computed", "expected"),
    [("0.809", 0.80983, True), ("-0.809", -0.80983, True), ("0.810", 0.80983, False), ("0.808", 0.80983, False)],
)
def test_truncated(text: str, computed: float, expected: bool) -> None:
    assert is_truncated(number(text), computed) is expected


@pytest.mark.parametrize(
    ("text", "count"), [("0.0120", 3), ("120", 3), ("0", 0), ("0.000", 0), ("-2.5e-9", 2), ("1/3", 99)]
)
def test_significant_digits(text: str, count: int) -> None:
    assert digits(number(text)) == count


def test_rounding_opens_from_what_was_printed() -> None:
    """tanh(0.1 + 0.8·0.54 + 0.5·2) from h_1 = 0.54: 0.9107 becomes 0.911; from the exact 0.537 it is 0.9104."""
    verdicts = judged(SCALAR, h=["0.54", "0.911", None])
    assert verdicts == {"h_1[1]": "right", "h_2[1]": "rounding"}
    assert judged(SCALAR, h=["0.53705", "0.911", None])["h_2[1]"] == "wrong"


def test_carried_from_ones_own_number() -> None:
    verdict = checked(SCALAR, h=["0.637", "0.9231", "0.9816"])  # the first one is a slip; tanh(0.1 + 0.8·0.637 + 1)
    assert [value.verdict for value in verdict.values] == ["wrong", "carried", "carried"]
    assert verdict.score == 1 / 3 + 1 / 3
    assert verdict.first_wrong is not None
    assert verdict.first_wrong.place == "h_1[1]"
    half = check(rnncalc.problem(**SCALAR, carry=0.5).given, {"h": ["0.637", "0.9231", "0.9816"]})
    assert half.score == pytest.approx(1 / 3)


@pytest.mark.parametrize("slip", ["0.000", "1.000"])
def test_no_credit_where_the_slip_left_nothing_to_do(slip: str) -> None:
    value = float(slip)
    second = np.tanh(0.1 + 0.8 * value + 0.5 * 2)
    verdict = checked(SCALAR, h=[slip, f"{second:.4f}", None])
    assert [value.verdict for value in verdict.values] == ["wrong", "carried"]
    assert verdict.score == 0


def test_few_digits_earn_nothing_unless_they_are_exact() -> None:
    verdict = checked({"U": 1, "W": 1, "activation": "identity", "x": [2, -0.5, 1]}, h=["2", "1.5", "3"])
    assert [(value.verdict, value.coarse, value.credit) for value in verdict.values] == [
        ("right", False, 1.0),  # 2.0, of which a spreadsheet dropped the nought
        ("right", False, 1.0),
        ("right", True, 0.0),  # 2.5 rounded: nobody can tell
    ]


def test_whoever_writes_nought_is_not_right() -> None:
    verdict = checked(SCALAR, dW="0")
    assert verdict.values[0].coarse
    assert verdict.score == 0


def test_rounded_inputs_open_the_interval() -> None:
    problem = {"U": "0.5", "W": "0.5", "x": ["1.0"]}
    assert judged(problem, h=["0.47"]) == {"h_1[1]": "wrong"}
    assert judged({**problem, "rounded_inputs": True}, h=["0.47"]) == {"h_1[1]": "rounding"}


def test_who_cuts_is_judged_as_one_who_cuts() -> None:
    verdicts = judged({"U": 0.9, "W": 0.5, "b": 0.3, "h0": 0.1, "x": [0.7, 0.5, 0.2]}, h=["0.753", "0.809", "0.708"])
    assert set(verdicts.values()) <= {"right", "truncated"}


# ----------------------------------------------------------------------------------------------------- what was claimed


def test_answers_in_many_forms() -> None:
    whole = {"h": [["0.8617", "0.9837"]], "y": [["2.290"]]}
    assert set(judged(SEED, **whole).values()) == {"right"}
    assert set(judged(SEED, h="0.8617 0.9837", y="2.290").values()) == {"right"}
    assert judged(SEED, h={"1": [None, "0.9837"]}) == {"h_1[2]": "right"}
    assert judged(SEED, h=[[0.861723, None]]) == {"h_1[1]": "right"}
    assert judged(SEED, h=r"\begin{bmatrix} 0.8617 & 0.9837 \end{bmatrix}")["h_1[2]"] == "right"


def test_gates_by_name_and_stacked() -> None:
    lstm: dict[str, Any] = {
        "cell": "lstm", "U": [[0.6], [0.5], [0.7], [0.8]], "W": [[0.2], [0.1], [0.3], [0.4]], "x": [1],
        "targets": [1], "loss": "squared_error", "lr": 1, "h0": 0.5, "V": 2,
    }  # fmt: skip
    problem = rnncalc.problem(**lstm).given
    trace = problem.forward()
    grads = problem.backward(trace)
    stacked = [f"{value:.6f}" for value in grads.U[:, 0]]
    assert set(judged(lstm, dU=stacked).values()) == {"right"}
    assert judged(lstm, dU={"o": stacked[3]}, f=[f"{trace.f[0, 0]:.5f}"]) == {"f_1[1]": "right", "dU.o[1][1]": "right"}
    other = {**lstm, "gates": "iofg"}
    swapped = rnncalc.problem(**other).given
    gradients = swapped.backward(swapped.forward())
    order = [f"{gradients.U[row, 0]:.6f}" for row in (0, 3, 1, 2)]
    assert set(judged(other, dU=order).values()) == {"right"}


def test_other_peoples_letters() -> None:
    problem: dict[str, Any] = {
        "W_xh": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], "W_hh": [[0.2, 0.2, 0.1], [0.3, 0.3, 0.1], [0, 0.1, 0.2]],
        "b_h": [0.5, 0.6, 0.7], "W_hq": [[0.7], [0.8], [0.9]], "b_q": 0.9, "x": [[2, 3]], "targets": [1],
        "loss": "squared_error", "lr": 0.1,
    }  # fmt: skip
    stated = rnncalc.problem(**problem).given
    grads = stated.backward(stated.forward())
    theirs = [[f"{value:.5f}" for value in row] for row in grads.U.T]  # row vectors: (D, H)
    assert set(judged(problem, dW_xh=theirs).values()) == {"right"}
    assert stated.network.read_out is not None
    new = [[f"{value:.5f}" for value in row] for row in (stated.network.read_out.arrays["V"] - 0.1 * grads.V).T]
    assert set(judged(problem, W_hq_new=new).values()) == {"right"}


def test_a_stack_in_both_directions() -> None:
    rng = np.random.default_rng(3)

    def draw(*shape: int) -> Any:
        return np.asarray(rng.normal(size=shape)).tolist()

    problem: dict[str, Any] = {
        "layers": [
            {"cell": "elman", "U": draw(2, 3), "W": draw(2, 2), "direction": "both",
             "backward": {"U": draw(2, 3), "W": draw(2, 2)}},
            {"cell": "gru", "U": draw(9, 4), "W": draw(9, 3)},
        ],
        "V": draw(1, 3), "x": draw(4, 3), "targets": [1, 2, 3, 4], "loss": "half_squared_error", "lr": 0.1,
    }  # fmt: skip
    stated = rnncalc.problem(**problem).given
    trace = stated.forward()
    grads = stated.backward(trace)

    def texts(array: Any) -> Any:
        return np.vectorize(lambda value: f"{value:.5f}", otypes=[object])(array).tolist()

    below, below_grads = trace.layers[0], grads.layers[0]
    assert below.forward is not None
    assert below.backward is not None
    assert below_grads.forward is not None
    assert below_grads.backward is not None
    answers = {
        "layers": [
            {"h": texts(below.h), "forward": {"h": texts(below.forward.h), "dU": texts(below_grads.forward.U)},
             "backward": {"h": texts(below.backward.h), "dW": texts(below_grads.backward.W)}},
            {"z": texts(trace.layers[1].z), "dU": texts(grads.layers[1].U)},
        ],
        "y": texts(trace.y), "dV": texts(grads.V), "loss": f"{grads.loss:.5f}", "dx": texts(grads.x),
    }  # fmt: skip
    verdict = checked(problem, **answers)
    assert {value.verdict for value in verdict.values} == {"right"}
    assert {"layers[1].backward.h", "layers[1].h", "layers[2].z"} <= {value.name for value in verdict.values}


def test_a_ragged_batch() -> None:
    problem = {"U": 0.5, "W": 0.5, "x": [[[1], [2]], [[3], [4]], [[5], [6]]], "lengths": [2, 0, 1]}
    verdict = checked(problem, h=[[["0.4621"], ["0.8429"]], [None, None], [["0.9866"], None]])
    assert [value.place for value in verdict.values] == ["h_1[1][1]", "h_1[3][1]", "h_2[1][1]"]
    assert verdict.verdict == "right"


def test_an_own_cell() -> None:
    cell = {
        "name": "leaky",
        "state": ["h"],
        "emits": "h",
        "equations": {"h": "0.5 * h_p + tanh(b + U @ x_t + W @ h_p)"},
    }
    problem: dict[str, Any] = {
        "cell": cell,
        "U": 0.3,
        "W": 0.2,
        "b": 0.1,
        "x": [1, 2],
        "targets": [1, 1],
        "loss": "squared_error",
    }
    stated = rnncalc.problem(**problem).given
    trace = stated.forward()
    grads = stated.backward(trace)
    verdicts = judged(problem, h=[f"{value:.6f}" for value in trace.h[:, 0]], dU=f"{grads.U[0, 0]:.6f}")
    assert set(verdicts.values()) == {"right"}


def test_a_wrong_shape_is_wrong_and_says_so() -> None:
    verdict = checked(SEED, h=[["0.1", "0.2", "0.3"]])
    assert verdict.verdict == "wrong"
    assert "(1, 2)" in verdict.values[0].problem
    assert verdict.values[0].computed is None


@pytest.mark.parametrize("text", ["abc", "nan", "", "0.8.1", True, "1e", "inf", {}])
def test_no_number_is_unreadable_or_blank(text: bool | dict[str, Any] | str) -> None:
    verdict = checked(SEED, h=[[text, "0.9837"]], y="2.29")
    assert {value.verdict for value in verdict.values if value.place == "h_1[1]"} <= {"unreadable", "right"}
    if text != "":
        assert verdict.verdict != "right"


def test_unreadable_is_apart_from_wrong() -> None:
    assert checked(SEED, h=[["x", "0.9837"]]).verdict == "unreadable"
    assert checked(SEED, h=[["x", "0.5"]]).verdict == "wrong"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"hh": 1}, "did you mean"),
        ({"dW": 1}, "targets"),
        ({"U_new": 1}, "targets"),
        ({}, "no answers"),
        ({"h": {"5": [1, 2]}}, "step 5"),
        ({"layers": "x"}, "list"),
    ],
)
def test_what_cannot_be_asked(answers: dict[str, Any], said: str) -> None:
    with pytest.raises(ProblemError, match=said):
        checked(SEED, **answers)


def test_points_and_blanks() -> None:
    problem = {**SEED, "points": {"h": 4, "y": 2}}
    assert checked(problem, h=[["0.8617", None]], y="2.290").score == pytest.approx((2 + 2) / 6)
    assert checked(problem, h=[["0.8617", "0.9837"]]).score == pytest.approx(4 / 6)


# -------------------------------------------------------------------------------------------------------- what is shown


def test_json() -> None:
    data = answer("check", str(EXAMPLES / "two-units-slip-carried.json"))
    assert set(data) >= {"verdict", "score", "values", "first_wrong", "mistakes"}
    assert set(data["values"][0]) >= {"name", "step", "index", "answer", "computed", "verdict"}
    first = data["first_wrong"]
    assert (first["name"], first["step"], first["index"], first["answer"]) == ("h", 2, [2], "0.5397")
    assert first["from_your_values"] == pytest.approx(np.tanh(0.603))
    update = answer("check", str(EXAMPLES / "hello-update-not-through-time.json"))
    assert update["mistakes"][0]["id"] == "not_through_time"
    assert (update["mistakes"][0]["explains"], update["mistakes"][0]["of"]) == (16, 16)


def test_the_first_slip_is_told_with_its_arithmetic() -> None:
    text = run("check", str(EXAMPLES / "two-units-slip-carried.json")).stdout
    assert "you have 0.5397" in text
    assert "h_2[2] = tanh(0.603) = 0.539181" in text
    assert "follow from 0.5397" in text


def test_a_hint_gives_the_place_and_no_number() -> None:
    arguments = ("check", str(EXAMPLES / "two-units-slip-carried.json"), "--hint")
    text = run(*arguments).stdout
    assert "h_2[2]" in text
    assert "0.5391" not in text
    assert "0.5392" not in text
    data = json.loads(run(*arguments, "--format", "json").stdout)
    assert all("computed" not in value for value in [*data["values"], data["first_wrong"]])
    assert "from_your_values" not in data["first_wrong"]


def test_explain_adds_the_solution() -> None:
    text = run("check", str(EXAMPLES / "seed-two-units-one-step.json"), "--explain").stdout
    assert "a_1[1] = 0.5 + (0.2·0 + 0.2·0) + (0.1·2 + 0.2·3) = 1.3" in text
    assert "cannot tell" in text


@pytest.mark.parametrize("format", ["table", "plain", "json", "csv", "latex", "markdown"])
def test_formats(format: str) -> None:
    done = run("check", str(EXAMPLES / "seed-two-units-one-step.json"), "--format", format)
    assert done.returncode == 1
    assert "0.988" in done.stdout
    assert not done.stderr


def test_answers_on_the_command_line() -> None:
    scalar = ("check", "--U", "0.9", "--W", "0.5", "--b", "0.3", "--h0", "0.1", "--x", "0.7 0.5 0.2")
    assert run(*scalar, "--h", "0.753 0.810 0.709").returncode == 0
    assert run(*scalar, "--h", "_ 0.810 0.7").returncode == 0
    assert run(*scalar, "--h", "0.753 0.820 0.709").returncode == 1
    assert run(*scalar, "--answers.h", "0.753 x 0.709").returncode == 1
    assert run(*scalar).returncode == 2
    assert run(*scalar, "--answers.q", "1").returncode == 2
    name = str(EXAMPLES / "lstm-gradient-for-new-weight.json")
    assert run("check", name, "--answers.W_new.o", "-0.7161").returncode == 0
    assert run("check", name, "--answers", '{"U_new": {"o": "0.4375"}}').returncode == 0
    assert run("check", name, "--answers", "-", stdin='{"answers": {"h": ["0.9"]}}').returncode == 1
    assert run("check", "--U", "1e308", "--W", "9", "--activation", "relu", "--x", "1 1", "--h", "1 2").returncode == 3


def test_check_in_python() -> None:
    verdict = rnncalc.problem(**SEED).check(h=[["0.8617", "0.98"]])
    assert verdict.verdict == "right"
    assert verdict.score == 1
    assert "| h" in verdict._repr_markdown_()
    assert rnncalc.load_problem(EXAMPLES / "seed-two-units-one-step.json").check().verdict == "wrong"


def test_nothing_that_people_type_breaks_it() -> None:
    """Answers of every odd form: a verdict or an error with a reason."""
    rng = np.random.default_rng(11)
    odd = ["0.5", 1, None, True, "x", {}, [], [[]], {"1": "0.5"}, {"1": {"1": 2}}, "[[0.5]]", "1;2;3", "@f", 1e308,
           "1/0", ["0.5"], [["0.5"]], {"o": "1"}, {"forward": {"h": 1}}, "\u0000", "9" * 500, [None], -0.0]  # fmt: skip
    names = [
        "h",
        "y",
        "dU",
        "U_new",
        "layers",
        "loss",
        "a",
        "dU_t",
        "forward",
        "losses",
        "",
        "d",
        "_new",
        "h.o",
        "dh0",
        "é",
    ]
    problem = rnncalc.problem(**SCALAR).given
    for _round in range(400):
        answers = {str(rng.choice(names)): odd[rng.integers(len(odd))] for _name in range(2)}
        try:
            check(problem, answers).data()
        except rnncalc.RnncalcError:
            continue


def test_points_for_a_stack_count_when_its_gates_are_answered_one_by_one() -> None:
    given: dict[str, Any] = {
        "cell": "lstm", "U": [[0.2], [-0.1], [0.3], [0.4]], "W": [[0.6], [0.5], [0.2], [-0.7]], "V": 0.5,
        "x": [0.7, 0.1], "targets": [[1], [0]], "loss": "squared_error", "points": {"dU": 4, "h": 1},
    }  # fmt: skip
    worked = rnncalc.problem(**given)
    gradients, h = worked.backward().U, worked.forward().h
    by_gate = {gate: f"{value:.9g}" for gate, value in zip("ifgo", gradients[:, 0])}
    right = worked.check(dU=by_gate, h=[[f"{value:.9g}"] for value in h[:, 0]])
    assert right.score == pytest.approx(1.0)
    assert worked.check(dU={**by_gate, "o": "7.123"}).score == pytest.approx(3 / 5)
