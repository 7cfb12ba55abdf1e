"""A network's forward pass that keeps every signal: through its layers from the bottom up, as `inference` without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.stack import Stack
from rnncalc.network.trace import CellRun, Provenance, Trace
from rnncalc.network.view import View

Signals = Mapping[str, np.ndarray]


class Tracer(NamedTuple):
    """Computes one pass or the read-out: its inputs, row by row → every signal; the initial states that are shared."""

    signals: Callable[[np.ndarray], Signals]
    shared: frozenset[str] = frozenset()


def tracers(network: Stack, view: View, starts: Sequence[Mapping[str, Any]]) -> list[Tracer]:
    """The tracers of all passes, each from its initial states, and of the read-out."""
    result, schedule = list[Tracer](), view.schedule
    for cell, one, given in zip(network.cells, network.passes, starts):
        initial = one.start(given, schedule, network.dtype)
        result.append(Tracer(cell.tracing(schedule, initial), one.shared(given, view.batch)))
    if network.read_out:
        rows = PackedBatch.flat(schedule.rows - schedule.sequences)
        result.append(Tracer(network.cells[-1].tracing(rows, {})))
    return result


def traced(network: Stack, array: np.ndarray, view: View, tracers: Sequence[Tracer]) -> Trace:
    """Every signal of every step. x is (N, T, D) and has been checked."""
    schedule, remaining = view.schedule, iter(tracers)
    rows, passed, runs = schedule.pack(array), list[np.ndarray](), list[CellRun]()
    if schedule.sequences == 1 or np.may_share_memory(rows, array):  # the way back needs x as it was
        rows = rows.copy()
    for layer in network.layers:
        out = []
        for way, one in layer.passes.items():
            fed = rows[schedule.mirror] if way == "backward" else rows
            signals, shared = next(remaining)
            blocks = signals(fed)
            runs.append(CellRun(blocks, fed, shared))
            emitted = blocks[one.cell.emits][schedule.sequences :]
            out.append(emitted[schedule.mirror] if way == "backward" else emitted)
        rows = MERGES[layer.merge](*out) if len(out) > 1 else out[0]
        passed.append(rows)
    scores = "s" in network.layers[-1].cell.outputs
    top: Signals = {"y": rows} if scores else {"s": rows, "y": rows}  # without a read-out the output is the layer's
    if network.read_out:
        top = next(remaining).signals(rows)
        runs.append(CellRun(top, rows))
    return Trace(network.layers, passed, top, view, Provenance(network, network.weights, runs))
