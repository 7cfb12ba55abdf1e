"""States are one thing: what comes out goes in again, in every form, and a sequence cut in two is the whole."""

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, choose_lane_batched, compiler, every_cell, inputs, random_arrays
from support.own_cells import random_cell, random_layer

from rnncalc import Cell, States
from rnncalc.errors import ProblemError, RnncalcError, ShapeError
from rnncalc.model.layer import Layer
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.network import Network
from rnncalc.network.objective import resolve_objective

CELLS = every_cell()


def stack(names: list[str], rng: np.random.Generator, both: bool = False, **options: Any) -> Network:
    """Layers of some cells, of different widths; both: the lowest in both directions."""
    layers, D = list[Layer](), 3
    for level, name in enumerate(names):
        cell, H = CELLS[name], 5 + 2 * level
        other: dict[str, Any] = {}
        if both and not level:
            other = {"direction": "both", "backward": random_arrays(cell, rng, D, H)}
        layers.append(Layer(cell, **random_arrays(cell, rng, D, H), **other))
        D = layers[-1].width
    top = {} if layers[-1].cell.owns_read_out or rng.random() < 0.5 else {"V": rng.normal(size=(2, D))}
    return Network(layers, **top, **options)  # type: ignore[arg-type]


def some(net: Network, rng: np.random.Generator, *batch: int) -> States:
    """Random states for all layers."""
    ends = net.forward(inputs(net, rng, *batch, 1)).final.flat
    return States.from_flat({name: rng.normal(size=array.shape).astype(net.dtype) for name, array in ends.items()})


def assert_same(states: States, others: States) -> None:
    assert list(states.flat) == list(others.flat)
    for name, array in states.flat.items():
        np.testing.assert_array_equal(array, others.flat[name])


def check_halves(net: Network, rng: np.random.Generator) -> None:
    """One sequence, a batch and a ragged one, cut at some step: the two parts give the bits of the whole."""
    lengths = np.array([6, 0, 2, 4])
    for batch, given in (((), None), ((4,), None), ((4,), lengths)):
        x, start = inputs(net, rng, *batch, 6).astype(net.dtype), some(net, rng, *batch)
        for cut in (0, 1, 4):
            first, rest = np.split(x, [cut], axis=-2)
            early, late = (None, None) if given is None else (np.minimum(given, cut), np.maximum(given - cut, 0))
            for begin in (None, start):
                y, ends = net(x, begin, lengths=given, return_state=True)
                y_first, middle = net(first, begin, lengths=early, return_state=True)
                y_rest, last = net(rest, middle, lengths=late, return_state=True)
                np.testing.assert_array_equal(np.concatenate([y_first, y_rest], axis=-2), y)
                assert_same(last, ends)
                assert_same(net.forward(x, begin, lengths=given).final, ends)
                assert_same(net.forward(first, begin, lengths=early).final, middle)
                np.testing.assert_array_equal(net.forward(rest, middle, lengths=late).y, y_rest)
        if given is None:
            stepper = net.stepper(start)
            assert_same(stepper.state, start)
            steps = [stepper.step(x[..., t, :]) for t in range(3)]
            others = [net.stepper(stepper.state), copy.deepcopy(stepper), pickle.loads(pickle.dumps(stepper))]
            assert_same(stepper.state, net(x[..., :3, :], start, return_state=True)[1])
            y = net(x, start)
            np.testing.assert_array_equal(np.stack(steps, axis=-2), y[..., :3, :])
            for each in (*others, stepper):
                for t in range(3, 6):
                    np.testing.assert_array_equal(each.step(x[..., t, :]), y[..., t, :])


@pytest.mark.parametrize("name", CELLS)
def test_two_halves_of_every_cell(name: str) -> None:
    rng = np.random.default_rng(1)
    check_halves(stack([name], rng, engine="equations"), rng)


