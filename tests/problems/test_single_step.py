"""Sheets about one step: h_{t-1} and x_t have values, and are the start and the first input."""

from __future__ import annotations

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

from rnncalc.errors import RnncalcError

U, W, B = drawn_at(1, 3, 2), drawn_at(2, 3, 3), drawn_at(3, 3)
X, START = np.array([0.6, -1.1]), np.array([0.3, -0.2, 0.4])
NAMES = {
    "t": ("h_t", "h_{t-1}", "x_t"),
    "^(t)": ("h^{(t)}", "h^{(t-1)}", "x^{(t)}"),
    "<t>": ("h^{<t>}", "h^{<t-1>}", "x^{<t>}"),
    "angle": (r"h^{\langle t \rangle}", r"h^{\langle t-1 \rangle}", r"x^{\langle t \rangle}"),
    "(t)": ("h(t)", "h(t-1)", "x(t)"),
    "letters": ("hₜ", "hₜ₋₁", "xₜ"),
}


def sheet(way: str, bias: bool, own_step: bool, rest: str = "") -> str:
    new, old, given = NAMES[way]
    lines = [f"{new} = \\tanh(U {given} + W {old}{' + b' if bias else ''})", f"U = {printed(U)}", f"W = {printed(W)}"]
    lines += [f"b = {printed(B)}"] * bias
    numbered = given.replace(r"\langle t \rangle", r"\langle 1 \rangle").replace("ₜ", "₁").replace("t", "1")
    lines += [f"{old} = {printed(START)}", f"{given if own_step else numbered} = {printed(X)}", rest]
    return "\n".join(f"$ {line} $" for line in lines if line)


@pytest.mark.parametrize("way", NAMES)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("own_step", [False, True])
def test_what_stands_before_the_step(way: str, bias: bool, own_step: bool) -> None:
    built = problem(sheet(way, bias, own_step))
    expected = np.tanh(U @ X + W @ START + (B if bias else 0))
    np.testing.assert_allclose(built.forward()["h"], [expected], rtol=1e-12)
    assert not any("h_0" in note for note in built.notes)


def test_without_a_start() -> None:
    built = problem("$h_t = \\tanh(W x_t + U h_{t-1})$, $W = 0.5$, $U = 0.2$, $x_t = 0.6$. Find $h_t$.")
    np.testing.assert_allclose(built.forward()["h"], [[np.tanh(0.3)]])


@pytest.mark.parametrize("cell", ["c", "C"])
def test_both_states_of_an_lstm(cell: str) -> None:
    gates = "\n".join(
        f"{gate}_t = σ(W_{gate} x_t + U_{gate} h_{{t-1}})\nW_{gate} = 0.{number}\nU_{gate} = 0.{number + 3}"
        for number, gate in enumerate("ifo", 1)
    )
    candidate = f"\\tilde{{{cell}}}_t = tanh(W_g x_t + U_g h_{{t-1}})\nW_g = 0.8\nU_g = -0.7"
    update = f"{cell}_t = f_t * {cell}_{{t-1}} + i_t * \\tilde{{{cell}}}_t\nh_t = o_t * tanh({cell}_t)"
    text = f"{gates}\n{candidate}\n{update}\nx_t = 1.5\nh_{{t-1}} = 0.4\n{cell}_{{t-1}} = -0.9"

    def gate(w: float, u: float) -> float:
        return float(1 / (1 + np.exp(-(1.5 * w + 0.4 * u))))

    state = gate(0.2, 0.5) * -0.9 + gate(0.1, 0.4) * np.tanh(1.5 * 0.8 - 0.7 * 0.4)
    np.testing.assert_allclose(problem(text).forward()["h"], [[gate(0.3, 0.6) * np.tanh(state)]])


@pytest.mark.parametrize("way", NAMES)
def test_an_answer_of_the_step(way: str) -> None:
    built = problem(sheet(way, True, True) + f"\n\n# My answer\n\n$ {NAMES[way][0]} = [0.1, 0.2, 0.3] $\n")
    assert built.given["answers"].value == {"h": {"1": ["0.1", "0.2", "0.3"]}}


@pytest.mark.parametrize("inputs", ["x_1 = 1, x_2 = 2", "x = [[1], [2]]"])
def test_several_steps_are_refused(inputs: str) -> None:
    text = f"h_t = tanh(W x_t + U h_{{t-1}})\nW = 0.5\nU = 0.2\nh_{{t-1}} = 0.3\n{inputs}"
    with pytest.raises(RnncalcError, match=r"h_\{t-1\}.*2"):
        problem(text)
    assert problem(text.replace("0.3", "0")).forward()["h"].shape == (2, 1)


@pytest.mark.parametrize("value", ["0.3", "0.4"])
def test_two_values_of_one_state(value: str) -> None:
    text = f"h_t = tanh(W x_t + U h_{{t-1}})\nW = 0.5\nU = 0.2\nh_{{t-1}} = 0.3\nh_0 = {value}\nx_1 = 1"
    if value == "0.3":
        np.testing.assert_allclose(problem(text).forward()["h"], [[np.tanh(0.56)]])
    else:
        with pytest.raises(RnncalcError, match=r"h_\{t-1\} = 0.3 and h_0 = 0.4"):
            problem(text)
