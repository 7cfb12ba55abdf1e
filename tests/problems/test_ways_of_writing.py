"""One problem in many ways of writing, its bias and read-out present and absent."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

U, W, B, V = drawn_at(1, 3, 2), drawn_at(2, 3, 3), drawn_at(3, 3), drawn_at(4, 1, 3)
C = 0.3
X = np.array([[0.6, -1.1], [1.3, 0.2]])


def values(bias: bool, output: bool) -> dict[str, np.ndarray]:
    return {"U": U, "W": W, **({"b": B} if bias else {}), **({"V": V, "c": np.array([C])} if output else {})}


def plain(bias: bool, output: bool, name: Callable[[str], str] = str, sep: str = "\n") -> str:
    return sep.join(f"{name(key)} = {printed(array)}" for key, array in values(bias, output).items())


INPUTS = f"x_1 = {printed(X[0])}, x_2 = {printed(X[1])}"
EQUATION = "h_t = tanh(U x_t + W h_{t-1} + b)"


def equations(bias: bool, output: bool) -> list[str]:
    return [EQUATION if bias else EQUATION.replace(" + b", ""), *(["y_t = V h_t + c"] if output else [])]


def in_words(bias: bool, output: bool) -> str:
    names = {"U": "Input-to-hidden weights", "W": "- Recurrent weights", "b": "The hidden bias",
             "V": "Hidden-to-output weight matrix", "c": "Output bias"}  # fmt: skip
    lines = [f"{names[key]}: {printed(array)}" for key, array in values(bias, output).items()]
    return "\n".join(["An Elman network with tanh units.", *lines, f"Input sequence: {printed(X)}"])


def in_chinese_words(bias: bool, output: bool) -> str:
    names = {
        "U": "输入层到隐藏层的权重矩阵",
        "W": "循环权重",
        "b": "隐藏层偏置",
        "V": "输出权重矩阵",
        "c": "输出层偏置",
    }
    lines = [f"{names[key]}为 {printed(array)}" for key, array in values(bias, output).items()]
    return "\n".join([*lines, f"输入序列：{printed(X)}"])


def by_entry(name: Callable[[str, int, int], str]) -> Callable[[bool, bool], str]:
    def written(bias: bool, output: bool) -> str:
        lines = equations(bias, output)
        for key, array in values(bias, output).items():
            if array.ndim == 2 and len(array) > 1:
                entries = [f"{name(key, *at)} = {value}" for at, value in np.ndenumerate(array)]
                lines.append(", ".join(entries))
            elif key == "b":
                lines.append(", ".join(f"b_{at + 1} = {value}" for at, value in enumerate(array)))
            else:
                lines.append(f"{key} = {printed(array)}")
        return "\n".join([*lines, INPUTS])

    return written


def with_sums(sign: str, pair: str) -> Callable[[bool, bool], str]:
    def written(bias: bool, output: bool) -> str:
        inner = f"{sign}_j U_{pair} x_j(t) + {sign}_j W_{pair} h_j(t-1)" + (" + b_i" if bias else "")
        top = [f"y_k(t) = {sign}_i V_{pair.replace('i', 'k').replace('j', 'i')} h_i(t) + c_k"] if output else []
        return "\n".join([f"h_i(t) = tanh({inner})", *top, plain(bias, output), INPUTS])

    return written


def in_html(bias: bool, output: bool) -> str:
    lines = [line.replace("_{t-1}", "<sub>t-1</sub>").replace("_t", "<sub>t</sub>") for line in equations(bias, output)]
    inputs = INPUTS.replace("_1", "<sub>1</sub>").replace("_2", "<sub>2</sub>")
    return "\n".join(f"<p>{line}</p>" for line in [*lines, *plain(bias, output).split("\n"), inputs])


def with_macros(bias: bool, output: bool) -> str:
    macros = "\\newcommand{\\bh}{\\mathbf{h}} \\newcommand\\bx{\\mathbf{x}}\n"
    lines = [
        line.replace("h_", "\\bh_").replace("x_", "\\bx_").replace("tan\\bh", "tanh")
        for line in equations(bias, output)
    ]
    return macros + "\n".join(f"$${line}$$" for line in lines) + f"\n{plain(bias, output)}\n{INPUTS}"


def as_a_class(bias: bool, output: bool) -> str:
    lines = [f"        self.{key} = np.array({printed(array)})" for key, array in values(bias, output).items()]
    body = "np.tanh(self.U @ x + self.W @ h" + (" + self.b)" if bias else ")")
    top = ["    def out(self, h):", "        return self.V @ h + self.c", "", "y = out(h)"] if output else []
    step = ["        self.states = []", "    def step(self, x, h):", f"        return {body}"]
    return "\n".join(["class RNN:", "    def __init__(self):", *lines, *step, *top, f"x = np.array({printed(X)})"])


def in_a_table(bias: bool, output: bool) -> str:
    words = {"U": "输入权重 $U$", "W": "循环权重 $W$", "b": "偏置 $b$", "V": "输出权重 $V$", "c": "输出偏置 $c$"}
    rows = [f"| {words[key]} | {printed(array)} |" for key, array in values(bias, output).items()]
    rows += [f"| 输入 $x_{t}$ | {printed(row)} |" for t, row in enumerate(X, 1)]
    return "\n".join([*equations(bias, output), "", "| 参数 | 取值 |", "|---|---|", *rows])


def row_by_row(nth: list[str], column: str, sign: str = ": ", sep: str = "; ") -> Callable[[bool, bool], str]:
    def written(bias: bool, output: bool) -> str:
        lines = equations(bias, output)
        for key, array in values(bias, output).items():
            rows = [", ".join(map(str, row)) for row in np.atleast_2d(array)]
            if array.ndim == 1 and len(array) > 1:
                lines.append(f"* ${key}$ {column.format(rows[0])}")
            elif len(rows) > 1:
                lines.append(f"* ${key}${sign}" + sep.join(f"{name} {row}" for name, row in zip(nth, rows)))
            else:
                lines.append(f"${key} = ({rows[0]})$")
        return "\n".join([*lines, INPUTS])

    return written


def between_bars(bias: bool, output: bool) -> str:
    """Matrices drawn with plain bars, side by side, their names in the middle line."""
    lines = ["", "", ""]
    for key, array in values(bias, output).items():
        rows = array if array.ndim == 2 else array[:, None]
        drawn = [f"|{''.join(f'{number:>7}' for number in row)} |" for row in rows]
        if len(drawn) < 3:
            drawn = ["", *drawn, ""]
        width = max(map(len, lines))
        for at, (line, row) in enumerate(zip(lines, drawn, strict=True)):
            name = f"     {key} = " if at == 1 else " " * 9
            if len(rows) == 1:
                name, row = (f"     {key} = ", printed(array)) if at == 1 else ("", "")
            lines[at] = line.ljust(width) + name + row
    return "\n".join([*equations(bias, output), "", *lines, "", INPUTS])


def in_bold(bias: bool, output: bool) -> str:
    """Row vectors without a sign or a blank between two names: H_{t-1}W."""
    inner = r"\mathbf x_t\mathbf U+\mathbf h_{t-1}\mathbf W" + (r"+\mathbf b" if bias else "")
    top = [r"\mathbf y_t=\mathbf h_t\mathbf V+\mathbf c"] if output else []
    lines = [rf"$\mathbf h_t=\phi\left({inner}\right)$ where $\phi$ is tanh", *(f"${line}$" for line in top)]
    turned = {key: array.T if array.ndim == 2 else array for key, array in values(bias, output).items()}
    return "\n".join([*lines, *(f"$\\mathbf {key} = {printed(array)}$" for key, array in turned.items()), INPUTS])


WAYS = {
    "first row": row_by_row(["first row", "second row", "third row"], "is the column with entries {}"),
    "row 1": row_by_row(["row 1:", "row 2:", "row 3:"], "= the vector with components {}"),
    "have": row_by_row(["first row", "second row", "third row"], "is the vector with entries {}", " have ", " and "),
    "第一行": row_by_row(["第一行", "第二行", "第三行"], "= ({})"),
    "bars": between_bars,
    "bold": in_bold,
    "words": in_words,
    "中文": in_chinese_words,
    "u_{11}": by_entry(lambda key, i, j: f"{key.lower()}_{{{i + 1}{j + 1}}}"),
    "U_11": by_entry(lambda key, i, j: f"{key}_{i + 1}{j + 1}"),
    "U_{1,1}": by_entry(lambda key, i, j: f"{key}_{{{i + 1},{j + 1}}}"),
    "sum": with_sums("sum", "ij"),
    "\\sum": with_sums("\\sum", "{ij}"),
    "Σ": with_sums("Σ", "{i,j}"),
    "html": in_html,
    "macros": with_macros,
    "class": as_a_class,
    "table": in_a_table,
}


@pytest.mark.parametrize(("way", "bias", "output"), list(itertools.product(WAYS, [True, False], [True, False])))
def test_a_way_of_writing(way: str, bias: bool, output: bool) -> None:
    wanted = {key: array.tolist() for key, array in values(bias, output).items()}
    assert_same(WAYS[way](bias, output), {**wanted, "x": X.tolist()})


ONE = "h_t = tanh(u x_t + w h_{t-1} + b)"
ALONE = {
    "tuples": f"{ONE} with (u, w, b) = (0.5, 0.3, -0.1) and (x_1, x_2, x_3) = (1, -0.4, 0.7).",
    "a set": f"{ONE}, $u = 0.5$, $w = 0.3$, $b = -0.1$, $\\{{x_t\\}} = \\{{1, -0.4, 0.7\\}}$",
    "a set with bounds": f"{ONE}, $u = 0.5$, $w = 0.3$, $b = -0.1$, $\\{{x_t\\}}_{{t=1}}^{{3}} = \\{{1, -0.4, 0.7\\}}$",
    "a bare table": f"{ONE}\nu = 0.5, w = 0.3, b = -0.1\n\nt | x_t\n--|--\n1 | 1\n2 | -0.4\n3 | 0.7\n",
    "a sequence as a signal": f"{ONE}\nu = 0.5, w = 0.3, b = -0.1\nx_t = [1, -0.4, 0.7]",
    "fenced": 'As JSON:\n\n```json\n{"U": 0.5, "W": 0.3, "b": -0.1, "x": [1, -0.4, 0.7]}\n```\nThanks!',
}


@pytest.mark.parametrize("way", ALONE)
def test_a_way_of_writing_numbers(way: str) -> None:
    assert_same(ALONE[way], {"U": 0.5, "W": 0.3, "b": -0.1, "x": [1, -0.4, 0.7]})


FUNCTIONS = ["f = relu", "f(z) = max(0, z)", "f is the ReLU.", "$f(a) = \\max(0, a)$"]


@pytest.mark.parametrize(("said", "first"), list(itertools.product(FUNCTIONS, [True, False])))
def test_a_letter_for_a_function_is_no_parameter(said: str, first: bool) -> None:
    lines = ["h_t = f(w x_t + u h_{t-1} + b)", said]
    sheet = "\n".join([*(lines if first else lines[::-1]), "w = 0.8, u = 0.5 and b = -0.1.", "x = [1, -2, 0.5]"])
    assert_same(sheet, {"activation": "relu", "U": 0.8, "W": 0.5, "b": -0.1, "x": [1, -2, 0.5]})


@pytest.mark.parametrize(
    ("order", "fence"), list(itertools.product(["ifog", "ifgo", "gfio"], ["bmatrix", "pmatrix", "array"]))
)
def test_all_gates_in_one_column(order: str, fence: str) -> None:
    opened, closed = (
        ("\\left(\\begin{array}{c}", "\\end{array}\\right)")
        if fence == "array"
        else (f"\\begin{{{fence}}}", f"\\end{{{fence}}}")
    )
    weights = drawn_at(5, 8, 5)  # on [h; x], 2 + 3
    names = " \\\\ ".join(f"{gate}_t" for gate in order)
    functions = " \\\\ ".join("\\tanh" if gate == "g" else "\\sigma" for gate in order)
    sheet = f"""$$ {opened} {names} {closed} = {opened} {functions} {closed}
