"""One direction of one layer, as it was given: whose letters, which shapes, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells import built_in
from rnncalc.model.equations.expression import is_zero
from rnncalc.model.equations.printer import Letters
from rnncalc.model.layer import missing
from rnncalc.problems.conventions import Conventions, Quantity
from rnncalc.problems.keys import cell_of, check_keys, signals
from rnncalc.problems.notation import understand
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.shapes import Sizes, bring, finite


class GivenPass:
    """A pass on its way: cell, names, conventions, sizes, in this order.

    keys: what may be given here beside the cell's own parameters and starts; inputs, units: D and H as something else
    says them, with its name; halves: 2 where V multiplies both directions side by side. `order`: the gates as the
    person stacks them; `by_gate`: what came gate by gate.
    """

    def __init__(
        self,
        given: Mapping[str, RawValue],
        keys: frozenset[str],
        inputs: tuple[int, str] | None,
        units: tuple[int, str] | None = None,
        batch: bool = False,
        halves: int = 1,
    ):
        base = cell_of(given)
        own = () if built_in(base) else tuple(base.parameters)
        known = {*keys, *own, *(f"{state}0" for state in base.state)}
        understood = understand(given, base, known)
        self.given, self.batch = understood.given, batch
        check_keys(self.given, known)
        conventions = Conventions(understood, base, inputs and inputs[0], self.given)
        self.arrays = conventions.settle()
        self.cell, self.notes = conventions.cell, conventions.notes
        self.order = conventions.order
        self.by_gate = frozenset(name for name, array in self.arrays.items() if isinstance(array, dict))
        self.letters = Letters(
            understood.shown, signals(self.given, self.cell), conventions.rows, labels=self.cell.labels
        )
        self.starts = self._starts()
        top = self.arrays.get("V") if not self.cell.owns_read_out else None
        if units is None and isinstance(top, Numbers) and len(top.shape) == 2:
            units = (top.shape[1] // halves, "V")
        self.sizes = Sizes(self.cell, self.arrays, self.starts, self.letters, inputs, units, batch)

    def arrays_for_layer(self, steps: int) -> dict[str, Any]:
        """What a layer takes: stacked arrays and starts by name. steps: how many the sequences have."""
        for name in self.arrays:
            if name not in self.cell.stacks and (name not in ("V", "c") or self.cell.owns_read_out):
                raise self.misplaced(name, _("{where}: {cell} has no {name}"))
        absent = [name for name in self.cell.stacks if name not in self.arrays and name not in self.cell.optional]
        if absent and not built_in(self.cell):  # of one's own cell nothing is taken as zero
            raise missing(self.cell, absent[0])
        values = self.sizes.parameters(self.notes)
        values |= {name: self._left_out(name, steps) for name in absent}
        return {**values, **{f"{state}0": self._start(state) for state in self.starts}}

    def read_out(self) -> dict[str, Quantity]:
        """What was given for the read-out on top."""
        if self.cell.owns_read_out:
            return {}
        return {name: self.arrays[name] for name in ("V", "c") if name in self.arrays}

    def misplaced(self, name: str, message: str) -> ProblemError:
        """The error for something that has no place here."""
        where = self.given[name].where if name in self.given else name
        return ProblemError(message, where=where, cell=self.cell.name, name=name)

    def _left_out(self, name: str, steps: int) -> np.ndarray:
        """A weight that was left out: zeros if it multiplies nothing but zeros, one step from a zero state."""
        symbols = {parameter.symbol for parameter in self.cell.stacks[name]}
        zero = {f"{state}_p" for state in self.cell.state if not self._starts_above_zero(state)}
        for line, expression in self.cell.lines.items():
            zero |= {line} if is_zero(expression, zero) else set()
        lines = [line for stage in self.cell.stages for line in stage.products]
        products = [product for line in lines for product in (*line.inputs, *line.products)]
        if steps > 1 or any(product.weight in symbols and product.source not in zero for product in products):
            raise missing(self.cell, self.letters.parameter(name))
        return np.zeros(self.sizes.shape(name))

    def _starts_above_zero(self, state: str) -> bool:
        return state in self.starts and bool(self.starts[state].values.any())

    def _starts(self) -> dict[str, Numbers]:
        known = [f"{state}0" for state in self.cell.state]
        for name in ("h0", "c0", "y0"):
            if name in self.given and name not in known:
                message = _("{where}: {cell} starts from {known}")
                where = self.given[name].where
                raise ProblemError(message, where=where, cell=self.cell.name, known=", ".join(known))
        present = [name for name in known if name in self.given and self.given[name].value is not None]
        return {name[:-1]: self.given[name].numbers() for name in present}

    def _start(self, state: str) -> np.ndarray:
        """An initial state as (H,) or (N, H)."""
        letter = self.cell.size(state)
        width, who = self.sizes.sizes[letter], self.sizes.said.get(letter, "")
        values = finite(self.starts[state], f"{state}0")
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
