"""Why it is wrong: planted mistakes are named, right answers are left alone, and what cannot be told is said."""

import re
from typing import Any

import numpy as np
import pytest
from support import diagnosis, planted, planted_code
from support.helpers import EXAMPLES, run

import rnncalc
from rnncalc.check import check
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.report.explain_mistake import LESSONS

EVERY = (*planted.FORWARD, *planted.GATED, *planted.GRADIENT)


def test_every_mistake_is_planted_and_has_a_lesson() -> None:
    of_code = {
        name.partition(":")[0] for name in (*planted_code.FORWARD, *planted_code.BACKWARD, *planted_code.CHARACTERS)
    }
    unseen = {"input_modified"}  # whoever calls the code sees it, no number shows it
    in_lines = {"cache_order", "concatenation_order", "U_not_transposed"}  # planted in test_code_cache, test_code_pairs
    assert {*EVERY, *of_code} | unseen | in_lines == set(MISTAKES) == set(LESSONS)


@pytest.mark.parametrize("mistake", EVERY)
def test_a_planted_mistake_is_named(mistake: str) -> None:
    """Solved by plain NumPy, which knows nothing of how rnncalc rewrites equations."""
    rng = np.random.default_rng(len(mistake))
    shown = 0
    for number in range(6):
        problem = planted.problem(mistake, rng)
        answers = diagnosis.answered(mistake, planted.solve(problem, mistake, rng), diagnosis.DECIMALS[number % 3])
        verdict = check(rnncalc.problem(**planted.keys(problem)).given, answers)
        if verdict.first_wrong is not None:
            shown += 1
            assert mistake in diagnosis.names(verdict), problem
    assert shown >= 3


@pytest.mark.parametrize("sign", [1, -1])
def test_a_bias_with_the_other_sign(sign: int) -> None:
    """b where the equation has −b, and the other way; gradient and update follow from the person's equation."""
    rng = np.random.default_rng(3)
    for _number in range(4):
        problem = planted.problem("sign_flipped", rng)
        wrong = {**problem, "b": -sign * problem["b"]}
        solved = planted.solve(wrong)
        solved["db"] = -sign * solved["db"]
        solved["b_new"] = problem["b"] - problem["lr"] * solved["db"]
        answers = {name: planted.texts(solved[name], 5) for name in ("h", "y", "dU", "db", "b_new")}
        function, between = problem.get("activation", "tanh"), "+" if sign > 0 else "-"
        line = f"h_t = {function}(U x_t + W h_{{t-1}} {between} b)"
        stated = {name: value for name, value in planted.keys(problem).items() if name != "activation"}
        output = f"y_t = {stated.pop('output', 'identity')}(V h_t + c)".replace("identity", "")
        verdict = check(rnncalc.problem(**stated, equations=[line, output]).given, answers)
        assert verdict.mistakes[0].id == "bias_subtracted", (problem, verdict.mistakes)
        assert ("subtracted, not added" in verdict.mistakes[0].message) == (sign > 0)
        assert verdict.mistakes[0].explains == verdict.mistakes[0].of


def test_two_mistakes_together() -> None:
    """No bias, and U transposed: neither alone gives any of the numbers."""
    rng = np.random.default_rng(5)
    problem = planted.problem("U_transposed", rng)
    both = {**problem, "b": 0 * problem["b"]}
    answers = diagnosis.answered("U_transposed", planted.solve(both, "U_transposed"), 6)
    verdict = check(rnncalc.problem(**planted.keys(problem)).given, answers)
    assert {mistake.id for mistake in verdict.mistakes[:2]} == {"U_transposed", "bias_omitted"}
    assert verdict.mistakes[0].together == verdict.mistakes[1].id


def test_a_mistake_on_top_of_a_slip() -> None:
    """h_2 is miscalculated; the gradient, from one's own numbers, does not go through time."""
    problem: dict[str, Any] = {
        "U": 0.5,
        "W": 0.8,
        "b": 0.1,
        "V": 1,
        "x": [1, 2],
        "targets": [0.6, 0.8],
        "loss": "half_squared_error",
    }
    h = (0.5370, 0.9304)
    ds = (h[0] - 0.6, h[1] - 0.8)
    da = [d * (1 - state**2) for d, state in zip(ds, h)]
    answers = {"h": [f"{state:.4f}" for state in h], "dU": f"{da[0] + 2 * da[1]:.5f}", "db": f"{sum(da):.5f}"}
    verdict = check(rnncalc.problem(**problem).given, answers)
    assert verdict.first_wrong is not None
    assert verdict.first_wrong.place == "h_2[1]"
    assert verdict.mistakes[0].id == "not_through_time"


