"""A trained model as a problem: its weights under the keys of a problem file, and a sequence of data as its x."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS, built_in
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.network.weights.model_file import Model, described
from rnncalc.pipeline.data import read_again
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.problems.keys import OWN_CELL
from rnncalc.problems.parse.given import RawValue, of_python


def keys(model: Model) -> dict[str, RawValue]:
    """Return the network's cell, weights and read-out by the names of a problem file."""
    if model.network.summarises:
        message = _("the read-out of this model sees the {summary} of the steps, which a problem has no key for")
        raise ProblemError(message, summary=model.network.summary)
    layers = [_layer(layer) for layer in model.network.layers]
    problem: dict[str, Any] = layers[0] if len(layers) == 1 else {"layers": layers}
    top = model.network.read_out
    if top:
        problem |= {**top.arrays, "output": model.network.output}
    return of_python(problem)


def _layer(layer: Layer) -> dict[str, Any]:
    entry = {**_cell(layer.only), "direction": layer.direction, **_arrays(layer.only)}
    if len(layer.passes) > 1:
        second = layer.passes["backward"]
        entry |= {"backward": ({} if layer.one_cell else _cell(second)) | _arrays(second), "merge": layer.merge}
    return entry


def _cell(part: DirectionalLayer) -> dict[str, Any]:
    """Return the cell of one direction as a problem states it."""
    cell = described(part.cell)
    if "equations" not in cell:
        return {"cell": cell["name"], **cell["switched"]}
    name = cell["name"] if cell["name"] not in CELLS else f"own {cell['name']}"  # a problem asks by name
    return {"cell": {**{key: cell[key] for key in OWN_CELL if key in cell}, "name": name}}


def _arrays(part: DirectionalLayer) -> dict[str, Any]:
    """Return the arrays of one direction; of an own cell by the symbols of its equations, since it has no gates."""
    arrays = part.arrays if built_in(part.cell) else part.parameters
    return {**arrays, **{f"{state}0": start for state, start in part.initial_states.items()}}


def sequence(model: Model, source: str, number: int) -> tuple[RawValue, list[str]]:
    """Read one sequence of a file as the training data was read: x as the network takes it, and notes."""
    about = DataDescription.of_model(model)
    data = read_again(source, about)
    part, notes = data.only(number), about.notes
    if not len(part.x):
        raise ProblemError(_("sequence {number} has no step"), number=number)
    if len(data) > 1:
        notes.append(_("sequence {number} of {n}; another one: --sequence").format(number=number, n=len(data)))
    if data.series is not None:
        notes.append(_("a window begins in the initial state; rnncalc predict carries the state through the series"))
    if about.x_mean:
        notes.append(_("x is standardised as in training"))
    if about.y_mean:
        notes.append(_("y is standardised: rnncalc predict gives it in the units of the data"))
    return of_python({"x": data.in_full(np.asarray(part.x)).astype(np.float64)})["x"], notes
