"""A problem: a network, its inputs, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rnncalc.network import Network
from rnncalc.parse.given import Given
from rnncalc.trace import Trace
from rnncalc.writing import Letters

COMPILING = 0.5  # seconds until the compiled engine's first answer, Numba's import included


@dataclass
class Problem:
    """What was asked, settled: ready to be computed.

    x (T, D), or (N, T, D) if `batch`; letters: what the reader calls things; notes: what was assumed; given: everything
    as it was given, under our names, for those who need its digits.
    """

    network: Network
    x: np.ndarray
    batch: bool
    letters: Letters
    lengths: np.ndarray | None = None
    mask: np.ndarray | None = None
    title: str = ""
    source: str = ""
    notes: list[str] = field(default_factory=list)
    given: dict[str, Given] = field(default_factory=dict)

    def forward(self) -> Trace:
        """The forward pass, by the network's engine."""
        return self.network.forward(self.x, lengths=self.lengths, mask=self.mask)

    @property
    def shapes(self) -> dict[str, int]:
        """T, D, H, O, and N for a batch."""
        shape = {"N": self.x.shape[0]} if self.batch else {}
        return {**shape, "T": self.x.shape[-2], **self.network.sizes}


def quicker_engine(network: Network, sequences: int, steps: int) -> str:
    """The engine that answers first: walking costs a microsecond or two per line and column of every step."""
    operations = entries = 0
    for layer in network.layers:
        operations += 3 * len(layer.cell.lines)
        for parameter in layer.cell.parameters.values():
            if parameter.columns is not None:
                operations += 2 * layer.sizes[parameter.columns]
                entries += layer.sizes[parameter.rows] * layer.sizes[parameter.columns]
    seconds = steps * (operations * 1e-6 + entries * sequences * 1e-9)
    return "equations" if seconds < COMPILING else "numba"
