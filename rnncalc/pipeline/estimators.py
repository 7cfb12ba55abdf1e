"""Estimators in the manner of scikit-learn: `RNNClassifier` and `RNNRegressor`.

X of two dimensions (N, T) are univariate series, one column a step; (N, T, D) are series of D numbers a step. A target
belongs to a whole series and is taken from the last step. Inputs are standardised, and so is a regressor's target.
Longer than other files, so that the two stand together with their documentation.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.common.suggest import hint
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.model.losses import takes_classes, usual_output
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.target_weights import class_weights
from rnncalc.network.training.targets import seen_backward
from rnncalc.network.training.trainer import Trainer
from rnncalc.network.weights.initialise import random_network

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_array, check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError as error:
    reason = error

    class _Nothing:
        """Stands in for scikit-learn's bases, so that help(rnncalc) can be read without it."""

        def __new__(cls, *_given: Any, **_named: Any) -> Any:
            text = _("RNNClassifier and RNNRegressor need scikit-learn 1.6: pip install rnncalc[sklearn]")
            raise ImportError(text) from reason

    BaseEstimator = _Nothing
    ClassifierMixin, RegressorMixin = type("ClassifierMixin", (), {}), type("RegressorMixin", (), {})


PARAMETERS = """Parameters
    ----------
    cell, hidden, layers, direction, summary, activation, init, dtype, engine
        The network, as for `rnncalc.random_network`.
    epochs, batch, optimizer, lr, weight_decay, schedule, clip_norm, patience
        The training, as for `Network.fit`.
    validation : float
        The share of the series to put aside, drawn by the seed; the weights that are best there are kept. `patience`
        needs it.
    random_state : int, RandomState or None
        The seed of weights and batches."""  # of both


