"""Across the sequences of a batch: the same bits as each sequence alone, whatever the batch leaves over."""

import numpy as np
import pytest
from helpers import every_cell, inputs, random_network, random_starts

import rnncalc
from rnncalc import inference
from rnncalc.engine.vector import lanes
from rnncalc.layer import Layer


@pytest.fixture
def always(monkeypatch):
    """Across, also where it would not pay."""
    monkeypatch.setattr(inference, "_across_pays", lambda network, sequences: True)


@pytest.mark.parametrize("name", every_cell())
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("output", ["softmax", "log_softmax"])
def test_every_sequence_has_the_bits_it_has_alone(always, name, dtype, output):
    cell, rng = every_cell()[name], np.random.default_rng(3)
    for D, H, T, N in ((3, 5, 7, 37), (6, 9, 1, 3), (1, 2, 4, 16 * 4 + 1)):
        if cell.adds_input:
            D = H
        read_out = None if cell.owns_read_out else output
        net = random_network(cell, 5, engine="numba", dtype=dtype, read_out=read_out, D=D, H=H)
        x, starts = inputs(net, rng, N, T), random_starts(cell, rng, net.layers[0], N)
        x[1, 0, 0], x[2 % N, -1, 0] = np.nan, 1e30
        y, ends = net(x, return_state=True, **starts)
        for n in range(N):
            trace = net.forward(x[n], **{start: value[n] for start, value in starts.items()})
            np.testing.assert_array_equal(y[n], trace.y)
            for state in cell.state:
                np.testing.assert_array_equal(ends[state][n], trace.final[state])


@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
def test_stacks_in_both_directions(always, merge):
    rng = np.random.default_rng(4)
    D, H, K, T, N = 4, 3, 2, 5, 21

    def weights(gates, inputs, units):
        return [rng.normal(size=shape) for shape in ((gates * units, inputs), (gates * units, units), (gates * units,))]

    wide = 2 * H if merge == "concat" else H
    mirror = dict(zip("UWb", weights(4, D, H)))
    layers = [
        Layer("lstm", *weights(4, D, H), direction="both", backward=mirror, merge=merge),
        Layer("elman", *weights(1, wide, K), direction="backward"),
    ]
    net = rnncalc.Network(layers, V=rng.normal(size=(6, K)), c=rng.normal(size=6), output="softmax")
    x = rng.normal(size=(N, T, D))
    y = net(x)
    for n in range(N):
        np.testing.assert_array_equal(y[n], net.forward(x[n]).y)
    np.testing.assert_array_equal(net(np.swapaxes(x, 0, 1), layout="time_first"), np.swapaxes(y, 0, 1))


def test_it_is_taken_where_the_vectors_are_fuller():
    wide = lanes(8)
    if wide == 1:
        pytest.skip("vectors of one entry are always full")
    rng = np.random.default_rng(5)
    few = rnncalc.Elman(rng.normal(size=(1, 2)), rng.normal(size=(1, 1)))
    many = rnncalc.Elman(rng.normal(size=(2 * wide, 2)), rng.normal(size=(2 * wide, 2 * wide)))
    assert inference._across_pays(few, 4 * wide)
    assert not inference._across_pays(few, 1)
    assert not inference._across_pays(many, 4 * wide)
