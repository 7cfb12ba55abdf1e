"""Compile beforehand: every loop of a cell is run once, on next to nothing, and kept on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rnncalc.model.layer import Layer, cell_named
from rnncalc.model.losses import LOSSES
from rnncalc.network.network import Network
from rnncalc.network.training.optimizers import OPTIMIZERS

UNITS, INPUTS, STEPS = 3, 2, 2  # units that fill no vector, so that those across the sequences are fuller
MANY = 128  # sequences, so many that vectors run across them


def warm(cell: str, dtype: str = "float64") -> None:
    """The loops of a cell, forward and backward, along the units and across the sequences, with a softmax on top.

    Raises ProblemError for an unknown cell.
    """
    net = _network(cell, dtype)
    for sequences in (1, MANY):
        x = np.zeros((sequences, STEPS, net.sizes["D"]))
        net(x)
        trace = net.forward(x)
        net.backward(trace, dy=np.zeros((sequences, STEPS, UNITS))).x  # noqa: B018 - computed when it is first read


def warm_training(cell: str, dtype: str = "float64") -> None:
    """The loops of training: rows and one-hot rows, classes and numbers, every optimiser and loss.

    Raises ProblemError.
    """
    net = _network(cell, dtype)
    numbers, whole = np.zeros((2, STEPS, net.sizes["D"])), np.zeros((2, STEPS), int)
    for x in (numbers, whole):
        for optimizer in OPTIMIZERS:
            net.fit(x, whole, loss="cross_entropy", optimizer=optimizer, epochs=1)
            if not net.layers[-1].cell.owns_read_out:
                net.fit(x, np.zeros((2, STEPS, UNITS)), loss="mean_squared_error", optimizer=optimizer, epochs=1)
    if not net.layers[-1].cell.owns_read_out:
        plain = Network(net.layers, V=np.zeros((UNITS, UNITS)), dtype=dtype, engine="numba")
        for loss in LOSSES:
            plain.fit(numbers, np.zeros((2, STEPS, UNITS)), loss=loss, epochs=1)


def kept() -> tuple[Path | None, tuple[str, ...]]:
    """The folder that keeps machine code, if there is one, and why others do not, a sentence each."""
    # imported here, since it needs Numba, whose absence `warm` reports
    from rnncalc.engine.compiled.codegen.cache import cache_folder, refused

    return cache_folder(), refused()


def _network(cell: str, dtype: str) -> Network:
    """A small network of a cell."""
    record = cell_named(cell)
    sizes = {"H": UNITS, "D": INPUTS, "O": UNITS}
    arrays = {name: np.zeros(record.shape(name, sizes)) for name in record.stacks}
    top = {} if record.owns_read_out else {"V": np.zeros((UNITS, UNITS)), "output": "softmax"}
    return Network([Layer(record, **arrays)], **top, dtype=dtype, engine="numba")  # type: ignore[arg-type]
