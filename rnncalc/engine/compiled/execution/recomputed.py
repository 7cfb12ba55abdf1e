"""Pre-activations, recomputed for whoever asks: a trace does not keep them, since a gate lies in their place.

All they need is kept: x_t, the states and the gates. The products are those of the loop, in the same order, and so are
the bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from rnncalc.common.lazy_arrays import ArraysByName
from rnncalc.engine.compiled.codegen.gemm import ALONG, multiply
from rnncalc.engine.compiled.codegen.jit import jit, specialised
from rnncalc.engine.compiled.execution.packed_cell import PackedCell
from rnncalc.engine.compiled.layout import COLUMN, DEPTH, EARLIER, PANEL, SOURCE, VECTORS
from rnncalc.engine.compiled.packing.memory import aligned
from rnncalc.engine.compiled.packing.views import Rows
from rnncalc.model.packed_batch import PackedBatch

_multiply = jit(multiply)  # for Python to call


class Recomputed(ArraysByName):
    """All signals of a forward pass, name → (N + rows, width): some are kept, the others recomputed.

    runs: the block and the inputs as the loop took them, and how far apart the rows of these begin.
    """

    def __init__(
        self, compiled: PackedCell, kept: Mapping[str, np.ndarray], x: np.ndarray, schedule: PackedBatch,
        runs: tuple[np.ndarray, np.ndarray, int] | None = None,
    ):  # fmt: skip
        self.compiled, self.kept, self.x, self.schedule, self.runs = compiled, kept, x, schedule, runs
        self.names, self.version = compiled.cell.lines, compiled.version

    def __getitem__(self, name: str) -> np.ndarray:
        return (self.kept if name in self.compiled.lines else self.recomputed)[name]

    @cached_property
    def recomputed(self) -> Rows:
        """The product lines of every row; zero in the rows of the initial states."""
        compiled, packed, first = self.compiled, self.compiled.packed, self.schedule.sequences
        compiled.check_version(self.version)
        block = aligned((first + len(self.x)) * len(packed.biases), compiled.dtype).reshape(-1, len(packed.biases))
        block[:first], block[first:] = 0, packed.biases
        for product in packed.tables.inputs:
            self._add(block[first:], self.x, product)
        signal = {begin: line for line, (begin, _end) in compiled.lines.items()}
        for product in packed.tables.products:
            source = self.kept[signal[product[SOURCE]]]
            self._add(block[first:], source[self.schedule.before] if product[EARLIER] else source[first:], product)
        places = {line.signal: packed.offset(line.signal) for line in packed.program.products}
        sizes, cell = compiled.sizes, compiled.cell
        return Rows(block, {line: (begin, begin + sizes[cell.size(line)]) for line, begin in places.items()})

    def _add(self, rows: np.ndarray, source: np.ndarray, product: np.ndarray) -> None:
        """Add a packed weight times every row of its source."""
        packed, source = self.compiled.packed, np.ascontiguousarray(source)
        arguments = (
            source.reshape(-1), 0, source.shape[1], len(source), product[DEPTH], packed.panels, product[PANEL],
            packed.lanes, packed.columns, product[COLUMN], product[VECTORS], rows.reshape(-1), 0, rows.shape[1],
        )  # fmt: skip
        specialised(_multiply, ALONG, *arguments)(ALONG, *arguments)
