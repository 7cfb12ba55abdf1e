"""The estimators against scikit-learn's own checks, and on data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from rnncalc import RNNClassifier, RNNRegressor


@pytest.mark.filterwarnings("default")
@parametrize_with_checks([RNNClassifier(), RNNRegressor()])
def test_scikit_learn_checks(estimator: RNNClassifier | RNNRegressor, check: Callable[..., Any]) -> None:
    check(estimator)


def waves(count: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    speed = rng.choice([0.3, 0.8], size=count)
    X = np.sin(rng.uniform(0, 6, size=(count, 1)) + speed[:, None] * np.arange(20)) + rng.normal(size=(count, 20)) / 10
    return X, speed


def test_series_are_told_apart_and_measured() -> None:
    X, speed = waves()
    names = np.where(speed < 0.5, "slow", "fast")
    assert cross_val_score(RNNClassifier(epochs=120, hidden=16), X, names, cv=3).min() > 0.85
    assert cross_val_score(RNNRegressor(epochs=120, hidden=16), X[..., None], speed, cv=3).min() > 0.6
    model = RNNClassifier(epochs=2, random_state=3, validation=0.2).fit(X, names)
    assert np.array_equal(model.predict_proba(X), clone(model).fit(X, names).predict_proba(X))
    assert set(model.history_[0]) >= {"loss", "val_loss"}
