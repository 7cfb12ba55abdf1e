"""Arrays as people give them: lists, NumPy's, PyTorch's and JAX's, as real floating-point arrays of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnncalc.common.i18n import _
from rnncalc.errors import ShapeError
from rnncalc.model.equations.functions import quiet


def as_array(name: str, value: Any) -> np.ndarray:
    """Real numbers as floats. Raises ShapeError."""
    refuse_masked(name, value)
    try:
        array = np.asarray(without_graph(value))
        if array.dtype.kind in "iub":
            array = array.astype(np.float64)
        if array.dtype.isbuiltin == 2 and array.dtype.name == "bfloat16":  # JAX has it in NumPy's arrays
            array = array.astype(np.float32)
        if array.dtype.kind != "f":
            raise TypeError
    except (ValueError, TypeError, RuntimeError, OverflowError):
        message = _("{name} must be an array of real numbers, with rows of one length")
        if len(shapes := _shapes(value)) > 1:
            message = _("{name} must be an array of real numbers, and its parts are of the shapes {shapes}")
        raise ShapeError(message, name=name, shapes=", ".join(map(str, shapes))) from None
    return array


def _shapes(value: Any) -> list[tuple[int, ...]]:
    """The shapes of the parts of a list, each once; none where they have no shape."""
    try:
        return list(dict.fromkeys(np.shape(part) for part in value))
    except (TypeError, ValueError):
        return []


def refuse_masked(name: str, value: Any) -> None:
    """Refuse an array of NumPy with masked entries, whose numbers would count. Raises ShapeError."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        message = _("{name} has masked entries: fill them, or leave whole steps out with lengths or mask")
        raise ShapeError(message, name=name)


def with_gaps(value: Any) -> Any:
    """An array of NumPy, or a list of them, with NaN where entries are masked: no target."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        return np.ma.filled(value.astype(np.float64), np.nan)
    if isinstance(value, list | tuple) and any(isinstance(part, np.ma.MaskedArray) for part in value):
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
