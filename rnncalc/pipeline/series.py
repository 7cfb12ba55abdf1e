"""The outputs of a network for every row of sequences of any length, in bounded memory: the state is carried on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import replace

import numpy as np

from rnncalc.common.spool import blocks, fetched, on_disk_if_large, release
from rnncalc.common.workers import AHEAD, spread, workers
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.model.merges import MERGES
from rnncalc.model.packed_batch import PackedBatch
from rnncalc.model.summaries import summarised
from rnncalc.network.network import Network
from rnncalc.network.states import States
from rnncalc.network.training.sequences import Sequences

ROWS = 1 << 14  # rows that go through a network at once, of all sequences together
TOGETHER = 64  # sequences
WIDE = 1 << 22  # entries of inputs, or of outputs, that there are at once
Kept = Callable[[np.ndarray], np.ndarray]  # rows of outputs → what is kept of them


def every_output(y: np.ndarray) -> np.ndarray:
    """Keep outputs as they are."""
    return y


def outputs(
    network: Network, sequences: Sequences, kept: Kept = every_output, executor: Executor | None = None
) -> np.ndarray:
    """Compute y of every row of every sequence, (R, O), in the order of the rows: each from its first step to its last.

    kept: what of it is wanted, so that scores of a large vocabulary are never there for all rows. executor: who
    computes some sequences at a time, with network and kept pickled; what it leaves as a process dies is done here.

    Layers that run backward need a sequence's end before its beginning, and a summary needs all steps, so that a
    network with either runs over all rows layer by layer. The bits are those of one call with the whole sequence.
    """
    if executor is not None and len(sequences) > 1:
        return _shared(network, sequences, kept, executor)

    def rows_of_data(which: np.ndarray) -> np.ndarray:
        some = fetched(sequences.x, which)
        return some if network.embeds else sequences.in_full(some)

    if not (network.runs_backward or network.summarises):
        return _carried(network, rows_of_data, sequences, kept)
    below: Callable[[np.ndarray], np.ndarray] = rows_of_data
    for layer in network.layers:
        out = {
            name: _carried(_alone(network, layer, part), below, sequences, backward=name == "backward")
            for name, part in layer.passes.items()
        }
        summary = network.summarises and layer is network.layers[-1]
        rows = _summarised(network, out, sequences) if summary else _merged(layer, list(out.values()))
        below = lambda which, rows=rows: fetched(rows, which)  # type: ignore[misc]  # noqa: E731
    return _read_out(network, rows, kept)


def _shared(network: Network, sequences: Sequences, kept: Kept, executor: Executor) -> np.ndarray:
    """Hand some sequences at a time to an executor, a few ahead of what is done."""
    y_rows, offsets = _room(int(sequences.offsets[-1]), network, kept), sequences.offsets
    most = WIDE // max(network.sizes["D"], *y_rows.shape[1:])
    size = max(min(len(y_rows) // (AHEAD * workers(executor)), most), 1)
    ends = np.unique(np.searchsorted(offsets, np.arange(size, len(y_rows) + size, size)).clip(1, len(sequences)))
    left = dict(zip(ends.tolist(), np.concatenate([[0], ends[:-1]]).tolist()))

    def some(begin: int, end: int) -> Sequences:
        rows = slice(offsets[begin], offsets[end])
        return replace(
            sequences, x=np.array(sequences.x[rows]), y=sequences.y[:0], offsets=offsets[begin : end + 1] - rows.start
        )

    try:
        calls = ((end, (network, some(begin, end), kept)) for end, begin in left.copy().items())
        for end, out in spread(executor, outputs, calls):
            y_rows[offsets[left.pop(end)] : offsets[end]] = out
    except BrokenExecutor:
        pass
    for end, begin in left.items():
        y_rows[offsets[begin] : offsets[end]] = outputs(network, some(begin, end), kept)
    return y_rows


def _alone(network: Network, layer: Layer, part: DirectionalLayer) -> Network:
    """Return one direction of one layer as a network that runs forward."""
    single = copy.copy(layer)
    single.passes, single.direction = {"forward": part}, "forward"
    return Network([single], dtype=network.dtype, engine=network.engine, threads=network.threads)


def _carried(
    network: Network, rows_of: Callable[[np.ndarray], np.ndarray], sequences: Sequences, kept: Kept = every_output,
    backward: bool = False,
) -> np.ndarray:  # fmt: skip
    """Run a network over every sequence from its start, or from its end backward; return what is kept of it."""
    y_rows = _room(int(sequences.offsets[-1]), network, kept)
    widest = max(network.y_width, 1 if network.embeds and sequences.tokens else network.sizes["D"])
    together = min(ROWS, max(WIDE // widest, TOGETHER))
    order = np.argsort(-sequences.lengths, kind="stable")
    for begin in range(0, len(order), TOGETHER):
        which = order[begin : begin + TOGETHER]
        states: States | None = None
        for rows, there in _visits(sequences, which, backward, together):
            some = rows_of(rows)
            x = np.zeros((*there.shape, *some.shape[1:]), network.dtype if some.ndim > 1 else np.int64)
            x[there] = some
            lengths = None if there.all() else there.sum(axis=1)
            y, states = network(x, states, lengths=lengths, return_state=True)
            y_rows[rows] = kept(y[there])
            release(y_rows)
    return y_rows


def _room(rows: int, network: Network, kept: Kept) -> np.ndarray:
    """Zeros for what is kept of so many rows of outputs."""
    like = kept(np.ones((1, network.y_width), network.dtype))
    return on_disk_if_large((rows, *like.shape[1:]), like.dtype)


def _visits(
    sequences: Sequences, which: np.ndarray, backward: bool, together: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Visit sequences some steps at a time: yield the numbers of their rows, and which sequence has which step."""
    lengths, begins = sequences.lengths[which], sequences.offsets[which]
    steps = max(1, together // len(which))
    for at in range(0, int(lengths.max(initial=0)), steps):
        left = np.clip(lengths - at, 0, steps)
        step = np.arange(int(left.max()))
        rows = (begins + lengths - 1 - at)[:, None] - step if backward else (begins + at)[:, None] + step
        there = step < left[:, None]
        yield rows[there], there


def _merged(layer: Layer, out: list[np.ndarray]) -> np.ndarray:
    """Merge the outputs of a layer's directions."""
    if len(out) == 1:
        return out[0]
    merged = on_disk_if_large((len(out[0]), layer.width), out[0].dtype)
    for rows, first, second in blocks(merged, *out):
        rows[:] = MERGES[layer.merge](first, second)
    return merged


def _summarised(network: Network, out: dict[str, np.ndarray], sequences: Sequences) -> np.ndarray:
    """Compute what the read-out sees of the top layer's directions, some whole sequences at a time."""
    layer, order = network.layers[-1], np.argsort(-sequences.lengths, kind="stable")
    seen = on_disk_if_large((int(sequences.offsets[-1]), layer.width), network.dtype)
    for begin in range(0, len(order), TOGETHER):
        batch = sequences.batch(order[begin : begin + TOGETHER])
        some = {name: fetched(rows, batch.rows) for name, rows in out.items()}
        seen[batch.rows] = summarised(network.summary, layer.merge, some, batch.schedule)
        release(seen)
    return seen


def _read_out(network: Network, rows: np.ndarray, kept: Kept) -> np.ndarray:
    y_rows = _room(len(rows), network, kept)
    for y, some in blocks(y_rows, rows):
        out = np.array(some)
        if network.read_out:
            out, _none = network.cells[-1].infer(out, PackedBatch.flat(len(some)), {}, wanted=False)
        y[:] = kept(out)
    return y_rows
