"""The outputs of a network alone, without a trace: through its layers step by step, or across the sequences of a batch.

Both give the same bits. A vector along the units of a row is full where there are many units; across the sequences,
where there are many sequences. The layout that leaves fewer lanes empty is taken, and of very many sequences that
across them where rows are short: what a row costs beside its vectors is then saved too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from rnncalc.common.threads import shares
from rnncalc.engine.interface import CellRunner, CompiledRunner
from rnncalc.model.layer import DirectionalLayer
from rnncalc.model.packed_batch import BatchMajor, PackedBatch
from rnncalc.network.forward import summary_of, through_layers, traced, tracers
from rnncalc.network.stack import Stack
from rnncalc.network.states import States, shown_states
from rnncalc.network.trace import Trace
from rnncalc.network.view import View

FEW = 8  # sequences whose inputs make full tiles at every step: fewer are laid out for many steps at once
MANY = 4096  # sequences whose rows no cache holds from step to step
BESIDE = 1 / 3  # of a vector: what a row then costs along the units beside its vectors
FULLER = 1.15  # how much fuller the vectors must be for the transposition of inputs and outputs to pay

Outputs = tuple[np.ndarray, States | None]


def infer(
    network: Stack, cells: Sequence[CellRunner], array: np.ndarray, view: View,
    initial_states: Sequence[Mapping[str, Any]], with_states: bool, threads: int = 1,
) -> Outputs:  # fmt: skip
    """The outputs and, with_states, the states after the last step. x (N, T, D); all has been checked.

    threads: how many may share the units, where the sequences are too few to be shared.
    """
    if across_pays(network, view):
        return _across(network, cast(Sequence[CompiledRunner], cells), array, view, initial_states, with_states)
    view = _laid(network, view)
    schedule, remaining, given, final_states = view.schedule, iter(cells), iter(initial_states), []

    def run(part: DirectionalLayer, inputs: np.ndarray) -> np.ndarray:
        initial = part.start(next(given), schedule, network.dtype)
        emitted, final = next(remaining).infer(inputs, schedule, initial, threads, with_states)
        final_states.append(final)
        return emitted

    rows = through_layers(
        network.layers, schedule.pack(array), run, lambda rows: rows[schedule.mirror], top=summary_of(network, schedule)
    )
    if network.read_out:
        rows, _none = next(remaining).infer(rows, PackedBatch.flat(len(rows)), {}, wanted=False)
    return np.ascontiguousarray(view.steps(rows)), shown_states(network, final_states, view) if with_states else None


class PreparedCall:
    """A network made ready for inputs of one shape, from its own initial states: what depends on the shape is done.

    `outputs` gives the outputs: x → y; `trace` gives every signal.
    """

    def __init__(self, network: Stack, view: View):
        self.plain, self.view = view, _laid(network, view)
        schedule = self.view.schedule
        in_order = schedule.sequences == 1 or (isinstance(schedule, BatchMajor) and not self.view.time_first)
        self.in_order = in_order and not schedule.ragged and schedule.steps > 0  # rows lie as the caller has them
        self.shape = *self.view.shape, network.y_width
        places = _places(network, schedule)
        self.calls = [cell.prepared(schedule, initial) for cell, schedule, initial in places]
        self.tracers = tracers(network, view, [{}] * len(network.passes))

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """x and y are shown as the view says."""
        rows = x if self.in_order else self.view.rows(x)
        for call in self.calls:
            rows, _states = call.run(rows)
        if self.in_order:
            return rows.reshape(self.shape)
        return np.ascontiguousarray(self.view.steps(rows.reshape(-1, self.shape[-1])))

    def trace(self, network: Stack, x: np.ndarray) -> Trace:
        """Every signal of every step; x is shown as the view says."""
        return traced(network, self.plain.batch_first(x), self.plain, self.tracers)

    @classmethod
    def of(cls, network: Stack, view: View) -> PreparedCall | None:
        """None where there is more to decide: vectors across sequences, backward layers, a summary, work to share."""
        plain = network.compiles and not (network.runs_backward or network.summarises or _shared(network, view))
        return cls(network, view) if plain and not across_pays(network, view) else None


def _shared(network: Stack, view: View) -> bool:
    """Whether several threads share the sequences, or the units of one."""
    if network.threads == 1:
        return False
    cells = cast(Sequence[CompiledRunner], network.cells)
    return len(shares(view.schedule.sequences, network.threads)) > 1 or any(cell.divisible for cell in cells)


def _places(
    network: Stack, schedule: PackedBatch
) -> Iterator[tuple[CompiledRunner, PackedBatch, dict[str, np.ndarray]]]:
    """What computes each directional layer and the read-out, over which rows, and from which initial states."""
    cells = cast(Sequence[CompiledRunner], network.cells)
    for cell, part in zip(cells, network.passes):
        yield cell, schedule, part.start({}, schedule, network.dtype)
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
    if sequences < 2 or view.schedule.ragged or not view.schedule.steps or not network.compiles or network.summarises:
        return False
    lanes = network.lanes
    units, beside = [part.width for part in network.passes], BESIDE if sequences >= MANY else 0
    along = sum((-(-width // lanes) + beside) * lanes for width in units) / sum(units)
    return -(-sequences // lanes) * lanes / sequences * FULLER < along


def _across(
    network: Stack, cells: Sequence[CompiledRunner], array: np.ndarray, view: View,
    initial_states: Sequence[Mapping[str, Any]], with_states: bool,
) -> Outputs:  # fmt: skip
    """`infer` with vectors across the sequences: arrays stay (N, T, width) from layer to layer."""
    remaining, given, final_states = iter(cells), iter(initial_states), []

    def run(part: DirectionalLayer, inputs: np.ndarray) -> np.ndarray:
        initial = part.start(next(given), view.schedule, network.dtype)
        emitted, final = next(remaining).lane_batched.infer(np.ascontiguousarray(inputs), initial, with_states)
        final_states.append(final)
        return emitted

    y = np.ascontiguousarray(through_layers(network.layers, array, run, lambda steps: steps[:, ::-1]))
    if network.read_out:
        y, _none = next(remaining).lane_batched.infer(y, {}, False)
    y = np.ascontiguousarray(np.swapaxes(y, 0, 1)) if view.time_first else y
    return y, shown_states(network, final_states, view) if with_states else None
