"""Arrays as people give them: lists, NumPy's, PyTorch's and JAX's, as real floating-point arrays of NumPy."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.common.kinds import text
from rnncalc.errors import ShapeError
from rnncalc.model.equations.functions import quiet


def as_array(name: str, value: Any) -> np.ndarray:
    """Real numbers as floats. Raises ShapeError."""
    refuse_masked(name, value)
    try:
        array = np.asarray(without_graph(value))
        if array.dtype.kind in "iub" or (array.dtype == object and all(isinstance(part, Real) for part in array.flat)):
            array = array.astype(np.float64)
        if array.dtype.isbuiltin == 2 and array.dtype.name == "bfloat16":  # JAX has it in NumPy's arrays
            array = array.astype(np.float32)
        if array.dtype.kind != "f":
            raise TypeError
    except (ValueError, TypeError, RuntimeError, OverflowError):
        raise _refused(name, value) from None
    return array


def _refused(name: str, value: Any) -> ShapeError:
    """The error for what is no array of real numbers: what it is, or the first entry that is none, or shapes."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        return ShapeError(_("{name} must be an array of real numbers, not {value}"), name=name, value=text(value))
    if (stranger := _no_number(value)) is not None:
        message = _("{name} must be an array of real numbers, and entry {place} is {said}")
        return ShapeError(message, name=name, place=stranger[0], said=stranger[1])
    if len(shapes := _shapes(value)) > 1:
        message = _("{name} must be an array of real numbers, and its parts are of the shapes {shapes}")
        return ShapeError(message, name=name, shapes=", ".join(map(str, shapes)))
    return ShapeError(_("{name} must be an array of real numbers, with rows of one length"), name=name)


def _no_number(value: Any) -> tuple[str, str] | None:
    """The first entry that is no real number, and where it stands, counted from 1; None where rows are the trouble."""
    try:
        array = np.asarray(value, object)
    except ValueError:
        return None
    for place in np.ndindex(array.shape):
        if not isinstance(part := array[place], Real | Iterable) or isinstance(part, str | bytes):
            return ", ".join(str(number + 1) for number in place), text(part)
    return None


def loose(value: Any) -> np.ndarray:
    """An array of whatever is given, of one object where rows differ in length."""
    try:
        return np.asarray(without_graph(value))
    except (ValueError, TypeError, RuntimeError):
        return np.asarray(None)


def whole_numbers(value: Any) -> np.ndarray | None:
    """An array of whole numbers; None where there are others. An empty list has no kind of its own."""
    array = loose(value)
    return array.astype(np.int64) if array.dtype.kind in "iu" or not array.size else None


def listed(value: Any) -> Any:
    """An array of NumPy whose entries are sequences, which may differ in length, as a list; else the value."""
    return list(value) if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1 else value


def _shapes(value: Any) -> list[tuple[int, ...]]:
    """The shapes of the parts of a list, each once; none where they have no shape."""
    try:
        return list(dict.fromkeys(np.shape(part) for part in value))
    except (TypeError, ValueError):
        return []


def refuse_masked(name: str, value: Any) -> None:
    """Refuse an array of NumPy with masked entries, whose numbers would count. Raises ShapeError."""
    if _masked(value) and np.ma.is_masked(value):
        message = _("{name} has masked entries: fill them, or leave whole steps out with lengths or mask")
        raise ShapeError(message, name=name)


def _masked(value: Any) -> bool:
    """Whether a value is an array of numpy.ma, which takes 14 ms to load: who has one has loaded it."""
    return "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray)


def with_gaps(value: Any) -> Any:
    """An array of NumPy, or a list of them, with NaN where entries are masked: no target."""
    if _masked(value) and np.ma.is_masked(value):
        return np.ma.filled(value.astype(np.float64), np.nan)
    if isinstance(value, list | tuple) and any(map(_masked, value)):
        return [with_gaps(part) for part in value]
    return value


@quiet
def in_dtype(array: ArrayLike, dtype: np.dtype) -> np.ndarray:
    """The array itself where it is of that dtype; what is too large for float32 becomes infinite."""
    return np.asarray(array, dtype)


def without_graph(value: Any) -> Any:
    """A tensor of PyTorch as NumPy takes it: without its graph, off its device, bfloat16 as float32; else the value."""
    if not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
