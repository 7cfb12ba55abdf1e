"""Keras's SimpleRNN, LSTM, GRU and Bidirectional as layers, and a Dense layer on top as the read-out.

    kernel (D, G·H), recurrent_kernel (H, G·H), bias (G·H,), of GRU with reset_after (2, 3·H); gates i f c o and z r h

A .keras file says in which order layers stand and with which functions; `keras_arrays` is for arrays alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ParseError, ProblemError
from rnncalc.model.cells import Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import keras_arrays
from rnncalc.network.weights.cell_variants import ACTIVATIONS, Activation, cell
from rnncalc.network.weights.keras_arrays import Arrays, stacked
from rnncalc.network.weights.keras_file import SAME_NAMES, content
from rnncalc.network.weights.model_file import Model

OPERATORS = {"SimpleRNN": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
WITHOUT_EFFECT = {"InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "Identity"}
OUTPUTS = {
    "linear": "identity", "softmax": "softmax", "log_softmax": "log_softmax", "sigmoid": "sigmoid", "tanh": "tanh",
    "relu": "relu",
}  # fmt: skip
FUNCTIONS = {name: ACTIVATIONS[name] for name in SAME_NAMES}
FUNCTIONS |= {"linear": ACTIVATIONS["identity"], "leaky_relu": Activation("LeakyRelu", 0.2)}


def read(
    path: str | PathLike[str], *, activation: str | None = None, output: str | None = None, merge: str | None = None,
    prefix: str | Sequence[str] | None = None, engine: str = "auto", dtype: str | np.dtype | None = None,
) -> Model:  # fmt: skip
    """The network of a file. Raises ParseError, ProblemError, ShapeError."""
    config, arrays, names = content(path)
    if config is not None:
        said = [
            name
            for name, value in zip(("activation", "output", "merge", "prefix"), (activation, output, merge, prefix))
            if value
        ]
        if said:
            raise ProblemError(_("the file itself says all of {names}"), names=", ".join(said))
        layers, read_out, notes = _configured(config, arrays, names)
    else:
        layers, read_out, notes = keras_arrays.layers(arrays, activation, output, merge, prefix)
    if not layers:
        raise ParseError(_("{name} has no SimpleRNN, LSTM or GRU"), name=path)
    return Model(Network(layers, **read_out, engine=engine, dtype=dtype), format="keras", notes=notes)


def _configured(
    config: Mapping[str, Any], arrays: Mapping[str, Arrays], names: Mapping[str, str]
) -> tuple[list[Layer], dict[str, Any], list[str]]:
    """The layers and the read-out that the configuration describes."""
    layers, read_out, notes, final = list[Layer](), dict[str, Any](), list[str](), False
    for name, kind, options, group in _entries(config, names):
        if kind in WITHOUT_EFFECT:
            continue
        if kind == "TimeDistributed" and _kind(options.get("layer")) == "Dense":
            kind, options, group = "Dense", options["layer"]["config"], f"{group}/layer"
        if kind == "Masking":
            note = _("{name}: pass mask= with the call to skip the steps that equal {value}")
            notes.append(note.format(name=name, value=options.get("mask_value")))
        elif kind in OPERATORS or kind in ("Bidirectional", "RNN"):
            if final or read_out:
                raise ProblemError(_("the layer {name} ({kind}) has no place in a network"), name=name, kind=kind)
            layer, final = _recurrent(name, kind, options, arrays, group)
            layers.append(layer)
        elif kind == "Dense" and layers and not read_out:
            kernel, *bias = arrays.get(group) or [np.zeros(0)]
            read_out = {"V": kernel.T, "c": bias[0] if bias else None, "output": _output(name, options)}
        elif kind in ("Activation", "Softmax") and read_out.get("output") == "identity":
            read_out["output"] = "softmax" if kind == "Softmax" else _output(name, options)
        else:
            raise ProblemError(_("the layer {name} ({kind}) has no place in a network"), name=name, kind=kind)
    if final:
        notes.append(_("the file gives the last step only: here it is y[-1]"))
    return layers, read_out, notes


def _entries(config: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Name, class, configuration and group of arrays of each layer, in order; a chain or nothing."""
    listed = config.get("config", {}).get("layers") if isinstance(config.get("config"), dict) else None
    if config.get("class_name") not in ("Sequential", "Functional") or not isinstance(listed, list):
        raise ProblemError(
            _("only Sequential and Functional models are read, not {kind}"), kind=config.get("class_name")
        )
    groups = {name: group for group, name in names.items() if group.count("/") == 1}
    counts: dict[str, int] = {}
    before = ""
    for entry in listed:
        kind = _kind(entry)
        options = entry["config"]
        name = str(options.get("name", kind))
        if (
            config["class_name"] == "Functional"
            and kind != "InputLayer"
            and _sources(entry.get("inbound_nodes")) != [before]
        ):
            raise ProblemError(_("{name} does not come from the one layer before it: only a chain is read"), name=name)
        before = name
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
        number = counts.setdefault(snake, 0)
        counts[snake] += 1
        yield name, kind, options, groups.get(name, f"layers/{snake}" + (f"_{number}" if number else ""))


