"""Answers that a program prints: behind print(dW), in remarks, also under a heading; its loss divided by the steps."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

from rnncalc.check import check
from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.results import Quantities

T, D, H = 4, 2, 3
ARRAYS = {"Wx": drawn_at(1, H, D), "Wh": drawn_at(3, H, H), "b": drawn_at(5, H), "Wy": drawn_at(7, 1, H)}
X, TARGETS = drawn_at(9, T, D), drawn_at(11, T)
SQUARE = "loss = loss + (y - target[t]) ** 2"


def program(added: str = SQUARE, divided: str = "loss = loss / 4") -> str:
    """A program of PyTorch, its fence open."""
    given = {**ARRAYS, "x": X, "target": TARGETS}
    lines = [f"{name} = torch.tensor({printed(array)}, requires_grad=True)" for name, array in given.items()]
    return "\n".join([
        "```python", "import torch", *lines, "h = torch.zeros(3)", "loss = 0.0", f"for t in range({T}):",
        "    h = torch.tanh(Wx @ x[t] + Wh @ h + b)", "    y = Wy @ h", f"    {added}", divided, "loss.backward()", "",
    ])  # fmt: skip


def quantities(loss: str, reduction: str) -> Quantities:
    ours = {ours: ARRAYS[theirs].tolist() for ours, theirs in zip("UWbV", ("Wx", "Wh", "b", "Wy"))}
    targets = [[target] for target in TARGETS.tolist()]
    return Quantities(problem({**ours, "x": X.tolist(), "targets": targets, "loss": loss, "reduction": reduction}))


@functools.cache
def mean() -> Quantities:
    return quantities("squared_error", "mean")


HALF = "loss += 0.5 * (y - target[t])**2"
LOSSES = [
    (SQUARE, "", "squared_error", "sum"), (SQUARE, "loss = loss / 4", "squared_error", "mean"),
    (SQUARE, "loss /= 4.0", "squared_error", "mean"), (SQUARE, "loss = loss / T", "squared_error", "mean"),
    (SQUARE, "loss = loss / len(x)  # a mean", "squared_error", "mean"),
    (SQUARE, "loss /= x.shape[0];", "squared_error", "mean"),
    (HALF, "", "half_squared_error", "sum"), (HALF, "loss = loss / 4", "half_squared_error", "mean"),
    (SQUARE + " / 4", "", "squared_error", "mean"),
]  # fmt: skip


@pytest.mark.parametrize(("added", "divided", "loss", "reduction"), LOSSES)
def test_losses_of_steps_that_are_divided(added: str, divided: str, loss: str, reduction: str) -> None:
    got = Quantities(problem(program(added, divided) + "```\n"))
    for name in ("loss", "dU", "dV"):
        np.testing.assert_allclose(got[name], quantities(loss, reduction)[name], rtol=1e-12)


@pytest.mark.parametrize(("added", "divided"), [(SQUARE, "loss = loss / 3"), (SQUARE, "loss /= 5"),
                                                (SQUARE + " / 3", ""), (SQUARE, "loss = loss / 2")])  # fmt: skip
def test_a_divisor_that_is_not_the_number_of_steps_is_refused(added: str, divided: str) -> None:
    with pytest.raises(RnncalcError):
        problem(program(added, divided) + "```\n")


def test_a_loss_in_mathematics_divided_by_another_number_is_refused() -> None:
    text = "h_t = tanh(U x_t + W h_{t-1})\nU = 0.5\nW = 0.2\nx = [1, 2, 3, 4]\nd = [0, 1, 0, 1]\n"
    text += "L = 1/%d Σ_t (h_t - d_t)^2"
    assert problem(text % 4).task.reduction == "mean"
    with pytest.raises(RnncalcError, match="divided by 3, and x has 4 steps"):
        problem(text % 3)


def rows(array: np.ndarray, before: str = "", behind: str = "") -> list[str]:
    """An array as PyTorch prints it, over several lines."""
    return (before + np.array2string(array, precision=5, separator=", ", floatmode="fixed") + behind).split("\n")


FORMS = {  # how a program says its gradient of Wx
    "heading": ("# our answers:", "# Wx.grad = {line}"), "results": ("# results:", "# Wx.grad = {line}"),
    "zh": ("# 我们的答案：", "# dWx = {line}"), "print below": ("print(Wx.grad)", "# {lines}"),
    "tensor": ("print(Wx.grad)", "{tensor}"), "marked": ("print(Wx.grad)", "# {tensor}"),
    "beside": ("", "print(Wx.grad)  # {line}"), "console": ("", ">>> Wx.grad\n{tensor}"),
    "words": ('print("dWx =", Wx.grad)', "# dWx = {line}"), "outside": ("```\n\nIt prints:\n```", "Wx.grad = {line}"),
    "next fence": ("print(Wx.grad)\n```\n```", "{lines}"), "item": ("", "Wx.grad: {tensor}"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrong", [False, True])
def test_gradients_that_are_printed(form: str, wrong: bool) -> None:
    array = mean()["dU"].copy()
    array[1, 0] += wrong
    above, written = FORMS[form]
    mark = "\n# " if written.startswith("# ") else "\n"
    values = {"line": printed(array.round(5)), "lines": mark.join(rows(array)),
              "tensor": mark.join(rows(array, "tensor(", ")"))}  # fmt: skip
    text = program() + above + "\n" + written.format(**values) + "\n```\n"
    verdict = check(problem(text), problem_text.read(text)["answers"].value)
    verdicts = {value.index: value.verdict for value in verdict.values}
    assert len(verdicts) == H * D
    assert [index for index, said in verdicts.items() if said != "right"] == ([(2, 1)] if wrong else [])


@pytest.mark.parametrize("remark", ["# with Wx.grad = [[1, 2], [3, 4], [5, 6]] it is worse", "# lr = 0.5 was too much",
                                    "# Wx = [[9, 9], [9, 9], [9, 9]]"])  # fmt: skip
def test_other_remarks_are_no_answers(remark: str) -> None:
    text = program() + remark + "\n```\n"
    assert "answers" not in problem_text.read(text)
    np.testing.assert_allclose(Quantities(problem(text))["dU"], mean()["dU"], rtol=1e-12)


def test_the_loss_and_the_output_that_are_printed() -> None:
    text = program() + f"print(loss.item())  # {mean()['loss']:.4f}\n```\n"
    (value,) = check(problem(text), problem_text.read(text)["answers"].value).values
    assert (value.name, value.verdict) == ("loss", "right")
