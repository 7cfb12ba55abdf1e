"""A network fed one step at a time, as a stream brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.errors import ShapeError
from rnncalc.language import _
from rnncalc.layer import as_array, in_dtype
from rnncalc.schedule import Schedule

if TYPE_CHECKING:
    from rnncalc.network import Network


class Stepper:
    """A network fed one step at a time. `state` holds the states by name, of the last layer; `reset` starts again."""

    def __init__(self, network: Network, starts: list[dict[str, ArrayLike]]):
        self.network, self._starts = network, starts
        self.reset()

    def reset(self) -> None:
        """Back to the initial state."""
        self._streams: list[Any] = []
        self._shape: tuple[int, ...] = ()

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The last layer's states after the last step: (H,), or (N, H) for a batch."""
        one, given = self.network.passes[-1], self._starts[-1]
        if not self._streams:
            zeros = {state: np.zeros(one.sizes[one.cell.size(state)], self.network.dtype) for state in one.cell.state}
            chosen = {state: given.get(f"{state}0", one.starts.get(state, zeros[state])) for state in zeros}
            return {state: np.array(start, self.network.dtype) for state, start in chosen.items()}
        states = self._streams[len(self.network.passes) - 1].states
        return {name: np.array(rows if len(self._shape) == 2 else rows[0]) for name, rows in states.items()}

    def step(self, x_t: ArrayLike) -> np.ndarray:
        """One step: x_t (D,) → y_t (O,), or a batch (N, D) → (N, O)."""
        network = self.network
        if not isinstance(x_t, np.ndarray) or x_t.dtype is not network.dtype:
            x_t = in_dtype(as_array("x_t", x_t), network.dtype)
        if x_t.shape != self._shape:
            self._begin(x_t.shape)
        rows = x_t if x_t.ndim == 2 else x_t[None]
        for stream in self._streams:
            rows = stream.step(rows)
        return rows if x_t.ndim == 2 else rows[0]

    def _begin(self, shape: tuple[int, ...]) -> None:
        """The first step says whether it is a batch, and of how many. Raises ShapeError."""
        network, inputs = self.network, self.network.sizes["D"]
        if len(shape) not in (1, 2) or shape[-1] != inputs:
            message = _("x_t must be (D,) = ({inputs},) or (N, {inputs}), got {shape}")
            raise ShapeError(message, inputs=inputs, shape=shape)
        if self._streams:
            message = _("x_t was {before} and is now {shape}: a stream keeps its sequences; reset starts another")
            raise ShapeError(message, before=self._shape, shape=shape)
        schedule = Schedule.full(shape[0] if len(shape) == 2 else 1, 1)
        starts = [one.start(given, schedule, network.dtype) for one, given in zip(network.passes, self._starts)]
        if network.read_out:
            starts.append({})
        self._streams = [cell.stream(schedule, start) for cell, start in zip(network.cells, starts)]
        self._shape = shape
