"""Kinds of statements, each generated with its parts present and absent: they compute what the problem as JSON does.

Longer than other files: every kind is generated here and compared with the same problem as JSON.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

X = [[0.6, -1.1], [1.3, 0.2], [-0.5, 0.7]]
INPUTS = "\n".join(f"x_{t} = {row}" for t, row in enumerate(X, 1))


def cases(*parts: Any) -> list[tuple[Any, ...]]:
    return list(itertools.product(*parts))


def gates(letters: str, units: int = 2, inputs: int = 2, biases: bool = True) -> dict[str, dict[str, np.ndarray]]:
    shapes = {"U": (units, inputs), "W": (units, units), **({"b": (units,)} if biases else {})}
    return {
        name: {gate: drawn_at(10 * at + ord(name[0]), *shape) for at, gate in enumerate(letters)}
        for name, shape in shapes.items()
    }


def as_json(parts: dict[str, dict[str, np.ndarray]]) -> dict[str, Any]:
    return {name: {gate: array.tolist() for gate, array in part.items()} for name, part in parts.items()}


# the step in brackets, a leak -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "units", "bias"), cases("ntk", [1, 3], ["", " + b"]))
def test_a_leaky_unit_whose_state_is_called_x(step: str, units: int, bias: str) -> None:
    A, B, b = drawn_at(1, units, 2), drawn_at(2, units, units), drawn_at(3, units)
    sheet = f"""x({step}) = (1-\\alpha) x({step}-1) + \\alpha \\tanh(A u({step}) + B x({step}-1){bias})
We use $\\alpha = 0.3$, A = {printed(A)}, B = {printed(B)}{f", b = {printed(b)}" if bias else ""}
{INPUTS.replace("x_1", "u(1)").replace("x_2", "u(2)").replace("x_3", "u(3)")}"""
    h = np.zeros(units)
    for x, got in zip(X, problem(sheet).forward()["h"]):
        h = 0.7 * h + 0.3 * np.tanh(A @ x + B @ h + (b if bias else 0))
        np.testing.assert_allclose(got, h, rtol=1e-12)


# matrices -------------------------------------------------------------------------------------------------------------

BRACKETS = {"square": "⎡⎢⎣⎤⎥⎦", "round": "⎛⎜⎝⎞⎟⎠", "ascii": "[[[]]]", "plain": "((()))"}


def drawing(arrays: dict[str, np.ndarray], marks: str, named: int) -> str:
    """Matrices side by side, the names in the row that is called for."""
    rows = max(len(array) for array in arrays.values())
    lines = [""] * rows
    for name, array in arrays.items():
        lines = [line.ljust(max(map(len, lines)) + 3) for line in lines]
        for at, row in enumerate(array):
            mark = 0 if at == 0 else 2 if at == len(array) - 1 else 1
            head = f"{name} = " if at == min(named, len(array) - 1) else " " * (len(name) + 3)
            body = "  ".join(f"{value:5.2f}" for value in np.atleast_1d(row))
            lines[at] += f"{head}{marks[mark]} {body} {marks[mark + 3]}"
    return "\n".join(lines)


@pytest.mark.parametrize(("marks", "named", "units"), cases(BRACKETS, [0, 1, 2], [2, 3]))
def test_matrices_drawn_over_several_lines(marks: str, named: int, units: int) -> None:
    U, W, b = drawn_at(1, units, 2), drawn_at(2, units, units), drawn_at(3, units)
    sheet = "\n\n".join(
        [
            "h_t = tanh(U x_t + W h_{t-1} + b)",
            drawing({"U": U, "W": W}, BRACKETS[marks], named),
            drawing({"b": b}, BRACKETS[marks], named),
            INPUTS,
        ]
    )
    assert_same(sheet, {"U": U.tolist(), "W": W.tolist(), "b": b.tolist(), "x": X})


FENCES = [("\\left[", "\\right]"), ("\\left(", "\\right)"), ("\\bigl[", "\\bigr]"), ("[", "]"), ("", "")]


@pytest.mark.parametrize("fence", FENCES)
def test_brackets_around_an_array(fence: tuple[str, str]) -> None:
    rows = " \\\\\n".join(" & ".join(map(str, row)) for row in drawn_at(1, 2, 2))
    sheet = f"""h_t = tanh(U x_t + W h_{{t-1}})
