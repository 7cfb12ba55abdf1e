"""Sheets that open with a supposition: it is the problem itself; below a task it changes the task, and is not read."""

from __future__ import annotations

import itertools

import pytest
from support.commands import command

NUMBERS = "U = 0.6, W = -0.4, b = 0.1, x = (1, 2, -1)"
SENTENCES = [
    f"{opening} {sentence}"
    for opening in ("Suppose", "Suppose that", "Now suppose", "Let's suppose that", "If", "(a) Suppose")
    for sentence in (
        "the activation is {}",
        "a network has one hidden unit with a {} activation",
        "all hidden units use the {}",
        "an RNN has a single {} unit",
    )
] + [
    f"{opening}{sentence}"
    for opening in ("假如", "如果", "若")
    for sentence in ("激活函数为{}", "隐藏层使用{}激活函数")
]
FUNCTIONS = ("sigmoid", "ReLU")


def shown(sheet: str) -> str:
    run = command("forward", "-", "--lang", "en", stdin=sheet)
    assert run.code == 0, run.err
    return run.out


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_a_sheet_supposes_first_is_read(sentence: str, function: str) -> None:
    said = sentence.format(function)
    expected = shown(f"{NUMBERS}. The activation is {function}.")
    assert f"activation {function.lower()}" in expected
    joints = (". ", ", compute h. ") if said.startswith("If") else ("。", "，") if ord(said[0]) > 255 else (". ",)
    for joint in joints:
        assert shown(f"{said}{joint}{NUMBERS}") == expected


@pytest.mark.parametrize(
    ("sentence", "task"), [*itertools.product(SENTENCES[:3] + SENTENCES[-2:], ("Compute h.", "求 h。"))]
)
def test_what_is_supposed_below_a_task_is_said_not_to_be_read(sentence: str, task: str) -> None:
    run = command("forward", "-", "--lang", "en", stdin=f"{NUMBERS}. {task} {sentence.format('sigmoid')}.")
    assert run.out == shown(f"{NUMBERS}. {task}")
    assert "not read: line 1" in run.err


@pytest.mark.parametrize(
    "question",
    [
        "What would change if the activation were sigmoid?",
        "If we used a sigmoid instead, would h be larger?",
        "为什么不用 sigmoid？",
    ],
)
def test_questions_change_nothing(question: str) -> None:
    assert shown(f"{NUMBERS}. Compute h. {question}") == shown(f"{NUMBERS}. Compute h.")


@pytest.mark.parametrize("opening", ["Suppose a GRU is given. ", "If an LSTM is used. "])
def test_a_supposed_cell_without_its_gates_is_refused(opening: str) -> None:
    assert command("forward", "-", stdin=opening + NUMBERS).code == 2
