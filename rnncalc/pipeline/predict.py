"""What a model says of new data: numbers in the units of the data, or classes by name with their probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncalc.model.equations.functions import sigmoid, softmax
from rnncalc.model.losses import usual_output
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline.account import Account
from rnncalc.pipeline.data import read_again, scaling
from rnncalc.pipeline.series import outputs


def predict(model: Model, source: str, every: bool = False) -> Iterator[dict[str, Any]]:
    """Yield a record for each prediction: sequence, step (from 1), and the class and its probability, or the numbers.

    At each sequence's last step where the model was trained so, unless every step is wanted. A series is one sequence:
    the state is carried through all of it, also where training cut it into windows. Only where a window is what was
    learnt, with its target at the last step, it is cut into windows, counted from its end.
    """
    about = Account.of_model(model)
    sequences = read_again(source, about, whole=True)
    y = outputs(model.network, sequences)
    last = about.at == "last" and not every
    names = list(about.target or [])
    for number, (begin, end) in enumerate(zip(sequences.offsets, sequences.offsets[1:]), 1):
        for row in range(int(end) - 1 if last else int(begin), int(end)) if end > begin else ():
            record: dict[str, Any] = {"sequence": number, "step": row - int(begin) + 1}
            if about.classes:
                odds = probabilities(model, y[row])
                best = int(odds.argmax())
                yield {**record, "class": about.labels[best], "probability": float(odds[best])}
                continue
            values = in_units(model, y[row].astype(np.float64), about)
            labels = names if len(names) == len(values) else [f"y[{k + 1}]" for k in range(len(values))]
            yield {**record, **{label: float(value) for label, value in zip(labels, values)}}


def in_units(model: Model, y: np.ndarray, about: Account) -> np.ndarray:
    """Return outputs that are numbers in the units of the data; scores that were trained as logits as probabilities."""
    values = scaling.undone(y, about)
    if model.network.output == "identity" and usual_output(model.settings.get("loss")) == "sigmoid":
        return sigmoid(values)
    return values


def probabilities(model: Model, y: np.ndarray) -> np.ndarray:
    """Return the probabilities of the classes, whatever the network's output is."""
    wide = np.asarray(y, np.float64)
    output = model.network.output
    if output == "softmax":
        return wide
    return np.exp(wide) if output == "log_softmax" else softmax(wide)
