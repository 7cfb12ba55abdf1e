"""Predictions of arrays, lists of arrays, and frames: pandas, polars, pyarrow, or what else gives columns by name."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError, ShapeError
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline import predict
from rnncalc.pipeline.account import Account
from rnncalc.pipeline.data import scaling
from rnncalc.pipeline.data.cells import Decimals
from rnncalc.pipeline.data.gaps import fill
from rnncalc.pipeline.data.rows import DataRows
from rnncalc.pipeline.data.times import Times
from rnncalc.pipeline.data.windows import arranged
from rnncalc.pipeline.series import outputs


class Frame(Protocol):
    """Columns by name, as pandas, polars and pyarrow have them."""

    @property
    def columns(self) -> Any: ...

    def __getitem__(self, name: str, /) -> Any: ...


def of_arrays(model: Model, data: Any) -> Any:
    """Return y for (T, D) or (N, T, D), and a list of them for a list of (T, D), at every step. Raises ShapeError.

    Of a text, whole numbers are those of its tokens. Classes: their probabilities.
    """
    about = Account.of_model(model)
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


def _outputs(model: Model, about: Account, parts: list[np.ndarray]) -> list[np.ndarray]:
    offsets = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    about = Account.of({**about.known(), "predicting": True, "window": None})
    rows = fill(DataRows(np.concatenate(parts), np.zeros(0), offsets), about)
    sequences, _times = arranged(rows, about, whole=True)

    def says(y: np.ndarray) -> np.ndarray:
        return (
            predict.all_probabilities(model, y)
            if about.classes
            else predict.in_units(model, y.astype(np.float64), about)
        )

    return np.split(outputs(model.network, scaling.applied(sequences, about), says), offsets[1:-1])


def of_frame(model: Model, frame: Any, every: bool = False) -> Any:
    """Return the predictions of a frame as a frame of its kind. Raises ProblemError.

    A row for each row, in its order and with its index, or for each sequence where the model was trained so. Columns
    are found by their names; rows are told apart by the id and put in order by the time, as in training.
    """
    about = Account.of_model(model)
    if about.kind != "table":
        raise ProblemError(_("a frame is for a model that was trained on a table; give this one arrays"))
    needed = [*(about.input or []), *(name for name in (about.id, about.time) if name)]
    known = list(map(str, getattr(frame, "column_names", frame.columns)))
    for name in needed:
        if name not in known:
            message = _("{name} has no column “{column}”; there are {known}")
            raise ProblemError(message, name=_("the frame"), column=name, known=", ".join(known))
    x = np.stack([_numbers(frame[name], name, about) for name in about.input or []], axis=1)
    numbers = dict[Any, int]()
    ids = np.asarray(frame[about.id]).tolist() if about.id else [0] * len(x)
    owners = [numbers.setdefault(name, len(numbers)) for name in ids]
    order = _order(np.array(owners, np.int64), frame[about.time] if about.time else None, about)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(numbers)))]).astype(np.int64)
    about.predicting = True
    sequences, _times = arranged(fill(DataRows(x[order], np.zeros(0), offsets), about), about, whole=True)
    names, says = predict.columns(model, about)
    said = outputs(model.network, scaling.applied(sequences, about), says)
    columns: dict[str, Any] = {}
    if about.at == "last" and not every:
        filled = sequences.lengths > 0
        said = said[sequences.offsets[1:][filled] - 1]
        if about.id:
            series = np.arange(len(sequences) + 1) if sequences.series is None else sequences.series
            columns[about.id] = np.repeat(np.array(list(numbers)), np.diff(series))
    else:
        said = said[np.argsort(order)]
    for name, values in zip(names, said.T):
        if about.classes and name == "class":
            columns[(about.foretold() or [name])[0]] = np.array(about.labels)[values.astype(int)]
        else:
            columns[name] = values
    return _alike(frame, columns, len(said) == len(x) and not (about.at == "last" and not every))


def _numbers(column: Any, name: str, about: Account) -> np.ndarray:
    """Return a column of inputs. Raises ProblemError for what is no number, and for a gap that nothing stands for."""
    try:
        values = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise ProblemError(_("column {name}: numbers were expected"), name=name) from None
    gaps = about.missing not in (None, "error")
    for at in np.flatnonzero(np.isinf(values) if gaps else ~np.isfinite(values))[:1]:
        raise ProblemError(
            _("column {name}, row {row}: {value} is no number"), name=name, row=int(at) + 1, value=values[at]
        )
    return values


def _order(owners: np.ndarray, times: Any, about: Account) -> np.ndarray:
    """Return the order of the rows by sequence and time."""
    if times is None:
        return np.argsort(owners, kind="stable")
    keys = np.asarray(times)
    if keys.dtype.kind not in "iufM":
        reader = Times(_("the frame"), str(about.time), Decimals(grouped=False), about.time_format)
        keys = np.array([reader.key(str(text), row) for row, text in enumerate(keys.tolist(), 1)])
    return np.lexsort((keys, owners))


def _alike(frame: Any, columns: dict[str, Any], same_rows: bool) -> Any:
    """Return columns as a frame of the same kind, with the same index if it has the same rows."""
    kind = type(frame)
    if hasattr(kind, "from_pydict"):
        return kind.from_pydict(columns)
    made = kind(columns)
    if same_rows and hasattr(frame, "index"):
        made.index = frame.index
    return made
