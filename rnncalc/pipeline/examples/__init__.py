"""The systems that tutorials build, each one command: `rnncalc train --example NAME`.

An example is data, named `example:NAME`, and the options of the command that it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Example:
    """What it shows, and the options that train it."""

    text: str
    options: Mapping[str, Any]


EXAMPLES: dict[str, Example] = {
    "binary-addition": Example(
        "Adds two 8-bit numbers bit by bit, the carry in its memory: synapse_0 is U, synapse_h is W, synapse_1 is V.",
        {
            "cell": "elman", "activation": "sigmoid", "hidden": 16, "output": "sigmoid", "loss": "binary_cross_entropy",
            "optimizer": "adam", "lr": 0.02, "epochs": 60, "batch": 32, "schedule": "cosine",
        },
    ),
    "sin-cos": Example(
        "Reads a sine and says the cosine; the first steps, which do not yet show the phase, have no target.",
        {"cell": "elman", "hidden": 32, "optimizer": "adam", "lr": 0.01, "epochs": 60, "batch": 16,
         "schedule": "cosine", "clip_norm": 1.0},
    ),
    "digits": Example(
        "Handwritten digits, 8 × 8 pixels, read row by row; the last row decides.",
        {"cell": "lstm", "hidden": 64, "direction": "both", "optimizer": "adam", "lr": 0.005, "epochs": 40, "batch": 32,
         "schedule": "cosine"},
    ),
    "quatrains": Example(
        "Writes Tang quatrains character by character, after 1,766 of them; judged on poems that it has not read.",
        {"cell": "lstm", "hidden": 128, "optimizer": "adamw", "lr": 0.008, "weight_decay": 0.1, "epochs": 10,
         "batch": 16, "schedule": "cosine", "clip_norm": 1.0, "val": 0.1},
    ),
    "cnn-features": Example(
        "Films of a moving spot: each frame through fixed convolutions, flattened; the sequence says where it moves.",
        {"cell": "gru", "hidden": 32, "optimizer": "adam", "lr": 0.005, "epochs": 40, "batch": 32},
    ),
    "names": Example(
        "Which of six invented languages does a name come from? The i2h/i2o cell of the name-classification tutorial.",
        {"cell": "i2h_i2o", "hidden": 64, "output": "log_softmax", "optimizer": "adam", "lr": 0.005, "epochs": 20,
         "batch": 16, "clip_norm": 1.0},
    ),
}  # fmt: skip
