"""Problems of every kind whose graph a check walks: each cell, stacks, batches that are ragged or masked, cut BPTT."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import rnncalc
from rnncalc.model.cells import built_in
from rnncalc.problems.problem import Problem
from support.helpers import every_cell, random_arrays

FUNCTIONS = rnncalc.Cell(
    "functions",
    {
        "f": "min(U @ x_t, b) / (2 + abs(W @ h_p))",
        "g": "softplus(R @ h_p) * elu(f)",
        "h": "hard_tanh(max(f, h_p) - g * g) / (1 + g) + step(f) * softsign(g - 1)",
    },
    ["h"],
    "h",
)
CELLS = every_cell() | {"functions": FUNCTIONS}
BATCH = {"lengths": [2, 5, 0]}
MASK = {"mask": [[True, False, True, True, False], [False, False, True, False, True], [True] * 5]}


def one_layer(name: str, **extra: Any) -> Problem:
    """A problem of a cell, with a loss."""
    rng = np.random.default_rng(3)
    batch = "lengths" in extra or "mask" in extra
    cell = CELLS[name]
    D = 5 if name == "odd" else 3
    outputs = 2
    sizes = {"H": 5, "O": outputs if cell.owns_read_out else 4}
    keys = {stack: array.tolist() for stack, array in random_arrays(cell, rng, D=D, **sizes).items()}
    keys["cell"] = cell.name
    if not built_in(cell):
        parts = {"state": list(cell.state), "emits": cell.emits, "outputs": list(cell.outputs)}
        keys["cell"] = {"name": name, "equations": dict(cell.equations), **parts}
    keys |= cell.switched
    if not cell.owns_read_out:
        width = sizes[cell.size(cell.emits)]
        keys |= {"V": rng.normal(size=(outputs, width)).tolist(), "c": [0.1, 0.2]}
    function = cell.switched.get("output", "log_softmax" if name == "i2h_i2o" else "identity")
    keys |= {"loss": "cross_entropy" if "softmax" in function else "squared_error"}
    shape = (3, 5) if batch else (5,)
    keys |= {"x": rng.normal(size=(*shape, D)).tolist(), "targets": rng.random((*shape, outputs)).tolist()}
    return rnncalc.problem(**{**keys, **extra}).given


def stack(merge: str, **extra: Any) -> Problem:
    """A problem of three layers: forward, in both directions, backward."""
    rng = np.random.default_rng(4)

    def arrays(name: str, D: int, H: int) -> dict[str, Any]:
        return {key: array.tolist() for key, array in random_arrays(CELLS[name], rng, D=D, H=H).items()}

    width = 6 if merge == "concat" else 3
    layers = [
        {"cell": "lstm", **arrays("lstm", 3, 4)},
        {"cell": "gru", **arrays("gru", 4, 3), "direction": "both", "backward": arrays("gru", 4, 3), "merge": merge},
        {"cell": "elman", **arrays("elman", width, 2), "direction": "backward"},
    ]
    x, targets = rng.normal(size=(3, 5, 3)).tolist(), rng.normal(size=(3, 5, 1)).tolist()
    keys = {
        "layers": layers,
        "V": rng.normal(size=(1, 2)).tolist(),
        "x": x,
        "targets": targets,
        "loss": "squared_error",
    }
    return rnncalc.problem(**{**keys, **extra}).given


CASES: dict[str, Callable[[], Problem]] = {
    **{name: partial(one_layer, name) for name in CELLS},
    "a ragged batch": partial(one_layer, "gru_after", **BATCH),
    "a masked batch": partial(one_layer, "lstm", **MASK),
    "truncated": partial(one_layer, "lstm", truncate=2),
    "in chunks": partial(one_layer, "gru", chunk=2),
    **{f"a stack, {merge}": partial(stack, merge, **BATCH) for merge in ("concat", "sum", "ave", "mul")},
    "a masked stack": partial(stack, "concat", **MASK),
}
