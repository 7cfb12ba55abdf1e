"""A network's forward pass that keeps every signal: through its layers from the bottom up, as `inference` without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncalc.model.layer import MERGES
from rnncalc.model.packed_batch import Schedule
from rnncalc.network.stack import Stack
from rnncalc.network.trace import Made, Ran, Trace
from rnncalc.network.view import View

Signals = Mapping[str, np.ndarray]


class Run(NamedTuple):
    """What computes one pass or the read-out: its inputs, row by row → every signal; the starts that are shared."""

    signals: Callable[[np.ndarray], Signals]
    shared: frozenset[str] = frozenset()


def runs(network: Stack, view: View, starts: Sequence[Mapping[str, Any]]) -> list[Run]:
    """Those of all passes, each with its starts, and of the read-out."""
    found, schedule = list[Run](), view.schedule
    for cell, one, given in zip(network.cells, network.passes, starts):
        initial = one.start(given, schedule, network.dtype)
        found.append(Run(cell.tracing(schedule, initial), one.shared(given, view.batch)))
    if network.read_out:
        rows = Schedule.flat(schedule.rows - schedule.sequences)
        found.append(Run(network.cells[-1].tracing(rows, {})))
    return found


def traced(network: Stack, array: np.ndarray, view: View, runs: Sequence[Run]) -> Trace:
    """Every signal of every step. x is (N, T, D) and has been checked."""
    schedule, remaining = view.schedule, iter(runs)
    rows, passed, ran = schedule.pack(array), list[np.ndarray](), list[Ran]()
    if schedule.sequences == 1 or np.may_share_memory(rows, array):  # the way back needs x as it was
        rows = rows.copy()
    for layer in network.layers:
        out = []
        for way, one in layer.passes.items():
            fed = rows[schedule.mirror] if way == "backward" else rows
            signals, shared = next(remaining)
            blocks = signals(fed)
            ran.append(Ran(blocks, fed, shared))
            emitted = blocks[one.cell.emits][schedule.sequences :]
            out.append(emitted[schedule.mirror] if way == "backward" else emitted)
        rows = MERGES[layer.merge](*out) if len(out) > 1 else out[0]
        passed.append(rows)
    scores = "s" in network.layers[-1].cell.outputs
    top: Signals = {"y": rows} if scores else {"s": rows, "y": rows}  # without a read-out the output is the layer's
    if network.read_out:
        top = next(remaining).signals(rows)
        ran.append(Ran(top, rows))
    return Trace(network.layers, passed, top, view, Made(network, network.weights, ran))
