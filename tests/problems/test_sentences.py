"""Values that sentences say, and matrices that have a name: every part present and absent, all sizes different.

Longer than other files: one sheet is said sentence by sentence.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text

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
     "h_1 is (0.1, 0.2, 0.3) in the book.", "The gradient of U is [1, 2].",
     "What is h_2 if x_1 is 2?", "若 x_1 为 3，求 h_1。", "The answer key says W is (1, 2, 3).",
     "Each gate is 0.5 wide", "All units of this I like.", "Where n is 3 of them"],
)  # fmt: skip
def test_what_says_no_value(prose: str) -> None:
    sheet = "h_t = tanh(W x_t + U h_{t-1})\nW = [0.5; 0.2; 0.1]\nU = 0.3 I\nx_1 = 1, x_2 = 2\n"
    for text in (f"{prose}\n{sheet}", f"{sheet}{prose}\n"):
        assert_same(text, {"U": [[0.5], [0.2], [0.1]], "W": (0.3 * np.eye(3)).tolist(), "x": [[1], [2]]})


# what a sheet asks for ------------------------------------------------------------------------------------------------

ASKED = {
    "结果保留三位小数。": {"decimals": 3}, "（保留 4 位小数）": {"decimals": 4},
    "答案精确到小数点后两位。": {"decimals": 2},
    "Give three decimals.": {"decimals": 3}, "Report 2 decimal places.": {"decimals": 2},
    "保留三位有效数字": {"digits": 3},
    "Compute h_t, rounded to four decimals.": {"decimals": 4},
    "Give h_2 to 3 decimal places.": {"decimals": 3}, "Find the states (three decimals).": {"decimals": 3},
    "State h_1 to two significant figures.": {"digits": 2}, "中间结果请至少保留四位小数。": None,
    "Give all results with at least four decimals.": None, "My answer (pocket calculator, 4 decimals):": None,
    "Keep intermediate values to 4 decimals.": None, "Time: 2 to 3 o'clock": None, "只保留一个遗忘门": None,
}  # fmt: skip


@pytest.mark.parametrize("text", ASKED)
@pytest.mark.parametrize("stated", [False, True])
def test_the_precision_that_a_sentence_asks_for(text: str, stated: bool) -> None:
    sheet = f"h_t = tanh(U x_t + W h_{{t-1}})\nU = 0.5\nW = 0.2\nx_1 = 1, x_2 = 2\n{text}\n"
    keys = problem_text.read(sheet + ("precision: decimals 1\n" if stated else ""))
    got = keys["precision"].value if "precision" in keys else None
    if stated:
        assert got == "decimals 1"
    else:
        assert (got and {name: int(number) for name, number in got.items()}) == ASKED[text]
    if ASKED[text]:
        assert not [note for note in problem(sheet).notes if "小数" in note or "decimal pl" in note]


# rows with commas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heads", [("cpu", "memory"), ("温度", "湿度"), ("x1", "x2"), ("temp. (C)", "wind speed")])
@pytest.mark.parametrize("step", ["", "t", "step", "时间"])
@pytest.mark.parametrize("mark", [",", ", ", ";"])
@pytest.mark.parametrize("fence", [False, True])
def test_inputs_as_rows_with_commas(heads: tuple[str, str], step: str, mark: str, fence: bool) -> None:
    x, U, W = drawn_at(8, 4, 2), drawn_at(9, 3, 2), drawn_at(10, 3, 3)
    rows = [[*([step] if step else []), *heads]] + [
        [*([str(at)] if step else []), *map(str, row)] for at, row in enumerate(x, 1)
    ]
    block = "\n".join(mark.join(row) for row in rows)
    block = f"```\n{block}\n```" if fence else block
    sheet = f"Let h_t = tanh(U x_t + W h_{{t-1}}), U = {printed(U)}, W = {printed(W)}.\n\n"
    sheet += f"The data, by row:\n\n{block}\n\nWhat is h_t?"
    assert_same(sheet, {"U": U.tolist(), "W": W.tolist(), "x": x.tolist()})


# programs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["RNN", "RNN relu", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "way", ["{}.copy_(torch.tensor({}))", "{} = nn.Parameter(torch.tensor({}))", "{}.data = torch.tensor({})"]
)
@pytest.mark.parametrize("bias", [True, False])
def test_weights_that_a_program_puts_into_a_layer(cell: str, way: str, bias: bool) -> None:
    gates = {"LSTM": 4, "GRU": 3}.get(cell, 1)
    arrays = {"weight_ih_l0": drawn_at(1, 3 * gates, 2), "weight_hh_l0": drawn_at(2, 3 * gates, 3)}
    arrays |= {name: drawn_at(at, 3 * gates) for at, name in enumerate(("bias_ih_l0", "bias_hh_l0"), 3) if bias}
    x = drawn_at(7, 4, 2)
    relu = ", nonlinearity='relu'" if "relu" in cell else ""
    sheet = f"rnn = nn.{cell[:4].strip()}(2, 3{relu}, batch_first=True)\nwith torch.no_grad():\n"
    sheet += "".join(f"    rnn.{way.format(name, printed(array))}\n" for name, array in arrays.items())
    sheet += f"x = torch.tensor([{printed(x)}])\nout, h_n = rnn(x)\n"
    wanted: dict[str, Any] = {name: array.tolist() for name, array in arrays.items()} | {"x": [x.tolist()]}
    wanted |= {"cell": {"LSTM": "lstm", "GRU": "gru_after"}.get(cell, "elman")}
    assert_same(sheet, wanted | ({"activation": "relu"} if relu else {}))


# words and classes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["the letters of the word **{}**", "the string “{}”", "单词“{}”的字母"])
@pytest.mark.parametrize("word", ["bac", "cab", "aabca"])
def test_the_letters_of_a_word_are_the_inputs(said: str, word: str) -> None:
    U, W = drawn_at(1, 2, 3), drawn_at(2, 2, 2)
    sheet = f"h_t = tanh(U x_t + W h_{{t-1}}), U = {printed(U)}, W = {printed(W)}.\n"
    sheet += f"x_t is the code of {said.format(word)}.\n"
    sheet += "The alphabet is (a, b, c)."
    assert_same(
        sheet, {"U": U.tolist(), "W": W.tolist(), "x": np.eye(3)[["abc".index(letter) for letter in word]].tolist()}
    )


@pytest.mark.parametrize(("first", "classes"), [(0, "0 and 2"), (1, "1 and 3"), (1, "2, and 3"), (None, "1 and 2")])
def test_classes_in_english_say_from_where_they_count(first: int | None, classes: str) -> None:
    sheet = "h_t = tanh(U x_t + W h_{t-1}), y_t = softmax(V h_t)\n"
    sheet += "U = 0.5, W = 0.2, V = [0.1; 0.2; -0.3], x = 1; 2\n"
    sheet += f"The correct classes are {classes}" + (f" (numbered from {first})." if first is not None else ".")
    sheet += " The loss is the cross-entropy."
    targets = problem_text.read(sheet).get("targets")
    numbers = None if first is None else [str(int(text) - first) for text in classes.replace(",", "").split(" and ")]
    assert (targets and targets.value) == numbers


@pytest.mark.parametrize("wanted", ["3", "digits=4", "tolerance=0.01", "relative=0.02"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_says_its_precision_and_nothing_in_it_is_unread(wanted: str, language: str) -> None:
    page = command("new", "gru", "--precision", wanted, "--seed", "4", "--lang", language, "--format", "markdown").out
    keys = problem_text.read(page)
    kind, _equals, amount = wanted.rpartition("=")
    assert keys["precision"].value == {kind or "decimals": amount}
    assert keys["equations"].value.notes == []


@pytest.mark.parametrize(
    "text", ["求 h_t（6 分）", "(a) Find the states. [6]", "Find h (10 points)", "本题 15 分", "Q (2 pts.)"]
)
def test_points_are_no_values(text: str) -> None:
    sheet = f"h_t = tanh(U x_t + W h_{{t-1}})\nU = 0.5\nW = 0.2\nx_1 = 1, x_2 = 2\n{text}\n"
    assert not [note for note in problem(sheet).notes if "not read" in note]


@pytest.mark.parametrize("text", ["The height is 12 points away.", "Each of 3 units", "分 7 步"])
def test_other_numbers_are_said_to_be_unread(text: str) -> None:
    sheet = f"h_t = tanh(U x_t + W h_{{t-1}})\nU = 0.5\nW = 0.2\nx_1 = 1, x_2 = 2\n{text}\n"
    assert [note for note in problem(sheet).notes if "not read" in note] or "points" in text


STEPS = "t = {n}", "time {n}", "step {n}", "time step {n}"


@pytest.mark.parametrize("value", ["{}", "[{}]", "x = {}"])
@pytest.mark.parametrize(
    "first", ["The input at {step} is {value}", "At {step} the input is {value}", "For {step}, the input is {value}"]
)
@pytest.mark.parametrize(
    "rest",
    ["The input at {step} is {value}", "at {step} it is {value}", "and at {step} it is {value}", "at {step}, {value}"],
)
def test_a_sentence_says_the_input_of_a_step(first: str, rest: str, value: str) -> None:
    rng = np.random.default_rng(len(first) + len(rest) + len(value))
    for spelling in STEPS:
        for stop in (". ", "; ", ",\n"):
            x = rng.integers(-9, 10, 3) / 8
            said = [
                (rest if t else first).format(step=spelling.format(n=t + 1), value=value.format(number))
                for t, number in enumerate(x)
            ]
            read = problem("h_t = tanh(W x_t + U h_{t-1}), W = 0.5, U = 0.8.\n" + stop.join(said) + ".")
            np.testing.assert_array_equal(read.x.ravel(), x, err_msg=stop.join(said))


@pytest.mark.parametrize(
    "text",
    [
        "在第 1 步输入为 0.5，第 2 步输入为 -0.25。", "t = 1 时输入为 0.5，t = 2 时为 -0.25。",
        "The inputs are 0.5 and -0.25.",
        "第1步的输入是[0.5]，第2步的输入是[-0.25]。", "the input at t=1 is x = 0.5; at t = 2 is x = -0.25",
    ],
)  # fmt: skip
def test_other_sentences_of_inputs(text: str) -> None:
    read = problem("h_t = tanh(W x_t + U h_{t-1}), W = 0.5, U = 0.8.\n" + text)
    np.testing.assert_array_equal(read.x.ravel(), [0.5, -0.25])


def test_what_was_not_read_is_said_where_something_is_missing() -> None:
    with pytest.raises(RnncalcError, match=r"x is missing.*\nnot read: line 2: .*are 1 and 0.4"):
        problem("h_t = tanh(W x_t + U h_{t-1}), W = 0.5, U = 0.8.\nThe inputs at t=1 and t=2 are 1 and 0.4.")
