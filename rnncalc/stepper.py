"""A network fed one step at a time, as a stream brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.errors import ShapeError
from rnncalc.language import _
from rnncalc.layer import as_array
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
        self._states = [dict(start) for start in self._starts]

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The last layer's states after the last step: (H,), or (N, H) for a batch."""
        return {name.removesuffix("0"): np.asarray(value) for name, value in self._states[-1].items()}

    def step(self, x_t: ArrayLike) -> np.ndarray:
        """One step: x_t (D,) → y_t (O,), or a batch (N, D) → (N, O)."""
        net = self.network
        array = as_array("x_t", x_t).astype(net.dtype, copy=False)
        if array.ndim not in (1, 2) or array.shape[-1] != net.sizes["D"]:
            message = _("x_t must be (D,) = ({inputs},) or (N, {inputs}), got {shape}")
            raise ShapeError(message, inputs=net.sizes["D"], shape=array.shape)
        batch, rows = array.ndim == 2, np.atleast_2d(array)
        schedule = Schedule(len(rows), 1)
        for number, (one, cell) in enumerate(zip(net.passes, net.cells)):
            rows, final = cell.infer(rows, schedule, one.start(self._states[number], schedule, net.dtype))
            self._states[number] = {f"{name}0": values if batch else values[0] for name, values in final.items()}
        if net.read_out:
            rows, _none = net.cells[-1].infer(rows, Schedule.flat(len(rows)), {})
        return rows if batch else rows[0]
