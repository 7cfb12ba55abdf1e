"""One direction of a layer as a person gave it: its notation, its sizes, and the parameters left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells import Cell, built_in
from rnncalc.model.cells.biases import with_biases
from rnncalc.model.cells.readout import READ_OUT, read_out
from rnncalc.model.equations.expression import is_zero
from rnncalc.model.equations.printer import Letters
from rnncalc.model.layer import missing
from rnncalc.problems.conventions import Conventions, GivenArray, parts_of
from rnncalc.problems.keys import cell_of, check_keys, near, signals
from rnncalc.problems.notation import NOTATIONS, translate
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.shapes import Sizes, bring, finite


class GivenDirection:
    """The cell, names, conventions and sizes of one direction, settled in this order.

    Parameters
    ----------
    given : the raw values by key
    keys : the keys that are allowed beside the cell's parameters and initial states
    inputs, units : D and H as something else says them, with its name
    batch : whether x is a batch
    halves : 2 where V multiplies both directions side by side
    said : H as the problem states it beside the arrays, for those that may have any size, 0.9 I; 0 where it does not

    Attributes
    ----------
    open : keys with the values that give another reading of the same arrays, which fits too
    order : the gates in the order in which the person stacks them
    by_gate : the names of arrays that were given gate by gate
    """

    def __init__(
        self, given: Mapping[str, RawValue], keys: frozenset[str], inputs: tuple[int, str] | None,
        units: tuple[int, str] | None = None, batch: bool = False, halves: int = 1,
        said: int = 0,
    ):  # fmt: skip
        base = cell_of(given)
        self.built_in = built_in(base)
        own = () if self.built_in else tuple(base.parameters)
        known = {*keys, *own, *(f"{state}0" for state in base.state)}
        translation = translate(given, base, known)
        self.biases = translation.notation.biases
        known |= {*translation.notation.second_biases}
        self.given, self.batch = translation.given, batch
        check_keys(self.given, known, [name for notation in NOTATIONS.values() for name in notation.letters])
        conventions = Conventions(translation, base, inputs and inputs[0], self.given)
        self.arrays = conventions.settle()
        self.cell, self.notes, self.open = conventions.cell, conventions.notes, conventions.open
        self.order = conventions.order
        self.by_gate = frozenset(name for name, array in self.arrays.items() if isinstance(array, dict))
        self.letters = Letters(
            translation.shown,
            signals(self.given, self.cell),
            conventions.rows,
            labels=self.cell.labels,
            joined=conventions.joined,
        )
        self.initial_states = self._initial_states()
        top = self.read_out().get("V")
        if units is None and isinstance(top, Numbers) and len(top.shape) == 2:
            units = (top.shape[1] // halves, "V")
        if units is None and said and any(part.pattern for array in self.arrays.values() for part in parts_of(array)):
            units = (said, "")
        self.sizes = Sizes(self.cell, self.arrays, self.initial_states, self.letters, inputs, units, batch)

    def arrays_for_layer(self, steps: int) -> dict[str, Any]:
        """The arguments of a layer: stacked arrays and initial states by name. steps: the length of the sequences."""
        for name in self.arrays:
            if name not in self.cell.stacks and name not in self.read_out():
                close = near(name, [*self.cell.stacks, "V", "c"])
                raise self.misplaced(name, _("{where}: {cell} has no {name}"), close)
        absent = [name for name in self.cell.stacks if name not in self.arrays and name not in self.cell.optional]
        if absent and not self.built_in:  # a cell of one's own needs every array
            raise missing(self.cell, absent[0])
        values = self.sizes.parameters(self.notes)
        values |= {name: self._left_out(name, steps) for name in absent}
        return {**values, **{f"{state}0": self._initial_state(state) for state in self.initial_states}}

    def read_out(self) -> dict[str, GivenArray]:
        """The arrays of the read-out on top."""
        if self.cell.owns_read_out:
            return {}
        return {
            name: self.arrays[name]
            for name in self.on_top().stacks
            if name in self.arrays and name not in self.cell.stacks
        }

    def on_top(self, output: str = "identity") -> Cell:
        """The read-out that would stand on this layer, with the biases of the sheet."""
        signs = {symbol: each for symbol, each in self.biases.items() if symbol in READ_OUT.parameters}
        return with_biases(read_out(output), signs)

    def misplaced(self, name: str, message: str, close: str = "") -> ProblemError:
        """The error for an array that this layer does not take. close: which name was meant."""
        where = self.given[name].where if name in self.given else name
        return ProblemError(message + "{close}", where=where, cell=self.cell.name, name=name, close=close)

    def _left_out(self, name: str, steps: int) -> np.ndarray:
        """Zeros for a weight that was left out, if it multiplies only zeros: in one step from a zero state."""
        symbols = {parameter.symbol for parameter in self.cell.stacks[name]}
        zero = {f"{state}_p" for state in self.cell.state if not self._begins_above_zero(state)}
        for line, expression in self.cell.lines.items():
            zero |= {line} if is_zero(expression, zero) else set()
        lines = [line for stage in self.cell.stages for line in stage.products]
        products = [product for line in lines for product in (*line.inputs, *line.products)]
        if steps > 1 or any(product.weight in symbols and product.source not in zero for product in products):
            raise missing(self.cell, self.letters.parameter(name))
        return np.zeros(self.sizes.shape(name))

    def _begins_above_zero(self, state: str) -> bool:
        return state in self.initial_states and bool(self.initial_states[state].values.any())

    def _initial_states(self) -> dict[str, Numbers]:
        known = [f"{state}0" for state in self.cell.state]
        for name in ("h0", "c0", "y0"):
            if name in self.given and name not in known:
                message = _("{where}: {cell} starts from {known}")
                where = self.given[name].where
                raise ProblemError(message, where=where, cell=self.cell.name, known=", ".join(known))
        present = [name for name in known if name in self.given and self.given[name].value is not None]
        return {name[:-1]: self.given[name].numbers() for name in present}

    def _initial_state(self, state: str) -> np.ndarray:
        """An initial state as (H,) or (N, H); given as (1, N, H), as PyTorch has it, it is that of the one layer."""
        letter = self.cell.size(state)
        width, who = self.sizes.sizes[letter], self.sizes.sources.get(letter, "")
        values = finite(self.initial_states[state], f"{state}0")
        values = values[0] if values.ndim == 3 and len(values) == 1 else values
        batch = values.ndim == 2 and values.shape[1] == width and self.batch
        brought = values if batch else bring(values, (width,))
        if brought is None:
            message = _("{name} must be ({letter},) = ({width},), got {shape}").format(
                name=f"{state}0", letter=letter, width=width, shape=values.shape
            )
            if who and who != f"{state}0":
                who = self.letters.parameter(who)
                message += ": " + _("{who} says {letter} = {n}").format(who=who, letter=letter, n=width)
            raise ShapeError(message)
        return brought
