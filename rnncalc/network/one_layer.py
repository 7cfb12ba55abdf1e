"""Networks of one layer, a class for each built-in cell, documented from the cell's equations and literature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network

ABOUT = """{title}.

{lines}

Parameters
----------
{parameters}
dtype, engine, threads : optional
    As for `Network`.

Raises
------
ShapeError
    If the arrays disagree in a size.
ProblemError
    If an array is missing, or an option is none of this cell's.

References
----------
{papers}

Examples
--------
>>> import numpy as np
>>> from rnncalc import {name}
>>> net = {name}({example})
>>> net
{name}(D=3, H=2, O=1, float64)
>>> net(np.ones((5, 3))).shape
(5, 1)
"""


class OneLayer(Network):
    """One layer of one cell, by which most people meet the engine: arrays and options as for `Layer` and `Network`."""

    cell: ClassVar[Cell]

    def __init_subclass__(cls, cell: str) -> None:
        cls.cell, cls.__module__ = CELLS[cell], "rnncalc"  # where people find it, and a pickle too
        cls.__doc__ = _about(cls.cell, cls.__name__)

    def __init__(
        self, *arrays: ArrayLike | None, dtype: str | np.dtype | None = None, engine: str = "auto",
        threads: int | None = None, **options: Any,
    ):  # fmt: skip
        read_out = () if self.cell.owns_read_out else ("V", "c", "output", "summary")
        top = {name: options.pop(name, None) for name in read_out}
        super().__init__([Layer(self.cell, *arrays, **options)], **top, dtype=dtype, engine=engine, threads=threads)

    def _labels(self) -> list[str]:
        return [layer.direction for layer in self.layers if layer.direction != "forward"]  # the class says the cell


def _about(cell: Cell, name: str) -> str:
    """The documentation of a cell's class."""
    return ABOUT.format(
        title=cell.literature.title if cell.literature else cell.name,
        lines="\n".join(f"    {line} = {text}" for line, text in cell.equations.items()),
        parameters="\n".join(_parameters(cell)),
        papers="\n".join(cell.literature.papers if cell.literature else ()),
        name=name,
        example=", ".join(_ones(cell)),
    )


def _parameters(cell: Cell) -> Iterator[str]:
    """The arrays, initial states and switches of a cell, a line each."""
    for array, stack in cell.stacks.items():
        shape = stack[0].letters(len(stack))
        yield f"{array} : array_like, {shape}{', optional' if array in cell.optional else ''}"
    if cell.gates:
        yield f"    The gates {' '.join(cell.gates)} are stacked below each other."
    for state in cell.state:
        letter = cell.size(state)
        yield f"{state}0 : array_like, ({letter},) or (N, {letter}), optional"
    for switch, values in cell.switches.items():
        yield f"{switch} : {{{', '.join(values)}}}, optional"
    if not cell.owns_read_out:
        yield "V, c, output, summary, direction, backward, merge : optional"
        yield "    The read-out as for `Network`, the directions as for `Layer`."


def _ones(cell: Cell) -> Iterator[str]:
    """Keyword arguments for a network of D = 3, H = 2 and O = 1: the arrays that must be given."""
    sizes = {"D": 3, "H": 2, "O": 1}
    for array in cell.stacks:
        if array not in cell.optional:
            yield f"{array}=np.ones({cell.shape(array, sizes)})"
    if not cell.owns_read_out:
        yield "V=np.ones((1, 2))"


class Elman(OneLayer, cell="elman"): ...


class Jordan(OneLayer, cell="jordan"): ...


class LSTM(OneLayer, cell="lstm"): ...


class GRU(OneLayer, cell="gru"): ...


class GRUAfter(OneLayer, cell="gru_after"): ...


class I2HI2O(OneLayer, cell="i2h_i2o"): ...
