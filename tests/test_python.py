"""The Python interface: names, shapes, errors, notebooks.

Longer than other files: the contract of the Python interface is gone through line by line.
"""

import ast
import copy
import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import EXAMPLES, python, random_arrays

import rnncalc
from rnncalc.model.cells import CELLS


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in rnncalc.__all__:
        assert inspect.getdoc(getattr(rnncalc, name)), name
    assert set(rnncalc.__all__) <= set(dir(rnncalc))
    with pytest.raises(AttributeError, match="has no attribute 'Transformer'"):
        getattr(rnncalc, "Transformer")  # noqa: B009 (which mypy does not look into)


def test_type_checkers_read_the_public_names(tmp_path: Path) -> None:
    """Their imports are those of `__getattr__`, and no name is taken for granted."""
    read = {
        alias.asname
        for node in ast.walk(ast.parse(inspect.getsource(rnncalc)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } - {None, "__version__"}
    assert read == set(rnncalc.__all__)


def test_everything_says_what_it_is() -> None:
    U, W, b = np.ones((32, 3)), np.ones((32, 8)), np.ones(32)
    net = rnncalc.LSTM(U, W, b, V=np.ones((1, 8)))
    assert repr(net) == "LSTM(D=3, H=8, O=1, float64)"
    both = rnncalc.Layer("lstm", U, W, b, direction="both", backward={"U": U, "W": W, "b": b})
    assert repr(both) == "Layer(lstm both, D=3, H=8)"
    top = rnncalc.Layer("elman", np.ones((2, 16)), np.eye(2))
    assert repr(rnncalc.Network([both, top], dtype="float32")) == "Network(lstm both, elman, D=3, H=2, O=2, float32)"
    stepper = rnncalc.Network([top], engine="equations").stepper()
    assert repr(stepper) == "Stepper(Network(elman, D=16, H=2, O=2, float64))"
    stepper.step(np.ones((5, 16)))
    assert repr(stepper) == "Stepper(Network(elman, D=16, H=2, O=2, float64), N=5)"
    trace = rnncalc.Network([top], engine="equations").forward(np.ones((4, 16)))
    assert repr(trace) == "Trace(a (4, 2), h (4, 2), s (4, 2), y (4, 2))"


def test_help_needs_no_extra() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import rnncalc; {}"
    shown = python(code.format("help(rnncalc)"))
    assert not [name for name in rnncalc.__all__ if name not in shown]
    assert "series" in python(code.format("help(rnncalc.RNNClassifier)"))
    made = code.format("print(issubclass(rnncalc.RNNRegressor, object)); rnncalc.RNNRegressor(hidden=3)")
    with pytest.raises(AssertionError, match=r"ImportError: .*pip install rnncalc\[sklearn\]"):
        python(made)


def test_importing_costs_nothing() -> None:
    heavy = python("import sys, rnncalc, rnncalc.cli.main; print(*{'numpy', 'numba', 'rich'} & set(sys.modules))")
    assert heavy.strip() == ""


def test_the_help_loads_little_beside_click() -> None:
    """Neither what only other commands need, nor patterns with Chinese in them, which take long to compile."""
    code = (
        "import sys, re, click; before = set(sys.modules)\n"
        "sys.argv = ['rnncalc', '--lang', 'en', '--help']\nfrom rnncalc.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "loaded = set(sys.modules) - before\n"
        "heavy = {'json', 'shutil', 'dataclasses', 'rnncalc.problems', 'rnncalc.model'} & loaded\n"
        "values = [value for name in loaded for value in vars(sys.modules[name]).values()]\n"
        "compiled = [value for value in values if isinstance(value, re.Pattern) and not value.pattern.isascii()]\n"
        "assert not heavy and not compiled, (heavy, compiled)"
    )
    assert "forward" in python(code)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Elman", "elman"),
        ("LSTM", "lstm"),
        ("GRU", "gru"),
        ("GRUAfter", "gru_after"),
        ("Jordan", "jordan"),
        ("I2HI2O", "i2h_i2o"),
    ],
)
def test_a_class_for_every_cell(name: str, cell: str) -> None:
    p = random_arrays(CELLS[cell], np.random.default_rng(1))
    kind = getattr(rnncalc, name)
    assert cell == kind.cell.name
    net = kind(*p.values(), engine="equations")
    by_name = kind(**p, engine="equations")
    x = np.random.default_rng(2).normal(size=(4, 3))
    np.testing.assert_array_equal(net(x), by_name(x))
    assert "h_p" in kind.__doc__ or "y_p" in kind.__doc__


