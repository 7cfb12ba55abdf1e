"""Answers as people write them: behind their working, left out, in words, under the number of their problem."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from support.commands import command
from support.sheets import problem

from rnncalc.problems import problem_text

EQUATION = r"$h_t = \tanh(U x_t + W h_{t-1} + b)$"
VALUES = {
    "text": "U = 0.5, W = 0.8, b = 0.1\nx_1 = 1, x_2 = -2, x_3 = 3",
    "latex": r"$U = 0.5$, $W = 0.8$, $b = 0.1$; $x_1 = 1,\ x_2 = -2,\ x_3 = 3$",
}
HEADS = {"en": "## My answers", "zh": "## 我的答案", "none": ""}
WORKINGS = {
    "tanh(0.6) = {}": "the number of a function",
    "0.5·1 + 0.1 = tanh(0.6) = {}": "several signs",
    "tanh(0.5*1 + 0.1) ≈ {}": "about",
    "tanh(0.6)\n    = {}": "the next line begins with the sign",
    "{}": "no working",
    r"\tanh(0.6) = {}": "LaTeX",
    "tanh(U x_1 + W h_0 + b) = tanh(0.6) = {}": "letters first",
}
BEHIND = ["", " (rounded)", "（四舍五入）", ", and so on", "."]


def answered(text: str) -> dict[str, Any]:
    read = problem_text.read(text)
    return read["answers"].value if "answers" in read else {}


@pytest.mark.parametrize(("form", "head", "behind"), list(itertools.product(VALUES, HEADS, BEHIND)))
def test_the_last_number_of_a_working_is_the_answer(form: str, head: str, behind: str) -> None:
    for working in WORKINGS:
        line = "h_1 = " + working.format("0.537")
        line = f"${line}${behind}" if form == "latex" else line + behind
        text = f"{EQUATION}\n{VALUES[form]}\n\n{HEADS[head]}\n{line}\nh_2 = -0.4385\n"
        assert answered(text) == {"h": {"1": ["0.537"], "2": ["-0.4385"]}}, text
        assert problem(text).x.tolist() == [[1], [-2], [3]]


@pytest.mark.parametrize(("sign", "value", "odd"), [("=", "0.4732", False), ("=", "0.5732", True), ("≈", "0.8", True)])
def test_a_working_that_contradicts_itself_is_said(sign: str, value: str, odd: bool) -> None:
    text = f"{EQUATION}\n{VALUES['text']}\n\n## My answers\nh_1 = tanh(0.51) {sign} {value}\na_1 = 0.5*0.2 + 0.1 = 0.2"
    notes = problem(text).notes
    assert any("tanh(0.51)" in note and value in note for note in notes) == odd
    assert not any("0.5*0.2" in note for note in notes)
    assert answered(text) == {"h": {"1": [value]}, "a": {"1": ["0.2"]}}


@pytest.mark.parametrize(
    "value", ["W = 0.5 U = 0.8", "W = 0.5, U = 0.8", "W = 0.5 and U = 0.8", "W = U = 0.8", "U, W = 0.8, 0.5"]
)
def test_values_in_a_row_are_no_working(value: str) -> None:
    read = problem_text.read(f"{value}\nx = [1, 2]")
    assert str(read["U"].value).strip() == "0.8"
    assert str(read["W"].value).strip() == ("0.8" if value == "W = U = 0.8" else "0.5")


@pytest.mark.parametrize(
    ("head", "sub"), list(itertools.product(["## My answers", "### 我的答案"], ["", "Part (a):", "（1）解：", "Q1:"]))
)
def test_numbering_below_the_heading_of_answers_is_no_other_heading(head: str, sub: str) -> None:
    text = f"h_t = tanh(U x_t + W h_{{t-1}})\nU = 0.5, W = 0.8, x = [1, 2]\n\n{head}\n{sub}\nmine = 3\ny = 0.46\n"
    assert {"mine", "y"} <= answered(text).keys()


@pytest.mark.parametrize(
    ("word", "blank"),
    [("?", True), ("n/a", True), ("—", True), ("不会", True), ("dunno", False), ("about half", False)],
)
@pytest.mark.parametrize("equation", [True, False])
def test_an_answer_that_is_no_number_is_said(word: str, blank: bool, equation: bool, tmp_path: Path) -> None:
    given = "U = 0.5, W = 0.8, x = [1, 2]"
    sheet = tmp_path / "sheet.md"
    first = "h_t = tanh(U x_t + W h_{t-1})\n" if equation else ""
    sheet.write_text(f"{first}{given}\n\n## My answers\nName = Li Ming\nh_1 = 0.462\nh_2 = {word}\n", encoding="utf-8")
    done = command("check", str(sheet), "--format", "json", "--lang", "en")
    verdicts = {value["step"]: value["verdict"] for value in done.data["values"]}
    assert verdicts.pop(1) == "right"
    if blank:
        assert any("h_2: not answered" in note for note in done.data["notes"])
        assert done.code == 0
    else:
        assert verdicts == {2: "unreadable"}


def test_a_formula_above_its_number_is_no_second_answer() -> None:
    text = f"{EQUATION}\n{VALUES['text']}\n\n## My answers\nh_1 = tanh(U x_1)\nh_1 = 0.537\n"
    assert answered(text) == {"h": {"1": ["0.537"]}}


PROBLEMS = (
    "h_t = tanh(W x_t + U h_{{t-1}}) with U = 0.5\n\n"
    "## {0}1\nW = 0.3, x = [1, 2]\n\n## {0}2\nW = -0.3 and x = [1, 2, 3]\n\n"
)


@pytest.mark.parametrize("word", ["Q", "Question ", "题"])
@pytest.mark.parametrize("way", ["{0}{1}: ", "**{0}{1}:** ", "- {0}{1}. ", "### {0}{1}\n"])
def test_answers_below_all_problems_go_back_to_theirs(word: str, way: str) -> None:
    answers = {"1": "h_1 = 0.2913\nh_2 = 0.6326", "2": "h_1 = -0.2913\nh_3 = -0.8"}
    text = PROBLEMS.format(word) + "# My answers\n"
    text += "".join(f"{way.format(word, number)}{lines}\n" for number, lines in answers.items())
    read = problem_text.read(text)["problems"].value
    assert read["Q1"]["answers"].value == {"h": {"1": ["0.2913"], "2": ["0.6326"]}}
    assert read["Q2"]["answers"].value == {"h": {"1": ["-0.2913"], "3": ["-0.8"]}}


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("where", ["sheet", "json"])
def test_decimal_commas_reach_the_answers(where: str, typed: bool, tmp_path: Path) -> None:
    path = tmp_path / f"problem.{'md' if where == 'sheet' else 'json'}"
    sheet = "U = 0.5\nW = 0.8\nx = [[1], [-2]]\n"
    answers = "" if typed else "\n## My answers\nh_1 = 0,462\nh_2 = -0,558\n"
    inside = "" if typed else ', "answers": {"h": {"1": ["0,462"], "2": ["-0,558"]}}'
    path.write_text(
        sheet + answers if where == "sheet" else f'{{"U": 0.5, "W": 0.8, "x": [[1], [-2]]{inside}}}', encoding="utf-8"
    )
    options = ["--h_1", "0,462", "--h_2", "-0,558"] if typed else []
    done = command("check", str(path), "--decimal", "comma", *options, "--format", "json")
    assert [value["verdict"] for value in done.data["values"]] == ["right", "right"]


PEOPLE = [
    "ANSWER OF CANDIDATE 0417", "Solution by Tom Miller", "## Priya's answers", "Lena's solution:", "## Work of B",
    "**小王的答案**（保留 4 位小数）：", "李雷的解答：", "## 小红的作答", "Answers from group 3",
]  # fmt: skip
NOBODY = [
    "## Check Tom's answers", "# 练习 5（判断下面的答案是否正确）", "检查小王的答案：", "## 标准答案的说明",
    "Solution of the problem by hand", "Answers are wanted to four decimals",
]  # fmt: skip


@pytest.mark.parametrize("head", PEOPLE + NOBODY)
def test_a_heading_says_whose_answers_stand_below(head: str) -> None:
    text = f"h_t = tanh(U x_t + W h_{{t-1}})\nU = 0.5, W = 0.8, x = [1, 2]\n\n{head}\n\nmine = 3\n"
    assert ("mine" in answered(text)) == (head in PEOPLE)
