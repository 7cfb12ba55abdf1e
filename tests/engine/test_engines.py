"""Two engines, one truth: the interpreted equations against formulas written out, compiled code against them.

Longer than other files: the formulas of all cells are written out here once more.
"""

import os
from typing import Any

import numpy as np
import pytest
from support.helpers import (
    ENGINES,
    compiler,
    every_cell,
    inputs,
    python,
    random_arrays,
    random_network,
    random_starts,
)

import rnncalc
from rnncalc.engine.compiled.codegen.register import lanes
from rnncalc.engine.compiled.execution import prepared
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network

CELL_NAMES = list(every_cell())
SIZES = [(3, 5), (1, 1), (8, 16), (2, 37), (5, 130)]  # (D, H): below, at and beyond a vector, in whole vectors and not


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def by_hand(name: str, p: dict, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> list[np.ndarray]:
    """The hidden states of one sequence, from the formulas as the papers give them. Knows nothing of rnncalc."""
    H = len(h)
    hidden = []
    for x_t in x:
        if name == "elman":
            h = np.tanh(p["b"] + p["W"] @ h + p["U"] @ x_t)
        elif name == "lstm":
            a = p["b"] + p["W"] @ h + p["U"] @ x_t
            i, f, g, o = sigmoid(a[:H]), sigmoid(a[H : 2 * H]), np.tanh(a[2 * H : 3 * H]), sigmoid(a[3 * H :])
            c = f * c + i * g
            h = o * np.tanh(c)
        else:
            U, W, b = (
                p[k].reshape(3, H, -1).squeeze(-1) if k == "b" else p[k].reshape(3, H, -1) for k in ("U", "W", "b")
            )
            r, z = (sigmoid(b[k] + W[k] @ h + U[k] @ x_t) for k in (0, 1))
            inner = W[2] @ (r * h) if name == "gru" else r * (W[2] @ h + p["d"])
            n = np.tanh(b[2] + inner + U[2] @ x_t)
            h = (1 - z) * n + z * h
        hidden.append(h)
    return hidden


@pytest.mark.parametrize("name", ["elman", "lstm", "gru", "gru_after"])
@pytest.mark.parametrize("engine", ENGINES)
def test_cells_follow_the_papers(name: str, engine: str) -> None:
    rng = np.random.default_rng(3)
    arrays = random_arrays(CELLS[name], rng)
    x, h0, c0 = rng.normal(size=(6, 3)), rng.normal(size=5), rng.normal(size=5)
    initial_states: dict[str, Any] = {"h0": h0, "c0": c0} if name == "lstm" else {"h0": h0}
    net = Network([Layer(name, **arrays, **initial_states)], engine=engine)
    np.testing.assert_allclose(net.forward(x).h, by_hand(name, arrays, x, h0, c0), rtol=0, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_jordan_feeds_back_what_it_put_out(engine: str) -> None:
    rng = np.random.default_rng(4)
    p = random_arrays(CELLS["jordan"], rng)
    x, y, outputs = rng.normal(size=(5, 3)), rng.normal(size=4), []
    start = y
    for x_t in x:
        s = p["c"] + p["V"] @ np.tanh(p["b"] + p["W"] @ y + p["U"] @ x_t)
        y = np.exp(s) / np.exp(s).sum()
        outputs.append(y)
    net = Network([Layer("jordan", **p, output="softmax", y0=start)], engine=engine)
    np.testing.assert_allclose(net(x), outputs, rtol=0, atol=1e-15)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_tutorial_cell_reads_the_state_before_the_step(engine: str) -> None:
    rng = np.random.default_rng(5)
    p = random_arrays(CELLS["i2h_i2o"], rng)
    x, h, outputs = rng.normal(size=(4, 3)), rng.normal(size=5), []
    start = h
    for x_t in x:
        s = p["c"] + p["V"] @ h + p["R"] @ x_t
        h = p["b"] + p["W"] @ h + p["U"] @ x_t
        outputs.append(s - np.log(np.exp(s).sum()))
    net = Network([Layer("i2h_i2o", **p, h0=start)], engine=engine)
    np.testing.assert_allclose(net(x), outputs, rtol=0, atol=1e-14)


def twins(cell: Cell, dtype: str, **sizes: int) -> tuple[Network, Network]:
    """The same network on both engines."""
    read_out = "softmax" if not cell.owns_read_out else None
    interpreted, compiled = (
        random_network(cell, 7, engine=engine, dtype=dtype, read_out=read_out, **sizes) for engine in ENGINES
    )
    return interpreted, compiled


@pytest.mark.parametrize("name", CELL_NAMES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-5)])
def test_compiled_is_interpreted(name: str, dtype: str, tolerance: float) -> None:
    cell = every_cell()[name]
    for D, H in SIZES:
        interpreted, compiled = twins(cell, dtype, D=D, H=H)
        rng = np.random.default_rng(8)
        x, initial_states = inputs(interpreted, rng, 4, 9), random_starts(cell, rng, interpreted.layers[0], 4)
        exact, fast = interpreted.forward(x, **initial_states), compiled.forward(x, **initial_states)
        assert list(exact) == list(fast)
        for signal in exact:
            assert exact[signal].dtype == fast[signal].dtype == dtype
            scale = max(np.abs(exact[signal]).max(), np.abs(exact["h" if "h" in exact else cell.emits]).max())
            np.testing.assert_allclose(
                fast[signal], exact[signal], rtol=0, atol=tolerance * scale, err_msg=f"{signal} {D} {H}"
            )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CELL_NAMES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_bits_alone_in_a_batch_as_a_prefix_and_step_by_step(name: str, engine: str, dtype: str) -> None:
    cell = every_cell()[name]
    for D, H, N in ((3, 5, 11), (6, 34, 5)):
        read_out = None if cell.owns_read_out else "log_softmax"
        net = random_network(cell, 9, engine=engine, dtype=dtype, read_out=read_out, D=D, H=H)
        rng = np.random.default_rng(10)
        x, initial_states = inputs(net, rng, N, 7), random_starts(cell, rng, net.layers[0], N)
        batch = net.forward(x, **initial_states)
        for n in range(N):
            start = {name: value[n] for name, value in initial_states.items()}
            alone = net.forward(x[n], **start)
            prefix = net.forward(x[n, :4], **start)
            stepper = net.stepper(**start)
            stepped = [stepper.step(x_t) for x_t in x[n]]
            np.testing.assert_array_equal(stepped, alone["y"])
            np.testing.assert_array_equal(net(x[n], **start), alone["y"])
            for state in cell.state:
                np.testing.assert_array_equal(stepper.state[state], alone.final[state])
            for signal in alone:
                np.testing.assert_array_equal(alone[signal], batch[signal][n])
                np.testing.assert_array_equal(prefix[signal], alone[signal][:4])
        np.testing.assert_array_equal(net(x, **initial_states), batch["y"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["elman", "lstm", "jordan", "odd"])
def test_ragged_batches_do_no_more_than_their_sequences_alone(name: str, engine: str) -> None:
    cell = every_cell()[name]
    net = random_network(cell, 11, engine=engine, read_out=None if cell.owns_read_out else "identity")
    rng = np.random.default_rng(12)
    lengths = [4, 0, 7, 1, 7, 3]
    x, initial_states = inputs(net, rng, 6, 7), random_starts(cell, rng, net.layers[0], 6)
    trace = net.forward(x, lengths=lengths, **initial_states)
    y, state = net(x, lengths=lengths, return_state=True, **initial_states)
    for n, length in enumerate(lengths):
        alone = net.forward(x[n, :length], **{name: value[n] for name, value in initial_states.items()})
        for signal in alone:
            np.testing.assert_array_equal(trace[signal][n, :length], alone[signal])
            assert not trace[signal][n, length:].any()
        for name in cell.state:
            np.testing.assert_array_equal(trace.final[name][n], alone.final[name])
            np.testing.assert_array_equal(state[name][n], alone.final[name])
    np.testing.assert_array_equal(y, trace.y)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_masked_step_is_skipped_and_the_state_carried(engine: str) -> None:
    net = random_network(CELLS["gru"], 13, engine=engine)
    x = inputs(net, np.random.default_rng(14), 2, 6)
    mask = np.array([[1, 0, 1, 1, 0, 1], [0, 0, 1, 1, 1, 1]], bool)
    masked = net.forward(x, mask=mask)
    for n in range(2):
        np.testing.assert_array_equal(masked.h[n, mask[n]], net.forward(x[n, mask[n]]).h)
        assert not masked.h[n, ~mask[n]].any()
    np.testing.assert_array_equal(net.forward(x, mask=mask[0]).h[1, mask[0]], net.forward(x[1, mask[0]]).h)


@pytest.mark.parametrize("engine", ENGINES)
def test_many_steps_pass_through_a_block_of_few(engine: str) -> None:
    """More rows than the block of `infer` holds, ragged: chunks must join without a seam."""
    net = random_network(CELLS["lstm"], 15, engine=engine, H=34, read_out="identity")
    x = inputs(net, np.random.default_rng(16), 9, 150)
    lengths = [150, 149, 10, 0, 75, 75, 150, 1, 99]
    np.testing.assert_array_equal(net(x, lengths=lengths), net.forward(x, lengths=lengths).y)


@compiler
@pytest.mark.parametrize("name", CELL_NAMES)
@pytest.mark.parametrize("rows", [1, 7, 20, 140])
def test_the_step_before_outlives_the_turn_of_the_block(name: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs are laid ahead for as many rows as the block has: all but the one that the next step continues."""
    network, rng = random_network(every_cell()[name], engine="numba"), np.random.default_rng(rows)
    runner: Any = network.cells[0]
    pitch = runner.packed.pitch * network.dtype.itemsize
    monkeypatch.setattr(prepared, "CHUNK", rows * pitch)
    monkeypatch.setattr(prepared, "FEWEST", 1)
    for x, lengths in ((inputs(network, rng, 300), None), (inputs(network, rng, 3, 300), [290, 300, 17])):
        y, trace = network(x, lengths=lengths), network.forward(x, lengths=lengths)
        assert np.array_equal(y, trace.y)


@pytest.mark.parametrize("engine", ENGINES)
def test_layouts_and_single_sequences_agree(engine: str) -> None:
    net = random_network(CELLS["elman"], 17, engine=engine, read_out="tanh")
    x = inputs(net, np.random.default_rng(18), 4, 6)
    first = net(x.swapaxes(0, 1), layout="time_first")
    np.testing.assert_array_equal(first.swapaxes(0, 1), net(x))
    np.testing.assert_array_equal(net.forward(x.swapaxes(0, 1), layout="time_first").h.swapaxes(0, 1), net.forward(x).h)
    np.testing.assert_array_equal(net(x[:1])[0], net(x[0]))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stack_hands_the_states_up(engine: str) -> None:
    rng = np.random.default_rng(19)
    low, high = random_arrays(CELLS["gru"], rng, H=6), random_arrays(CELLS["lstm"], rng, D=6, H=4)
    x = rng.normal(size=(3, 5, 3))
    both = Network([Layer("gru", **low), Layer("lstm", **high)], engine=engine)
    below, above = (Network([Layer(name, **arrays)], engine=engine) for name, arrays in (("gru", low), ("lstm", high)))
    np.testing.assert_array_equal(both(x), above(below(x)))
    trace = both.forward(x)
    np.testing.assert_array_equal(trace.layers[0].h, below(x))
    np.testing.assert_array_equal(trace.c, above.forward(below(x)).c)


@pytest.mark.parametrize("output", ["identity", "softmax", "log_softmax", "sigmoid", "tanh"])
@pytest.mark.parametrize("engine", ENGINES)
def test_read_outs_hold_at_ten_thousand(output: str, engine: str) -> None:
    net = Network(
        [Layer("elman", [[1.0]], [[0.0]], activation="identity")], [[1.0], [-1.0], [0.5]], output=output, engine=engine
    )
    y = net([[1e4], [-1e4], [0.0]])
    assert np.isfinite(y).all()
    if output == "softmax":
        np.testing.assert_allclose(y, np.array([[1, 0, 0], [0, 1, 0], [1 / 3] * 3]), atol=1e-15)


@pytest.mark.parametrize("engine", ENGINES)
def test_not_a_number_stays_where_it_is(engine: str) -> None:
    """A sequence that overflows leaves its neighbours in the batch alone."""
    net = random_network(CELLS["elman"].switch(activation="relu"), 20, engine=engine, read_out="softmax")
    x = inputs(net, np.random.default_rng(21), 3, 8)
    good = net(x)
    x[1, 3] = np.nan
    with np.errstate(all="ignore"):
        bad = net(x)
    np.testing.assert_array_equal(bad[[0, 2]], good[[0, 2]])
    assert np.isnan(bad[1, 3:]).all()
    np.testing.assert_array_equal(bad[1, :3], good[1, :3])


def test_float32_in_float32_out() -> None:
    weights = [np.ones((4, 2), np.float32), np.ones((4, 4), np.float32)]
    for engine in ENGINES:
        net = Network([Layer("elman", *weights)], engine=engine)
        assert net.dtype == np.float32
        assert net(np.ones((3, 2))).dtype == np.float32
        assert net.stepper().step([1, 2]).dtype == np.float32
        assert all(array.dtype == np.float32 for array in net.forward(np.ones((3, 2))).values())


def test_every_mistake_would_show() -> None:
    """The suite's data tells apart what must not be mixed up: gates, transposes, the two GRUs, the two updates."""
    rng = np.random.default_rng(22)
    arrays = random_arrays(CELLS["lstm"], rng)
    x = rng.normal(size=(4, 3))
    right = Network([Layer("lstm", **arrays)], engine="equations")(x)
    for g, k in ((0, 1), (0, 2), (1, 3), (2, 3)):
        swapped = {
            name: array.reshape(4, 5, *array.shape[1:])[_swap(g, k)].reshape(array.shape)
            for name, array in arrays.items()
        }
        assert np.abs(Network([Layer("lstm", **swapped)], engine="equations")(x) - right).max() > 1e-3
    for name in ("W", "U"):
        changed = {**arrays, name: arrays[name] * 1.001}
        assert np.abs(Network([Layer("lstm", **changed)], engine="equations")(x) - right).max() > 1e-5
    gates = arrays["W"].reshape(4, 5, 5).transpose(0, 2, 1).reshape(20, 5)
    assert np.abs(Network([Layer("lstm", **{**arrays, "W": gates})], engine="equations")(x) - right).max() > 1e-3
    gru = random_arrays(CELLS["gru"], rng)
    results = [
        Network([Layer(name, **gru, **extra)], engine="equations")(x)
        for name, extra in (
            ("gru", {}),
            ("gru", {"update": "z_new"}),
            ("gru_after", {}),
            ("gru_after", {"d": np.ones(5)}),
        )
    ]
    assert all(np.abs(y - earlier).max() > 1e-3 for i, y in enumerate(results) for earlier in results[:i])


def _swap(g: int, k: int) -> list[int]:
    order = [0, 1, 2, 3]
    order[g], order[k] = k, g
    return order


# -------------------------------------------------------------------------------------------------------------- threads


@pytest.mark.parametrize("name", ["lstm", "jordan", "odd"])
def test_the_same_bits_on_any_number_of_threads(name: str) -> None:
    """Ragged, with starts of their own, both layouts; and in a pool of the user's own."""
    from concurrent.futures import ThreadPoolExecutor

    network, rng = random_network(every_cell()[name], 3, engine="numba", read_out="softmax"), np.random.default_rng(4)
    x, lengths = inputs(network, rng, 37, 6), rng.integers(0, 7, 37)
    initial_states = random_starts(network.layers[0].cell, rng, network.layers[0], 37)
    alone = network(x, lengths=lengths, return_state=True, **initial_states)
    dy = rng.normal(size=alone[0].shape)

    def there_and_back(chunk: int | None) -> list[np.ndarray]:
        trace = network.forward(x, lengths=lengths, **initial_states)
        gradients = network.backward(trace, dy=dy, chunk=chunk)
        return [*trace.values(), *trace.final.values(), *gradients.values(), *gradients.steps.values()]

    whole = {chunk: there_and_back(chunk) for chunk in (None, 2)}
    for threads in (2, 3, 64):
        network.threads = threads
        for chunk, before in whole.items():
            for threaded, single in zip(there_and_back(chunk), before, strict=True):
                np.testing.assert_array_equal(threaded, single)
        y, final = network(x, lengths=lengths, return_state=True, **initial_states)
        assert (y == alone[0]).all()
        assert all((final[state] == alone[1][state]).all() for state in final)
        turned = network(np.swapaxes(x, 0, 1), lengths=lengths, layout="time_first", **initial_states)
        assert (np.swapaxes(turned, 0, 1) == alone[0]).all()
        with ThreadPoolExecutor(3) as pool:
            pooled = list(pool.map(lambda _k: network(x, lengths=lengths, **initial_states), range(6)))
        assert all((y == alone[0]).all() for y in pooled)


@compiler
@pytest.mark.parametrize("name", ["elman", "lstm", "gru", "gru_after"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("longest", [10**15, -1])
def test_the_same_bits_where_units_are_shared_and_where_that_is_called_off(
    name: str, dtype: str, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncalc.engine.compiled.execution.unit_split.LEAST", 0)
    cell, rng = every_cell()[name], np.random.default_rng(5)
    wide = lanes(np.dtype(dtype).itemsize)
    for H in (4 * wide, 5 * wide, 6 * wide - (wide > 1), 7 * wide - (wide > 1)):  # an odd vector; one that is filled up
        for N, T in ((1, 150), (3, 4)):
            network = random_network(cell, 6, engine="numba", dtype=dtype, D=5, H=H)
            x, initial_states = inputs(network, rng, N, T), random_starts(cell, rng, network.layers[0], N)
            y, ends = network(x, return_state=True, **initial_states)
            network.threads = 2
            runner: Any = network.cells[0]
            split = runner.split
            split.longest = longest
            assert split.fits
            other, others = network(x, return_state=True, **initial_states)
            assert bool(split.resting) == (longest < 0)
            np.testing.assert_array_equal(other, y)
            for state in ends:
                np.testing.assert_array_equal(others[state], ends[state])


@compiler
def test_threads_do_not_write_over_each_other() -> None:
    """Large enough that one is at work on what another has done, many times over."""
    rng = np.random.default_rng(9)
    arrays = rng.normal(size=(512, 64)) / 8, rng.normal(size=(512, 128)) / 11, rng.normal(size=512)
    x, dy = rng.normal(size=(32, 60, 64)), rng.normal(size=(32, 60, 128))
    alone, together = (rnncalc.LSTM(*arrays, threads=threads) for threads in (1, 2))
    wanted = alone.backward(alone.forward(x), dy=dy)
    for _time in range(5):
        gradients = together.backward(together.forward(x), dy=dy)
        for name in wanted:
            np.testing.assert_array_equal(gradients[name], wanted[name], err_msg=name)


def test_threads_survive_a_fork_and_are_asked_for_by_number() -> None:
    code = """
import os, numpy as np, rnncalc
net = rnncalc.Elman(np.ones((2, 3)), np.ones((2, 2)) / 4)
x = np.random.default_rng(1).normal(size=(32, 5, 3))
y = net(x)
assert net.threads == 2
if os.fork() == 0:
    os._exit(0 if (net(x) == y).all() else 1)
assert os.wait()[1] == 0
print("alive")
"""
    if hasattr(os, "fork"):
        assert python(code, RNNCALC_THREADS="2").strip() == "alive"
    with pytest.raises(RnncalcError, match="threads is auto or a number from 1 to 256, not 0"):
        rnncalc.Elman([[1.0]], [[1.0]], threads=0)
