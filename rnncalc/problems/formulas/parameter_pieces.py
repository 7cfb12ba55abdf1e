"""Pieces of parameters: a weight cut from one on several vectors, two weights side by side, names compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.problems.formulas.cell_match import Match
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers


def word(word: str) -> RawValue:
    return RawValue(word, "equations")


def squeezed(name: str) -> str:
    return name.replace("_", "")


def matrix(numbers: Numbers, weight: bool) -> Numbers:
    """A weight of one row that was given as a vector."""
    return numbers.through(lambda array: array.reshape(1, -1)) if weight and len(numbers.shape) < 2 else numbers


def signs(match: Match) -> dict[str, tuple[int, ...]]:
    """Our symbol → the sign of each of the sheet's biases that stand in its place: −1 of a threshold.

    A gate without a bias, of a cell where other gates have one, has none.
    """
    cell, made = match.pattern.cell, dict[str, tuple[int, ...]]()
    for stack in (cell.stacks[name] for name in cell.optional):
        if any(parameter.symbol in match.params for parameter in stack):
            for symbol in (parameter.symbol for parameter in stack):
                made[symbol] = tuple(-1 if param.negative else 1 for param in match.params.get(symbol, ()))
    return {symbol: each for symbol, each in made.items() if each != (1,)}


class Assumed(NamedTuple):
    """What is taken for granted, since nothing says it.

    zeros: biases and initial states that the equations read and nothing gives; functions: letter → the usual function.
    """

    zeros: list[str]
    functions: dict[str, str]

    def notes(self) -> list[str]:
        """What is said of it."""
        said = _("nothing says what {letter} is: {function} assumed")
        notes = [said.format(letter=letter, function=usual) for letter, usual in self.functions.items()]
        listed = _(", ").join(dict.fromkeys(self.zeros))
        return [*notes, *([_("given nowhere, taken as zero: {names}").format(names=listed)] if listed else [])]

    def refuse_unread(self, unread: Mapping[str, str]) -> None:
        """Raises ProblemError if the sheet says something of it that was not read. unread: name → where, and what."""
        for name in (*self.functions, *self.zeros):
            if name in unread:
                message = _("{name} is needed, and what stands there could not be read: {text}")
                raise ProblemError(message, name=name, text=unread[name])


def cut(numbers: Numbers, part: tuple[int, int], width: int, name: str) -> Numbers:
    at, count = part
    if numbers.pattern:
        return numbers
    if count != 2 or width <= 0 or width >= numbers.shape[1]:
        message = _("{name} is {rows} × {columns}: that does not fit the vectors that stand behind it")
        raise ProblemError(message, name=name, rows=numbers.shape[0], columns=numbers.shape[1])
    return numbers.through(lambda array: array[:, :width] if at == 0 else array[:, -width:])


def beside(first: Numbers, second: Numbers, rows: bool) -> Numbers:
    axis = 0 if rows else 1
    parts = [matrix(part, True) for part in (first, second)]
    if rows:
        parts = [part if len(first.shape) == 2 else part.transposed for part in parts]
    return Numbers(np.concatenate([part.values for part in parts], axis))
