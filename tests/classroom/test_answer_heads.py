"""How a page says which problem of a sheet it answers, in `grade` and in `check --answers`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.commands import command

from rnncalc.classroom.grading.run import grade

PROBLEMS: dict[str, Any] = {
    "Q1": {"U": 0.9, "W": 0.5, "x": [0.7, 0.5], "points": {"h": 2}},
    "Q2": {"U": 0.4, "W": 0.3, "V": -0.1, "x": [0.7, 0.5], "points": {"y": 2}},
}
HEADS = [
    ("第1题", "第2题"),
    ("第一题", "第二题"),
    ("第1题", "第二题"),
    ("第 一 题：", "第 二 题："),
    ("第一大题", "第二大题"),
    ("第1题 答案", "第2题 答案"),
    ("第1题答案：", "第2题答案："),
    ("# 第1题 我的答案", "# 第2题 我的答案"),
    ("## 第一题（10 分）", "## 第二题（10 分）"),
    ("第1题 Elman", "第2题 GRU"),
    ("题目1：", "题目2："),
    ("Question 1: Elman", "Question 2: GRU"),
    ("Question 1: Elman", "Question 2: the GRU"),
    ("Question 1 - a simple RNN", "Question 2 - the LSTM with peepholes"),
    ("Question #1", "Question #2"),
    ("Question no. 1", "Question no. 2"),
    ("**Q1** (10 points)", "**Q2** (10 points)"),
    ("Answer to question 1", "Answer to question 2"),
    ("My answers to Q1:", "My answers to Q2:"),
    ("Solution of problem 1.", "Solution of problem 2."),
    ("Ex. 1", "Ex. 2"),
    ("Ex 1)", "Ex 2)"),
    ("Q1 answers:", "Q2 answers:"),
    ("Aufgabe 1: Elman-Netz", "Aufgabe 2: Elman-Netz"),
    (r"\section*{Question 1}", r"\section*{Question 2}"),
    ("1.", "2."),
    ("1)", "2)"),
    ("(1)", "(2)"),
    ("1、", "2、"),
    ("（1）", "（2）"),
    ("一、", "二、"),
    ("（一）", "（二）"),
    ("1. Elman", "2. GRU"),
    ("## 1.", "## 2."),
]
ABOVE = ["", "Id: 7\n", "学号：7\n\n", "Name: Ada\nId: 7\n", "\ufeffId: 7   Name: Ada\n"]
ANSWERS = ["h_1 = 0.5581\nh_2 = 0.6221", "y_1 = -0.0273\ny_2 = -0.0275"]


def read(page: str, tmp_path: Path) -> tuple[dict[str, list[str]], str]:
    """The answers by question that `grade` judges, and its remark; `check --answers` sees the same."""
    path = tmp_path / "7.txt"
    path.write_text(page, encoding="utf-8")
    (row,) = grade({"problems": PROBLEMS}, [str(path)], diagnose=False).rows
    assert row.id == "7"
    answers = {
        name: [value["answer"] for value in result.values if value["verdict"] != "blank"]
        for name, result in row.results.items()
    }
    return {name: numbers for name, numbers in answers.items() if any(numbers)}, row.remark


@pytest.mark.parametrize("heads", HEADS)
@pytest.mark.parametrize("beside", [False, True])
def test_answers_belong_to_the_problem_that_heads_them(heads: tuple[str, str], beside: bool, tmp_path: Path) -> None:
    at = HEADS.index(heads)
    if beside and any(word in heads[0] for word in ("Elman", "simple", "section")):
        return
    inside = [" " + ANSWERS[k].replace("\n", ", ") if beside else "\n" + ANSWERS[k] for k in (0, 1)]
    if beside and heads[0].strip("#（()）.、一1 ") == "":
        return  # 1. h_1 = …, 2. y_1 = … may number the lines
    page = ABOVE[at % len(ABOVE)] + "\n".join(head + part for head, part in zip(heads, inside))
    answers, remark = read(page, tmp_path)
    assert answers == {"Q1": ["0.5581", "0.6221"], "Q2": ["-0.0273", "-0.0275"]}, remark


@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize(
    "heads", [("1.", "2."), ("第一题", "第二题"), ("一、", "二、"), ("Answer to Q1", "Answer to Q2")]
)
def test_check_reads_as_grade_does(heads: tuple[str, str], above: str, tmp_path: Path) -> None:
    problem, page = tmp_path / "p.md", tmp_path / "a.txt"
    problem.write_text(
        "## 第一题\nU = 0.9, W = 0.5, x = 0.7, 0.5\n\n## 第二题\nU = 0.4, W = 0.3, V = -0.1, x = 0.7, 0.5\n", "utf-8"
    )
    page.write_text(above + "\n".join(f"{head}\n{part}" for head, part in zip(heads, ANSWERS)), "utf-8")
    checked = command("check", str(problem), "--answers", str(page), "--format", "json")
    assert {name: len(part["values"]) for name, part in checked.data["problems"].items()} == {"Q1": 2, "Q2": 2}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("h_1 = 0.5581\nh_2 = 0.6221", "write Q1 (第1题) above"),
        ("h_1 = 0.5581\nh_1 = 0.6221", "write Q1 (第1题) above"),
        ("h_1 = 0.5581\nh = 0.2, 0.5", "write Q1 (第1题) above"),
        ("第7题\nh_1 = 0.5581", "no question is called “第7题”; there are Q1, Q2"),
        ("Q1\nh_1 = 0.5581\nQuestion 3\nh_2 = 0.6221", "no question is called “Question 3”"),
        ("Q3: h_1 = 0.5581", "no question is called “Q3: h_1 = 0.5581”"),
        ("h_1 = 0.5581\nQ2\ny_1 = -0.0273", "write Q1 (第1题) above"),
        ("Q1\nh_1 = 0.5581\nSecond problem:\ny_1 = -0.0273", "“Second problem:”: which problem"),
        ("Q1\nh_1 = 0.5581\nNext question\ny_1 = -0.0273", "“Next question”: which problem"),
        ("Q1\nh_1 = 0.5581\nProblem II\ny_1 = -0.0273", "“Problem II”: which problem"),
        ("第1题\nh_1 = 0.5581\n下一题\ny_1 = -0.0273", "“下一题”: which problem"),
        ("第1题\nh_1 = 0.5581\n2.\ny_1 = -0.0273", "“2.”: which problem"),
        ("第1题\nh_1 = 0.5581\n二、\ny_1 = -0.0273", "“二、”: which problem"),
        ("Q1\nh_1 = 0.5581\nRéponse de l'exercice 2\ny_1 = -0.0273", "which problem"),
    ],
)
def test_answers_to_no_problem_are_refused_in_words_that_help(page: str, said: str, tmp_path: Path) -> None:
    answers, remark = read(page, tmp_path)
    assert said in remark
    assert not any(answers.values())
    problem = tmp_path / "p.md"
    problem.write_text("## Q1\nU = 0.9, W = 0.5, x = 0.7, 0.5\n\n## Q2\nU = 0.4, W = 0.3, V = -0.1, x = 0.7, 0.5\n")
    if page.startswith("h_1 = 0.5581\nh_2"):
        return  # answers without a name are judged in each
    checked = command("check", str(problem), "--answers", str(tmp_path / "7.txt"))
    assert checked.code == 2
    assert said in checked.err


@pytest.mark.parametrize(
    "page",
    [
        "# Exercise 5\nQ1\nh_1 = 0.5581\nQ2\ny_1 = -0.0273",
        "第1题\n解：\nh_1 = 0.5581\n第2题\n与第1题相同的网络\ny_1 = -0.0273",
        "Q1 (a)\nh_1 = 0.5581\nQ2 a) y_1 = -0.0273",
        "Q1.1: h_1 = 0.5581\nQ2.1: y_1 = -0.0273",
        "Q1\nthe forward pass:\nh_1 = 0.5581\nQ2\nQ1 was easier\ny_1 = -0.0273",
        "Q2\ny_1 = -0.0273\nQ1\nh_1 = 0.5581",
        "Q1\n(1) h_1 = 0.5581\nQ2\n(1) y_1 = -0.0273",
    ],
)
def test_what_is_no_heading_heads_nothing(page: str, tmp_path: Path) -> None:
    answers, remark = read(page, tmp_path)
    assert answers == {"Q1": ["0.5581"], "Q2": ["-0.0273"]}, remark
