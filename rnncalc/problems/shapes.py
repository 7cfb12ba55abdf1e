"""Sizes and shapes: H, D and O are read off the given arrays, and every array is brought to its shape.

People give a scalar for a 1 × 1 matrix, a vector for a matrix of one row, a column for a bias. An array that has only
one reading is accepted. An array that contradicts the others is refused, and the error says which array says what.

Longer than other files, because one table of sizes feeds all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells import Cell, Parameter
from rnncalc.model.equations.printer import Letters
from rnncalc.problems.conventions import GivenArray
from rnncalc.problems.parse import patterns
from rnncalc.problems.parse.numbers import Numbers


class Sizes:
    """H, D and O of one layer, and the name of the array that says each."""

    def __init__(
        self, cell: Cell, arrays: Mapping[str, GivenArray], initial_states: Mapping[str, Numbers], letters: Letters,
        inputs: tuple[int, str] | None = None, units: tuple[int, str] | None = None, batch: bool = False,
    ):  # fmt: skip
        self.cell, self.arrays, self.initial_states = cell, arrays, initial_states
        self.letters, self.batch = letters, batch
        self.read = "H" if not cell.state else "D"  # the inputs of a read-out are the units below
        self.sizes: dict[str, int] = {}
        self.sources: dict[str, str] = {}
        if inputs:
            self._set("D", *inputs)
        for letter in "HOD":
            for name, count in self._witnesses(letter):
                self._set(letter, count, name)
        if units:
            self._set("H", *units)
        if cell.adds_input and "H" in self.sizes:
            self._set("D", self.sizes["H"], self.sources["H"])
        for letter in "HDO":
            if letter not in self.sizes and (letter != "O" or cell.outputs):
                self._set(letter, self._guess(letter) or 1, "")

    def _set(self, letter: str, count: int, who: str) -> None:
        if letter not in self.sizes and count > 0:
            self.sizes[letter], self.sources[letter] = count, who

    def _parts(self, name: str) -> tuple[list[Numbers], int]:
        """The arrays given under a name, and the number of gates that each of them stacks."""
        array = self.arrays.get(name)
        if array is None:
            return [], 1
        return (list(array.values()), 1) if isinstance(array, dict) else ([array], len(self.cell.stacks[name]))

    def _witnesses(self, letter: str) -> Iterator[tuple[str, int]]:
        """Yield arrays whose shape says a size, the surest first: square weights, states, biases, other weights."""
        stacks = self.cell.stacks
        for name, stack in stacks.items():
            if stack[0].columns == stack[0].rows == letter:
                parts, gates = self._parts(name)
                for part in parts:
                    if len(part.shape) == 2 and part.shape[0] == gates * part.shape[1]:
                        yield name, part.shape[1]
        for state, array in self.initial_states.items():
            if self.cell.size(state) == letter and array.shape and array.values.size > 1:
                column = array.shape[-1] == 1 and not self.batch  # in a batch one entry for each sequence
                yield f"{state}0", array.shape[0] if column else array.shape[-1]
        vectors = [name for name in stacks if stacks[name][0].columns is None and stacks[name][0].rows == letter]
        weights = [name for name in stacks if stacks[name][0].columns is not None]
        for name in (*weights, *vectors) if letter == "O" else (*vectors, *weights):
            parts, gates = self._parts(name)
            for part in parts:
                if name in vectors and part.values.size > 1:
                    yield name, part.values.size // gates
                elif len(part.shape) == 2 and stacks[name][0].rows != stacks[name][0].columns:
                    if stacks[name][0].columns == letter:
                        yield name, part.shape[1]
                    elif stacks[name][0].rows == letter:
                        yield name, part.shape[0] // gates

    def _guess(self, letter: str) -> int:
        """A size that no matrix says: a vector in place of a weight says it if the other size is known."""
        for name, stack in self.cell.stacks.items():
            parts, gates = self._parts(name)
            for part in parts:
                sizes = stack[0].columns, stack[0].rows
                if len(part.shape) == 1 and sizes[0] is not None and letter in sizes:
                    other = stack[0].rows if letter == stack[0].columns else stack[0].columns
                    known = self.sizes.get(other or "")
                    if letter == stack[0].columns and known and known * gates == 1:
                        return part.shape[0]
                    if letter == stack[0].rows and known == 1:
                        return part.shape[0] // gates
        return 1

    # ----------------------------------------------------------------------------------------------------------------

    def parameters(self, notes: list[str]) -> dict[str, np.ndarray]:
        """Every stacked array in its shape, without biases that were left out."""
        brought = {}
        for name, stack in self.cell.stacks.items():
            array = self.arrays.get(name)
            if array is None:
                continue
            if isinstance(array, dict):
                parts = [self._gate(name, parameter, array, notes) for parameter in stack]
                brought[name] = np.concatenate(parts)
            else:
                shape = self.shape(name)
                brought[name] = self._brought(name, array, shape, self._letters(stack[0], len(stack)), notes)
        return brought

    def _gate(self, name: str, parameter: Parameter, array: dict[str, Numbers], notes: list[str]) -> np.ndarray:
        shape = parameter.shape(self.sizes)
        if parameter.gate in array:
            full = f"{name}.{parameter.gate}"
            return self._brought(full, array[parameter.gate], shape, self._letters(parameter, 1), notes)
        if parameter.columns is not None:
            raise ProblemError(_("{name} has no gate {gate}"), name=self._called(name), gate=parameter.gate)
        return np.zeros(shape)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a stacked array."""
        return self.cell.shape(name, self.sizes)

    def _letters(self, parameter: Parameter, gates: int) -> str:
        return parameter.letters(gates).replace("D", self.read)

    def _called(self, name: str) -> str:
        return self.letters.parameter(name.replace(".", "_")) if name in self.arrays or "." in name else name

    def _brought(self, name: str, array: Numbers, shape: tuple[int, ...], letters: str, notes: list[str]) -> np.ndarray:
        values = finite(array, self._called(name))
        brought = patterns.spread(values, array.pattern, shape) if array.pattern else bring(values, shape, array.flat)
        if brought is None:
            raise self._refused(name, values, shape, letters)
        if values.ndim == 0 and values != 0 and brought.size > 1 and not array.pattern:
            notes.append(
                _("{name} = {value:g} was taken for every entry").format(name=self._called(name), value=float(values))
            )
        elif array.flat and values.ndim == 1 and len(shape) == 2 and 1 not in shape:
            notes.append(_("{name} was read row by row as {shape}").format(name=self._called(name), shape=shape))
        return brought

    def _refused(self, name: str, values: np.ndarray, shape: tuple[int, ...], letters: str) -> ShapeError:
        stack = name.partition(".")[0]
        reasons = []
        for letter in dict.fromkeys(character for character in letters if character in "HOD"):
            size = "D" if letter == self.read else letter
            who = self.sources.get(size, "")
            if who and who != stack:
                reason = _("{who} says {letter} = {n}")
                reasons.append(reason.format(who=self._called(who), letter=letter, n=self.sizes[size]))
        message = _("{name} must be {letters} = {shape}, got {got}").format(
            name=self._called(name), letters=letters, shape=shape, got=values.shape
        )
        if reasons:
            message = _("{name}: {title}").format(name=message, title=_(", ").join(reasons))
        if len(shape) == 2 and values.shape == shape[::-1]:
            message += "\n" + _("it fits transposed: for row vectors (x U) say --vectors row")
        return ShapeError(message)


