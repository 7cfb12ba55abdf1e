"""How the two directions of a layer become one output, and how a gradient at that output divides among them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnncalc.model.equations.functions import quiet

MERGES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "concat": lambda f, b: np.concatenate([f, b], axis=-1),
    "sum": quiet(lambda f, b: f + b),
    "ave": quiet(lambda f, b: (f + b) / 2),
    "mul": quiet(lambda f, b: f * b),
}


@quiet
def unmerged(merge: str, gradient: np.ndarray, f: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradient at what both directions made together, as the gradient at each: the inverse way through MERGES."""
    if merge == "concat":
        return gradient[..., : f.shape[-1]], gradient[..., f.shape[-1] :]
    if merge == "mul":
        return gradient * b, gradient * f
    return (gradient, gradient) if merge == "sum" else (gradient / 2, gradient / 2)
