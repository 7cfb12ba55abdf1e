"""Answers and inputs under the step that stands before them, in every form of the step, on its line and below it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, problem

from rnncalc.problems import problem_text

U, W = 0.7, -0.45
X = [1.5, -2.0, 0.5]
EQUATION = "h_t = tanh(0.7 x_t - 0.45 h_{t-1}), h_0 = 0"
LABELS = ["t={}:", "t = {}:", "Step {}:", "**Step {}**", "### t = {}", "At step {}:", "- t={}:", "(t={})", "$t={}$:",
          "第{}步：", "第 {} 个时间步：", "时刻 {}：", "Schritt {}:", "Time step {}:"]  # fmt: skip


def computed() -> tuple[list[float], list[float]]:
    a: list[float] = []
    h: list[float] = []
    for x in X:
        a.append(U * x + W * (h[-1] if h else 0))
        h.append(float(np.tanh(a[-1])))
    return a, h


def answered(text: str, name: str) -> list[float]:
    """The answers of a signal, from the first step."""
    value: Any = problem_text.read(text)["answers"].value
    return [float(value[name][str(step)][0]) for step in range(1, len(X) + 1)]


@pytest.mark.parametrize(("below", "working", "both"), list(itertools.product([False, True], repeat=3)))
@pytest.mark.parametrize("label", LABELS)
def test_answers_of_a_step(label: str, below: bool, working: bool, both: bool) -> None:
    a, h = computed()
    lines = [EQUATION, f"x = {', '.join(map(str, X))}", "", "My answers:", ""]
    for step, numbers in enumerate(zip(a, h), 1):
        values = [f"a = {numbers[0]:.4f}"] if both else []
        values.append(f"h = tanh({numbers[0]:.4f}) = {numbers[1]:.4f}" if working else f"h = {numbers[1]:.4f}")
        if below or label.startswith("#") or not label.endswith((":", "：", ")")):
            lines += [label.format(step), *values, ""]
        else:
            lines.append(f"{label.format(step)} {', '.join(values)}")
    text = "\n".join(lines)
    assert answered(text, "h") == [round(number, 4) for number in h]
    assert not both or answered(text, "a") == [round(number, 4) for number in a]
    assert not [note for note in problem(text).notes if "not read" in note]


@pytest.mark.parametrize("stop", ["", ".", ",", ";", "。"])
@pytest.mark.parametrize("label", ["t={}:", "Step {}:", "第{}步："])
def test_inputs_of_a_step(label: str, stop: str) -> None:
    lines = [EQUATION, *(f"{label.format(step)} x = {x}{stop}" for step, x in enumerate(X, 1))]
    assert_same("\n".join(lines), {"U": [[U]], "W": [[W]], "x": [[x] for x in X]})


def test_steps_of_a_recipe_are_no_steps_of_time() -> None:
    text = "Step 1: a_t = 0.7 x_t - 0.45 h_{t-1}\nStep 2: h_t = tanh(a_t)\nh_0 = 0, x = 1.5, -2, 0.5"
    assert_same(text, {"U": [[U]], "W": [[W]], "x": [[x] for x in X]})


@pytest.mark.parametrize("start", [0.0, 0.3])
@pytest.mark.parametrize("answers", [False, True])
def test_a_column_of_the_state_before(start: float, answers: bool) -> None:
    """h_{t-1} of a row is the state of the row above; of the first, the start."""
    h, rows = [start], []
    for step, x in enumerate(X, 1):
        h.append(float(np.tanh(U * x + W * h[-1])))
        before = f"{h[-2]:.4f}" if answers or step == 1 else ""
        rows.append(f"| {step} | {x} | {before} | {f'{h[-1]:.4f}' if answers else ''} |")
    text = "\n".join([EQUATION.split(",")[0], "", "| t | x_t | h_{t-1} | h_t |", "|---|---|---|---|", *rows])
    assert_same(text, {"U": [[U]], "W": [[W]], "x": [[x] for x in X], "h0": [start]})
    if answers:
        assert answered(text, "h") == [round(number, 4) for number in h[1:]]


PRINTED = {  # name and value, as programs print them
    "h=0.4621": "{name}={value:.4f}", "h = 0.4621": "{name} = {value:.4f}", "h: 0.4621": "{name}: {value:.4f}",
    "h_t=0.4621": "{name}_t={value:.4f}", "h=[0.4621]": "{name}=[{value:.4f}]", "4.621e-01": "{name}={value:.3e}",
    "array": "{name}=array([{value:.4f}])",
}  # fmt: skip


BETWEEN = ["  ", " ", "\t", ", ", "; ", " | ", "   "]
OF_PRINTS = ["t={}", "t = {}", "step {}", "[t={}]", "(t={})", "[step {}]", "timestep={}", "第{}步"]
PRINTS = [
    (label, BETWEEN[(at + more) % len(BETWEEN)], form)
    for at, label in enumerate(OF_PRINTS) for more, form in enumerate(PRINTED)
]  # fmt: skip


@pytest.mark.parametrize(("label", "between", "form"), PRINTS)
@pytest.mark.parametrize("fenced", [True, False])
def test_prints_with_a_line_a_step(label: str, between: str, form: str, fenced: bool) -> None:
    """t=1  a=1.0500  h=0.7818, of which no value begins a product: 1.05 h."""
    a, h = computed()
    write = PRINTED[form].format
    lines = [
        between.join([label.format(step), write(name="a", value=both[0]), write(name="h", value=both[1])])
        for step, both in enumerate(zip(a, h), 1)
    ]
    text = "\n".join([EQUATION, f"x = {', '.join(map(str, X))}", "", "It prints:", *(["```", *lines, "```"] if fenced
                                                                                     else ["", *lines])])  # fmt: skip
    for name, numbers in (("a", a), ("h", h)):
        np.testing.assert_allclose(answered(text, name), numbers, atol=5e-4, err_msg=text)
    assert not [note for note in problem(text).notes if "not read" in note]


@pytest.mark.parametrize("name", ["loss", "L"])
def test_losses_in_prints_are_those_of_steps(name: str) -> None:
    _a, h = computed()
    lines = [f"t={step}  h={state:.4f}  {name}={0.5 * state**2:.4f}" for step, state in enumerate(h, 1)]
    stated = [EQUATION, f"x = {', '.join(map(str, X))}", "targets = [0, 0, 0]", "loss: half_squared_error", ""]
    text = "\n".join([*stated, *lines])
    value: Any = problem_text.read(text)["answers"].value
    assert value["losses"] == {str(step): [f"{0.5 * state**2:.4f}"] for step, state in enumerate(h, 1)}


def test_gates_of_a_print() -> None:
    """c~ is the candidate, c the cell state; none of the numbers is taken for a factor of the next name."""
    gates = "".join(f"{gate}_t = {function}(W_{gate} x_t + U_{gate} h_{{t-1}})\n" for gate, function in
                    (("f", "σ"), ("i", "σ"), ("o", "σ"), ("c", "tanh")))  # fmt: skip
    gates = gates.replace("c_t", "c~_t")
    text = gates + "c_t = f_t * c_{t-1} + i_t * c~_t\nh_t = o_t * tanh(c_t)\n"
    text += "".join(f"W_{gate} = 0.{at}, U_{gate} = -0.{at}\n" for at, gate in enumerate("fioc", 3))
    text += "x_1 = 1, x_2 = -0.5\n"
    trace = problem(text).forward()
    for step in (1, 2):
        numbers = [f"{shown}={trace[ours][step - 1][0]:.4f}" for shown, ours in
                   (("f", "f"), ("i", "i"), ("o", "o"), ("c~", "g"), ("c", "c"), ("h", "h"))]  # fmt: skip
        text += f"t={step}  {'  '.join(numbers)}\n"
    value: Any = problem_text.read(text)["answers"].value
    assert {name: [float(row[0]) for row in steps.values()] for name, steps in value.items()} == {
        name: np.round(trace[name][:, 0], 4).tolist() for name in ("f", "i", "o", "g", "c", "h")
    }
