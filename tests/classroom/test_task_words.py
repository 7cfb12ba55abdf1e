"""What a sheet's words ask for is what a page is marked out of, as it is where a table has a column for each number."""

from __future__ import annotations

from pathlib import Path

import pytest

import rnncalc
from rnncalc.classroom.grading.mark_rows import Row

SHEET = (
    "h_t = tanh(U x_t + W h_{t-1} + b), y_t = V h_t, U = 0.9, W = 0.5, b = 0.3, V = 2, h_0 = 0, x = [0.7, 0.5, 0.2]."
)
RIGHT = {"h_1": 0.730594, "h_2": 0.805927, "h_3": 0.707901, "y_1": 1.46119, "y_2": 1.61185, "y_3": 1.4158}
TASKS = {
    "Compute h_1, h_2, h_3.": 3,
    "Compute $h_1$, $h_2$ and $h_3$ with four decimals.": 3,
    "Find the states h_1 and h_2, rounded to 3 decimals.": 2,
    "Calculate h_1, h_2, h_3 and y_1, y_2, y_3 to 4 decimals.": 6,
    "Determine h_t and y_t.": 6,
    "(a) Compute h_1. (b) Compute y_1 and y_2.": 3,
    "求 h_1、h_2、h_3 和 y_1、y_2、y_3，保留四位小数。": 6,
    "计算每一步的 h_t，保留 4 位小数。": 3,
    "Berechne h_1, h_2 und h_3.": 3,
}
OPEN = [
    "Compute the loss.",
    "Compute h_1 and the gradients.",
    "Unroll the network.",
    "求 h_1 和损失。",
    "Find out more.",
]


def graded(tmp_path: Path, sheet: str, answers: dict[str, float]) -> Row:
    problem, page = tmp_path / "sheet.md", tmp_path / "one.txt"
    problem.write_text(sheet, "utf-8")
    page.write_text("".join(f"{name} = {number:.4f}\n" for name, number in answers.items()), "utf-8")
    (row,) = rnncalc.grade(problem, page).rows
    return row


@pytest.mark.parametrize(
    ("heading", "task"),
    [("", task) for task in TASKS]
    + [(heading, task) for heading in ("## Problem 1 (12 points)\n\n", "第三题（12分）\n\n") for task in [*TASKS][::4]],
)
@pytest.mark.parametrize("answered", [1, 6])
def test_a_page_is_marked_out_of_what_the_task_names(task: str, heading: str, answered: int, tmp_path: Path) -> None:
    given = dict(list(RIGHT.items())[:answered])
    row = graded(tmp_path, f"{heading}{SHEET} {task}\n", given)
    assert row.score == pytest.approx(min(answered / TASKS[task], 1))
    assert row.verdict == ("right" if answered >= TASKS[task] else "incomplete")
    assert row.most == (12 if heading else TASKS[task])


def test_what_is_answered_besides_cannot_make_up_for_a_wrong_number(tmp_path: Path) -> None:
    row = graded(tmp_path, f"{SHEET} Compute h_1, h_2, h_3.\n", RIGHT | {"h_2": 0.5})
    assert row.score == pytest.approx(5 / 6)


@pytest.mark.parametrize("task", OPEN)
def test_a_task_that_names_something_else_leaves_it_to_the_answers(task: str, tmp_path: Path) -> None:
    row = graded(tmp_path, f"{SHEET} {task}\n", {"h_1": RIGHT["h_1"]})
    assert (row.score, row.most) == (1, 1)
