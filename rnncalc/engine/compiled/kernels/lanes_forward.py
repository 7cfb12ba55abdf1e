"""The drivers across the sequences: they bring some groups in, call the cell's loop by its address, and bring them out.

All cells share them, so that a further cell costs no further compilation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic

from rnncalc.engine.compiled.codegen.jit import call_address, inner, jit
from rnncalc.engine.compiled.codegen.transpose import IN, OUT, spread, transpose_group
from rnncalc.engine.compiled.layout import FINAL, OFFSET, PITCH, WIDTH


class ForwardCall(NamedTuple):
    """A cell's forward loop, by its address, and the tables that it is called with, whatever it runs over."""

    loop: int
    geometry: np.ndarray
    biases: np.ndarray
    inputs: np.ndarray
    products: np.ndarray
    rowwise: np.ndarray
    panels: np.ndarray
    columns: np.ndarray
    extras: np.ndarray
    emitted: np.ndarray
    states: np.ndarray


@jit
def forward(ahead, x, y, begin, final, offsets, read, written, block, fed, out, ends, lanes, together):
    """All sequences, some groups at a time. x (N, T, D), y (N, T, O); begin, final (N, kept): the states' units.

    ahead: a `ForwardCall`; begin: of no rows where all start from zero; final: of no rows where it is not wanted. Room:
    offsets, for the steps' rows of some groups; read, written, for where entries lie; block, fed, out, ends,
    for the loop, its inputs and outputs.
    """
    sequences, steps, depth = x.shape
    wide = y.shape[2]
    for first in range(0, sequences, together * lanes):
        groups = min(together, (sequences - first + lanes - 1) // lanes)
        feed(x, first, groups, lanes, fed, read, offsets)
        begin_states(block, ahead.geometry[PITCH], ahead.states, begin, first, groups, lanes)
        spread(written, steps, wide, groups * wide * lanes, lanes)
        call_forward(
            ahead.loop, block, ahead.geometry, offsets, 0, groups, fed, depth * lanes, 0, ahead.biases, ahead.inputs,
            ahead.products, ahead.rowwise, ahead.panels, ahead.columns, ahead.extras, ahead.emitted, out, ahead.states,
            ends[:groups],
        )  # fmt: skip
        for group in range(groups):
            here = first + group * lanes
            transpose_group(OUT, y.reshape(sequences, -1), here, lanes, out, group * wide * lanes, written)
            for lane in range(min(lanes, len(final) - here)):
                for unit in range(final.shape[1]):
                    final[here + lane, unit] = ends[group, unit * lanes + lane]


@jit
def trace(ahead, x, begin, signals, fed, offsets, read, lanes, together, none):
    """Every signal of every step, into a block of some groups after the other; arguments as for `forward`."""
    sequences, steps, _depth = x.shape
    base, pitch = 0, ahead.geometry[PITCH]
    for first in range(0, sequences, together * lanes):
        groups = min(together, (sequences - first + lanes - 1) // lanes)
        feed(x, first, groups, lanes, fed, read, offsets)
        end = base + (steps + 1) * groups * pitch
        fill(ahead, x.shape[2], begin, first, groups, signals[base:end], fed, offsets, lanes, none)
        base = end


@inner
def fill(ahead, depth, begin, first, groups, signals, fed, offsets, lanes, none):
    """Every signal of every step of some groups, whose inputs are fed."""
    begin_states(signals, ahead.geometry[PITCH], ahead.states, begin, first, groups, lanes)
    call_forward(
        ahead.loop, signals, ahead.geometry, offsets, 0, groups, fed, depth * lanes, 0, ahead.biases, ahead.inputs,
        ahead.products, ahead.rowwise, ahead.panels, ahead.columns, ahead.extras, ahead.emitted, none, ahead.states,
        none.reshape(0, 0),
    )  # fmt: skip


@inner
def begin_states(block, pitch, states, begin, first, groups, lanes):
    """The initial states of some groups into the first rows of a block; zero where there is none."""
    for group in range(groups):
        here, row = first + group * lanes, group * pitch
        for s in range(len(states)):
            place, units = states[s, FINAL] // lanes, states[s, WIDTH] // lanes
            for unit in range(units):
                to = row + states[s, OFFSET] + unit * lanes
                block[to : to + lanes] = 0
                for lane in range(min(lanes, len(begin) - here)):
                    block[to + lane] = begin[here + lane, place + unit]


@inner
def feed(x, first, groups, lanes, fed, read, offsets):
    """The inputs of some groups, a row for each step and group, and where each step's rows begin."""
    sequences, steps, depth = x.shape
    for t in range(len(offsets)):
        offsets[t] = t * groups
    spread(read, steps, depth, groups * depth * lanes, lanes)
    for group in range(groups):
        transpose_group(IN, x.reshape(sequences, -1), first + group * lanes, lanes, fed, group * depth * lanes, read)


@intrinsic
def call_forward(
    typing, address, signals, geometry, offsets, low, high, x, pitch_x, by_batch, biases, inputs, products, rowwise,
    panels, columns, extras, emitted, out, states, final,
):  # fmt: skip
    """A cell's `kernels.forward` through its address."""
    arguments = (
        signals, geometry, offsets, low, high, x, pitch_x, by_batch, biases, inputs, products, rowwise, panels, columns,
        extras, emitted, out, states, final,
    )  # fmt: skip
    return types.void(types.int64, *arguments), call_address
