"""onnxruntime on a graph of one RNN, LSTM or GRU operator. It has no gradients, and no float64 for these operators."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from rivals import Rival, Weights

OPERATORS = {"elman": ("RNN", [0]), "lstm": ("LSTM", [0, 3, 1, 2]), "gru_after": ("GRU", [1, 0, 2])}  # i o f c; z r h


def rival(cell: str, p: Weights, threads: int) -> Rival:
    if p["U"].dtype != np.float32:
        return Rival(None, None)
    operator, order = OPERATORS[cell]
    H, gates = p["W"].shape[1], len(p["W"]) // p["W"].shape[1]

    def stacked(array: np.ndarray) -> np.ndarray:
        return np.concatenate([array.reshape(gates, H, *array.shape[1:])[gate] for gate in order])[None]

    second = np.zeros_like(p["b"])
    if "d" in p:
        second[2 * H :] = p["d"]
    bias = np.concatenate([stacked(p["b"]), stacked(second)], axis=1)
    given = {"W": stacked(p["U"]), "R": stacked(p["W"]), "B": bias}
    more = {"linear_before_reset": 1} if cell == "gru_after" else {}
    node = helper.make_node(operator, ["x", *given], ["y"], hidden_size=H, **more)
    graph = helper.make_graph(
        [node],
        cell,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "N", p["U"].shape[1]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["T", 1, "N", H])],
        [numpy_helper.from_array(array, name) for name, array in given.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def forward(x: np.ndarray) -> np.ndarray:
        h: np.ndarray = session.run(None, {"x": np.ascontiguousarray(x.swapaxes(0, 1))})[0]
        return np.ascontiguousarray(h[:, 0].swapaxes(0, 1))

    return Rival(forward, None)
