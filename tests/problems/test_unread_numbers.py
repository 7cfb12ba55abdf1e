"""A note lists the lines with a number that nothing was read from: all of them, and no other."""

from __future__ import annotations

import itertools

import pytest
from support.sheets import problem

EQUATIONS = "h_t = tanh(U x_t + W h_{t-1}), y_t = softmax(V h_t)\n"
VALUES = "U = [[0.5, 0.1], [0.2, 0.3], [0.1, 0.4]]\nW = [[0.1, 0, 0], [0, 0.2, 0], [0, 0, 0.3]]\n"
REST = "V = [[0.3, 0.1, 0.2], [0.1, -0.4, 0.2], [0.5, 0.6, 0.7], [1, 1, 0]]\nx_1 = [1, 0.5], x_2 = [2, -1]\n"
SHEET = EQUATIONS + VALUES + REST
USED = [
    "The learning rate is 0.5.", "取学习率 0.25，更新一次参数。",
    "The network has 3 hidden units and 2 input features.",
    "隐藏层维度为 3，输入维度为 2，输出为 4 类。",
    "序列长度为 2。", "The initial state is 0.", "初始状态为 0。",
    "Give your answers to 4 decimals.", "结果保留 4 位小数。", "Rechnen Sie auf 3 Nachkommastellen.",
    "The targets are t_1 = 1 and t_2 = 3 (classes are numbered 1 to 4). The loss is the cross-entropy.",
    "The targets are t_1 = 1 and t_2 = 3 (classes are numbered from 0). The loss is the cross-entropy.",
]  # fmt: skip
LABELS = [
    "1. Forward pass. 2. Find $\\partial L/\\partial W$. 3. One step of descent.",
    "输入层 2 个神经元，隐含层 3 个神经元，输出层 4 个神经元。", "an input layer of 2 units, a hidden layer of 3 units",
    "Exercise 3 (12 points)", "### Problem 2.1", "**6-4（15分）** 习题", "CS 4780 Homework 5",
    "Due: Friday, November 14, 11:59pm.",
    "（1）求 $h_1$、$h_2$ 和 $y_1$；", "(a) Compute $h_1, h_2$ (5 pts)", "第 3 题（满分 12 分）",
    "See Figure 10.4 and equation (7.2).",
    "where $U \\in \\mathbb{R}^{3 \\times 2}$,", "for $t = 1, \\dots, 2$",
    "Written examination, page 4 of 7", "Abgabe bis 12. Mai",
]  # fmt: skip
UNUSED = [
    "The third weight was 0.7 last year.", "the first bias is about 0.25", "偏置大约 0.3", "h_3约0.473", "h3->1.5",
    "Use 7 layers.", "my guess: 0.51 or 0.52", "Assume a momentum of 0.9.", "a network with 100 hidden units",
    "There are 9 classes in the other data set.",
]  # fmt: skip


def unread(text: str) -> list[str]:
    return [note for note in problem(text).notes if note.startswith("not read")]


@pytest.mark.parametrize("line", USED + LABELS)
@pytest.mark.parametrize("above", [True, False])
def test_what_is_used_or_is_no_number_of_the_problem_is_not_listed(line: str, above: bool) -> None:
    assert not unread(f"{line}\n\n{SHEET}" if above else f"{SHEET}\n{line}\n"), line


@pytest.mark.parametrize(("line", "beside"), list(itertools.product(UNUSED, ["", *USED[:3], LABELS[0], LABELS[3]])))
def test_a_number_that_nobody_used_is_listed(line: str, beside: str) -> None:
    mark = "" if beside.endswith("。") else " "
    notes = unread(f"{SHEET}\n{beside}{mark}{line}\n")
    assert len(notes) == 1, notes
    assert f"line {SHEET.count(chr(10)) + 2}" in notes[0]


@pytest.mark.parametrize("count", [1, 8, 9, 20])
def test_many_lines_are_counted(count: int) -> None:
    notes = unread(SHEET + "".join(f"\nthe value {number}.5 is nobody's" for number in range(count)))
    assert len(notes) == min(count, 9)
    assert ("12 more" in notes[-1]) == (count == 20)


@pytest.mark.parametrize("line", [
    "(i) Find h(t) and y(t) for t = 1, 2, 3.  [3]", "(1)(6分)前向计算,写出 s_1 的值。",
    "② 求 ŷ 和 L;", "c) [4 pts] Compute ∂E/∂W.",
    "1. 求 t = 1, 2 时的 f_t。(12 分)", "(b) (4 points) Evaluate y_1, y_2 and y_3 (t=1,2,3).",
])  # fmt: skip
def test_instructions_are_not_listed(line: str) -> None:
    sheet = f"h_t = tanh(0.5 x_t + 0.3 h_{{t-1}})\nx = 1, 2, 3\n{line}\n"
    assert not [note for note in problem(sheet).notes if note.startswith("not read")]
    listed = [note for note in problem(sheet + "Somewhere is a 0.7 too.\n").notes if note.startswith("not read")]
    assert len(listed) == 1
