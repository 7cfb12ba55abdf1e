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
    try:
        array = np.asarray(without_graph(value))
        if array.dtype.kind in "iub":
            array = array.astype(np.float64)
        if array.dtype.isbuiltin == 2 and array.dtype.name == "bfloat16":  # JAX has it in NumPy's arrays
            array = array.astype(np.float32)
        if array.dtype.kind != "f":
            raise TypeError
    except (ValueError, TypeError, RuntimeError, OverflowError):
        raise ShapeError(_("{name} must be an array of real numbers, with rows of one length"), name=name) from None
    return array


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