class _Recurrent(BaseEstimator):
    """What both have in common: parameters by name, as `rnncalc train` calls them."""

    def __init__(
        self, cell: str = "gru", hidden: int = 32, layers: int = 1, direction: str = "forward",
        activation: str | None = None, init: str = "torch", epochs: int = 100, batch: int = 32,
        optimizer: str = "adam", lr: float = 0.01, weight_decay: float = 0.0, schedule: str = "cosine",
        clip_norm: float | None = 1.0, validation: float = 0.0, patience: int | None = None, dtype: str = "float64",
        engine: str = "auto", random_state: Any = 0, summary: str = "final",
    ):  # fmt: skip
        self.cell, self.hidden, self.layers, self.direction = cell, hidden, layers, direction
        self.activation, self.init, self.epochs, self.batch = activation, init, epochs, batch
        self.optimizer, self.lr, self.weight_decay, self.schedule = optimizer, lr, weight_decay, schedule
        self.clip_norm, self.validation, self.patience = clip_norm, validation, patience
        self.dtype, self.engine, self.random_state, self.summary = dtype, engine, random_state, summary

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train anew.

        Parameters
        ----------
        X : array_like, (N, T) or (N, T, D)
        y : array_like, (N,)
            The class of each series, or the number that it leads to.
        sample_weight : array_like, (N,), optional
            What each series counts in the loss, times what its class counts.

        Returns
        -------
        RNNClassifier or RNNRegressor
            Itself, trained.

        Raises
        ------
        ValueError
            If X, y or sample_weight is not what scikit-learn lets pass, or classes are asked for and y has one only.

        Examples
        --------
        >>> from rnncalc import RNNClassifier, RNNRegressor
        >>> RNNClassifier(hidden=4, epochs=1).fit([[0, 1], [1, 0]], ["up", "down"]).classes_.tolist()
        ['down', 'up']
        >>> RNNRegressor(hidden=4, epochs=2).fit([[0, 1], [1, 0]], [2, -1]).n_iter_
        2
        """
        self._train(sample_weight, *self._understood(X, y))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each series, or the number that it leads to.

        Parameters
        ----------
        X : array_like, (N, T) or (N, T, D)
            Series (N, T, D) may have another T than in `fit`.

        Returns
        -------
        ndarray, (N,)

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ShapeError
            If a step has more or fewer numbers than in `fit`, or a row (N, T) more or fewer steps.

        Examples
        --------
        >>> from rnncalc import RNNClassifier, RNNRegressor
        >>> RNNClassifier(hidden=4).fit([[0, 1], [1, 0]], ["up", "down"]).predict([[0, 2]]).tolist()
        ['up']
        >>> RNNRegressor(hidden=4).fit([[0, 1], [1, 0]], [2, -1]).predict([[0, 1]]).shape
        (1,)
        """
        return self._answers(self._outputs(X))

    @abstractmethod
    def _understood(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, int, str]:
        """Series and targets as scikit-learn lets them pass, how many outputs, and the loss."""

    @abstractmethod
    def _answers(self, outputs: np.ndarray) -> np.ndarray:
        """What the network's outputs say of each series."""

    def _of_classes(self) -> Any:
        """What classes count, by class number, as `class_weights` takes it; None where all are alike."""
        return None

    def _train(self, weights: Any, X: np.ndarray, y: np.ndarray, outputs: int, loss: str) -> None:
        """Fit a network to series and one target each: class numbers, or rows of numbers."""
        if self.direction != "forward" and self.summary == "last":
            warnings.warn(seen_backward(), stacklevel=3)
        state = self.random_state
        seed = state if isinstance(state, int | np.integer) else check_random_state(state).randint(2**31)
        series = _series(X)
        self.mean_ = series.mean(axis=(0, 1))
        deviation = series.std(axis=(0, 1))
        self.scale_ = np.where(deviation > 1e-12 * (1 + np.abs(self.mean_)), deviation, 1)
        self.network_ = random_network(
            self.cell, series.shape[2], self.hidden, outputs, layers=self.layers, direction=self.direction,
            activation=self.activation, init=self.init, seed=int(seed), dtype=self.dtype, engine=self.engine,
            output=usual_output(loss), summary=self.summary,
        )  # fmt: skip
        settings = Settings(
            loss, epochs=self.epochs, batch=self.batch, optimizer=self.optimizer, lr=self.lr,
            weight_decay=self.weight_decay, schedule=self.schedule, clip_norm=self.clip_norm, patience=self.patience,
            seed=int(seed),
        )  # fmt: skip
        N, T, D = series.shape
        rows = ((series - self.mean_) / self.scale_).reshape(N * T, D)
        targets = np.full((N * T, *y.shape[1:]), -1 if takes_classes(loss) else np.nan, y.dtype)
        targets[T - 1 :: T] = y
        data = Sequences(rows, targets, np.arange(0, N * T + 1, T), D)
        if weights is not None:
            weights = _check_sample_weight(weights, X, dtype=np.float64, ensure_non_negative=True)
            data = data.weighted(np.repeat(weights, T))
        train, held = data.split(self.validation, int(seed))
        if (said := self._of_classes()) is not None:
            counted = class_weights(train.y, outputs, said)
            train, held = train.by_class(counted), held and held.by_class(counted)
        self.history_ = Trainer(self.network_, train, settings, held).run()
        self.n_iter_ = len(self.history_)

    def _outputs(self, X: Any) -> np.ndarray:
        """The network's y at the last step of each series."""
        check_is_fitted(self)
        if np.asarray(X).ndim == 3:  # what scikit-learn takes for features is the time: others may have more of it
            given = check_array(X, dtype=np.float64, allow_nd=True)
        else:
            try:
                given = validate_data(self, X, dtype=np.float64, allow_nd=True, reset=False)
            except ValueError as error:
                if " is expecting " not in str(error):
                    raise
                message = _(
                    "{error} (a row is a series, a step a column; series of other lengths are given as (N, T, 1))"
                )
                raise ShapeError(message, error=error) from None
        series, width = _series(given), self.network_.sizes["D"]
        if series.shape[2] != width:
            message = _("X has {n} features a step, and {name} was fitted with {m}")
            raise ShapeError(message, n=series.shape[2], name=type(self).__name__, m=width)
        y = self.network_((series - self.mean_) / self.scale_)
        assert isinstance(y, np.ndarray)
        return np.asarray(y[:, -1], np.float64)


def _series(X: np.ndarray) -> np.ndarray:
    """(N, T) and (N, T, …) as (N, T, D)."""
    return X[..., None] if X.ndim == 2 else X.reshape(*X.shape[:2], -1)


