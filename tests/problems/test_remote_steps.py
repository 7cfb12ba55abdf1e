"""Equations that read a step which no cell remembers: computed right or refused with a way out, never misread."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from support.sheets import problem

from rnncalc.errors import ProblemError

LINES = {
    "elman": ["h_t = tanh(U x_t + W h_{t-1})", "y_t = V h_t"],
    "lstm": [
        "i_t = σ(U_i x_t + W_i h_{t-1})", "f_t = σ(U_f x_t + W_f h_{t-1})", "o_t = σ(U_o x_t + W_o h_{t-1})",
        "g_t = tanh(U_g x_t + W_g h_{t-1})", "c_t = f_t ∘ c_{t-1} + i_t ∘ g_t", "h_t = o_t ∘ tanh(c_t)",
    ],
    "gru": [
        "z_t = σ(U_z x_t + W_z h_{t-1})", "r_t = σ(U_r x_t + W_r h_{t-1})",
        "n_t = tanh(U_n x_t + W_n (r_t ∘ h_{t-1}))", "h_t = (1 - z_t) ∘ n_t + z_t ∘ h_{t-1}",
    ],
    "layers": ["h_t = tanh(U x_t + W h_{t-1})", "k_t = tanh(R h_t + Q k_{t-1})"],
}  # fmt: skip
REMOTE = ("_{t-2}", "_{t-3}", "_{t+1}", "_{t-1}")


def places() -> list[tuple[str, int, str, str]]:
    """Every signal of every line with every step that the line does not read there."""
    made = []
    for cell, lines in LINES.items():
        for number, line in enumerate(lines):
            for read, step in itertools.product(("x_t", "h_{t-1}", "c_{t-1}", "k_{t-1}"), REMOTE):
                right = line.partition(" = ")[2]
                backward = step == "_{t+1}" and read[0] in "hk" and cell in ("elman", "layers")  # runs from the end
                if read in right and not read.endswith(step) and not backward:
                    made.append((cell, number, read, read[0] + step))
    return made


@pytest.mark.parametrize(("cell", "number", "read", "remote"), places())
def test_a_step_that_no_cell_remembers(cell: str, number: int, read: str, remote: str) -> None:
    lines = [*LINES[cell]]
    left, _equals, right = lines[number].partition(" = ")
    lines[number] = f"{left} = {right.replace(read, remote)}"
    names = sorted({word for line in LINES[cell] for word in line.replace("(", " ").split() if word[0] in "UWVRQ"})
    rng = random.Random(number)
    given = [f"{name} = {rng.uniform(-1, 1):.3f}" for name in names]
    with pytest.raises(ProblemError) as refused:
        problem("\n".join([*lines, *given, "x = 1, 2, 3"]))
    said = str(refused.value)
    if not remote.endswith("_{t+1}") or remote[0] == "x":
        assert remote in said, said
        assert ("k_{t-1}" if remote[0] != "x" else "row of x") in said, said


def test_what_is_advised_computes_it() -> None:
    rng = random.Random(5)
    u, w, x = rng.uniform(-1, 1), rng.uniform(-1, 1), [rng.uniform(-1, 1) for _step in range(5)]
    sheet = f"h_t = tanh(U x_t + W k_{{t-1}})\nk_t = h_{{t-1}}\nU = {u}\nW = {w}\nx = {', '.join(map(str, x))}"
    states = [0.0, 0.0]
    for value in x:
        states.append(float(np.tanh(u * value + w * states[-2])))
    assert np.allclose(problem(sheet).forward()["h"].ravel(), states[2:])
