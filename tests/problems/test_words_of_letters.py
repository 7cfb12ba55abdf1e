"""Which letter multiplies the input is read from any words that say it, refused where they contradict each other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

from rnncalc.errors import RnncalcError

BESIDE = [  # of the value: {0} the letter of the input with its value, {2} the letter alone
    "The input weight matrix is {0}, and the recurrent weight is {1}.",
    "Input-to-hidden weight: {0}; hidden-to-hidden weight: {1}",
    "The weight of the input is {0}, the recurrent weight {1}.",
    "The weight for the state is {1}, the input weight {0} and the start zero.",
    "input weights {0}\nrecurrent weights {1}",
    "{0}   (input weight)\n{1}   (recurrent weight)",
    "{0}  # input-to-hidden weights\n{1}  # hidden-to-hidden weights",
    "{1}  // recurrent matrix\n{0}  // input matrix",
    "The recurrent weight matrix {1} and the input weight matrix {0}.",
    "输入到隐藏层的权重 {0}，隐藏层到隐藏层的权重 {1}。",
    "输入权重矩阵为 {0}，循环权重矩阵为 {1}。",
    "{0}（输入权重）\n{1}（循环权重）",
    "输入层→隐藏层权重：{0}；隐藏层→隐藏层权重：{1}",
]
APART = [
    "{0}\n{1}\nwhere {2} multiplies x_t and {3} multiplies h_{{t-1}}.",
    "{0}\n{1}\nHere ${3}$ is applied to the previous state and ${2}$ to x.",
    "{0}\n{1}\n{2} and {3} are the input-to-hidden and hidden-to-hidden weights, respectively.",
    "{0}\n{1}\nThe recurrent and input weights are {3} and {2}.",
    "{0}\n{1}\n{2}: input weights\n",
    "{0}\n{1}\nThe matrix {3} is the recurrent matrix.",
    "{0}\n{1}\n{2} connects the input to the hidden layer.",
    "{0}\n{1}\nThe input is multiplied by {2}.",
    "{0}\n{1}\n其中 {2} 乘以输入，{3} 乘以上一时刻的隐藏状态。",
    "{0}\n{1}\n{2}、{3} 分别为输入权重和循环权重。",
    "{0}\n{1}\n{2} 是输入权重矩阵。",
]
SAYS_NOTHING = [
    "The weights are {0} and {1}.", "The input x has one feature.\n{0}\n{1}", "{0}\n{1}\nThe hidden state of U-net.",
    "input gate: {0}, {1}", "Let the weights of this layer be\n{0}\n{1}", "权重 {0}，{1}。",
]  # fmt: skip


def said(way: str, swapped: bool, units: int, end: str) -> tuple[str, dict[str, Any]]:
    """A sheet, and what it computes."""
    U, W, V = drawn_at(1, units, 2), drawn_at(2, units, units), drawn_at(3, 3, units)
    of_input, of_state = ("W", "U") if swapped else ("U", "W")
    given = way.format(f"{of_input} = {printed(U)}", f"{of_state} = {printed(W)}", of_input, of_state)
    arrays = {"U": U, "W": W, "x": drawn_at(4, 3, 2)} | ({"V": V} if "V" in end else {})
    text = f"A simple RNN with tanh.\n{given}\n{end.format(printed(V))}x = {printed(arrays['x'])}\n"
    return text, {name: array.tolist() for name, array in arrays.items()}


@pytest.mark.parametrize("end", ["", "V = {}\n", "The output weight matrix is V = {}\n"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("way", BESIDE + APART)
def test_which_letter_multiplies_the_input(way: str, swapped: bool, end: str) -> None:
    for units in (2, 3):  # with 2 units both letters have the same shape
        text, wanted = said(way, swapped, units, end)
        read = problem(text)
        np.testing.assert_allclose(read.forward()["h"], problem(wanted).forward()["h"], err_msg=text)
        assert not [note for note in read.notes if "the other way" in note], text


@pytest.mark.parametrize("way", SAYS_NOTHING)
def test_words_that_say_nothing_of_the_letters(way: str) -> None:
    text, wanted = said(way, False, 2, "")
    read = problem(text)
    np.testing.assert_allclose(read.forward()["h"], problem(wanted).forward()["h"], err_msg=text)
    assert [note for note in read.notes if "the other way" in note], text


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("way", APART)
def test_gates_whose_letters_are_explained(way: str, swapped: bool) -> None:
    of_input, of_state = ("W", "U") if swapped else ("U", "W")
    numbers = drawn_at(9, 4, 3)
    lines = [f"{of_input}_{g} = {u}, {of_state}_{g} = {w}, b_{g} = {b}" for g, (u, w, b) in zip("ifoc", numbers)]
    text = "LSTM\n" + way.format("\n".join(lines), "", of_input, of_state) + "\nx = 0.5, -1.5, 2\n"
    columns = {name: {"g" if g == "c" else g: row[at].tolist() for g, row in zip("ifoc", numbers)}
               for at, name in enumerate("UWb")}  # fmt: skip
    wanted = problem({"cell": "lstm", **columns, "x": [[0.5], [-1.5], [2]]})
    np.testing.assert_allclose(problem(text).forward()["h"], wanted.forward()["h"], err_msg=text)


@pytest.mark.parametrize(("first", "other"), list(itertools.permutations(APART[:2] + APART[6:10], 2)))
def test_words_that_contradict_each_other_are_refused(first: str, other: str) -> None:
    text = first.format("U = 0.5", "W = 0.3", "U", "W") + "\n" + other.format("", "", "W", "U") + "\nx = 1, 2\n"
    with pytest.raises(RnncalcError, match=r"which letter multiplies the input.*write the equation"):
        problem(text)


@pytest.mark.parametrize("way", ["{} is the recurrent matrix", "{} multiplies the input", "输入权重 {} = 0.2"])
def test_a_letter_with_a_part_that_no_notation_gives_it_is_refused(way: str) -> None:
    with pytest.raises(RnncalcError, match="which letter multiplies the input"):
        problem(f"U = 0.5\nW = 0.3\nV = 0.2\n{way.format('V')}\nx = 1, 2\n")


@pytest.mark.parametrize("way", APART)
def test_an_equation_decides_before_words(way: str) -> None:
    text = "h_t = tanh(W x_t + U h_{t-1})\n" + way.format("U = 0.5", "W = 0.3", "U", "W") + "\nx = 1, 2\n"
    wanted = {"U": 0.3, "W": 0.5, "x": [[1], [2]]}
    np.testing.assert_allclose(problem(text).forward()["h"], problem(wanted).forward()["h"])
