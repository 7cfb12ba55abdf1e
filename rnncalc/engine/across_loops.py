"""The drivers across the sequences: they bring some groups in, call the cell's loop by its address, and bring them out.

All cells share them, so that a further cell costs no further compilation.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from rnncalc.engine import loops
from rnncalc.engine.jit import call_address, jit
from rnncalc.engine.turn import GROUPS, IN, OUT, spread, turn


@jit
def forward(
    loop, geometry, x, y, begin, final, starts, read, written, block, fed, out, ends, lanes, biases, inputs, products,
    rowwise, panels, columns, extras, emitted, states,
):  # fmt: skip
    """All sequences, some groups at a time. x (N, T, D), y (N, T, O); begin, final (N, kept): the states' units.

    loop: the address of the cell's loop; begin: of no rows where all start from zero; final: of no rows where nobody
    asked. Room: starts, for the schedule of some groups; read, written, for where entries lie; block, fed, out, ends,
    for the loop, its inputs and outputs.
    """
    sequences, steps, depth = x.shape
    pitch, wide = geometry[loops.PITCH], y.shape[2]
    for first in range(0, sequences, GROUPS * lanes):
        groups = min(GROUPS, (sequences - first + lanes - 1) // lanes)
        for t in range(len(starts)):
            starts[t] = t * groups
        feed(x, first, groups, lanes, fed, read)
        spread(written, steps, wide, groups * wide * lanes, lanes)
        for group in range(groups):
            here, row = first + group * lanes, group * pitch
            for s in range(len(states)):
                place, units = states[s, loops.OUT_AT] // lanes, states[s, loops.WIDTH] // lanes
                for unit in range(units):
                    to = row + states[s, loops.OFFSET] + unit * lanes
                    block[to : to + lanes] = 0
                    for lane in range(min(lanes, len(begin) - here)):
                        block[to + lane] = begin[here + lane, place + unit]
        call_forward(
            loop, block, geometry, starts, 0, groups, fed, depth * lanes, 0, biases, inputs, products, rowwise, panels,
            columns, extras, emitted, out, states, ends[:groups],
        )  # fmt: skip
        for group in range(groups):
            here = first + group * lanes
            turn(OUT, y.reshape(sequences, -1), here, lanes, out, group * wide * lanes, written)
            for lane in range(min(lanes, len(final) - here)):
                for unit in range(final.shape[1]):
                    final[here + lane, unit] = ends[group, unit * lanes + lane]


@jit
def trace(
    loop, geometry, x, signals, fed, starts, read, lanes, biases, inputs, products, rowwise, panels, columns, extras,
    emitted, states, none,
):  # fmt: skip
    """Every signal of every step, into a block whose starts are laid; arguments as for `forward`."""
    sequences, steps, depth = x.shape
    base, pitch = 0, geometry[loops.PITCH]
    for first in range(0, sequences, GROUPS * lanes):
        groups = min(GROUPS, (sequences - first + lanes - 1) // lanes)
        for t in range(len(starts)):
            starts[t] = t * groups
        feed(x, first, groups, lanes, fed, read)
        end = base + (steps + 1) * groups * pitch
        call_forward(
            loop, signals[base:end], geometry, starts, 0, groups, fed, depth * lanes, 0, biases, inputs, products,
            rowwise, panels, columns, extras, emitted, none, states, none.reshape(0, 0),
        )  # fmt: skip
        base = end


@jit
def feed(x, first, groups, lanes, fed, read):
    """The inputs of some groups, a row for each step and group."""
    sequences, steps, depth = x.shape
    spread(read, steps, depth, groups * depth * lanes, lanes)
    for group in range(groups):
        turn(IN, x.reshape(sequences, -1), first + group * lanes, lanes, fed, group * depth * lanes, read)


@intrinsic
def call_forward(
    typing, address, signals, geometry, starts, low, high, x, pitch_x, abreast, biases, inputs, products, rowwise,
    panels, columns, extras, emitted, out, states, final,
):  # fmt: skip
    """A cell's `loops.forward` through its address."""
    arguments = (
        signals, geometry, starts, low, high, x, pitch_x, abreast, biases, inputs, products, rowwise, panels, columns,
        extras, emitted, out, states, final,
    )  # fmt: skip
    return types.void(types.int64, *arguments), call_address
