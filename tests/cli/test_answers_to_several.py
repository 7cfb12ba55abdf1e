"""Answers to several problems in one text: `check --answers` gives each its own, as `grade` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

import rnncalc

CELLS = {"Q1": "tanh", "Q2": "sigmoid", "Q3": "relu"}
HEADS = ("## {}\n{}\n", "{}: {}\n", "**{}**\n\n{}\n", "{}\n{}\n\n", "- {}. {}\n", "{} (10 points)\n{}\n")
NUMBERS = ("{}. {}\n", "{}) {}\n", "({}) {}\n\n", "（{}）{}\n", "**{}.**\n\n{}\n", "{}、{}\n")
LABELS = ("Q{}", "Question {}", "第{}题", "Aufgabe {}")


def problems() -> dict[str, dict[str, Any]]:
    random = np.random.default_rng(len(CELLS))
    return {
        name: {"U": 0.7, "W": -0.4, "x": (1 + random.random(2)).round(2).tolist(), "activation": activation}
        for name, activation in CELLS.items()
    }


@pytest.mark.parametrize(
    ("head", "label"), [(head, label) for head in HEADS for label in LABELS] + [(head, "{}") for head in NUMBERS]
)
@pytest.mark.parametrize("wrong", [None, "Q3"])
def test_each_problem_has_the_answers_below_its_name(head: str, label: str, wrong: str | None, tmp_path: Path) -> None:
    text = ""
    for name, keys in problems().items():
        numbers = np.array(rnncalc.problem(**keys).forward().h).ravel() + 0.1 * (name == wrong)
        lines = "h_1 = {:.4f}, h_2 = {:.4f}".format(*numbers)
        text += head.format(label.format(name[1:]), lines)
    (tmp_path / "p.json").write_text(json.dumps({"problems": problems()}))
    (tmp_path / "answers").mkdir()
    answers = tmp_path / "answers" / "s1.md"
    answers.write_text(text)
    checked = command("check", str(tmp_path / "p.json"), "--answers", str(answers), "--format", "json")
    assert checked.code == int(wrong is not None)
    for name, result in checked.data["problems"].items():
        assert len(result["values"]) == 2
        assert result["verdict"] == ("wrong" if name == wrong else "right")
    graded = command("grade", str(tmp_path / "p.json"), str(answers.parent), "--format", "json")
    assert graded.data["rows"][0]["verdict"] == ("wrong" if wrong else "right")


def test_answers_to_some_of_them_and_what_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"problems": problems()}))
    number = np.array(rnncalc.problem(**problems()["Q2"]).forward().h).ravel()[0]
    (tmp_path / "a.txt").write_text(f"Q2: h_1 = {number:.4f}\nh_7 = 0.25\nsee 0.77 there\n")
    checked = command("check", str(tmp_path / "p.json"), "--answers", str(tmp_path / "a.txt"), "--format", "json")
    assert list(checked.data["problems"]) == ["Q2"]
    assert [value["verdict"] for value in checked.data["problems"]["Q2"]["values"]] == ["right"]
    assert "step 7" in checked.err
    assert "see 0.77" in checked.err


def test_answers_without_a_name_are_judged_in_each(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"problems": problems()}))
    (tmp_path / "a.txt").write_text("h_1 = 0.5\n")
    checked = command("check", str(tmp_path / "p.json"), "--answers", str(tmp_path / "a.txt"), "--format", "json")
    assert list(checked.data["problems"]) == list(CELLS)


def test_numbers_of_lines_are_no_problems(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"problems": problems()}))
    (tmp_path / "a.txt").write_text("1. h_1 = 0.51\n2. h_2 = 0.52\n3. a_1 = 0.53\n")
    checked = command("check", str(tmp_path / "p.json"), "--answers", str(tmp_path / "a.txt"), "--format", "json")
    assert [len(result["values"]) for result in checked.data["problems"].values()] == [3, 3, 3]


def test_each_note_is_said_once_however_often_a_problem_is_read(tmp_path: Path) -> None:
    sheet = "".join(f"## Q{at}\nU = 0.9, W = 0.5, b = 0.{at}, x = 0.7, 0.5. Find h_1.\n\n" for at in (1, 2))
    (tmp_path / "p.md").write_text(sheet)
    (tmp_path / "a.txt").write_text("Q1: h_1 = 0.6\nQ2: h_1 = 0.7\n")
    notes = command("check", str(tmp_path / "p.md"), "--answers", str(tmp_path / "a.txt")).err.splitlines()
    assert notes
    assert len(notes) == len(set(notes))
