"""What sentences without a number say about a network is used, or noted; never passed over in silence."""

from __future__ import annotations

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
]  # fmt: skip
OUTPUT = [
    "The output layer is a {}.", "The output activation is {}.", "The output units use the {}.",
    "A {} output layer.",
    "We use {} for the output.", "The read-out applies a {}.", "输出层使用 {}", "输出层的激活函数为{}。",
    "输出层采用 {} 函数。", "Output layer: {}",
]  # fmt: skip
ONES = [
    "The hidden state is initialised with ones.", "The initial hidden state is a vector of ones.",
    "All states start at one.", "Initialize the hidden state to all ones.", "The initial state is one.",
    "隐藏状态初始化为全1", "初始隐藏状态为全 1 向量。", "初始状态取全1。",
]  # fmt: skip
UNUSED = [
    "The network has two layers.", "A three-layer network.", "网络有两层。", "网络由三个隐藏层组成。",
    "We read the input from right to left.", "The sequence is read in reverse order.", "从右到左读取输入序列。",
    "The network is bidirectional.", "该网络是双向的。",
    "The hidden state is initialised randomly.", "隐藏状态被随机初始化。",
    "The hidden units use a softsign. The activation is ReLU.", "The gates use a ReLU.",
]  # fmt: skip
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
