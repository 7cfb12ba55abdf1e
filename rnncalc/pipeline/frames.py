"""Predictions of arrays, lists of arrays, and frames: pandas, polars, pyarrow, or what else gives columns by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ShapeError
from rnncalc.network.training.sequences import need_finite
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline import predict
from rnncalc.pipeline.data import read_inputs, scaling
from rnncalc.pipeline.data.frame import of_columns
from rnncalc.pipeline.data.gaps import fill, filled
from rnncalc.pipeline.data.rows import DataRows
from rnncalc.pipeline.data.windows import arranged
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.pipeline.series import outputs


def of_arrays(model: Model, data: Any) -> Any:
    """Return y for (T, D) or (N, T, D), and a list of them for a list of (T, D), at every step.

    Raises ShapeError, and ProblemError where an input is no finite number and the model has nothing for it.
    Of a text, whole numbers are those of its tokens. Classes: their probabilities.
    """
    about = DataDescription.of_model(model)
    several = isinstance(data, list | tuple) and any(isinstance(part, np.ndarray) or np.ndim(part) > 1 for part in data)
    given = [np.asarray(part) for part in data] if several else [np.asarray(data)]
    tokens = bool(about.vocabulary) and all(part.dtype.kind in "iu" for part in given)
    together = not several and given[0].ndim == 3 - tokens
    parts = list(given[0]) if together else given
    if not tokens:
        parts = [part.astype(np.float64) for part in parts]
    width = model.network.sizes["D"] // (2 if about.missing == "mask" else 1)
    for part in parts:
        if part.ndim != 2 - tokens or (part.ndim == 2 and part.shape[1] != width):
            raise ShapeError(
                _("x must be (T, {inputs}) or (N, T, {inputs}), got {shape}"), inputs=width, shape=part.shape
            )
    y = _outputs(model, about, parts)
    return np.stack(y) if together else y if several else y[0]


def _outputs(model: Model, about: DataDescription, parts: list[np.ndarray]) -> list[np.ndarray]:
    offsets = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    about = DataDescription.of({**about.known(), "predicting": True, "window": None})
    x = np.concatenate(parts)
    if x.dtype.kind == "f":
        need_finite("x", x, offsets, np.isinf(x) if filled(about) else ~np.isfinite(x), "input")
    rows = fill(DataRows(x, np.zeros(0), offsets), about)
    sequences, _times = arranged(rows, about, whole=True)

    def says(y: np.ndarray) -> np.ndarray:
        return (
            predict.all_probabilities(model, y)
            if about.classes
            else predict.in_units(model, y.astype(np.float64), about)
        )

    return np.split(outputs(model.network, scaling.applied(sequences, about), says), offsets[1:-1])


def of_frame(model: Model, frame: Any, every: bool = False) -> Any:
    """Return the predictions of a frame as a frame of its kind. Raises ParseError, ProblemError.

    A row for each row, in its order and with its index, or for each sequence where the model was trained so. It is
    read as a file is: columns by their names, rows told apart by the id and put in order by the time.
    """
    about, frame = DataDescription.of_model(model), of_columns(frame)
    inputs = read_inputs(frame, about)
    names, says = predict.columns(model, about)
    sequences, columns = inputs.sequences, dict[str, Any]()
    said = outputs(model.network, sequences, says)
    last = about.at == "last" and not every
    if last:
        filled = sequences.lengths > 0
        said = said[sequences.offsets[1:][filled] - 1]
        if about.id:
            series = np.arange(len(sequences) + 1) if sequences.series is None else sequences.series
            columns[about.id] = np.repeat(np.asarray(frame[about.id])[inputs.order[inputs.begins]], np.diff(series))
    else:
        said = said[np.argsort(inputs.order)]
    for name, values in zip(names, said.T):
        if about.classes and name == "class":
            columns[(about.foretold() or [name])[0]] = np.array(about.labels)[values.astype(int)]
        else:
            columns[name] = values
    return _alike(frame, columns, not last)


def _alike(frame: Any, columns: dict[str, Any], same_rows: bool) -> Any:
    """Return columns as a frame of the same kind, with the same index if it has the same rows."""
    kind = type(frame)
    if hasattr(kind, "from_pydict"):
        return kind.from_pydict(columns)
    made = kind(columns)
    if same_rows and hasattr(frame, "index"):
        made.index = frame.index
    return made
