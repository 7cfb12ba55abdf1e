"""Sizes that a sheet says are held against its shapes; several facts on one line are several facts."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from support.sheets import problem

from rnncalc.errors import RnncalcError

SIZES = {"T": 2, "D": 3, "H": 4, "O": 5}
SAID = {
    "T": ["$T = {}$ time steps", "T={} steps", "a sequence of length $T={}$", "时间步数 T = {}"],
    "D": ["D = {} input features", "the input dimension is $d = {}$", "输入维度 $M={}$", "n_x = {}", "input_size = {}"],
    "H": ["$H = {}$ hidden units", "hidden_size = {}", "the number of hidden units is h = {}", "隐藏层维度 $D = {}$"],
    "O": ["$K = {}$ classes", "K = {}", "q = {} outputs", "类别数 K = {}", "num_classes = {}"],
}
NUMBERS = {
    "U": np.full((4, 3), 0.1), "W": np.full((4, 4), 0.2), "V": np.full((5, 4), 0.3), "x": np.full((2, 3), 1.0),
}  # fmt: skip
LINES = "\nh_t = tanh(U x_t + W h_{t-1}), y_t = softmax(V h_t)\n" + "\n".join(
    f"{name} = {value.tolist()}" for name, value in NUMBERS.items()
)


@pytest.mark.parametrize(
    ("size", "frame"), list(itertools.product(SIZES, ["Consider a net with {}.", "{}", "网络有 {}。"]))
)
def test_a_size_is_held_against_the_shapes(size: str, frame: str) -> None:
    for said in SAID[size]:
        right = problem(frame.format(said.format(SIZES[size])) + LINES)
        assert right.shapes == SIZES
        with pytest.raises(RnncalcError) as error:
            problem(frame.format(said.format(7)) + LINES)
        assert "= 7" in str(error.value), said
        assert "line 1" in str(error.value)


@pytest.mark.parametrize("size", SIZES)
def test_sizes_are_keys_too(size: str) -> None:
    keys = {name: value.tolist() for name, value in NUMBERS.items()}
    assert problem(json.dumps({**keys, size: SIZES[size]})).shapes == SIZES
    with pytest.raises(RnncalcError, match="= 7"):
        problem(json.dumps({**keys, size: 7}))


def test_a_letter_that_an_equation_reads_is_no_size() -> None:
    given = problem("h_t = tanh(K x_t + W h_{t-1})\nK = 3\nW = 0.5\nx = [1, 2]").forward()
    np.testing.assert_allclose(given["h"][0], np.tanh(3))


FACTS = ["Targets: $t_1 = 1$, $t_2 = 0$", "targets: t_1 = 1, t_2 = 0", "目标：$t_1 = 1$，$t_2 = 0$"]
LOSSES = {
    "; loss: squared error": ("squared_error", ""),
    "; loss: MSE": ("mean_squared_error", ""),
    "; loss: MAE": ("mean_absolute_error", ""),
    "; loss: the mean absolute error": ("mean_absolute_error", ""),
    "；损失：平均绝对误差": ("mean_absolute_error", ""),
    ". Loss: half the squared error.": ("half_squared_error", ""),
    "; loss: the mean of the squared errors": ("squared_error", "mean"),
    "；损失：平方误差": ("squared_error", ""),
    " (squared error)": ("squared_error", ""),
}


@pytest.mark.parametrize(
    ("facts", "loss", "rate"), list(itertools.product(FACTS, LOSSES, ["", ", lr: 0.25", "; lr: 0.25"]))
)
def test_several_facts_on_one_line(facts: str, loss: str, rate: str) -> None:
    values = "U = 0.5, W = 0.2, V = 1.5; x_1 = 1, x_2 = 2"
    got = problem(f"h_t = tanh(U x_t + W h_{{t-1}}), y_t = V h_t\n{values}\n{facts}{loss}{rate}\n")
    assert got.task.targets is not None
    assert got.task.targets.tolist() == [[1], [0]]
    assert (got.task.loss, got.task.reduction or "") == LOSSES[loss]
    assert got.task.lr == (0.25 if rate else None)