def test_the_contract_line_by_line() -> None:
    rng = np.random.default_rng(3)
    U, W, b, V, c = (
        rng.normal(size=(5, 3)),
        rng.normal(size=(5, 5)) / 3,
        rng.normal(size=5),
        rng.normal(size=(2, 5)),
        rng.normal(size=2),
    )
    net = rnncalc.Elman(U, W, b, V=V, c=c, activation="tanh", output="softmax")
    x = rng.normal(size=(4, 7, 3))
    y = net(x)
    assert y.shape == (4, 7, 2)
    assert net(x[0]).shape == (7, 2)
    y, state = net(x, lengths=[7, 2, 0, 5], h0=np.ones(5), return_state=True)
    assert state["h"].shape == (4, 5)
    np.testing.assert_array_equal(state["h"][2], np.ones(5))
    trace = net.forward(x[0], h0=None, lengths=None)
    assert trace.a.shape == trace["h"].shape == (7, 5)
    assert trace.final["h"].shape == (5,)
    np.testing.assert_array_equal(trace.final["h"], trace.h[-1])
    with pytest.raises(ValueError, match="read-only"):
        trace.h[0, 0] = 1
    with pytest.raises(AttributeError, match="no signal is called q; there are a, h, s, y"):
        _ = trace.q
    stepper = net.stepper()
    np.testing.assert_array_equal([stepper.step(x_t) for x_t in x[0]], trace.y)
    np.testing.assert_array_equal(stepper.state["h"], trace.final["h"])
    stepper.reset()
    np.testing.assert_array_equal(stepper.step(x[0, 0]), trace.y[0])
    y, _ends = net(x[0], return_state=True)
    np.testing.assert_array_equal(y, trace.y)


def test_the_state_can_be_handed_on() -> None:
    rng = np.random.default_rng(4)
    net = rnncalc.LSTM(rng.normal(size=(8, 3)), rng.normal(size=(8, 2)) / 2, rng.normal(size=8))
    x = rng.normal(size=(9, 3))
    first, state = net(x[:4], return_state=True)
    rest = net(x[4:], h0=state["h"], c0=state["c"])
    np.testing.assert_array_equal(np.concatenate([first, rest]), net(x))


def test_what_is_given_is_not_changed_and_not_kept() -> None:
    U, W, b, x = np.ones((2, 3)), np.eye(2), np.zeros(2), np.ones((4, 3))
    copies = [array.copy() for array in (U, W, b, x)]
    net = rnncalc.Elman(U, W, b)
    before = net(x)
    for array, kept in zip((U, W, b, x), copies):
        np.testing.assert_array_equal(array, kept)
    U[:] = 5
    np.testing.assert_array_equal(net(x), before)


@pytest.mark.parametrize(
    "x",
    [
        np.ones((4, 3), order="F"),
        np.ones((4, 6))[:, ::2],
        [[1, 1, 1]] * 4,
        np.ones((4, 3), np.float32),
        np.ones((4, 3), int),
    ],
)
def test_inputs_of_any_layout_and_type(x: list[list[int]] | np.ndarray) -> None:
    net = rnncalc.Elman(np.ones((2, 3)) / 4, np.eye(2) / 2)
    np.testing.assert_array_equal(net(x), net(np.ones((4, 3))))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.ones((3, 3))), "W is (3, 3), so H = 3; U says H = 2"),
        (lambda: rnncalc.Elman(np.ones((2, 3))), "W is not given: elman needs it"),
        (lambda: rnncalc.LSTM(np.ones((7, 3)), np.ones((8, 2))), "U must be (4·H, D), got (7, 3)"),
        (lambda: rnncalc.LSTM(np.ones((8, 3)), np.ones((8, 2)), activation="relu"), "lstm has no activation"),
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), V=np.ones((1, 3))), "V must be (O, H) = (O, 2), got (1, 3)"),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), c=[1]),
            "c and output belong to the read-out, which needs V",
        ),
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), output="softmax"), "which needs V"),
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), [["a"]]), "b must be an array of real numbers"),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), np.ones(2), np.ones(2)),
            "elman takes U, W, b: 4 arrays were given",
        ),
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), dtype="int8"), "dtype is float64 or float32"),
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2), engine="cuda"), "engine is one of auto, equations, numba"),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2))(np.ones((4, 2))),
            "x must be (T, D) = (T, 3) or (N, T, 3), got (4, 2)",
        ),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2))(np.ones((4, 3)), h0=np.ones(3)),
            "h0 must be (2,) or (N, 2) = (1, 2), got (3,)",
        ),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2))(np.ones((4, 3)), c0=np.ones(2)),
            "no state starts from c0; there are h0",
        ),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2))(np.ones((4, 3)), lengths=[9]),
            "lengths must be 1 whole numbers",
        ),
        (lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2))(np.ones((4, 3)), layout="x"), "layout is one of"),
        (
            lambda: rnncalc.Elman(np.ones((2, 3)), np.eye(2)).stepper().step([1, 2]),
            "x_t must be (D,) = (3,) or (N, 3), got (2,)",
        ),
        (lambda: rnncalc.Network([]), "a network needs at least one layer"),
        (lambda: rnncalc.Layer("ltsm", np.ones((2, 3))), "no cell is called “ltsm”"),
        (
            lambda: rnncalc.Network([rnncalc.Layer("elman", np.ones((2, 3)), np.eye(2))] * 2),
            "a layer of elman takes 3 inputs, the layer below gives 2",
        ),
        (lambda: rnncalc.problem(U=object(), W=1, x=1), "expected numbers or text, got object"),
        (lambda: rnncalc.load_problem("/no/such.json"), "cannot read /no/such.json"),
    ],
)
def test_errors_name_what_and_where(make: Callable[..., Any], message: str) -> None:
    with pytest.raises(rnncalc.RnncalcError) as refused:
        make()
    assert message in str(refused.value)


