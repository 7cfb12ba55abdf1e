"""How gradients flow through time: the Jacobian of every step, its spectral radius, and their products.

The state of a step is everything that the next one reads, h and for an LSTM c. ∂h_T/∂h_t is the product of the steps'
Jacobians from T down to t + 1. Each is found by complex step, one interpretation of the equations for all units.

The flow is healthy where a gradient keeps its size on the way back through the sequence, up to a factor of WHOLE, and
does not change it faster than by a factor of ONE a step, on the geometric mean: what is short may change fast and what
is long may not change much in all. Below it vanishes, above it explodes.

Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnncalc.engine.interpreter import InterpretedCell
from rnncalc.model.equations.functions import quiet
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.gradcheck import STEP
from rnncalc.network.stack import Stack
from rnncalc.network.trace import Trace

WHOLE, ONE = 100.0, 10.0  # how far ‖∂h_T/∂h_1‖, and its share of one step, may be from 1


@dataclass(frozen=True)
class GradientFlow:
    """A directional layer's flow over one sequence, visit by visit.

    norms: ‖∂h_T/∂h_t‖ (2-norm); radii: spectral, of the Jacobian of each step; whole: log₂ ‖∂h_T/∂h_1‖, also where the
    norm itself is too large or too small for a number.
    """

    norms: np.ndarray
    radii: np.ndarray
    whole: float

    @property
    def rate(self) -> float:
        """By what a gradient is multiplied on its way back through one step, on the geometric mean."""
        return float(np.exp2(self.whole / max(len(self.norms) - 1, 1)))

    @property
    def verdict(self) -> str:
        """vanishing, exploding or healthy; overflowed where the Jacobians are not finite."""
        if np.isnan(self.whole):
            return "overflowed"
        steps = max(len(self.norms) - 1, 1)
        most = min(np.log2(WHOLE), np.log2(ONE) * steps) + 1e-9
        if abs(self.whole) <= most:
            return "healthy"
        return "vanishing" if self.whole < 0 else "exploding"


@quiet
def flow(network: Stack, trace: Trace, number: int, sequence: int = 0) -> GradientFlow:
    """The flow through a directional layer, counted as `Network.passes` does, over one sequence of the trace."""
    layer, run, schedule = network.passes[number], trace.provenance.runs[number], trace.view.schedule
    visit = int(np.flatnonzero(schedule.order == sequence)[0])
    length = int((schedule.counts > visit).sum())
    parameters = {name: array.astype(np.complex128) for name, array in layer.parameters.items()}
    interpreter = InterpretedCell(layer.cell, parameters, layer.sizes, np.dtype(np.complex128))
    widths = {state: layer.sizes[layer.cell.size(state)] for state in layer.cell.state}
    units = sum(widths.values())
    emitted = _within(widths, layer.cell.emits)
    product, exponent, norms, radii = np.eye(units), 0, np.ones(length), np.zeros(length)
    whole = 0.0
    for t in range(length, 0, -1):
        norm = _norm(product[emitted, emitted])
        norms[t - 1], whole = np.ldexp(norm, exponent), float(np.log2(norm) + exponent)
        before = schedule.row(visit, t - 1)
        states = {state: run.blocks[state][before] for state in widths}
        x = run.inputs[schedule.row(visit, t) - schedule.sequences]
        jacobian = _jacobian(interpreter, x, states, widths)
        radii[t - 1] = np.abs(np.linalg.eigvals(jacobian)).max() if np.isfinite(jacobian).all() else np.nan
        product = product @ jacobian
        shift = int(np.frexp(np.abs(product).max())[1])  # the product may leave the range of numbers, its logarithm not
        product, exponent = np.ldexp(product, -shift), exponent + shift
    return GradientFlow(norms, radii, whole)


def _norm(matrix: np.ndarray) -> float:
    """The 2-norm; NaN where an entry is not finite."""
    return float(np.linalg.norm(matrix, 2)) if np.isfinite(matrix).all() else np.nan


def _within(widths: Mapping[str, int], emits: str) -> slice:
    """Where what the cell emits lies among its states; all of them where it is none."""
    begin = 0
    for state, width in widths.items():
        if state == emits:
            return slice(begin, begin + width)
        begin += width
    return slice(None)


def _jacobian(
    interpreter: InterpretedCell, x: np.ndarray, states: Mapping[str, np.ndarray], widths: Mapping[str, int]
) -> np.ndarray:
    """(S, S): the states after a step by the states before it, a sequence of one step for each unit."""
    units, begin = sum(widths.values()), 0
    initial = {}
    for state, width in widths.items():
        rows = np.tile(states[state].astype(np.complex128), (units, 1))
        rows[begin : begin + width] += 1j * STEP * np.eye(width)
        initial[state] = rows
        begin += width
    signals = interpreter.forward(np.tile(x.astype(np.complex128), (units, 1)), PackedBatch(units, 1), initial)
    after = np.concatenate([signals[state][units:] for state in widths], axis=1)
    jacobian: np.ndarray = after.imag.T / STEP
    return jacobian
