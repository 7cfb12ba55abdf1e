"""The outputs of a network alone, without a trace: through its layers step by step, or across the sequences of a batch.

Both ways give the same bits. A vector along the units of a row is full where there are many units; across the
sequences, where there are many sequences. The way that leaves fewer lanes empty is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from rnncalc.engine.interface import CellRunner, CompiledRunner
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.forward import traced, tracers
from rnncalc.network.stack import Stack
from rnncalc.network.states import shown_ends
from rnncalc.network.trace import Trace
from rnncalc.network.view import View

FEW = 8  # sequences whose inputs make full tiles at every step: fewer are laid out for many steps at once
FULLER = 1.15  # how much fuller the vectors must be for the turning of inputs and outputs to be worth it

Outputs = tuple[np.ndarray, dict[str, Any]]


def infer(
    network: Stack,
    cells: Sequence[CellRunner],
    array: np.ndarray,
    view: View,
    starts: Sequence[Mapping[str, Any]],
    wanted: bool,
    threads: int = 1,
) -> Outputs:
    """The outputs and, if they are wanted, the states after the last step. x (N, T, D); all has been checked.

    threads: how many may share the units, where the sequences are too few to be shared.
    """
    if across_pays(network, view):
        return _across(network, cast(Sequence[CompiledRunner], cells), array, view, starts, wanted)
    view = _laid(network, view)
    schedule, made, given = view.schedule, iter(cells), iter(starts)
    rows, ends = schedule.pack(array), []
    for layer in network.layers:
        out = []
        for name, one in layer.passes.items():
            mirrored = name == "backward"
            fed = rows[schedule.mirror] if mirrored else rows
            start = one.start(next(given), schedule, network.dtype)
            emitted, final = next(made).infer(fed, schedule, start, threads, wanted)
            out.append(emitted[schedule.mirror] if mirrored else emitted)
            ends.append(final)
        rows = MERGES[layer.merge](*out) if len(out) > 1 else out[0]
    if network.read_out:
        rows, _none = next(made).infer(rows, PackedBatch.flat(len(rows)), {}, wanted=False)
    return np.ascontiguousarray(view.steps(rows)), shown_ends(ends, view) if wanted else {}


class PreparedCall:
    """A network made ready for inputs of one shape, from its own initial states: what depends on the shape is done.

    Called, it gives the outputs: x → y; `trace` gives every signal.
    """

    def __init__(self, network: Stack, view: View):
        self.plain, self.view = view, _laid(network, view)
        places = _places(network, self.view.schedule)
        self.calls = [cell.prepared(schedule, initial) for cell, schedule, initial in places]
        self.tracers = tracers(network, view, [{}] * len(network.passes))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """x and y are shown as the view says."""
        return self.outputs(self.view.batch_first(x))

    def outputs(self, array: np.ndarray) -> np.ndarray:
        """The same of x as (N, T, D)."""
        rows = self.view.schedule.pack(array)
        for call in self.calls:
            rows, _states = call(rows)
        return np.ascontiguousarray(self.view.steps(rows))

    def trace(self, network: Stack, x: np.ndarray) -> Trace:
        """Every signal of every step; x is shown as the view says."""
        return traced(network, self.plain.batch_first(x), self.plain, self.tracers)

    @classmethod
    def of(cls, network: Stack, view: View) -> PreparedCall | None:
        """None where a call has more to decide: vectors across the sequences, layers that run backward, threads."""
        plain = (
            network.compiles and network.threads == 1 and all("backward" not in one.passes for one in network.layers)
        )
        return cls(network, view) if plain and not across_pays(network, view) else None


def _places(
    network: Stack, schedule: PackedBatch
) -> Iterator[tuple[CompiledRunner, PackedBatch, dict[str, np.ndarray]]]:
    """What computes each pass and the read-out, over which rows, and from which starts."""
    cells = cast(Sequence[CompiledRunner], network.cells)
    for cell, one in zip(cells, network.passes):
        yield cell, schedule, one.start({}, schedule, network.dtype)
    if network.read_out:
        yield cells[-1], PackedBatch.flat(schedule.rows - schedule.sequences), {}


def _laid(network: Stack, view: View) -> View:
    """How the rows lie: a batch of many sequences is read and written where the caller has it."""
    schedule = view.schedule
    many = schedule.sequences >= FEW and not schedule.ragged and schedule.steps > 0
    return view.batch_major if many and network.compiles else view


def across_pays(network: Stack, view: View) -> bool:
    """Whether vectors across the sequences are fuller than vectors along the units."""
    sequences = view.schedule.sequences
    if sequences < 2 or view.schedule.ragged or not view.schedule.steps or not network.compiles:
        return False
    lanes = network.lanes
    units = [one.width for one in network.passes]
    along = sum(-(-width // lanes) * lanes for width in units) / sum(units)
    return -(-sequences // lanes) * lanes / sequences * FULLER < along


def _across(
    network: Stack,
    cells: Sequence[CompiledRunner],
    array: np.ndarray,
    view: View,
    starts: Sequence[Mapping[str, Any]],
    wanted: bool,
) -> Outputs:
    schedule, made, given = view.schedule, iter(cells), iter(starts)
    x, ends = np.ascontiguousarray(array), []
    for layer in network.layers:
        out = []
        for name, one in layer.passes.items():
            way = slice(None, None, -1 if name == "backward" else None)
            start = one.start(next(given), schedule, network.dtype)
            emitted, final = next(made).lane_batched.infer(np.ascontiguousarray(x[:, way]), start, wanted)
            out.append(emitted[:, way])
            ends.append(final)
        x = MERGES[layer.merge](*out) if len(out) > 1 else np.ascontiguousarray(out[0])
    if network.read_out:
        x, _none = next(made).lane_batched.infer(x, {}, False)
    y = np.ascontiguousarray(np.swapaxes(x, 0, 1)) if view.time_first else x
    return y, shown_ends(ends, view) if wanted else {}
