"""docs/adding.md: each recipe, applied to a copy of the package as it stands on the page, adds what it says."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXPECTED = "A cell, A loss, A mistake, A course's signature, A reader, An output format, A weights format, A command"


def test_every_recipe_is_there() -> None:
    assert ", ".join(RECIPES) == EXPECTED


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_adds_what_it_says(recipe: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "rnncalc", tmp_path / "rnncalc", ignore=shutil.ignore_patterns("__pycache__"))
    used = 0
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", RECIPES[recipe], re.MULTILINE | re.DOTALL):
        if language == "diff":
            change(tmp_path, code)
        elif code.startswith("# rnncalc/"):
            place, _end, text = code.removeprefix("# ").partition("\n")
            assert not (tmp_path / place).exists()
            (tmp_path / place).write_text(text, encoding="utf-8")
        elif language == "python":
            said(tmp_path, "-c", code)
            used += 1
        else:
            for command, output in re.findall(r"^\$ rnncalc (.*)\n((?:[^$].*\n)*)", code, re.MULTILINE):
                assert output in said(tmp_path, "-m", "rnncalc", *shlex.split(command))
                used += 1
    assert used


def change(folder: Path, diff: str) -> None:
    """Replace the lines without + by those without -, which must stand in the file once."""
    place, _end, rest = diff.removeprefix("--- ").partition("\n")
    lines = rest.splitlines()
    old = "\n".join(line[1:] for line in lines if line[:1] in "- ")
    new = "\n".join(line[1:] for line in lines if line[:1] in "+ ")
    path = folder / place
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{place}: {old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def said(folder: Path, *words: str) -> str:
    """What Python prints with the copy in front of everything else."""
    around = {**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([sys.executable, *words], cwd=folder, env=around, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
