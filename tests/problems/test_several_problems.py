"""Several problems in one file: headed parts of a sheet, and {"problems": …}; each is solved as it is alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import command

ABOVE = "# Homework\n\nThe cell is $h_t = \\tanh(W x_t + U h_{t-1})$ with $U = 0.5$.\n\n"
PARTS = {
    "Q1": "W = 0.3, x = [1, 2]\n\n### My answer\nh_1 = 0.2913\nh_2 = 0.6326\n",
    "Q2": "W = -0.3 and x = [1, 2, 3]\n",
    "Q3": "W = 2 and x = [0.1, 0.2]\n\nMy answer:\nh_1 = 0.9\nh_2 = _\n",
}
HEADS = {
    "english": "## Question {}",
    "short": "Q{}",
    "bold": "**Problem {}**",
    "chinese": "## 第{}题",
    "task": "Aufgabe {}:",
}


@pytest.mark.parametrize("head", HEADS)
def test_headed_parts_are_solved_as_they_are_alone(head: str, tmp_path: Path) -> None:
    path, alone = tmp_path / "sheet.md", tmp_path / "alone.md"
    parts = [f"{HEADS[head].format(name[1:])}\n{text}" for name, text in PARTS.items()]
    question = f"{HEADS[head].format(4)}\nWhy do gradients vanish? (2 points)\n"
    path.write_text(ABOVE + "\n".join([*parts, question]), encoding="utf-8")
    whole = command("forward", str(path), "--format", "json").data["problems"]
    assert list(whole) == list(PARTS)
    for name, text in PARTS.items():
        alone.write_text(ABOVE + text, encoding="utf-8")
        assert whole[name]["trace"] == command("forward", str(alone), "--format", "json").data["trace"]
    done = command("check", str(path), "--format", "json")
    assert list(done.data["problems"]) == ["Q1", "Q3"]
    assert done.data["problems"]["Q1"]["verdict"] == "right"
    assert done.code == 1


TROUBLE = {
    "shape": "W = [[0.3], [0.1]], x = [1, 2]\n",
    "text": "W = 0..3 and x = [1, 2]\n",
    "twice": "W = 0.3, x = [1, 2]\nW = 0.4\n",
    "equation": "c_t = wobble(c_{t-1}, x_t) h_{t-1}, W = 0.3, x = [1, 2]\n",
}


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("bad", [["Q1"], ["Q2"], ["Q3"], ["Q1", "Q3"], list(PARTS)])
@pytest.mark.parametrize("verb", ["forward", "check"])
def test_a_part_that_cannot_be_read_is_said_beside_the_others(
    trouble: str, bad: list[str], verb: str, tmp_path: Path
) -> None:
    path, good = tmp_path / "sheet.md", tmp_path / "good.md"
    sheet = {
        name: f"{TROUBLE[trouble]}\n### My answer\nh_1 = 0.3\n" if name in bad else text for name, text in PARTS.items()
    }
    path.write_text(ABOVE + "\n".join(f"## {name}\n{text}" for name, text in sheet.items()), encoding="utf-8")
    good.write_text(ABOVE + "\n".join(f"## {name}\n{text}" for name, text in PARTS.items()), encoding="utf-8")
    typed = ["--answers", '{"Q2": {"h": ["0.9"]}}'] if verb == "check" and "Q2" not in bad else []
    done = command(verb, str(path), *typed, "--format", "json")
    assert done.code == 2
    if len(bad) == len(PARTS):
        assert not done.out
        assert done.err
    else:
        whole = command(verb, str(good), *typed, "--format", "json").data["problems"]
        own = done.data["problems"]
        assert {name: part for name, part in own.items() if name not in bad} == {
            name: part for name, part in whole.items() if name not in bad
        }
        assert all(list(own[name]) == ["error"] and own[name]["error"] in done.err for name in bad)
        assert all(f"{name}: " in done.err for name in bad)
    graded = command("grade", str(path), str(good))
    assert graded.code == 2
    assert any(f"{name}: " in graded.err for name in bad) or len(bad) == len(PARTS)


def test_problems_of_a_json_file_and_the_largest_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "three.json"
    cell = {"U": 1, "W": 0.5, "x": [1, 2], "activation": "identity"}
    path.write_text(json.dumps({"problems": {"a": cell, "b": {**cell, "x": [1.7e308, 1.7e308]}}}), encoding="utf-8")
    done = command("forward", str(path), "--format", "json")
    assert done.code == 3
    assert done.data["problems"]["a"]["trace"]["h"] == [[1.0], [2.5]]
    rows = command("forward", str(path), "--format", "csv").out.splitlines()
    assert rows[0].startswith("problem,step")
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "1", "2", "2"]
    assert command("forward", str(path), "--x", "[[1]]").out.count("T = 1 step") == 2


def test_the_same_file_is_graded(tmp_path: Path) -> None:
    sheet, marks = tmp_path / "sheet.md", tmp_path / "class.csv"
    sheet.write_text(ABOVE + "\n".join(f"## {name}\n{text}" for name, text in PARTS.items()), encoding="utf-8")
    marks.write_text('id,"Q1: h[1][1]",Q2.h[2][1]\na,0.2913,-0.6326\nb,0.5,0.5\n', encoding="utf-8")
    done = command("grade", str(sheet), str(marks), "--format", "json")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    "text", ["# Question 3\nU = 0.3\nW = 0.5\nx = 1 2", "## Problem 1\nh_t = tanh(x_t)\nStep 2\nx = 1"]
)
def test_one_heading_is_one_problem(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text(text, encoding="utf-8")
    assert "problems" not in command("forward", str(path), "--format", "json").out


FORMS = {
    "object": '{"Q1": {"h": ["0.2913", "0.6326"]}, "Q2": {"h": {"2": ["0.1"]}}}',
    "dotted": '{"Q1.h": ["0.2913", "0.6326"], "Q2.h": [null, "0.1", null]}',
    "whole": '{"problems": {"Q1": {"answers": {"h": ["0.2913", "0.6326"]}}, "Q2": {"answers": {"h": {"2": ["0.1"]}}}}}',
    "lines": "Q1.h = 0.2913; 0.6326\nQ2.h = _; 0.1; _\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("parts", [["Q1"], ["Q2", "Q1"]])
def test_answers_to_several_problems_in_one_file(form: str, parts: list[str], tmp_path: Path) -> None:
    sheet, mine = tmp_path / "sheet.md", tmp_path / "mine.txt"
    sheet.write_text(ABOVE + "\n".join(f"## {name}\n{PARTS[name]}" for name in parts), encoding="utf-8")
    mine.write_text(FORMS[form] if len(parts) > 1 else '{"h": ["0.2913", "0.6326"]}', encoding="utf-8")
    data = command("check", str(sheet), "--answers", str(mine), "--format", "json").data
    if len(parts) == 1:
        assert data["verdict"] == "right"
        return
    assert {name: part["verdict"] for name, part in data["problems"].items()} == {"Q1": "right", "Q2": "wrong"}
    typed = command("check", str(sheet), "--answers.Q1.h", "0.2913 0.6326", "--format", "json").data["problems"]
    assert [(name, part["verdict"]) for name, part in typed.items()] == [("Q1", "right")]
    refused = command("check", str(sheet), "--answers", '{"Q1.h": ["0.29"], "Q7": {"h": ["0.1"]}}')
    assert refused.code == 2
    assert "answers.Q7: no problem is called so; there are Q2, Q1" in refused.err


FILES = {
    "rows.csv": "t,h1,h2\n1,0.2913,0.4\n2,_,0.6\n",
    "rows.md": "| step | h[1] | h[2] |\n|---|---|---|\n| 1 | 0.2913 | 0.4 |\n| 2 | _ | 0.6 |\n",
    "form.csv": "id,name,h[1][1],h[1][2],h[2][1],h[2][2]\n7,Ada,0.2913,0.4,,0.6\n",
    "formular.csv": '\ufeffid;"h[1][1]";h[1][2];"h[2][2]"\r\n7;0.2913;0.4;0.6\r\n',
    "lines.txt": "h_1 = (0.2913, 0.4)\nh_2[2] = 0.6\n",
    "one.json": '{"h": [["0.2913", "0.4"], [null, "0.6"]]}',
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_answers_is_a_table_a_form_or_lines(name: str, tmp_path: Path) -> None:
    problem, mine = tmp_path / "problem.json", tmp_path / name
    problem.write_text('{"U": [[0.3], [0.5]], "W": [[0, 0.1], [0.2, 0]], "x": [1, 2]}', encoding="utf-8")
    mine.write_text(FILES[name], encoding="utf-8", newline="")
    values = command("check", str(problem), "--answers", str(mine), "--format", "json").data["values"]
    typed = {(value["name"], value["step"], *value["index"]): value["answer"] for value in values if value["answer"]}
    assert typed == {("h", 1, 1): "0.2913", ("h", 1, 2): "0.4", ("h", 2, 2): "0.6"}
    options = ["--h_1", "0.2913 0.4", "--h2", "_ 0.6"]
    same = command("check", str(problem), *options, "--format", "json").data["values"]
    assert {(value["step"], *value["index"]): value["verdict"] for value in same if value["answer"]} == {
        (value["step"], *value["index"]): value["verdict"] for value in values if value["answer"]
    }
