"""Packed weights fetched anew out of the vector of parameters: strided blocks copied, or transposed in tiles."""

from __future__ import annotations

from rnncalc.engine.compiled.codegen.forward_lines import copy
from rnncalc.engine.compiled.codegen.jit import jit
from rnncalc.engine.compiled.codegen.transpose import IN, transpose_tile
from rnncalc.engine.compiled.layout import FROM, LENGTH, MINUS, RUN_FROM, RUN_TO, RUNS, STRIDE, TO


@jit
def move_blocks(panels, theta, blocks, places, lanes):
    """Fill panels from θ. places: room, an entry for each run of the block with most."""
    for b in range(len(blocks)):
        to, begin, length, stride = blocks[b, TO], blocks[b, FROM], blocks[b, LENGTH], blocks[b, STRIDE]
        runs, run_to, run_from, minus = blocks[b, RUNS], blocks[b, RUN_TO], blocks[b, RUN_FROM], blocks[b, MINUS]
        if stride == 1 and not minus:
            for run in range(runs):
                copy(panels, to + run * run_to, theta, begin + run * run_from, length)
            continue
        wide, deep = 0, 0  # entries and runs that are transposed in tiles
        if run_from == 1 and not minus and length >= lanes and runs >= lanes:
            wide, deep = length // lanes * lanes, runs // lanes * lanes
            for run in range(deep):
                places[run] = run * run_to
            for entry in range(0, wide, lanes):
                for run in range(0, deep, lanes):
                    transpose_tile(IN, theta, begin + entry * stride + run, stride, panels, to + entry, places, run)
        for run in range(runs):
            for entry in range(wide if run < deep else 0, length):
                value = theta[begin + run * run_from + entry * stride]
                panels[to + run * run_to + entry] = -value if minus else value


@jit
def add_entries(target, theta, to, of, sign):
    """target = 0, then target[to[i]] += sign[i] θ[of[i]]; several may go to one place."""
    for i in range(len(target)):
        target[i] = 0
    for i in range(len(to)):
        target[to[i]] += sign[i] * theta[of[i]]
