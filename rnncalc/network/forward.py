"""The forward pass through a network's layers, from the bottom up, and the trace that keeps every signal of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.model.summaries import summarised
from rnncalc.network.stack import Stack
from rnncalc.network.trace import CellRun, Provenance, Trace
from rnncalc.network.view import View

Blocks = Mapping[str, np.ndarray]  # signal → its rows
Fed = Callable[[int, np.ndarray], np.ndarray]  # level, rows on their way into it → the rows that reach it


class Tracer(NamedTuple):
    """What computes every signal of a directional layer or the read-out from its rows of inputs.

    shared: the initial states that are one vector for a whole batch.
    """

    signals: Callable[[np.ndarray], Blocks]
    shared: frozenset[str] = frozenset()


def tracers(network: Stack, view: View, initial_states: Sequence[Mapping[str, Any]]) -> list[Tracer]:
    """The tracers of all directional layers, each from its initial states, and of the read-out."""
    result, schedule = list[Tracer](), view.schedule
    for cell, part, given in zip(network.cells, network.passes, initial_states):
        initial = part.start(given, schedule, network.dtype)
        result.append(Tracer(cell.tracing(schedule, initial), part.shared(given, view.batch)))
    if network.read_out:
        rows = PackedBatch.flat(schedule.rows - schedule.sequences)
        result.append(Tracer(network.cells[-1].tracing(rows, {})))
    return result


def through_layers(
    layers: Sequence[Layer], rows: np.ndarray, run: Callable[[DirectionalLayer, np.ndarray], np.ndarray],
    mirror: Callable[[np.ndarray], np.ndarray], emitted: list[np.ndarray] | None = None,
    top: Callable[[dict[str, np.ndarray]], np.ndarray] | None = None, fed: Fed | None = None,
) -> np.ndarray:  # fmt: skip
    """The rows that the top layer emits, or what `top` makes of its directions; into `emitted`, those of every layer.

    run: what a directional layer makes of rows; mirror: rows in the opposite order of time; fed: what rows on their way
    into each level go through.
    """
    for level, layer in enumerate(layers):
        rows, outputs = fed(level, rows) if fed else rows, {}
        for direction, part in layer.passes.items():
            outputs[direction] = mirror(run(part, mirror(rows))) if direction == "backward" else run(part, rows)
        rows = MERGES[layer.merge](*outputs.values()) if len(outputs) > 1 else next(iter(outputs.values()))
        if emitted is not None:
            emitted.append(rows)
    rows = top(outputs) if top else rows
    return fed(len(layers), rows) if fed else rows


def summary_of(network: Stack, schedule: PackedBatch) -> Callable[[dict[str, np.ndarray]], np.ndarray] | None:
    """What the read-out sees of the top layer's directions, if not simply what the layer emits."""
    merge = network.layers[-1].merge
    return partial(summarised, network.summary, merge, schedule=schedule) if network.summarises else None


def traced(
    network: Stack, array: np.ndarray, view: View, tracers: Sequence[Tracer], fed: Fed | None = None
) -> Trace:  # fmt: skip
    """Every signal of every step. x is (N, T, D) and has been checked; fed: as for `through_layers`."""
    schedule, remaining = view.schedule, iter(tracers)
    rows = schedule.pack(array)
    emitted: list[np.ndarray] = []
    runs: list[CellRun] = []
    if schedule.sequences == 1 or np.may_share_memory(rows, array):  # the way back needs x as it was
        rows = rows.copy()

    def run(part: DirectionalLayer, inputs: np.ndarray) -> np.ndarray:
        signals, shared = next(remaining)
        blocks = signals(inputs)
        runs.append(CellRun(blocks, inputs, shared))
        return blocks[part.cell.emits][schedule.sequences :]

    top_rows = summary_of(network, schedule)
    rows = through_layers(network.layers, rows, run, lambda rows: rows[schedule.mirror], emitted, top_rows, fed)
    top: Blocks = {"y": rows}  # without a read-out the output is the layer's
    if network.read_out:
        top = next(remaining).signals(rows)
        runs.append(CellRun(top, rows))
    elif "s" not in network.layers[-1].cell.outputs:
        top = {"s": rows, "y": rows}
    return Trace(network.layers, emitted, top, view, Provenance(network, network.weights, runs, fed))
