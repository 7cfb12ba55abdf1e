"""What sentences without a number say about a network is used, or noted; never passed over in silence.

Longer than other files: each kind of sentence is tried in every language.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import assert_same, drawn_at, printed, problem, traces

from rnncalc.errors import RnncalcError

GIVEN: dict[str, Any] = {"U": drawn_at(1, 3, 2), "W": drawn_at(2, 3, 3), "b": drawn_at(3, 3), "x": drawn_at(4, 4, 2)}
READ_OUT = {"V": drawn_at(5, 5, 3), "c": drawn_at(6, 5)}
NAMES = {
    "relu": ("ReLU", "rectifier"), "sigmoid": ("sigmoid", "logistic function"), "tanh": ("tanh", "hyperbolic tangent"),
    "identity": ("identity", "linear function"), "leaky_relu": ("leaky ReLU", "leaky relu"),
}  # fmt: skip
HIDDEN = [
    "The activation function is {}.", "The hidden units use a {}.", "activation is {}", "We use {} as the activation.",
    "A {} is used in the hidden layer.", "The hidden layer has a {} activation.", "An RNN with {} activation.",
    "The hidden\nactivation is\nthe {}.", "激活函数为 {}。", "激活函数采用{}函数", "隐藏层使用 {} 激活函数。",
    "隐藏单元的激活函数是{}。", "非线性激活函数取 {}。",
    "A {} RNN.", "This is a {} recurrent network.", "An RNN with {}.",
    "A simple RNN ({})", "The state is a weighted sum of the input and the previous state, passed through {}.",
    "The sum goes through the {}.", "The output of each unit is passed through the {}.", "Every unit applies the {}.",
    "采用 {} 的循环神经网络。", "循环神经网络使用{}。", "加权和经过{}得到新的状态。",
]  # fmt: skip
OUTPUT = [
    "The output layer is a {}.",
    "The output activation is {}.",
    "The output units use the {}.",
    "A {} output layer.",
    "We use {} for the output.",
    "The read-out applies a {}.",
    "输出层使用 {}",
    "输出层的激活函数为{}。",
    "输出层采用 {} 函数。",
    "Output layer: {}",
    "The output is passed through a {}.",
    "Each output then goes through the {}.",
    "输出经过 {}。",
    "输出再通过{}函数。",
    "A tanh RNN with {} output",
    "The state is tanh; the output is squashed by a {}.",
]
FORMULAS = {
    "sigmoid": ("σ(z) = 1/(1+e^{-z})", "f(z) = 1 / (1 + exp(-z))", "$\\sigma(z) = \\frac{1}{1 + e^{-z}}$"),
    "relu": ("f(z) = max(0, z)",), "tanh": ("f(z) = tanh(z)",),
}  # fmt: skip
OF_FORMULA = ["Every unit applies {}.", "The activation function is {}.", "The hidden units use {}.", "激活函数为 {}。",
              "An RNN with {}."]  # fmt: skip
NO_FUNCTION = ["An RNN without activation function.", "There is no activation.",
               "The hidden units have no nonlinearity.",
               "该循环网络没有激活函数。", "隐藏层不使用激活函数。", "无激活函数。"]  # fmt: skip
NO_OUTPUT = [
    "The output has no activation function.",
    "No nonlinearity is used for the output.",
    "输出层没有激活函数。",
]
IN_CODE = ["nn.RNN(2, 3, nonlinearity='{}')", 'SimpleRNN(3, activation="{}")',
           "rnn = nn.RNN(2, 3, nonlinearity='{}')"]  # fmt: skip
ONES = [
    "The hidden state is initialised with ones.", "The initial hidden state is a vector of ones.",
    "All states start at one.", "Initialize the hidden state to all ones.", "The initial state is one.",
    "隐藏状态初始化为全1", "初始隐藏状态为全 1 向量。", "初始状态取全1。",
]  # fmt: skip
UNUSED = [
    "The network has two layers.", "A three-layer network.", "网络有两层。", "网络由三个隐藏层组成。",
    "Bidirectional RNNs also read backwards.", "The hidden units use a softsign. The activation is ReLU.",
    "The gates use a ReLU.",
]  # fmt: skip
REFUSED = {
    "We read the input from right to left.": "direction: backward",
    "The sequence is read in reverse order.": "direction: backward", "从右到左读取输入序列。": "direction: backward",
    "The network is bidirectional.": "one for each direction", "该网络是双向的。": "one for each direction",
    "A bidirectional RNN with these weights.": "one for each direction",
    "nn.RNN(2, 3, bidirectional=True)": "one for each direction",
    "The hidden state is initialised randomly.": "h_0 =", "隐藏状态被随机初始化。": "h_0 =",
    "The units are binary, and a ReLU comes in.": "activation: relu or output: relu",
    "其中用到 ReLU 函数。": "activation: relu or output: relu", "Take σ(z) = 1/(1+e^{-z}).": "activation: sigmoid",
    "The hidden units use f(z) = z^3 + 1.": "with this function in it",
    "The initial states are 0.5 and 0.3.": "write h_0 =",
    "The GRU of the lecture.": "cell: gru", "# LSTM": "cell: lstm", "长短期记忆网络": "cell: lstm",
}  # fmt: skip
ASIDE = [
    "Why is ReLU a better activation function?", "What changes if the hidden units use a sigmoid?",
    "Compare this with ReLU activation.", "若激活函数为 ReLU，结果如何？",
    "The gradient of the sigmoid activation is small.",
    "The hidden state is 3-dimensional.", "The gates use a sigmoid.", "The initial state is zero.",
    "初始状态为零向量，输入为 1 维。",
    "The errors run from right to left.", "The activation function is tanh.", "The output is linear.",
]  # fmt: skip


def sheet(said: str, first: bool, *, read_out: bool = False) -> str:
    values = "".join(f"{name} = {printed(array)}\n" for name, array in given(read_out).items())
    return f"{said}\n{values}" if first else f"{values}\n{said}\n"


def given(read_out: bool = False) -> dict[str, Any]:
    return GIVEN | (READ_OUT if read_out else {})


def unread(text: str) -> list[str]:
    return [note for note in problem(text).notes if "not read" in note]


def lists(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: array.tolist() for name, array in arrays.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", HIDDEN)
def test_the_activation_of_the_hidden_units(name: str, way: str) -> None:
    for first, word in enumerate(NAMES[name]):
        text = sheet(way.format(word), bool(first))
        assert_same(text, {**lists(GIVEN), "activation": name})
        assert not unread(text)


@pytest.mark.parametrize("name", ["softmax", "sigmoid", "tanh"])
@pytest.mark.parametrize("way", OUTPUT)
def test_the_function_of_the_output(name: str, way: str) -> None:
    for first in (False, True):
        text = sheet(way.format(name), first, read_out=True)
        assert_same(text, {**lists(given(True)), "output": name})
        assert not unread(text)
    assert len(unread(sheet(way.format(name), False))) == 1  # without a read-out nothing uses it


@pytest.mark.parametrize("said", ONES)
@pytest.mark.parametrize("equations", [False, True])
def test_states_that_begin_at_one(said: str, equations: bool) -> None:
    line = "s_t = tanh(U x_t + W s_{t-1} + b)\n" if equations else ""
    for first in (False, True):
        text = line + sheet(said, first)
        assert_same(text, {**lists(GIVEN), "h0": [1, 1, 1]})
        assert not unread(text)
        assert not unread(text + "\n" + ("s" if equations else "h") + "_0 = [1, 1, 1]\n")
        assert unread(text + "\n" + ("s" if equations else "h") + "_0 = [1, 0.5, 1]\n")


@pytest.mark.parametrize("said", UNUSED)
def test_what_is_not_used_is_noted_once(said: str) -> None:
    for first in (False, True):
        assert len(unread(sheet(said, first))) == 1, said


@pytest.mark.parametrize("said", REFUSED)
def test_what_decides_numbers_and_cannot_be_used_is_refused(said: str) -> None:
    for first in (False, True):
        with pytest.raises(RnncalcError) as error:
            problem(sheet(said, first))
        assert said.strip(".")[-12:] in str(error.value)
        assert REFUSED[said] in str(error.value)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("way", OF_FORMULA)
def test_a_function_by_its_formula(name: str, way: str) -> None:
    for formula, first in itertools.product(FORMULAS[name], (False, True)):
        assert_same(sheet(way.format(formula), first), {**lists(GIVEN), "activation": name})


@pytest.mark.parametrize("way", NO_FUNCTION)
def test_no_function_is_the_identity(way: str) -> None:
    for first in (False, True):
        assert_same(sheet(way, first), {**lists(GIVEN), "activation": "identity"})


@pytest.mark.parametrize(
    "said", ["The biases are all 0.1.", "所有偏置均为 0.1。", "biases are 0.1 and 0.2", "阈值取 -0.2。"]
)
def test_a_bias_that_is_not_read_is_refused_unless_it_is_given(said: str) -> None:
    text = "U = 0.5\nW = -0.3\nx = 1, 2\n"
    for sheet_text in (f"{said}\n{text}", f"{text}{said}"):
        with pytest.raises(RnncalcError, match="is not read: write b ="):
            problem(sheet_text)
        assert_same(sheet_text + "\nb = 0.1\n", {"U": 0.5, "W": -0.3, "b": 0.1, "x": [[1], [2]]})


@pytest.mark.parametrize(
    ("way", "key"),
    [("bias {}", "b"), ("The bias is {}.", "b"), ("with a bias of {}", "b"), ("the bias b is {},", "b"),
     ("偏置为 {}。", "b"), ("偏置项 {}，", "b"), ("initial state {}", "h0"), ("the starting state is {}.", "h0"),
     ("初始状态取 {}。", "h0"),
     ("The initial hidden state h_0 is {}.", "h0"), ("权重如下，初始隐藏状态 {}。", "h0")],
)  # fmt: skip
@pytest.mark.parametrize("value", [[0.5], [-0.25], [0.3, -0.7, 0.2]])
def test_a_bias_and_a_start_in_words(way: str, key: str, value: list[float]) -> None:
    """Beside other values in the line, and in a line of its own."""
    units = len(value)
    arrays = {"U": drawn_at(1, units, 2), "W": drawn_at(2, units, units), "x": drawn_at(3, 4, 2)}
    text = "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    said = way.format(value[0] if units == 1 else value)
    for sheet_text in (text + said, f"{said}\n{text}", f"A network: U = {printed(arrays['U'])}, {said}\n" + text):
        assert_same(sheet_text, {**lists(arrays), key: value})
        assert not unread(sheet_text)


@pytest.mark.parametrize("way", NO_OUTPUT)
def test_no_function_of_the_output_leaves_the_state_its_own(way: str) -> None:
    for activation in ("", "The activation is ReLU. "):
        wanted = {**lists(given(True)), **({"activation": "relu"} if activation else {})}
        assert_same(sheet(activation + way, False, read_out=True), wanted)


@pytest.mark.parametrize(("way", "name"), list(itertools.product(IN_CODE, ["relu", "tanh", "sigmoid"])))
def test_a_function_in_a_line_of_code(way: str, name: str) -> None:
    for first in (False, True):
        assert_same(sheet(way.format(name), first), {**lists(GIVEN), "activation": name})


@pytest.mark.parametrize("said", ASIDE)
def test_what_says_nothing_about_the_network(said: str) -> None:
    text = sheet(said, False)
    assert_same(text, lists(GIVEN))
    assert not [note for note in unread(text) if "维" not in note and "3-dim" not in note]


@pytest.mark.parametrize("way", HIDDEN[::3])
@pytest.mark.parametrize(("function", "said"), [("tanh", "ReLU"), ("relu", "tanh"), ("sigmoid", "sigmoid")])
def test_a_sentence_that_contradicts_an_equation_is_refused(way: str, function: str, said: str) -> None:
    line = f"s_t = {function}(U x_t + W s_{{t-1}} + b)\n"
    text = line + sheet(way.format(said), False)
    if function == said:
        assert_same(text, {**lists(GIVEN), "activation": function})
        assert not unread(text)
    else:
        with pytest.raises(RnncalcError) as error:
            problem(text)
        assert f"{said.lower()} contradicts the equation “{line[:9]}" in str(error.value)


@pytest.mark.parametrize("way", HIDDEN[::3])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_stack_takes_the_activation_of_a_sentence(way: str, layers: int) -> None:
    arrays = [{"U": drawn_at(n, 3, 2 if n == 0 else 3), "W": drawn_at(n + 9, 3, 3)} for n in range(layers)]
    line = "h_t^{(l)} = φ(U^{(l)} h_t^{(l-1)} + W^{(l)} h_{t-1}^{(l)})\n"
    given = "".join(
        f"{name}^{{({n})}} = {printed(array)}\n" for n, layer in enumerate(arrays, 1) for name, array in layer.items()
    )
    text = f"{way.format('ReLU')}\n{line}{given}x_1 = [1, 2], x_2 = [-3, 1]\n"
    assert_same(text, {"layers": [lists(layer) for layer in arrays], "x": [[1, 2], [-3, 1]], "activation": "relu"})


@pytest.mark.parametrize("way", ["The network is a {}.", "Consider a {} cell with these weights.", "使用 {} 网络。"])
@pytest.mark.parametrize(("cell", "gates"), [("LSTM", 4), ("GRU", 3), ("", 1)])
def test_the_cell_that_a_sentence_names(way: str, cell: str, gates: int) -> None:
    arrays = {"U": drawn_at(1, 3 * gates, 2), "W": drawn_at(2, 3 * gates, 3), "x": GIVEN["x"]}
    values = "".join(f"{name} = {printed(array)}\n" for name, array in arrays.items())
    wanted = {**lists(arrays), **({"cell": cell.lower()} if cell else {})}
    np.testing.assert_array_equal(traces(values + (way.format(cell) if cell else ""))[0], traces(wanted)[0])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "said",
    ["The bias is 0.3.", "All biases are -0.25.", "偏置为 0.3。", "阈值取 -0.2。",
     "The output is passed through a sigmoid.", "The output layer uses ReLU."],
)  # fmt: skip
def test_what_equations_do_not_say_is_refused_beside_them(said: str, bias: bool) -> None:
    """A bias that was given is the one of the sentence; the function of an output stands in its equation."""
    lines = [f"h_t = tanh(U x_t + W h_{{t-1}}{' + b' * bias})", "y_t = V h_t"]
    text = "\n".join([*lines, "U = 0.5", "W = -0.3", "V = 2", "x = 1, 2"])
    for sheet_text in (f"{said}\n{text}", f"{text}\n{said}"):
        with pytest.raises(RnncalcError, match="is not read: write"):
            problem(sheet_text)
        if bias and "output" not in said:
            assert problem(f"{sheet_text}\nb = 0.3").network.layers[0].passes["forward"].arrays["b"] == 0.3
