""".npz and .npy: arrays of sequences; images are sequences of their rows. Nothing pickled is ever read.

x (N, T, D); (N, T) are series of single numbers; (N, T, W, C) images with colours, a row a step. y (N,) or (N, O) lies
at the last step, (N, T) and (N, T, O) at every step. lengths (N,) where sequences are shorter than T.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnncalc.common import npy
from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.network.training.target_weights import row_weights
from rnncalc.pipeline.data.gaps import filled
from rnncalc.pipeline.data.rows import DataRows, Labels, said_to_be_classes
from rnncalc.pipeline.data_description import DataDescription


def read(source: str, about: DataDescription, loss: str | None) -> DataRows:
    """Read the arrays that the description names, x and y unless it does. Raises ParseError."""
    x_name, y_name = _name(about.input, "x", source), _name(about.target, "y", source)
    targets = [] if about.predicting else [y_name, about.weight] if about.weight else [y_name]
    arrays, known = npy.read(source, (x_name, "lengths", *targets))
    if "" in arrays:  # a .npy file is one array without a name
        arrays["x"], known = arrays.pop(""), ["x"]
    if x_name not in arrays:
        message = _("{name} has no array “{array}”; there are {known}")
        raise ProblemError(message, name=source, array=x_name, known=", ".join(known))
    x = arrays[x_name]
    if x.dtype.kind not in "iubf" or x.ndim not in (2, 3, 4):
        message = _("{name}: {array} must be numbers (N, T, D), got {shape} of {dtype}")
        raise ParseError(message, name=source, array=x_name, shape=x.shape, dtype=x.dtype)
    x = x.reshape(*x.shape[:2], -1)
    N, T, D = x.shape
    lengths = arrays.get("lengths", np.full(N, T))
    if (
        lengths.shape != (N,)
        or lengths.dtype.kind not in "iu"
        or lengths.min(initial=0) < 0
        or lengths.max(initial=0) > T
    ):
        raise ParseError(_("{name}: lengths must be {n} numbers from 0 to {t}"), name=source, n=N, t=T)
    there = np.arange(T) < lengths[:, None]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    narrow = np.result_type(x.dtype, np.float32) == np.float32  # wide whole numbers need the digits of float64
    rows = x[there].astype(np.float32 if narrow else np.float64)
    wrong = np.isinf if filled(about) else lambda numbers: ~np.isfinite(numbers)
    if wrong(rows).any():
        place = tuple(int(i) + 1 for i in np.argwhere(wrong(x))[0])
        raise ParseError(_("{name}: {array}{place} is no number"), name=source, array=x_name, place=place)
    about.input = [x_name]
    about.complete(inputs=D)
    y = arrays.get(y_name)
    if y is None:
        about.complete(classes=False, targets=False, outputs=0)
        none = np.full(len(rows), -1) if about.classes else np.full((len(rows), about.outputs), np.nan)
        return DataRows(rows, none, offsets)
    about.target = [y_name]
    about.complete(targets=True)
    labels = Labels(about.labels)
    y_rows, at = _targets(y, there, offsets, about, loss, source, labels)
    weights = _weights(arrays, known, offsets, T, about, source)
    return DataRows(rows, y_rows, offsets, at, weights=weights, unseen=labels.unseen)


def _weights(
    arrays: dict[str, np.ndarray],
    known: Sequence[str],
    offsets: np.ndarray,
    steps: int,
    about: DataDescription,
    source: str,
) -> np.ndarray | None:
    """Return what the target of each row counts, of one weight a sequence or one a step."""
    if not about.weight:
        return None
    if about.weight not in arrays:
        message = _("{name} has no array “{array}”; there are {known}")
        raise ProblemError(message, name=source, array=about.weight, known=", ".join(known))
    given = [steps] * (len(offsets) - 1)
    return row_weights(f"{source}, {about.weight}", list(np.atleast_1d(arrays[about.weight])), offsets, given)


def _name(names: str | list[str] | None, default: str, source: str) -> str:
    """Return the name of one array. Raises ProblemError for several."""
    listed = names.split(",") if isinstance(names, str) else names
    if listed and len(listed) > 1:
        raise ProblemError(_("{name}: input and target are one array each"), name=source)
    return listed[0] if listed else default


def _targets(
    y: np.ndarray,
    there: np.ndarray,
    offsets: np.ndarray,
    about: DataDescription,
    loss: str | None,
    source: str,
    known: Labels,
) -> tuple[np.ndarray, str]:
    """Return the targets of every row, and whether they lie at every step or the last."""
    N, T = there.shape
    classes = said_to_be_classes(about, loss)
    if classes is None:
        classes = y.dtype.kind in "bUS"
    if y.dtype.kind not in "iubfUS":
        raise ParseError(_("{name}: targets are numbers or texts, not {dtype}"), name=source, dtype=y.dtype)
    if y.ndim < 1 or len(y) != N or y.ndim > 3 or (y.ndim == 3 and y.shape[1] != T):
        raise ParseError(_("{name}: {n} sequences, but targets {shape}"), name=source, n=N, shape=y.shape)
    each = y.ndim == 3 or (y.ndim == 2 and y.shape[1] == T and (classes or T > 1))
    if classes:
        flat = [known.number("" if value != value else str(value)) for value in y.reshape(-1).tolist()]
        numbers, labels = known.sorted(np.array(flat, np.int64))
        numbers = numbers.reshape(y.shape)
        about.complete(classes=True, labels=labels, outputs=len(labels))
        rows = np.full(int(offsets[-1]), -1)
    else:
        if y.dtype.kind not in "iubf" or np.isinf(y).any():
            raise ParseError(_("{name}: a target is no finite number (nan: no target)"), name=source)
        numbers = (y if y.ndim == 3 or (y.ndim == 2 and not each) else y[..., None]).astype(np.float64)
        about.complete(classes=False, outputs=numbers.shape[-1])
        rows = np.full((int(offsets[-1]), numbers.shape[-1]), np.nan)
    if each:
        rows[:] = numbers[there]
        return rows, "every"
    filled = np.diff(offsets) > 0
    rows[offsets[1:][filled] - 1] = numbers.reshape(N, *rows.shape[1:])[filled]
    return rows, "last"
