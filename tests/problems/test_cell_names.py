"""Which gated cell a sheet without equations is about: named in any words, with numbers of its gates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sheets import problem

from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS

WORDS = {
    "lstm": (
        "LSTM",
        "LSTMs",
        "lstm",
        "long short-term memory",
        "Long Short-Term Memory",
        "长短期记忆网络",
        "长短期记忆",
    ),
    "gru": ("GRU", "GRUs", "gated recurrent unit", "Gated Recurrent Unit", "门控循环单元", "门控循环单元网络"),
}
PLACES = (
    "# {}", "## Question 2: {}", "**{}**", "{}:", "{}", "\\section{{{}}}", "{} (10 points)", "{}（10分）",
    "Question 1 ({}, 10 points)", "已知{}单元", "考虑一个{}单元：",
    "考虑一个{}单元，求各步的输出。", "下面是{}的参数", "第1题 {}",
    "A {} cell.", "An {} with one unit reads two numbers.", "The {} below has these weights.",
    "Compute the forward pass of a {}.", "We are given the weights of the {} cell below",
    "循环神经网络：{}（前向计算）",
)  # fmt: skip
COMPARED = (
    "Unlike an {}, this cell has no memory.", "It is simpler than an {}.", "This is not an {}.",
    "与{}不同，这里没有记忆。",
    "We compare it with the {} later.", "In contrast to the {}, nothing is stored.", "它不是{}。",
)  # fmt: skip


def numbers(cell: str, seed: int, *, prefix: str = "UWb", D: int = 2, H: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    sizes = {"U": (H, D), "W": (H, H), "b": (H,)}
    return {
        f"{stack}_{gate}": random.normal(size=sizes[stack]).round(2) for stack in prefix for gate in CELLS[cell].gates
    }


def lines(arrays: dict[str, np.ndarray], x: np.ndarray) -> str:
    values = [f"{name} = {array.tolist()}" for name, array in arrays.items()]
    return "\n".join([*values, *(f"x_{number} = {row.tolist()}" for number, row in enumerate(x, 1))]) + "\n"


def inputs(D: int = 2) -> np.ndarray:
    return np.random.default_rng(D).normal(size=(3, D)).round(1)


def same(text: str, cell: str, arrays: dict[str, np.ndarray], x: np.ndarray) -> None:
    from rnncalc import problem as made

    keys: dict[str, Any] = {}
    for name, array in arrays.items():
        keys.setdefault(name[0], {})[name[2:]] = array.tolist()
    got = problem(text)
    assert got.network.layers[-1].cell.name == cell, text
    assert np.allclose(got.forward().h, made(cell=cell, x=x.tolist(), **keys).forward().h), text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("cell", WORDS)
def test_a_cell_is_named_in_any_words(cell: str, place: str) -> None:
    x = inputs()
    for seed, word in enumerate(WORDS[cell]):
        arrays = numbers(cell, seed, prefix="UWb" if seed % 2 else "UW")
        same(place.format(word) + "\n\n" + lines(arrays, x), cell, arrays, x)
        same(lines(arrays, x) + "\n" + place.format(word) + "\n", cell, arrays, x)


@pytest.mark.parametrize("said", COMPARED)
@pytest.mark.parametrize("word", ["LSTM", "GRU", "长短期记忆网络"])
def test_a_comparison_names_no_cell(said: str, word: str) -> None:
    """A plain network stays one; numbers of gates that no name belongs to are refused."""
    text = said.format(word) + "\n\n"
    plain = problem(text + "U = 0.5\nW = 0.3\nx_1 = 1\nx_2 = 2\n")
    assert plain.network.layers[-1].cell.name == "elman"
    assert not [note for note in plain.notes if word in note], plain.notes
    cell = "gru" if word == "GRU" else "lstm"
    with pytest.raises(RnncalcError, match="belongs to one gate"):
        problem(text + lines(numbers(cell, 3), inputs()))


@pytest.mark.parametrize("said", ["We compare an LSTM and a GRU.", "LSTM 与 GRU", "Unlike an LSTM, a GRU has two gates",
                                  "# GRU\nIt is simpler than an LSTM.", "# LSTM\nThe GRU came later."])  # fmt: skip
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_of_two_cells_the_numbers_say_which(said: str, cell: str) -> None:
    arrays, x = numbers(cell, 5), inputs()
    text = said + "\n\n" + lines(arrays, x)
    other = "Unlike" in said or "simpler" in said  # the LSTM is only what the GRU is compared with
    if "ompare" in said or (other and cell == "lstm"):
        with pytest.raises(RnncalcError, match="belongs to one gate"):
            problem(text)
    else:
        same(text, cell, arrays, x)


@pytest.mark.parametrize("word", ["LSTM", "门控循环单元"])
def test_a_cell_whose_gates_have_no_numbers_is_refused(word: str) -> None:
    with pytest.raises(RnncalcError, match=f"line 1: “# {word}” is not read: give the weights of each gate"):
        problem(f"# {word}\nU = 0.5\nW = 0.3\nx_1 = 1\nx_2 = 2\n")


# one matrix on [h; x] ------------------------------------------------------------------------------------------------

JOINED = {
    "hx": ("The weights multiply [h_{t-1}, x_t].", "W acts on $[h_{t-1}; x_t]$", "权重作用于 [h_{t-1}, x_t]",
           "where [h, x] is stacked", "on the concatenation of h_{t-1} and x_t", "h_{t-1} 与 x_t 的拼接"),
    "xh": ("The weights multiply [x_t, h_{t-1}].", "W acts on $[x_t; h_{t-1}]$", "[x_t, h_{t-1}] 的权重",
           "on the concatenation of x_t and h_{t-1}"),
}  # fmt: skip


@pytest.mark.parametrize("D", [1, 2])
@pytest.mark.parametrize("H", [1, 3])
@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
@pytest.mark.parametrize("order", JOINED)
def test_one_matrix_on_state_and_input(order: str, cell: str, D: int, H: int) -> None:
    """Said in a sentence, or by --fused; without either the error says so. Of one unit the matrix may be a vector."""
    from rnncalc import problem as made

    random, x = np.random.default_rng(D + H), inputs(D)
    gates = CELLS[cell].gates or " "
    U = {gate: random.normal(size=(H, D)).round(2) for gate in gates}
    W = {gate: random.normal(size=(H, H)).round(2) for gate in gates}
    keys: dict[str, Any] = {"U": U, "W": W} if cell != "elman" else {"U": U[" "], "W": W[" "]}
    right = made(cell=cell, x=x.tolist(), **keys).forward().h
    for flat in (False, True) if H == 1 else (False,):
        rows = {g: np.hstack([W[g], U[g]] if order == "hx" else [U[g], W[g]]) for g in gates}
        named = {f"W_{g}".rstrip("_ "): row.reshape(-1) if flat else row for g, row in rows.items()}
        text = (f"cell: {cell}\n" if cell != "elman" else "") + lines(named, x)
        for said in JOINED[order]:
            assert np.allclose(problem(f"{said}\n\n{text}").forward().h, right), said
        assert np.allclose(problem(f"{text}fused: {order}\n").forward().h, right)
        with pytest.raises(RnncalcError, match="--fused hx"):
            problem(text)
