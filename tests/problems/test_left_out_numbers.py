"""Numbers that are left out between others, 1, 2, …, 5, are refused wherever a value stands."""

from __future__ import annotations

import itertools

import pytest
from support.commands import command
from support.sheets import assert_same, problem

from rnncalc.errors import RnncalcError

DOTS = ["…", "...", r"\ldots", r"\dots", "⋯"]
LISTS = [
    "{name} = 1, 2, {dots}, 5", "{name} = [1, 2, {dots}, 5]", "{name} = (1, 2, {dots}, 5)", "{name} = 1; 2; {dots}; 5",
    "{name} = 1, 2, {dots}", "{name}: 1, 2, {dots}, 5", "{name} = [1 2 {dots} 5]", "{name} = 1 2 {dots} 5",
    "${name} = 1, 2, {dots}, 5$", "- {name} = 1, {dots}, 5", "{name} = [1, {dots}, 4, 5]",
    "let {name} = 1, 2, {dots}, 5.",
    "{name} = [[1.],\n [2.],\n {dots},\n [5.]]", "{name} = [[1.]\n [2.]\n {dots}\n [5.]]",
    "{name} = np.array([1, 2, {dots}, 5])", "{name} = tensor([[1.],\n        {dots},\n        [5.]])",
    r"{name} = \begin{{bmatrix}} 1 \\ {dots} \\ 5 \end{{bmatrix}}",
    r"{name} = \begin{{pmatrix}} 1 & {dots} & 5 \end{{pmatrix}}",
]  # fmt: skip
SENTENCES = [
    "The input sequence is 1, 2, {dots}, 5.", "Inputs: 1, 2, {dots}, 5", "The inputs are 1, 2, {dots}, 5.",
    "输入序列为 1，2，{dots}，5。",
    "The bits 1, 0, {dots}, 1 are the input.",
]  # fmt: skip
ELSEWHERE = [  # no numbers are left out
    "for t = 1, {dots}, 2 compute h_t", "Give h_1, {dots}, h_2.", "Compute the states {dots}", "{dots} and so on",
    "x_1, {dots}, x_T are the inputs.", "(t = 1, 2, {dots}, T)",
]  # fmt: skip
WEIGHTS = "U = 1\nW = 0.5\n"


@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize("way", LISTS + SENTENCES)
@pytest.mark.parametrize("name", ["x", "U", "targets"])
def test_numbers_that_are_left_out_are_refused(way: str, dots: str, name: str) -> None:
    if "{name}" not in way and name != "x":
        pytest.skip("a sentence of the inputs")
    others = {"x": "x = 1, 2", "U": "U = 1", "W": "W = 0.5"}
    rest = "\n".join(line for key, line in others.items() if key != name)
    for text in (f"{rest}\n{way}\n", f"{way}\n{rest}\n"):
        with pytest.raises(RnncalcError) as error:
            problem(text.format(name=name, dots=dots))
        assert "print it whole" in str(error.value), text


@pytest.mark.parametrize(("way", "dots"), list(itertools.product(ELSEWHERE, DOTS)))
def test_dots_that_leave_no_number_out(way: str, dots: str) -> None:
    for text in (f"{way}\n{WEIGHTS}x = 1, 2\n", f"{WEIGHTS}x = 1, 2\n{way}\n"):
        assert_same(text.format(dots=dots), {"U": 1, "W": 0.5, "x": [[1], [2]]})


def test_dots_of_an_option() -> None:
    for text in ("1, 2, ..., 5", "1 2 ... 5", r"1, 2, \dots, 5", "[1 2 ... 5]", "[[1.]\n [2.]\n ...\n [5.]]"):
        said = command("forward", "--U", "1", "--W", "0.5", "--x", text)
        assert said.code == 2, said.err
        assert "print it whole" in said.err


def test_a_line_of_matlab_goes_on() -> None:
    assert_same("U = 1\nW = 0.5\nx = [1; 2; ...\n 3]\n", {"U": 1, "W": 0.5, "x": [[1], [2], [3]]})
