"""The drivers of the way back across the sequences: they bring gradients in, call the cell's loop, and bring them out.

All cells share them. `descend` takes some groups through everything before it goes on to the next. Where gradients go
back in sweeps, a block of all sequences lies whole, and `sweep`, `weight_gradients` and `below` go over it in turn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnncalc.engine.compiled.codegen.jit import inner, jit
from rnncalc.engine.compiled.codegen.outer_products import add_sums
from rnncalc.engine.compiled.codegen.transpose import ADDED, OUT, spread, transpose_group
from rnncalc.engine.compiled.kernels import gradients
from rnncalc.engine.compiled.kernels.backward import call_backward
from rnncalc.engine.compiled.kernels.lanes_forward import feed, fill
from rnncalc.engine.compiled.layout import FINAL, OFFSET, PITCH, WIDTH


class BackwardCall(NamedTuple):
    """A cell's backward loop, by its address, and the tables that it is called with, whatever it goes back through.

    input_at: where a row of adjoints holds that of a copy of x, -1: nowhere; clear: from which entry on adjoints are
    added to, so that they begin at zero.
    """

    loop: int
    geometry: np.ndarray
    pitch: int
    products: np.ndarray
    rowwise: np.ndarray
    inputs: np.ndarray
    panels: np.ndarray
    columns: np.ndarray
    extras: np.ndarray
    states: np.ndarray
    input_at: int
    clear: int


@jit
def descend(
    ahead, back, x, begin, signals, dy, offset, chunk, table, ones, room, adjoint, fed, dfed, offsets, read, written,
    dweights, dbiases, dextras, dinitial, dx, lanes, together, none,
):  # fmt: skip
    """Everything behind some groups at a time, so that neither their signals nor their adjoints leave the cache.

    signals: the trace or, of no entries, it is computed again in `room`; dy (N, T · width): what arrives at the signal
    whose adjoints lie at `offset`; table, ones: for `add_sums`; adjoint: room for the adjoints of some groups. Found:
    dweights, dbiases, dextras, lane by lane; dinitial (N, kept); dx (N, T · D), of no rows where nobody asked. fed,
    dfed, offsets, read, written: room for inputs and their gradients, and where entries lie.
    """
    sequences, steps, depth = x.shape
    pitch_s, pitch, base = ahead.geometry[PITCH], back.pitch, 0
    wide = dy.shape[1] // steps
    for first in range(0, sequences, together * lanes):
        groups = min(together, (sequences - first + lanes - 1) // lanes)
        end, rows, here = base + (steps + 1) * groups * pitch_s, steps * groups, groups * pitch
        feed(x, first, groups, lanes, fed, read, offsets)
        if len(signals):
            trace = signals[base:end]
            base = end
        else:
            trace = room[: end - base]
            fill(ahead, depth, begin, first, groups, trace, fed, offsets, lanes, none)
        block = adjoint[: ((steps + 1) * groups + 1) * pitch]
        clear(back, block)
        spread(written, steps, wide, groups * pitch, lanes)
        for group in range(groups):
            transpose_group(ADDED, dy, first + group * lanes, lanes, block, here + group * pitch + offset, written)
        back_through(back, trace, pitch_s, block, block, chunk, offsets, groups, dextras)
        add_sums(block, here, pitch, trace, groups, pitch_s, fed, depth, rows, table, ones, dweights, dbiases, lanes)
        end_states(back, block, dinitial, first, groups, lanes)
        if len(dx):
            input_gradients(back, block, here, rows, depth, dfed, dx, first, groups, written, lanes)


@inner
def clear(back, adjoint):
    """Zero for what is added to: the rest of a row is written before it is read."""
    for row in range(0, len(adjoint), back.pitch):
        adjoint[row + back.clear : row + back.pitch] = 0


@jit
def sweep(back, adjoint, earlier, signals, pitch_s, sequences, steps, chunk, offsets, dextras, lanes, together):
    """Fill adjoint blocks that lie whole, those of some groups after the other."""
    pitch, base, base_s = back.pitch, 0, 0
    for first in range(0, sequences, together * lanes):
        groups = min(together, (sequences - first + lanes - 1) // lanes)
        for t in range(len(offsets)):
            offsets[t] = t * groups
        end, end_s = base + ((steps + 1) * groups + 1) * pitch, base_s + (steps + 1) * groups * pitch_s
        back_through(
            back, signals[base_s:end_s], pitch_s, adjoint[base:end], earlier[base:end], chunk, offsets, groups, dextras
        )
        base, base_s = end, end_s


@inner
def back_through(back, signals, pitch_s, adjoint, earlier, chunk, offsets, groups, dextras):
    """The cell's backward loop for some groups. back: a `BackwardCall`."""
    call_backward(
        back.loop, signals, pitch_s, back.geometry, adjoint, earlier, back.pitch, chunk, offsets, 0, groups,
        back.products, back.rowwise, back.panels, back.columns, back.extras, dextras, dextras[:0], 0, 0, 0, -1,
    )  # fmt: skip


