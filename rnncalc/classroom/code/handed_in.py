"""Submissions of code: a file is one person's, a folder too, whose functions stand in one of its files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path

from rnncalc.classroom.grading import people
from rnncalc.classroom.grading.submissions import LARGEST, Submission, files_of
from rnncalc.common import encodings, files
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import one_line
from rnncalc.errors import RnncalcError

MOST = 50  # Python files in a folder


@dataclass(frozen=True)
class HandedInCode:
    """A submission; the texts of its files by name, and the name of the one with the functions."""

    submission: Submission
    texts: dict[str, str] = field(default_factory=dict)
    main: str = ""


def read(sources: Iterable[str | PathLike[str]], functions: Sequence[str]) -> tuple[list[HandedInCode], list[str]]:
    """Everything that was handed in, in order, with notes on whose ids were taken as one."""
    codes = []
    for source in [fspath(each) for each in sources]:
        groups: dict[str, dict[str, Path]] = {}
        for path, person in files_of(source):
            name = path.relative_to(source) if path != Path(source) else Path(path.name)
            folder = len(name.parts) > 1
            if folder and path.suffix.lower() != ".py":
                groups.setdefault(name.parts[0], {})
                continue
            inner = str(Path(*name.parts[1:])) if folder else name.name
            groups.setdefault(name.parts[0] if folder else person, {})[inner] = path
        codes += [_code(one_line(person, 200), paths, functions) for person, paths in groups.items()]
    kept, notes = people.same_people((code.submission.id, "") for code in codes)
    for number, code in enumerate(codes):
        person = code.submission.id
        codes[number] = replace(code, submission=replace(code.submission, id=kept.get(person, person)))
    return codes, notes


def _code(person: str, paths: dict[str, Path], functions: Sequence[str]) -> HandedInCode:
    """One person's files. What cannot be read says why."""
    source = str(next(iter(paths.values()), ""))
    try:
        if not paths:
            raise RnncalcError(_("no Python file in the folder"))
        if len(paths) > MOST:
            raise RnncalcError(_("more than {most} Python files"), most=MOST)
        texts = {name: _text(path) for name, path in paths.items()}
        return HandedInCode(Submission(person, source=source), texts, _main(texts, functions))
    except RnncalcError as error:
        return HandedInCode(Submission(person, trouble=one_line(str(error)), source=source))


def _text(path: Path) -> str:
    """The text of a file. Raises RnncalcError."""
    if path.suffix.lower() != ".py" or not path.is_file():
        raise RnncalcError(_("this is no Python file (.py)"))
    files.reading(path)
    text = encodings.content(path, LARGEST).decode("utf-8", "surrogateescape")
    if "\0" in text:
        raise RnncalcError(_("this is not a text file"))
    return text


def _main(texts: dict[str, str], functions: Sequence[str]) -> str:
    """The file that defines most of the functions. Raises RnncalcError where two define equally many."""
    if len(texts) == 1:
        return next(iter(texts))
    names = "|".join(map(re.escape, functions))
    defined = re.compile(rf"^(?:async\s+)?(?:def|class)\s+({names})\b", re.MULTILINE)
    numbers = {name: len(set(defined.findall(text))) for name, text in texts.items()}
    most = max(numbers.values())
    best = [name for name, number in numbers.items() if number == most]
    if len(best) > 1 and most:
        raise RnncalcError(_("the functions stand in several files: {names}"), names=people.listed(best))
    if not most:
        raise RnncalcError(_("no file defines {name}"), name=people.listed(functions))
    return best[0]