def _kind(entry: Any) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise ParseError(_("a layer's configuration is no object"))
    return str(entry.get("class_name"))


def _sources(value: Any) -> list[str]:
    """The layers whose tensors a node of a functional model takes."""
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
            history = config.get("keras_history")
            return [str(history[0]) if isinstance(history, list) and history else ""]
        return [source for part in value.values() for source in _sources(part)]
    return [source for part in value for source in _sources(part)] if isinstance(value, list) else []


def _recurrent(
    name: str, kind: str, options: Mapping[str, Any], arrays: Mapping[str, Arrays], group: str
) -> tuple[Layer, bool]:
    """A layer, and whether it gives its last step only."""
    if kind != "Bidirectional":
        if options.get("go_backwards"):
            raise ProblemError(_("{name}: {option} gives its steps in reverse order"), name=name, option="go_backwards")
        made, part = _directed(name, kind, options, arrays.get(f"{group}/cell", ()))
        return Layer(made, **part), not options.get("return_sequences")
    inner = [options.get("layer"), options.get("backward_layer") or options.get("layer")]
    kinds = [_kind(entry) for entry in inner]
    if not options["layer"]["config"].get("return_sequences"):
        message = _("{name}: without return_sequences it takes the backward direction at the first step")
        raise ProblemError(message, name=name)
    parts = [
        _directed(name, kinds[n], entry["config"], arrays.get(f"{group}/{way}_layer/cell", ()))
        for n, (entry, way) in enumerate(zip(inner, ("forward", "backward")))
        if isinstance(entry, dict)
    ]
    merge = options.get("merge_mode")
    if merge is None:
        raise ProblemError(_("{name}: {option} gives two outputs"), name=name, option="merge_mode=None")
    (cell, first), (other, second) = parts
    backward = {"cell": other, **second}
    return Layer(cell, direction="both", merge=str(merge), backward=backward, **first), False


def _directed(name: str, kind: str, options: Mapping[str, Any], arrays: Arrays) -> tuple[Cell, dict[str, Any]]:
    """The cell and the arrays of one direction."""
    if kind == "RNN":
        kind, options = _kind(options.get("cell")).removesuffix("Cell"), options["cell"]["config"]
    if kind not in OPERATORS:
        raise ProblemError(_("the layer {name} ({kind}) has no place in a network"), name=name, kind=kind)
    functions = [options.get("activation", "tanh")]
    if kind != "SimpleRNN":
        functions = [options.get("recurrent_activation", "sigmoid"), *functions, *functions * (kind == "LSTM")]
    for function in functions:
        if str(function) not in FUNCTIONS:
            raise ProblemError(_("{name}: the function {function} is not supported"), name=name, function=function)
    after = kind == "GRU" and bool(options.get("reset_after", True))
    chosen = cell(OPERATORS[kind], [FUNCTIONS[function] for function in functions], after=after)
    return chosen, stacked(name, kind, after, arrays)


def _output(name: str, options: Mapping[str, Any]) -> str:
    function = options.get("activation", "linear")
    if str(function) not in OUTPUTS:
        raise ProblemError(_("{name}: the function {function} is not supported"), name=name, function=function)
    return OUTPUTS[function]
