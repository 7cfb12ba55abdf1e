"""Training on several threads: to the bits of one thread, whatever is trained, and however batches divide."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import numpy as np
import pytest
from support.helpers import TIED, compiler, every_cell, random_arrays

from rnncalc.common.threads import FEWEST
from rnncalc.engine.compiled.training import step
from rnncalc.engine.compiled.training.batches import Laid, divided
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.parameter_vector import Parameters
from rnncalc.network.training.run_state import DivergedError

CELLS = {**every_cell(), "tied": TIED}
KINDS = ("lstm", "gru", "elman", "tied", "odd")  # the last has peepholes, whose gradients are not shared
OPTIMIZERS = ("adam", "sgd", "momentum", "nesterov", "rmsprop", "adamw")
MERGES = (None, None, "concat", "mul")  # None: one direction
D, O, STEPS = 5, 4, 7


def drawn(seed: int) -> dict[str, Any]:
    """One run: the kind of network and data, with every optional part there or not."""
    rng = np.random.default_rng(seed)
    merges = [MERGES[int(k)] for k in rng.integers(0, len(MERGES), size=1 + seed % 2)]
    cuts = [{}] if any(merges) else [{}, {"chunk": 3}, {"truncate": 2}]  # what runs backward cannot be cut
    return {
        "cell": KINDS[seed % len(KINDS)],
        "merges": merges,
        "hidden": int(rng.choice([5, 17, 40])),
        "dtype": ("float64", "float32")[seed // len(KINDS) % 2],
        "ragged": bool(rng.integers(2)),
        "tokens": bool(rng.integers(2)) and KINDS[seed % len(KINDS)] != "odd",
        "classes": bool(rng.integers(2)),
        "last": bool(rng.integers(2)),
        "weights": (None, "sequence", "step")[seed % 3],
        "settings": {
            "batch": int(rng.choice([3, 16, 24, 37, 64])),
            "optimizer": OPTIMIZERS[seed % len(OPTIMIZERS)],
            "clip_norm": [None, 0.05][int(rng.integers(2))],
            "lr": 0.01,
            **cuts[int(rng.integers(len(cuts)))],
        },
    }


def network(run: dict[str, Any]) -> Network:
    rng, layers, width = np.random.default_rng(3), list[Layer](), D
    cell = CELLS[run["cell"]]
    hidden = D if run["cell"] == "odd" else run["hidden"]  # its c adds up entries of x
    for merge in run["merges"] if run["cell"] != "odd" else [None]:
        arrays, two = random_arrays(cell, rng, D=width, H=hidden), dict[str, Any]()
        if merge:
            two = {"direction": "both", "backward": random_arrays(cell, rng, D=width, H=hidden), "merge": merge}
        layers.append(Layer(cell, **arrays, **two))
        width = layers[-1].width
    output = "softmax" if run["classes"] else "identity"
    return Network(layers, rng.normal(size=(O, width)), rng.normal(size=O), output, dtype=run["dtype"], engine="numba")


def data(run: dict[str, Any], count: int = 45) -> tuple[list[np.ndarray], Any]:
    rng = np.random.default_rng(4)
    lengths = rng.integers(1, STEPS + 1, size=count) if run["ragged"] else np.full(count, STEPS)
    x = [rng.integers(0, D, size=n) if run["tokens"] else rng.normal(size=(n, D)) for n in lengths]
    y = [rng.integers(0, O, size=n) if run["classes"] else rng.normal(size=(n, O)) for n in lengths]
    return x, np.array([rows[-1] for rows in y]) if run["last"] else y


def trained(run: dict[str, Any], threads: int) -> tuple[bytes, Any]:
    """The weights and the history of a run."""
    net, (x, y) = network(run), data(run)
    loss = "cross_entropy" if run["classes"] else "mean_squared_error"
    settings = {"epochs": 2, "seed": 1, **run["settings"]}
    if run["weights"]:
        rng = np.random.default_rng(5)
        drawn = [rng.choice([0, 0.3, 1, 2.5], size=() if run["weights"] == "sequence" else len(rows)) for rows in x]
        settings |= {"sample_weight": drawn, "class_weight": "balanced" if run["classes"] else None}
    history = net.fit(x, y, loss=loss, validation=0.25, threads=threads, **settings)
    return Parameters.of(net).vector.tobytes(), history


@compiler
@pytest.mark.parametrize("seed", range(20))
def test_a_seed_gives_the_same_bits_on_any_number_of_threads(seed: int) -> None:
    run = drawn(seed)
    alone = trained(run, 1)
    for threads in (2, 3, 4):
        assert trained(run, threads) == alone, (threads, run)


@compiler
@pytest.mark.parametrize("threads", [2, 3])
def test_a_stream_goes_on_in_every_thread_from_where_it_was(threads: int) -> None:
    rng = np.random.default_rng(2)
    x, runs = rng.integers(0, D, size=(1, 930)), list[bytes]()  # of 25 streams the last chunk has one step
    for count in (1, threads):
        net = network({**drawn(0), "classes": True, "merges": [None, None]})
        net.fit(x, np.roll(x, -1) % O, loss="cross_entropy", chunk=6, batch=25, epochs=2, threads=count)
        runs.append(Parameters.of(net).vector.tobytes())
    assert runs[0] == runs[1]


@compiler
def test_runs_side_by_side_do_not_wait_for_each_other_for_ever() -> None:
    run = {**drawn(2), "ragged": True}
    with ThreadPoolExecutor(3) as pool:
        several = list(pool.map(lambda _number: trained(run, 3), range(6)))
    assert {weights for weights, _history in several} == {trained(run, 1)[0]}


@compiler
def test_an_interruption_before_the_first_thread_plays_lets_the_others_go(monkeypatch: pytest.MonkeyPatch) -> None:
    run, workers = {**drawn(2), "ragged": True}, list[Thread]()
    net, (x, y) = network(run), data(run)
    before = Parameters.of(net).vector.copy()

    def interrupted(work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
        workers.extend(Thread(target=work, args=(part,), daemon=True) for part in parts[1:])
        for worker in workers:
            worker.start()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(step, "side_by_side", interrupted)
        with pytest.raises(KeyboardInterrupt):
            net.fit(x, y, loss="cross_entropy" if run["classes"] else "mean_squared_error", batch=24, threads=3)
    for worker in workers:
        worker.join(30)
        assert not worker.is_alive()
    assert len(workers) == 2
    assert np.array_equal(Parameters.of(net).vector, before)


@compiler
def test_a_loss_that_explodes_stops_all_threads_alike() -> None:
    messages = []
    for threads in (1, 2):
        run = {**drawn(1), "classes": False}
        run["settings"] = {"batch": 16, "optimizer": "sgd", "lr": 1e30}
        with pytest.raises(DivergedError) as error:
            trained(run, threads)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def lengths_of_batches(rng: np.random.Generator, ragged: bool) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of sequences, longest first in each batch, some without a step; and where batches begin."""
    sizes = rng.integers(0, 60, size=5)
    parts = [np.sort(rng.integers(0, 9, size=n))[::-1] if ragged else np.full(n, 6) for n in sizes]
    return np.concatenate([np.empty(0, int), *parts]), np.concatenate([[0], np.cumsum(sizes)])


