"""The graph that a check walks: the same numbers as the network's, forward and back; and bounds that hold."""

from typing import Any

import numpy as np
import pytest
from support.helpers import every_cell, random_arrays

import rnncalc
from rnncalc.check.graph import intervals
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.graph import Graph
from rnncalc.check.graph.intervals import Interval
from rnncalc.check.graph.spec import of_problem
from rnncalc.model.equations.expression import parse
from rnncalc.problems.problem import Problem

CELLS = every_cell()
BATCH = {"lengths": [2, 5, 0]}
MASK = {"mask": [[True, False, True, True, False], [False, False, True, False, True], [True] * 5]}


def problem(name: str, **extra: Any) -> Problem:
    """A problem of a cell, or of a stack, with a loss."""
    rng = np.random.default_rng(3)
    batch = "lengths" in extra or "mask" in extra
    cell = CELLS[name]
    sizes = {"D": 5 if name == "odd" else 3}
    keys = {stack: array.tolist() for stack, array in random_arrays(cell, rng, **sizes, O=2).items()}
    keys["cell"] = cell.name
    if name in ("mgu", "odd", "tied"):
        keys["cell"] = {"name": name, "equations": dict(cell.equations), "state": list(cell.state), "emits": "h"}
    keys |= cell.switched
    outputs = 2
    if not cell.owns_read_out:
        keys |= {"V": rng.normal(size=(2, 5)).tolist(), "c": [0.1, 0.2]}
    function = cell.switched.get("output", "log_softmax" if name == "i2h_i2o" else "identity")
    keys |= {"loss": "cross_entropy" if "softmax" in function else "squared_error"}
    shape = (3, 5) if batch else (5,)
    keys |= {"x": rng.normal(size=(*shape, sizes["D"])).tolist(), "targets": rng.random((*shape, outputs)).tolist()}
    return rnncalc.problem(**{**keys, **extra}).given


def stack(merge: str, **extra: Any) -> Problem:
    rng = np.random.default_rng(4)
    arrays = lambda name, D, H: {k: v.tolist() for k, v in random_arrays(CELLS[name], rng, D=D, H=H).items()}  # noqa: E731
    width = 6 if merge == "concat" else 3
    layers = [
        {"cell": "lstm", **arrays("lstm", 3, 4)},
        {"cell": "gru", **arrays("gru", 4, 3), "direction": "both", "backward": arrays("gru", 4, 3), "merge": merge},
        {"cell": "elman", **arrays("elman", width, 2), "direction": "backward"},
    ]
    x, targets = rng.normal(size=(3, 5, 3)).tolist(), rng.normal(size=(3, 5, 1)).tolist()
    keys = {
        "layers": layers,
        "V": rng.normal(size=(1, 2)).tolist(),
        "x": x,
        "targets": targets,
        "loss": "squared_error",
    }
    return rnncalc.problem(**keys, **extra).given


CASES = {name: (problem, (name,), {}) for name in CELLS}
CASES |= {
    "a ragged batch": (problem, ("gru_after",), BATCH),
    "a masked batch": (problem, ("lstm",), MASK),
    "truncated": (problem, ("lstm",), {"truncate": 2}),
    "in chunks": (problem, ("gru",), {"chunk": 2}),
    **{f"a stack, {merge}": (stack, (merge,), BATCH) for merge in ("concat", "sum", "ave", "mul")},
    "a masked stack": (stack, ("concat",), MASK),
}


