"""What a page is called, in the tab of a browser and in the properties of a Word document."""

import io
import json
import re
import zipfile
from html import unescape
from pathlib import Path

import pytest
from support.helpers import run

PROBLEM = {
    "U": [[0.9, 0.1]],
    "W": 0.5,
    "V": 2,
    "x": [[0.7, 0.1], [0.5, 0.3]],
    "targets": [1, 1],
    "loss": "squared_error",
}
ANSWERS = {"answers": {"h": [["0.1"], ["0.2"]]}}


def titles(path: Path) -> str:
    if path.suffix == ".docx":
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as package:
            text = package.read("docProps/core.xml").decode("utf-8")
        return unescape(re.findall(r"<dc:title>(.*?)</dc:title>", text)[0])
    return unescape(re.findall(r"<title>(.*?)</title>", path.read_text(encoding="utf-8"))[0])


@pytest.mark.parametrize(
    ("command", "title", "ending", "language"),
    [
        (command, title, ("html", "docx")[(at + k) % 2], ("en", "zh")[at // 2])
        for at, command in enumerate(
            [("forward", "--work"), ("backward", "--work"), ("check",), ("check", "--explain")]
        )
        for k, title in enumerate(["", "Homework 5: tanh & co"])
    ],
)
def test_a_page_is_called_as_the_problem_is(
    command: tuple[str, ...], title: str, ending: str, language: str, tmp_path: Path
) -> None:
    """Without a title by what it says first of the network or of the answers; never by a step."""
    keys = {**PROBLEM, **({"title": title} if title else {}), **(ANSWERS if command[0] == "check" else {})}
    problem, page = tmp_path / "problem.json", tmp_path / f"page.{ending}"
    problem.write_text(json.dumps(keys), encoding="utf-8")
    run(command[0], str(problem), *command[1:], "-o", str(page), "--lang", language)
    called = titles(page)
    assert called == title if title else re.search("elman|right|对", called)
    assert not re.match(r"step|loss|第|损失|rnncalc", called)


@pytest.mark.parametrize("ending", ["html", "docx"])
def test_other_pages(ending: str, tmp_path: Path) -> None:
    (tmp_path / "problem.json").write_text(json.dumps({**PROBLEM, "title": "Homework 5"}), encoding="utf-8")
    (tmp_path / "a.csv").write_text("id,h[1][1]\n7,0.1\n", encoding="utf-8")
    page = tmp_path / f"page.{ending}"
    run(
        "grade",
        str(tmp_path / "problem.json"),
        str(tmp_path / "a.csv"),
        "-o",
        str(tmp_path / "m.csv"),
        "--report",
        str(page),
    )
    assert titles(page) == "class report"
    run("grade", str(tmp_path / "problem.json"), str(tmp_path / "a.csv"), "-o", str(page))
    assert titles(page) == "Homework 5"
    run("new", "lstm", "--units", "1", "-o", str(page))
    assert titles(page) == "Exercise: Long short-term memory"
    run("new", "lstm", "--units", "1", "--solution", "-o", str(page))
    assert titles(page) == "Exercise: Long short-term memory"
    run("new", "lstm", "elman", "--units", "1", "-o", str(page))
    assert re.fullmatch("Q1. Exercise: Long short-term memory · Q2. Exercise: Elman network", titles(page))
    run("explain", "gru", "-o", str(page))
    assert titles(page).startswith("gru")
