"""What layer.get_weights() of Keras prints is read under Keras' names, with its order of gates and its functions."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.commands import command

LAYERS = {  # class and arguments → cell, gates, rows of biases
    'SimpleRNN(3, activation="relu")': ("elman", 1, 1),
    "SimpleRNN(units=3, return_sequences=True)": ("elman", 1, 1),
    "LSTM(3)": ("lstm", 4, 1),
    "GRU(3)": ("gru_after", 3, 2),
    "GRU(3, reset_after=False)": ("gru", 3, 1),
}
CALLS = ["layer = tf.keras.layers.{}", "rnn = keras.layers.{}", "layer = layers.{}", "layer = {}"]


def drawn(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32).round(3)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("has_bias", [True, False])
def test_printed_weights(layer: str, call: str, has_bias: bool, tmp_path: Path) -> None:
    cell, gates, rows = LAYERS[layer]
    rng = np.random.default_rng(len(layer) + has_bias)
    arrays = {"kernel": drawn(rng, 2, 3 * gates), "recurrent_kernel": drawn(rng, 3, 3 * gates)}
    if has_bias:
        arrays["bias"] = drawn(rng, rows, 3 * gates) if rows > 1 else drawn(rng, 3 * gates)
    name = call.partition(" ")[0]
    x = [[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]]
    sheet = tmp_path / "sheet.md"
    sheet.write_text(
        f"```python\n{call.format(layer)}\nprint({name}.get_weights())\n```\n\n```\n{list(arrays.values())!r}\n```\n"
        f"The input is x = {x}.\n",
        encoding="utf-8",
    )
    keys = {"cell": cell, "notation": "keras", "x": x, **({"activation": "relu"} if "relu" in layer else {})}
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps(keys | {key: array.astype(float).round(3).tolist() for key, array in arrays.items()}))
    done, wanted = (command("forward", str(path), "--format", "json") for path in (sheet, plain))
    assert done.code == wanted.code == 0, (sheet.read_text(encoding="utf-8"), done.err, wanted.err)
    np.testing.assert_allclose(done.data["trace"]["h"], wanted.data["trace"]["h"], rtol=1e-12)
