"""Names of what is derived: letters for the gradient at a signal, gradients at steps, parameters after the update."""

from __future__ import annotations

import contextlib
import functools

import numpy as np
import pytest
from support.sheets import drawn_at, problem

from rnncalc.check import check
from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.results import Quantities

T, D, H, O = 3, 2, 3, 2
U, W, V = drawn_at(1, H, D), drawn_at(3, H, H), drawn_at(5, O, H)
X, TARGETS = drawn_at(7, T, D), drawn_at(9, T, O)


def sheet(first: int = 1) -> str:
    """A sheet without a heading of answers; first: the number of its first step."""
    lines = [r"$$s_t = \tanh(\text{net}_t), \quad \text{net}_t = U x_t + W s_{t-1}, \quad o_t = V s_t$$", ""]
    lines += [f"{name} = {array.tolist()}" for name, array in (("U", U), ("W", W), ("V", V))]
    lines += [f"x_{t} = {row.tolist()}" for t, row in enumerate(X, first)]
    lines += [f"d_{t} = {row.tolist()}" for t, row in enumerate(TARGETS, first)]
    return "\n".join([*lines, r"$$E = \frac12 \sum_t \|o_t - d_t\|^2$$", "learning rate η = 0.2", ""])


@functools.cache
def quantities() -> Quantities:
    return Quantities(problem(sheet()))


def judged(text: str) -> dict[tuple[str, int | None, tuple[int, ...]], str]:
    verdict = check(problem(text), problem_text.read(text)["answers"].value)
    return {(value.name, value.step, value.index): value.verdict for value in verdict.values}


def rounded(array: np.ndarray) -> list:
    return np.round(array, 5).tolist()


DEFINITIONS = {  # how a letter is defined → its name at step t
    r"$$\delta_t = \frac{\partial E}{\partial AT}$$": "δ_{t}",
    r"Let $\delta_t := \partial E / \partial AT$.": r"$\delta_{t}$",
    r"$\delta^{(t)} \equiv \dfrac{\partial E}{\partial AT}$": r"$\delta^{{({t})}}$",
    r"定义误差项 $e_t=\frac{\partial E}{\partial AT}$。": "e_{t}",
    r"Wir setzen δ_t = dE/dAT.": "δ_{t}",
    r"$\delta_t^{s} = \frac{\partial E}{\partial AT}$": r"$\delta_{{{t}}}^{{s}}$",
}
SIGNALS = {r"\text{net}_t": "da", "s_t": "dh", "o_t": "dy"}


@pytest.mark.parametrize(("definition", "signal"), [*zip(DEFINITIONS, 2 * [*SIGNALS])])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("first", [1, 0])
def test_letters_for_gradients(definition: str, signal: str, unit: bool, first: int) -> None:
    right, at = quantities()[SIGNALS[signal]], [0, 2]
    name = [DEFINITIONS[definition].format(t=t + first) for t in at]
    text = sheet(first) + definition.replace("AT", signal) + "\n\n"
    if unit and "^{s}" not in definition:
        name = [part.rstrip("$") + "[2]" + ("$" if part.endswith("$") else "") for part in name]
        text += f"{name[0]} = {right[0][1]:.5f}\n{name[1]} = {right[2][1] + 0.1:.5f}\n"
        assert judged(text) == {(SIGNALS[signal], 1, (2,)): "right", (SIGNALS[signal], 3, (2,)): "wrong"}
    else:
        text += f"{name[0]} = {rounded(right[0])}\n\n{name[1]} = {rounded(right[2] + 0.1)}\n"
        verdicts = judged(text)
        assert {step for _name, step, _index in verdicts} == {1, 3}
        assert all((verdict == "right") == (step == 1) for (_name, step, _index), verdict in verdicts.items())


@pytest.mark.parametrize("definition", [r"$\delta_t = \frac{\partial E_t}{\partial s_t}$", ""])
def test_other_letters_are_not_judged(definition: str) -> None:
    """∂E_t/∂s_t leaves out what comes from the steps behind."""
    text = sheet() + definition + f"\n\nMy answers:\n\nδ_2 = {rounded(quantities()['dh'][1])}\n"
    with contextlib.suppress(RnncalcError):  # where nothing else is answered
        assert not judged(text)


@pytest.mark.parametrize("first", [1, 0])
@pytest.mark.parametrize("way", ["dE/d{}", r"$\frac{{\partial E}}{{\partial {}}}$", "∂E/∂{}"])
def test_gradients_at_steps_count_as_the_sheet_does(first: int, way: str) -> None:
    right = quantities()
    lines = [f"{way.format(f's_{1 + first}')} = {rounded(right['dh'][1])}",
             f"{way.format(f's_{first - 1}' if first else 's_{-1}')} = {rounded(right['dh0'])}"]  # fmt: skip
    verdicts = judged(sheet(first) + "\n".join(lines))
    assert set(verdicts.values()) == {"right"}
    assert {name for name, _step, _index in verdicts} == {"dh", "dh0"}


NEW = ["{}_new", "${}_{{new}}$", r"$\mathbf{{{}}}_{{\text{{new}}}}$", "{}'", "${}'$", "${}^{{neu}}$", "{}_updated",
       "${}_{{更新后}}$", "${}^{{new}}$"]  # fmt: skip


HEADINGS = ["", "My answers:\n", "**李同学的答案：**\n\n（2）梯度：\n\n（3）更新后的参数：\n"]


@pytest.mark.parametrize(("way", "heading"), [*zip(NEW, 3 * HEADINGS)])
def test_parameters_after_the_update(way: str, heading: str) -> None:
    right = quantities()
    lines = [f"{way.format('U')} = {rounded(right['U_new'])}", f"{way.format('V')} = {rounded(right['V_new'] + 0.1)}"]
    verdicts = judged(sheet() + heading + "\n".join(lines))
    assert len(verdicts) == H * D + O * H
    assert all((verdict == "right") == (name == "U_new") for (name, _step, _index), verdict in verdicts.items())


def test_a_primed_parameter_of_the_equations_stays_one() -> None:
    text = "h_t = tanh(U' x_t + U h_{t-1})\nU' = 0.5\nU = 0.2\nx = [1, 2]\nlr = 0.1\n"
    np.testing.assert_allclose(problem(text).forward()["h"][0], np.tanh(0.5), rtol=1e-12)
