"""The graph that a check walks: the same numbers as the network's, forward and back; and bounds that hold."""

import numpy as np
import pytest
from support.graph_cases import CASES

from rnncalc.check.graph import intervals, lines
from rnncalc.check.graph.build import graph_of
from rnncalc.check.graph.graph import Graph
from rnncalc.check.graph.intervals import Interval, Value, bounds
from rnncalc.check.graph.spec import of_problem
from rnncalc.model.equations.expression import parse
from rnncalc.model.equations.functions import FUNCTIONS


@pytest.mark.parametrize("case", CASES)
def test_the_graph_is_the_network(case: str) -> None:
    problem = CASES[case]()
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
    line = lines.line_of(expression)
    values = {}
    for name in line.names:
        lo = rng.normal(size=(2, 3))
        values[name] = Interval(lo, lo + rng.random((2, 3)))
    lo, hi = bounds(line(values))
    inside = []
    for _point in range(500):
        ends = {n: np.where(rng.random((2, 3)) < 0.5, v.lo, v.hi) for n, v in values.items()}
        between = {n: v.lo + rng.random((2, 3)) * (v.hi - v.lo) for n, v in values.items()}
        inside += [np.asarray(line(point)) for point in (ends, between)]
    assert (np.min(inside, axis=0) >= lo - 1e-12).all()
    assert (np.max(inside, axis=0) <= hi + 1e-12).all()
    np.testing.assert_allclose(np.min(inside, axis=0), lo)
    np.testing.assert_allclose(np.max(inside, axis=0), hi)


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if function.typed])
def test_bounds_of_functions(name: str) -> None:
    rng = np.random.default_rng(9)
    lo = rng.normal(size=(2, 3))
    value = Interval(lo, lo + rng.random((2, 3)))
    lowest, highest = bounds(intervals.function(name, value))
    rowwise = FUNCTIONS[name].rowwise
    flattest, steepest = bounds(value if rowwise else intervals.slope(name, value))
    for _point in range(300):
        point = value.lo + rng.random((2, 3)) * (value.hi - value.lo)
        exact = np.asarray(intervals.function(name, point))
        assert ((lowest - 1e-12 <= exact) & (exact <= highest + 1e-12)).all()
        slope = np.asarray(point if rowwise else intervals.slope(name, point))
        assert ((flattest - 1e-12 <= slope) & (slope <= steepest + 1e-12)).all()


@pytest.mark.parametrize(
    "text",
    ["a * a", "a * a - b", "a / b", "a / (b - 1)", "b / (2 - b) + a", "min(a, b) * a", "max(a, 0.5) - a",
     "a * b + c * (1 - a)",
     "a / (1 + a * a)", "sign(a - b) * a", "c * sign(a)", "abs(a - b)", "-(a / c) / c"],
)  # fmt: skip
def test_bounds_of_lines(text: str) -> None:
    rng = np.random.default_rng(len(text))
    lo = {name: rng.normal(size=(2, 9)) for name in "abc"}
    values = {name: Interval(ends, ends + rng.random((2, 9))) for name, ends in lo.items()}
    lowest, highest = bounds(lines.line_of(parse(text, typed=False))(values))
    for _point in range(500):
        point = {name: value.lo + rng.random((2, 9)) * (value.hi - value.lo) for name, value in values.items()}
        exact = np.asarray(lines.line_of(parse(text, typed=False))(point))
        assert ((lowest - 1e-12 <= exact) & (exact <= highest + 1e-12)).all()


def test_what_is_divided_by_zero_may_be_anything() -> None:
    ends: dict[str, Value] = {"a": np.array([[1.0, 2.0]]), "b": Interval(*np.array([[[-1, 1.0]], [[1, 2.0]]]))}
    quotient = lines.line_of(parse("a / b"))(ends)
    assert isinstance(quotient, Interval)
    np.testing.assert_array_equal(quotient.lo, [[-np.inf, 1]])
    np.testing.assert_array_equal(quotient.hi, [[np.inf, 2]])
    with np.errstate(invalid="ignore"):
        product = intervals.applied(np.array([[0.0, 1.0], [2.0, 0.0]]), quotient)
    np.testing.assert_array_equal(bounds(product)[0], [[-np.inf, -np.inf]])  # 0 of anything is not told apart


def test_products_of_bounds() -> None:
    rng = np.random.default_rng(10)
    weight, lo = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    vectors = Interval(lo, lo + 0.5)
    lowest, highest = bounds(intervals.applied(weight, vectors))
    wide_lowest, wide_highest = bounds(intervals.applied(Interval(weight, weight + 0.1), vectors))
    for _point in range(300):
        point = vectors.lo + rng.random((2, 3)) * 0.5
        assert ((lowest <= point @ weight.T + 1e-12) & (point @ weight.T <= highest + 1e-12)).all()
        other = weight + 0.1 * rng.random((4, 3))
        assert ((wide_lowest <= point @ other.T + 1e-12) & (point @ other.T <= wide_highest + 1e-12)).all()


def test_only_what_is_needed_is_walked() -> None:
    graph = Graph()
    graph.given(("a",), np.array(1.0))
    graph.add(("b",), [("a",)], lambda a: a + 1)
    graph.add(("c",), [("b",)], lambda b: b + 1)
    assert graph.needed([("b",)]) == [("a",), ("b",)]
    assert graph.walk(graph.needed([("c",)]), lambda key, value: np.asarray(value) * 10)[("c",)] == 1110.0
