"""Equations: what is typed is what is read, what is written reads back the same, and nothing else is let in."""

import math
from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from rnncalc.errors import CellError
from rnncalc.model.equations.expression import (
    Binary,
    Call,
    Expression,
    Name,
    Negative,
    Number,
    evaluate,
    is_zero,
    names,
    parse,
    product,
    terms,
    total,
)
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.equations.printer import Letters, Place, write, write_name
from rnncalc.model.equations.style import LATEX, SOURCE, TEXT

NAMES = st.sampled_from(["h_p", "x_t", "W", "U_i", "b", "c", "r"]).map(Name)
NUMBERS = st.floats(0, 1e6, allow_nan=False).map(Number)
FUNCTION_NAMES = st.sampled_from(
    [name for name, function in FUNCTIONS.items() if function.typed and not function.rowwise]
)
TREES = st.recursive(
    NAMES | NUMBERS,
    lambda inner: (
        inner.map(Negative)
        | st.builds(Binary, st.sampled_from([*"+-*/@", "min", "max"]), inner, inner)
        | st.builds(Call, FUNCTION_NAMES, inner)
    ),
    max_leaves=12,
)
LSTM = Place(signals=frozenset(["c", "f", "i", "g", "h", "a_i"]))


def test_a_line_of_the_lstm() -> None:
    tree = parse("f * c_p + i * g")
    assert tree == Binary("+", Binary("*", Name("f"), Name("c_p")), Binary("*", Name("i"), Name("g")))
    assert names(tree) == ["f", "c_p", "i", "g"]
    assert write(tree, TEXT, place=LSTM) == "f_t ∘ c_{t-1} + i_t ∘ g_t"
    assert write(tree, LATEX, place=LSTM) == r"f_{t} \circ c_{t-1} + i_{t} \circ g_{t}"
    assert write(tree, TEXT, place=Place(3, 2, LSTM.signals)) == "f_3[2]·c_2[2] + i_3[2]·g_3[2]"


@given(TREES)
def test_what_is_written_reads_back_the_same(tree: Expression) -> None:
    assert parse(write(tree, SOURCE)) == tree


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("W_n @ (r * h_p)", "W_n (r_t ∘ h_{t-1})"),
        ("r * (W_n @ h_p + d)", "r_t ∘ (W_n h_{t-1} + d)"),
        ("(1 - z) * n", "(1 - z_t) ∘ n_t"),
        ("a - (b - c)", "a - (b - c)"),
        ("2 * r", "2·r_t"),
        ("-r * n", "(-r_t) ∘ n_t"),
        ("sigmoid(a + b)", "σ(a + b)"),
        ("identity(a + b) * r", "(a + b) ∘ r_t"),
        ("r / (a + b) / 2", "(r_t / (a + b)) / 2"),
        ("-min(a, b * r) * r", "(-min(a, b ∘ r_t)) ∘ r_t"),
        ("abs(r - 1) / elu(r)", "|r_t - 1| / ELU(r_t)"),
    ],
)
def test_brackets_stand_where_they_are_needed_and_nowhere_else(text: str, written: str) -> None:
    assert write(parse(text), TEXT, place=Place(signals=frozenset("rhzn"))) == written


def test_letters_of_a_sheet_that_writes_row_vectors() -> None:
    letters = Letters({"U": "W_xh", "W": "W_hh", "b": "b_h"}, {"h": "s"}, rows=True)
    place = Place(signals=frozenset(["a", "h"]))
    line = parse("b + W @ h_p + U @ x_t")
    assert write(line, TEXT, letters, place) == "b_h + s_{t-1} W_hh + x_t W_xh"
    assert write(line, LATEX, letters, place) == "b_{h} + s_{t-1} W_{hh} + x_{t} W_{xh}"
    assert write_name("h_p", TEXT, letters, Place(1, 2, place.signals)) == "s_0[2]"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a // b", "“a // b” at character 1"),
        ("a ** b", "a ** b"),
        ("tan(a)", "no function is called tan (character 1)"),
        ("b + tan(a)", "no function is called tan (character 5)"),
        ("tanh(a, b)", "“tanh(a, b)” at character 1: tanh takes 1, not 2"),
        ("b * min(a)", "“min(a)” at character 5: min takes 2, not 1"),
        ("sign(a)", "no function is called sign"),
        ("a.b", "a.b"),
        ("a[0]", "a[0]"),
        ("__import__('os')", "__import__"),
        ("lambda: 0", "lambda"),
        ("'a'", "'a'"),
        ("True", "True"),
        ("1e999", "1e309"),
        ("a + ", "cannot read"),
        ("(" * 500 + "a" + ")" * 500, "cannot read"),
        ("-" * 1500 + "a", "cannot read"),
        ("a" * 3000, "longer than"),
        ("9" * 1500, ""),
        ("a\0b", "cannot read"),
    ],
)
def test_anything_else_is_refused_by_place(text: str, what: str) -> None:
    with pytest.raises(CellError) as refused:
        parse(text, "line h")
    assert what in str(refused.value)
    assert str(refused.value).startswith("line h")


def test_terms_of_a_sum_keep_their_signs() -> None:
    signed = terms(parse("a - (b - c) - -d"))
    assert signed == [(1, Name("a")), (-1, Name("b")), (1, Name("c")), (1, Name("d"))]
    assert write(total(signed), SOURCE) == "a - b + c + d"


