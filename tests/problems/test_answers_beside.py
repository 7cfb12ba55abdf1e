"""Answers on the line of their heading: My answer: h = 0.46, 0.88."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.commands import command

import rnncalc

HEADS = (
    "My answer:", "**My answer:**", "- My answer:", "Answer:", "Answers:", "My answers (part a):", "Student's answer:",
    "My solution:", "I get", "We got:", "My answer is", "So I get", "我的答案：", "答案：", "我算得", "我求得：",
    "学生的答案是", "(2) 我的答案：", "1) My answer:", "解答：",
)  # fmt: skip
INSTRUCTIONS = (
    "Write your answer as",
    "Give my answer as",
    "请把答案写成",
    "In your work, use",
    "Report the result as",
)


def text(array: np.ndarray, form: str) -> str:
    numbers = [f"{number:.3f}" for number in array.ravel()]
    return {"commas": ", ".join(numbers), "blanks": " ".join(numbers), "brackets": f"[{', '.join(numbers)}]",
            "column": f"({'; '.join(numbers)})", "latex": f"$[{', '.join(numbers)}]$"}[form]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("form", ["commas", "blanks", "brackets", "column", "latex"])
def test_answers_stand_on_the_line_of_their_heading(head: str, form: str, tmp_path: Path) -> None:
    random = np.random.default_rng(len(head))
    U, W, V = random.uniform(0.2, 0.9, size=3).round(2)
    x = random.uniform(-1, 1, size=3).round(2)
    trace = rnncalc.problem(U=U, W=W, V=V, x=x.tolist()).forward()
    problem = f"U = {U}\nW = {W}\nV = {V}\n" + "".join(f"x_{n} = {value}\n" for n, value in enumerate(x, 1))
    wrong = np.array(trace.y) + 0.1
    for below in ("", f"y = {text(wrong, form)}\n"):
        (tmp_path / "sheet.txt").write_text(f"{problem}{head} h = {text(np.array(trace.h), form)}\n{below}")
        done = command("check", str(tmp_path / "sheet.txt"), "--format", "json")
        values = done.data["values"]
        assert [value["verdict"] for value in values if value["name"] == "h"] == ["right"] * 3, (head, done.err)
        assert sum(value["verdict"] == "wrong" for value in values) == (3 if below else 0)


@pytest.mark.parametrize("said", INSTRUCTIONS)
def test_what_asks_for_an_answer_is_no_heading(said: str, tmp_path: Path) -> None:
    (tmp_path / "sheet.txt").write_text(f"U = 0.5\nW = 0.3\nx_1 = 1\n{said} lr = 0.5\n")
    done = command("check", str(tmp_path / "sheet.txt"))
    assert done.code == 2
    assert "no answers" in done.err
