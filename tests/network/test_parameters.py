"""The parameters of a network, set and moved in place: the bits of a network that is made anew with these weights."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, choose_lane_batched, compiler, every_cell, inputs, random_arrays
from support.own_cells import random_cell, random_layer

from rnncalc.errors import ProblemError, RnncalcError, ShapeError
from rnncalc.model.layer import Layer
from rnncalc.network.gradients import Gradients
from rnncalc.network.network import Network

CELLS = every_cell()


def stack(names: list[str], rng: np.random.Generator, read_out: bool = True, **options: Any) -> Network:
    """Layers of some cells, every second one in both directions."""
    layers, D = list[Layer](), 3
    for level, name in enumerate(names):
        cell, H = CELLS[name], 5 + 2 * level
        both = level % 2 == 1 and not cell.owns_read_out
        backward: dict[str, Any] = {"direction": "both", "backward": random_arrays(cell, rng, D, H)} if both else {}
        layers.append(Layer(cell, **random_arrays(cell, rng, D, H), **backward))
        D = layers[-1].width
    top: dict[str, Any] = {}
    if read_out and not layers[-1].cell.owns_read_out:
        top = {"V": rng.normal(size=(2, D)), "c": rng.normal(size=2), "output": "softmax"}
    return Network(layers, **top, **options)


def redrawn(net: Network, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Other weights for all parameters."""
    return {name: rng.normal(size=array.shape).astype(net.dtype) for name, array in net.parameters.items()}


def anew(net: Network, weights: dict[str, np.ndarray]) -> Network:
    """The network made anew with other weights."""
    layers = []
    for number, layer in enumerate(net.layers):
        own: dict[str, Any] = {
            direction: {name: weights[f"layers.{number}.{direction}.{name}"] for name in part.arrays}
            | {f"{state}0": rows for state, rows in part.initial_states.items()}
            for direction, part in layer.passes.items()
        }
        first = own.pop("forward") if "forward" in own else own.pop("backward")
        layers.append(Layer(layer.cell, **first, direction=layer.direction, merge=layer.merge, **own))
    top: dict[str, Any] = {"V": weights["V"], "c": weights["c"], "output": net.output} if net.read_out else {}
    return Network(layers, **top, dtype=net.dtype, engine=net.engine, threads=net.threads)


def same(net: Network, other: Network, rng: np.random.Generator, *shape: int, lengths: Any = None) -> Gradients:
    """Both networks give the same bits, forward and back; the gradients."""
    x = inputs(net, rng, *shape).astype(net.dtype)
    np.testing.assert_array_equal(net(x, lengths=lengths), other(x, lengths=lengths))
    traces = [each.forward(x, lengths=lengths) for each in (net, other)]
    for name in traces[1]:
        np.testing.assert_array_equal(traces[0][name], traces[1][name])
    dy = rng.normal(size=traces[0].y.shape).astype(net.dtype)
    ours, theirs = (each.backward(trace, dy=dy) for each, trace in zip((net, other), traces))
    assert list(ours.parameters) == list(net.parameters) == list(theirs.parameters)
    for name, gradient in theirs.parameters.items():
        np.testing.assert_array_equal(ours.parameters[name], gradient)
        assert gradient.shape == net.parameters[name].shape
    np.testing.assert_array_equal(ours.x, theirs.x)
    return ours


def check(net: Network, rng: np.random.Generator, lengths: Any = (4, 0, 6)) -> None:
    """Weights set in place, before anything is packed and after, and moved down a gradient."""
    for _again in range(3):
        weights = redrawn(net, rng)
        net.set(weights)
        gradients = same(net, anew(net, weights), rng, 3, 6)
        same(net, anew(net, weights), rng, 3, 6, lengths=list(lengths))
        net.update(gradients, 0.25)
        moved = {name: array - net.dtype.type(0.25) * gradients.parameters[name] for name, array in weights.items()}
        same(net, anew(net, moved), rng, 4)
        some = dict(list(moved.items())[1:2])
        net.update(some, 0.5)  # a mapping moves what it names
        moved = {
            name: array - net.dtype.type(0.5) * some[name] if name in some else array for name, array in moved.items()
        }
        for name, array in net.parameters.items():
            np.testing.assert_array_equal(array, moved[name])


@pytest.mark.parametrize("name", CELLS)
def test_every_cell(name: str) -> None:
    rng = np.random.default_rng(3)
    check(stack([name], rng, engine="equations"), rng)


@pytest.mark.parametrize("seed", range(12))
def test_own_cells_and_stacks_of_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cell = random_cell(rng)
    check(Network([random_layer(cell, rng)], engine="equations"), rng)
    names = rng.permutation([name for name in CELLS if name != "odd" and not CELLS[name].owns_read_out])[:3].tolist()
    check(stack(names, rng, bool(seed % 2), dtype=("float32", "float64")[seed % 3 % 2], engine="equations"), rng)


@compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("names", [["lstm"], ["gru", "elman"], ["tied"], ["odd"], ["jordan"]], ids="-".join)
def test_packed_weights(names: list[str], dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    for lane_batched in (False, True):
        net = stack(names, rng, engine="numba", dtype=dtype, threads=2 if lane_batched else 1)
        if names != ["jordan"]:
            choose_lane_batched(monkeypatch, lane_batched)
        check(net, rng)


@compiler
@pytest.mark.parametrize("units", [1, 2, 8, 17, 40])
def test_blocks_of_every_width(units: int) -> None:
    """Whole vectors and parts of one, transposed in tiles and entry by entry."""
    rng = np.random.default_rng(units)
    for D in (1, 2, 33):
        arrays = random_arrays(CELLS["lstm"], rng, D, units)
        check(Network([Layer("lstm", **arrays)], engine="numba"), rng)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_made_before_stays_what_it_was(engine: str) -> None:
    rng = np.random.default_rng(1)
    net = stack(["gru", "elman"], rng, engine=engine)
    net.set(redrawn(net, rng))
    x = inputs(net, rng, 2, 5)
    y, before, trace = net(x), net.parameters, net.forward(x)
    others = [copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    stepper, grads = net.stepper() if not net.runs_backward else None, net.backward(trace, dy=np.ones_like(y))
    assert stepper is None
    kept = {name: array.copy() for name, array in before.items()}
    net.set(redrawn(net, rng))
    assert not np.array_equal(net(x), y)
    for other in others:
        np.testing.assert_array_equal(other(x), y)
    for name, array in kept.items():
        np.testing.assert_array_equal(before[name], array)
        np.testing.assert_array_equal(others[0].parameters[name], array)
    np.testing.assert_array_equal(trace.y, y)
    with pytest.raises(ProblemError, match="before its weights were changed"):
        net.backward(trace, dy=np.ones_like(y))
    if engine == "numba":  # what is computed on demand would be computed with other weights
        with pytest.raises(ProblemError, match="the weights have changed since"):
            grads.x  # noqa: B018 - is computed when it is read
    others[0].set(redrawn(net, rng))  # and a copy leaves the others alone
    np.testing.assert_array_equal(others[1](x), y)
    net.set(before)
    np.testing.assert_array_equal(net(x), y)


@compiler
@pytest.mark.parametrize("name", ["lstm", "gru_after", "jordan", "tied"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_kept_between_calls_follows_every_change(name: str, dtype: str) -> None:
    """Weights, threads and the engine, changed in any order between calls of shapes seen before: as if made anew."""
    rng = np.random.default_rng(6)
    net = stack([name], rng, engine="numba", dtype=dtype)
    weights, shapes = dict(net.parameters), [(4,), (1, 4), (3, 6)]
    gradients: Any = redrawn(net, rng)
    for change in rng.permutation(["set", "update", "threads", "engine", "nothing"] * 4):
        if change == "set":
            weights = redrawn(net, rng)
            net.set(weights)
        elif change == "update":
            net.update(gradients, 0.25)
            named = getattr(gradients, "parameters", gradients)
            weights = {at: array - net.dtype.type(0.25) * named[at] for at, array in weights.items()}
        elif change == "threads":
            net.threads = 3 - net.threads
        elif change == "engine":
            trace = net.forward(inputs(net, rng, 4))
            net.engine = "equations" if net.engine == "numba" else "numba"
            with pytest.raises(ProblemError, match="this trace was made by another network"):
                net.backward(trace, dy=np.ones_like(trace.y))
        gradients = same(net, anew(net, weights), rng, *shapes[rng.integers(len(shapes))])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stream_goes_on_with_other_weights(engine: str) -> None:
    rng = np.random.default_rng(2)
    net = stack(["elman"], rng, engine=engine)
    first, second, x = redrawn(net, rng), redrawn(net, rng), inputs(net, rng, 4)
    net.set(first)
    stepper = net.stepper()
    stepper.step(x[0])
    h = stepper.state["h"]
    net.set(second)
    np.testing.assert_array_equal(stepper.step(x[1]), anew(net, second)(x[1:2], h0=h)[0])


def test_training_and_setting_share_one_vector() -> None:
    rng = np.random.default_rng(4)
    net = stack(["elman"], rng, read_out=True, engine="equations")
    net.set(redrawn(net, rng))
    x = rng.normal(size=(4, 3, 3))
    net.fit(x, rng.integers(0, 2, (4, 3)), loss="cross_entropy", epochs=2)
    fitted = dict(net.parameters)
    same(net, anew(net, fitted), rng, 2, 5)
    check(net, rng)


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (
            {"layers.0.forward.Q": [1.0]},
            ProblemError,
            "no parameter “layers.0.forward.Q”: did you mean layers.0.forward",
        ),
        ({"layers.0.forward.h0": np.ones(5)}, ProblemError, "no parameter"),
        ({"V": np.ones((2, 4))}, ShapeError, r"V must be \(2, 5\), got \(2, 4\)"),
        ({"c": ["a", "b"]}, ShapeError, "c must be an array of real numbers"),
    ],
)
def test_what_is_refused_changes_nothing(given: dict[str, Any], kind: type[RnncalcError], said: str) -> None:
    net = stack(["elman"], np.random.default_rng(0), engine="equations")
    before = net.parameters
    for change in (net.set, lambda given: net.update(given, 0.1)):
        with pytest.raises(kind, match=said):
            change({"layers.0.forward.b": np.zeros(5), **given})
        for name, array in net.parameters.items():
            np.testing.assert_array_equal(array, before[name])


def test_gradients_have_the_names_of_parameters() -> None:
    net = stack(["elman", "gru"], np.random.default_rng(0), engine="equations")
    trace = net.forward(np.ones((4, 3)))
    grads = net.backward(trace, dy=np.ones_like(trace.y))
    assert np.array_equal(grads["layers.1.backward.U"], grads.layers[1].passes["backward"].U)
    assert np.array_equal(grads["V"], grads.parameters["V"])
    with pytest.raises(KeyError):
        grads["layers.2.forward.U"]
    with pytest.raises(ValueError, match="read-only"):
        net.parameters["V"][:] = 0
