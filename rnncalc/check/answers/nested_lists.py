"""Answers as nested lists of texts, from any form of matrix, by step, with blanks; and single numbers of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.check.answers.quantities import Index
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError, shown
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import BLANKS, TWICE, Numbers, TypedNumber, blanked, number

DEEPEST = 8  # lists and dicts inside each other
MOST = 1_000_000  # numbers of one answer


@dataclass(frozen=True)
class MisshapenError(Exception):
    """An answer has another shape than its quantity."""

    wanted: tuple[int, ...]


def entries(value: Any) -> Iterator[Any]:
    """Yield the entries of nested lists and dicts, without blanks."""
    for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from entries(part)
    if value is not None and not isinstance(value, Mapping | list):
        yield value


def leaves(
    value: Any, shape: tuple[int, ...], index: Index, axis: int | None, depth: int
) -> Iterator[tuple[Index, Any]]:
    """Yield the entries of nested lists, each with its index in an array of that shape; axes of length 1 may be absent.

    Raises MisshapenError.
    """
    if isinstance(value, str) and shape:
        value = of_text(value)
    if value is None:
        return
    if depth > DEEPEST:
        raise MisshapenError(shape)
    if isinstance(value, Mapping):
        yield from _by_step(value, shape, index, axis, depth)
    elif not isinstance(value, list):
        if math.prod(shape) != 1:
            raise MisshapenError(shape)
        yield (*index, *([0] * len(shape))), value
    elif not shape:
        if len(value) != 1:
            raise MisshapenError(shape)
        yield from leaves(value[0], shape, index, axis, depth + 1)
    elif len(value) == shape[0] and not (shape[0] == 1 and len(shape) > 1 and not isinstance(value[0], list | Mapping)):
        for at, part in enumerate(value):
            yield from leaves(part, shape[1:], (*index, at), axis, depth + 1)
    elif shape[0] == 1:
        yield from leaves(value, shape[1:], (*index, 0), axis, depth + 1)
    elif len(value) == 1:
        yield from leaves(value[0], shape, index, axis, depth + 1)
    else:
        raise MisshapenError(shape)


def _by_step(
    value: Mapping[str, Any], shape: tuple[int, ...], index: Index, axis: int | None, depth: int
) -> Iterator[tuple[Index, Any]]:
    """Yield the entries of rows by step, {"3": ["0.97", "0.12"]}; in a batch at the top or inside each sequence."""
    at = -1 if axis is None else axis - len(index)
    if at < 0 or at >= len(shape) or not all(is_step(key) for key in value):
        raise MisshapenError(shape)
    rest = (*shape[:at], *shape[at + 1 :])
    for step, part in steps_of(value, shape[at]):
        for inner, leaf in leaves(part, rest, (), None, depth + 1):
            yield (*index, *inner[:at], step, *inner[at:]), leaf


def steps_of(value: Mapping[str, Any], count: int) -> list[tuple[int, Any]]:
    """Steps from 0, each with what is answered for it. Raises ProblemError for a step that there is not."""
    for key in value:
        if not 1 <= int(key) <= count:
            message = _("answers: there is no step {step}; there are {count}")
            raise ProblemError(message, step=shown(key, 20), count=count)
    return [(int(key) - 1, part) for key, part in value.items()]


def is_step(key: Any) -> bool:
    """Whether a key is the number of a step."""
    return isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 10


def one_number(leaf: Any) -> tuple[TypedNumber | None, str]:
    """Read one number; else say why it is none."""
    if isinstance(leaf, str) and TWICE in leaf:
        return None, twice(*leaf.split(TWICE, 1))
    if isinstance(leaf, str):
        try:
            typed = number(leaf)
        except ParseError as error:
            return None, str(error)
        if np.isfinite(typed.value):
            return typed, ""
    return None, _('expected a number, got "{text}"').format(text=shown(leaf, 40))


def twice(first: str, second: str) -> str:
    """What is said of a number that has two different answers."""
    message = _("it is answered twice, by {first} and by {second}")
    return message.format(first=shown(first, 40), second=shown(second, 40))


def of_text(text: str) -> Any:
    """Split the text of an array into nested lists of texts; the text of one number stays."""
    from rnncalc.problems.parse import matrix

    text = blanked(text)
    if TWICE in text:
        return text
    try:
        number(text)
        return text
    except ParseError:
        pass
    try:
        if text.lstrip().startswith("@"):
            return text
        return matrix.read(text).nested()
    except ParseError:
        rows = [row.replace(",", " ").split() for row in text.strip("[] ").replace("\n", ";").split(";")]
        nested: list[Any] = [[None if word in BLANKS else word for word in row] for row in rows if row]
        return nested[0] if len(nested) == 1 else nested


def plain(value: Any, depth: int = 0) -> Any:
    """An answer in any form as nested lists and dicts of texts and None; other entries stay, to be refused later."""
    if isinstance(value, RawValue):
        if isinstance(value.value, str) and value.files and value.value.lstrip().startswith("@"):
            return plain(value.numbers())
        return plain(value.value, depth)
    if isinstance(value, Numbers):
        return value.nested()
    if depth > DEEPEST:
        raise ProblemError(_("answers: nested deeper than any answer here"))
    if isinstance(value, Mapping):
        return {str(key): plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        if len(value) > MOST:
            raise ProblemError(_("answers: more than {n} numbers"), n=MOST)
        return [plain(part, depth + 1) for part in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), depth)
    if isinstance(value, str):
        return None if blanked(value.strip()) in BLANKS else value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | np.number):
        return repr(value.item() if isinstance(value, np.number) else value)
    return value


def shape_of(value: Any) -> str:
    """The shape of nested lists as text, (2, 3), read off the first entries."""
    shape: list[int] = []
    while isinstance(value, list):
        shape.append(len(value))
        value = next((part for part in value if part is not None), None)
    if isinstance(value, Mapping):
        return _("numbers by name")
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})" if shape else _("one number")


def as_text(value: Any) -> str:
    """Nested lists as a person types them: 0.1, 0.2; 0.3, 0.4."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {as_text(part)}" for key, part in value.items())
    if isinstance(value, list):
        mark = "; " if any(isinstance(part, list | Mapping) for part in value) else ", "
        return mark.join(as_text(part) for part in value)
    return "_" if value is None else str(value)


def with_decimal_commas(value: Any, count: int) -> str:
    """The numbers once integers are joined in pairs, 0, 47 as 0.47; empty unless they are then as many as asked for."""
    texts = [str(entry) for entry in entries(value)]
    at, joined = 0, list[str]()
    while at < len(texts):
        pair = texts[at : at + 2]
        pairs = len(pair) == 2 and re.fullmatch(r"[-+−]?\d+", pair[0]) and re.fullmatch(r"\d+", pair[1])
        joined.append(".".join(pair) if pairs else texts[at])
        at += 2 if pairs else 1
    return ", ".join(joined) if len(joined) == count < len(texts) else ""
