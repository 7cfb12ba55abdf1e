"""What a built site must have: python docs/_site/built.py site. Every address in it leads somewhere, and every command,
option, public name, key of a problem file, mistake, cell and topic has its place, at an address of its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import reference

import rnncalc
from rnncalc.check.diagnosis.mistakes import MISTAKES
from rnncalc.cli.main import COMMANDS, commands
from rnncalc.model.cells import CELLS
from rnncalc.report.explain_topic import TOPICS
from rnncalc.report.problem_schema import schema

BLANK = re.compile(r"\S*[\u2e80-\u9fff，。；：、）][ \n](?=[\u2e80-\u9fff，。；：、）])\S*|\S+[，。；：、][ \n]\S+")


class Page(HTMLParser):
    """The names and the addresses of one page."""

    def __init__(self, path: Path):
        super().__init__()
        self.names, self.addresses = set[str](), set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.names.add(value)
            elif name in ("href", "src") and value:
                self.addresses.add(value)


def dead(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    """The addresses inside the site that lead nowhere."""
    for path, page in pages.items():
        for address in sorted(page.addresses):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            named = parts.fragment and target in pages
            if not target.exists() or (named and unquote(parts.fragment) not in pages[target].names):
                yield f"{path.relative_to(site)}: {address}"


def places() -> Iterator[tuple[str, str]]:
    """Page and name of everything that has a place."""
    for name in COMMANDS:
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        yield f"reference/commands/{name}", ""
        for option in command.params:
            if isinstance(option, click.Option):
                for spelling in option.opts:
                    yield f"reference/commands/{name}", f"cmdoption-rnncalc-{name}-{spelling.lstrip('-')}"
    for name in rnncalc.__all__:
        yield f"reference/python/{name}", "module-rnncalc.report.testing" if name == "testing" else f"rnncalc.{name}"
    for name in reference.ERRORS:
        yield "reference/python", f"rnncalc.errors.{name}"
    for key in schema()["properties"]:
        yield "reference/problem-files", reference.key_place(key)
    for name in MISTAKES:
        yield "reference/mistakes", f"mistake-{name}".replace("_", "-").lower()
    for name in (*CELLS, *TOPICS):
        yield f"reference/{'cells' if name in CELLS else 'topics'}/{name}", ""


def prose(text: str) -> str:
    """What stands in a page's paragraphs and cells, without its code: each piece apart."""
    text = re.sub(r"(?s)<(pre|head|script|nav|aside)\b.*?</\1>", "", text)
    pieces = re.findall(r"(?s)<(?:p|td)\b[^>]*>(.*?)</(?:p|td)>", text)
    return "\0".join(re.sub(r"<[^>]*>", "", piece).strip() for piece in pieces)


def main(site: Path) -> int:
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    faults = [f"leads nowhere: {fault}" for fault in dead(site, pages)]
    count = 0
    for path in sorted(site.glob("zh/*.html")):
        text = path.read_text(encoding="utf-8")
        if 'lang="zh-Hans"' not in text[:500]:
            faults.append(f"is not said to be Chinese: {path.name}")
        faults += [f"blank within Chinese: {path.name}: {found[0]}" for found in BLANK.finditer(prose(text))]
    for page, name in places():
        path, count = site / f"{page}.html", count + 1
        if path not in pages or (name and name not in pages[path].names):
            faults.append(f"has no place: {page} {name}")
    print(*faults, f"{len(pages)} pages, {count} places, {len(faults)} faults", sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