W {opened} h_{{t-1}} \\\\ x_t {closed} $$
$c_t = f_t \\odot c_{{t-1}} + i_t \\odot g_t$, $h_t = o_t \\odot \\tanh(c_t)$
W = {printed(weights)}
x = [[0.6, -1.1, 0.2], [1.3, 0.2, -0.4]]"""
    assert_same(sheet, {"cell": "lstm", "gates": order, "W": weights[:, :2].tolist(), "U": weights[:, 2:].tolist(),
                        "x": [[0.6, -1.1, 0.2], [1.3, 0.2, -0.4]]})  # fmt: skip


def test_numbers_of_both_directions() -> None:
    sheet = r"""$\overrightarrow{h}_t = \tanh(0.5 x_t + 0.3 \overrightarrow{h}_{t-1})$,
$\overleftarrow{h}_t = \tanh(0.4 x_t - 0.2 \overleftarrow{h}_{t+1})$
$y_t = 1.5\,\overrightarrow{h}_t - 2\,\overleftarrow{h}_t + 0.7$
x = [1, -0.5, 2]"""
    layer = {"U": 0.5, "W": 0.3, "direction": "both", "backward": {"U": 0.4, "W": -0.2}}
    assert_same(sheet, {"layers": [layer], "V": [[1.5, -2]], "c": [0.7], "x": [1, -0.5, 2]})


@pytest.mark.parametrize("number", ["2", "0.5", "\\tfrac12", "\\frac{1}{2}", "\\frac12", "\\dfrac 1 2"])
def test_a_number_before_a_name_with_a_digit(number: str) -> None:
    lines = ["h1_t = tanh(0.5 x_t + 0.3 h1_{t-1})", "h2_t = tanh(0.4 h1_t - 0.2 h2_{t-1})", f"$y_t = {number} h2_t$."]
    sheet = "\n".join([*lines, "x = [1, -0.5]"])
    wanted = {"layers": [{"U": 0.5, "W": 0.3}, {"U": 0.4, "W": -0.2}], "V": 2 if number == "2" else 0.5}
    assert_same(sheet, {**wanted, "x": [1, -0.5]})


def test_nothing_that_only_looks_like_an_entry_is_one() -> None:
    sheet = "h_t = tanh(U x_t + W h_{t-1})\nU = 0.5, W = 0.3\n" + "\n".join(f"x_{t} = 0.{t}" for t in range(1, 13))
    assert problem(sheet).x.shape == (12, 1)
    names: dict[str, Any] = {"U": 0.5, "W": 0.3, "x": [round(0.1 * t, 1) if t < 10 else t / 100 for t in range(1, 13)]}
    assert_same(sheet, names)
