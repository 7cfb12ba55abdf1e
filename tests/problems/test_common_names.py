"""Names of matrices that half of the literature uses, in any spelling, and what is said of names that nobody knows."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError

OURS = "UWVbc"
NAMES = [
    ("W_x", "W_h", "W_y", "b_h", "b_y"), ("W_in", "W_rec", "W_out", "b_rec", "b_out"),
    ("W_ih", "W_hh", "W_ho", "b_h", "b_o"),
    ("W_xh", "W_hh", "W_ho", "b_h", "b_o"), ("W_xh", "W_hh", "W_hy", "b_h", "b_y"),
    ("W_hx", "W_hh", "W_yh", "b_h", "b_y"),
    ("W_ax", "W_aa", "W_ya", "b_a", "b_y"),
]  # fmt: skip
SPELLED: dict[str, Callable[[str], str]] = {
    "plain": str, "together": lambda name: name.replace("_", ""), "small": str.lower,
    "small together": lambda name: name.replace("_", "").lower(),
}  # fmt: skip
ARRAYS = dict(zip(OURS, (drawn_at(1, 3, 2), drawn_at(2, 3, 3), drawn_at(3, 4, 3), drawn_at(4, 3), drawn_at(5, 4))))
X = drawn_at(6, 4, 2)


@pytest.mark.parametrize(("names", "spelled"), list(itertools.product(NAMES, SPELLED)))
@pytest.mark.parametrize("left_out", ["", "b", "c", "bc", "Vc", "Vbc"])
def test_names_of_the_literature(names: tuple[str, ...], spelled: str, left_out: str) -> None:
    theirs = {ours: SPELLED[spelled](name) for ours, name in zip(OURS, names)}
    wanted = {ours: ARRAYS[ours].tolist() for ours in OURS if ours not in left_out} | {"x": X.tolist()}
    given = {theirs.get(name, name): value for name, value in wanted.items()}
    lines = "\n".join(f"{name} = {printed(np.array(value))}" for name, value in given.items())
    for text in (lines, json.dumps(given)):
        assert_same(text, wanted)
    for name in theirs.values():
        if name in given:
            assert any(name.replace("_", "").lower() in note.replace("_", "").lower() for note in problem(lines).notes)


def test_of_one_unit_the_output_is_read_out() -> None:
    said = command("forward", "--wx", "0.5", "--wh", "0.8", "--wy", "1.2", "--bh", "0.1", "--by", "0.2", "--x", "1 2")
    assert said.code == 0, said.err
    text = "wx=0.5, wh=0.8, wy=1.2, bh=0.1, by=0.2\nx1=1, x2=2\nUse sigmoid as hidden activation, softmax output."
    numbers = {"U": 0.5, "W": 0.8, "V": 1.2, "b": 0.1, "c": 0.2, "x": [[1], [2]]}
    assert_same(text, numbers | {"activation": "sigmoid", "output": "softmax"})


INPUTS = ["X = 1, 2", "inputs: 1, 2", "Inputs: 1, 2", "Input: 1, 2", "input = 1, 2"]


@pytest.mark.parametrize("equation", ["", "h_t = tanh(U x_t + W h_{t-1})\n"])
@pytest.mark.parametrize("said", INPUTS)
def test_the_inputs_under_other_names(said: str, equation: str) -> None:
    assert_same(f"{equation}U = 0.5\nW = -0.3\n{said}\n", {"U": 0.5, "W": -0.3, "x": [[1], [2]]})
    assert_same(
        json.dumps({"U": 0.5, "W": -0.3, "X": [[1], [2]], "H0": 0.2}), {"U": 0.5, "W": -0.3, "x": [[1], [2]], "h0": 0.2}
    )


@pytest.mark.parametrize("said", ["learning rate = {}", "Learning Rate: {}", "learning-rate = {}", "step size = {}"])
def test_a_rate_of_two_words(said: str) -> None:
    text = f"U = 0.5\nW = 0.2\nV = 2\nx = 1, 2\ntargets = 1, 0\nloss: squared error\n{said.format(0.25)}\n"
    assert problem(text).task.lr == 0.25


@pytest.mark.parametrize(
    "said",
    ["H = {}", "hidden size: {}", "hidden size = {}", "{} hidden units", "隐藏层有 {} 个神经元。", "hidden units = {}"],
)
@pytest.mark.parametrize(("U", "W"), [("every 0.1", "0.9 I"), ("every 0.1", "[0.9]"), ("[0.1]", "0.9 I")])
def test_a_stated_size_holds_where_the_matrices_leave_it_open(said: str, U: str, W: str) -> None:
    open_to_any = "every" in U and "I" in W
    for units in (1, 3):
        text = f"{said.format(units)}\nU = {U}\nW = {W}\nx = 1, 2\n"
        if open_to_any:
            assert problem(text).shapes["H"] == units
            assert_same(text, {"U": [[0.1]] * units, "W": (0.9 * np.eye(units)).tolist(), "x": [[1], [2]]})


WORDS = ["x: h, e, l", "x = h, e, l", "x: h e l", "inputs: h, e, l", "x = (h, e, l)"]


@pytest.mark.parametrize("equation", ["", "h_t = tanh(W h_{t-1} + U x_t), y_t = softmax(V h_t)\n"])
@pytest.mark.parametrize("said", WORDS)
def test_words_of_the_vocabulary_are_inputs(said: str, equation: str) -> None:
    arrays = {"U": drawn_at(1, 2, 3), "W": drawn_at(2, 2, 2), "V": drawn_at(3, 3, 2)}
    lines = "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    text = f"{equation}{lines}vocabulary: h, e, l\n{said}\n"
    wanted: dict[str, Any] = {name: array.tolist() for name, array in arrays.items()} | {"x": np.eye(3).tolist()}
    assert_same(text, wanted | ({"output": "softmax"} if equation else {}))


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("said", ["torch.nn.{}Cell with", "nn.{}Cell(1, 1)", "a {} of PyTorch"])
def test_a_cell_of_pytorch_is_the_one_that_is_named(cell: str, said: str) -> None:
    gates = 4 if cell == "LSTM" else 3
    arrays = {"weight_ih": drawn_at(1, gates, 1), "weight_hh": drawn_at(2, gates, 1), "bias_ih": drawn_at(3, gates),
              "bias_hh": drawn_at(4, gates)}  # fmt: skip
    text = said.format(cell) + "\n" + "".join(f"{name} = tensor({printed(array)})\n" for name, array in arrays.items())
    wanted = {"cell": cell.lower(), **{name: array.tolist() for name, array in arrays.items()}, "x": [[1], [2]]}
    assert_same(text + "x = tensor([[1.], [2.]])\n", wanted)


def test_a_capital_b_is_no_bias_of_both_directions() -> None:
    said = command("forward", "--U", "1", "--W", "0.5", "--B", "0.3", "--x", "1 2")
    assert said.code == 2
    assert "elman has no B: did you mean “b”?" in said.err


def test_an_equation_of_the_next_step_is_refused_with_how_to_write_it() -> None:
    with pytest.raises(RnncalcError, match="defines the next step: write it for this step"):
        problem("h_{t+1} = tanh(U x_t + W h_t + b)\nU = 1\nW = 0.5\nb = 0\nx = 1, 2\n")


TORCH = {
    "weight_ih_l0": ARRAYS["U"],
    "weight_hh_l0": ARRAYS["W"],
    "bias_ih_l0": ARRAYS["b"],
    "bias_hh_l0": -2 * ARRAYS["b"],
}
PUT = [
    "{} = {}",
    "rnn.{}.copy_(torch.tensor({}))",
    "rnn.{}.data = torch.tensor({})",
    "model.rnn.{}: {}",
    "{} tensor({})",
    "rnn.{}[:] = torch.tensor({})",
    "sd['{}'] = torch.tensor({})",
    "  'rnn.{}': torch.tensor({}),",
]
TWO_BIASES = [
    "W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}", "U x_t + W h_{t-1} + b + c", "W x_t + U h_{t-1} + b_1 + b_2",
    "x_t W_{ih}^T + b_{ih} + h_{t-1} W_{hh}^T + b_{hh}",
]  # fmt: skip


@pytest.mark.parametrize(("right", "put"), list(itertools.product(TWO_BIASES, PUT)))
@pytest.mark.parametrize("biases", [0, 2])
def test_equations_whose_weights_have_the_names_of_pytorch(right: str, put: str, biases: int) -> None:
    lines = [put.format(name, printed(array)) for name, array in list(TORCH.items())[: 2 + biases]]
    text = f"h_t = relu({right})\n" + "\n".join(lines) + f"\nx = {printed(X)}\n"
    wanted = {"U": ARRAYS["U"].tolist(), "W": ARRAYS["W"].tolist(), "x": X.tolist(), "activation": "relu"}
    assert_same(text, wanted | ({"b": (-ARRAYS["b"]).tolist()} if biases else {}))


@pytest.mark.parametrize("right", ["x_t W_{ih} + h_{t-1} W_{hh}", "U x_t + W h_{t-1} + b"])
def test_names_that_the_equations_do_not_have_are_refused_by_what_differs(right: str) -> None:
    lines = "\n".join(f"{name} = {printed(array)}" for name, array in TORCH.items())
    with pytest.raises(RnncalcError, match="the equations, or the names beside it, do not have") as said:
        problem(f"h_t = tanh({right})\n{lines}\nx = {printed(X)}\n")
    assert "did you mean" not in str(said.value)


CODE = [
    "hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t-1]))", "h[t] = np.tanh(Wxh @ X[t] + Whh @ h[t-1])",
    "h = np.tanh(Wxh @ xs[t] + Whh @ h)",
]  # fmt: skip


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("given", ["x_{t} = {row}", "x[{t}] = {row}", "$x_{{{t}}} = {row}$", "X[{t}] = {row}"])
def test_inputs_one_by_one_beside_code_that_has_them_in_a_list(code: str, given: str) -> None:
    lines = "".join(f"{given.format(t=t, row=printed(row))}\n" for t, row in enumerate(X, 1))
    text = f"for t in range(4):\n    {code}\n\nWxh = {printed(ARRAYS['U'])}\nWhh = {printed(ARRAYS['W'])}\n{lines}"
    assert_same(text, {"U": ARRAYS["U"].tolist(), "W": ARRAYS["W"].tolist(), "x": X.tolist()})
