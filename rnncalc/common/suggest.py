"""Did you mean …? The known name that is nearest to one that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The nearest of the known names, None where none is as near as that (0 to 1)."""
    from difflib import get_close_matches  # imported here, since most questions have no misspelt name

    return next(iter(get_close_matches(word, known, 1, likeness)), None)