@compiler
@pytest.mark.parametrize("ragged", [False, True])
def test_parts_hold_every_sequence_once_and_their_rows_are_those_of_the_batch_in_order(ragged: bool) -> None:
    rng = np.random.default_rng(7)
    for parts in (1, 2, 3, 5):
        lengths, cuts = lengths_of_batches(rng, ragged)
        ends = divided(lengths, cuts, parts)
        assert (np.diff(ends) >= 0).all()
        assert np.array_equal(ends[::parts], cuts)
        for first, end, inner in zip(cuts, cuts[1:], ends[:-1].reshape(-1, parts)):
            rows = [lengths[a:b].sum() for a, b in zip(inner, [*inner[1:], end])]
            used = min(max((end - first) // FEWEST, 1), parts)
            longest = lengths[first:end].max(initial=0)
            assert max(rows) <= lengths[first:end].sum() / used + longest
        begins = 9 * np.arange(len(lengths))
        alone, several = (Laid(begins, lengths, cuts, False, 0, count) for count in (1, parts))
        at = 0
        for batch in range(alone.batches):
            count = alone.table[batch, 1]
            here = slice(at, at + count)
            assert np.array_equal(several.rows[here][several.index[1, here]], alone.rows[here])  # inputs, in order
            assert len(set(several.index[0, here])) == count  # no two rows lie in one place
            at += count
