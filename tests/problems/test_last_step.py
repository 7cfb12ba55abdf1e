"""Outputs that only the last state has, y = V h_T: one answer, one target; a target that is a number of the loss."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import drawn_at, printed, problem

T, D, H = 3, 2, 4
OUTPUTS = {
    "bare": "y = {g}(V h_3 + c)",
    "T": "y = {g}(V h_T + c)",
    "hat": r"$\hat{{y}} = {g}(V h_T + c)$",
    "named": r"ŷ_T = {g}(V h_T + c)",
    "number": "p_3 = {g}(V h_3 + c)",
    "scores": "o = V h_3 + c, ŷ = {g}(o)",
}


def sheet(output: str, outputs: int, function: str) -> tuple[str, dict[str, Any]]:
    """A sheet and the same problem as an object."""
    values = {
        "U": drawn_at(1, H, D), "W": drawn_at(2, H, H) / 2, "V": drawn_at(3, outputs, H), "c": drawn_at(4, outputs),
    }  # fmt: skip
    x = drawn_at(5, T, D)
    given = "\n".join(f"{name} = {printed(value)}" for name, value in values.items())
    inputs = ", ".join(f"x_{t + 1} = {printed(row)}" for t, row in enumerate(x))
    text = f"h_t = tanh(U x_t + W h_{{t-1}})\n{OUTPUTS[output].format(g=function)}\n{given}\n{inputs}\n"
    named = {"output": function} if function else {}
    return text, {**{name: value.tolist() for name, value in values.items()}, "x": x.tolist(), **named}


@pytest.mark.parametrize(("output", "outputs", "head"), list(itertools.product(OUTPUTS, [1, 3], [True, False])))
def test_one_answer_is_that_of_the_last_step(output: str, outputs: int, head: bool, tmp_path: Path) -> None:
    text, same = sheet(output, outputs, "softmax" if outputs > 1 else "sigmoid")
    y = problem(same).forward().y[-1]
    path = tmp_path / "sheet.md"
    letter = {"bare": "y", "T": "y", "number": "p", "named": "ŷ_T"}.get(output, "ŷ")
    typed = ", ".join(f"{value:.6f}" for value in y)
    path.write_text(text + ("## My answers\n" if head else "") + f"answers.y = [{typed}]\n", encoding="utf-8")
    files = [path] if not head else [path, tmp_path / "own.md"]
    if head:
        files[1].write_text(f"{text}\n## My answers\n{letter} = [{typed}]\n", encoding="utf-8")
    for file in files:
        done = command("check", str(file), "--format", "json")
        assert [(value["step"], value["verdict"]) for value in done.data["values"]] == [(T, "right")] * outputs
    plain = tmp_path / "plain.md"
    plain.write_text(text, encoding="utf-8")
    done = command("check", str(plain), "--y", typed, "--format", "json")
    assert [value["verdict"] for value in done.data["values"]] == ["right"] * outputs


def test_an_output_of_every_step_needs_all_of_them(tmp_path: Path) -> None:
    text, _same = sheet("bare", 1, "")
    path = tmp_path / "sheet.md"
    path.write_text(text.replace("y = (V h_3 + c)", "y_t = V h_t + c"), encoding="utf-8")
    done = command("check", str(path), "--y", "0.5", "--format", "json")
    assert [value["verdict"] for value in done.data["values"]] == ["wrong"]


LOSSES = {
    "number": "L = 1/2 (y - {}) ^ 2",
    "latex": r"$L = \frac{{1}}{{2}}(y - {})^2$",
    "letter": "L = 1/2 (y - d)^2, d = {}",
    "step": "L = 1/2 (y_3 - t_3)^2, t_3 = {}",
    "words": "The target is {}. The loss is half the squared error.",
    "zh": "目标值为 {}，采用半平方误差。",
    "list": "targets: -, -, {}\nloss: half_squared_error",
}


@pytest.mark.parametrize(("loss", "output"), list(itertools.product(LOSSES, ["bare", "T"])))
def test_one_target_is_that_of_the_last_step(loss: str, output: str) -> None:
    text, same = sheet(output, 1, "")
    wanted = problem({**same, "targets": [None, None, 1.5], "loss": "half_squared_error"})
    got = problem(text + LOSSES[loss].format("1.5"))
    assert got.last_only
    for name in ("U", "V"):
        expected = wanted.backward(wanted.forward())[name]
        np.testing.assert_allclose(got.backward(got.forward())[name], expected, rtol=1e-12)


def test_a_name_with_the_value_of_another() -> None:
    lines = (
        "z_t = σ(W_z x_t + U_z h_{t-1}), r_t = σ(W_r x_t + U_r h_{t-1})\nn_t = tanh(W_n x_t + U_n (r_t ∘ h_{t-1}))\n"
    )
    lines += "h_t = z_t ∘ h_{t-1} + (1 - z_t) ∘ n_t\nx_1 = [1, 2]\nW_z = [[1, 2], [3, 4]], W_r = [[0, 1], [1, 1]]\n"
    given = "U_z = [[0.1, 0.2], [0.3, 0.4]]\nU_n = [[0, 1], [2, 3]]\nh_0 = [1, 0.5]\n"
    whole = "W_n = [[1, 3], [2, 4]], U_r = [[0.1, 0.2], [0.3, 0.4]]"
    for same in (r"$W_n = W_z^\top$ and $U_r = U_z$", "W_n = W_z^T, U_r = U_z"):
        got, wanted = problem(lines + given + same), problem(lines + given + whole)
        np.testing.assert_allclose(got.forward()["h"], wanted.forward()["h"])
