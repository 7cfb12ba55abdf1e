"""Texts that repeat one token: read or refused in time that grows with their length, with an exit code like any other.

`bench/repeats.py` reads every token at every door and measures; here stand those that once took long, at a length at
which they would not end, and what made them quick is held against the plain way.
"""

import random
import re
from pathlib import Path

import pytest
from support.repeated import DOORS, arguments, cases
from support.strangers import carried_out, fault

from rnncalc.problems.formulas.spelling import MATRIX
from rnncalc.problems.sheet import values
from rnncalc.problems.sheet.heads import Heads

LONG = 20_000


@pytest.mark.parametrize(
    ("door", "opening", "token"),
    [
        ("forward .md", "", " "),
        ("forward .md", "", "\n"),
        (".json", "1 & ", "\n"),
        ("forward .md", "$$", "&="),
        ("forward .md", "W = \\begin{bmatrix}", "\\begin{bmatrix}1"),
        ("forward .md", "W = \\begin{bmatrix}", "= "),
        ("forward .md", "W^{(", ",000"),
        ("forward .md", "for t in ", "W = ["),
        ("check .txt", "h_0 = ", "(W="),
        ("check .txt", "h_t = ", "Q1: "),
        ("forward .md", "L = \\frac{1}{2} ", "["),
        ("forward .md", "y_t = softmax(", "[1],"),
        ("forward .md", "h_t = x", "^2"),
        ("forward .md", "h_t = x", "^2 "),
        ("forward .md", "h_t = ", "½"),
        ("forward .md", "h_t = ", "x/"),
        ("forward .md", "h_t = ", "log "),
        ("forward .md", "x = ", "1e"),
        ("--x", "", ",000"),
        ("--equations", "tanh(", "("),
        ("--equations", "h_t = x", "^2"),
        ("--equations", "h_t = ", "x/"),
        ("--equations", "h_t = ", "(x_t+W)"),
    ],
)
def test_one_token_over_and_over(door: str, opening: str, token: str, tmp_path: Path) -> None:
    code, text = carried_out(arguments(door, opening, token, LONG, tmp_path))
    assert not fault(code, text)


@pytest.mark.parametrize("seed", range(8))
def test_any_token_at_any_door(seed: int, tmp_path: Path) -> None:
    """A few of all that the measurement reads, short."""
    rng = random.Random(seed)
    for _time in range(12):
        door = rng.choice(list(DOORS))
        opening, token = rng.choice(list(cases(door)))
        code, text = carried_out(arguments(door, opening, token, 1500, tmp_path))
        assert not fault(code, text), (door, opening, token)


def test_brackets_are_closed_as_counting_says() -> None:
    rng = random.Random(1)
    for _time in range(300):
        text = "".join(rng.choice("[](){}a ") for _mark in range(rng.randint(0, 30)))
        for at, mark in enumerate(text):
            if mark not in "[({":
                continue
            depth, end = 0, None
            for place in range(at, len(text)):
                depth += (text[place] in "[({") - (text[place] in "])}")
                if not depth:
                    end = place + 1
                    break
            assert values._balanced(text, at) == end, (text, at)


def test_a_sign_in_a_call_is_no_head() -> None:
    """Whatever stands between: an argument's name is none where the nearest open bracket of the line is a call's."""
    rng = random.Random(2)
    for _time in range(300):
        text = "".join(
            rng.choice(["f(", "(", ")", " ", "\n", "a=1 ", "U = 2\n"]) for _piece in range(rng.randint(1, 12))
        )
        expected = []
        for sign in re.finditer("=", text):
            line, depth, call = text.rfind("\n", 0, sign.start()) + 1, 0, False
            for place in range(sign.start() - 1, line - 1, -1):
                depth += (text[place] == ")") - (text[place] == "(")
                if depth < 0:
                    call = text[place - 1 : place] == "f"
                    break
            if not call:
                expected.append(sign.end())
        assert [head.at for head in Heads(text)] == expected, text


@pytest.mark.parametrize("kind", ["bmatrix", "pmatrix", "smallmatrix", "matrix*", "array"])
def test_a_matrix_ends_at_its_own_end(kind: str) -> None:
    whole = rf"\begin{{{kind}}} 1 & \frac{{1}}{{2}} \\ \end{{x}} 3 & 4 \end {{{kind}}}"
    match = MATRIX.match(whole + rf" \end{{{kind}}}")
    assert match is not None
    assert match[0] == whole
    assert MATRIX.search(whole[:-3]) is None
    inner = MATRIX.search(rf"\begin{{{kind}}} 1 {whole}")
    assert inner is not None
    assert inner[0] == whole


def test_formulas_as_deep_as_people_write_them() -> None:
    """What is bounded is far beyond a sheet: quotients, powers, functions of functions, factors."""
    from rnncalc.problems.formulas.reader import DEEPEST, MOST_FACTORS, NoFormulaError, Reader

    for count, text in ((9, "1/" * 9 + "2"), (2, "x_t" + "^2" * 2), (9, "log " * 9 + "x_t"), (30, "x_t " * 30)):
        assert Reader(text, ["x_t"]).whole() is not None, count
    for text in ("1/" * (DEEPEST + 2) + "2", "x_t" + "^2" * 4, "log " * 99 + "x_t", "x_t " * (MOST_FACTORS + 2)):
        with pytest.raises(NoFormulaError):
            Reader(text, ["x_t"]).whole()
