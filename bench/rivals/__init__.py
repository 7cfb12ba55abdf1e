"""Who rnncalc is timed against: one file per library, each as good as that library allows.

A rival is made once for given weights and a number of threads. `forward` takes inputs (N, T, D) and answers h
(N, T, H), keeping nothing; `both` takes inputs and the gradient that arrives at h, and answers h and the gradients of
U, W and b; None where the library has no such thing. Elman and LSTM weights are stacked as rnncalc stacks them (gates
i f g o), GRU weights r z n with the bias d inside the reset.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

Weights = dict[str, np.ndarray]
Forward = Callable[[np.ndarray], np.ndarray]
Both = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Weights]]


class Rival(NamedTuple):
    forward: Forward | None
    both: Both | None


Maker = Callable[[str, Weights, int], Rival]
RIVALS = {"numpy": "numpy_loop", "torch": "pytorch", "onnxruntime": "onnx_session", "jax": "jax_scan"}


def installed() -> dict[str, Maker]:
    """The rivals whose library is there."""
    return {name: import_module(f"rivals.{file}").rival for name, file in RIVALS.items() if find_spec(name)}