@pytest.mark.parametrize("slip", [1, 2, 3, 4])
@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("mistake", ["bias_omitted", "activation_sigmoid", "recurrence_omitted", "state_lag"])
def test_a_mistake_beside_a_slip_of_its_own(mistake: str, carried: bool, slip: int) -> None:
    """One state is miscalculated, early or late; carried: the next ones follow from it."""
    keys: dict[str, Any] = {"U": [[0.8]], "W": [[0.4]], "b": [0.25], "h0": [0.3], "x": [[0.5], [1], [0.3], [-0.4]]}
    U, W, b, x = 0.8, 0.4, 0.0 if mistake == "bias_omitted" else 0.25, [0.5, 1, 0.3, -0.4]
    f = planted.FUNCTIONS["sigmoid" if mistake == "activation_sigmoid" else "tanh"]
    states = [0.0, 0.3]
    for step in range(4):
        before = {"recurrence_omitted": 0.0, "state_lag": states[-2]}.get(mistake, states[-1])
        states.append(float(f(np.array(b + W * before + U * x[step]))) + 0.0137 * (carried and step == slip - 1))
    answers = [f"{state + 0.0137 * (not carried and step == slip):.4f}" for step, state in enumerate(states[1:])][1:]
    verdict = check(rnncalc.problem(**keys).given, {"h": answers})
    first = verdict.mistakes[0]
    assert mistake in diagnosis.names(verdict)
    if first.id == mistake:
        assert first.explains == first.of - 1
        assert first.own_slips == (f"h_{slip}[1]",)
        assert first.data()["own_slips"] == [f"h_{slip}[1]"]
    assert all(other.explains < other.of for other in verdict.mistakes)


@pytest.mark.parametrize("mistake", ["preactivation_fed_back", "forget_bias_added"])
def test_a_mistake_that_shows_in_one_state_beside_a_slip(mistake: str) -> None:
    """In two steps only the last state shows it, and outputs follow from that; the slip is in an output before."""
    rng, shown = np.random.default_rng(4), 0
    while shown < 5:
        problem = planted.problem(mistake, rng)
        if len(problem["h0"]) > 1:
            continue
        problem |= {"x": problem["x"][:2], "targets": problem["targets"][:2]}
        answers = diagnosis.answered(mistake, planted.solve(problem, mistake, rng), 6)
        answers["y"][0][0] = f"{float(answers['y'][0][0]) + 0.0321:.6f}"
        verdict = check(rnncalc.problem(**planted.keys(problem)).given, answers)
        assert mistake in diagnosis.names(verdict), problem
        assert verdict.mistakes[0].own_slips == ("y_1[1]",)
        shown += 1


def test_what_is_random_is_not_accused() -> None:
    for decimals in (1, 2, 3):
        rows = diagnosis.random_rows(100, decimals, decimals)
        assert rows["every"] == 0
        assert rows["named"] <= 0.02  # 1 % is the limit, measured in bench/diagnosis.py; these are few rows


def test_every_number_is_said_only_where_it_is_so() -> None:
    """h_3 has one digit, which tells nothing, but it is a wrong number all the same."""
    keys: dict[str, Any] = {"U": 0.8, "W": 0.4, "b": 0.25, "x": [0.5, 1, 0.3]}
    first = check(rnncalc.problem(**keys).given, {"h": ["0.3799", "0.7407", "0.9"]}).mistakes[0]
    assert (first.id, first.explains, first.of, first.own_slips) == ("bias_omitted", 2, 3, ("h_3[1]",))


def test_rounding_excuses_more_than_it_accuses() -> None:
    """W and U exchanged, every number cut to two digits, may give 0.83 for 0.8565: who does so is not known."""
    gates: dict[str, Any] = {"cell": "gru", "b": [0, -0.84, 0.88], "h0": 0.42, "x": [-0.03, 0.93, 0]}
    weights = [[-0.72], [-0.8], [0.58]], [[0.49], [0.26], [0.56]]
    answers = {"h": ["0.66", "0.83", "0.79"]}
    exchanged = check(rnncalc.problem(U=weights[1], W=weights[0], **gates).given, answers)
    assert [value.verdict for value in exchanged.values] == ["rounding", "rounding", "truncated"]
    verdict = check(rnncalc.problem(U=weights[0], W=weights[1], **gates).given, answers)
    assert all(mistake.explains < mistake.of for mistake in verdict.mistakes)