def bring(values: np.ndarray, shape: tuple[int, ...], flat: bool = False) -> np.ndarray | None:
    """The values in that shape, or None unless exactly one reading has it."""
    if values.shape == shape:
        return values
    if values.ndim == 0:
        entries = int(np.prod(shape))
        return np.full(shape, values) if entries == 1 or values == 0 or len(shape) == 1 else None
    if values.size != np.prod(shape):
        return None
    if len(shape) == 1:
        return values.reshape(shape) if 1 in values.shape and values.ndim == 2 else None
    if values.ndim == 1 and (1 in shape or flat):
        return values.reshape(shape)
    return None


def bring_input(array: Numbers, inputs: int, source: str, time_first: bool) -> tuple[np.ndarray, bool]:
    """x as (T, D) or (N, T, D), and whether it is a batch. Raises ShapeError."""
    values = finite(array, "x")
    if values.ndim == 3 and values.shape[2] == inputs:
        return (np.swapaxes(values, 0, 1) if time_first else values), True
    if values.ndim == 2 and values.shape[1] == inputs:
        return values, False
    if values.shape in ((0,), (inputs, 1)):  # no step, or one step
        return values.reshape(-1, inputs), False
    if values.ndim < 2 and inputs == 1:
        return values.reshape(-1, 1), False
    if values.ndim == 1 and (len(values) == inputs or (array.flat and len(values) % inputs == 0)):
        return values.reshape(-1, inputs), False
    message = _("x must be (T, D) = (T, {inputs}) or (N, T, {inputs}), got {shape}").format(
        inputs=inputs, shape=values.shape
    )
    if source:
        reason = _("{who} says D = {n}").format(who=source, n=inputs)
        message = _("{name}: {title}").format(name=message, title=reason)
    if values.ndim == 2 and values.shape[0] == inputs:
        message += "\n" + _("each row of x is one step; transposed it would fit")
    raise ShapeError(message)


