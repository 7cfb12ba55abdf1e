"""The forward pass through a network's layers, from the bottom up, and the trace that keeps every signal of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.stack import Stack
from rnncalc.network.trace import CellRun, Provenance, Trace
from rnncalc.network.view import View

Blocks = Mapping[str, np.ndarray]  # signal → its rows


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
) -> np.ndarray:  # fmt: skip
    """The rows that the top layer emits; into `emitted`, those of every layer.

    run: what a directional layer makes of rows; mirror: rows in the opposite order of time.
    """
    for layer in layers:
        outputs = []
        for direction, part in layer.passes.items():
            outputs.append(mirror(run(part, mirror(rows))) if direction == "backward" else run(part, rows))
        rows = MERGES[layer.merge](*outputs) if len(outputs) > 1 else outputs[0]
        if emitted is not None:
            emitted.append(rows)
    return rows


def traced(network: Stack, array: np.ndarray, view: View, tracers: Sequence[Tracer]) -> Trace:
    """Every signal of every step. x is (N, T, D) and has been checked."""
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

    rows = through_layers(network.layers, rows, run, lambda rows: rows[schedule.mirror], emitted)
    top: Blocks = {"y": rows}  # without a read-out the output is the layer's
    if network.read_out:
        top = next(remaining).signals(rows)
        runs.append(CellRun(top, rows))
    elif "s" not in network.layers[-1].cell.outputs:
        top = {"s": rows, "y": rows}
    return Trace(network.layers, emitted, top, view, Provenance(network, network.weights, runs))
