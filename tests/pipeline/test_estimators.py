"""The estimators against scikit-learn's own checks, and on data."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from rnncalc import RNNClassifier, RNNRegressor
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
