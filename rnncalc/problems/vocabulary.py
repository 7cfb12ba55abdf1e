"""Words of a vocabulary in place of numbers: targets that are classes, and inputs that are one-hot vectors.

A problem file says `"vocabulary": ["h", "e", "l", "o"]`; a sheet says it in sentences, which `problems.sheet` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError
from rnncalc.model.losses import takes_classes
from rnncalc.problems.parse.given import RawValue

_WORD = re.compile(r"[^\s,;、，\[\](){}'\"“”]+")
_ROWS = re.compile(r"[;\n]|\]\s*,?\s*\[")


def numbered(given: Mapping[str, RawValue]) -> dict[str, RawValue]:
    """The values without the vocabulary, and words among x and targets as numbers. Raises ParseError.

    A word of x is a one-hot vector. A word of targets is the number of a class, from 0; of a loss that takes no classes
    a one-hot vector too.
    """
    if "vocabulary" not in given:
        return dict(given)
    words = _listed(given["vocabulary"])
    places = {word: number for number, word in enumerate(words)}
    one_hot = [["1" if number == place else "0" for number in range(len(words))] for place in range(len(words))]
    loss = given["loss"].value if "loss" in given else None
    classes = loss is None or takes_classes(str(loss))
    rest = {key: value for key, value in given.items() if key != "vocabulary"}
    for key, plain in (("x", False), ("targets", classes)):
        value = rest.get(key)
        rows = _in_words(value.value, places) if value is not None else None
        if value is not None and rows is not None:
            rest[key] = RawValue(_replaced(rows, places, None if plain else one_hot, value.where, ()), value.where)
    return rest


def _listed(given: RawValue) -> list[str]:
    """The words of the vocabulary, each once. A word that is another number than its own is refused."""
    value = given.value
    words = _WORD.findall(value) if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ParseError(_('{where}: a vocabulary is a list of words, ["h", "e", "l", "o"]'), where=given.where)
    for number, word in enumerate(words):
        if word in words[:number]:
            raise ParseError(_("{where}: “{word}” stands there twice"), where=given.where, word=word)
        if word != str(number) and _is_number(word):
            message = _("{where}: “{word}” is the word number {number}: a word that is a number must be its own")
            raise ParseError(message, where=given.where, word=word, number=number)
    return words


def _in_words(value: Any, places: Mapping[str, int]) -> Any:
    """The nested lists of what holds words of the vocabulary that are no numbers; None for numbers."""
    if isinstance(value, str):
        rows = [row for row in map(_WORD.findall, _ROWS.split(value)) if row]
        value = rows if len(rows) > 1 else rows[0] if rows else []
    if not isinstance(value, list):
        return None
    named = any(isinstance(leaf, str) and leaf in places and not _is_number(leaf) for leaf in _leaves(value))
    return value if named else None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _replaced(
    value: Any, places: Mapping[str, int], one_hot: list[list[str]] | None, where: str, index: tuple[int, ...]
) -> Any:
    """Nested lists with the number of each word, or its one-hot vector. Raises ParseError for another word."""
    if isinstance(value, list):
        return [_replaced(part, places, one_hot, where, (*index, at)) for at, part in enumerate(value)]
    if value is None or value == "null":
        return [None] * len(places) if one_hot else None
    if not isinstance(value, str) or value not in places:
        place = where + "".join(f"[{at}]" for at in index)
        message = _("{where}: “{word}” is not in the vocabulary {known}")
        raise ParseError(message, where=place, word=value, known=", ".join(places))
    return one_hot[places[value]] if one_hot else str(places[value])


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
