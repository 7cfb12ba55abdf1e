"""ONNX files: what we write and read back, what onnxruntime makes of it, and ONNX's own node tests.

Longer than other files: it holds a graph for each of ONNX's own node tests.
"""

import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import exchanged
from support.helpers import random_arrays

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights.cell_variants import cell, functions

onnx = pytest.importorskip("onnx")
KINDS = ("RNN", "LSTM", "GRU")


def loaded(content: Any, folder: Path, **options: Any) -> Network:
    path = folder / "network.onnx"
    path.write_bytes(content.SerializeToString())
    return rnncalc.load(path, engine="equations", **options)


def test_what_we_write_is_read_back(tmp_path: Path) -> None:
    """Every cell, direction and merge, states and a read-out or none."""
    for seed in range(60):
        rng = np.random.default_rng([3, seed])
        net = exchanged.network(rng)
        rnncalc.save(net, tmp_path / "n.onnx")
        graph = onnx.load(tmp_path / "n.onnx").graph
        used = {name for node in graph.node for name in node.input}
        assert {tensor.name for tensor in graph.initializer} <= used
        back = rnncalc.load(tmp_path / "n.onnx", engine="equations")
        x, lengths = exchanged.batch(rng, net.sizes["D"], bool(seed % 2))
        assert [(layer.direction, layer.merge) for layer in back.layers] == [
            (layer.direction, layer.merge if layer.direction == "both" else "concat") for layer in net.layers
        ]
        assert back.output == net.output
        scale = max(1.0, float(np.abs(net(x)).max()))
        np.testing.assert_allclose(back(x, lengths=lengths), net(x, lengths=lengths), rtol=0, atol=1e-6 * scale)


def test_onnxruntime_runs_what_we_write() -> None:
    """Other batch sizes and lengths than any in the file; ragged; initial states from outside; final states out."""
    runtime = pytest.importorskip("onnxruntime")
    from rnncalc.network.weights.onnx_writer import model

    for seed in range(25):
        rng = np.random.default_rng([4, seed])
        net = exchanged.network(rng)
        run = runtime.InferenceSession(model(net).SerializeToString())
        for ragged in (False, True):
            x, lengths = exchanged.batch(rng, net.sizes["D"], ragged)
            feed = {"x": x, **({"lengths": lengths.astype(np.int32)} if ragged else {})}
            initial: dict[str, list[Any]] = {}
            for number, layer in enumerate(net.layers) if ragged else ():
                for state in layer.cell.state:
                    rows = rng.normal(size=(len(layer.passes), len(x), layer.sizes["H"])).astype(np.float32)
                    feed[f"layers.{number}.{state}0"] = rows
                    initial.setdefault(state, []).append(rows)
            states = {f"{state}0": by_direction(net, state, given) for state, given in initial.items()}
            y = net(x, lengths=lengths, **states)
            there = (np.arange(x.shape[1]) < lengths[:, None])[..., None]
            scale = max(1.0, float(np.abs(y).max()))
            names = ["y", *(f"layers.{n}.h" for n in range(len(net.layers)))]
            theirs, *finals = run.run(names, feed)
            np.testing.assert_allclose(theirs * there, y * there, rtol=0, atol=3e-6 * scale)
            assert [final.shape for final in finals] == [
                (len(layer.passes), len(x), layer.sizes["H"]) for layer in net.layers
            ]


def by_direction(net: Network, state: str, given: list[np.ndarray]) -> Any:
    """Initial states as a call takes them: a list with an entry for each direction of each layer."""
    rows, left = list[Any](), list(given)
    for layer in net.layers:
        if state in layer.cell.state:
            rows.extend(left.pop(0))
        else:
            rows.extend([None] * len(layer.passes))
    return rows[0] if len(rows) == 1 else rows


