"""Who wrote a file: its lines “Name: …  Id: …”, or the name that a learning platform gave it.

The words are those of the columns of tables, in the same languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rnncalc.classroom.grading import person_columns
from rnncalc.classroom.grading.people import Roster
from rnncalc.common.safe_text import identified, one_line

LONGEST = 300  # characters of a line that may say it
MOST_LINES = 2000
_FILES = (  # Moodle, Canvas, Blackboard
    re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_.*)?"),
    re.compile(r"(?P<name>[^\W_]+)(?:_LATE)?_(?P<id>\d+)_\d+_.+"),
    re.compile(r".+?_(?P<id>[^_]+)_attempt_\d{4}(?:-\d\d){5}(?:_.*)?"),
)
_SPACED = frozenset(word for word in (*person_columns.IDS, *person_columns.NAMES) if word.isascii())
_JOINED = sorted({*person_columns.IDS, *person_columns.NAMES} - _SPACED, key=len, reverse=True)


@dataclass(frozen=True)
class Author:
    """As far as is known, "" where it is not."""

    id: str = ""
    name: str = ""


NOBODY = Author()


def author(path: Path, person: str, roster: Roster, own: Author = NOBODY) -> Author:
    """Whose a file is: the first that the roster knows, by id or by name, of what it says itself, what a platform calls
    it, and its folder; without a roster the first of these; else `person`."""
    platform = of_file(path)
    for candidate in (own, platform, *map(Author, path.parts[-2:-1])):
        known = roster.find(candidate.id) or roster.named(candidate.name)
        if known:
            return Author(known, own.name or candidate.name or roster.names.get(known, ""))
    return Author(own.id or platform.id or person, own.name or platform.name)


def of_text(text: str) -> tuple[Author, str]:
    """Who a page says that its author is, and the page without these lines."""
    lines, said = text.split("\n"), dict[str, str]()
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return Author(), text
    for number, line in enumerate(lines[:MOST_LINES]):
        own = dict(_said(line)) if len(line) <= LONGEST and "=" not in line else {}
        if not own.keys() & set(person_columns.NAMES):  # by itself it numbers the exercise
            own = {label: value for label, value in own.items() if label not in person_columns.OF_ANYTHING}
        heads = "|" in line and len(own) > 1 and not all(own.values())  # of columns, whose rows stand below
        if own and not heads:
            said = own | said
            lines[number] = ""
    person, name = (
        next((said[word] for word in words if said.get(word)), "")
        for words in (person_columns.IDS, person_columns.NAMES)
    )
    return Author(identified(person), one_line(name, 200)), "\n".join(lines)


def _said(line: str) -> Iterator[tuple[str, str]]:
    """What a line says of a person, label by label; a cell of a table may be the label of the next."""
    plain = re.sub(r"\\([^\w\s])", r"\1", unicodedata.normalize("NFKC", line.replace("\u3000", "  ")))
    plain = re.sub(r"\\[a-z]+\b|_{2,}|…+|\.{4,}|[*`>#~{}]", " ", plain)
    cells = [cell.strip() for cell in plain.split("|")]
    text = "   ".join(
        cell + ":" * (person_columns.folded(cell) in (*_SPACED, *_JOINED) and cell[-1:] != ":") for cell in cells
    )
    label, parts = "", text.split(":")
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        before, following = (part, "") if last else _label(part)
        if number == 0 and before.strip(" \t-•0123456789.()"):  # a sentence, in which a colon says something else
            return
        if label:  # what is said of something else begins behind a gap
            value = before if following or last else re.split(r"\s{2,}|[,;]", before.strip())[0]
            yield label, " ".join(value.strip(" \t,;/()-").split())
        label = following


def _label(text: str) -> tuple[str, str]:
    """A text that ends with a label: what is before it, and the label; "" where there is none."""
    words = list(re.finditer(r"\S+", text))
    for word in words[-5:]:
        folded = person_columns.bare(text[word.start() :])
        if folded in _SPACED or folded in _JOINED:
            return text[: word.start()], folded
    stripped = text.rstrip()
    label = next((word for word in _JOINED if len(word) > 1 and stripped.endswith(word)), "")
    before = stripped.removesuffix(label)
    if label in person_columns.OF_ANYTHING and before[-1:].isalnum():  # 题目编号: of what stands before it
        return stripped.removesuffix(stripped.split()[-1]), ""
    return before, label


def of_file(path: Path) -> Author:
    """Who a learning platform says that the author of a file is, by its name or that of its folder."""
    for part in (*path.parts[-3:-1], path.stem):
        text = unicodedata.normalize("NFKC", part)
        match = next((match for pattern in _FILES if (match := pattern.fullmatch(text))), None)
        if match:
            named = match.groupdict()
            return Author(identified(named["id"]), one_line(named.get("name") or "", 200))
    return Author()