@pytest.mark.parametrize("seed", range(8))
def test_two_halves_of_own_cells_and_stacks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check_halves(Network([random_layer(random_cell(rng), rng)], engine="equations"), rng)
    names = rng.permutation([name for name in CELLS if name != "odd" and not CELLS[name].owns_read_out])[:3].tolist()
    check_halves(stack(names, rng, dtype=("float32", "float64")[seed % 2], engine="equations"), rng)


@compiler
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_halves_compiled(dtype: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for lane_batched in (False, True):
        choose_lane_batched(monkeypatch, lane_batched)
        rng = np.random.default_rng(2)
        check_halves(stack(["lstm", "gru", "elman"], rng, dtype=dtype, threads=threads, engine="numba"), rng)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch", [(), (3,)])
def test_every_form_in_which_states_come_goes_in(engine: str, batch: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    net = stack(["lstm", "gru"], rng, both=True, engine=engine)
    x, states = inputs(net, rng, *batch, 5), some(net, rng, *batch)
    assert list(states.flat) == [
        "layers.0.forward.h", "layers.0.forward.c", "layers.0.backward.h", "layers.0.backward.c", "layers.1.forward.h",
    ]  # fmt: skip
    lower, upper = states.layers
    assert lower.backward
    assert lower.backward["c"] is states["layers.0.backward.c"] is states["c"][1]
    assert upper["h"] is states["h"][2]
    assert states["c"][2] is None
    assert list(states) == ["h", "c"]
    with pytest.raises(KeyError):
        lower["h"]
    y, ends = net(x, states, return_state=True)
    file = io.BytesIO()
    np.savez(file, **states.flat)  # type: ignore[arg-type]
    file.seek(0)
    forms = (
        states.flat, dict(states), {f"{name}0": arrays for name, arrays in states.items()}, copy.deepcopy(states),
        States.from_flat(states.flat), States.from_flat(np.load(file)), pickle.loads(pickle.dumps(states)),
    )  # fmt: skip
    for form in forms:
        other, others = net(x, form, return_state=True)
        np.testing.assert_array_equal(other, y)
        assert_same(others, ends)
    np.testing.assert_array_equal(net(x, h0=states["h"], c0=states["c"]), y)
    np.testing.assert_array_equal(net.forward(x, h0=states["h"], c0=states["c"]).y, y)
    assert_same(net.forward(x, states).initial, states)
    assert "layers.1.forward.h" in repr(states)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_stacked_as_pytorch_has_them(layers: int, both: bool, batch: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    levels, D = list[Layer](), 3
    for _level in range(layers):
        arrays = [random_arrays(CELLS["lstm"], rng, D, 4) for _direction in range(2)]
        other: dict[str, Any] = {"direction": "both", "backward": arrays[1]} if both else {}
        levels.append(Layer("lstm", **arrays[0], **other))
        D = levels[-1].width
    net = Network(levels, engine="equations")
    x, h, c = inputs(net, rng, *batch, 5), *rng.normal(size=(2, layers * (1 + both), *batch, 4))
    states = States.from_stacked(net, h=h, c=c)
    np.testing.assert_array_equal(states.stacked("h"), h)
    np.testing.assert_array_equal(states.stacked("c"), c)
    y, ends = net(x, states, return_state=True)
    assert ends.stacked("c").shape == c.shape
    np.testing.assert_array_equal(ends.flat["layers.0.forward.c"], ends.stacked("c")[0])
    if layers > 1 or both:
        np.testing.assert_array_equal(net(x, (h, c)), y)


def test_states_are_copies() -> None:
    rng = np.random.default_rng(5)
    net = stack(["gru"], rng, engine="equations")
    x = inputs(net, rng, 2, 3)
    trace, (_y, ends), stepper = net.forward(x), net(x, return_state=True), net.stepper()
    stepper.step(x[:, 0])
    for states in (trace.final, ends, stepper.state):
        states["h"][:] = 7  # somebody begins an episode anew
    np.testing.assert_array_equal(net.forward(x).final["h"], trace.h[:, -1])
    np.testing.assert_array_equal(stepper.step(x[:, 1]), trace.y[:, 1])


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"layers.2.forward.h": np.ones(5)}, ProblemError, "another network's: here is no layers.2.forward.h"),
        ({"layers.0.forward.q": np.ones(5)}, ProblemError, "another network's"),
        ({"layers.0.sideways.h": np.ones(5)}, ProblemError, "“layers.0.sideways.h” names no state"),
        ({"layers.0.forward.h": np.ones(4)}, ShapeError, "h0 must be"),
        ({"q": np.ones(5)}, ProblemError, "no state starts from q"),
        ({"h": np.ones(5)}, ShapeError, "need a list of 2"),
        (np.ones((2, 5)), ShapeError, "give the states by name"),
    ],
)
def test_what_is_refused(given: Any, kind: type[RnncalcError], said: str) -> None:
    net = stack(["gru", "lstm"], np.random.default_rng(0), engine="equations")
    for call in (net, net.forward):
        with pytest.raises(kind, match=said):
            call(np.ones((4, 3)), given)
    with pytest.raises(ProblemError, match="given twice"):
        net(np.ones((4, 3)), net.forward(np.ones((4, 3))).final, h0=[np.ones(5), np.ones(7)])
    with pytest.raises(ShapeError, match="no common shape"):
        net.forward(np.ones((4, 3))).final.stacked("h")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_length_of_one_sequence_is_a_number(engine: str) -> None:
    rng = np.random.default_rng(6)
    net = stack(["gru"], rng, engine=engine)
    x = inputs(net, rng, 5)
    for length in (0, 3, 5):
        y, ends = net(x, lengths=length, return_state=True)
        np.testing.assert_array_equal(y, net(x, lengths=[length]))
        np.testing.assert_array_equal(y[:length], net(x[:length]))
        assert_same(ends, net(x[:length], return_state=True)[1])
    for wrong in (6, 2.5):
        with pytest.raises(ShapeError, match="lengths must be"):
            net(x, lengths=wrong)
    with pytest.raises(ShapeError, match="lengths must be"):
        net(x[None], lengths=3)


