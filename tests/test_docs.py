"""Documents that cannot lie: every console block of the READMEs is run and compared, every Python block is run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rnncalc.cli.main import COMMANDS, commands

ROOT = Path(__file__).parents[1]
EXTRAS = {"torch", "onnx", "onnxruntime", "jax", "sklearn", "matplotlib", "dask", "distributed"}
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = sorted((ROOT / "docs").glob("*.md"))


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def session(block: str) -> list[tuple[str, str]]:
    """A console block as commands with what they print."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _newline, output in (part.partition("\n") for part in parts)]


def shown(command: str, folder: Path, language: str) -> str:
    """What a terminal shows under a reader's locale: standard error first, for notes precede results here."""
    words = shlex.split(command)
    assert words[0] == "rnncalc"
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8", "LANGUAGE": language}
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, cwd=folder, env=environment)
    return (done.stderr + done.stdout).decode()


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_console_blocks(path: Path, tmp_path: Path) -> None:
    run = 0
    for block in blocks(path, "console"):
        for command, output in session(block):
            if command.startswith("cat "):  # shows a file that the commands below it use
                (tmp_path / command.removeprefix("cat ")).write_text(output, encoding="utf-8")
                continue
            assert shown(command, tmp_path, "zh" if "zh" in path.name else "en") == output, command
            run += 1
    assert run >= 5


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_python_blocks(path: Path, tmp_path: Path) -> None:
    code = blocks(path, "python")
    assert code
    for block in code:
        assert len(block.strip().splitlines()) <= 12
        subprocess.run([sys.executable, "-c", block], check=True, cwd=tmp_path, capture_output=True)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str, path: Path) -> None:
    assert f"rnncalc {command}" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    spoken = commands.get_command(click.Context(commands), command)
    assert spoken is not None
    assert f"rnncalc {command}" in (spoken.help or "")


def test_both_readmes_show_the_same_sessions() -> None:
    english, chinese = ([session(block) for block in blocks(path, "console")] for path in READMES)
    assert [[command for command, _output in block] for block in english] == [
        [command for command, _output in block] for block in chinese
    ]


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_language_is_a_choice(path: Path) -> None:
    assert "--lang zh" in path.read_text(encoding="utf-8")
    assert "--lang en" in path.read_text(encoding="utf-8")


def test_files_that_the_tour_names_are_there() -> None:
    text = READMES[0].read_text(encoding="utf-8")
    tour = text[text.index("## A tour") : text.index("## Why")]
    for folder, names in re.findall(r"^\| (`rnncalc/[^|]*?)((?:, `[^|]*)?) \|", tour, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", folder + names):
            path = ROOT / name if name.startswith("rnncalc/") else ROOT / "rnncalc" / name
            assert path.exists(), name


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_files_that_a_page_names_are_there(path: Path) -> None:
    named = set(re.findall(r"`([\w./]+/[\w./]*)`", path.read_text(encoding="utf-8")))
    bases = (ROOT, ROOT / "rnncalc", ROOT / "rnncalc" / "engine" / "compiled")
    assert not [name for name in named if not any((base / name).exists() for base in bases)]
    links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert all((path.parent / link).exists() for link in links)


@pytest.mark.parametrize("script", sorted((ROOT / "bench").glob("*.py")), ids=lambda path: path.stem)
def test_every_bench_script_finds_what_it_imports(script: Path) -> None:
    code = f"import sys; sys.path.insert(0, 'bench'); import {script.stem}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    lacking = re.search(r"ModuleNotFoundError: No module named '(\w+)", done.stderr)
    if lacking and lacking[1] in EXTRAS:
        pytest.importorskip(lacking[1])
    assert done.returncode == 0, done.stderr


def test_every_family_is_listed_where_the_page_says() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| [^|`]*(?:`explain`)? \| (`\w+/[^|]*) \| ([^|]*) \|$", page.partition("listed\n")[2], re.MULTILINE
    )
    assert len(rows) > 12
    for files, names in rows:
        texts = [(ROOT / "rnncalc" / file).read_text(encoding="utf-8") for file in re.findall(r"`([^`]+)`", files)]
        for name in re.findall(r"`(\w+)`", names):
            assert any(re.search(rf"^{name}\b.*=", text, re.MULTILINE) for text in texts), name
