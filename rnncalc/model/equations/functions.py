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

    text: its name for people, a bar if it is written between bars. slope: the derivative as an equation in the
    function's own value y, and in its argument a where y does not determine it; for a rowwise function, `back` takes
    its value and the gradient that arrives there to the gradient of its argument. written: the equation in a that is
    written in its place. typed: whether people may call it.
    """

    name: str
    compute: Callable[[np.ndarray], np.ndarray]
    text: str = ""
    slope: str = ""
    written: str = ""
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
    return _where(a.real < 0, 0, a)


def leaky_relu(a: np.ndarray) -> np.ndarray:
    """a where it is positive, else a hundredth of it."""
    return _where(a.real > 0, a, 0.01 * a)


def elu(a: np.ndarray) -> np.ndarray:
    """a where it is positive, else e^a − 1."""
    return _where(a.real > 0, a, np.expm1(_where(a.real > 0, 0, a)))


def softplus(a: np.ndarray) -> np.ndarray:
    """log(1 + e^a), as a part that does not grow beside the positive part of a."""
    return relu(a) + np.log1p(np.exp(-absolute(a)))


def rise(y: np.ndarray) -> np.ndarray:
    """1 − e^-y: the slope of softplus."""
    return -np.expm1(-y)


def softsign(a: np.ndarray) -> np.ndarray:
    """a / (1 + |a|), ±1 at the ends of the range."""
    a = _clipped(a, -1e30, 1e30)
    return a / (1 + absolute(a))


def hard_sigmoid(a: np.ndarray) -> np.ndarray:
    """a/6 + ½, between 0 and 1."""
    return _clipped((a + 3) / 6, 0)


def hard_sigmoid_02(a: np.ndarray) -> np.ndarray:
    """0.2 a + ½, between 0 and 1."""
    return _clipped((a + 2.5) / 5, 0)


def hard_tanh(a: np.ndarray) -> np.ndarray:
    """a, between −1 and 1."""
    return _clipped(a, -1)


def absolute(a: np.ndarray) -> np.ndarray:
    """|a|; of a complex number, a or −a, as its real part says."""
    return _where(a.real < 0, -a, a) if np.iscomplexobj(a) else np.abs(a)


def sign(a: np.ndarray) -> np.ndarray:
    """1 above 0, −1 below, 0 at 0: the slope of abs."""
    return np.sign(a.real).astype(a.dtype, copy=False)


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


def _where(condition: np.ndarray, a: np.ndarray | float, b: np.ndarray) -> np.ndarray:
    return np.where(condition, a, b).astype(b.dtype, copy=False)


def _clipped(a: np.ndarray, low: float, high: float = 1) -> np.ndarray:
    """a between two bounds, and at a bound the bound, whose slope is 0; not-a-number stays so."""
    return _where(a.real <= low, low, _where(a.real >= high, high, a))


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
        Function("tanh", np.tanh, "tanh", "1 - y * y"),
        Function("sigmoid", sigmoid, "σ", "y * (1 - y)"),
        Function("relu", relu, "ReLU", "step(y)"),
        Function("leaky_relu", leaky_relu, "LeakyReLU", "0.01 + 0.99 * step(y)"),
        Function("elu", elu, "ELU", "1 + min(y, 0)"),
        Function("softplus", softplus, "softplus", "rise(y)"),
        Function("softsign", softsign, "softsign", "(1 - abs(y)) * (1 - abs(y))"),
        Function("hard_sigmoid", hard_sigmoid, "hard_sigmoid", "step(y) * step(1 - y) / 6"),
        Function("hard_sigmoid_02", hard_sigmoid_02, "hard_sigmoid_02", "0.2 * (step(y) * step(1 - y))"),
        Function("hard_tanh", hard_tanh, "hard_tanh", "step(1 + y) * step(1 - y)"),
        Function("exp", np.exp, "exp", "y"),
        Function("identity", identity, "", "1"),
        Function("step", step, "step", "0"),
        Function("abs", absolute, "|", "sign(a)"),
        Function("sign", sign, "sign", typed=False),
        Function("rise", rise, written="1 - exp(-a)", typed=False),
        Function("softmax", softmax, "softmax", back=softmax_back),
        Function("log_softmax", log_softmax, "log softmax", back=log_softmax_back),
    )
}
PAIRS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {"min": np.minimum, "max": np.maximum}
