"""Against Keras itself (any backend): random models are saved by Keras and read by rnncalc, and back.

    KERAS_BACKEND=torch python bench/conformance/keras_exchange.py [--models 100] [--seed 0]

SimpleRNN, LSTM, GRU with both reset_after, Bidirectional with every merge, up to three layers, Dense with its function
or none; functions other than the usual ones; as .keras, and as .weights.h5 with what it leaves open said. Outputs are
compared at two batch sizes and lengths. And random networks of ours are written, both ways, and opened by Keras. Exit
code 1 if one differs by more than 1e-6.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support import exchanged

import rnncalc
from rnncalc.errors import RnncalcError

TOLERANCE = 1e-6
MERGES = ("concat", "sum", "ave", "mul")
FUNCTIONS = ("tanh", "sigmoid", "relu", "elu", "softplus", "softsign", "linear", "hard_sigmoid")


def recurrent(rng: np.random.Generator, usual: bool, last_only: bool) -> tuple[Any, str]:
    """A layer, and its merge."""
    units, kind = int(rng.integers(1, 9)), str(rng.choice(["SimpleRNN", "LSTM", "GRU"]))
    options: dict[str, Any] = {"return_sequences": not last_only, "use_bias": bool(rng.random() < 0.8)}
    options["bias_initializer"] = "random_normal"
    if kind == "GRU":
        options["reset_after"] = bool(rng.random() < 0.5) or (usual and not options["use_bias"])
    if not usual and rng.random() < 0.5:
        options["activation"] = str(rng.choice(FUNCTIONS))
        if kind != "SimpleRNN":
            options["recurrent_activation"] = str(rng.choice(["sigmoid", "hard_sigmoid"]))
    layer = getattr(layers, kind)(units, **options)
    if last_only or rng.random() < 0.5:
        return layer, ""
    merge = str(rng.choice(MERGES))
    return layers.Bidirectional(layer, merge_mode=merge), merge


def difference_of(rng: np.random.Generator, folder: Path) -> float:
    """The largest difference of a random model."""
    bare, D = bool(rng.random() < 0.3), int(rng.integers(1, 6))
    model = keras.Sequential([keras.Input((None, D))])
    count, merges = int(rng.integers(1, 4)), set()
    merge = ""
    for number in range(count):
        last_only = number == count - 1 and not bare and rng.random() < 0.2
        layer, merge = recurrent(rng, bare, last_only)
        if bare and merge:
            layer, merges = (
                layers.Bidirectional(layer.forward_layer, merge_mode=min(merges, default=merge)),
                {min(merges, default=merge)},
            )
        model.add(layer)
        if rng.random() < 0.2:
            model.add(layers.Dropout(0.5))
    function = str(rng.choice(["linear", "softmax", "sigmoid", "tanh", "relu"]))
    dense = rng.random() < 0.7
    if dense:
        model.add(layers.Dense(int(rng.integers(1, 5)), activation=function))
    said: dict[str, Any] = {}
    path = folder / ("m.weights.h5" if bare else "m.keras")
    if bare:
        model.save_weights(path)
        names = [
            group_name(model, layer) for layer in model.layers if not isinstance(layer, layers.Dense | layers.Dropout)
        ]
        said = {"prefix": names, "activation": "tanh", "merge": min(merges, default=None)}
        said |= {"output": {"linear": "identity"}.get(function, function)} if dense else {}
    else:
        model.save(path)
    net, worst = rnncalc.load(path, engine="equations", **said), 0.0
    for _size in range(2):
        x = rng.normal(size=(int(rng.integers(1, 6)), int(rng.integers(1, 13)), D)).astype(np.float32)
        theirs, ours = np.asarray(keras.ops.convert_to_numpy(model(x))), net(x)
        ours = ours[:, -1] if theirs.ndim == 2 else ours
        worst = max(worst, float(np.abs(theirs - ours).max() / max(1.0, np.abs(theirs).max())))
    return worst


def written(rng: np.random.Generator, folder: Path) -> float | None:
    """The largest difference of a random network that Keras opens, None where Keras has no such layer."""
    net, worst = exchanged.network(rng, ("forward", "both"), states=False), 0.0
    try:
        rnncalc.save(net, folder / "n.keras")
    except RnncalcError:
        return None
    rnncalc.save(net, folder / "n.weights.h5")
    model = keras.saving.load_model(folder / "n.keras")
    for alone in (False, True):
        if alone:
            for variable in model.weights:
                variable.assign(variable * 0)
            model.load_weights(folder / "n.weights.h5")
        x = exchanged.batch(rng, net.sizes["D"], ragged=False)[0]
        ours, theirs = net(x), np.asarray(keras.ops.convert_to_numpy(model(x)))
        worst = max(worst, float(np.abs(ours - theirs).max() / max(1.0, np.abs(ours).max())))
    return worst


def group_name(model: Any, layer: Any) -> str:
    """What a layer is called in the file: its class with a number, counted over the model."""
    kind = type(layer).__name__
    snake = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru", "Bidirectional": "bidirectional"}[kind]
    number = [other for other in model.layers if type(other).__name__ == kind].index(layer)
    return snake + (f"_{number}" if number else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    worst, opened = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.models):
            keras.utils.set_random_seed(chosen.seed * 1000 + number)
            difference = difference_of(np.random.default_rng([chosen.seed, number]), Path(folder))
            if difference > TOLERANCE:
                print(f"model {number}: {difference:.2g}")
            worst = max(worst, difference)
        for number in range(chosen.models):
            outcome = written(np.random.default_rng([chosen.seed, 1, number]), Path(folder))
            opened += outcome is not None
            difference = outcome or 0.0
            if difference > TOLERANCE:
                print(f"network {number}: {difference:.2g}")
            worst = max(worst, difference)
    print(
        f"{chosen.models} models of Keras {keras.__version__} on {keras.backend.backend()} read, and {opened} networks "
        f"written: at most {worst:.2g} apart"
    )
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
