"""A cell's weights packed anew, in place, after the vector θ of parameters has changed.

Where each packed number comes from is found by packing the places in θ themselves, so that nothing knows the layout of
panels a second time. A panel is made of strided blocks; they are found once, and then copied at the speed of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from rnncalc.engine.compiled.codegen.jit import machine_code
from rnncalc.engine.compiled.kernels.repack import add_entries, move_blocks
from rnncalc.engine.compiled.layout import BLOCK_COLUMNS, DEPTH, PANEL, RUNS, VECTORS
from rnncalc.engine.compiled.packing.backward import PackedBack
from rnncalc.engine.compiled.packing.forward import Packed

INDEX = np.dtype(np.int64)
Call = tuple[Callable, tuple[Any, ...]]  # a kernel and its arguments


def forward_calls(packed: Packed, places: Mapping[str, np.ndarray], theta: np.ndarray) -> list[Call]:
    """The calls that fetch what the way forward takes. places: symbol → where each entry lies in θ, counted from 1."""
    index = Packed(packed.cell, places, packed.sizes, INDEX, packed.lanes, packed.form)
    biases = [(line.signal, sign, name) for line in packed.program.products for sign, name in line.biases]
    extras = [(name, 1, name) for name in packed.program.extras]
    return [
        *_moves(packed.panels, index.panels, theta, packed.lanes),
        *_sums(packed, packed.biases, biases, places, theta),
        *_sums(packed, packed.element_wise, extras, places, theta),
    ]


def backward_calls(
    back: PackedBack, places: Mapping[str, np.ndarray], theta: np.ndarray, below: bool = True
) -> list[Call]:
    """The same for the way back. below: whether the weights are wanted by which gradients reach the inputs."""
    packed = back.packed
    index = PackedBack(Packed(packed.cell, places, packed.sizes, INDEX, packed.lanes, packed.form), places)
    for row in index.inputs if not below else ():
        begin = row[PANEL]
        index.panels[begin : begin + row[DEPTH] * row[VECTORS] * packed.lanes] = 0
    return _moves(back.panels, index.panels, theta, packed.lanes)


def bound(calls: Sequence[Call], dtype: np.dtype) -> list[Callable[[], None]]:
    """The calls as functions that take nothing, so that little is done each time the weights change."""
    return [partial(machine_code(kernel, dtype, arguments), *arguments) for kernel, arguments in calls]


def _moves(panels: np.ndarray, numbers: np.ndarray, theta: np.ndarray, lanes: int) -> list[Call]:
    """Panels of weights. numbers: the same panels, packed with places in θ; negative where the sign changes."""
    blocks = np.concatenate([_blocks(numbers, minus) for minus in (False, True)])
    if not len(blocks):
        return []
    room = np.empty(max(int(blocks[:, RUNS].max()), 1), np.int64)
    return [(move_blocks, (panels, theta, blocks, room, lanes))]


def _sums(
    packed: Packed, target: np.ndarray, parts: Sequence[tuple[str, int, str]], places: Mapping[str, np.ndarray],
    theta: np.ndarray,
) -> list[Call]:  # fmt: skip
    """A row of vectors of parameters, each with a sign, of which several may lie on one another."""
    if not parts:
        return []
    of = [np.repeat(places[name] - 1, packed.entry) for _signal, _sign, name in parts]
    to = [packed.offset(signal) + np.arange(len(part)) for (signal, _sign, _name), part in zip(parts, of)]
    signs = [np.full(len(part), sign, theta.dtype) for (_signal, sign, _name), part in zip(parts, of)]
    return [(add_entries, (target, theta, np.concatenate(to), np.concatenate(of), np.concatenate(signs)))]


def _blocks(numbers: np.ndarray, minus: bool) -> np.ndarray:
    """The strided blocks of packed places of one sign, a row for each, with columns as `layout` has them."""
    to = np.flatnonzero(numbers < 0 if minus else numbers > 0)
    if not len(to):
        return np.zeros((0, BLOCK_COLUMNS), np.int64)
    of = np.abs(numbers[to]) - 1
    first = _even_runs(np.diff(to) != 1, np.diff(of))
    length = np.diff([*first, len(to)])
    stride = np.ones(len(first), np.int64)
    stride[length > 1] = (np.roll(of, -1) - of)[first[length > 1]]
    begin, source = to[first], of[first]
    unlike = (np.diff(length) != 0) | (np.diff(stride) != 0)
    group = _even_runs(unlike, np.diff(begin), np.diff(source))
    runs = np.diff([*group, len(begin)])
    table = np.zeros((len(group), BLOCK_COLUMNS), np.int64)
    apart = [np.where(runs > 1, (np.roll(values, -1) - values)[group], 0) for values in (begin, source)]
    columns = begin[group], source[group], length[group], stride[group], runs, *apart, np.full(len(group), minus)
    for column, values in enumerate(columns):
        table[:, column] = values
    return table


def _even_runs(breaks: np.ndarray, *steps: np.ndarray) -> np.ndarray:
    """Where runs of evenly spaced entries begin.

    breaks: where, between one entry and the next, a run ends in any case; steps: from one entry to the next, the same
    all through a run. A step that differs from the one before is a jump, unless a jump came before it.
    """
    if not len(breaks):
        return np.zeros(1, np.int64)
    changes, breaks = np.zeros(len(breaks), bool), breaks.copy()
    for step in steps:
        changes[1:] |= step[1:] != step[:-1]
    while True:
        uneven = changes & ~breaks & ~_behind(breaks)
        if not uneven.any():
            return np.concatenate([[0], np.flatnonzero(breaks) + 1])
        number = np.arange(len(breaks))
        chain = np.maximum.accumulate(np.where(uneven & ~_behind(uneven), number, 0))  # where neighbours begin
        breaks |= uneven & ((number - chain) % 2 == 0)


def _behind(flags: np.ndarray) -> np.ndarray:
    """The flags one place further on."""
    return np.concatenate([[False], flags[:-1]])
