"""Documents that cannot lie: consoles of READMEs and tutorials are run and compared, Python is run."""

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
EXTRAS = {"torch", "onnx", "onnxruntime", "jax", "sklearn", "matplotlib", "dask", "distributed", "pyarrow"}
DOCS = ROOT / "docs"
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
TUTORIALS = [*READMES, *(DOCS / folder / f"{who}.md" for folder in ("", "zh") for who in ("student", "teacher"))]
GENERATED = ("reference", "made")  # by the build of the site
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if path.relative_to(DOCS).parts[0] not in GENERATED]
SCRIPTS = {path.name for folder in ("rnncalc", "tests", "bench") for path in (ROOT / folder).rglob("*.py")}
WITH_PYTHON = [*READMES, DOCS / "engineer.md", DOCS / "zh" / "engineer.md"]  # other pages have tests of their own
PICTURES = {"check.svg": "en", "check.zh.svg": "zh"}  # of the READMEs


def named(path: Path) -> str:
    return f"{path.relative_to(ROOT)}"


def language_of(path: Path) -> str:
    return "zh" if "zh" in named(path) else "en"


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


@pytest.mark.parametrize("path", TUTORIALS, ids=named)
def test_console_blocks(path: Path, tmp_path: Path) -> None:
    run = 0
    for block in blocks(path, "console"):
        for command, output in session(block):
            if command.startswith("cat "):  # shows a file that the commands below it use
                (tmp_path / command.removeprefix("cat ")).write_text(output, encoding="utf-8")
                continue
            assert shown(command, tmp_path, language_of(path)) == output, command
            run += 1
    assert run >= 2
    for code in [] if path in WITH_PYTHON else blocks(path, "python"):  # of the files that the sessions made
        subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
    if (tmp_path / "upload.csv").exists():
        table = (tmp_path / "upload.csv").read_text(encoding="utf-8")
        assert re.findall(r"\d+$", table, re.MULTILINE) == ["4", "4", "2"]  # possible, Ada's, Bo's


@pytest.mark.parametrize("path", WITH_PYTHON, ids=named)
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


@pytest.mark.parametrize("number", range(0, len(TUTORIALS) // 2), ids=["README", "student", "teacher"])
def test_both_languages_show_the_same_sessions(number: int) -> None:
    pair = READMES if number == 0 else [TUTORIALS[1 + number], TUTORIALS[3 + number]]
    english, chinese = ([session(block) for block in blocks(path, "console")] for path in pair)
    assert [[command for command, _output in block] for block in english] == [
        [command for command, _output in block] for block in chinese
    ]


@pytest.mark.parametrize("picture", PICTURES)
def test_the_picture_of_a_readme_is_what_its_command_draws(picture: str, tmp_path: Path) -> None:
    command = next(
        command
        for block in blocks(READMES[0], "console")
        for command, _output in session(block)
        if " check " in command
    )
    shown(f"{command} -o {picture}", tmp_path, PICTURES[picture])
    assert (tmp_path / picture).read_text("utf-8") == (DOCS / "pictures" / picture).read_text("utf-8")


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_language_is_a_choice(path: Path) -> None:
    assert "--lang zh" in path.read_text(encoding="utf-8")
    assert "--lang en" in path.read_text(encoding="utf-8")


def test_files_that_the_tour_names_are_there() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    tour = text[text.index("## A tour") : text.index("## Where each")]
    for folder, names in re.findall(r"^\| (`rnncalc/[^|]*?)((?:, `[^|]*)?) \|", tour, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", folder + names):
            path = ROOT / name if name.startswith("rnncalc/") else ROOT / "rnncalc" / name
            assert path.exists(), name


@pytest.mark.parametrize("path", [*PAGES, *READMES, ROOT / "CONTRIBUTING.md", ROOT / "bench" / "README.md"], ids=named)
def test_files_that_a_page_names_are_there(path: Path) -> None:
    files = set(re.findall(r"`([\w./]+/[\w./]*)`", path.read_text(encoding="utf-8")))
    rooms = (path for path in (ROOT / "rnncalc").iterdir() if path.is_dir())
    bases = (ROOT, path.parent, ROOT / "rnncalc", ROOT / "rnncalc" / "engine" / "compiled", *rooms)
    files = {name for name in files if not name.startswith("site/")}  # the built site
    assert not [name for name in files if not any((base / name).exists() for base in bases)]
    alone = set(re.findall(r"`(\w+\.py)`", path.read_text(encoding="utf-8")))
    assert alone <= SCRIPTS
    links = re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    there = [link for link in links if not link.startswith(("reference/", "../reference/"))]  # the built site has those
    assert [link for link in there if not (path.parent / link).exists()] == []


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