@pytest.mark.parametrize("name", CELLS)
def test_the_output_has_one_name(name: str) -> None:
    rng = np.random.default_rng(7)
    net = stack([name], rng, engine="equations")
    cases: list[tuple[tuple[int, ...], dict[str, Any]]]
    cases = [((5,), {}), ((2, 5), {"lengths": [4, 0]}), ((5, 2), {"layout": "time_first"})]
    for shape, how in cases:
        x = inputs(net, rng, *shape)
        np.testing.assert_array_equal(net.forward(x, **how).output, net(x, **how))


def test_names_that_end_with_the_zero_of_an_initial_state() -> None:
    lines = {
        "s1": "tanh(U1 @ x_t + W1 @ s1_p + b10)",
        "s10": "sigmoid(U0 @ x_t + W10 @ s10_p - W1 @ s1)",
    }
    cell, rng = Cell("zeros", lines, ["s1", "s10"], "s10"), np.random.default_rng(8)
    for top in ({}, {"V": rng.normal(size=(2, 3)), "c": rng.normal(size=2)}):
        net = Network([Layer(cell, **random_arrays(cell, rng, 2, 3))], **top, engine="equations")  # type: ignore[arg-type]
        check_halves(net, rng)
        x, start = rng.normal(size=(4, 2)), {name: rng.normal(size=3) for name in cell.state}
        expected = net(x, States.from_flat({f"layers.0.forward.{name}": array for name, array in start.items()}))
        np.testing.assert_array_equal(net(x, start), expected)
        np.testing.assert_array_equal(net(x, {f"{name}0": array for name, array in start.items()}), expected)
        trace = net.forward(x, start)
        targets = rng.normal(size=expected.shape)
        gradients = net.backward(trace, targets, loss="squared_error")
        assert list(gradients.states.flat) == ["layers.0.forward.s1", "layers.0.forward.s10"]
        objective = resolve_objective(net, trace, targets, "squared_error", None, None)
        assert worst(list(GradientCheck(net, trace, objective, None, None).compare(gradients))) < 1e-12
