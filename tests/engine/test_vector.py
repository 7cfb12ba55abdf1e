"""tanh, sigmoid and exp of the engine: how many units in the last place they are off, and at the ends of the range."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.helpers import compiler, python

from rnncalc.engine.compiled.codegen.forward_lines import PROGRAMS
from rnncalc.engine.compiled.codegen.register import WIDTH, lanes
from rnncalc.engine.compiled.execution.compiled_cell import CompiledCell
from rnncalc.model.cells import Cell
from rnncalc.model.equations import functions
from rnncalc.model.packed_batch import PackedBatch

FUNCTIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {  # name → exact values, most units off
    "tanh": (np.tanh, 3.0),
    "sigmoid": (lambda x: np.where(x >= 0, 1, np.exp(np.minimum(x, 0))) / (1 + np.exp(-np.abs(x))), 3.0),
    "exp": (np.exp, 1.5),
    **{
        name: (functions.FUNCTIONS[name].compute, most)
        for name, most in (
            ("elu", 1.5),
            ("softplus", 3.0),
            ("softsign", 2.0),
            ("hard_sigmoid", 1.5),
            ("hard_sigmoid_02", 1.5),
            ("leaky_relu", 1.5),
        )
    },
}
LONG = np.finfo(np.longdouble).nmant > 60
WIDTHS = ("512", "256", "128", "plain")


EVERY = Cell(
    "every_function",
    {f"{name}_x": f"{name}(x_t)" for name in (*FUNCTIONS, "hard_tanh", "abs", "step", "relu")} | {"h": "identity(x_t)"},
    [],
    "h",
)


def compiled(name: str, x: np.ndarray) -> np.ndarray:
    """The function of the engine, through a cell that has a line for each: it is compiled once."""
    run = CompiledCell(EVERY, {}, {"H": len(x), "D": len(x)}, x.dtype)
    assert run.packed.program is PROGRAMS[EVERY.digest]
    return run.tracing(PackedBatch.flat(1), {})(x[None])[f"{name}_x"][0].copy()


def samples(dtype: type, count: int = 300_000) -> np.ndarray:
    rng = np.random.default_rng(1)
    near, far = rng.uniform(-4, 4, count), rng.uniform(-90, 90, count)
    small = np.sign(rng.uniform(-1, 1, count)) * 10.0 ** rng.uniform(-30, 0, count)
    return np.concatenate([near, far, small]).astype(dtype)


@compiler
@pytest.mark.skipif(not LONG, reason="this machine's long double is no longer than a double")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_few_units_in_the_last_place(name: str, dtype: type[np.floating]) -> None:
    function, most = FUNCTIONS[name]
    x = samples(dtype)
    if name == "exp" and dtype == np.float32:
        x = x[np.abs(x) < 87]
    exact = function(x.astype(np.longdouble))
    off = np.abs(compiled(name, x) - exact) / np.spacing(np.abs(exact).astype(dtype)).astype(np.longdouble)
    assert off.max() < most, (off.max(), x[off.argmax()])


@compiler
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_range(dtype: type[np.floating]) -> None:
    tiny, huge = np.finfo(dtype).tiny, np.finfo(dtype).max
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, tiny, -tiny, huge, -huge, 1e-30, 20, -20], dtype)
    ends = {
        "tanh": [0, 0, 1, -1, np.nan, tiny, -tiny, 1, -1, 1e-30, 1, -1],
        "exp": [1, 1, np.inf, 0, np.nan, 1, 1, np.inf, 0, 1],
        "sigmoid": [0.5, 0.5, 1, 0, np.nan, 0.5, 0.5, 1, 0, 0.5],
        "elu": [0, 0, np.inf, -1, np.nan, tiny, -tiny, huge, -1, 1e-30, 20],
        "leaky_relu": [0, 0, np.inf, -np.inf, np.nan, tiny, dtype(0.01) * -tiny, huge, dtype(0.01) * -huge],
        "softplus": [np.log(2), np.log(2), np.inf, 0, np.nan, np.log(2), np.log(2), huge, 0],
        "softsign": [0, 0, 1, -1, np.nan, tiny, -tiny, 1, -1, 1e-30],
        "hard_sigmoid": [0.5, 0.5, 1, 0, np.nan, 0.5, 0.5, 1, 0, 0.5, 1, 0],
        "hard_tanh": [0, 0, 1, -1, np.nan, tiny, -tiny, 1, -1, 1e-30, 1, -1],
        "abs": [0, 0, np.inf, np.inf, np.nan, tiny, tiny, huge, huge, 1e-30, 20, 20],
        "step": [0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0],
        "relu": [0, 0, np.inf, 0, np.nan, tiny, 0, huge, 0, 1e-30, 20, 0],
    }
    for name, values in ends.items():
        expected = np.array(values, dtype)
        np.testing.assert_array_equal(compiled(name, x)[: len(expected)], expected, err_msg=name)
    assert np.signbit(compiled("tanh", x))[1]


@compiler
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["min", "max"])
def test_the_smaller_and_the_larger(name: str, dtype: type[np.floating]) -> None:
    values = np.array([0, -1, 3, np.inf, -np.inf, np.nan], dtype)
    a, b = (side.ravel() for side in np.meshgrid(values, values))
    cell = Cell("pair", {"h": f"{name}(x_t, b)"}, [], "h")
    run = CompiledCell(cell, {"b": b}, {"H": len(a), "D": len(a)}, a.dtype)
    outputs = run.tracing(PackedBatch.flat(1), {})(a[None])["h"][0]
    np.testing.assert_array_equal(outputs, functions.PAIRS[name](a, b))


@compiler
def test_exp_goes_to_zero_gradually() -> None:
    x = np.array([-708.0, -720.0, -744.0, -745.2, -800.0])
    np.testing.assert_allclose(compiled("exp", x), np.exp(x), rtol=0, atol=5e-324)
    assert compiled("exp", np.array([709.7]))[0] == pytest.approx(np.exp(709.7), rel=1e-15)


BITS = """
import hashlib, sys
sys.path.insert(0, {tests!r})
from support.helpers import CELLS, ODD, inputs, random_network
import numpy as np
from rnncalc.engine.compiled.codegen.register import WIDTH
for cell, dtype in ((CELLS["lstm"], "float32"), (ODD, "float64")):
    net = random_network(cell, 1, engine="numba", dtype=dtype, H=11, read_out="log_softmax")
    x = inputs(net, np.random.default_rng(2), 3, 9)
    y, trace = net(x), net.forward(x)
    gradients = net.backward(trace, dy=np.cos(y))
    small = random_network(cell, 1, engine="numba", dtype=dtype, H=3, read_out="log_softmax")
    many = inputs(small, np.random.default_rng(3), 37, 5)  # across the sequences, where the vectors are wider
    for array in (y, *gradients.values(), small(many), small.forward(many).y):
        print(WIDTH, hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest())
"""


def test_every_vector_width_gives_the_same_bits() -> None:
    """512, 256, 128 bits and one entry at a time: also where the host has to split what is wider than its registers."""
    code = BITS.format(tests=str(Path(__file__).parents[1]))
    lines = {width: python(code, RNNCALC_VECTOR=width).split("\n") for width in WIDTHS}
    assert {line.split()[0] for outputs in lines.values() for line in outputs if line} == {"64", "32", "16", "0"}
    digests = {tuple(line.split()[1] for line in outputs if line) for outputs in lines.values()}
    assert len(digests) == 1


def test_an_unknown_width_is_refused() -> None:
    vector = "rnncalc.engine.compiled.codegen.vector"
    code = f"import rnncalc\ntry:\n import {vector}\nexcept rnncalc.RnncalcError as e: print(e)"
    assert "RNNCALC_VECTOR is one of 512, 256, 128, plain, not “1024”" in python(code, RNNCALC_VECTOR="1024")


def test_the_host_width_is_a_vector() -> None:
    assert WIDTH in (0, 16, 32, 64)
    assert lanes(8) == max(WIDTH // 8, 1)
