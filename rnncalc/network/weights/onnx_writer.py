"""A network as an ONNX graph: one RNN, LSTM or GRU node a layer, and the read-out as MatMul, Add and its function.

    x (batch, time, D) → y (batch, time, O), any batch and time; layers.k.h, layers.k.c: the states after the last step

Optional inputs, which have a value in the file: lengths (batch,), of which a number too large means all steps; and
layers.k.h0, layers.k.c0 (directions, batch, H). Steps beyond a sequence's length hold no meaningful y. Numbers are
float32, the only ones that runtimes have these operators for.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rnncalc.common import files
from rnncalc.common.i18n import _
from rnncalc.common.version import __version__
from rnncalc.model.cells import built_in
from rnncalc.model.layer import DirectionalLayer, Layer
from rnncalc.network.network import Network
from rnncalc.network.weights.cell_variants import ACTIVATIONS, OPERATORS
from rnncalc.network.weights.gate_blocks import keeping_old, to_library, two_biases
from rnncalc.network.weights.refusals import refuse

OPSET, IR = 14, 8  # since when RNN, LSTM and GRU are as they are
MERGES = {"sum": "ReduceSum", "ave": "ReduceMean", "mul": "ReduceProd"}
FUNCTIONS = {
    "softmax": "Softmax", "log_softmax": "LogSoftmax", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu",
}  # fmt: skip
DIRECTIONS = {"forward": "forward", "backward": "reverse", "both": "bidirectional"}
ALL_STEPS = 2**31 - 1


def write(network: Network, path: str | PathLike[str]) -> list[str]:
    """Write a network. Raises ProblemError for what ONNX has no operator for."""
    content = model(network).SerializeToString()
    files.write(path, content, durable=True)
    if network.dtype == np.float32:
        return []
    return [_("numbers are written as float32, which runtimes of ONNX compute with")]


def model(network: Network) -> onnx.ModelProto:
    """The whole file. Raises ProblemError."""
    graph = _Graph()
    graph.add("Transpose", ["x"], "steps", perm=[1, 0, 2])
    graph.add("Shape", ["x"], "shape")
    graph.add("Gather", ["shape", graph.constant("first", np.array([0]))], "batch")
    graph.add("Gather", ["shape", graph.constant("second", np.array([1]))], "time")
    graph.add("Cast", ["time"], "every", to=TensorProto.INT32)
    graph.optional("lengths", np.array([ALL_STEPS], np.int32), ["sequences"])
    graph.add("Min", ["lengths", "every"], "present")
    graph.add("Expand", ["present", "batch"], "sequence_lens")
    below = "steps"
    for number, layer in enumerate(network.layers):
        below = _layer(graph, layer, number, below)
    top = network.read_out
    graph.add("Transpose", [below], "h" if top else "y", perm=[1, 0, 2])
    if top:
        function = FUNCTIONS.get(network.output)
        graph.add("MatMul", ["h", graph.constant("V", top.arrays["V"].T)], "Vh")
        graph.add("Add", ["Vh", graph.constant("c", top.arrays["c"])], "s" if function else "y")
        if function:
            graph.add(function, ["s"], "y", **({"axis": -1} if "softmax" in network.output else {}))
    return graph.finished(network)


class _Graph:
    """Nodes, constants, inputs and outputs as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def add(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(operator, inputs, list(outputs), **attributes))

    def constant(self, name: str, array: np.ndarray) -> str:
        """A constant, floating-point ones as float32; its name."""
        array = np.ascontiguousarray(array.astype(np.float32) if array.dtype.kind == "f" else array)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def optional(self, name: str, array: np.ndarray, shape: list[str | int]) -> None:
        """An input that has this value unless it is given."""
        kind = TensorProto.INT32 if array.dtype.kind == "i" else TensorProto.FLOAT
        self.inputs.append(helper.make_tensor_value_info(self.constant(name, array), kind, shape))

    def finished(self, network: Network) -> onnx.ModelProto:
        sizes = network.sizes
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch_size", "time_steps", sizes["D"]])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch_size", "time_steps", network.y_width])
        graph = helper.make_graph(
            self.nodes, "network", [x, *self.inputs], [y, *self.outputs], initializer=self.constants
        )
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="rnncalc",
            producer_version=__version__,
        )  # fmt: skip
        onnx.checker.check_model(made)
        return made


