"""Who rnncalc is timed against: one function per library, each as good as that library allows.

A rival is made once for given weights and is then called with inputs (N, T, D); it answers (N, T, H). Elman and LSTM
weights are stacked as rnncalc stacks them (gates i f g o), GRU weights r z n with the bias d inside the reset.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Forward = Callable[[np.ndarray], np.ndarray]


def numpy_loop(cell: str, p: dict[str, np.ndarray]) -> Forward:
    """A good NumPy loop: all input products at once, one product a step, gates in one call each."""
    U, W, b = p["U"], np.ascontiguousarray(p["W"].T), p["b"]
    H = W.shape[0]
    step = {"elman": _elman, "lstm": _lstm, "gru_after": _gru_after}[cell]

    def forward(x: np.ndarray) -> np.ndarray:
        N, T, D = x.shape
        a = np.ascontiguousarray((x.reshape(-1, D) @ U.T + b).reshape(N, T, -1).swapaxes(0, 1))
        state = (np.zeros((N, H), x.dtype),) * 2
        h = np.empty((T, N, H), x.dtype)
        for t in range(T):
            state = step(a[t], W, p, *state)
            h[t] = state[0]
        return np.ascontiguousarray(h.swapaxes(0, 1))

    return forward


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def _elman(
    a: np.ndarray, W: np.ndarray, p: dict[str, np.ndarray], h: np.ndarray, _c: np.ndarray
) -> tuple[np.ndarray, ...]:
    return np.tanh(a + h @ W), h


def _lstm(
    a: np.ndarray, W: np.ndarray, p: dict[str, np.ndarray], h: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, ...]:
    H = h.shape[1]
    a = a + h @ W
    i_f, g, o = _sigmoid(a[:, : 2 * H]), np.tanh(a[:, 2 * H : 3 * H]), _sigmoid(a[:, 3 * H :])
    c = i_f[:, H:] * c + i_f[:, :H] * g
    return o * np.tanh(c), c


def _gru_after(
    a: np.ndarray, W: np.ndarray, p: dict[str, np.ndarray], h: np.ndarray, _c: np.ndarray
) -> tuple[np.ndarray, ...]:
    H = h.shape[1]
    w = h @ W
    r_z = _sigmoid(a[:, : 2 * H] + w[:, : 2 * H])
    n = np.tanh(a[:, 2 * H :] + r_z[:, :H] * (w[:, 2 * H :] + p["d"]))
    return n + r_z[:, H:] * (h - n), h


RIVALS: dict[str, Callable[[str, dict[str, np.ndarray]], Forward]] = {"numpy": numpy_loop}
