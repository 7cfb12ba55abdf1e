"""The site's reference has everything that the program has: commands, options, names, keys, mistakes, cells, topics.

`.ci/run` builds the site itself with warnings as errors and looks into it by `docs/_site/built.py`; here its generators
are held, which need no Sphinx.
"""

import re
import tomllib
from pathlib import Path

import click
import pytest
import reference

import rnncalc
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.cli.main import COMMANDS, commands
from rnncalc.common.version import __version__
from rnncalc.model.cells import CELLS
from rnncalc.problems.keys import KEYS
from rnncalc.report.explain_topic import TOPICS

DOCS = Path(__file__).parents[1] / "docs"

PAGES: dict[str, str] = reference.pages()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_its_place(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    page = PAGES[f"reference/commands/{name}.md"]
    placed = {
        word.split(" ")[0].strip(",")
        for line in re.findall(r"^```\{option\} (.*)$", page, re.MULTILINE)
        for word in line.split(", ")
    }
    assert placed == {"--help"} | {
        spelling
        for option in command.params
        if isinstance(option, click.Option)
        for spelling in (*option.opts, *option.secondary_opts)
    }
    assert f"commands/{name}.md" in PAGES["reference/commands.md"]


def test_every_public_name_has_its_place() -> None:
    for name in rnncalc.__all__:
        assert f"# `{name}`" in PAGES[f"reference/python/{name}.md"]
        assert f"python/{name}.md" in PAGES["reference/python.md"]


def test_every_mistake_key_cell_and_topic_has_its_place() -> None:
    assert re.findall(r"^\(mistake-(\w+)\)=$", PAGES["reference/mistakes.md"], re.MULTILINE) == [
        name for family in reference.FAMILIES for name, mistake in MISTAKES.items() if mistake.family == family
    ]
    assert len(re.findall(r"^### ", PAGES["reference/mistakes.md"], re.MULTILINE)) == len(MISTAKES)
    keys = re.findall(r"^`(\S+)`\n: \S", PAGES["reference/problem-files.md"], re.MULTILINE)
    assert set(keys) > KEYS
    assert len(keys) == len(set(keys)) == len({reference.key_place(key) for key in keys})
    for name, cell in CELLS.items():
        page = PAGES[f"reference/cells/{name}.md"]
        assert page.count("<math") >= len(cell.written)
    assert all(f"reference/topics/{name}.md" in PAGES for name in TOPICS)


def test_every_page_is_in_a_list_of_contents() -> None:
    written = [path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in ("reference", "made")]
    texts = {f"{path.relative_to(DOCS)}": path.read_text(encoding="utf-8") for path in written} | PAGES
    listed = {"index.md"}
    for name, text in texts.items():
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            entries = [line for line in tree.splitlines() if line and not line.startswith(":")]
            listed |= {f"{(Path(name).parent / entry)}.md" for entry in entries}
    orphans = {name for name, text in texts.items() if "orphan: true" in text}
    assert {name for name in texts if name.endswith(".md")} == listed | orphans


def test_the_package_names_no_file_beside_it() -> None:
    """What an index of packages shows is the README without its pictures and without links into the repository."""
    about = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    for change in about["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)
    assert "](" not in text
    assert "中文" in text


def test_the_version_stands_in_the_changelog_and_in_the_citation() -> None:
    changelog, citation = (
        (DOCS.parent / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "CITATION.cff")
    )
    latest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert latest is not None
    assert latest[1] in (__version__, "Unreleased")
    assert f"\nversion: {__version__}\n" in citation
