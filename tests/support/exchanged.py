"""Random networks of every shape that other libraries have, and random ONNX nodes, from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from support.helpers import random_arrays

ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity", "elu", "leaky_relu", "softplus", "softsign", "hard_sigmoid")
MERGES = ("concat", "sum", "ave", "mul")


def cell(rng: np.random.Generator) -> Cell:
    """Any cell that ONNX has, with any of its switches."""
    name = str(rng.choice(["elman", "lstm", "gru", "gru_after"]))
    if name == "elman":
        return CELLS[name].switch(activation=str(rng.choice(ACTIVATIONS)))
    return CELLS[name].switch(update=str(rng.choice(["z_old", "z_new"]))) if name != "lstm" else CELLS[name]


def network(
    rng: np.random.Generator, directions: tuple[str, ...] = ("forward", "backward", "both"), states: bool = True
) -> Network:
    """Up to three layers of any cells, directions and merges; biases, initial states and a read-out or none."""
    layers, width = list[Layer](), int(rng.integers(1, 7))
    for _level in range(rng.integers(1, 4)):
        kind, units = cell(rng), int(rng.integers(1, 9))
        direction = str(rng.choice(directions))
        passes = [_arrays(kind, rng, width, units, states) for _ in range(1 + (direction == "both"))]
        second: dict[str, Any] = {"backward": passes[1], "merge": str(rng.choice(MERGES))} if passes[1:] else {}
        layers.append(Layer(kind, **passes[0], direction=direction, **second))
        width = layers[-1].width
    if rng.random() < 0.3:
        return Network(layers, dtype="float32", engine="equations")
    O = int(rng.integers(1, 6))
    V, c = rng.normal(size=(O, width)), rng.normal(size=O) if rng.random() < 0.7 else None
    output = str(rng.choice(["identity", "softmax", "log_softmax", "sigmoid", "tanh", "relu"]))
    return Network(layers, V, c, output, dtype="float32", engine="equations")


def _arrays(kind: Cell, rng: np.random.Generator, width: int, units: int, states: bool) -> dict[str, Any]:
    arrays = random_arrays(kind, rng, D=width, H=units)
    if kind.name == "elman":
        arrays["W"] *= 0.4  # so that what has no bound does not grow
    for name in kind.optional:
        if rng.random() < 0.3:
            del arrays[name]
    own = {f"{state}0": rng.normal(size=units) for state in kind.state if rng.random() < 0.3 * states}
    return {**arrays, **own}


def batch(rng: np.random.Generator, width: int, ragged: bool) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of some size, and how long each sequence is."""
    N, T = int(rng.integers(1, 6)), int(rng.integers(1, 13))
    lengths = rng.integers(1, T + 1, size=N) if ragged else np.full(N, T)
    return rng.normal(size=(N, T, width)).astype(np.float32), lengths


# nodes with any attributes --------------------------------------------------------------------------------------------

FUNCTIONS = {  # name → how many constants it takes
    "Tanh": 0, "Relu": 0, "Sigmoid": 0, "Softsign": 0, "Softplus": 0, "Elu": 1, "LeakyRelu": 1, "ThresholdedRelu": 1,
    "Affine": 2, "ScaledTanh": 2, "HardSigmoid": 2,
}  # fmt: skip
SEQUENCES, STEPS = 3, 4  # of the inputs of a node
GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


def node(rng: np.random.Generator) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
    """An operator, its attributes, of which each may be absent, and its constants."""
    kind = str(rng.choice(list(GATES)))
    direction = str(rng.choice(["forward", "reverse", "bidirectional"]))
    D, H, directions = int(rng.integers(1, 5)), int(rng.integers(1, 6)), 1 + (direction == "bidirectional")
    attributes: dict[str, Any] = {"hidden_size": H, "direction": direction}
    if rng.random() < 0.5:
        count = {"RNN": 1, "LSTM": 3, "GRU": 2}[kind]
        chosen = [str(rng.choice(list(FUNCTIONS))) for _ in range(count * directions)]
        attributes["activations"] = chosen
        for position, name in enumerate(("activation_alpha", "activation_beta")):
            numbers = [0.2 + 0.1 * int(rng.integers(8)) for function in chosen if FUNCTIONS[function] > position]
            if numbers and rng.random() < 0.7:
                attributes[name] = numbers
    if rng.random() < 0.3:
        attributes["clip"] = float(rng.choice([0.5, 1.5]))
    if kind == "LSTM" and rng.random() < 0.3:
        attributes["input_forget"] = 1
    if kind == "GRU" and rng.random() < 0.5:
        attributes["linear_before_reset"] = 1
    if rng.random() < 0.15:
        attributes["layout"] = 1
    rows = GATES[kind] * H
    constants = {"W": rng.normal(size=(directions, rows, D)), "R": rng.normal(size=(directions, rows, H)) / np.sqrt(H)}
    if rng.random() < 0.7:
        constants["B"] = rng.normal(size=(directions, 2 * rows))
    for state in ("initial_h", "initial_c") if kind == "LSTM" else ("initial_h",):
        if rng.random() < 0.4:
            constants[state] = rng.normal(size=(directions, SEQUENCES, H))
    if kind == "LSTM" and rng.random() < 0.3:
        constants["P"] = rng.normal(size=(directions, 3 * H))
    if attributes.get("layout"):
        constants |= {name: array.swapaxes(0, 1) for name, array in constants.items() if name.startswith("initial")}
    return kind, attributes, {name: array.astype(np.float32) for name, array in constants.items()}


def graph(kind: str, attributes: dict[str, Any], constants: dict[str, np.ndarray], ragged: bool = False) -> Any:
    """A file of one node and the squeeze or reshape behind it. ragged: with lengths as an input."""
    from onnx import TensorProto, helper, numpy_helper

    names = ["W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    given = {*constants, *(["sequence_lens"] if ragged else [])}
    inputs = [name if name in given else "" for name in names[: max(map(names.index, given)) + 1]]
    directions, D = len(constants["W"]), constants["W"].shape[2]
    batch_first = attributes.get("layout", 0) == 1
    nodes = [helper.make_node(kind, ["X", *inputs], ["Y"], **attributes)]
    if directions == 1:
        nodes.append(helper.make_node("Squeeze", ["Y", "axes"], ["out"]))
        shape = np.array([2 if batch_first else 1])
    else:
        source = "Y"
        if not batch_first:
            nodes.append(helper.make_node("Transpose", ["Y"], ["beside"], perm=[0, 2, 1, 3]))
            source = "beside"
        nodes.append(helper.make_node("Reshape", [source, "axes"], ["out"]))
        shape = np.array([0, 0, -1])
    made = helper.make_graph(
        nodes,
        kind,
        [
            helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, None, D]),
            *([helper.make_tensor_value_info("sequence_lens", TensorProto.INT32, [None])] if ragged else []),
        ],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None, None, None])],
        [numpy_helper.from_array(array, name) for name, array in {**constants, "axes": shape}.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
