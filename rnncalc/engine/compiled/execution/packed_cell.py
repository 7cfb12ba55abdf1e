"""A cell as data for the kernels: packed weights, the arguments of a call, and the machine code that takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.threads import EVERY
from rnncalc.engine.compiled.codegen.jit import specialised
from rnncalc.engine.compiled.kernels import forward as loops
from rnncalc.engine.compiled.layout import WIDTH
from rnncalc.engine.compiled.packing.forward import Packed
from rnncalc.engine.interface import Arrays
from rnncalc.errors import ProblemError
from rnncalc.model.cells import Cell

if TYPE_CHECKING:
    from rnncalc.engine.compiled.packing.backward import PackedBack

AnyPacking = TypeVar("AnyPacking", bound="Packed | PackedBack")


class PackedCell:
    """A cell with its parameters (symbol → array, all of one dtype), packed.

    `threads` is how many share the sequences of a trace and of backpropagation; the owner of the cell may change it.
    """

    def __init__(self, cell: Cell, parameters: Arrays, sizes: Mapping[str, int], dtype: np.dtype):
        self.cell, self.parameters, self.sizes, self.dtype = cell, parameters, sizes, dtype
        self.threads, self.version = 1, 0  # version: how often the parameters have changed
        self._calls: dict[Packed | PackedBack, list[Callable[[], None]]] = {}  # what packs each of them anew
        self.packed = packed = Packed(cell, parameters, sizes, dtype)
        self.emitted = int(packed.emitted[WIDTH])
        places = packed.states.tolist()
        self.states: list[tuple[str, int, int, int]] = [(state, *row) for state, row in zip(cell.state, places)]  # type: ignore[misc]
        self.kept = sum(width for _state, _offset, width, _at in self.states)
        begins = {line: packed.offset(line) for line in packed.program.kept}
        self.lines = {line: (begin, begin + sizes[cell.size(line)]) for line, begin in begins.items()}

    @property
    def back(self) -> PackedBack:
        """The weights packed for backpropagation, on first need."""
        back = self._back
        return back if back.version == self.version else self.fresh(back)

    @cached_property
    def _back(self) -> PackedBack:
        from rnncalc.engine.compiled.packing.backward import PackedBack  # forward-only use does not load it

        return PackedBack(self.packed, self.parameters, self.version)

    def repack(self, theta: np.ndarray, places: Callable[[], Arrays]) -> None:
        """The parameters, views of θ, have changed in place: pack anew what goes forward; the rest, when it is needed.

        places: symbol → where each entry lies in θ, from 1.
        """
        self.version += 1
        self._theta = theta, places
        self.fresh(self.packed)

    def fresh(self, packing: AnyPacking) -> AnyPacking:
        """A packing, with the parameters as they are now."""
        if packing.version != self.version:
            calls = self._calls.get(packing) or self._repacking(packing)
            for call in calls:
                call()
            packing.version = self.version
        return packing

    def _repacking(self, packing: Packed | PackedBack) -> list[Callable[[], None]]:
        """What packs the parameters anew, found once."""
        from rnncalc.engine.compiled.packing import repacking  # weights that stay do not load it

        theta, places = self._theta
        calls: Any = repacking.forward_calls if isinstance(packing, Packed) else repacking.backward_calls
        self._calls[packing] = repacking.bound(calls(packing, places(), theta), self.dtype)
        return self._calls[packing]

    def check_version(self, version: int) -> None:
        """Raises ProblemError if the parameters have changed since: what is computed on demand would be of others."""
        if version != self.version:
            raise ProblemError(_("the weights have changed since: read it before they do, or go forward again"))

    def begin(self, block: np.ndarray, sequences: int, initial: Arrays) -> None:
        """Lay the initial states into the first rows of a block; zero where there is none."""
        pitch = self.packed.pitch
        first = block[: sequences * pitch]
        first.fill(0)
        for state, offset, width, _at in self.states if initial else ():
            first.reshape(sequences, pitch)[:, offset : offset + width] = initial.get(state, 0)

    def arguments(self, block: Any, offsets: Any, x: Any, pitch_x: int) -> tuple[Any, ...]:
        """What the loop is called with to keep every row in the block."""
        packed, (out, final) = self.packed, self.nothing
        given = (self.cell.digest, block, packed.geometry, offsets, EVERY.start, EVERY.stop, x, pitch_x, 0)
        return *given, *packed.tables, packed.emitted, out, packed.states, final

    @cached_property
    def nothing(self) -> tuple[np.ndarray, np.ndarray]:
        """In place of `out` and `final` where every row is kept."""
        return np.empty(0, self.dtype), np.empty((0, 0), self.dtype)

    @cached_property
    def code(self) -> Any:
        """The loop for this cell and dtype, compiled or found in the cache on first need."""
        panels, whole_numbers = self.packed.panels, self.packed.geometry  # samples of the types
        return specialised(loops.forward, *self.arguments(panels, whole_numbers, panels, 0))