def test_what_onnxruntime_accepts_is_read_to_the_same_outputs_or_refused_by_attribute(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    agreed: Counter[str] = Counter()
    refused = 0
    for seed in range(200):
        rng = np.random.default_rng([5, seed])
        kind, attributes, constants = exchanged.node(rng)
        content = exchanged.graph(kind, attributes, constants)
        x = rng.normal(size=(exchanged.STEPS, exchanged.SEQUENCES, constants["W"].shape[2])).astype(np.float32)
        try:
            theirs = runtime.InferenceSession(content.SerializeToString()).run(None, {"X": x})[0]
        except Exception:
            continue  # it has no layout
        try:
            net = loaded(content, tmp_path)
        except RnncalcError as error:
            refused += "activation_" in str(error)
            continue
        scale = float(np.abs(theirs).max())
        if scale < 100:
            np.testing.assert_allclose(net(x, layout="time_first"), theirs, rtol=0, atol=2e-5 * max(1.0, scale))
            agreed.update([kind, *attributes, *constants, attributes["direction"]])
    parts = ("RNN", "LSTM", "GRU", "forward", "reverse", "bidirectional", "clip", "input_forget", "linear_before_reset",
             "activations", "activation_alpha", "activation_beta", "B", "P", "initial_h", "initial_c")  # fmt: skip
    assert min(agreed[part] for part in parts) > 2, agreed
    assert refused > 2


# ONNX's node tests ----------------------------------------------------------------------------------------------------


@cache
def node_cases() -> dict[str, Any]:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other operators' cases overflow on purpose
        every = collect_testcases(None)
    return {case.name: case for case in every if case.model is not None and case.model.graph.node[0].op_type in KINDS}


def with_constants(case: Any) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The model with its weights and states inside; what is given at the call; what is expected."""
    inputs, outputs = case.data_sets[0]
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    node = model.graph.node[0]
    called = {node.input[0], *([node.input[4]] if len(node.input) > 4 else [])}
    given = {}
    for value, array in zip(list(model.graph.input), inputs):
        if value.name in called:
            given[value.name] = np.asarray(array)
        else:
            model.graph.input.remove(value)
            model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), value.name))
    return model, given, {value.name: array for value, array in zip(model.graph.output, outputs)}


def test_node_tests_of_onnx(tmp_path: Path) -> None:
    """Each through `load` and a call: Y, or the states after the last step, which are y at the ends of a sequence."""
    cases = node_cases()
    assert {case.model.graph.node[0].op_type for case in cases.values()} == set(KINDS)
    assert len(cases) >= 13
    for name, case in cases.items():
        model, given, results = with_constants(case)
        node = model.graph.node[0]
        batch_first = any(attribute.name == "layout" and attribute.i for attribute in node.attribute)
        y_name, end_name = node.output[0], node.output[1] if len(node.output) > 1 else ""
        if y_name not in results:
            node.output[0] = y_name = "every step"
            del model.graph.output[:]
            model.graph.output.append(onnx.helper.make_tensor_value_info(y_name, onnx.TensorProto.FLOAT, [None] * 4))
        net = loaded(model, tmp_path)
        x, lengths = given.pop(node.input[0]), next(iter(given.values()), None)
        y = net(x if batch_first else x.swapaxes(0, 1), lengths=lengths)
        directions = len(net.layers[0].passes)
        by_direction = y.reshape(*y.shape[:2], directions, -1)
        ends = np.full(len(y), y.shape[1]) if lengths is None else lengths
        steps = [ends * 0 if direction == "backward" else ends - 1 for direction in net.layers[0].passes]
        last = [by_direction[np.arange(len(y)), step, direction] for direction, step in enumerate(steps)]
        ours = {y_name: by_direction if batch_first else by_direction.transpose(1, 2, 0, 3),
                end_name: np.stack(last, axis=1 if batch_first else 0)}  # fmt: skip
        compared = [key for key in ours if key in results]
        assert compared
        for key in compared:
            np.testing.assert_allclose(ours[key], results[key], rtol=0, atol=1e-5, err_msg=name)


# what is refused, and what is said ------------------------------------------------------------------------------------


def node_graph(kind: str = "LSTM", behind: Iterator[Any] | None = None, **attributes: Any) -> Any:
    rng = np.random.default_rng(1)
    gates = exchanged.GATES[kind]
    constants = {"W": rng.normal(size=(1, gates * 2, 3)), "R": rng.normal(size=(1, gates * 2, 2))}
    small = {name: array.astype(np.float32) for name, array in constants.items()}
    return exchanged.graph(kind, {"hidden_size": 2, **attributes}, small)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"direction": "sideways"}, "LSTM: direction is sideways"),
        ({"hidden_size": 3}, "LSTM: hidden_size is 3"),
        ({"activations": ["Sigmoid", "Gauss", "Tanh"]}, "activations: Gauss is not supported"),
        ({"activations": ["Sigmoid", "Tanh"]}, "activations has more numbers than its functions take"),
        ({"activations": ["Sigmoid", "Affine", "Tanh"]}, "activation_alpha: Affine needs one"),
        ({"activation_alpha": [1.0]}, "activation_alpha has more numbers"),
        ({"colour": 1}, "LSTM: the attribute colour is not supported"),
    ],
)
def test_attributes_are_refused_by_name(attributes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(RnncalcError, match=message):
        loaded(node_graph(**attributes), tmp_path)


def appended(content: Any, kind: str, *more: str, constants: dict[str, Any] | None = None, **attributes: Any) -> Any:
    """A node more behind the first output."""
    last = content.graph.output[0].name
    content.graph.node.append(onnx.helper.make_node(kind, [last, *more], [f"{last}_"], **attributes))
    content.graph.output[0].name = f"{last}_"
    for name, array in (constants or {}).items():
        content.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array, np.float32), name))
    return content


def test_operators_that_have_no_place_are_named(tmp_path: Path) -> None:
    V = {"V": np.ones((2, 4))}
    for content, message in (
        (appended(node_graph(), "Erf"), "the operator Erf"),
        (appended(node_graph(), "Softmax"), "the operator Softmax"),  # of h, without a read-out
        (appended(node_graph(), "MatMul", "absent"), "needs what no node gives"),
        (appended(appended(node_graph(), "MatMul", "V", constants=V), "Softmax", axis=0), "the operator Softmax"),
        (appended(appended(node_graph(), "MatMul", "V", constants=V), "MatMul", "V"), "the operator MatMul"),
    ):
        with pytest.raises(RnncalcError, match=message):
            loaded(content, tmp_path)
    (tmp_path / "x.onnx").write_bytes(b"\xff\x00 no graph")
    with pytest.raises(RnncalcError, match="cannot read"):
        rnncalc.load(tmp_path / "x.onnx")


def test_a_state_from_outside_and_the_last_step_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = node_graph("GRU")
    content.graph.node[0].input.extend(["", "", "h"])
    content.graph.input.append(onnx.helper.make_tensor_value_info("h", onnx.TensorProto.FLOAT, [1, None, 2]))
    index = onnx.numpy_helper.from_array(np.array(-1), "last")
    content.graph.initializer.append(index)
    net = loaded(appended(content, "Gather", "last", axis=0), tmp_path)
    assert net.layers[0].cell is CELLS["gru"]
    assert "initial_h is an input of the file: zero here, unless h0 is given" in caplog.text
    assert "the last step only" in caplog.text


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (("jordan", {}), "layer 1: ONNX has no operator for the cell jordan"),
        (("elman", {"activation": "hard_tanh"}), "ONNX has no function hard_tanh"),
        (("lstm", {"h0": np.ones((2, 5))}), "initial states are for a batch of one size"),
    ],
)
def test_what_onnx_cannot_hold(layer: tuple[str, dict[str, Any]], message: str, tmp_path: Path) -> None:
    name, options = layer
    net = Network([Layer(name, **random_arrays(CELLS[name], np.random.default_rng(0)), **options)])
    with pytest.raises(RnncalcError, match=message):
        rnncalc.save(net, tmp_path / "n.onnx")


def test_usual_attributes_are_cells_of_ours_and_others_are_equations() -> None:
    usual = {kind: functions(names, [], []) for kind, names in
             (("RNN", ["Tanh"]), ("LSTM", ["Sigmoid", "Tanh", "Tanh"]), ("GRU", ["Sigmoid", "Tanh"]))}  # fmt: skip
    assert cell("GRU", usual["GRU"], after=True) is CELLS["gru_after"]
    assert cell("LSTM", usual["LSTM"]) is CELLS["lstm"]
    assert cell("RNN", functions(["HardSigmoid"], [], [])).switched == {"activation": "hard_sigmoid_02"}
    coupled = cell("LSTM", usual["LSTM"], clip=0.5, coupled=True, peepholes=True)
    assert coupled.equations["c"] == "(1 - i) * c_p + i * g"
    assert coupled.equations["i"] == "sigmoid(max(min(ai, 0.5), (-0.5)))"
    assert list(coupled.stacks) == ["U", "W", "b", "p"]


def mutate(graph: Any, rng: np.random.Generator) -> None:
    """Change one thing of a graph: an operator, a name, an attribute, a tensor."""
    node = graph.node[rng.integers(len(graph.node))]
    names = [name for other in graph.node for name in (*other.input, *other.output)] + [""]
    name = names[rng.integers(len(names))]
    what = int(rng.integers(8))
    if what == 0:
        operators = (
            "RNN GRU MatMul Gemm Add Softmax Transpose Squeeze Reshape Gather Slice ReduceSum Concat Expand Constant "
            "ConstantOfShape Identity Shape"
        )
        node.op_type = str(rng.choice(operators.split()))
    elif what == 1 and node.input:
        node.input[rng.integers(len(node.input))] = name
    elif what == 2 and node.attribute:
        values: list[Any] = [0, -1, 7, 2.5, "x", "reverse", [1], [0, 1, 2, 3], [2.0], ["Tanh"], ["Tanh", "Relu"]]
        attribute = node.attribute[rng.integers(len(node.attribute))]
        attribute.CopyFrom(onnx.helper.make_attribute(attribute.name, values[rng.integers(len(values))]))
    elif what == 3:
        tensor = graph.initializer[rng.integers(len(graph.initializer))]
        array = onnx.numpy_helper.to_array(tensor)
        shapes = [array[..., None], array.reshape(-1), array.reshape(-1)[:0], array.T, array.astype(np.int64)]
        tensor.CopyFrom(onnx.numpy_helper.from_array(shapes[rng.integers(len(shapes))], tensor.name))
    elif what == 4 and node.input:
        del node.input[-1]
    elif what == 5:
        node.input.append(name)
    else:
        graph.output[0].name = name


def test_changed_graphs_are_read_or_refused(tmp_path: Path) -> None:
    from rnncalc.network.weights.onnx_writer import model

    outcomes = [0, 0]
    for seed in range(400):
        rng = np.random.default_rng([6, seed])
        content = model(exchanged.network(rng)) if seed % 2 else exchanged.graph(*exchanged.node(rng))
        for _change in range(rng.integers(1, 3)):
            mutate(content.graph, rng)
        try:
            loaded(content, tmp_path)
            outcomes[0] += 1
        except RnncalcError:
            outcomes[1] += 1
    assert min(outcomes) > 30