def test_empty_sequences_and_batches() -> None:
    net = rnncalc.Elman(np.ones((2, 3)), np.eye(2), V=np.ones((4, 2)))
    for engine in ("equations", "numba"):
        net = rnncalc.Elman(np.ones((2, 3)), np.eye(2), V=np.ones((4, 2)), engine=engine)
        assert net(np.ones((0, 3))).shape == (0, 4)
        assert net(np.ones((0, 5, 3))).shape == (0, 5, 4)
        assert net(np.ones((3, 5, 3)), lengths=[0, 0, 0]).shape == (3, 5, 4)
        _y, state = net(np.ones((0, 3)), h0=[1.0, 2.0], return_state=True)
        np.testing.assert_array_equal(state["h"], [1, 2])


def test_a_problem_shows_itself_in_a_notebook() -> None:
    p = rnncalc.load_problem(EXAMPLES / "lstm-homework-one-two-three.json")
    markdown = p._repr_markdown_()
    assert "## LSTM homework" in markdown
    assert r"c_{t} &= f_{t} \circ c_{t-1} + i_{t} \circ g_{t}" in markdown
    solution = p.solve()
    assert solution.y[-1, 0] == pytest.approx(3.48271, abs=5e-6)
    assert "h_3[1] = 0.934375·0.931829 = 0.870678" in solution.text(work=True, steps="last")
    assert p.forward().text("csv").startswith("step,i[1]")


def test_a_problem_from_python() -> None:
    p = rnncalc.problem(
        cell="elman",
        U=[[0.1, 0.2], [0.3, 0.4]],
        W=np.array([[0.2, 0.2], [0.3, 0.3]]),
        b="0.5 0.6",
        V=[[0.7, 0.8]],
        c=0.9,
        x=[[2, 3]],
    )
    assert p.forward().y[0, 0] == pytest.approx(2.2901460976742585, abs=1e-14)
    assert "W_hx" in rnncalc.problem(W_hx=1, W_hh=1, b_h=0, x=[1, 2]).forward().text()


def test_networks_in_many_threads() -> None:
    """Kernels hold no GIL and share nothing that changes."""
    from concurrent.futures import ThreadPoolExecutor

    rng = np.random.default_rng(5)
    net = rnncalc.LSTM(rng.normal(size=(80, 3)), rng.normal(size=(80, 20)) / 5, rng.normal(size=80))
    xs = [rng.normal(size=(rng.integers(1, 60), 3)) for _ in range(200)]
    expected = [net(x) for x in xs]
    with ThreadPoolExecutor(8) as pool:
        for threaded, alone in zip(pool.map(net, xs), expected):
            np.testing.assert_array_equal(threaded, alone)


def test_without_a_compiler_the_equations_are_walked() -> None:
    code = "import rnncalc; print(rnncalc.Elman([[1.0]], [[0.5]])([[0.5], [1.0]]).ravel().tolist())"
    interpreted = python(code, NUMBA_DISABLE_JIT="1")
    np.testing.assert_allclose(eval_list(interpreted), eval_list(python(code)), rtol=1e-15)


def eval_list(text: str) -> list[float]:
    return [float(part) for part in text.strip().strip("[]").split(",")]


def test_networks_are_copied_and_pickled_and_what_they_made_says_why_not() -> None:
    rng = np.random.default_rng(2)
    net = rnncalc.LSTM(rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), V=rng.normal(size=(1, 2)))
    x = rng.normal(size=(5, 3))
    y, trace = net(x), net.forward(x)
    gradients = net.backward(trace, dy=np.ones((5, 1)))
    for copied in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net), copy.copy(net)):
        assert type(copied) is rnncalc.LSTM
        assert np.array_equal(copied(x), y)
    for made in (trace, trace.layers[0], gradients, gradients.layers[0]):
        assert copy.copy(made) is copy.deepcopy(made) is made
        assert set(made) < set(dir(made))
        with pytest.raises(TypeError, match="belong to the network"):
            pickle.dumps(made)
    with pytest.raises(rnncalc.errors.ProblemError, match="what forward gave"):
        net.backward(x, dy=y)  # type: ignore[arg-type]
