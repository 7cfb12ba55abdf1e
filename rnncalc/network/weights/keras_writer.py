"""A network as Keras has it: a .keras file, a Sequential model that Keras opens, or its .weights.h5 alone.

Layers are SimpleRNN, LSTM and GRU, in Bidirectional where they run both ways; the read-out is a Dense layer.
"""

from __future__ import annotations

import io
import json
import zipfile
from os import PathLike, fspath
from typing import Any

import h5py
import numpy as np

from rnncalc.common import files
from rnncalc.common.i18n import _
from rnncalc.model.cells import built_in
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.network.network import Network
from rnncalc.network.weights.gate_blocks import keeping_old, to_library, two_biases
from rnncalc.network.weights.keras_file import CONFIG, SAME_NAMES, WEIGHTS
from rnncalc.network.weights.refusals import refuse

CLASSES = {"elman": "SimpleRNN", "lstm": "LSTM", "gru": "GRU", "gru_after": "GRU"}
SNAKE = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru", "Bidirectional": "bidirectional", "Dense": "dense"}
METADATA = {"keras_version": "3.0.0"}


def write(network: Network, path: str | PathLike[str]) -> list[str]:
    """Write a network. Raises ProblemError for a layer that Keras has not."""
    entries = [_entry(layer, number) for number, layer in enumerate(network.layers)]
    top = network.read_out
    if top:
        function = "linear" if network.output == "identity" else network.output
        options = {"units": network.sizes["O"], "activation": function}
        entries.append(("Dense", options, {"": [top.arrays["V"].T, top.arrays["c"]]}))
    weights, configured = (
        io.BytesIO(),
        [_configured("InputLayer", {"batch_shape": [None, None, network.sizes["D"]]}, 0)],
    )
    numbers: dict[str, int] = {}
    with h5py.File(weights, "w") as file:
        for kind, options, groups in entries:
            number = numbers[kind] = numbers.get(kind, -1) + 1
            configured.append(_configured(kind, {**options, "dtype": network.dtype.name}, number))
            for group, arrays in groups.items():
                for place, array in enumerate(arrays):
                    file[f"layers/{_name(kind, number)}{group}/vars/{place}"] = array
    if not fspath(path).lower().endswith(".keras"):
        files.write(path, weights.getvalue(), durable=True)
        names = ", ".join(entry["class_name"] for entry in configured[1:])
        return [_("for a model of Keras of these layers: {names}").format(names=names)]
    config = {"module": "keras", "class_name": "Sequential", "registered_name": None,
              "config": {"name": "network", "layers": configured}}  # fmt: skip
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as parts:
        parts.writestr(zipfile.ZipInfo("metadata.json"), json.dumps(METADATA))
        parts.writestr(zipfile.ZipInfo(CONFIG), json.dumps(config))
        parts.writestr(zipfile.ZipInfo(WEIGHTS), weights.getvalue())
    files.write(path, whole.getvalue(), durable=True)
    return []


def _name(kind: str, number: int) -> str:
    """What a layer is called in the file of weights: its class, with a number from the second one on."""
    return SNAKE.get(kind, "input_layer") + (f"_{number}" if number else "")


def _configured(kind: str, options: dict[str, Any], number: int) -> dict[str, Any]:
    config = {"name": _name(kind, number), **options}
    return {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}


def _entry(layer: Layer, number: int) -> tuple[str, dict[str, Any], dict[str, list[np.ndarray]]]:
    """Class, options, and arrays by the group behind the layer's name. Raises ProblemError."""
    cell, function = layer.cell, layer.cell.switched.get("activation", "tanh")
    keras_function = "linear" if function == "identity" else function
    there = cell.name in CLASSES and built_in(cell)
    reasons = {
        _("Keras has no layer of the cell {name}").format(name=cell.name): not there,
        _("Keras has no function {name}").format(name=function): keras_function not in (*SAME_NAMES, "linear"),
        _("its two directions have different cells"): not layer.one_cell,
        _("Keras lists the steps of a backward layer in reverse order"): layer.direction == "backward",
        _("a file of Keras holds no initial states"): any(part.initial_states for part in layer.passes.values()),
    }
    refuse(number, reasons)
    kind = CLASSES[cell.name]
    options: dict[str, Any] = {"units": layer.sizes["H"], "return_sequences": True, "activation": keras_function}
    if kind == "GRU":
        options["reset_after"] = cell.name == "gru_after"
    arrays = [_arrays(part) for part in layer.passes.values()]
    if layer.direction != "both":
        return kind, options, {"/cell": arrays[0]}
    inner = {
        f"{word}layer": _configured(
            kind, {**options, "name": f"{word or 'forward_'}rnn", "go_backwards": bool(word)}, 0
        )
        for word in ("", "backward_")
    }
    groups = {"/forward_layer/cell": arrays[0], "/backward_layer/cell": arrays[1]}
    return "Bidirectional", {"merge_mode": layer.merge, **inner}, groups


def _arrays(part: DirectionalLayer) -> list[np.ndarray]:
    """Kernel, recurrent kernel and bias; of gru_after the bias has two rows."""
    name, arrays = part.cell.name, keeping_old(part.cell, part.arrays)
    first, second = (to_library(bias, name, "Keras") for bias in two_biases(part.cell, arrays))
    weights = [to_library(arrays[key], name, "Keras").T for key in ("U", "W")]
    return [*weights, np.stack([first, second]) if name == "gru_after" else first]
