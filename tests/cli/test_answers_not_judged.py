"""One answer of a sheet that cannot be judged does not stop the marking of the others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.commands import command

SHEET = "$h_t = \\tanh(W x_t + U h_{t-1})$\n\nW = 0.5\nU = 0.2\nx_1 = 1, x_2 = 2\n"
FIRST = np.tanh(0.5)
SECOND = np.tanh(1 + 0.2 * FIRST)
STRANGE = {
    "a loss": ("$L = 4.411$", "L"),
    "a name": ("$q_1 = 0.25$", "q"),
    "an update": ("W_new = 0.7", "W_new"),
    "a gradient": (r"$\frac{\partial L}{\partial W} = 0.3$", "W"),
    "a step": ("$h_7 = 0.5$", "h"),
}


def sheet(strange: str, place: int, second: float) -> str:
    lines = [f"$h_1 = {FIRST:.5f}$", f"$h_2 = {second:.5f}$"]
    lines.insert(place, strange)
    return f"{SHEET}\n## My answers\n\n" + "\n\n".join(lines) + "\n"


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_the_rest_is_marked(strange: str, place: int, wrong: bool, apart: bool, tmp_path: Path) -> None:
    text, name = STRANGE[strange]
    whole = sheet(text, place, SECOND + 0.1 * wrong)
    path, answers = tmp_path / "sheet.md", tmp_path / "answers.md"
    path.write_text(SHEET if apart else whole, encoding="utf-8")
    answers.write_text(whole[len(SHEET) :], encoding="utf-8")
    done = command("check", str(path), *(["--answers", str(answers)] if apart else []), "--format", "json")
    assert done.code == 1, done.err  # not all that is given is right
    assert [value["verdict"] for value in done.data["values"]] == ["right", "wrong" if wrong else "right"]
    notes = [note for note in done.data["notes"] if "not judged" in note]
    assert len(notes) == 1, done.data["notes"]
    assert name in notes[0]
    assert "line" in notes[0]


@pytest.mark.parametrize("strange", STRANGE)
def test_nothing_left_is_an_error(strange: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text(f"{SHEET}\n## My answers\n\n{STRANGE[strange][0]}\n", encoding="utf-8")
    assert command("check", str(path)).code == 2


@pytest.mark.parametrize("name", ["loss", "answers.q", "W_new"])
def test_an_option_is_an_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    path.write_text(SHEET, encoding="utf-8")
    assert command("check", str(path), "--h_1", f"{FIRST:.5f}", f"--{name}", "0.3").code == 2


def test_an_object_of_answers_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    keys = {"W": 0.2, "U": 0.5, "x": [1, 2], "answers": {"h": [FIRST, SECOND], "q": 1}}
    path.write_text(json.dumps(keys), encoding="utf-8")
    assert command("check", str(path)).code == 2
