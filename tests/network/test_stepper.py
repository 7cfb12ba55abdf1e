"""A network fed one step at a time: what counts as a step, and copies that go on alone."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, inputs, random_network, random_starts

from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.cells import CELLS
from rnncalc.network.stepper import Stepper

COPIES: dict[str, Callable[[Stepper], Stepper]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda stepper: pickle.loads(pickle.dumps(stepper)),
    "copy of a copy": lambda stepper: copy.copy(copy.deepcopy(stepper)),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["lstm", "jordan"])
@pytest.mark.parametrize("read_out", [None, "softmax"])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_a_copy_goes_on_alone(name: str, engine: str, read_out: str | None, batch: tuple[int, ...]) -> None:
    network, rng = random_network(CELLS[name], 3, engine=engine, read_out=read_out, D=2), np.random.default_rng(4)
    states = random_starts(CELLS[name], rng, network.layers[0], batch[0] if batch else 1)
    states = states if batch else {state: rows[0] for state, rows in states.items()}
    x = inputs(network, rng, *batch, 5)
    y = np.moveaxis(network(x, **states), -2, 0)
    steps = np.moveaxis(x, -2, 0)
    for before in (0, 2):
        stepper = network.stepper(**states)
        for x_t in steps[:before]:
            stepper.step(x_t)
        copies = [make(stepper) for make in COPIES.values()]
        for stream in (*copies, stepper):  # each leaves the others where they are
            for state, rows in stepper.state.items():
                if stream is not stepper:
                    np.testing.assert_array_equal(stream.state[state], rows)
            for x_t, y_t in zip(steps[before:], y[before:]):
                np.testing.assert_array_equal(stream.step(x_t), y_t)
            if before:
                with pytest.raises(ShapeError):
                    stream.step(np.ones((7, 2)))
            stream.reset()
            np.testing.assert_array_equal(stream.step(steps[0]), y[0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES)
def test_a_network_is_copied_with_its_weights(engine: str, make: Callable[..., Any]) -> None:
    network = random_network(CELLS["gru"], 3, engine=engine, read_out="tanh")
    x = inputs(network, np.random.default_rng(4), 2, 5)
    network(x)
    np.testing.assert_array_equal(make(network)(x), network(x))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_number_is_a_step_of_one_input(engine: str) -> None:
    network = random_network(CELLS["elman"], 3, engine=engine, D=1)
    y = network([[5.0]])[0]
    for x_t in (5, 5.0, np.float32(5), np.array(5.0), np.array(5), [5], np.array([5.0]), (5.0,), np.ma.array([[5.0]])):
        np.testing.assert_array_equal(np.reshape(network.stepper().step(x_t), -1), y)
    batch = network.stepper().step([[5], [5]])
    np.testing.assert_array_equal(batch, [y, y])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("D", [1, 3])
def test_what_is_no_step_is_refused_and_changes_nothing(engine: str, D: int) -> None:
    network = random_network(CELLS["elman"], 3, engine=engine, D=D)
    bad: list[Any] = [np.ones(2), np.ones((2, 2)), np.ones((1, 1, D)), [], [[]], "a", None, [[1, 2], [3]], 1j, {}]
    for started in (False, True):
        stepper = network.stepper()
        if started:
            stepper.step(np.ones(D))
        before = stepper.state["h"]
        for x_t in [*bad, *([5.0, np.array(5.0)] if D > 1 else []), *([np.ones((1, D))] if started else [])]:
            with pytest.raises(ShapeError):
                stepper.step(x_t)
            np.testing.assert_array_equal(stepper.state["h"], before)
        np.testing.assert_array_equal(network.stepper().step(np.ones(D)), network(np.ones((1, D)))[0])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused_and_changes_nothing(engine: str, batch: tuple[int, ...], wrong: float) -> None:
    network, random = random_network(CELLS["lstm"], 3, engine=engine, D=2), np.random.default_rng(5)
    x = random.normal(size=(2, *batch, 2))
    stepper, alone = network.stepper(), network.stepper()
    alone.step(x[0])
    stepper.step(x[0])
    broken = x[1].copy()
    broken.reshape(-1)[random.integers(broken.size)] = wrong
    with pytest.raises(ProblemError, match=r"x_t: .*input \d is .*no finite number"):
        stepper.step(broken)
    np.testing.assert_array_equal(stepper.step(x[1]), alone.step(x[1]))
    assert np.isfinite(network.stepper().step(np.full((*batch, 2), 1e200))).all()  # whose squares overflow


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stream_goes_on_with_the_weights_of_now(engine: str) -> None:
    network, rng = random_network(CELLS["elman"], 3, engine=engine, read_out="identity"), np.random.default_rng(4)
    x = inputs(network, rng, 2)
    stepper = network.stepper()
    stepper.step(x[0])
    state = stepper.state["h"]
    before = network(x[1:], h0=state)[0]
    network.fit(rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 5, 7)), loss="squared_error", epochs=1, lr=0.1)
    after = network(x[1:], h0=state)[0]
    assert (after != before).all()
    np.testing.assert_array_equal(stepper.step(x[1]), after)
