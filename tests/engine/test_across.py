"""Across the sequences of a batch: the same bits as each sequence alone, whatever the batch leaves over."""

from typing import Any

import numpy as np
import pytest
from support.helpers import choose_lane_batched, compiler, every_cell, inputs, random_network, random_starts

import rnncalc
from rnncalc.engine.compiled.codegen.register import lanes
from rnncalc.model.layer import Layer
from rnncalc.model.packed_batch import BatchMajor, PackedBatch
from rnncalc.network import inference
from rnncalc.network.view import View

pytestmark = compiler


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    choose_lane_batched(monkeypatch, True)


@pytest.mark.parametrize("name", every_cell())
def test_every_sequence_has_the_bits_it_has_alone(always: None, name: str) -> None:
    cell, rng = every_cell()[name], np.random.default_rng(3)
    dtype, output = [("float64", "softmax"), ("float32", "log_softmax")][list(every_cell()).index(name) % 2]
    for D, H, T, N in ((3, 5, 7, 37), (6, 9, 1, 3), (1, 2, 4, 16 * 4 + 1)):
        if cell.adds_input:
            D = H
        read_out = None if cell.owns_read_out else output
        net = random_network(cell, 5, engine="numba", dtype=dtype, read_out=read_out, D=D, H=H)
        x, initial_states = inputs(net, rng, N, T), random_starts(cell, rng, net.layers[0], N)
        x[1, 0, 0], x[2 % N, -1, 0] = np.nan, 1e30
        y, ends = net(x, return_state=True, **initial_states)
        for n in range(N):
            trace = net.forward(x[n], **{start: value[n] for start, value in initial_states.items()})
            np.testing.assert_array_equal(y[n], trace.y)
            for state in cell.state:
                np.testing.assert_array_equal(ends[state][n], trace.final[state])


@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
def test_stacks_in_both_directions(always: None, merge: str) -> None:
    rng = np.random.default_rng(4)
    D, H, K, T, N = 4, 3, 2, 5, 21

    def weights(gates: int, inputs: int, units: int) -> list[np.ndarray]:
        return [rng.normal(size=shape) for shape in ((gates * units, inputs), (gates * units, units), (gates * units,))]

    wide = 2 * H if merge == "concat" else H
    mirror = dict(zip("UWb", weights(4, D, H)))
    layers = [
        Layer("lstm", *weights(4, D, H), direction="both", backward=mirror, merge=merge),
        Layer("elman", *weights(1, wide, K), direction="backward"),
    ]
    net = rnncalc.Network(layers, V=rng.normal(size=(6, K)), c=rng.normal(size=6), output="softmax")
    x = rng.normal(size=(N, T, D))
    y, dy = net(x), rng.normal(size=(N, T, 6))
    gradients, alone = net.backward(net.forward(x), dy=dy), []
    for n in range(N):
        trace = net.forward(x[n])
        alone.append(net.backward(trace, dy=dy[n]))
        np.testing.assert_array_equal(y[n], trace.y)
        np.testing.assert_allclose(gradients.x[n], alone[-1].x, rtol=0, atol=1e-14)
    for level, layer in enumerate(gradients.layers):
        for name_of_direction, direction in layer.passes.items():
            for name in direction:
                parts = [other.layers[level].passes[name_of_direction][name] for other in alone]
                wanted = np.stack(parts) if name in direction.initial_states else np.sum(parts, axis=0)
                np.testing.assert_allclose(direction[name], wanted, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(net(np.swapaxes(x, 0, 1), layout="time_first"), np.swapaxes(y, 0, 1))


@pytest.mark.parametrize(
    ("name", "dtype", "tolerance", "way"),
    [
        (name, dtype, tolerance, way)
        for number, name in enumerate(every_cell())
        for dtype, tolerance, way in (
            ("float64", 1e-12, {}),
            ("float64", 1e-12, {"chunk": 3}),
            ("float64", 1e-12, {"truncate": 2}),
            ("float32", 1e-4, {}),
        )
        if "," not in name or not (way or number % 3)  # a function is the same code across and along
    ],
)
def test_gradients_are_those_along_the_units(
    monkeypatch: pytest.MonkeyPatch, name: str, dtype: str, tolerance: float, way: dict[str, Any]
) -> None:
    cell, rng = every_cell()[name], np.random.default_rng(6)
    D, H, O, T, N = 5 if cell.adds_input else 3, 5, 4, 7, 37
    read_out = None if cell.owns_read_out else "softmax"
    net = random_network(cell, 5, engine="numba", dtype=dtype, read_out=read_out, D=D, H=H, O=O)
    x, initial_states = inputs(net, rng, N, T), random_starts(cell, rng, net.layers[0], N)
    dy = rng.normal(size=(N, T, net.sizes["O"]))
    results = []
    for lane_batched in (False, True):
        choose_lane_batched(monkeypatch, lane_batched)
        trace = net.forward(x, **initial_states)
        assert isinstance(trace.view.schedule, BatchMajor) is lane_batched
        results.append((trace, net.backward(trace, dy=dy, **way)))
    (trace, along), (other, across) = results
    for signal in trace:
        np.testing.assert_array_equal(other[signal], trace[signal])
    for state in cell.state:
        np.testing.assert_array_equal(other.initial[state], trace.initial[state])
        np.testing.assert_array_equal(other.final[state], trace.final[state])
    for mine, theirs in ((across, along), (across.steps, along.steps)):
        assert list(mine) == list(theirs)
        for gradient in theirs:
            scale = np.abs(theirs[gradient]).max()
            np.testing.assert_allclose(
                mine[gradient], theirs[gradient], rtol=0, atol=tolerance * scale, err_msg=gradient
            )


def test_it_is_taken_where_the_vectors_are_fuller() -> None:
    wide = lanes(8)
    if wide == 1:
        pytest.skip("vectors of one entry are always full")
    rng = np.random.default_rng(5)
    few = rnncalc.Elman(rng.normal(size=(1, 2)), rng.normal(size=(1, 1)))
    many = rnncalc.Elman(rng.normal(size=(2 * wide, 2)), rng.normal(size=(2 * wide, 2 * wide)))
    batch = View(PackedBatch(4 * wide, 3), batch=True)
    assert inference.across_pays(few, batch)
    assert not inference.across_pays(few, View(PackedBatch(1, 3), batch=False))
    assert not inference.across_pays(many, batch)