def _layer(graph: _Graph, layer: Layer, number: int, below: str) -> str:
    """Add a layer; the name of what it hands up: (time, batch, width)."""
    name, cell, parts = f"layers.{number}.", layer.cell, list(layer.passes.values())
    different = any(part.cell.name != cell.name for part in parts)
    unknown = any(part.cell.name not in OPERATORS or not built_in(part.cell) for part in parts)
    reasons = {_("its two directions have different cells"): different}
    refuse(number, reasons | {_("ONNX has no operator for the cell {name}").format(name=cell.name): unknown})
    attributes: dict[str, Any] = {"hidden_size": layer.sizes["H"], "direction": DIRECTIONS[layer.direction]}
    if cell.name == "gru_after":
        attributes["linear_before_reset"] = 1
    if cell.name == "elman":
        attributes |= _functions([part.cell.switched.get("activation", "tanh") for part in parts], number)
    stacked = [_arrays(part) for part in parts]
    weights = [graph.constant(name + key, np.stack([part[key] for part in stacked])) for key in ("W", "R", "B")]
    given = {state: [part.initial_states.get(state) for part in parts] for state in cell.state}
    initial = [_initial_state(graph, name + state, rows, layer, number) for state, rows in given.items()]
    finals = [f"{name}{state}" for state in cell.state]
    operator = OPERATORS[cell.name]
    graph.add(operator, [below, *weights, "sequence_lens", *initial], f"{name}Y", *finals, **attributes)
    shape = [len(parts), "batch_size", layer.sizes["H"]]
    graph.outputs += [helper.make_tensor_value_info(final, TensorProto.FLOAT, shape) for final in finals]
    return _merged(graph, layer, name)


def _merged(graph: _Graph, layer: Layer, name: str) -> str:
    """(time, directions, batch, H) → (time, batch, width)."""
    out = f"{name}out"
    if layer.direction != "both":
        graph.add("Squeeze", [f"{name}Y", graph.constant(f"{name}axis", np.array([1]))], out)
    elif layer.merge == "concat":
        graph.add("Transpose", [f"{name}Y"], f"{name}beside", perm=[0, 2, 1, 3])
        shape = graph.constant(f"{name}shape", np.array([0, 0, 2 * layer.sizes["H"]]))
        graph.add("Reshape", [f"{name}beside", shape], out)
    elif layer.merge == "sum":  # the only one that takes its axes as an input in this version of the operators
        axis = graph.constant(f"{name}axis", np.array([1]))
        graph.add("ReduceSum", [f"{name}Y", axis], out, keepdims=0)
    else:
        graph.add(MERGES[layer.merge], [f"{name}Y"], out, axes=[1], keepdims=0)
    return out


def _arrays(part: DirectionalLayer) -> dict[str, np.ndarray]:
    """W, R and B of one direction, the gates in ONNX's order."""
    name, arrays = part.cell.name, keeping_old(part.cell, part.arrays)
    U, W, *biases = (
        to_library(array, name, "ONNX") for array in (arrays["U"], arrays["W"], *two_biases(part.cell, arrays))
    )
    return {"W": U, "R": W, "B": np.concatenate(biases)}


def _initial_state(graph: _Graph, name: str, given: list[np.ndarray | None], layer: Layer, number: int) -> str:
    """Add an initial state as an optional input, and spread it over the batch; the name of the result."""
    units, values = layer.sizes["H"], np.zeros((len(given), 1, layer.sizes["H"]))
    several = any(array is not None and array.ndim > 1 for array in given)
    refuse(number, {_("its initial states are for a batch of one size"): several})
    for row, array in zip(values, given):
        row[:] = 0 if array is None else array
    graph.optional(f"{name}0", values, [len(given), f"{name}0 sequences", units])
    ends = [
        graph.constant(f"{name}0 {end}", np.array([size])) for end, size in (("first", len(given)), ("last", units))
    ]
    graph.add("Concat", [ends[0], "batch", ends[1]], f"{name}0 shape", axis=0)
    graph.add("Expand", [f"{name}0", f"{name}0 shape"], f"{name}0 spread")
    return f"{name}0 spread"


def _functions(activations: Sequence[str], number: int) -> dict[str, Any]:
    """The attributes of an RNN for our activations, one for each direction."""
    missing = _("ONNX has no function {name} for an RNN")
    refuse(number, {missing.format(name=name): name not in ACTIVATIONS for name in activations})
    functions = [ACTIVATIONS[activation] for activation in activations]
    attributes: dict[str, Any] = {"activations": [function.name for function in functions]}
    for key in ("alpha", "beta"):  # only of the functions that take one
        if values := [value for function in functions if (value := getattr(function, key)) is not None]:
            attributes[f"activation_{key}"] = values
    return attributes
