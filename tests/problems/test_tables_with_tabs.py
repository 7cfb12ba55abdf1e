"""Tables as a word processor pastes them, cells apart by tabs: a sheet is read as it is with tables in Markdown."""

import re
from pathlib import Path

import pytest
from problems import test_statements as statements
from support.commands import command

RULE = re.compile(r"^\|[\s:|-]+\|\n", re.MULTILINE)
TABLES = {
    name: text
    for name in statements.EXPECTED
    if RULE.search(text := Path(statements.path_of(name)).read_text(encoding="utf-8"))
}


def with_tabs(row: re.Match[str]) -> str:
    return "\t".join(cell.strip() for cell in row[1].split("|"))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_tabs(name: str, tmp_path: Path) -> None:
    text = re.sub(r"^\|(.*)\|$", with_tabs, RULE.sub("", TABLES[name]), flags=re.MULTILINE)
    path = tmp_path / "sheet.txt"
    path.write_text(text, encoding="utf-8")
    verb = statements.EXPECTED[name]["command"]
    wanted, done = (command(verb, str(file), "--format", "json") for file in (statements.path_of(name), path))
    assert done.code == wanted.code, done.err
    without_lines = [re.sub(r"line \d+", "line", each.out) for each in (done, wanted)]  # one is shorter by its rules
    assert without_lines[0] == without_lines[1]
