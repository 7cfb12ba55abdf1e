r"""What LaTeX and Markdown put around names and numbers: \phantom{-}, \\[ … \\], \vec\theta, \cdot as an index."""

from __future__ import annotations

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

U, W, B = drawn_at(1, 3, 2), drawn_at(2, 3, 3), drawn_at(3, 3)
X = np.array([[0.6, -1.1], [1.3, 0.2]])


def matrix(array: np.ndarray, before: str = "", row: str = r"\\") -> str:
    rows = [" & ".join(f"{before if x >= 0 else ''}{x}" for x in np.atleast_1d(line)) for line in array]
    return rf"\begin{{pmatrix}} {f' {row} '.join(rows)} \end{{pmatrix}}"


def expected(bias: bool) -> np.ndarray:
    h, states = np.zeros(3), []
    for x in X:
        h = np.tanh(U @ x + W @ h + (B if bias else 0))
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "before",
    [r"\phantom{-}", r"\hphantom{-}", r"\hphantom{$-$}", r"\hspace{0.5em}", r"\hspace*{2mm}", r"\!", r"\,", r"\;"],
)
def test_what_is_not_seen(before: str, bias: bool) -> None:
    lines = ["h_t = tanh(U x_t + W h_{t-1}" + (" + b)" if bias else ")"), f"U = {matrix(U, before)}"]
    lines += [f"W = {matrix(W, before)}", *([f"b = {matrix(B, before)}"] if bias else [])]
    lines += [f"x_1 = {before}{matrix(X[0])}", f"x_2 = {matrix(X[1], before)}"]
    built = problem("\n".join(f"$ {line} $" for line in lines))
    np.testing.assert_allclose(built.forward()["h"], expected(bias), rtol=1e-12)


@pytest.mark.parametrize("lap", [r"\mathllap", r"\mathrlap", r"\smash"])
def test_what_is_laid_over_is_seen(lap: str) -> None:
    built = problem(f"h_t = tanh(W x_t + U h_{{t-1}})\n$W = {lap}{{0.5}}$\nU = 0.2\nx_1 = 1")
    np.testing.assert_allclose(built.forward()["h"], [[np.tanh(0.5)]])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("lines", ["{}", "\n{}\n"])
@pytest.mark.parametrize("row", [r"\\", r"\\\\", r"\\[2pt]"])
def test_display_of_markdown(bias: bool, lines: str, row: str) -> None:
    equation = r"h_t = \tanh(U x_t + W h_{t-1}" + (" + b)" if bias else ")")
    parts = [equation, f"U = {matrix(U, row=row)}", f"W = {matrix(W, row=row)}"]
    parts += [f"b = {matrix(B, row=row)}"] * bias
    text = "\n\n".join(rf"\\[ {lines.format(part)} \\]" for part in parts)
    built = problem(f"{text}\n\nx_1 = {printed(X[0])}, x_2 = {printed(X[1])}")
    np.testing.assert_allclose(built.forward()["h"], expected(bias), rtol=1e-12)


@pytest.mark.parametrize("style", ["vec", "mathbf", "bm", "boldsymbol", "hat", "tilde"])
@pytest.mark.parametrize("letter", ["theta", "beta", "Omega"])
def test_styles_without_braces(style: str, letter: str) -> None:
    name = rf"\{style}\{letter}"
    text = rf"$h_t = \tanh(W x_t + U h_{{t-1}} + {name})$, $W = 0.5$, $U = 0.2$, ${name} = 0.1$, $x_1 = 1$"
    np.testing.assert_allclose(problem(text).forward()["h"], [[np.tanh(0.6)]])


@pytest.mark.parametrize(
    "any_gate", [r"_{{{}\cdot}}", r"_{{{},\cdot}}", r"_{{{}*}}", r"_{{{}\bullet}}", r"_{{{}\ast}}"]
)
def test_weights_of_any_gate(any_gate: str) -> None:
    heads = [f"W{any_gate.format('x')}", f"W{any_gate.format('h')}", f"b{any_gate.format('')}".replace("{,", "{")]
    numbers = {gate: (f"0.{n}", f"-0.{n + 1}", f"0.{n + 2}") for n, gate in enumerate("ifog", 1)}
    rows = [f"| {gate} | {' | '.join(values)} |" for gate, values in numbers.items()]
    equations = [
        f"{gate}_t = {'tanh' if gate == 'g' else 'σ'}(W_{{x{gate}}} x_t + W_{{h{gate}}} h_{{t-1}} + b_{gate})"
        for gate in numbers
    ]
    text = "\n".join([*equations, "c_t = f_t * c_{t-1} + i_t * g_t", "h_t = o_t * tanh(c_t)", "",
                      "| gate | " + " | ".join(f"${head}$" for head in heads) + " |", "|---|---|---|---|", *rows, "",
                      "x_1 = 1.5"])  # fmt: skip
    i, _f, o, g = (1.5 * float(values[0]) + float(values[2]) for values in numbers.values())
    h = np.tanh(np.tanh(g) / (1 + np.exp(-i))) / (1 + np.exp(-o))
    np.testing.assert_allclose(problem(text).forward()["h"], [[h]])


def test_a_word_before_a_comma_is_no_name() -> None:
    text = "h_t = tanh(W x_t + U h_{t-1})\nRNN, x_1 = 0.5, x_2 = 1.5, U = 0.2\nGiven, W = 0.5"
    np.testing.assert_allclose(problem(text).forward()["h"], [[np.tanh(0.25)], [np.tanh(0.75 + 0.2 * np.tanh(0.25))]])


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
@pytest.mark.parametrize("dollar", ["", "$"])
def test_a_cell_before_a_comma_is_the_cell(cell: str, dollar: str) -> None:
    gates = {"LSTM": 4, "GRU": 3}[cell]
    u, w = drawn_at(5, gates * 2, 1), drawn_at(6, gates * 2, 2)
    values = [f"{dollar}x_{t} = 0.{2 * t + 1}{dollar}" for t in (1, 2, 3)]
    built = problem(f"{cell}, {', '.join(values)}\nU = {printed(u)}\nW = {printed(w)}")
    wanted = problem({"cell": cell.lower(), "U": u.tolist(), "W": w.tolist(), "x": [[0.3], [0.5], [0.7]]})
    np.testing.assert_allclose(built.forward()["h"], wanted.forward()["h"], rtol=1e-12)
