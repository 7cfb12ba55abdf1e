"""Gradients held against complex step: Im f(θ + ih) / h, which has no truncation error and no cancellation.

The equations are interpreted in complex numbers, forward only, so nothing of backpropagation is in it. Truncated and
chunked gradients are those of a sum of shorter runs, each from the state that the whole run had there.

Source: Squire and Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40, 1998.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.backward import depth
from rnncalc.network.forward import traced, tracers
from rnncalc.network.gradients import Gradients
from rnncalc.network.objective import Objective
from rnncalc.network.positions import Position
from rnncalc.network.stack import Stack
from rnncalc.network.trace import Trace
from rnncalc.network.view import View

STEP = 1e-40  # its square vanishes beside any float64 that matters


@dataclass(frozen=True)
class Compared:
    """One quantity: its largest gradient, the largest difference and where that is (index from 0, numbers of both)."""

    name: str
    checked: int
    size: int
    largest: float
    difference: float
    place: tuple[int, ...]
    ours: float
    exact: float


@dataclass(frozen=True)
class _Window:
    """A run of a sequence's steps, from the state before it; the loss of its rows from `counted` on counts."""

    sequence: int
    begin: int
    end: int
    counted: int


class GradientCheck:
    """Exact gradients of one loss, entry by entry, and how far others are from them."""

    def __init__(self, network: Stack, trace: Trace, objective: Objective, truncate: int | None, chunk: int | None):
        self.network, self.trace, self.objective = network.in_complex(), trace, objective
        self._sources: dict[str, tuple[Position, str]] = {}  # dotted name → whose gradient has it, and under what name
        self.schedule: PackedBatch = trace.view.schedule
        given = trace.provenance.runs[0].inputs
        self.tokens = given.ndim == 1
        if list(network.layers[0].passes) == ["backward"]:
            given = given[self.schedule.mirror]
        self.x = self.schedule.unpack(given if self.tokens else given.astype(np.complex128))
        self.initial_states = self._initial_states()
        self.windows = list(self._windows(*depth(network, self.schedule, truncate, chunk)))

    def quantities(self) -> dict[str, np.ndarray]:
        """Everything that can be changed, by dotted name: complex arrays, to be changed in place."""
        quantities: dict[str, np.ndarray] = {}
        lone = "layers[1]." if len(self.network.layers) == 1 else ""  # a single layer is not named
        for (position, part), states in zip(self.network.parts(), [*self.initial_states, {}]):
            arrays = {**part.arrays, **{f"{state}0": array for state, array in states.items()}}
            for name, array in arrays.items():
                label = position.label.removeprefix(lone) + name
                quantities[label], self._sources[label] = array, (position, name)
        return quantities if self.tokens else {**quantities, "x": self.x}

    def loss(self) -> complex:
        """The loss with everything as it now is."""
        return sum((self._loss(window) for window in self.windows), 0j)

    def exact(self, array: np.ndarray, index: tuple[int, ...]) -> float:
        """The derivative of the loss by one entry of a quantity."""
        kept = array[index]
        array[index] = kept + 1j * STEP
        try:
            return float(self.loss().imag / STEP)
        finally:
            array[index] = kept

    def compare(self, gradients: Gradients, most: int = 0, seed: int = 0) -> Iterator[Compared]:
        """Every quantity; of large ones only `most` entries, drawn by the seed (0: all)."""
        draw = np.random.default_rng(seed)
        for name, array in self.quantities().items():
            ours = self.gradient(gradients, name)
            places = list(np.ndindex(*array.shape))
            if 0 < most < len(places):
                places = [places[i] for i in sorted(draw.choice(len(places), most, replace=False))]
            pairs = [(float(ours[place]), self.exact(array, place), place) for place in places]
            if not pairs:
                continue
            worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
            largest = max(abs(exact) for _ours, exact, _place in pairs)
            difference = abs(worst[0] - worst[1])
            yield Compared(name, len(places), array.size, largest, difference, worst[2], worst[0], worst[1])

    def gradient(self, gradients: Gradients, quantity: str) -> np.ndarray:
        """The gradient of that quantity, sequences first."""
        if quantity == "x":
            return self.trace.view.batch_first(gradients["x"])
        position, name = self._sources[quantity]
        part = gradients.part(position)
        return part[name][None] if name in part.initial_states and not self.trace.view.batch else part[name]

    # runs -----------------------------------------------------------------------------------------------------------

    def _initial_states(self) -> list[dict[str, np.ndarray]]:
        """The initial states of each directional layer, a row for each sequence, or one row that all share."""
        initial_states = []
        for layer, run in zip(self.network.passes, self.trace.provenance.runs):
            states = {}
            for state in layer.cell.state:
                rows = np.empty_like(run.blocks[state][: self.schedule.sequences], np.complex128)
                rows[self.schedule.order] = run.blocks[state][: self.schedule.sequences]
                states[state] = rows[0].copy() if state in run.shared else rows
            initial_states.append(states)
        return initial_states

    def _windows(self, truncate: int, chunk: int) -> Iterator[_Window]:
        for sequence, length in enumerate(self.schedule.present.sum(axis=1)):
            if truncate:
                for end in range(1, length + 1):
                    yield _Window(sequence, max(end - truncate, 0), end, end - 1)
            else:
                for begin in range(0, length, chunk or max(length, 1)):
                    yield _Window(sequence, begin, min(begin + (chunk or length), length), begin)

    def _loss(self, window: _Window) -> complex:
        """The loss of one window, run by itself."""
        there = np.flatnonzero(self.schedule.present[window.sequence])[window.begin : window.end]
        x = self.x[window.sequence, there][None]
        states = [self._states_before(window, number) for number in range(len(self.network.passes))]
        view = View(PackedBatch(1, len(there)), batch=True)
        trace = traced(self.network, x, view, tracers(self.network, view, states))
        values = trace.at(self.objective.at)[window.counted - window.begin :]
        visit = int(np.flatnonzero(self.schedule.order == window.sequence)[0])
        steps = range(window.counted + 1, window.end + 1)
        rows = np.array([self.schedule.row(visit, t) for t in steps], int) - self.schedule.sequences
        return complex(self.objective.evaluate(values, rows).loss)

    def _states_before(self, window: _Window, number: int) -> dict[str, np.ndarray]:
        """A directional layer's states before a window: its initial ones, which may be changed, or the whole run's."""
        given = self.initial_states[number]
        if window.begin == 0:
            return {f"{s}0": array if array.ndim == 1 else array[[window.sequence]] for s, array in given.items()}
        visit = int(np.flatnonzero(self.schedule.order == window.sequence)[0])
        row = self.schedule.row(visit, window.begin)
        return {f"{state}0": self.trace.provenance.runs[number].blocks[state][[row]] for state in given}


def worst(compared: Sequence[Compared]) -> float:
    """The largest difference of all, relative to the largest gradient of all."""
    largest = max((quantity.largest for quantity in compared), default=0.0)
    return max((quantity.difference for quantity in compared), default=0.0) / (largest or 1.0)
