"""Sheets pasted from notebooks, courses' notes, word processors and LaTeX: habits of writing as kinds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

H, D, O, T = 3, 2, 4, 3
ARRAYS = {
    "U": drawn_at(1, H, D), "W": drawn_at(2, H, H), "V": drawn_at(3, O, H), "b": drawn_at(4, H), "x": drawn_at(5, T, D),
}  # fmt: skip
SAME = {name: array.tolist() for name, array in ARRAYS.items()}
CODE = "".join(f"{name} = np.array({printed(array)})\n" for name, array in ARRAYS.items() if name != "x")
DOTS = {
    "dot": "np.dot({}, {})", "matmul": "np.matmul({}, {})", "sign": "{} @ {}", "torch": "torch.mv({}, {})",
}  # fmt: skip
FUNCTIONS = {"np.tanh({})": "tanh", "np.maximum(0, {})": "relu", "np.maximum({}, 0)": "relu"}


@pytest.mark.parametrize(
    ("dot", "function", "own", "prompts", "bias"),
    list(itertools.product(DOTS, FUNCTIONS, ["", "self."], [True, False], [True, False])),
)
def test_a_step_of_a_program(dot: str, function: str, own: str, prompts: bool, bias: bool) -> None:
    product = DOTS[dot].format
    inside = f"{product(f'{own}U', 'x')} + {product(f'{own}W', f'{own}h')}" + (f" + {own}b" if bias else "")
    lines = f"hs, ys = [], []\n{own}h = np.zeros({H})\nfor x in xs:\n"
    lines += f"    {own}h = {function.format(inside)}\n    y = {product(f'{own}V', f'{own}h')}\n    ys.append(y)\n"
    parts = [CODE if bias else CODE.rpartition("b =")[0], f"xs = np.array({printed(ARRAYS['x'])})\n", lines]
    text = "".join(f"In [{at}]:\n{part}\n" for at, part in enumerate(parts, 1)) if prompts else "\n".join(parts)
    text += "Out[3]: array([0.5, 0.25, 0.75])\n" if prompts else ""
    wanted = {**SAME, "activation": FUNCTIONS[function]}
    assert_same(text, wanted if bias else {name: value for name, value in wanted.items() if name != "b"})


@pytest.mark.parametrize("where", ["preamble", "body"])
@pytest.mark.parametrize("macro", [r"\newcommand{\vh}{\boldsymbol{h}}", r"\newcommand\vh{\mathbf{h}}"])
def test_commands_of_ones_own(where: str, macro: str) -> None:
    head = f"\\documentclass{{article}}\n{macro if where == 'preamble' else ''}\n\\begin{{document}}\n"
    head += macro if where == "body" else ""
    lines = "\n$\\vh_t = \\tanh(U x_t + W \\vh_{t-1} + b)$, $y_t = V \\vh_t$\n\n"
    given = "\n".join(f"${name} = {printed(array)}$" for name, array in ARRAYS.items())
    assert_same(f"{head}{lines}{given}\n\\end{{document}}\n", SAME)


@pytest.mark.parametrize("step", ["_t", "(t)", "[t]", "_{t}"])
@pytest.mark.parametrize("candidate", ["c~", "c̃", "\\tilde{c}"])
def test_a_tilde_behind_its_letter(step: str, candidate: str) -> None:
    before = step.replace("t", "t-1") if "_t" not in step else "_{t-1}"
    gates = "".join(f"{g}{step} = σ(W_{g} x{step} + U_{g} h{before})\n" for g in "ifo")
    lines = f"{gates}{candidate}{step} = tanh(W_c x{step} + U_c h{before})\n"
    lines += f"c{step} = f{step} * c{before} + i{step} * {candidate}{step}\nh{step} = o{step} * tanh(c{step})\n"
    given = {
        name: drawn_at(at, 2, 2) for at, name in enumerate(["W_i", "W_f", "W_o", "W_c", "U_i", "U_f", "U_o", "U_c"])
    }
    text = (
        lines + "".join(f"{name} = {printed(array)}\n" for name, array in given.items()) + "x = [[1, 2], [0.5, -1]]\n"
    )
    wanted: dict[str, Any] = {"cell": "lstm", "x": [[1, 2], [0.5, -1]]}
    for ours, theirs in (("U", "W"), ("W", "U")):
        wanted[ours] = {gate: given[f"{theirs}_{gate.replace('g', 'c')}"].tolist() for gate in "ifog"}
    assert_same(text, wanted)


@pytest.mark.parametrize(("cell", "mark"), list(itertools.product(["lstm", "gru"], ["  ", "\t", "   "])))
def test_a_table_of_gates_without_rules(cell: str, mark: str) -> None:
    gates = "ifog" if cell == "lstm" else "rzn"
    lines = "".join(f"{g}_t = σ(w_{g} x_t + u_{g} h_{{t-1}} + b_{g})\n" for g in gates[:-1])
    if cell == "lstm":
        lines += "g_t = tanh(w_g x_t + u_g h_{t-1} + b_g)\nc_t = f_t c_{t-1} + i_t g_t\nh_t = o_t tanh(c_t)\n"
    else:
        lines += "n_t = tanh(w_n x_t + u_n (r_t h_{t-1}) + b_n)\nh_t = z_t h_{t-1} + (1 - z_t) n_t\n"
    numbers = {gate: drawn_at(at, 3) for at, gate in enumerate(gates)}
    rows = "\n".join(mark.join([gate, *map(str, row)]) for gate, row in numbers.items())
    text = f"{lines}\n{mark.join(['gate', 'w', 'u', 'b'])}\n{rows}\n\nx_1 = 0.5, x_2 = -1\n"
    wanted: dict[str, Any] = {"cell": cell, "x": [[0.5], [-1]]}
    for at, name in enumerate("UWb"):
        wanted[name] = {gate: row[at] for gate, row in numbers.items()}
    assert_same(text, wanted)


def comma(array: np.ndarray) -> str:
    """A vector or a matrix as one writes it where commas are decimal: ((0,1; 0,2); (0,3; 0,4))."""
    if array.ndim:
        return f"({'; '.join(comma(part) for part in array)})"
    return str(array).replace(".", ",")


@pytest.mark.parametrize(("letter", "turned"), list(itertools.product(["x", "u"], [True, False])))
def test_vectors_of_decimal_commas(letter: str, turned: bool) -> None:
    lines = f"h_t = tanh(U {letter}_t + W h_{{t-1}} + b), y_t = V h_t\n"
    given = [f"{name} = {comma(ARRAYS[name])}" for name in "UWV"] + [f"b = {comma(ARRAYS['b'])}{'ᵀ' if turned else ''}"]
    given += [f"{letter}_{t} = {comma(row)}{'ᵀ' if turned else ''}" for t, row in enumerate(ARRAYS["x"], 1)]
    assert_same(lines + "\n".join(given), SAME)


def test_random_numbers_that_others_replace() -> None:
    text = "h_t = tanh(U x_t + W h_{t-1} + b), y_t = V h_t\nX, U = torch.randn(3, 1), torch.randn(1, 4)\n"
    text += "".join(f"{name} = {printed(ARRAYS[name])}\n" for name in "UWVb")
    text += "".join(f"x_{t} = {printed(row)}\n" for t, row in enumerate(ARRAYS["x"], 1))
    assert_same(text, SAME)
    assert sum("torch.randn" in note for note in problem(text).notes) == 2


@pytest.mark.parametrize("word", ["Loss: {}", "loss = {}", "L = {}", "损失 L = {}"])
def test_a_loss_among_the_answers(word: str) -> None:
    text = "h_t = tanh(U x_t + W h_{t-1})\nU = 0.5, W = 0.2, x = [1, 2]\ntargets: 1, 0\nloss: squared_error\n"
    read = problem(f"{text}\n## My answers\n{word.format('0.756')}\n")
    assert read.given["answers"].value == {"loss": "0.756"}
