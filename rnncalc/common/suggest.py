"""Names that nobody knows: what is said of one, and the known name that is nearest to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The nearest of the known names, None where none is as near as that (0 to 1); letters of the other case are."""
    from difflib import get_close_matches  # imported here, since most questions have no misspelt name

    known, word = list(known), str(word)
    same = next((name for name in known if name.casefold() == word.casefold()), None)
    return same or next(iter(get_close_matches(word, known, 1, likeness)), None)


def hint(word: str, known: Collection[str]) -> str:
    """The nearest of the known names as a question, else all of them."""
    near = nearest(word, known)
    return _("did you mean {near}?").format(near=near) if near else ", ".join(known)


def one_of(name: str, word: object, known: Collection[str]) -> None:
    """Check a choice by name. Raises ProblemError, which lists what there is to choose from."""
    if not isinstance(word, str) or word not in known:
        raise ProblemError(_("{name} is one of {known}, not “{word}”"), name=name, known=", ".join(known), word=word)