\\[ U = {fence[0]}\\begin{{array}}{{rr}}
{rows}
\\end{{array}}{fence[1]}, \\quad W = {fence[0]} \\begin{{matrix}} 0.5 & 0 \\\\ 0 & -0.5 \\end{{matrix}} {fence[1]} \\]
{INPUTS}"""
    assert_same(sheet, {"U": drawn_at(1, 2, 2).tolist(), "W": [[0.5, 0], [0, -0.5]], "x": X})


# stacked arrays beside the equations of the gates ---------------------------------------------------------------------

TORCH = {
    "lstm": [
        *(f"{g} = {f}(W_i{g} x + b_i{g} + W_h{g} h + b_h{g})" for g, f in zip("ifgo", ["σ", "σ", "tanh", "σ"])),
        "c' = f * c + i * g", "h' = o * tanh(c')",
    ],
    "gru_after": [
        *(f"{g} = σ(W_i{g} x + b_i{g} + W_h{g} h + b_h{g})" for g in "rz"),
        "n = tanh(W_in x + b_in + r * (W_hn h + b_hn))", "h' = (1 - z) * n + z * h",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("cell", "biases", "prefix"), cases(TORCH, [True, False], ["", "rnn.", "  "]))
def test_a_printed_state_dict_beside_the_equations_of_the_gates(cell: str, biases: bool, prefix: str) -> None:
    count = 4 if cell == "lstm" else 3
    arrays = {"weight_ih": drawn_at(1, 2 * count, 2), "weight_hh": drawn_at(2, 2 * count, 2)}
    if biases:
        arrays |= {"bias_ih": drawn_at(3, 2 * count), "bias_hh": drawn_at(4, 2 * count)}
    lines = TORCH[cell] if biases else [re.sub(r" \+ b_\w+", "", line) for line in TORCH[cell]]
    shown = [f"{prefix}{name} tensor({np.array2string(array, separator=', ')})" for name, array in arrays.items()]
    wanted = {name: array.tolist() for name, array in arrays.items()}
    assert_same("\n".join([*lines, "", *shown, f"x = torch.tensor({X})"]),
                {"cell": "gru" if cell == "gru_after" else cell, "notation": "pytorch", **wanted, "x": X})  # fmt: skip


KERAS = {
    "lstm": [
        *(f"{g}_t = {f}(x_t K_{g} + h_{{t-1}} R_{g} + b_{g})" for g, f in zip("ifgo", ["σ", "σ", "tanh", "σ"])),
        "c_t = f_t ∘ c_{t-1} + i_t ∘ g_t", "h_t = o_t ∘ tanh(c_t)",
    ],
    "gru": [
        *(f"{g}_t = σ(x_t K_{g} + h_{{t-1}} R_{g} + b_{g})" for g in "zr"),
        "h̃_t = tanh(x_t K_h + (r_t ∘ h_{t-1}) R_h + b_h)", "h_t = z_t ∘ h_{t-1} + (1 - z_t) ∘ h̃_t",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("cell", "order"), [("lstm", ""), ("gru", ""), ("gru", "r, z, h"), ("lstm", "o, f, i, g")])
def test_kernels_beside_the_equations_of_the_gates(cell: str, order: str) -> None:
    count = 4 if cell == "lstm" else 3
    arrays = {
        "kernel": drawn_at(1, 2, 2 * count),
        "recurrent_kernel": drawn_at(2, 2, 2 * count),
        "bias": drawn_at(3, 2 * count),
    }
    shown = [f"{name} =\n{array}" for name, array in arrays.items()]
    said = [f"The gates are stacked in the order {order}."] if order else []
    wanted = {name: array.tolist() for name, array in arrays.items()}
    stacked = {"gates": order.replace(", ", "").replace("h", "n")} if order else {}
    assert_same("\n\n".join([*said, *KERAS[cell], *shown, f"x = {X}"]),
                {"cell": cell, "notation": "keras", **stacked, **wanted, "x": X})  # fmt: skip


# numbers in the equations ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bias", "output", "weight"), cases([0, 0.1, -0.3], ["", "1.6", "-0.7"], [0.7, 1]))
def test_numbers_that_stand_in_the_equations(bias: float, output: str, weight: float) -> None:
    added = f" {'+' if bias > 0 else '-'} {abs(bias)}" if bias else ""
    first = "u_t" if weight == 1 else f"{weight} u_t"
    lines = [f"z_t = tanh({first} − 0.45 z_{{t−1}}{added})", *([f"y_t = {output} z_t − 0.2"] if output else [])]
    sheet = "\n".join([*lines, "z_0 = 0.2, u_1 = 1, u_2 = −0.5, u_3 = 2"])
    top = {"V": [[float(output)]], "c": [-0.2]} if output else {}
    assert_same(sheet, {"U": weight, "W": -0.45, "b": bias, **top, "h0": [0.2], "x": [1, -0.5, 2]})


def test_numbers_in_the_equations_of_gates_are_said() -> None:
    lines = [f"{g}_t = {f}({0.2 * at:.1f} x_t - 0.{at} h_{{t-1}} + 0.5)"
             for at, (g, f) in enumerate(zip("ifgo", ["σ", "σ", "tanh", "σ"]), 1)]  # fmt: skip
    sheet = "\n".join([*lines, "c_t = f_t c_{t-1} + i_t g_t", "h_t = o_t tanh(c_t)", "x = [1, -0.4]"])
    wanted = {"cell": "lstm", "b": [0.5] * 4, "U": [[0.2], [0.4], [0.6], [0.8]], "W": [[-0.1], [-0.2], [-0.3], [-0.4]]}
    assert_same(sheet, {**wanted, "x": [1, -0.4]})
    assert any("W_i = -0.1" in note for note in problem(sheet).notes)


# programs -------------------------------------------------------------------------------------------------------------

BODIES = {
    "returned": "    return np.tanh(x @ Wx + prev_h @ Wh + b)",
    "named": "    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)\n    return next_h  # (H,)",
    "explained": '    """One step."""\n    # tanh\n    return np.tanh(x @ Wx + prev_h @ Wh + b)',
}
CALLS = ["step(x[t], h, Wx, Wh, b)", "step(x[t], prev_h=h, Wx=Wx, Wh=Wh, b=b)"]


@pytest.mark.parametrize(("body", "call", "output"), cases(BODIES, CALLS, [True, False]))
def test_a_function_of_one_line_is_its_line(body: str, call: str, output: bool) -> None:
    Wx, Wh, b, V = drawn_at(1, 2, 3), drawn_at(2, 3, 3), drawn_at(3, 3), drawn_at(4, 3, 1)
    sheet = f"""```python
def step(x, prev_h, Wx, Wh, b):
{BODIES[body]}

Wx = np.array({printed(Wx)})
Wh = np.array({printed(Wh)})
b = np.array({printed(b)})
V = np.array({printed(V)})
x = np.array({X})
h = np.zeros(3)
for t in range(3):
    h = {call}
{"    y = h @ V" if output else ""}
```"""
    top = {"V": V.T.tolist()} if output else {}
    assert_same(sheet.replace(f"V = np.array({printed(V)})", "") if not output else sheet,
                {"U": Wx.T.tolist(), "W": Wh.T.tolist(), "b": b.tolist(), **top, "x": X})  # fmt: skip


# tables ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("inputs", "bias", "functions"), cases([1, 2, 3], [True, False], [True, False]))
def test_an_lstm_whose_weights_are_a_table_by_what_they_multiply(inputs: int, bias: bool, functions: bool) -> None:
    parts = gates("figo", 1, inputs, bias)
    heads = [*(f"input {n}" for n in range(1, inputs + 1)), "$h_{t-1}$", *["bias"] * bias, *["activation"] * functions]
    rows = []
    for gate, name in zip("figo", ["forget gate $f_t$", "input gate $i_t$", "candidate $g_t$", "output gate $o_t$"]):
        numbers = [*parts["U"][gate][0], parts["W"][gate][0, 0], *([parts["b"][gate][0]] if bias else [])]
        rows.append([name, *map(str, numbers), *(["tanh" if gate == "g" else "sigmoid"] * functions)])
    x = drawn_at(9, 3, inputs)
    steps = [[str(t), *map(str, row)] for t, row in enumerate(x, 1)]
    sheet = "\n\n".join([
        "$c_t = f_t c_{t-1} + i_t g_t$, $h_t = o_t \\tanh(c_t)$", table(["", *heads], rows),
        table(["$t$", *(f"input {n}" for n in range(1, inputs + 1))], steps),
    ])  # fmt: skip
    assert_same(sheet, {"cell": "lstm", **as_json(parts), "x": x.tolist()})


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


STEPS = ["{t}", "t = {t}", "day {t}", "第 {t} 天", "第 {t} 天（$x_{t}$）", "$x_{t}$"]


@pytest.mark.parametrize(("step", "letter", "heads"), cases(STEPS, "xu", [["warm", "wet"], ["气温", "湿度"]]))
def test_columns_of_features_are_the_inputs(step: str, letter: str, heads: list[str]) -> None:
    rows = [[step.format(t=t), *map(str, row)] for t, row in enumerate(X, 1)]
    first = "t" if step in ("{t}", "t = {t}") else "日期"
    sheet = f"h_t = tanh(A {letter}_t + B h_{{t-1}})\nA = [0.5, -0.3]\nB = 0.4\n\n{table([first, *heads], rows)}"
    assert_same(sheet, {"U": [[0.5, -0.3]], "W": 0.4, "x": X})


@pytest.mark.parametrize("dash", ["-", "–", "—", "n/a", "无", ""])
def test_a_dash_in_a_table_is_no_value(dash: str) -> None:
    rows = [[g, "0.5", "-0.3", dash if g == "g" else "0.2", "0.1"] for g in "figo"]
    lines = [f"{g}_t = {f}(W_{g} x_t + U_{g} h_{{t-1}} + b_{g}{p})" for g, f, p in
             zip("figo", ["σ", "σ", "tanh", "σ"], [" + p_f c_{t-1}", " + p_i c_{t-1}", "", " + p_o c_t"])]  # fmt: skip
    sheet = "\n".join([*lines, "c_t = f_t ∘ c_{t-1} + i_t ∘ g_t", "h_t = o_t ∘ tanh(c_t)", "",
                       table(["", "$W$", "$U$", "$p$", "$b$"], rows), "", "x = [1, -0.4]"])  # fmt: skip
    assert problem(sheet).forward()["h"].shape == (2, 1)


@pytest.mark.parametrize("head", ["$p_t$ (transposed)", "$p_t$（转置）", "$p_t$, in °C", "input $p_t$", "$p_t$"])
def test_words_behind_the_name_of_a_column(head: str) -> None:
    sheet = "h_t = tanh(A p_t + B h_{t-1})\nA = [0.5, -0.3]\nB = 0.4\n\n"
    rows = [[str(t), f"({row[0]}, {row[1]})"] for t, row in enumerate(X, 1)]
    assert_same(sheet + table(["$t$", head], rows), {"U": [[0.5, -0.3]], "W": 0.4, "x": X})


# letters --------------------------------------------------------------------------------------------------------------

SENTENCES = [
    "It reads the letters b, a, n, a and predicts the next letter of each: a, n, a, n.",
    "The net reads b, a, n, a. The targets are a, n, a, n.",
    "输入序列为 b、a、n、a，预测的下一个字符依次为 a、n、a、n。",
]


@pytest.mark.parametrize(("sentence", "mean"), cases(SENTENCES, [True, False]))
def test_letters_in_a_sentence_and_their_codes(sentence: str, mean: bool) -> None:
    U, V = drawn_at(1, 2, 3), drawn_at(2, 3, 2)
    factor = "\\frac{1}{4} " if mean else ""
    sheet = f"""Codes: a = (0, 1, 0), b = (1, 0, 0), n = (0, 0, 1).