class RNNClassifier(ClassifierMixin, _Recurrent):
    __doc__ = f"""Which class does a series belong to? Softmax and cross-entropy at the last step.

    Inputs are standardised. The class passes scikit-learn's checks but for repeated series: they are other batches.

    {PARAMETERS}
    class_weight : mapping of class to float, or "balanced", optional
        What each class counts in the loss, as for `Network.fit`, by the names in y. Those not named count 1.

    Examples
    --------
    >>> import numpy as np
    >>> from rnncalc import RNNClassifier
    >>> X = np.array([[0, 1, 2], [2, 1, 0], [1, 2, 3], [3, 2, 1]])
    >>> y = ["up", "down", "up", "down"]
    >>> RNNClassifier(hidden=4, epochs=50).fit(X, y).predict([[4, 5, 6]])
    array(['up'], dtype='<U4')
    """

    def __init__(
        self, cell: str = "gru", hidden: int = 32, layers: int = 1, direction: str = "forward",
        activation: str | None = None, init: str = "torch", epochs: int = 100, batch: int = 32,
        optimizer: str = "adam", lr: float = 0.01, weight_decay: float = 0.0, schedule: str = "cosine",
        clip_norm: float | None = 1.0, validation: float = 0.0, patience: int | None = None, dtype: str = "float64",
        engine: str = "auto", random_state: Any = 0, summary: str = "final",
        class_weight: Mapping[Any, float] | str | None = None,
    ):  # fmt: skip
        super().__init__(
            cell, hidden, layers, direction, activation, init, epochs, batch, optimizer, lr, weight_decay, schedule,
            clip_norm, validation, patience, dtype, engine, random_state, summary,
        )  # fmt: skip
        self.class_weight = class_weight

    def _of_classes(self) -> Any:
        said = self.class_weight
        if not isinstance(said, Mapping):
            return said
        classes = self.classes_.tolist()
        unknown = [name for name in said if name not in classes]
        if unknown and not all(name in said for name in classes):  # else y is the part of a fold without that class
            message = _("class_weight: there is no class “{label}”: {hint}")
            known = [str(name) for name in classes]
            raise ProblemError(message, label=unknown[0], hint=hint(str(unknown[0]), known))
        return {number: said[name] for number, name in enumerate(classes) if name in said}

    def _understood(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, int, str]:
        X, y = validate_data(self, X, y, dtype=np.float64, allow_nd=True)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ProblemError(_("y has one class only: there is nothing to choose between"))
        return X, numbers.astype(np.int64), len(self.classes_), "cross_entropy"

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class.

        Parameters
        ----------
        X : array_like, (N, T) or (N, T, D)

        Returns
        -------
        ndarray, (N, classes)
            In the order of `classes_`.

        Raises
        ------
        NotFittedError
            If `fit` has not been called.
        ShapeError
            If a step has more or fewer numbers than in `fit`, or a row (N, T) more or fewer steps.

        Examples
        --------
        >>> from rnncalc import RNNClassifier
        >>> classifier = RNNClassifier(hidden=4, epochs=1).fit([[0, 1], [1, 0]], ["up", "down"])
        >>> float(classifier.predict_proba([[0, 2]]).sum().round(4))
        1.0
        """
        return self._outputs(X)

    def _answers(self, outputs: np.ndarray) -> np.ndarray:
        return self.classes_[outputs.argmax(axis=1)]


class RNNRegressor(RegressorMixin, _Recurrent):
    __doc__ = f"""Which number does a series lead to? The mean squared error at the last step.

    Inputs and target are standardised. The class passes scikit-learn's checks but for repeated series: they are other
    batches.

    {PARAMETERS}

    Examples
    --------
    >>> from rnncalc import RNNRegressor
    >>> X = [[0, 1, 2], [2, 1, 0], [1, 2, 3], [3, 2, 1]]
    >>> regressor = RNNRegressor(cell="elman", hidden=4).fit(X, [3, -1, 4, 0])
    >>> regressor.predict([[0, 1, 2]]).round(1)
    array([3.])
    """

    def _understood(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, int, str]:
        X, y = validate_data(self, X, y, dtype=np.float64, allow_nd=True, y_numeric=True)
        y = np.asarray(y, np.float64)
        self.target_mean_ = y.mean()
        deviation = y.std()
        self.target_scale_ = deviation if deviation > 0 else 1.0
        return X, ((y - self.target_mean_) / self.target_scale_)[:, None], 1, "mean_squared_error"

    def _answers(self, outputs: np.ndarray) -> np.ndarray:
        return outputs[:, 0] * self.target_scale_ + self.target_mean_
