"""jax.jit of lax.scan: all input products at once, one product a step; gradients by jax.vjp in the same program."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rivals import Rival, Weights

jax.config.update("jax_enable_x64", True)


def rival(cell: str, p: Weights, threads: int) -> Rival:
    """JAX takes its threads from the environment, before it is loaded."""
    step = {"elman": _elman, "lstm": _lstm, "gru_after": _gru}[cell]
    H = p["W"].shape[1]

    def run(p: Any, x: Any) -> Any:
        a = jnp.einsum("ntd,gd->tng", x, p["U"]) + p["b"]
        zero = jnp.zeros((x.shape[0], H), x.dtype)
        _last, h = jax.lax.scan(lambda state, a_t: step(p, state, a_t), (zero, zero), a)
        return h.swapaxes(0, 1)

    def with_gradients(p: Any, x: Any, dh: Any) -> Any:
        h, back = jax.vjp(lambda p: run(p, x), p)
        return h, back(dh)[0]

    inference, both = jax.jit(run), jax.jit(with_gradients)
    weights = {name: jnp.asarray(array) for name, array in p.items()}

    def back(x: np.ndarray, dh: np.ndarray) -> tuple[np.ndarray, Weights]:
        h, gradients = both(weights, x, dh)
        return np.asarray(h), {name: np.asarray(gradients[name]) for name in "UWb"}

    return Rival(lambda x: np.asarray(inference(weights, x)), back)


def _elman(p: Any, state: Any, a: Any) -> Any:
    h = jnp.tanh(a + state[0] @ p["W"].T)
    return (h, h), h


def _lstm(p: Any, state: Any, a: Any) -> Any:
    h, c = state
    i, f, g, o = jnp.split(a + h @ p["W"].T, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def _gru(p: Any, state: Any, a: Any) -> Any:
    h = state[0]
    r_a, z_a, n_a = jnp.split(a, 3, axis=1)
    r_w, z_w, n_w = jnp.split(h @ p["W"].T, 3, axis=1)
    n = jnp.tanh(n_a + jax.nn.sigmoid(r_a + r_w) * (n_w + p["d"]))
    z = jax.nn.sigmoid(z_a + z_w)
    h = (1 - z) * n + z * h
    return (h, h), h
