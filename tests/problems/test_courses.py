"""Sheets of courses: ways of saying classes, batches, functions, targets and numbers.

Longer than other files: each way of saying a thing has its sheet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem

from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text

U, W, V = drawn_at(11, 3, 2), drawn_at(12, 3, 3), drawn_at(13, 4, 3)
X = drawn_at(14, 3, 2)
GIVEN = f"U = {printed(U)}\nW = {printed(W)}\nV = {printed(V)}\n"
KEYS: dict[str, Any] = {"U": U.tolist(), "W": W.tolist(), "V": V.tolist(), "x": X.tolist(), "output": "softmax"}
INPUTS = "\n".join(f"x_{t} = {printed(row)}" for t, row in enumerate(X, 1))
CELL = "h_t = tanh(W h_{t-1} + U x_t)\n"
SOFTMAX = CELL + "y_t = softmax(V h_t)\n"


def gradients(sheet: str | dict[str, Any]) -> dict[str, np.ndarray]:
    stated = problem(sheet)
    return dict(stated.backward(stated.forward()))


def assert_same_gradients(sheet: str, wanted: dict[str, Any]) -> None:
    ours, theirs = gradients(sheet), gradients(wanted)
    assert ours.keys() == theirs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12, atol=1e-15, err_msg=f"{name}\n{sheet}")


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("head", ["class", "correct class", "True label", "target", "类别", "正确的标签"])
def test_a_column_of_classes(head: str, first: int) -> None:
    counting = f"Classes are numbered from {first}." if first else ""
    rows = "".join(
        f"| {t} | ${tuple(row)}^\\top$ | {k + first} |\n" for t, row, k in zip((1, 2, 3), X.tolist(), (1, 3, 0))
    )
    table = f"| $t$ | $x_t$ | {head} |\n|:-:|:-:|:-:|\n{rows}"
    sheet = f"{SOFTMAX}{GIVEN}{table}{counting}\nThe loss is L = -Σ_t log y_t,k."
    assert_same_gradients(sheet, {**KEYS, "targets": [1, 3, 0], "loss": "cross_entropy"})


@pytest.mark.parametrize("heads", [("input x", "target d"), ("输入 x", "目标 y"), ("input $x$", "label $d$")])
def test_a_column_is_called_by_its_part_and_its_letter(heads: tuple[str, str]) -> None:
    rows = "".join(f"| {t} | {x} | {d} |\n" for t, x, d in ((1, 2.0, 0.5), (2, -1.0, -0.2), (3, 0.5, 0.1)))
    sheet = "h_t = tanh(w h_(t-1) + u x_t), w = 0.4, u = 0.7, L = 1/2 Σ (h_t - d_t)^2\n\n"
    sheet += f"| step t | {heads[0]} | {heads[1]} |\n|---|---|---|\n{rows}"
    wanted = {"U": 0.7, "W": 0.4, "x": [2, -1, 0.5], "targets": [0.5, -0.2, 0.1], "loss": "half_squared_error"}
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("labels", ["table", "步", None])
@pytest.mark.parametrize("count", [2, 4])
def test_a_batch_at_every_step(rows: bool, labels: str | None, count: int) -> None:
    x, classes = drawn_at(21 + count, count, 3, 2), np.random.default_rng(count).integers(0, 4, (count, 3))
    equation = (
        "H_t = tanh(X_t U + H_{t-1} W)\nO_t = H_t V\n" if rows else "H_t = tanh(U X_t + W H_{t-1})\nO_t = V H_t\n"
    )
    weights = {"U": U, "W": W, "V": V}
    sheet = equation + "".join(f"{name} = {printed(array.T if rows else array)}\n" for name, array in weights.items())
    sheet += "".join(f"X_{t + 1} = {printed(x[:, t] if rows else x[:, t].T)}\n" for t in range(3))
    wanted: dict[str, Any] = {**KEYS, "x": x.tolist()}
    if labels is None:
        del wanted["output"]
        assert_same(sheet, wanted)
        return
    kind, step = ("sample", "t = {}") if labels == "table" else ("样本", "第 {} 步")
    head = "| |" + "".join(f" {step.format(t)} |" for t in (1, 2, 3))
    lines = [f"| {kind} {n} |" + "".join(f" {label} |" for label in row) for n, row in enumerate(classes, 1)]
    sheet += "The class labels:\n\n" + "\n".join([head, "|---|---|---|---|", *lines])
    sheet += "\n\nThe loss is the softmax cross-entropy, averaged over all predictions."
    assert_same_gradients(sheet, {**wanted, "targets": classes.tolist(), "loss": "cross_entropy", "reduction": "mean"})


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("way", ["quoted", "mapping", "codes", "index"])
def test_words_that_are_numbered(way: str, size: int) -> None:
    words = ["h", "e", "l", "o", "w"][:size]
    u = drawn_at(31, 3, size)
    said = {
        "quoted": "The vocabulary: " + ", ".join(f'{n} = "{word}"' for n, word in enumerate(words, 1)) + ".",
        "mapping": "char_to_ix: {" + ", ".join(f"'{word}': {n}" for n, word in enumerate(words)) + "}",
        "index": "The vocabulary, in this order: "
        + ", ".join(f"`{word}` (index {n})" for n, word in enumerate(words))
        + ".",
        "codes": "\n".join(f"- {word} = {np.eye(size, dtype=int)[n].tolist()}" for n, word in enumerate(words)),
    }
    order = [0, 1, size - 1, 1]
    fed = ", ".join(f"`{words[n]}`" for n in order)
    sheet = f"{CELL}U = {printed(u)}\nW = {printed(W)}\n{said[way]}\n\nThe network is fed {fed}.\n"
    wanted = {"U": u.tolist(), "W": W.tolist(), "x": np.eye(size)[order].tolist()}
    assert_same(sheet, wanted)


@pytest.mark.parametrize("between", [" or ", ", ", "/"])
def test_classes_with_names_beside_inputs_that_are_numbers(between: str) -> None:
    tags = ["N", "V", "A", "D"]
    sheet = f"{SOFTMAX}{GIVEN}{INPUTS}\nfrom left to right it gives one of four tags ({between.join(tags)}).\n"
    sheet += "The correct tags are V, D, N. The loss is the cross-entropy."
    assert_same_gradients(sheet, {**KEYS, "targets": [1, 3, 0], "loss": "cross_entropy"})


@pytest.mark.parametrize(
    "way", ["np.exp(s) / np.sum(np.exp(s))", r"\frac{e^{s_{t,k}}}{\sum_j e^{s_{t,j}}}", "exp(s_t)/Σ_j exp(s_t)"]
)
def test_softmax_written_out(way: str) -> None:
    stepped = "_t" in way or "{t" in way
    if stepped:
        lines = [CELL, "s_t = V h_t", f"${'p_{t,k}' if 'k' in way else 'p_t'} = {way}$"]
    else:
        lines = ["h = np.tanh(W @ h + U @ x)", "s = V @ h", f"p = {way}"]
    assert_same("\n".join([*lines, GIVEN, INPUTS]), KEYS)


@pytest.mark.parametrize("slope", [0.01, 0.1, 0.25])
@pytest.mark.parametrize("way", [
    "LReLU(W h_{t-1} + U x_t), where LReLU is the leaky ReLU with slope SLOPE on the negative side",
    "f(W h_{t-1} + U x_t), where f is the leaky ReLU (negative slope SLOPE)",
    "max(SLOPE (W h_{t-1} + U x_t), W h_{t-1} + U x_t)",
])  # fmt: skip
def test_a_leaky_relu_with_the_slope_that_is_said(way: str, slope: float) -> None:
    sheet = f"h_t = {way.replace('SLOPE', str(slope))}\nU = {printed(U)}\nW = {printed(W)}\n{INPUTS}"
    h, states = np.zeros(3), []
    for row in X:
        a = W @ h + U @ row
        h = np.where(a > 0, a, slope * a)
        states.append(h)
    np.testing.assert_allclose(problem(sheet).forward()["h"], states, rtol=1e-12)


@pytest.mark.parametrize("square", [
    r"\frac12\lVert h_3 - h^*\rVert^2", r"\frac{1}{2}\|h_3-h^{\ast}\|^2", "½ ‖h_3 − h*‖²", "1/2 ∥h_3 - h*∥^2",
    r"\frac12 \left\|h_3 - h^\star\right\|^2",
])  # fmt: skip
@pytest.mark.parametrize("name", ["L", "J", "C", r"\mathcal{L}"])
def test_a_norm_and_a_starred_target(square: str, name: str) -> None:
    star = "h^*" if "\\" in square else "h*"
    sheet = f"{CELL}U = {printed(U)}\nW = {printed(W)}\n{INPUTS}\n${star} = [0.3, -0.5, 0.8]$\n${name} = {square}$"
    targets = [None, None, [0.3, -0.5, 0.8]]
    wanted = {key: KEYS[key] for key in "UWx"} | {"targets": targets, "loss": "half_squared_error"}
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize("hint", [
    r"Start from $\partial L_t/\partial o_t=\hat y_t-y_t$.", "Remember ∂L/∂o_t = y_t - d_t.",
    "You know that ∂E_t / ∂a_t = δ_t.",
])  # fmt: skip
def test_a_derivative_defines_nothing(hint: str) -> None:
    assert_same(f"{SOFTMAX}{GIVEN}{INPUTS}\n{hint}", KEYS)


@pytest.mark.parametrize("named", [("w",), ("u", "w"), ("v", "u", "w", "b"), ("b", "c")])
def test_numbers_of_an_equation_have_names(named: tuple[str, ...]) -> None:
    numbers = {"u": 0.6, "w": 1.2, "b": -0.25, "v": 2.5, "c": 0.4}
    said = ", ".join(f"{name} = {numbers[name]}" for name in named)
    sheet = f"h(t) = tanh(0.6 x(t) + 1.2 h(t-1) - 0.25), y(t) = 2.5 h(t) + 0.4\nHere {said}.\nx = 1, 0.5, -0.2"
    wanted = {"U": 0.6, "W": 1.2, "b": -0.25, "V": 2.5, "c": 0.4, "x": [1, 0.5, -0.2]}
    assert_same(sheet, wanted)
    letters = problem(sheet).layers[-1]["forward"].letters
    ours = {"u": "U", "w": "W", "b": "b", "v": "V", "c": "c"}
    assert [letters.parameter(ours[name]) for name in named] == list(named)


@pytest.mark.parametrize("rule", [True, False])
@pytest.mark.parametrize("names", [["forget  f", "input   i", "cand.   g (tanh)", "output  o"], ["f", "i", "g", "o"]])
def test_a_table_of_gates_with_what_each_weight_stands_on(names: list[str], rule: bool) -> None:
    numbers = drawn_at(41, 4, 3)
    lines = [f"{name:<20}" + "".join(f"{number:>12}" for number in row) for name, row in zip(names, numbers)]
    head = f"{'gate':<20}   weight on x(t)   weight on h(t-1)   bias"
    sheet = "c(t) = f(t) c(t-1) + i(t) g(t)\nh(t) = o(t) tanh c(t)\n\n"
    sheet += "\n".join([head, *(["-" * 60] if rule else []), *lines]) + "\n\nx = 1.5, -0.8\n"
    of = dict(zip("figo", numbers.tolist()))
    wanted = {"cell": "lstm", "x": [1.5, -0.8]} | {
        key: {gate: row[at] for gate, row in of.items()} for at, key in enumerate("UWb")
    }
    assert_same(sheet, wanted)


@pytest.mark.parametrize(
    "start", ["from left to right the network reads it.", "import these weights: they are trained."]
)
def test_prose_may_begin_as_an_import(start: str) -> None:
    sheet = (
        f"{CELL}U = {printed(U)}\n{start} W = {printed(W)}\n{INPUTS}\nimport numpy as np\nfrom math import exp, log\n"
    )
    assert_same(sheet, {key: KEYS[key] for key in "UWx"})


@pytest.mark.parametrize("letter", ["", "k = ", "c="])
@pytest.mark.parametrize("at", ["L = -\\log \\hat y_{k}", "L = -ln ŷ_c"])
def test_the_class_of_the_last_step_in_a_sentence(letter: str, at: str) -> None:
    sheet = f"{CELL}ŷ = softmax(V h_3)\n${at}$\n{GIVEN}{INPUTS}\n"
    said = "The true class of this sentence is class" if not letter else "The correct class is"
    sheet += f"{said} ${letter}3$ (classes are numbered 1 to 4)."
    assert_same_gradients(sheet, {**KEYS, "targets": [None, None, 2], "loss": "cross_entropy"})


@pytest.mark.parametrize("said", [
    "the desired outputs are 0.3, 1 and 0.2", "target sequence: 0.3, 1, 0.2", "目标序列 $0.3,\\ 1,\\ 0.2$",
    "期望输出依次为 0.3、1、0.2",
])  # fmt: skip
def test_targets_in_a_sentence(said: str) -> None:
    sheet = f"h_t = tanh(u x_t + w h_{{t-1}}), u = 0.7, w = 0.4\nx = 0.5, 1.5, -1\n{said}\nE = 1/2 Σ (h_t - d_t)^2"
    wanted = {"U": 0.7, "W": 0.4, "x": [0.5, 1.5, -1], "targets": [0.3, 1, 0.2], "loss": "half_squared_error"}
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize("repeated", ["h_0 = 0", "h_0 = [0, 0, 0]", "h_0 = (0;0;0)", "x_2 = X2"])
def test_a_value_may_be_said_twice(repeated: str) -> None:
    sheet = f"{CELL}U = {printed(U)}\nW = {printed(W)}\n{INPUTS}\nh_0 = [0; 0; 0]\n"
    assert_same(f"{sheet}\nNote that {repeated.replace('X2', printed(X[1]))}.", {key: KEYS[key] for key in "UWx"})
    with pytest.raises(RnncalcError, match="given twice"):
        problem(f"{sheet}\nh_0 = [0; 0; 0.5]\n")


@pytest.mark.parametrize("stepped", ["y_t^*", "y^*_t", "y_{t}^{\\ast}", "y_t^\\star"])
def test_starred_targets_of_both_directions(stepped: str) -> None:
    a, b = drawn_at(51, 2, 2), drawn_at(52, 2, 2)
    p, q = drawn_at(53, 2, 1), drawn_at(54, 2, 1)
    u, w = drawn_at(55, 1, 2), drawn_at(56, 1, 2)
    sheet = (
        "$\\vec h_t = \\tanh(A \\vec h_{t-1} + \\mathbf p x_t)$\n"
        "$\\overleftarrow h_t = \\tanh(B \\overleftarrow h_{t+1} + \\mathbf q x_t)$\n"
        "$y_t = \\mathbf u^\\top \\vec h_t + \\mathbf w^\\top \\overleftarrow h_t$\n"
        + "".join(f"${name} = {printed(array)}$\n" for name, array in {"A": a, "B": b}.items())
        + "".join(f"$\\mathbf {name} = {printed(v.ravel())}^\\top$\n" for name, v in zip("pquw", (p, q, u, w)))
        + f"x = (0.5, -1, 2), $y^* = (1, 0, -0.5)$, $E = \\frac12 \\sum_t (y_t - {stepped})^2$\n"
    )
    wanted = {
        "U": p.tolist(), "W": a.tolist(), "V": np.hstack([u, w]).tolist(), "direction": "both",
        "backward": {"U": q.tolist(), "W": b.tolist()}, "x": [0.5, -1, 2], "targets": [1, 0, -0.5],
        "loss": "half_squared_error",
    }  # fmt: skip
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize(
    "call", ["np.mean((h3 - target)**2)", "torch.mean((h3 - target) ** 2)", "mean((h_3 - target)^2)"]
)
@pytest.mark.parametrize("maker", ["np.array({})", "{}"])
def test_the_mean_of_squares_as_code(call: str, maker: str) -> None:
    sheet = f"{CELL}U = {printed(U)}\nW = {printed(W)}\n{INPUTS}\n"
    sheet += f"target = {maker.format('[0.6, 0.1, -0.4]')}\nloss = {call}\n"
    targets = [None, None, [0.6, 0.1, -0.4]]
    wanted = {key: KEYS[key] for key in "UWx"} | {"targets": targets, "loss": "mean_squared_error"}
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize("item", ["- ", "* ", "+ ", ""])
def test_a_list_goes_on_behind_a_transposed_vector(item: str) -> None:
    lines = ["the bias b = (0.1, 0, -0.2)^T", f"weights U = {printed(U)}", f"and W = {printed(W)}"]
    sheet = f"h_t = tanh(U x_t + W h_(t-1) + b)\n{INPUTS}\n" + "\n".join(item + line for line in lines)
    assert_same(sheet, {key: KEYS[key] for key in "UWx"} | {"b": [0.1, 0, -0.2]})


def test_parts_that_contradict_each_other_are_problems_of_their_own() -> None:
    sheet = "## Question 1\nh_t = tanh(w h_{t-1} + u x_t), w = 0.4, u = 0.7, x = [1, 2]\n\n"
    sheet += "## Question 2\nh_t = σ(W h_{t-1} + U x_t), W = 0.3, U = 0.2. What does the gate do?\n"
    unread: dict[str, RnncalcError] = {}
    several = problem_text.several(problem_text.read(sheet), unread)
    assert list(several) == ["Q1"]
    assert "x is missing" in str(unread["Q2"])


def test_a_full_stop_is_a_word_of_the_vocabulary() -> None:
    u = drawn_at(61, 3, 4)
    sheet = "词表为 $\\{$我, 爱, 学习, 。$\\}$，按此顺序用 one-hot 向量表示。\n"
    sheet += (
        f"h_t = tanh(U x_t + W h_(t-1)), o_t = softmax(V h_t)\nU = {printed(u)}\nW = {printed(W)}\nV = {printed(V)}\n"
    )
    sheet += "依次输入“我”“爱”“学习”，要求依次预测出“爱”“学习”“。”。损失为交叉熵之和。"
    wanted = {**KEYS, "U": u.tolist(), "x": np.eye(4)[:3].tolist(), "targets": [1, 2, 3], "loss": "cross_entropy"}
    assert_same_gradients(sheet, wanted)


@pytest.mark.parametrize(("said", "inputs"), [
    ("the inputs are 1, 2 and 3", [1, 2, 3]),
    ("input sequence 0.5, -1, and 2", [0.5, -1, 2]), ("输入序列为 1、2 和 3", [1, 2, 3]),
    ("a network with input 3 and 2 hidden units", None), ("inputs that are 2, 3-dimensional", None),
])  # fmt: skip
def test_inputs_in_a_sentence(said: str, inputs: list[float] | None) -> None:
    sheet = f"h_t = tanh(u x_t + w h_{{t-1}}), u = 0.7, w = 0.4. Take {said}."
    if inputs:
        assert_same(sheet, {"U": 0.7, "W": 0.4, "x": inputs})
    else:
        with pytest.raises(RnncalcError, match="x is missing"):
            problem(sheet)


@pytest.mark.parametrize("known", [
    "over the vocabulary\n$\\mathcal V=\\{\\texttt{b},\\texttt{a},\\texttt{n},\\texttt{\\$}\\}$",
    "词表编号：1 = b，2 = a，3 = n，4 = <eos>。",
    "The characters are numbered 0 = b, 1 = a, 2 = n, 3 = <eos>.",
])  # fmt: skip
def test_marks_in_a_vocabulary(known: str) -> None:
    last = "\\texttt{\\$}" if "\\$" in known else "<eos>"
    sheet = f"{SOFTMAX}U = {printed(drawn_at(61, 3, 4))}\nW = {printed(W)}\nV = {printed(V)}\nA model {known}\n"
    sheet += (
        f"The inputs are one-hot. It is fed n, a, b, and the targets are a, b, {last}. The loss is the cross-entropy."
    )
    wanted = {**KEYS, "U": drawn_at(61, 3, 4).tolist(), "x": np.eye(4)[[2, 1, 0]].tolist(), "targets": [1, 0, 3]}
    assert_same_gradients(sheet, {**wanted, "loss": "cross_entropy"})


@pytest.mark.parametrize("bullet", ["-", "*", "+"])
def test_equations_in_a_list(bullet: str) -> None:
    lines = [
        "gate: f_t = σ(w_f x_t + u_f h_{t-1} + b_f)",
        "new state: h_t = f_t h_{t-1} + (1 - f_t) g_t",
        "candidate: g_t = tanh(w x_t)",
    ]
    sheet = (
        "".join(f"{bullet} {line}\n" for line in lines) + "w_f = 0.7, u_f = 0.1, b_f = -0.2, w = 0.9, x = 0.5, -1, 2\n"
    )
    h, states = 0.0, []
    for x in (0.5, -1.0, 2.0):
        f = 1 / (1 + np.exp(-(0.7 * x + 0.1 * h - 0.2)))
        h = f * h + (1 - f) * np.tanh(0.9 * x)
        states.append([h])
    np.testing.assert_allclose(problem(sheet).forward()["h"], states, rtol=1e-12)


@pytest.mark.parametrize("step", ["h^{(2)}_T", "h_T^{(2)}", "h_{T}^{(2)}"])
def test_two_layers_without_blanks_and_a_read_out_of_the_last_step(step: str) -> None:
    u, w = drawn_at(71, 2, 3), drawn_at(72, 2, 2)
    v, c = drawn_at(73, 1, 2), -0.3
    sheet = (
        "$h^{(1)}_t=\\tanh\\left(U_1x_t+W_1h^{(1)}_{t-1}\\right)$\n$h^{(2)}_t=\\tanh(U_2h^{(1)}_t+W_2h^{(2)}_{t-1})$\n"
        f"$\\hat y=\\sigma(v\\,{step}+c)$ is given out once, at $T=3$.\n"
        f"$U_1={printed(U)}$, $W_1={printed(W)}$, $U_2={printed(u)}$, $W_2={printed(w)}$, $v={printed(v)}$, $c={c}$\n"
        f"{INPUTS}\nThe label is $y=0$, $L=-y\\ln\\hat y-(1-y)\\ln(1-\\hat y)$."
    )
    layers = [{"U": U.tolist(), "W": W.tolist()}, {"U": u.tolist(), "W": w.tolist()}]
    wanted = {"layers": layers, "V": v.tolist(), "c": c, "output": "sigmoid", "x": X.tolist()}
    assert_same_gradients(sheet, {**wanted, "targets": [None, None, 0], "loss": "binary_cross_entropy"})


@pytest.mark.parametrize(
    "remark", ["(I use ReLU'(0) = 0.)", "Hint: σ'(z) = σ(z)(1 - σ(z))", "tanh'(a) = 1 - tanh(a)^2"]
)
def test_the_derivative_of_a_function_is_a_remark(remark: str) -> None:
    assert_same(f"{SOFTMAX}{GIVEN}{INPUTS}\n{remark}", KEYS)


@pytest.mark.parametrize("letter", ["g", "s", "c", "h̃"])
def test_the_candidate_of_a_table_of_gates_has_the_letter_of_the_equations(letter: str) -> None:
    numbers = dict(zip("figo", drawn_at(81, 4, 3).tolist()))
    lines = "".join(
        f"{gate}_t = {'tanh' if gate == letter else 'σ'}(w_{gate} x_t + u_{gate} h_{{t-1}} + b_{gate})\n"
        for gate in ("f", "i", letter, "o")
    )
    cell = "m" if letter != "g" else "c"
    sheet = f"{lines}{cell}_t = f_t {cell}_{{t-1}} + i_t {letter}_t\nh_t = o_t tanh({cell}_t)\n\n"
    sheet += "| | $w$ | $u$ | $b$ |\n|---|---|---|---|\n"
    named = {"f": "遗忘门 $f$", "i": "输入门 $i$", "g": f"候选值 ${letter}$", "o": "输出门 $o$"}
    sheet += "".join(f"| {named[gate]} | {' | '.join(map(str, row))} |\n" for gate, row in numbers.items())
    wanted = {"cell": "lstm", "x": [0.4, -1, 2]} | {
        key: {gate: row[at] for gate, row in numbers.items()} for at, key in enumerate("UWb")
    }
    assert_same(f"{sheet}\nx = 0.4, -1, 2\n", wanted)


@pytest.mark.parametrize(
    "way",
    [
        "1 / (1 + np.exp(-(U x_t + W h_{t-1})))",
        "\\frac{1}{1 + e^{-U x_t - W h_{t-1}}}",
        "1/(exp(-(U x_t + W h_(t-1))) + 1)",
    ],
)
def test_a_sigmoid_written_out(way: str) -> None:
    sheet = f"$h_t = {way}$\nU = {printed(U)}\nW = {printed(W)}\n{INPUTS}"
    assert_same(sheet, {"U": U.tolist(), "W": W.tolist(), "x": X.tolist(), "activation": "sigmoid"})


def test_an_array_with_words_is_a_table() -> None:
    numbers = dict(zip("ifog", drawn_at(91, 4, 3).tolist()))
    sheet = "".join(f"{g}_t = {'tanh' if g == 'g' else 'σ'}(w_{g} x_t + u_{g} h_{{t-1}} + b_{g})\n" for g in numbers)
    sheet += "c_t = f_t c_{t-1} + i_t g_t\nh_t = o_t tanh(c_t)\n"
    sheet += "\\[\n\\begin{array}{c|rrr}\n \\text{gate} & w & u & b \\\\ \\hline\n"
    sheet += "\\\\\n".join(" & ".join([gate, *map(str, row)]) for gate, row in numbers.items())
    sheet += "\n\\end{array}\n\\]\nx = 0.4, -1, 2\n"
    keys = {key: {gate: row[at] for gate, row in numbers.items()} for key, at in (("U", 0), ("W", 1), ("b", 2))}
    assert_same(sheet, {"cell": "lstm", "x": [0.4, -1, 2], **keys})


@pytest.mark.parametrize("module", ["fc", "head", "linear", "out"])
@pytest.mark.parametrize("loss", ["Loss = nn.MSELoss() over the outputs.", "The loss is the mean squared error."])
def test_weights_of_pytorch_beside_its_equations(module: str, loss: str) -> None:
    u, w, b, d = drawn_at(95, 6, 1), drawn_at(96, 6, 2), drawn_at(97, 6), drawn_at(98, 6)
    v = drawn_at(99, 1, 2)
    sheet = (
        "r_t = sigmoid(W_ir x_t + b_ir + W_hr h_(t-1) + b_hr)\nz_t = sigmoid(W_iz x_t + b_iz + W_hz h_(t-1) + b_hz)\n"
        "n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_(t-1) + b_hn))\nh_t = (1 - z_t) * n_t + z_t * h_(t-1)\n"
        f"weight_ih_l0 = tensor({printed(u)})\nweight_hh_l0 = tensor({printed(w)})\nbias_ih_l0 = tensor({printed(b)})\n"
        f"bias_hh_l0 = tensor({printed(d)})\n{module}.weight = tensor({printed(v)})\n{module}.bias = tensor([0.05])\n"
        "Input sequence (one sequence, T = 3):  1.0, -0.5, 2.0\n"
        f"Targets:   0.2, 0.0, -0.4\n{loss}\nQuestions:\n 1) h_1, h_2\n"
    )
    wanted = {
        "cell": "gru_after", "weight_ih_l0": u.tolist(), "weight_hh_l0": w.tolist(), "bias_ih_l0": b.tolist(),
        "bias_hh_l0": d.tolist(), "V": v.tolist(), "c": 0.05, "x": [1, -0.5, 2], "targets": [0.2, 0, -0.4],
        "loss": "mean_squared_error",
    }  # fmt: skip
    ours, theirs = gradients(sheet), gradients(wanted)
    for name in ("V", "c"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-12)
    assert_same(sheet, wanted)


def test_a_value_in_chinese_brackets() -> None:
    sheet = "P=σ(2·h_3−0.5)，h_t = tanh(u x_t + w h_{t-1})，u=0.7，w=0.4，x=1, 2, 0.5。"
    sheet += "实际上跌了（标签 y=0），损失为 L=−[y·ln P+(1−y)·ln(1−P)]。"
    wanted = {"U": 0.7, "W": 0.4, "V": 2, "c": -0.5, "output": "sigmoid", "x": [1, 2, 0.5]}
    stated = problem(sheet)
    assert_same(sheet, wanted)
    assert stated.task.targets is not None
    np.testing.assert_array_equal(np.ravel(stated.task.targets), [np.nan, np.nan, 0])


@pytest.mark.parametrize("said", [
    "（提示：σ(0)=0.5，tanh(0)=0）", "Hint (σ(0) = 0.5, tanh(1) = 0.7616).", "ReLU(-1) = 0 and sigmoid(2) = 0.88",
    "(e = 2.718, π ≈ 3.14)", "其中e=2.71828。",
])  # fmt: skip
def test_values_of_functions_and_constants_are_nobodys(said: str) -> None:
    assert_same(f"{SOFTMAX}{GIVEN}{INPUTS}\n{said}", KEYS)


@pytest.mark.parametrize("said", ["η = 0.3", "the target is y = 0.3", "α = 0.5", "d = 0.5", "learning_rate = 0.3"])
def test_a_rate_or_a_target_is_no_number_of_the_equation(said: str) -> None:
    equations = "h_t = tanh(0.5 x_t + 0.3 h_{t-1})\ny = 2 h_3\nL = (y_3 - d)^2\n"
    sheet = f"{equations.replace('y = 2 h_3', '').replace('y_3', 'h_3')}x = 1, 2, 0.5\n{said}\n"
    assert_same(sheet, {"U": 0.5, "W": 0.3, "x": [1, 2, 0.5]})
    given = problem_text.read(sheet)
    assert ("lr" in given) == (said[0] in "ηαl")


@pytest.mark.parametrize("said", ["The targets for steps 1, 2, 3 are unknown", "targets at t = 1, 2, 3 follow"])
def test_steps_of_targets_are_no_targets(said: str) -> None:
    sheet = f"h_t = tanh(0.5 x_t + 0.3 h_{{t-1}})\nx = 1, 2, 0.5\n{said}. E = 1/2 Σ (h_t - d_t)^2\n"
    assert "targets" not in problem_text.read(sheet)