@given(st.recursive(NAMES, lambda inner: inner.map(Negative) | st.builds(Binary, st.sampled_from("+-*"), inner, inner)))
def test_a_sum_taken_apart_and_added_up_is_the_same(tree: Expression) -> None:
    values = dict(zip(["h_p", "x_t", "W", "U_i", "b", "c", "r"], np.random.default_rng(6).normal(size=(7, 1))))
    apart = [sign * evaluate(term, values) for sign, term in terms(tree)]
    tolerance = 1e-12 * sum(map(abs, apart))
    assert abs(evaluate(tree, values) - sum(apart)) <= tolerance
    assert abs(evaluate(total(terms(tree)), values) - sum(apart)) <= tolerance


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_zero_is_zero_where_it_is(name: str) -> None:
    at_zero = FUNCTIONS[name].compute(np.zeros(1))
    assert is_zero(Call(name, Name("a")), {"a"}) == (not at_zero.any())
    assert not is_zero(Call(name, Name("a")), {"b"})


@pytest.mark.parametrize(
    ("text", "zero"),
    [("a * b", True), ("b * a", True), ("a @ b", True), ("a / b", True), ("b / a", False), ("a / a", False),
     ("a + b", False), ("a - a", True), ("-a", True), ("-b", False), ("b", False), ("0.5", False)],
)  # fmt: skip
def test_what_is_zero_where_a_is(text: str, zero: bool) -> None:
    assert is_zero(parse(text), {"a"}) is zero


def test_a_product_is_the_matrix_product() -> None:
    rng = np.random.default_rng(1)
    weight, vectors = rng.normal(size=(5, 3)), rng.normal(size=(2, 3))
    np.testing.assert_allclose(product(weight, vectors), vectors @ weight.T, rtol=1e-14)


def test_evaluation_follows_the_lines() -> None:
    values = {"a": np.array([[0.5, -1.0]]), "b": np.array([2.0, 3.0])}
    result = evaluate(parse("(1 - tanh(a)) * b - a"), values)
    expected = [(1 - math.tanh(0.5)) * 2 - 0.5, (1 - math.tanh(-1.0)) * 3 + 1]
    np.testing.assert_allclose(result, [expected], rtol=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_functions_keep_their_dtype(name: str, dtype: type[np.inexact]) -> None:
    assert FUNCTIONS[name].compute(np.array([[0.3, -0.7, 2.0]], dtype)).dtype == dtype


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("exp", "rise")])
def test_functions_hold_at_ten_thousand(name: str) -> None:
    compute = FUNCTIONS[name].compute
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = compute(np.array([[1e4, -1e4, 0.0, 9999.0]]))
    assert np.isfinite(result).all()
    if name == "softmax":
        assert result.sum() == 1
        assert result[0, 0] == pytest.approx(1 / (1 + math.exp(-1)))


def test_relu_lets_not_a_number_through_and_is_zero_below() -> None:
    result = FUNCTIONS["relu"].compute(np.array([-1.0, 0.0, 2.0, np.nan]))
    np.testing.assert_array_equal(result, [0, 0, 2, np.nan])


def test_sigmoid_is_the_logistic_function() -> None:
    x = np.linspace(-30, 30, 101)
    exact = [1 / (1 + math.exp(-v)) for v in x]
    np.testing.assert_allclose(FUNCTIONS["sigmoid"].compute(x), exact, rtol=1e-14)


BY_DEFINITION: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "relu": lambda a: max(a, 0),
    "leaky_relu": lambda a: a if a > 0 else a / 100,
    "elu": lambda a: a if a > 0 else math.exp(a) - 1,
    "softplus": lambda a: math.log(1 + math.exp(a)),
    "softsign": lambda a: a / (1 + abs(a)),
    "hard_sigmoid": lambda a: min(max(a / 6 + 0.5, 0), 1),
    "hard_sigmoid_02": lambda a: min(max(0.2 * a + 0.5, 0), 1),
    "hard_tanh": lambda a: min(max(a, -1), 1),
    "exp": math.exp,
    "identity": lambda a: a,
    "step": lambda a: float(a > 0),
    "abs": abs,
    "sign": lambda a: float(a > 0) - float(a < 0),
    "rise": lambda a: 1 - math.exp(-a),
}
BOUNDS = {"hard_sigmoid": (-3.0, 3.0), "hard_sigmoid_02": (-2.5, 2.5), "hard_tanh": (-1.0, 1.0)}


@pytest.mark.parametrize("name", [name for name, function in FUNCTIONS.items() if not function.rowwise])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_function_and_its_slope_follow_the_definition(name: str, dtype: type[np.floating]) -> None:
    """At random points, at 0 and at the bounds of what is clipped; the slope, from y alone where it says so."""
    function, define = FUNCTIONS[name], BY_DEFINITION[name]
    drawn = [*np.random.default_rng(9).normal(scale=3, size=40), 6.0, -6.0]
    a = np.array([*drawn, 0.0, *BOUNDS.get(name, ())], dtype)
    y = function.compute(a)
    tolerance = 1e-5 if dtype is np.float32 else 1e-13
    assert y == pytest.approx([define(float(at)) for at in a], rel=tolerance, abs=tolerance)
    if function.slope:
        slope = np.broadcast_to(evaluate(parse(function.slope, typed=False), {"a": a, "y": y}), a.shape)
        central = [(define(at + 1e-6) - define(at - 1e-6)) / 2e-6 for at in a[: len(drawn)].astype(float)]
        assert slope[: len(drawn)] == pytest.approx(central, rel=1e-4, abs=1e-6)
        assert not slope[len(drawn) + 1 :].any()


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("step", "sign")])
def test_functions_differentiate_by_complex_step(name: str) -> None:
    compute, x, step = FUNCTIONS[name].compute, np.array([[0.3, -0.8, 1.7]]), 1e-6
    complex_step = compute(x + 1e-30j * np.array([0, 1, 0])).imag / 1e-30
    central = (compute(x + step * np.array([0, 1, 0])) - compute(x - step * np.array([0, 1, 0]))) / (2 * step)
    np.testing.assert_allclose(complex_step, central, atol=1e-8)
