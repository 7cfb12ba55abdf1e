"""A whole network's training step in machine code: its units from the bottom up, the loss, and down again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnncalc.engine import train_loops
from rnncalc.engine.loops import TOKENS
from rnncalc.engine.train import Unit
from rnncalc.layer import MERGES, Layer, Pass, unmerged
from rnncalc.losses import LOSSES
from rnncalc.readout import read_out as read_out_cell
from rnncalc.schedule import Schedule

KINDS = {
    "half_squared_error": train_loops.HALF,
    "squared_error": train_loops.SQUARED,
    "mean_squared_error": train_loops.SQUARED,
    "cross_entropy": train_loops.CROSS_ENTROPY,
    "binary_cross_entropy": train_loops.BINARY,
}
Starts = Sequence[Mapping[str, np.ndarray]]


class CompiledStep:
    """Loss and gradient of one batch after another.

    places: pass → symbol → where its entries lie in θ, from 1; theta: θ, of which the passes' arrays are views.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        read_out: Pass | None,
        places: Callable[[Pass], Mapping[str, np.ndarray]],
        theta: np.ndarray,
        loss: str,
    ):
        self.layers, self.theta, self.loss = layers, theta, loss
        passes = [one for layer in layers for one in layer.passes.values()]
        bottom = len(layers[0].passes)
        self.units = [Unit(one, places(one), theta, number >= bottom) for number, one in enumerate(passes)]
        self.top: Unit | None = None
        if read_out:
            if LOSSES[loss].at == "s":  # the loss takes the scores, so nobody needs a function of them
                plain = read_out.settled(theta.dtype)
                plain.cell, plain.arrays = read_out_cell("identity"), read_out.arrays
                self.top = Unit(plain, places(read_out), theta, True)
            else:
                self.top = Unit(read_out, places(read_out), theta, True)
        self._flat: dict[int, Schedule] = {}
        self.packed = False

    def refresh(self) -> None:
        """θ has changed: pack it anew before the next step."""
        self.packed = False

    def __call__(
        self,
        x: np.ndarray,
        schedule: Schedule,
        starts: Starts,
        targets: np.ndarray,
        share: float,
        chunk: int = 0,
        g: np.ndarray | None = None,
    ) -> tuple[float, int]:
        """The sum of the losses and how many rows were right; with g, their gradient times `share` into it.

        x (rows, D), or (rows,) numbers of one-hot rows, in the schedule's order; starts: of each pass, by state;
        targets (rows, O), NaN: none, or (rows,) class numbers, -1: none.
        """
        if not self.packed:
            for unit in [*self.units, *([self.top] if self.top else [])]:
                unit.refresh()
            self.packed = True
        self.schedule = schedule
        self._up(x, starts)
        at = self._top_rows(targets)
        found = self._judge(targets if at is None else targets[at], share)
        if g is not None:
            self._down(at, chunk, g)
        return found

    def last_states(self) -> list[dict[str, np.ndarray]]:
        """Every pass's states after the last step of each sequence, in the schedule's order: copies."""
        last = self.schedule.last[self.schedule.order]
        return [{state: unit.signal(state)[last] for state in unit.cell.state} for unit in self.units]

    # up ---------------------------------------------------------------------------------------------------------------

    def _up(self, x: np.ndarray, starts: Starts) -> None:
        schedule, number = self.schedule, 0
        rows: np.ndarray | None = None  # what a merged layer hands up
        fed, pitch = x.reshape(-1), x.shape[1] if x.ndim == 2 else TOKENS
        for layer in self.layers:
            here = self.units[number : number + len(layer.passes)]
            for name, unit in zip(layer.passes, here):
                if name == "backward":
                    mirrored = x[schedule.mirror] if number == 0 else self._matrix(rows, number)[schedule.mirror]
                    unit.forward(mirrored.reshape(-1), mirrored.shape[1] if mirrored.ndim == 2 else TOKENS, schedule,
                                 starts[self.units.index(unit)])  # fmt: skip
                elif unit.cell.adds_input and pitch not in (TOKENS, unit.one.sizes["D"]):
                    whole = self._matrix(rows, number)
                    unit.forward(whole.reshape(-1), whole.shape[1], schedule, starts[self.units.index(unit)])
                else:
                    unit.forward(fed, pitch, schedule, starts[self.units.index(unit)])
            number += len(here)
            if len(here) > 1 or "backward" in layer.passes:
                out = [self._emitted(unit, name) for name, unit in zip(layer.passes, here)]
                rows = np.ascontiguousarray(MERGES[layer.merge](*out) if len(out) > 1 else out[0])
                fed, pitch = rows.reshape(-1), rows.shape[1]
            else:
                rows, (fed, pitch) = None, here[0].flat(layer.cell.emits)
        self.handed = rows

    def _matrix(self, rows: np.ndarray | None, number: int) -> np.ndarray:
        """What a layer is fed, as a matrix of its own."""
        if rows is not None:
            return rows
        below = self.units[number - 1]
        return np.ascontiguousarray(below.signal(below.cell.emits)[self.schedule.sequences :])

    def _emitted(self, unit: Unit, way: str) -> np.ndarray:
        emitted = unit.signal(unit.cell.emits)[self.schedule.sequences :]
        return emitted[self.schedule.mirror] if way == "backward" else emitted

    def _top_rows(self, targets: np.ndarray) -> np.ndarray | None:
        """Run the read-out: on all rows, or only on those that have a target where they are few."""
        if self.top is None:
            return None
        there = targets >= 0 if targets.ndim == 1 else ~np.isnan(targets).all(axis=1)
        at = np.flatnonzero(there)
        if 2 * len(at) >= len(there):
            if self.handed is None:
                fed, pitch = self.units[-1].flat(self.units[-1].cell.emits)
            else:
                fed, pitch = self.handed.reshape(-1), self.handed.shape[1]
            self.top.forward(fed, pitch, self._flat_schedule(len(there)), {})
            return None
        chosen = self._matrix(self.handed, len(self.units))[at]
        self.top.forward(chosen.reshape(-1), chosen.shape[1], self._flat_schedule(len(at)), {})
        return at

    def _flat_schedule(self, rows: int) -> Schedule:
        if rows not in self._flat:
            if len(self._flat) > 256:
                self._flat.clear()
            self._flat[rows] = Schedule.flat(rows)
        return self._flat[rows]

    # the loss ---------------------------------------------------------------------------------------------------------

    def _judge(self, targets: np.ndarray, share: float) -> tuple[float, int]:
        """The loss of the topmost unit's rows; its gradient arrives there."""
        unit = self.top or self.units[-1]
        name = LOSSES[self.loss].at if "s" in unit.cell.outputs else unit.cell.emits
        weight = self.theta.dtype.type(share)
        at, slot, first = unit.packed.offset(name), unit.back.offset(name), unit.schedule.sequences
        block, adjoint = unit.rows.reshape(-1), unit.clear()
        if targets.ndim == 1:
            room = unit.packed.offset("y") if "y" in unit.cell.outputs else -1
            if room < 0 or unit is not self.top:
                block, at, first, room, pitch, adjoint_ = self._aside(unit, name, adjoint)
                return train_loops.classes_loss(
                    block, pitch, at, room, first, targets, unit.one.sizes["O"], unit.packed.lanes, weight,
                    adjoint_, unit.pitch_a, slot,
                )  # fmt: skip
            return train_loops.classes_loss(
                block, unit.pitch, at, room, first, targets, unit.one.sizes["O"], unit.packed.lanes, weight, adjoint,
                unit.pitch_a, slot,
            )  # fmt: skip
        targets = np.ascontiguousarray(targets, self.theta.dtype)
        return train_loops.rows_loss(
            KINDS[self.loss], block, unit.pitch, at, first, targets, weight, adjoint, unit.pitch_a, slot
        )

    def _aside(self, unit: Unit, name: str, adjoint: np.ndarray) -> tuple[Any, ...]:
        """A cell that makes y itself still needs its own y on the way back: its scores, copied, with room beside."""
        first, width = unit.schedule.sequences, unit.packed.widths["O"]
        scores = unit.signal(name)[first:]
        block = unit.room("scores", len(scores) * 2 * width)
        block.reshape(len(scores), 2 * width)[:, : scores.shape[1]] = scores
        return block, 0, 0, width, 2 * width, adjoint[first * unit.pitch_a :]

    # down -------------------------------------------------------------------------------------------------------------

    def _down(self, at: np.ndarray | None, chunk: int, g: np.ndarray) -> None:
        schedule = self.schedule
        for unit in self.units if self.top else self.units[:-1]:
            unit.clear()
        if self.top:
            self.top.backward(0, g)
            self._hand_down(self.top, len(self.layers) - 1, at)
        number = len(self.units)
        for level in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[level]
            number -= len(layer.passes)
            here = self.units[number : number + len(layer.passes)]
            for unit in here:
                unit.backward(chunk if chunk < len(schedule.counts) else 0, g)
            if level:
                for name, unit in zip(layer.passes, here):
                    self._hand_down(unit, level - 1, None, name == "backward")

    def _hand_down(self, unit: Unit, level: int, at: np.ndarray | None, mirrored: bool = False) -> None:
        """The gradient at a unit's inputs arrives at the layer below."""
        layer, schedule = self.layers[level], self.schedule
        number = sum(len(lower.passes) for lower in self.layers[:level])
        here = self.units[number : number + len(layer.passes)]
        if len(here) == 1 and at is None and not mirrored and "backward" not in layer.passes:
            below = here[0]
            begin = schedule.sequences * below.pitch_a + below.back.offset(layer.cell.emits)
            unit.below(below.adjoint[begin:], below.pitch_a)
            return
        width = unit.back.input_width
        rows = unit.schedule.rows - unit.schedule.sequences
        dx = unit.room("dx", rows * width)
        dx[:] = 0
        unit.below(dx, width)
        gradient = dx.reshape(rows, width)[:, : unit.one.sizes["D"]]
        if at is not None:
            whole = np.zeros((schedule.rows - schedule.sequences, gradient.shape[1]), gradient.dtype)
            whole[at] = gradient
            gradient = whole
        if mirrored:
            gradient = gradient[schedule.mirror]
        shares: Sequence[np.ndarray] = [gradient]
        if len(here) > 1:
            out = [self._emitted(one, name) for name, one in zip(layer.passes, here)]
            shares = unmerged(layer.merge, gradient, *out)
        for name, share, below in zip(layer.passes, shares, here):
            below.arriving(layer.cell.emits)[:] += share[schedule.mirror] if name == "backward" else share
