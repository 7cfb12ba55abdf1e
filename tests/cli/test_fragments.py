"""`--fragment` at every command that writes documents: a part in LaTeX and Markdown, a refusal in words elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import REFUSED, command

PARTS = {".tex", ".md"}
ENDINGS = (".tex", ".md", ".html", ".docx", ".json", ".csv", ".txt")
PROBLEM = """{"U": 1, "W": 0.5, "x": [[1], [2]], "targets": [[0], [1]], "loss": "half_squared_error",
              "answers": {"h": ["0.76", "0.9"]}}"""
SMALL = ("--hidden", "2", "--epochs", "1", "--engine", "equations")
COMMANDS = [
    *(("forward", "p.json", "-o"), ("backward", "p.json", "-o"), ("check", "p.json", "-o")),
    *(("new", "elman", "-o"), ("new", "gru", "--solution", "-o")),
    *(("explain", "lstm", "-o"), ("explain", "bptt", "-o"), ("explain", "not_through_time", "-o"), ("explain", "-o")),
    *(("init", "elman", "-o"), ("inspect", "w.npz", "-o"), ("predict", "m.safetensors", "d.csv", "-o")),
    *(("grade", "p.json", "p.json", "-o"), ("grade", "p.json", "p.json", "--report")),
    ("train", "--data", "d.csv", "--target", "y", *SMALL, "-o", "t.safetensors", "--report"),
    ("sweep", "--data", "d.csv", "--target", "y", "--val", "0.25", *SMALL, "--space", "space.json", "--report"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A problem, data, weights and a model."""
    folder = tmp_path_factory.mktemp("fragments")
    (folder / "p.json").write_text(PROBLEM)
    (folder / "d.csv").write_text("x,y\n1,2\n2,3\n3,4\n4,5\n")
    (folder / "space.json").write_text('{"lr": [0.1, 0.01]}')
    arrays = {"weight_ih_l0": (2, 3), "weight_hh_l0": (2, 2), "bias_ih_l0": (2,), "bias_hh_l0": (2,)}
    weights: dict[str, Any] = {name: np.ones(shape) for name, shape in arrays.items()}
    np.savez(folder / "w.npz", **weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        command("train", "--data", "d.csv", "--target", "y", *SMALL, "-o", "m.safetensors")
    return folder


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: " ".join((*arguments[:2], arguments[-1])))
def test_a_part_is_written_or_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], ending: str
) -> None:
    monkeypatch.chdir(folder)
    file = Path(f"out{ending}")
    file.unlink(missing_ok=True)
    done = command(*arguments, str(file), "--fragment")
    if ending not in PARTS:
        assert done.code == REFUSED
        assert "--fragment is for LaTeX and Markdown" in done.err
        assert not file.exists()
        return
    assert done.code in (0, 1), done.err
    part = file.read_text("utf-8")
    assert command(*arguments, str(file)).code == done.code
    whole = file.read_text("utf-8")
    if ending == ".tex":
        assert whole.count(r"\begin{document}") == 1
        assert part.startswith("% needs")
        assert r"\documentclass" not in part
    else:  # the headings of a part are one level lower
        assert [line.lstrip("#") for line in part.splitlines()] == [line.lstrip("#") for line in whole.splitlines()]
        assert (part == whole) == ("\n#" not in f"\n{whole}")


def test_a_folder_has_parts_and_a_question_bank_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert command("new", "elman", "-o", "homework/", "--fragment").code == 0
    assert r"\documentclass" not in Path("homework/statement.tex").read_text("utf-8")
    for arguments in (("-o", "bank.xml"), ("--format", "moodle"), ("--format", "json"), ()):
        done = command("new", "elman", "--fragment", *arguments)
        assert (done.code, "--fragment is for LaTeX and Markdown" in done.err) == (REFUSED, True)
    assert command("new", "elman", "--fragment", "--format", "latex").out.startswith("% needs")
    marks = command("grade", "p.json", "p.json", "-o", "marks.csv", "--report", "class.tex", "--fragment")
    assert marks.code == 0
    assert Path("marks.csv").exists()
    assert r"\documentclass" not in Path("class.tex").read_text("utf-8")