@pytest.mark.parametrize("case", CASES)
def test_the_graph_is_the_network(case: str) -> None:
    make, arguments, extra = CASES[case]
    problem = make(*arguments, **extra)
    trace = problem.forward()
    grads, spec = problem.backward(trace), of_problem(problem, trace)
    visits = range(1, spec.visits + 1)
    lines = [("", n, line, k) for n, run in enumerate(spec.all_runs) for line in run.lines for k in visits]
    adjoints = [("∂", *key[1:]) for key in lines]
    parameters = [("d", n, symbol) for n, run in enumerate(spec.all_runs) for symbol in run.parameters]
    graph = graph_of(spec, [*lines, *adjoints, *parameters, ("loss", ""), ("∂x", 1)])
    values = graph.walk(graph.nodes)
    assert values[("loss", "")][0] == pytest.approx(grads.loss, rel=1e-12)
    directions = [direction for layer in grads.layers for direction in layer.passes.values()]
    for number, direction in enumerate([*directions, *([grads.read_out] if grads.read_out else [])]):
        for symbol, array in direction.symbols.items():
            np.testing.assert_allclose(values[("d", number, symbol)], array, rtol=1e-9, atol=1e-12)
    for number, made in enumerate(trace.provenance.runs):
        for line in spec.all_runs[number].lines:
            rows = np.concatenate([values[("", number, line, k)] for k in visits])
            first = 0 if spec.read_out and number == len(spec.runs) else spec.schedule.sequences
            np.testing.assert_allclose(rows, made.blocks[line][first:], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "text", ["f * c_p + i * g", "(1 - z) * n + z * h_p", "o * tanh(c)", "-r * (w + 2)", "a - b * b_2"]
)
def test_bounds_hold_and_are_reached(text: str) -> None:
    """Random points inside never leave the bounds, and the corners reach them."""
    expression = parse(text)
    rng = np.random.default_rng(8)
    names = intervals.names_of(expression)
    values = {}
    for name in names:
        lo = rng.normal(size=(2, 3))
        values[name] = Interval(lo, lo + rng.random((2, 3)))
    result = intervals.line(expression, values)
    inside = []
    for _point in range(500):
        ends = {n: np.where(rng.random((2, 3)) < 0.5, v.lo, v.hi) for n, v in values.items()}
        between = {n: v.lo + rng.random((2, 3)) * (v.hi - v.lo) for n, v in values.items()}
        inside += [intervals.line(expression, ends), intervals.line(expression, between)]
    assert (np.min(inside, axis=0) >= result.lo - 1e-12).all()
    assert (np.max(inside, axis=0) <= result.hi + 1e-12).all()
    np.testing.assert_allclose(np.min(inside, axis=0), result.lo)
    np.testing.assert_allclose(np.max(inside, axis=0), result.hi)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "softmax", "log_softmax"])
def test_bounds_of_functions(name: str) -> None:
    rng = np.random.default_rng(9)
    lo = rng.normal(size=(2, 3))
    value = Interval(lo, lo + rng.random((2, 3)))
    result, steep = intervals.function(name, value), intervals.slope(name, value)
    for _point in range(300):
        point = value.lo + rng.random((2, 3)) * (value.hi - value.lo)
        exact = intervals.function(name, point)
        assert ((result.lo - 1e-12 <= exact) & (exact <= result.hi + 1e-12)).all()
        slope = intervals.slope(name, point)
        assert ((steep.lo - 1e-12 <= slope) & (slope <= steep.hi + 1e-12)).all()


def test_products_of_bounds() -> None:
    rng = np.random.default_rng(10)
    weight, lo = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    vectors = Interval(lo, lo + 0.5)
    product = intervals.applied(weight, vectors)
    wide = intervals.applied(Interval(weight, weight + 0.1), vectors)
    for _point in range(300):
        point = vectors.lo + rng.random((2, 3)) * 0.5
        assert ((product.lo <= point @ weight.T + 1e-12) & (point @ weight.T <= product.hi + 1e-12)).all()
        other = weight + 0.1 * rng.random((4, 3))
        assert ((wide.lo <= point @ other.T + 1e-12) & (point @ other.T <= wide.hi + 1e-12)).all()


def test_only_what_is_needed_is_walked() -> None:
    graph = Graph()
    graph.given(("a",), np.array(1.0))
    graph.add(("b",), [("a",)], lambda a: a + 1)
    graph.add(("c",), [("b",)], lambda b: b + 1)
    assert graph.needed([("b",)]) == [("a",), ("b",)]
    assert graph.walk(graph.needed([("c",)]), lambda key, value: value * 10)[("c",)] == 1110.0