@jit
def weight_gradients(
    adjoint, pitch, signals, pitch_s, x, table, ones, fed, offsets, read, dweights, dbiases, lanes, together
):
    """The sums of blocks that lie whole, those of some groups after the other."""
    (sequences, steps, depth), base, base_s = x.shape, 0, 0
    for first in range(0, sequences, together * lanes):
        groups = min(together, (sequences - first + lanes - 1) // lanes)
        feed(x, first, groups, lanes, fed, read, offsets)
        end, end_s = base + ((steps + 1) * groups + 1) * pitch, base_s + (steps + 1) * groups * pitch_s
        add_sums(
            adjoint[base:end], groups * pitch, pitch, signals[base_s:end_s], groups, pitch_s, fed, depth,
            steps * groups, table, ones, dweights, dbiases, lanes,
        )  # fmt: skip
        base, base_s = end, end_s


@jit
def below(back, adjoint, sequences, steps, depth, dfed, dx, places, lanes, together):
    """dx (N, steps · depth) of a block that lies whole."""
    base, pitch = 0, back.pitch
    for first in range(0, sequences, together * lanes):
        groups = min(together, (sequences - first + lanes - 1) // lanes)
        end = base + ((steps + 1) * groups + 1) * pitch
        input_gradients(
            back, adjoint[base:end], groups * pitch, steps * groups, depth, dfed, dx, first, groups, places, lanes
        )
        base = end


@jit
def input_gradients(back, adjoint, begin, rows, depth, dfed, dx, first, groups, places, lanes):
    """dx (N, steps · depth) = what reached the product lines times their input weights, transposed, of some groups."""
    pitch, wide = back.pitch, depth * lanes
    for row in range(rows):
        to, of = row * wide, begin + row * pitch + back.input_at
        for entry in range(wide):
            dfed[to + entry] = adjoint[of + entry] if back.input_at >= 0 else 0
    gradients.input_gradients(
        adjoint, pitch, back.geometry, begin // pitch, rows, back.inputs, back.panels, back.columns, dfed, 0, wide
    )
    spread(places, rows // groups, depth, groups * wide, lanes)
    for group in range(groups):
        transpose_group(OUT, dx, first + group * lanes, lanes, dfed, group * wide, places)


@inner
def end_states(back, adjoint, dinitial, first, groups, lanes):
    """What reached the initial states of some groups, into their rows."""
    pitch, states = back.pitch, back.states
    for group in range(groups):
        here = first + group * lanes
        for s in range(len(states)):
            place, units = states[s, FINAL] // lanes, states[s, WIDTH] // lanes
            for unit in range(units):
                at = group * pitch + states[s, OFFSET] + unit * lanes
                for lane in range(min(lanes, len(dinitial) - here)):
                    dinitial[here + lane, place + unit] = adjoint[at + lane]
