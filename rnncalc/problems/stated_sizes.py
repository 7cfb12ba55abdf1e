"""Sizes that a problem states beside its numbers, T = 3, K = 3 classes: they are held against the shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.problem import Problem

KEYS = ("T", "D", "H", "O", "K", "N")


class StatedSize(NamedTuple):
    """name: as it was written; size: ours of T, D, H, O, N, or "" where it may be any; where: it stands.

    sentence: whether it has no letter, so that it may be about something else; then a contradiction is only said.
    """

    name: str
    amount: int
    size: str
    where: str
    sentence: bool = False


def taken(given: Mapping[str, RawValue]) -> tuple[dict[str, RawValue], list[StatedSize]]:
    """The keys without those that are sizes, and the sizes. A cell of one's own may have parameters of these names."""
    own = "equations" in given or ("cell" in given and isinstance(given["cell"].value, dict))
    texts = {} if own else {key: str(given[key].value).strip() for key in KEYS if key in given}
    sizes = [
        StatedSize(key, int(text), key if key == "T" else "", given[key].where)
        for key, text in texts.items()
        if text.isdecimal() and len(text) < 10
    ]
    names = {size.name for size in sizes}
    return {key: value for key, value in given.items() if key not in names}, sizes


def units(sizes: Sequence[StatedSize]) -> int:
    """H as all that is said of it says; 0 where nothing is, or two numbers."""
    said = {size.amount for size in sizes if size.size == "H" or (size.name == "H" and not size.size)}
    return said.pop() if len(said) == 1 else 0


def hold(problem: Problem, sizes: Sequence[StatedSize]) -> None:
    """Raise ProblemError at a size that the given numbers contradict; note one that has no letter."""
    shapes = problem.shapes
    units = {layer.sizes["H"] for layer in problem.network.passes}
    outputs = shapes["O"] if problem.network.read_out else None
    for size in sizes:
        others = {other.amount for other in sizes if (other.name, other.size) == (size.name, size.size)}
        ragged = size.size == "T" and problem.lengths is not None
        if len(others) > 1 or ragged or (size.size == "O" and outputs is None) or size.size == "N":
            continue
        known = units if size.size == "H" else {shapes[size.size]} if size.size else {*shapes.values(), *units}
        if size.amount in known or (not size.size and size.amount == 1):
            continue
        if size.sentence:
            problem.notes.append(_("not read: {text}").format(text=f"{size.where}: {size.name}"))
            continue
        got = ", ".join(f"{name} = {shapes[name]}" for name in ([size.size] if size.size else shapes))
        message = _("{where}: {name} = {count} is said, and the numbers given have {got}: mend one of them")
        raise ProblemError(message, where=size.where, name=size.name, count=size.amount, got=got)
