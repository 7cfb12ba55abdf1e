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
