"""How code lays out its arrays: `U[D,gates*H]` is an input matrix for row vectors, its gates stacked in one axis.

The axes are N sequences, T steps, D inputs, H units, h units of the previous state, O outputs, gates, and 1. `a*b`
merges two axes. `W.f|U.f[H,h|D]` puts two arrays side by side, along the axis that has a bar. `0` is a second bias that
stays zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError

LETTERS = ("N", "T", "D", "H", "h", "O", "gates", "1")
_STEPS = {"x": "D", "h": "H", "memory": "H", "y": "O", "s": "O", "targets": "O"}  # (N, T, …)
AXES = {
    **{name: ("N", "T", width) for name, width in _STEPS.items()}, "x#": ("N", "T"), "targets#": ("N", "T"),
    "loss": (), "lr": (), "h0": ("N", "H"), "c0": ("N", "H"), "U": ("gates", "H", "D"), "W": ("gates", "H", "h"),
    "b": ("gates", "H"), "0": ("gates", "H"), "d": ("H",), "V": ("O", "H"), "c": ("O",),
}  # fmt: skip
INDEX = {"x": "D", "targets": "O"}  # without this axis they are tokens or classes, "x#" and "targets#"
FORM = re.compile(r"\s*([\w.|]+)\s*(?:\[([^\]]*)\])?\s*")

Axis = tuple[str, ...]  # the letters that are merged in one axis


def axes_of(name: str) -> Axis:
    """The axes of a quantity, in our order. Raises KeyError if there is none of this name."""
    core = name.removesuffix("_new")
    core = core if core in AXES else core.removeprefix("d")
    stack, _dot, gate = core.partition(".")
    axes = AXES[stack]
    if gate:
        if axes[:1] != ("gates",):
            raise KeyError(name)
        return axes[1:]
    return axes


@dataclass(frozen=True)
class Layout:
    """One array of a function: the quantities that it holds, and its axes.

    names: one, or several side by side. axes: of each name, each axis's letters. text: as the signature writes it.
    along: of several, the axis along which they lie side by side.
    """

    names: tuple[str, ...]
    axes: tuple[tuple[Axis, ...], ...]
    text: str = ""
    along: int = 0

    @classmethod
    def read(cls, text: str, where: str) -> Layout:
        """Read `NAME[axes]`. Raises ProblemError."""
        matched = FORM.fullmatch(text)
        names = tuple(matched[1].split("|")) if matched else ()
        listed = matched[2] if matched and matched[2] is not None else ""
        every = [
            [tuple(part.strip().split("*")) for part in axis.split("|")] for axis in listed.split(",") if axis.strip()
        ]
        for name in names or ("",):
            try:
                axes_of(name)
            except KeyError:
                message = _("{where}: “{text}” is no array: write NAME[axes], such as U[H,D]; names are {names}")
                raise ProblemError(message, where=where, text=text, names=" ".join(AXES)) from None
        for axis in every:
            strange = [letter for part in axis for letter in part if letter not in LETTERS]
            if strange or len(axis) not in (1, len(names)):
                message = _("{where}: “{text}”: an axis is one of {letters}, or two as gates*H, or side by side as h|D")
                raise ProblemError(message, where=where, text=text, letters=" ".join(LETTERS))
        axes = tuple(tuple(axis[min(at, len(axis) - 1)] for axis in every) for at in range(len(names)))
        split = [at for at, axis in enumerate(every) if len(axis) > 1]
        if len(split) != (len(names) > 1):
            message = _("{where}: “{text}”: one axis says where two arrays lie side by side")
            raise ProblemError(message, where=where, text=text)
        letters = {letter for axis in every for part in axis for letter in part}
        named = [f"{name}#" if INDEX.get(name, name) not in (*letters, name) else name for name in names]
        return cls(tuple(named), axes, text, split[0] if split else 0)

    @property
    def letters(self) -> set[str]:
        """Every letter of the axes."""
        return {letter for axes in self.axes for axis in axes for letter in axis}

    def array(self, quantity: Callable[[str], np.ndarray]) -> np.ndarray:
        """The array as the function has it. quantity: name → the array in our order."""
        parts = [_arranged(quantity(name), axes_of(name), axes) for name, axes in zip(self.names, self.axes)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts, axis=self.along)

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape, with letters for the reader: (3, 5)."""
        widths = {**sizes, "h": sizes["H"], "1": 1}
        each = [[prod(widths[letter] for letter in axis) for axis in axes] for axes in self.axes]
        whole = list(each[0])
        if len(each) > 1:
            whole[self.along] = sum(part[self.along] for part in each)
        return tuple(whole)


def _arranged(array: np.ndarray, have: Axis, want: tuple[Axis, ...]) -> np.ndarray:
    """Bring axes into another order; where no axis of steps is wanted, the last step is taken."""
    letters = [letter for axis in want for letter in axis if letter != "1"]
    have = have[-array.ndim :] if array.ndim else ()  # a cell without gates has no axis of gates
    for at in reversed(range(len(have))):
        if have[at] not in letters:
            if have[at] != "T" and array.shape[at] != 1:
                raise ValueError(f"an axis {have[at]} is missing")
            array = array.take(-1, axis=at)
    have = tuple(letter for letter in have if letter in letters)
    sizes = dict(zip(have, array.shape))
    array = array.transpose([have.index(letter) for letter in letters])
    return array.reshape([prod(sizes.get(letter, 1) for letter in axis) for axis in want])
