"""Gates whose W multiplies the input: options, answers and messages have the sheet's letters, never ours."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.commands import command
from support.sheets import drawn_at, printed, problem

CELLS = {
    "lstm": "i_t = σ({0}_i x_t + {1}_i h_{{t-1}})\nf_t = σ({0}_f x_t + {1}_f h_{{t-1}})\n"
    "o_t = σ({0}_o x_t + {1}_o h_{{t-1}})\n"
    "g_t = tanh({0}_g x_t + {1}_g h_{{t-1}})\nc_t = f_t ∘ c_{{t-1}} + i_t ∘ g_t\nh_t = o_t ∘ tanh(c_t)\n",
    "gru": "r_t = σ({0}_r x_t + {1}_r h_{{t-1}})\nz_t = σ({0}_z x_t + {1}_z h_{{t-1}})\n"
    "n_t = tanh({0}_n x_t + {1}_n (r_t ∘ h_{{t-1}}))\nh_t = z_t ∘ h_{{t-1}} + (1 - z_t) ∘ n_t\n",
}
GATES = {"lstm": "ifog", "gru": "rzn"}
D, H = 3, 2
CASES = list(itertools.product(CELLS, [("W", "U"), ("U", "W"), ("W_x", "W_h")]))


def sheet(cell: str, letters: tuple[str, str], tmp_path: Path) -> Path:
    lines = [CELLS[cell].format(*(f"{letter}" for letter in letters)).replace("W_x_", "W_x").replace("W_h_", "W_h")]
    for number, gate in enumerate(GATES[cell]):
        for letter, columns in zip(letters, (D, H)):
            name = f"{letter}{gate}" if "_" in letter else f"{letter}_{gate}"
            lines.append(f"{name} = {printed(drawn_at(number + columns, H, columns))}")
    x = printed(drawn_at(9, 2, D))
    path = tmp_path / "sheet.md"
    path.write_text(
        "\n".join([*lines, f"x = {x}", "targets = [[0.1, 0.2], [0.5, 0.4]]", "loss: squared_error", "lr: 0.5"])
    )
    return path


@pytest.mark.parametrize(("cell", "letters"), CASES)
def test_both_ways_of_writing_a_gate_are_the_sheets(cell: str, letters: tuple[str, str], tmp_path: Path) -> None:
    path = sheet(cell, letters, tmp_path)
    read = problem(path.read_text())
    gradients = read.backward(read.forward())
    gate = GATES[cell][1]
    rows = slice(*[{"lstm": "ifgo", "gru": "rzn"}[cell].index(gate) * H + add for add in (0, H)])
    right = {letters[0]: gradients["U"][rows], letters[1]: gradients["W"][rows]}
    for letter, values in right.items():
        typed = "; ".join(" ".join(f"{value:.7f}" for value in row) for row in values)
        joined = f"d{letter}{gate}" if "_" in letter else f"d{letter}_{gate}"
        for option in (f"--{joined}", f"--answers.{joined}", *([] if "_" in letter else [f"--d{letter}.{gate}"])):
            done = command("check", str(path), option, typed, "--format", "json")
            assert {value["verdict"] for value in done.data["values"]} == {"right"}, option
            wrong = command("check", str(path), option, "1 2 3 4", "--lang", "en")
            assert f"{joined} must be of the shape" in wrong.out, option
        whole = path.with_name("answered.md")
        whole.write_text(f"{path.read_text()}\n\n## My answers\n∂L/∂{joined[1:]} = [{typed}]\n")
        done = command("check", str(whole), "--format", "json")
        assert {value["verdict"] for value in done.data["values"]} == {"right"}


@pytest.mark.parametrize(("cell", "letters"), CASES[:2] + CASES[3:5])
def test_an_option_of_a_gate_overrides_the_sheets_letter(cell: str, letters: tuple[str, str], tmp_path: Path) -> None:
    path = sheet(cell, letters, tmp_path)
    gate = GATES[cell][0]
    value = "1 2 3; 4 5 6"
    by_name, by_gate = (
        command("forward", str(path), option, value, "--format", "json").data["trace"]["h"]
        for option in (f"--{letters[0]}_{gate}", f"--{letters[0]}.{gate}")
    )
    np.testing.assert_array_equal(by_name, by_gate)
    assert by_name != command("forward", str(path), "--format", "json").data["trace"]["h"]
