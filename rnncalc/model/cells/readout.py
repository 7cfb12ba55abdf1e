"""The read-out on top of a network: y_t = g(c + V h_t).

It is a cell without a state, so everything that knows cells knows it: its input x_t is the last layer's h_t.
"""

from __future__ import annotations

from functools import cache

from rnncalc.model.cells import Cell
from rnncalc.model.cells.cell import OUTPUTS, functions_of

READ_OUT = Cell(
    name="read_out",
    equations={"s": "c + V @ x_t", "y": "identity(s)"},
    state=(),
    emits="y",
    outputs=("s", "y"),
    optional=("c",),
    switches={"output": functions_of("y", "s", OUTPUTS)},
)


@cache
def read_out(output: str = "identity") -> Cell:
    """The read-out whose function g is `output`: identity, softmax, log_softmax, sigmoid, tanh or relu."""
    return READ_OUT.switch(output=output)
