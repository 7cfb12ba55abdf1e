"""Values that sentences say, and matrices that have a name: every part present and absent, all sizes different."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError

LINES = {
    "text": "h_t = tanh(A x_t + B h_{t-1} + b), y_t = C h_t",
    "latex": r"\[ \mathbf{h}_t = \tanh(A \mathbf{x}_t + B \mathbf{h}_{t-1} + b), \mathbf{y}_t = C \mathbf{h}_t \]",
}
LET = {
    "let": "Let {0} be {1}, let {2} be {3}, let {4} be the vector\n{5} and let {6} be the matrix {7}.",
    "is": "Here {0} is {1}, and {2} is {3}. Moreover {4} is the bias vector {5}; {6} is the output matrix {7}.",
    "in": r"- ${0} \in \mathbb{{R}}^{{3 \times 2}}$ be {1},"
    "\n"
    r"- ${2} \in \mathbb{{R}}^{{3\times 3}}$ {3}"
    "\n- ${4}$ equals {5},\n- ${6}$ denotes the read-out weights {7}.",
    "zh": "设 ${0}$ 为{1}，${2}$ 为{3}，偏置 ${4}$ 为 {5}，输出矩阵 ${6}$ 为 {7}。",
}


def latex(array: np.ndarray) -> str:
    return (
        r"\begin{pmatrix} "
        + r" \\ ".join(" & ".join(map(str, row)) for row in np.atleast_2d(array))
        + r" \end{pmatrix}"
    )


def matrices(units: int, english: bool) -> dict[str, tuple[str, np.ndarray]]:
    """Square matrices in words and signs."""
    diagonal = drawn_at(units, units)
    entries = ", ".join(map(str, diagonal))
    the = (
        "the {n} × {n} identity matrix",
        "the identity matrix",
        "the diagonal matrix diag({d})",
        "the matrix of ones",
    )
    zh = (" {n} 阶单位矩阵", "单位矩阵", "对角矩阵 diag({d})", "全 1 矩阵")
    words = [text.format(n=units, d=entries) for text in (the if english else zh)]
    signs = [f"$I_{units}$", f"$0.5\\,I_{units}$", "$-0.25 I$", rf"$\operatorname{{diag}}({entries})$"]
    eye = np.eye(units)
    values: list[Any] = [
        eye,
        eye,
        np.diag(diagonal),
        np.ones((units, units)),
        eye,
        0.5 * eye,
        -0.25 * eye,
        np.diag(diagonal),
    ]
    return dict(zip([*words, *signs], values))


@pytest.mark.parametrize(("way", "form"), list(itertools.product(LET, LINES)))
def test_parameters_in_sentences(way: str, form: str) -> None:
    A, b, C = drawn_at(1, 3, 2), drawn_at(2, 3), drawn_at(3, 4, 3)
    for text, B in matrices(3, way != "zh").items():
        given = ("A", latex(A) if form == "latex" else printed(A), "B", text, "b", printed(b), "C", printed(C))
        sheet = f"Consider\n{LINES[form]}\n{LET[way].format(*given)}\nx_1 = [1, -0.5], x_2 = [0.3, 2]"
        wanted: dict[str, Any] = {"U": A.tolist(), "W": np.asarray(B).tolist(), "b": b.tolist(), "V": C.tolist()}
        assert_same(sheet, {**wanted, "x": [[1, -0.5], [0.3, 2]]})


@pytest.mark.parametrize(("inputs", "bias"), list(itertools.product([1, 2], [True, False])))
@pytest.mark.parametrize(
    "said",
    [
        "All entries of {} are {},",
        "Every element of the {} equals {};",
        "{} 的所有元素均为 {}，",
        "$ {} $ 的每个元素都是 {}。",
    ],
)
def test_all_entries_of_a_matrix(said: str, inputs: int, bias: bool) -> None:
    start = [0.1, -0.2, 0.3]
    sheet = f"h_t = tanh(P x_t + Q h_{{t-1}}{' + b' if bias else ''}), y_t = R h_t\n"
    sheet += said.replace("the {}", "{}").format("P", 0.2) + " " + said.replace("the {}", "{}").format("Q", -0.1)
    sheet += f"\nR is a row of ones. h_0 = {start}\n" + ("b is the zero vector.\n" if bias else "")
    x = drawn_at(5, 2, inputs)
    sheet += "".join(f"x_{t} = {printed(row) if inputs > 1 else row[0]}\n" for t, row in enumerate(x, 1))
    weights = {"U": np.full((3, inputs), 0.2), "W": np.full((3, 3), -0.1), "V": np.ones((1, 3)), "x": x}
    assert_same(sheet, {name: array.tolist() for name, array in weights.items()} | {"h0": start})


@pytest.mark.parametrize("gates", [False, True])
def test_named_matrices_where_any_matrix_is_given(gates: bool) -> None:
    cell = {"cell": "gru"} if gates else {}
    diagonal, eye = [[0.5, 0], [0, -0.25]], [[0.9, 0], [0, 0.9]]
    some = {
        "U": "every 0.3",
        "W": "0.9 I",
        "b": "every -0.1",
        "x": [[1], [2]],
        "h0": [0.2, 0.1],
        "V": "diag(0.5; -0.25)",
    }
    full: dict[str, Any] = {
        "U": [[0.3], [0.3]],
        "W": eye,
        "b": [-0.1, -0.1],
        "x": [[1], [2]],
        "h0": [0.2, 0.1],
        "V": diagonal,
    }
    if gates:
        some["W"] = {"r": "0.9 I", "z": "I_2", "n": "np.diag([0.9, 0.9])"}  # type: ignore[assignment]
        full |= {"U": [[0.3]] * 6, "W": {"r": eye, "z": [[1, 0], [0, 1]], "n": eye}, "b": [-0.1] * 6}
    for got, wanted in zip((problem({**cell, **some}),), (problem({**cell, **full}),)):
        np.testing.assert_array_equal(got.forward()["y"], wanted.forward()["y"])
        assert not [note for note in got.notes if "every entry" in note]


def test_a_square_matrix_alone_is_the_identity() -> None:
    with pytest.raises(RnncalcError, match=r"U must be \(H, D\) = \(3, 2\)"):
        problem({"U": "0.5 I", "W": "I_3", "x": [[1, 2]]})


@pytest.mark.parametrize(
    "prose",
    ["Abgabe bis 12. Mai", "The state h is 3-dimensional.", "W is 3 × 3 here.", "The answer is (1, 2).", "Is h (1, 2)?",
     "Each gate is 0.5 wide", "All units of this I like.", "Where n is 3 of them"],
)  # fmt: skip
def test_what_says_no_value(prose: str) -> None:
    sheet = "h_t = tanh(W x_t + U h_{t-1})\nW = [0.5; 0.2; 0.1]\nU = 0.3 I\nx_1 = 1, x_2 = 2\n"
    for text in (f"{prose}\n{sheet}", f"{sheet}{prose}\n"):
        assert_same(text, {"U": [[0.5], [0.2], [0.1]], "W": (0.3 * np.eye(3)).tolist(), "x": [[1], [2]]})
