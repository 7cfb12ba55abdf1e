"""What a model says of new data: numbers in the units of the data, or classes by name with their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.equations.functions import sigmoid, softmax
from rnncalc.model.losses import usual_output
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline.data import Inputs, read_inputs, scaling
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.pipeline.series import outputs


def predict(
    model: Model, source: str, every: bool = False, *, top: int = 1, probabilities: bool = False,
    notes: list[str] | None = None, executor: Executor | None = None, **form: str,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield a record for each prediction: sequence, step (from 1), id and time under the names of their columns, if
    there are any; and the class and its probability, or the numbers. A sequence without a step has a record of nothing.

    At each sequence's last step where the model was trained so, unless every step is wanted. A series is one sequence:
    the state is carried through all of it, also where training cut it into windows. Only where a window is what was
    learnt, with its target at the last step, it is cut into windows, counted from its end.

    top: how many classes, the likeliest first. probabilities: of every class. notes: what is to be said of the file is
    added here. executor: who computes, some sequences at a time. form: the encoding, sep and time_format of the file.

    Raises ProblemError, ParseError.
    """
    about = DataDescription.of({**DataDescription.of_model(model).known(), **form})
    if (top != 1 or probabilities) and not about.classes:
        raise ProblemError(_("--top and --probabilities are of classes, and this model foretells numbers"))
    about.notes, top = [] if notes is None else notes, min(top, len(about.labels))
    inputs = read_inputs(source, about)
    last = about.at == "last" and not every
    names, says = columns(model, about, top, probabilities)
    said = outputs(model.network, inputs.sequences, says, executor)
    for whose, row in _places(inputs, about, last):
        labels = [name if name not in whose else f"y.{name}" for name in names]
        values: list[Any] = [None] * len(names) if row is None else said[row].tolist()
        if about.classes and row is not None:
            values[: 2 * top : 2] = [about.labels[int(number)] for number in values[: 2 * top : 2]]
        yield {**whose, **dict(zip(labels, values))}


def columns(
    model: Model, about: DataDescription, top: int = 1, probabilities: bool = False
) -> tuple[list[str], Callable[[np.ndarray], np.ndarray]]:  # fmt: skip
    """Return the names of what is predicted, and what turns outputs into it, row by row."""
    if not about.classes:
        return output_names(model, about), InUnits(model, about)
    names = ["class", "probability", *(f"{what}[{n}]" for n in range(2, top + 1) for what in ("class", "probability"))]
    if probabilities:
        names += [f"p({label})" for label in about.labels]
    return names, Likeliest(model, top, probabilities)


@dataclass(frozen=True)
class InUnits:
    """Turns outputs that are numbers into the units of the data."""

    model: Model
    about: DataDescription

    def __call__(self, y: np.ndarray) -> np.ndarray:
        return in_units(self.model, y.astype(np.float64), self.about)


@dataclass(frozen=True)
class Likeliest:
    """Turns outputs into the numbers of the likeliest classes, each with its probability; then those of all."""

    model: Model
    top: int
    probabilities: bool

    def __call__(self, y: np.ndarray) -> np.ndarray:
        odds = all_probabilities(self.model, y)
        best = odds.argmax(axis=1)[:, None]
        if self.top > 1:
            best = np.argsort(-odds, axis=1, kind="stable")[:, : self.top]
        pairs = np.stack([best, np.take_along_axis(odds, best, 1)], axis=2).reshape(len(odds), -1)
        return np.concatenate([pairs, odds], axis=1) if self.probabilities else pairs


def output_names(model: Model, about: DataDescription) -> list[str]:
    """Return the names of the outputs that are numbers."""
    names, outputs = about.foretold(), int(model.network.sizes["O"])
    return names if len(names) == outputs else [f"y[{k + 1}]" for k in range(outputs)]


def _places(inputs: Inputs, about: DataDescription, last: bool) -> Iterator[tuple[dict[str, Any], int | None]]:
    """Yield whose each prediction is and when, and the row that says it; None for a sequence without a step."""
    data = inputs.sequences
    series = np.arange(len(data) + 1) if data.series is None else data.series
    owners = np.repeat(np.arange(len(series) - 1), np.diff(series))
    for number, (begin, end) in enumerate(zip(data.offsets.tolist(), data.offsets[1:].tolist())):
        whose = {str(about.id): inputs.ids[owners[number]]} if inputs.ids else {}
        if end == begin:
            yield {"sequence": number + 1, "step": 0, **whose}, None
        for row in range(end - 1 if last and end > begin else begin, end):
            when = {} if inputs.times is None else {str(about.time): inputs.times[row].decode()}
            yield {"sequence": number + 1, "step": row - begin + 1, **whose, **when}, row


def in_units(model: Model, y: np.ndarray, about: DataDescription) -> np.ndarray:
    """Return outputs that are numbers in the units of the data; scores that were trained as logits as probabilities."""
    values = scaling.undone(y, about)
    if model.network.output == "identity" and usual_output(model.settings.get("loss")) == "sigmoid":
        return sigmoid(values)
    return values


def all_probabilities(model: Model, y: np.ndarray) -> np.ndarray:
    """Return the probabilities of the classes, whatever the network's output is."""
    wide = np.asarray(y, np.float64)
    output = model.network.output
    if output == "softmax":
        return wide
    return np.exp(wide) if output == "log_softmax" else softmax(wide)
