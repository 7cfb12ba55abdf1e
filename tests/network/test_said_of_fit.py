"""What `fit`, estimators and calls cannot take is refused in words: kinds of settings, masks, widths, patience."""

from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc.errors import ProblemError, RnncalcError, ShapeError
from rnncalc.network.network import Network

N, T, D, O = 5, 4, 3, 2
LOSS = "mean_squared_error"


def network() -> Network:
    return rnncalc.random_network("gru", D, 6, O, dtype="float64", engine="equations", seed=2)


def data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N, T, D)), rng.normal(size=(N, T, O))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"batch": 1.5}, "batch must be a whole number, not 1.5"),
        ({"epochs": "3"}, "epochs must be a whole number"),
        ({"seed": None}, "seed must be a whole number, not None"),
        ({"lr": "0.1"}, "lr must be a number"),
        ({"patience": 2}, "--val 0.2, validation=0.2"),
        ({"validation": np.zeros((N, T, D))}, "validation is a share, or"),
        ({"validation": (np.zeros((0, T, D)), np.zeros((0, T, O)))}, "there is not one sequence"),
    ],
)
def test_a_setting_of_another_kind_is_refused(setting: dict[str, Any], said: str) -> None:
    x, y = data()
    net = network()
    before = net.parameters
    with pytest.raises(RnncalcError, match=said):
        net.fit(x, y, loss=LOSS, **{"epochs": 1, **setting})
    assert all(np.array_equal(before[name], array) for name, array in net.parameters.items())


@pytest.mark.parametrize("given", [{"batch": np.int64(2)}, {"lr": np.float32(0.1)}, {"lr": 1}, {"clip_norm": None}])
def test_numbers_of_numpy_are_numbers(given: dict[str, Any]) -> None:
    x, y = data()
    assert len(network().fit(x, y, loss=LOSS, epochs=1, **given)) == 1


def test_patience_with_something_put_aside() -> None:
    x, y = data()
    assert network().fit(x, y, loss=LOSS, epochs=2, patience=1, validation=0.4)


def test_no_sequence_and_half_a_unit() -> None:
    x, y = data()
    with pytest.raises(ShapeError, match="not one sequence"):
        network().fit(x[:0], y[:0], loss=LOSS)
    with pytest.raises(ProblemError, match="hidden must be a whole number"):
        rnncalc.random_network("gru", D, 2.5, O)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("listed", [False, True])
def test_a_masked_target_is_none(seed: int, listed: bool) -> None:
    x, y = data(seed)
    hidden = np.random.default_rng(seed + 9).random(y.shape) < 0.4
    masked = np.ma.masked_array(np.where(hidden, 1e6, y), hidden)
    nets, gaps = (network(), network()), np.where(hidden, np.nan, y)
    for net, given in zip(nets, (list(masked) if listed else masked, gaps)):
        net.fit(x, given, loss=LOSS, epochs=2)
    assert all(np.array_equal(array, nets[1].parameters[name]) for name, array in nets[0].parameters.items())
    if not listed:
        net = nets[0]
        losses = [net.backward(net.forward(x), given, loss=LOSS).loss for given in (masked, gaps)]
        assert losses[0] == losses[1]


def test_a_masked_input_is_refused_and_an_empty_mask_is_none() -> None:
    x, y = data()
    masked = np.ma.masked_array(x, np.zeros(x.shape, bool))
    net = network()
    assert np.array_equal(net(masked), net(x))
    masked[1, 2] = np.ma.masked
    for call in (net, net.forward, lambda given: net.fit(given, y, loss=LOSS)):
        for given in (masked, list(masked)):
            with pytest.raises(ShapeError, match="x has masked entries"):
                call(given)


def test_parts_that_differ_are_said() -> None:
    with pytest.raises(ShapeError, match=r"the shapes \(4, 3\), \(4, 2\)"):
        network()([np.ones((4, 3)), np.ones((4, 2))])


def test_a_cell_without_the_choice_says_so() -> None:
    with pytest.raises(RnncalcError, match="lstm has no activation to choose"):
        rnncalc.random_network("lstm", D, 3, O, activation="relu")


@pytest.mark.parametrize("name", ["RNNClassifier", "RNNRegressor"])
@pytest.mark.parametrize("fitted", [1, 2, 3])
def test_an_estimator_takes_the_width_that_it_was_fitted_on(name: str, fitted: int) -> None:
    pytest.importorskip("sklearn")
    X, y = np.random.default_rng(3).normal(size=(12, T, 3)), np.arange(12) % 2
    estimator = getattr(rnncalc, name)(hidden=3, epochs=1, engine="equations").fit(X[:, :, :fitted], y)
    for width, given in [(1, X[:, :, 0]), *((width, X[:, :, :width]) for width in (1, 2, 3))]:
        if width == fitted:
            assert estimator.predict(given).shape == (12,)
            continue
        with pytest.raises(ShapeError, match=f"X has {width} features a step, and {name} was fitted with {fitted}"):
            estimator.predict(given)
    with pytest.raises(ProblemError, match="patience"):
        getattr(rnncalc, name)(patience=2, engine="equations").fit(X, y)