def bring_output(array: Numbers, name: str, shape: tuple[int, ...], classes: bool, time_first: bool) -> np.ndarray:
    """Bring targets to the shape of y, (T, O) or (N, T, O), or class numbers to (T,) or (N, T); NaN: no target.

    Raises ShapeError.
    """
    values, blank = array.values, array.blank
    if not np.isfinite(values[~blank]).all():
        raise ProblemError(_("{name}: a finite number or null is needed"), name=name)
    if (values.ndim == 0 or not values.size) and values.size == np.prod(shape):
        return values.reshape(shape)
    batch = len(shape) == 3
    if batch and time_first and values.ndim >= 2:
        values = np.swapaxes(values, 0, 1)
    if values.shape == shape or (classes and values.shape == shape[:-1]):
        return values
    if values.size == np.prod(shape) and (shape[-1] == 1 or shape[-2] == 1) and not (batch and time_first):
        return values.reshape(shape)
    if classes and values.size == np.prod(shape[:-1]) and not (batch and time_first):
        return values.reshape(shape[:-1])
    if blank.all():
        return np.full(shape, np.nan)
    message = _("{name} must be of the shape of y, {wanted}, got {shape}").format(
        name=name, wanted=shape, shape=array.shape
    )
    steps, width = shape[-2], shape[-1]
    if array.shape[:-1] == shape[:-1]:  # one-hot targets of 4 classes beside a V of 3 rows
        message += ": " + _("{n} numbers at every step, and y has {outputs}").format(n=array.shape[-1], outputs=width)
    if name == "targets" and not batch and values.size in (1, width) and steps > 1:
        last = ", ".join(map(str, array.through(np.ravel).nested()))
        rows = ["null"] * (steps - 1) + [last if width == 1 else f"[{last}]"]
        example = rows if steps < 6 else [*rows[:2], "…", *rows[-2:]]
        message += ": " + _("for the last step alone: [{example}]").format(example=", ".join(example))
    raise ShapeError(message)


def finite(array: Numbers, name: str) -> np.ndarray:
    """The values. Raises ProblemError at the first blank, NaN or infinity."""
    if not np.isfinite(array.values).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array.values))[0])
        place = "".join(f"[{i + 1}]" for i in index)
        text = "null" if array.blank[index] else str(array.values[index])
        raise ProblemError(_("{name}{place} is {text}: a finite number is needed"), name=name, place=place, text=text)
    return array.values
