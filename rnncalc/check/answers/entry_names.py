"""Names of numbers, in every spelling: h_2[1], h[2][1], h_{2,1}, h21, h_1(2), h_2, dU.o[2][1], layers[2].h[3][1].

An index that is left out, where there is more than one number, stands for all that it could be. In round brackets or
raised behind a unit stands the step: h_1(2) is unit 1 at step 2. Two digits are two indices where no index is so large.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rnncalc.check.answers.names import QuantityIndex
from rnncalc.check.answers.quantities import Scope
from rnncalc.errors import RnncalcError

Index = tuple[int | None, ...]

_NUMBER = r"\d{1,7}"
_INDICES = rf"(?:\s*[_^]?\s*[\[({{<⟨]{{1,2}}\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*\s*[\])}}>⟩]{{1,2}})*"
_NAME = re.compile(
    rf"(?P<name>(?:layers\[\d{{1,4}}\]\.(?:forward\.|backward\.)?)?[^\W\d][\w\u0300-\u036f]*(?:\.\w+)?)"
    rf"(?P<index>(?:(?<=\d)\s*,\s*{_NUMBER})+|{_INDICES})"
)
_STEP_BEHIND = re.compile(
    rf"(?P<unit>\s*_?\s*\{{\s*{_NUMBER}\s*\}})?(?:\s*\^\s*\{{?\s*[(<⟨]?|\s*\()\s*{_NUMBER}\s*[)>⟩]?\}}?"
)
_SUBSCRIPT = re.compile(rf"(?P<name>.*?[^_])_?(?P<step>{_NUMBER})")


@dataclass(frozen=True)
class Shape:
    """The shape of a quantity as a person writes it. steps: which axis is that of steps, if there is one."""

    sizes: tuple[int, ...]
    steps: int | None = None


@dataclass(frozen=True)
class Place:
    """What a name asks for: which quantity, where in it (from 0; None: every place of that axis).

    vector: where the sequence has one step, h_1 is the first unit, and this is the other reading, all of step 1.
    """

    name: str
    index: Index
    shape: tuple[int, ...] = field(default=(), compare=False)
    vector: Place | None = field(default=None, compare=False)

    @cached_property
    def open(self) -> tuple[int, ...]:
        """The shape of what is left open; empty for one number."""
        return tuple(size for size, at in zip(self.shape, self.index) if at is None)

    @property
    def places(self) -> Iterator[tuple[int, ...]]:
        """Every place that is asked for, in order."""
        yield from map(self.full, np.ndindex(*self.open))

    def full(self, free: tuple[int, ...]) -> tuple[int, ...]:
        """A place in the quantity, from one in what is left open."""
        rest = iter(free)
        return tuple(next(rest) if at is None else at for at in self.index)


def place(text: str, shape_of: Callable[[str], Shape | None]) -> Place | None:
    """What a name asks for; None if it names no quantity. shape_of: the shape of the quantity that is called so."""
    match = _NAME.fullmatch(text)
    if not match:
        return None
    indices = [int(number) - 1 for number in re.findall(r"\d+", match["index"])]
    bare = match["name"].rstrip("_")
    for name, first in _spellings(bare, bool(indices)):
        stepped = bool(first) or bare != match["name"] or match["index"].lstrip()[:1] in ("_", "^")
        for quantity in (name, f"{name}_t"):
            shape = shape_of(quantity)
            if shape is not None and len(first) + len(indices) <= len(shape.sizes):
                read = (*first, *indices)
                orders = [read[::-1], read] if len(read) == 2 and _step_behind(match["index"], first, shape) else [read]
                orders += _digit_by_digit(read, shape)
                return next(filter(None, (_placed(quantity, order, shape, stepped) for order in orders)), None)
    return None


def shape_in(quantities: QuantityIndex, scope: Scope, name: str) -> Shape | None:
    """The shape of what can be answered under a name; None if nobody knows it."""
    try:
        quantity = quantities.find(scope, name)
    except RnncalcError:
        return None
    quantity = quantity[""] if isinstance(quantity, dict) else quantity
    return Shape(quantity.shape, quantity.axis)


def _spellings(name: str, indexed: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names that a person may mean, each with the indices written at its foot: h_2 is h with 2; dh_0 is dh0."""
    yield name, ()
    yield re.sub(r"_(?=0$)", "", name), ()
    gate = re.sub(r"_([^\W\d_]+)$", r".\1", name)
    if gate != name:
        yield gate, ()
    foot: tuple[int, ...] = ()
    while match := _SUBSCRIPT.fullmatch(name):
        name, foot = match["name"], (int(match["step"]) - 1, *foot)
        yield name, foot
        yield re.sub(r"_([^\W\d_]+)$", r".\1", name), foot
    if name[:1].isupper() and (foot or indexed):
        yield name[0].lower() + name[1:], foot


def _step_behind(text: str, unit: tuple[int, ...], shape: Shape) -> bool:
    """Whether indices end with that of the step, behind the unit's: h_1(2), h_{1}^{(2)}."""
    behind = _STEP_BEHIND.fullmatch(text)
    return behind is not None and shape.steps is not None and bool(unit) != bool(behind["unit"])


def _digit_by_digit(index: tuple[int, ...], shape: Shape) -> list[tuple[int, ...]]:
    """The other reading of 21 in h21, where no index has two digits."""
    text = str(index[0] + 1) if len(index) == 1 else ""
    several = len(text) == len(shape.sizes) > 1 and max(shape.sizes) < 10
    return [tuple(int(digit) - 1 for digit in text)] if several else []


def _placed(name: str, index: tuple[int, ...], shape: Shape, stepped: bool) -> Place | None:
    """The index in full: an axis of one entry may be left out; other axes that are left out are asked for whole."""
    sizes, axis = shape.sizes, shape.steps
    missing = len(sizes) - len(index)
    large = [at for at, size in enumerate(sizes) if size > 1]
    whole: Index = (*index, *([None] * missing))
    if stepped and axis and index and axis < len(sizes):  # in a batch the step is written first
        whole = (*whole[1 : axis + 1], whole[0], *whole[axis + 1 :]) if not missing else _at(axis, index, len(sizes))
    vector = None
    if missing and all(size == 1 for size in sizes[len(index) :]):
        full: Index = (*index, *([0] * missing))
    elif missing and index and len(index) == len(large):
        full = tuple(index[large.index(at)] if at in large else 0 for at in range(len(sizes)))
        vector = _inside(name, whole, sizes)
    else:
        full = whole
    match = _inside(name, full, sizes)
    return match if match is None or vector is None else Place(name, full, sizes, vector)


def _at(axis: int, index: tuple[int, ...], rank: int) -> Index:
    """A step, and what follows it, in an array whose steps are not the first axis."""
    rest: list[int | None] = [*index[1:], *([None] * (rank - len(index)))]
    return (*rest[:axis], index[0], *rest[axis:])


def _inside(name: str, index: Index, sizes: tuple[int, ...]) -> Place | None:
    if len(index) != len(sizes) or not all(at is None or 0 <= at < size for at, size in zip(index, sizes)):
        return None
    column = Place(name, index, sizes)
    if all(size == 1 for size in column.open):  # one number all the same
        return Place(name, tuple(at or 0 for at in index), sizes)
    return column
