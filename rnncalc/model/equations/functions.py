"""The functions that an equation may call, as NumPy computes them.

Every one takes and returns an array of any floating dtype, float32 in and float32 out, and of complex numbers too: the
tests differentiate by complex step. None overflows on its way to a finite result: sigmoid and softmax hold at ±1e4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

quiet = np.errstate(all="ignore")  # an overflow is reported where the number is shown, by name and step


@dataclass(frozen=True)
class Function:
    """One function: how it computes, how it is written, its slope, and whether it mixes the units of a row (`rowwise`).

    slope: the derivative in terms of the function's own value y, as an equation; for a rowwise function, `back` takes
    its value and the gradient that arrives there to the gradient of its argument. typed: whether people may call it.
    """

    name: str
    compute: Callable[[np.ndarray], np.ndarray]
    text: str
    latex: str
    slope: str = ""
    back: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    typed: bool = True

    @property
    def rowwise(self) -> bool:
        return self.back is not None


def sigmoid(a: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-a), computed from e^-|a| so that nothing overflows."""
    positive = a.real >= 0
    e = np.exp(np.where(positive, -a, a))
    return np.where(positive, 1, e) / (1 + e)


def relu(a: np.ndarray) -> np.ndarray:
    """a where it is positive, else 0; not-a-number stays so."""
    return np.where(a.real < 0, 0, a).astype(a.dtype, copy=False)


def identity(a: np.ndarray) -> np.ndarray:
    """a itself."""
    return a


def softmax(s: np.ndarray) -> np.ndarray:
    """e^s / Σ e^s along the last axis, after taking away the largest score, which cancels."""
    e = np.exp(s - _largest(s))
    return e / _total(e)


def log_softmax(s: np.ndarray) -> np.ndarray:
    """s − log Σ e^s along the last axis: never the logarithm of a rounded softmax."""
    shifted = s - _largest(s)
    return shifted - np.log(_total(np.exp(shifted)))


def step(y: np.ndarray) -> np.ndarray:
    """1 where y is positive, else 0: the slope of relu, 0 at 0."""
    return np.where(y.real > 0, 1, 0).astype(y.dtype, copy=False)


def softmax_back(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """ds = y ∘ (dy − Σ y·dy)."""
    return y * (dy - _total(y * dy))


def log_softmax_back(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """ds = dy − e^y Σ dy."""
    return dy - np.exp(y) * _total(dy)


def _largest(s: np.ndarray) -> np.ndarray:
    return s.real.max(axis=-1, keepdims=True)


def _total(e: np.ndarray) -> np.ndarray:
    """The sum along the last axis, first to last: `sum` would choose an order by the array's shape."""
    return np.cumsum(e, axis=-1)[..., -1:]


FUNCTIONS = {
    function.name: function
    for function in (
        Function("tanh", np.tanh, "tanh", r"\tanh", "1 - y * y"),
        Function("sigmoid", sigmoid, "σ", r"\sigma", "y * (1 - y)"),
        Function("relu", relu, "ReLU", r"\operatorname{ReLU}", "step(y)"),
        Function("exp", np.exp, "exp", r"\exp", "y"),
        Function("identity", identity, "", "", "1"),
        Function("step", step, "step", r"\operatorname{step}", "0", typed=False),
        Function("softmax", softmax, "softmax", r"\operatorname{softmax}", back=softmax_back),
        Function("log_softmax", log_softmax, "log softmax", r"\log\operatorname{softmax}", back=log_softmax_back),
    )
}
