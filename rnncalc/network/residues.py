"""A forward pass in which what is zero up to the rounding of its own terms is 0, and what follows from it."""

from __future__ import annotations

from functools import partial

import numpy as np

from rnncalc.engine.interpreter import InterpretedCell
from rnncalc.model.equations.residues import agree, settled
from rnncalc.model.layer import DirectionalLayer
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.network.forward import Tracer, traced
from rnncalc.network.stack import Stack
from rnncalc.network.trace import CellRun, Trace


def without_residues(network: Stack, x: np.ndarray, trace: Trace) -> Trace:
    """The trace of an interpreted network with 0 for every residue. x is (N, T, D)."""
    parts = [*network.passes, *([network.read_out] if network.read_out else [])]
    runs, schedule = trace.provenance.runs, trace.view.schedule
    tracers = [Tracer(partial(_settled, network, part, run, schedule)) for part, run in zip(parts, runs)]
    return traced(network, x.astype(network.dtype), trace.view, tracers)


def differ(shown: Trace, trace: Trace) -> bool:
    """Whether a residue became 0."""
    return any(((rows == 0) & (raw != 0)).any() for rows, raw in _pairs(shown, trace))


def no_jump(shown: Trace, trace: Trace) -> bool:
    """Whether residues alone part the two: no function jumps at one."""
    return all(agree(rows, raw) for rows, raw in _pairs(shown, trace))


def _pairs(shown: Trace, trace: Trace) -> list[tuple[np.ndarray, np.ndarray]]:
    runs = zip(trace.provenance.runs, shown.provenance.runs)
    return [(rows, run.blocks[line]) for run, own in runs for line, rows in own.blocks.items()]


def _settled(
    network: Stack, part: DirectionalLayer, run: CellRun, schedule: PackedBatch, inputs: np.ndarray
) -> dict[str, np.ndarray]:
    """The signals of one run."""
    if part is network.read_out:
        schedule = PackedBatch.flat(schedule.rows - schedule.sequences)
    cell = InterpretedCell(part.cell, part.parameters, part.sizes, network.dtype)
    signals = {line: run.blocks[line].copy() for line in part.cell.lines}
    for t in range(1, len(schedule.counts) + 1):
        here, _before = schedule.step(t)
        values = cell.values(signals, inputs, schedule, t)
        for line, expression in part.cell.lines.items():
            signals[line][here] = settled(expression, values, network.dtype)
            values[line] = signals[line][here]
    return signals
