"""A good NumPy loop: all input products at once, one product a step, weight gradients as one product in the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from rivals import Rival, Weights


def rival(cell: str, p: Weights, threads: int) -> Rival:
    """NumPy takes its threads from the environment, before it is loaded."""
    U, W, b = p["U"], np.ascontiguousarray(p["W"].T), p["b"]
    H = W.shape[0]
    step, back = {"elman": (_elman, _elman_back), "lstm": (_lstm, _lstm_back), "gru_after": (_gru, _gru_back)}[cell]

    def run(x: np.ndarray, kept: list[Any] | None) -> np.ndarray:
        N, T, D = x.shape
        a = np.ascontiguousarray((x.reshape(-1, D) @ U.T + b).reshape(N, T, -1).swapaxes(0, 1))
        state = (np.zeros((N, H), x.dtype),) * 2
        h = np.empty((T, N, H), x.dtype)
        for t in range(T):
            before, (state, gates) = state, step(a[t], W, p, *state)
            h[t] = state[0]
            if kept is not None:
                kept.append((before, state, gates))
        return h

    def forward(x: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(run(x, None).swapaxes(0, 1))

    def both(x: np.ndarray, dh: np.ndarray) -> tuple[np.ndarray, Weights]:
        N, T, D = x.shape
        kept: list[Any] = []
        h = run(x, kept)
        da = np.empty((T, N, len(b)), x.dtype)  # what reaches U x
        dw = da if cell != "gru_after" else np.empty_like(da)  # and W h
        later = (np.zeros((N, H), x.dtype),) * 2
        arriving = np.ascontiguousarray(dh.swapaxes(0, 1))
        for t in range(T - 1, -1, -1):
            later = back(arriving[t] + later[0], later[1], p["W"], kept[t], da[t], dw[t])
        earlier = np.concatenate([np.zeros((1, N, H), x.dtype), h[:-1]]).reshape(-1, H)
        flat, flat_w = da.reshape(T * N, -1), dw.reshape(T * N, -1)
        inputs = np.ascontiguousarray(x.swapaxes(0, 1)).reshape(-1, D)
        gradients = {"U": flat.T @ inputs, "W": flat_w.T @ earlier, "b": flat.sum(axis=0)}
        return h.swapaxes(0, 1), gradients

    return Rival(forward, both)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


def _elman(a: np.ndarray, W: np.ndarray, p: Weights, h: np.ndarray, _c: np.ndarray) -> Any:
    h = np.tanh(a + h @ W)
    return (h, h), None


def _elman_back(dh: np.ndarray, _dc: np.ndarray, W: np.ndarray, kept: Any, da: np.ndarray, _dw: np.ndarray) -> Any:
    _before, (h, _), _gates = kept
    np.multiply(dh, 1 - h * h, out=da)
    return da @ W, dh


def _lstm(a: np.ndarray, W: np.ndarray, p: Weights, h: np.ndarray, c: np.ndarray) -> Any:
    H = h.shape[1]
    a = a + h @ W
    i_f, g, o = _sigmoid(a[:, : 2 * H]), np.tanh(a[:, 2 * H : 3 * H]), _sigmoid(a[:, 3 * H :])
    c = i_f[:, H:] * c + i_f[:, :H] * g
    tanh_c = np.tanh(c)
    return (o * tanh_c, c), (i_f, g, o, tanh_c)


def _lstm_back(dh: np.ndarray, dc: np.ndarray, W: np.ndarray, kept: Any, da: np.ndarray, _dw: np.ndarray) -> Any:
    (_h, c_before), _state, (i_f, g, o, tanh_c) = kept
    H = dh.shape[1]
    i, f = i_f[:, :H], i_f[:, H:]
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H : 2 * H] = dc * c_before * f * (1 - f)
    da[:, 2 * H : 3 * H] = dc * i * (1 - g * g)
    da[:, 3 * H :] = dh * tanh_c * o * (1 - o)
    return da @ W, dc * f


def _gru(a: np.ndarray, W: np.ndarray, p: Weights, h: np.ndarray, _c: np.ndarray) -> Any:
    H = h.shape[1]
    w = h @ W
    r_z = _sigmoid(a[:, : 2 * H] + w[:, : 2 * H])
    inner = w[:, 2 * H :] + p["d"]
    n = np.tanh(a[:, 2 * H :] + r_z[:, :H] * inner)
    h = n + r_z[:, H:] * (h - n)
    return (h, h), (r_z, inner, n)


def _gru_back(dh: np.ndarray, _dc: np.ndarray, W: np.ndarray, kept: Any, da: np.ndarray, dw: np.ndarray) -> Any:
    (h, _), _state, (r_z, inner, n) = kept
    H = dh.shape[1]
    r, z = r_z[:, :H], r_z[:, H:]
    dn = dh * (1 - z) * (1 - n * n)
    da[:, :H] = dn * inner * r * (1 - r)
    da[:, H : 2 * H] = dh * (h - n) * z * (1 - z)
    da[:, 2 * H :] = dn
    dw[:, : 2 * H] = da[:, : 2 * H]
    dw[:, 2 * H :] = dn * r
    return dw @ W + dh * z, dh