h_t = tanh(A x_t + B h_{{t-1}}), p_t = softmax(C h_t)
{sentence}
A = {printed(U)}; C = {printed(V)}; B = [[0.3, -0.2], [0.1, 0.4]]
$L = -{factor}\\sum_t \\ln p_t[\\text{{target}}_t]$"""
    one_hot = np.eye(3)[[0, 1, 2, 1]].tolist()
    wanted = {"U": U.tolist(), "W": [[0.3, -0.2], [0.1, 0.4]], "V": V.tolist(), "output": "softmax", "x": one_hot}
    assert_same(sheet, wanted)
    read = problem(sheet).task
    assert read.targets is not None
    assert read.targets.tolist() == [1, 2, 1, 2]
    assert (read.loss, read.reduction) == ("cross_entropy", "mean" if mean else None)


# names ----------------------------------------------------------------------------------------------------------------

LETTERS = ["\\zeta", "\\iota", "\\pi", "\\chi", "\\xi", "\\upsilon", "k", "n", "j", "\\beta", "β"]


@pytest.mark.parametrize(("letter", "where"), cases(LETTERS, ["bias", "output"]))
def test_any_letter_may_be_a_bias_or_an_output(letter: str, where: str) -> None:
    bias = letter if where == "bias" else "r"
    output = letter if where == "output" else "o"
    sheet = f"""$q_t = \\tanh(P x_t + Q q_{{t-1}} + {bias})$, ${output}_t = G q_t$
$P = 0.5$, $Q = 0.3$, ${bias} = 0.15$, $G = 2$
x = [1, -0.4]"""
    assert_same(sheet, {"U": 0.5, "W": 0.3, "b": 0.15, "V": 2, "x": [1, -0.4]})


@pytest.mark.parametrize("own", [True, False])
def test_questions_about_one_problem_are_one_problem(own: bool) -> None:
    sheet = "U = 0.5\nW = 0.3\nx = [1, 2]\n\nQuestion 1\n\nFind h_1.\n\nQuestion 2\n\nFind the last state.\n"
    if not own:
        assert problem(sheet).x.shape == (2, 1)
        return
    from rnncalc.problems import problem_text

    several = problem_text.read(sheet.replace("Find h_1.", "b = 0.1").replace("Find the last state.", "b = 0.2"))
    assert list(several["problems"].value) == ["Q1", "Q2"]
