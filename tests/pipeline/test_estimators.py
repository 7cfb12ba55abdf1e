"""The estimators against scikit-learn's own checks, and on data."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

from rnncalc import RNNClassifier, RNNRegressor
from rnncalc.errors import ProblemError
from rnncalc.network.training.run_state import DivergedError


@pytest.mark.filterwarnings("default")
@parametrize_with_checks(
    [RNNClassifier(), RNNRegressor()],
    expected_failed_checks=lambda _estimator: {
        "check_sample_weight_equivalence_on_dense_data": "batches of repeated series are other batches",
    },
)
def test_scikit_learn_checks(estimator: RNNClassifier | RNNRegressor, check: Callable[..., Any]) -> None:
    check(estimator)


def waves(count: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    speed = rng.choice([0.3, 0.8], size=count)
    X = np.sin(rng.uniform(0, 6, size=(count, 1)) + speed[:, None] * np.arange(20)) + rng.normal(size=(count, 20)) / 10
    return X, speed


@pytest.mark.parametrize("summary", ["last", "final"])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("kind", [RNNClassifier, RNNRegressor])
def test_what_a_backward_layer_has_seen_is_said(kind: type, direction: str, summary: str) -> None:
    X, speed = waves(20)
    model = kind(direction=direction, summary=summary, epochs=1, hidden=2, engine="equations")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, speed > 0.5)
    assert [("has seen that one input only" in str(warning.message), warning.filename) for warning in caught] == [
        (True, __file__)
    ] * (direction != "forward" and summary == "last")


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("kind", [RNNClassifier, RNNRegressor])
def test_an_absurd_step_is_one_error_and_no_warning(kind: type, optimizer: str) -> None:
    X, speed = waves(20)
    for lr in (1e30, 1e150, 1e300):
        model = kind(lr=lr, optimizer=optimizer, epochs=3, hidden=2, batch=8, engine="equations", clip_norm=None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(DivergedError, match="Try a smaller lr"):
                model.fit(X, speed > 0.5)


def test_series_are_told_apart_and_measured() -> None:
    X, speed = waves()
    names = np.where(speed < 0.5, "slow", "fast")
    assert cross_val_score(RNNClassifier(epochs=120, hidden=16), X, names, cv=3).min() > 0.85
    assert cross_val_score(RNNRegressor(epochs=120, hidden=16), X[..., None], speed, cv=3).min() > 0.6
    model = RNNClassifier(epochs=2, random_state=3, validation=0.2).fit(X, names)
    assert np.array_equal(model.predict_proba(X), clone(model).fit(X, names).predict_proba(X))
    assert set(model.history_[0]) >= {"loss", "val_loss"}


@pytest.mark.parametrize("validation", [0.0, 0.3])
@pytest.mark.parametrize("labels", [["down", "flat", "up"], [3, 5, 8], [False, True], [1.0, 2.0, 3.0]])
def test_classes_count_what_class_weight_says(labels: list[Any], validation: float) -> None:
    """A mapping by the names in y is the same to the bit as weights of series, balanced as scikit-learn has it."""
    rng = np.random.default_rng(len(labels))
    X, y = (
        rng.normal(size=(40, 6, 2)),
        rng.choice(labels, 40, p=np.arange(1, len(labels) + 1) / sum(range(len(labels) + 1))),
    )
    how: dict[str, Any] = {"epochs": 3, "hidden": 3, "engine": "equations", "validation": validation}
    counts = {label: float(rng.uniform(0.1, 5)) for label in labels[1:]}  # the first counts 1
    series = np.array([counts.get(label, 1.0) for label in y.tolist()])
    by_series, plain = (RNNClassifier(**how).fit(X, y, weights).predict_proba(X) for weights in (series, None))
    by_class = RNNClassifier(class_weight=counts, **how).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(by_class, by_series)
    assert not np.array_equal(by_class, plain)
    both = RNNClassifier(class_weight=counts, **how).fit(X, y, series).predict_proba(X)
    np.testing.assert_allclose(both, RNNClassifier(**how).fit(X, y, series**2).predict_proba(X), rtol=1e-9)
    if not validation:  # what is put aside is not counted
        balanced = RNNClassifier(class_weight="balanced", **how).fit(X, y).predict_proba(X)
        weights = compute_sample_weight("balanced", y)
        np.testing.assert_allclose(balanced, RNNClassifier(**how).fit(X, y, weights).predict_proba(X), rtol=1e-9)


def test_a_class_that_is_none_is_refused_unless_all_others_are_there() -> None:
    X, y = np.random.default_rng(1).normal(size=(8, 3)), ["up", "down"] * 4
    how: dict[str, Any] = {"epochs": 1, "hidden": 2, "engine": "equations"}
    with pytest.raises(ProblemError, match="there is no class “upp”: did you mean up"):
        RNNClassifier(class_weight={"upp": 2.0, "down": 1}, **how).fit(X, y)
    with pytest.raises(ProblemError, match="“balanced”"):
        RNNClassifier(class_weight="balance", **how).fit(X, y)
    RNNClassifier(class_weight={"up": 2.0, "down": 1, "flat": 3}, **how).fit(X, y)
    assert "class_weight" not in RNNRegressor().get_params()


@pytest.mark.parametrize("kind", [RNNClassifier, RNNRegressor])
@pytest.mark.parametrize("D", [1, 3])
@pytest.mark.parametrize("steps", [1, 4, 6, 9])
def test_series_of_another_length_are_foretold(kind: type, D: int, steps: int) -> None:
    """As the network says of the standardised series; rows of another length are refused in words."""
    rng = np.random.default_rng(D + steps)
    X, other = rng.normal(size=(8, 6, D)), rng.normal(size=(5, steps, D))
    model = kind(epochs=2, hidden=3, engine="equations").fit(X, [0, 1] * 4)
    y = np.asarray(model.network_((other - model.mean_) / model.scale_))[:, -1]
    if kind is RNNClassifier:
        np.testing.assert_array_equal(model.predict_proba(other), y)
        np.testing.assert_array_equal(model.predict(other), y.argmax(axis=1))
    else:
        np.testing.assert_array_equal(model.predict(other), y[:, 0] * model.target_scale_ + model.target_mean_)
    if D > 1:
        return
    flat = kind(epochs=1, hidden=2, engine="equations").fit(X[..., 0], [0, 1] * 4)
    if steps == 6:
        assert flat.predict(other[..., 0]).shape == (5,)
        return
    with pytest.raises(ValueError, match=f"X has {steps} features.*is expecting 6.*a row is a series.*as .N, T, 1.*"):
        flat.predict(other[..., 0])
    assert flat.predict(other).shape == (5,)
