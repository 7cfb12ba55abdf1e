"""The order of a batch's rows against a list of (sequence, step) pairs made by hand; and rows, there and back."""

from collections.abc import Iterator

import numpy as np
import pytest

from rnncalc.model.packed_batch import KEPT, BatchMajor, PackedBatch

Pairs = list[tuple[int, int]]  # (sequence, its step from 0), row by row


def batches() -> Iterator[tuple[str, PackedBatch, np.ndarray]]:
    """Batches of every kind with the steps that they have, (N, T): full or not, of lengths, masked, both, no step."""
    rng = np.random.default_rng(3)
    for sequences, steps in ((1, 1), (1, 5), (4, 3), (3, 7), (2, 1), (0, 3), (3, 0)):
        size, everything = f"{sequences} × {steps}", np.ones((sequences, steps), bool)
        yield f"{size}, full", PackedBatch.of(sequences, steps, None, None), everything
        yield f"{size}, batch-major", BatchMajor(sequences, steps), everything
        lengths, mask = rng.integers(0, steps + 1, sequences), rng.random((sequences, steps)) < 0.6
        shorter = np.arange(steps) < lengths[:, None]
        yield f"{size}, lengths", PackedBatch.of(sequences, steps, lengths, None), shorter
        yield f"{size}, mask", PackedBatch.of(sequences, steps, None, mask), mask
        yield f"{size}, both", PackedBatch.of(sequences, steps, lengths, mask), shorter & mask
        shared = rng.random(steps) < 0.6
        yield f"{size}, one mask", PackedBatch.of(sequences, steps, None, shared), np.tile(shared, (sequences, 1))


CASES = [pytest.param(batch, there, id=name) for name, batch, there in batches()]


def visits(batch: PackedBatch, there: np.ndarray) -> tuple[list[int], dict[int, list[int]]]:
    """The sequences in the order in which they are visited, and the steps of each."""
    steps = {sequence: [int(t) for t in np.flatnonzero(row)] for sequence, row in enumerate(there)}
    return sorted(steps, key=lambda sequence: -len(steps[sequence])), steps


def rows_of(batch: PackedBatch, there: np.ndarray) -> Pairs:
    """What each row of a step is."""
    order, steps = visits(batch, there)
    if isinstance(batch, BatchMajor):
        return [(sequence, t) for sequence in order for t in steps[sequence]]
    longest = max((len(own) for own in steps.values()), default=0)
    return [(sequence, steps[sequence][t]) for t in range(longest) for sequence in order if t < len(steps[sequence])]


@pytest.mark.parametrize(("batch", "there"), CASES)
def test_rows_lie_in_the_order_of_visits(batch: PackedBatch, there: np.ndarray) -> None:
    pairs, (order, steps) = rows_of(batch, there), visits(batch, there)
    first = batch.sequences
    assert batch.rows == first + len(pairs)
    assert batch.present.tolist() == there.tolist()
    for visit, sequence in enumerate(order):
        assert batch.row(visit, 0) == visit
        for number, t in enumerate(steps[sequence], 1):
            row = batch.row(visit, number)
            assert pairs[row - first] == (sequence, t)
            assert batch.before[row - first] == batch.row(visit, number - 1)
            assert pairs[batch.mirror[row - first]] == (sequence, steps[sequence][-number])
        if order and batch.steps:
            assert batch.last[sequence] == batch.row(visit, len(steps[sequence]))
    if isinstance(batch, BatchMajor):
        with pytest.raises(ValueError, match="do not lie together"):
            batch.step(1)
        return
    counts = [sum(len(own) > t for own in steps.values()) for t in range(len(batch.counts))]
    assert (batch.counts.tolist(), batch.most) == (counts, max(counts, default=0))
    for t, count in enumerate(counts, 1):
        here, before = batch.step(t)
        assert list(range(batch.rows))[here] == [batch.row(visit, t) for visit in range(count)]
        assert list(range(batch.rows))[before] == [batch.row(visit, t - 1) for visit in range(count)]


@pytest.mark.parametrize(("batch", "there"), CASES)
def test_arrays_become_rows_and_rows_arrays(batch: PackedBatch, there: np.ndarray) -> None:
    array = np.random.default_rng(4).normal(size=(*there.shape, 2))
    rows = batch.pack(array)
    assert rows.tolist() == [array[pair].tolist() for pair in rows_of(batch, there)]
    assert batch.unpack(rows).tolist() == np.where(there[..., None], array, 0).tolist()


@pytest.mark.parametrize("rows", [0, 1, 127, 128, 129, 300, KEPT + 1])
def test_flat_rows_continue_nothing_and_lie_in_blocks(rows: int) -> None:
    batch = PackedBatch.flat(rows)
    assert (batch.sequences, batch.rows, int(batch.counts.sum())) == (0, rows, rows)
    assert [batch.step(t)[0] for t in range(1, len(batch.counts) + 1)] == [
        slice(begin, min(begin + 128, rows)) for begin in range(0, rows, 128)
    ]
