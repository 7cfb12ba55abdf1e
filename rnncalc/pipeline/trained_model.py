"""A trained model as Python sees it: its network, and predictions of data that is read as the training data was."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.kinds import path_of
from rnncalc.network.weights import model_file
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline import frames, predict
from rnncalc.pipeline.data.frame import Frame, is_frame


@dataclass(repr=False)
class TrainedModel(Model):
    """A network with its data's description; whatever a network has, it has too. Called, it is its network."""

    def __call__(self, x: ArrayLike, **options: Any) -> Any:
        return self.network(x, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "network":  # while it is being made by copying
            raise AttributeError(name)
        return getattr(self.network, name)

    def __repr__(self) -> str:
        return f"TrainedModel({self.network!r})"

    @property
    def vocabulary(self) -> list[str]:
        """The tokens of a text, by number; empty for other data."""
        return list(self.data.get("vocabulary", ()))

    @property
    def labels(self) -> list[str]:
        """The classes, by number; empty where numbers are predicted."""
        return list(self.data.get("labels", ()))

    @property
    def classes(self) -> list[str]:
        """The classes, by number: `labels` under the name that scikit-learn and others use."""
        return self.labels

    @property
    def scaling(self) -> dict[str, np.ndarray]:
        """Mean and deviation of what was standardised: x_mean, x_std, y_mean, y_std."""
        return {name: np.array(self.data[name]) for name in ("x_mean", "x_std", "y_mean", "y_std") if name in self.data}

    @overload
    def predict(self, data: str | PathLike[str], every: bool = False) -> list[dict[str, Any]]: ...

    @overload
    def predict(self, data: np.ndarray, every: bool = False) -> np.ndarray: ...

    @overload
    def predict(self, data: list[np.ndarray], every: bool = False) -> list[np.ndarray]: ...

    @overload
    def predict(self, data: ArrayLike | Frame, every: bool = False) -> Any: ...

    def predict(self, data: str | PathLike[str] | ArrayLike | Frame, every: bool = False) -> Any:
        """What `rnncalc predict` says of a file, a record for each prediction; of arrays y in the units of the data.

        Parameters
        ----------
        data : path, array_like (T, D) or (N, T, D), list of (T, D), or frame
            A file is read as the training data was; arrays are in its units, and are standardised here. A frame of
            pandas, polars or pyarrow has the columns of the training data, in any order.
        every : bool
            Of a file or frame: at every step, also where the model was trained on the last.

        Returns
        -------
        list of dict, ndarray, list of ndarray, or frame
            For classes the array holds their probabilities. A frame has a row for each row, with the same index, or
            for each sequence where the model was trained on the last step.
        """
        if isinstance(data, str | PathLike):
            return list(predict.predict(self, fspath(data), every))
        if is_frame(data):
            return frames.of_frame(self, data, every)
        return frames.of_arrays(self, data)


def load_model(path: str | PathLike[str], engine: str = "auto") -> TrainedModel:
    """A trained model, with all that its file holds beside the network.

    Parameters
    ----------
    path : str or path-like
        What `save_model` or `rnncalc train` wrote; `load` reads the files of other libraries.
    engine : {"auto", "numba", "equations"}
        As for `Network`.

    Returns
    -------
    TrainedModel
        Its `network`, of the same bits as the one that was saved, `vocabulary`, `classes`, `scaling`, `settings` and
        `history`; `predict` takes a file, arrays, a list of them, or a frame. It is called as its network, and has all
        that a network has.

    Raises
    ------
    ParseError
        If the file is no model of this version; nothing that it says is believed unchecked.

    Examples
    --------
    >>> from rnncalc import Elman, load_model, save_model
    >>> save_model(Elman(U=[[0.9]], W=[[0.5]]), "model.safetensors")
    >>> model = load_model("model.safetensors")
    >>> model
    TrainedModel(Network(elman, D=1, H=1, O=1, float64))
    >>> model.predict([[0.7], [0.5]]).round(4)
    array([[0.5581],
           [0.6225]])
    """
    path_of("path", path)
    read = model_file.load(path, engine)
    return TrainedModel(read.network, read.data, read.settings, read.history)
