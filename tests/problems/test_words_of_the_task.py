"""What sentences say about functions' letters, classes, the steps that count, and how many there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError

GIVEN: dict[str, Any] = {"U": drawn_at(1, 3, 2), "W": drawn_at(2, 3, 3), "b": drawn_at(3, 3), "x": drawn_at(4, 4, 2)}
VALUES = "".join(f"{name} = {printed(array)}\n" for name, array in GIVEN.items())


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softsign"])
@pytest.mark.parametrize(
    "said", ["where $\\sigma$ is the {} function",
             "$\\sigma(z)$ denotes the element-wise {}.", "其中 $\\sigma$ 为 {} 函数。",
    "$\\sigma$ stands for {}", "$\\sigma = ${}", ""]
)  # fmt: skip
@pytest.mark.parametrize("first", [False, True])
def test_sigma_is_what_the_sheet_says(name: str, said: str, first: bool) -> None:
    line = f"${'h_t'} = \\sigma(U x_t + W h_{{t-1}} + b)$\n"
    text = said.format(name) + "\n"
    sheet = (text + line if first else line + text) + VALUES
    lists = {key: array.tolist() for key, array in GIVEN.items()}
    assert_same(sheet, {**lists, "activation": name if said else "sigmoid"})


ONE = ["Classes are numbered 1 to 3.", "(classes are numbered from 1)",
       "There are three classes 1, 2, 3.",
    "Labels start at 1.",
    "The classes are 1-based.", "类别编号从1到3。", "类别从 1 开始编号。", "类别为1、2、3。"]  # fmt: skip
ZERO = [
    "The labels are given.",
    "标签见上。",
    "Classes are numbered 0 to 2.",
    "Labels start at 0.",
    "类别编号从0到2。",
    "There are three classes.",
    "",
]


@pytest.mark.parametrize("said", [*ONE, *ZERO])
@pytest.mark.parametrize("classes", [[1, 3, 2, 1], [2, 2, 1, 3], [1, 0, 2, 1]])
@pytest.mark.parametrize("by_step", [False, True])
def test_classes_count_from_where_the_sheet_says(said: str, classes: list[int], by_step: bool) -> None:
    targets = [f"target_{t} = {label}" for t, label in enumerate(classes, 1)] if by_step else [f"targets = {classes}"]
    x = [f"x_{t} = {printed(row)}" for t, row in enumerate(GIVEN["x"], 1)]
    sheet = VALUES.rpartition("x =")[0] + "\n".join(x) + f"\nV = {printed(drawn_at(5, 4, 3))}\noutput: softmax\n"
    sheet += "loss: cross_entropy\n" + "\n".join(targets) + f"\n{said}\n"
    if said in ONE and 0 in classes:
        with pytest.raises(RnncalcError, match="class 0"):
            problem(sheet)
        return
    got = problem(sheet)
    assert got.task.targets is not None
    np.testing.assert_array_equal(got.task.targets.reshape(-1), np.array(classes) - (said in ONE))
    assert any("count from 1" in note for note in got.notes) == (said in ONE)


LAST = ["The loss is half squared error at the last step only.", "Only at the last step is there a loss.",
        "The loss counts only the final time step.", "损失函数为最后一步的平方误差。", "只有最后时刻有损失。",
        "$L = \\frac12 (y_4 - t_4)^2$", "$L = (h_4 - d)^2$"]  # fmt: skip
EVERY = ["The loss is half squared error.", "Compute the loss at the last step.", "损失函数为平方误差。",
         "$L = (y_1 - t_1)^2 + (y_2 - t_2)^2 + (y_3 - t_3)^2 + (y_4 - t_4)^2$",
    "The loss is summed from the first to the last step."]  # fmt: skip


@pytest.mark.parametrize("said", [*LAST, *EVERY])
@pytest.mark.parametrize("units", [1, 3])
def test_a_loss_of_the_last_step(said: str, units: int) -> None:
    U, W, targets = drawn_at(1, units, 2), drawn_at(2, units, units), drawn_at(6, 4, units)
    named = "" if "L =" in said else "loss: squared_error\n"
    sheet = f"U = {printed(U)}\nW = {printed(W)}\nx = {printed(GIVEN['x'])}\n{named}{said}\n"
    whole = problem(sheet + f"targets = {printed(targets if units > 1 else targets[:, 0])}\n")
    assert whole.task.targets is not None
    wanted = targets.copy()
    if said in LAST:
        wanted[:3] = np.nan
    np.testing.assert_array_equal(whole.task.targets, wanted)
    assert any("of step 4 alone" in note for note in whole.notes) == (said in LAST)


@pytest.mark.parametrize("said", ["Sequence length T = {}", "T = {}", "序列长度 T = {}。", "with $T={}$ time steps"])
@pytest.mark.parametrize("steps", [3, 4, 5, 7])
@pytest.mark.parametrize("by_step", [False, True])
def test_another_number_of_steps_is_refused(said: str, steps: int, by_step: bool) -> None:
    x = [f"x_{t} = {printed(row)}" for t, row in enumerate(GIVEN["x"], 1)]
    sheet = VALUES.rpartition("x =")[0] + "\n".join(x) if by_step else VALUES
    sheet += "\n" + said.format(steps) + "\n"
    if steps != 4:
        with pytest.raises(RnncalcError, match=f"T = {steps} is said"):
            problem(sheet)
    else:
        assert not problem(sheet).notes


@pytest.mark.parametrize("head", ["targets: ", "Targets: ", "Targets = ", "target: ", "Target = "])
def test_targets_may_begin_with_a_capital(head: str) -> None:
    sheet = f"U = 0.5\nW = 0.2\nx = [1, -2, 3]\nloss: squared_error\n{head}1, 0, 2\n"
    got = problem(sheet).task.targets
    assert got is not None
    np.testing.assert_array_equal(got.reshape(-1), [1, 0, 2])