@pytest.mark.parametrize(
    ("mistake", "other"), [("derivative_of_preactivation", -0.41), ("derivative_twice", 0.3), ("sign_flipped", 0.2)]
)
def test_three_gradients_near_the_right_ones_show_a_mistake(mistake: str, other: float) -> None:
    """One unit, three decimals: few variants are as near as this, and all the others could not fit."""
    rng = np.random.default_rng(1)
    problem = planted.problem(mistake, rng)
    problem |= {"U": np.array([[0.78]]), "W": np.array([[-0.47]]), "b": np.array([0.47]), "h0": np.array([0.54])}
    problem |= {"V": np.array([[0.05], [other]]), "c": np.array([-0.09, 0.83]), "loss": "squared_error"}
    problem |= {
        "x": np.array([[-0.25], [-0.29], [0.08]]),
        "targets": np.array([[0.28, 0.75], [0.18, 0.11], [-0.26, -0.69]]),
    }
    answers = diagnosis.answered(mistake, planted.solve(problem, mistake, rng), 3)
    assert mistake in diagnosis.names(check(rnncalc.problem(**planted.keys(problem)).given, answers))


def test_what_books_warn_of_comes_first() -> None:
    """With h_0 = 0 and one unit, z for 1 − z and σ(−a) in z are the same."""
    keys: dict[str, Any] = {
        "cell": "gru", "U": [[0.5], [0.4], [0.7]], "W": [[0.3], [0.6], [0.2]], "b": [0.1, 0.3, 0.2], "x": [[1], [2]],
    }  # fmt: skip
    other = rnncalc.problem(**keys, update="z_new").forward().h
    verdict = check(rnncalc.problem(**keys).given, {"h": planted.texts(other, 4)})
    assert verdict.mistakes[0].id == "update_complement"
    assert "sign_of_preactivation" in verdict.mistakes[0].alike


def test_what_cannot_be_told_is_said() -> None:
    """A symmetric U hides its transposition; a bias left out looks as one put outside where all is in the bias."""
    problem: dict[str, Any] = {"U": [[0.1, 0.2], [0.2, 0.4]], "W": [[0.3, 0.2], [0.1, 0.3]], "x": [[2, 3]]}
    verdict = check(rnncalc.problem(**problem).given, {"h": [["0.1234", "0.2345"]]})
    assert ("U_transposed", "U is symmetric") in verdict.blind
    first: dict[str, Any] = {
        **problem,
        "U": [[0.1, 0.2], [0.3, 0.4]],
        "activation": "identity",
        "x": [[2, 3], [1, 2]],
        "h0": [0, 0],
    }
    alike = check(rnncalc.problem(**first).given, {"h": [None, ["0.5000", "1.1000"]]})  # U x_2 alone
    assert {"recurrence_omitted"} <= {mistake.id for mistake in alike.mistakes}
    ours = next(mistake for mistake in alike.mistakes if mistake.id == "recurrence_omitted")
    assert "state_lag" in ours.alike  # from h_0 = 0 the second step sees nothing either way


def test_a_matter_of_convention_has_an_option() -> None:
    rng = np.random.default_rng(2)
    for mistake, option in (("update_complement", "--update z_new"), ("gate_order", "--gates ")):
        problem = planted.problem(mistake, rng)
        solved = planted.solve(problem, mistake, rng)
        verdict = check(rnncalc.problem(**planted.keys(problem)).given, diagnosis.answered(mistake, solved, 6))
        first = next(diagnosed for diagnosed in verdict.mistakes if diagnosed.id == mistake)
        assert first.option.startswith(option)
        flag, value = first.option.split()
        with_option = {**planted.keys(problem), flag.removeprefix("--"): value}
        assert check(rnncalc.problem(**with_option).given, diagnosis.answered(mistake, solved, 6)).verdict == "right"


def test_right_answers_rounded_at_every_step_are_never_wrong() -> None:
    verdicts = diagnosis.right(300)
    assert (verdicts.pop("coarse"), verdicts.pop("lost")) == (0, 0)
    assert set(verdicts) <= {"right", "truncated", "rounding"}


def test_a_slip_of_one_unit_beyond_the_interval_is_wrong() -> None:
    """Nothing outside its interval is excused: every printed number moved by three units is noticed."""
    problem = rnncalc.load_problem(EXAMPLES / "rain-scalar-forward.json").given
    right = {"a": ["0.600", "1.530", "2.328"], "h": ["0.537", "0.910", "0.981"], "y": ["0.537", "0.910", "0.981"]}
    for name in right:
        for place in range(3):
            moved = [f"{float(text) + 0.003 * (at == place):.3f}" for at, text in enumerate(right[name])]
            verdict = check(problem, {**right, name: moved})
            assert verdict.first_wrong is not None
            assert (verdict.first_wrong.name, verdict.first_wrong.step) == (name, place + 1)


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_each_mistake_can_be_looked_up(mistake: str) -> None:
    assert all(LESSONS[mistake])
    assert re.fullmatch(r"[A-Za-z_]+", mistake)


def test_explain_teaches_a_mistake() -> None:
    done = run("explain", "not_through_time")
    assert done.returncode == 0
    assert "two successors" in done.stdout
    assert "did you mean not_through_time" in run("explain", "not_thru_time").stderr
