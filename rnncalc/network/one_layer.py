"""Networks of one layer: the classes `Elman`, `LSTM`, … by which most people meet the engine."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.model.cells import Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network


class OneLayer(Network):
    """One layer of one cell: the classes `Elman`, `LSTM`, … are this, each with its cell."""

    cell: ClassVar[Cell]

    def __init__(
        self,
        *arrays: ArrayLike | None,
        dtype: str | np.dtype | None = None,
        engine: str = "numba",
        threads: int | None = None,
        **options: Any,
    ):
        if self.cell.owns_read_out:
            super().__init__([Layer(self.cell, *arrays, **options)], dtype=dtype, engine=engine, threads=threads)
            return
        top = {name: options.pop(name, None) for name in ("V", "c", "output")}
        super().__init__([Layer(self.cell, *arrays, **options)], **top, dtype=dtype, engine=engine, threads=threads)


def one_layer(class_name: str, cell: Cell) -> type[OneLayer]:
    """The class of one-layer networks of a cell."""
    title = cell.literature.title if cell.literature else cell.name
    lines = "\n".join(f"    {line} = {text}" for line, text in cell.equations.items())
    about = f"{title}.\n\n{lines}\n\nTakes {', '.join(cell.stacks)} …; see `Network`."
    return type(class_name, (OneLayer,), {"cell": cell, "__doc__": about, "__module__": "rnncalc"})
