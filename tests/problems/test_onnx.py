"""Against ONNX's own node tests, where the package is installed: single direction, default attributes."""

import warnings
from typing import Any

import numpy as np
import pytest

from rnncalc.problems.parse import given
from rnncalc.problems.reader import read

onnx = pytest.importorskip("onnx")
CELLS = {"RNN": "elman", "LSTM": "lstm", "GRU": "gru"}
PLAIN = {"hidden_size", "direction", "layout"}


def cases() -> dict[str, Any]:
    """The node tests of the recurrent operators: single direction and nothing but the defaults."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other operators' cases overflow on purpose
        every = collect_testcases(None)
    by_name = {}
    for case in every:
        if case.model is None or not case.data_sets or case.model.graph.node[0].op_type not in CELLS:
            continue
        node = case.model.graph.node[0]
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        peephole = node.op_type == "LSTM" and len(node.input) > 7 and node.input[7]
        if set(attributes) <= PLAIN and attributes.get("direction", b"forward") == b"forward" and not peephole:
            inputs, outputs = case.data_sets[0]
            graph = case.model.graph
            tensors = {value.name: array for value, array in zip(graph.input, inputs)}
            wanted = {value.name: array for value, array in zip(graph.output, outputs)}
            by_name[case.name] = (node, attributes, tensors, wanted)
    return by_name


CASES = cases()


def test_there_are_cases_of_every_operator() -> None:
    assert {case[0].op_type for case in CASES.values()} == set(CELLS)
    assert len(CASES) >= 8


@pytest.mark.parametrize("engine", ["equations", "numba"])
@pytest.mark.parametrize("name", CASES)
def test_the_published_outputs(name: str, engine: str) -> None:
    node, attributes, arrays, results = CASES[name]
    named = {role: arrays.get(key) for role, key in zip(("X", "W", "R", "B", "lengths", "h0", "c0"), node.input) if key}
    x = named["X"]
    if not attributes.get("layout"):
        x = x.swapaxes(0, 1)
    keys = {
        "cell": CELLS[node.op_type],
        "notation": "onnx",
        "x": x,
        "W": named["W"],
        "R": named["R"],
        "B": named.get("B"),
    }
    for start in ("h0", "c0"):
        if named.get(start) is not None:
            keys[start] = named[start][:, 0] if attributes.get("layout") else named[start][0]
    if named.get("lengths") is not None:
        keys["lengths"] = named["lengths"]
    trace = read(given.of_python(keys), engine=engine).forward()
    checked = 0
    for role, key in zip(("Y", "Y_h", "Y_c"), node.output):
        if key not in results:
            continue
        expected = results[key]
        if role == "Y":
            ours = trace.h
            expected = expected[:, :, 0] if attributes.get("layout") else expected[:, 0].swapaxes(0, 1)
        else:
            ours = trace.layers[-1].final["h" if role == "Y_h" else "c"]
            expected = expected[:, 0] if attributes.get("layout") else expected[0]
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)
        checked += 1
    assert checked
