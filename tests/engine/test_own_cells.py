"""Cells of a person's own: whatever the grammar allows, both engines say the same, and complex step says it too.

Longer than other files: each rule of the grammar has its cell, and every cell goes the same way.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, answer, choose_lane_batched, compiler, inputs, random_starts
from support.own_cells import random_cell, random_layer

from rnncalc.errors import CellError, ProblemError
from rnncalc.model.cells import Cell
from rnncalc.model.layer import Layer
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.network import Network
from rnncalc.network.objective import resolve_objective

TWICE = {  # one source twice in a line, in every position
    "minus": {"h": "tanh(U1 @ x_t - U2 @ x_t - W1 @ h_p - W2 @ h_p + b - b2)"},
    "one weight": {"h": "tanh(U @ x_t + W @ h_p + U @ x_t + W @ h_p + b + b)"},
    "plus and minus": {"h": "tanh(U @ x_t + W @ h_p - W @ h_p)"},
    "three times, two lines": {
        "f": "sigmoid(U1 @ x_t + W1 @ h_p + W2 @ h_p + W3 @ h_p)",
        "h": "tanh(U2 @ x_t + W2 @ h_p + U1 @ x_t + W4 @ f - W5 @ f)",
    },
    "scores": {"h": "tanh(U @ x_t + W @ h_p)", "s": "V @ h + V2 @ h + R @ x_t - R2 @ x_t", "y": "softmax(s)"},
}
SAID = {  # every function and operator of the grammar that no built-in cell has, around products and around sums
    "smooth": {
        "f": "elu(U @ x_t + 2 * (W @ h_p)) - softplus(W2 @ h_p)",
        "g": "softsign(U2 @ x_t)",
        "h": "tanh(softplus(f - b) + elu(g - f) * softsign(f))",
    },
    "kinked": {
        "f": "leaky_relu(U @ x_t + 2 * (W @ h_p)) - abs(W2 @ h_p)",
        "g": "hard_sigmoid(3 * f) * hard_sigmoid_02(U2 @ x_t) + step(U3 @ x_t)",
        "h": "hard_tanh(f - b) * step(f) + leaky_relu(g - 1) / 4 - abs(hard_tanh(W3 @ h_p) - g)",
    },
    "two operands": {
        "f": "min(U @ x_t, W @ h_p) / (2 + tanh(W @ h_p))",
        "g": "max(h_p, f - b) * min(f, 0.5) - max(min(b, f), -0.25) / exp(b)",
        "h": "tanh(h_p / (1 + abs(g)) - f / 3 + max(g, g))",
    },
}
WAYS: list[dict[str, int]] = [{}, {"chunk": 2}, {"truncate": 2}]


def written(name: str) -> Cell:
    lines = (TWICE | SAID)[name]
    outputs = ("s", "y") if "y" in lines else ()
    return Cell("written", lines, ["h"], "y" if outputs else "h", outputs=outputs)


def pair(cell: Cell, seed: int, **options: Any) -> list[Network]:
    """The same network on both engines, with a read-out or without."""
    rng = np.random.default_rng(seed)
    layer = random_layer(cell, rng)
    top: dict[str, Any] = {}
    if not cell.owns_read_out and rng.random() < 0.5:
        top = {"V": rng.normal(size=(2, layer.width)), "output": "softmax"}
    return [Network([layer], engine=engine, **top, **options) for engine in ENGINES]


def everything(
    network: Network, seed: int, N: int, T: int, ragged: bool = False, way: Mapping[str, Any] | None = None
) -> tuple[dict[str, np.ndarray], tuple[Any, ...]]:
    """All that forward and backward say of a random batch, by name; and the batch, its lengths and starts."""
    rng = np.random.default_rng(seed)
    cell, x = network.layers[0].cell, inputs(network, rng, N, T)
    lengths = rng.integers(0, T + 1, N) if ragged else None
    initial_states = random_starts(cell, rng, network.layers[0], N)
    trace = network.forward(x, lengths=lengths, **initial_states)
    y, ends = network(x, lengths=lengths, return_state=True, **initial_states)
    gradients = network.backward(trace, dy=rng.normal(size=y.shape), **(way or {}))
    parts: dict[str, Any] = {
        "trace": trace,
        "final": trace.final,
        "ends": ends,
        "d": gradients,
        "step": gradients.steps,
        "adjoint": gradients.layers[0].adjoints,
    }
    signals = {f"{kind} {name}": part[name] for kind, part in parts.items() for name in part}
    return signals | {"y": y}, (x, lengths, initial_states)


def same(values: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], tolerance: float) -> None:
    assert list(values) == list(expected)
    for name, array in expected.items():
        assert values[name].dtype == array.dtype
        scale = max(1.0, np.abs(array).max(initial=0))
        np.testing.assert_allclose(values[name], array, rtol=0, atol=tolerance * scale, err_msg=name)


def same_bits(network: Network, signals: Mapping[str, np.ndarray], batch: tuple[Any, Any, Any]) -> None:
    """Every sequence alone, its prefix and step by step are what they are in the batch."""
    x, lengths, initial_states = batch
    for n in range(len(x)):
        length = x.shape[1] if lengths is None else lengths[n]
        own = {name: rows[n] for name, rows in initial_states.items()}
        alone, prefix = (network.forward(x[n, :steps], **own) for steps in (length, length // 2))
        for name in alone:
            np.testing.assert_array_equal(alone[name], signals[f"trace {name}"][n, :length], err_msg=name)
            np.testing.assert_array_equal(prefix[name], alone[name][: length // 2], err_msg=name)
        stepper = network.stepper(**own)
        for x_t, y_t in zip(x[n, :length], alone.output):
            np.testing.assert_array_equal(stepper.step(x_t), y_t)


def engines_agree(
    monkeypatch: pytest.MonkeyPatch, both: list[Network], tolerance: float, seed: int, way: Mapping[str, Any]
) -> None:
    """A ragged batch, and one of which every sequence has every step, along the units and across the sequences."""
    interpreted, compiled = both
    for N, ragged, across in ((5, True, False), (19, False, False), (19, False, True)):
        expected, _batch = everything(interpreted, seed, N, 4, ragged, way)
        with monkeypatch.context() as patch:
            choose_lane_batched(patch, across)
            signals, batch = everything(compiled, seed, N, 4, ragged, way)
        same(signals, expected, tolerance)
        same_bits(compiled, signals, batch)


def check_gradients(network: Network, seed: int, way: Mapping[str, Any]) -> None:
    rng = np.random.default_rng(seed)
    x = inputs(network, rng, 2, 4)
    initial_states = random_starts(network.layers[0].cell, rng, network.layers[0], 2)
    trace = network.forward(x, lengths=[4, 3], **initial_states)
    targets = rng.normal(size=trace.output.shape)
    gradients = network.backward(trace, targets, loss="half_squared_error", **way)
    objective = resolve_objective(network, trace, targets, "half_squared_error", None, None)
    check = GradientCheck(network, trace, objective, way.get("truncate"), way.get("chunk"))
    assert worst(list(check.compare(gradients, most=3))) < 1e-9


# ------------------------------------------------------------------------------------------ one source twice in a line


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_and_one_is_two(engine: str, dtype: str) -> None:
    cell = Cell("two", {"h": "identity(U1 @ x_t + U2 @ x_t)"}, ["h"], "h")
    for H in range(1, 71):
        network = Network([Layer(cell, U1=np.ones((H, 1)), U2=np.ones((H, 1)))], engine=engine, dtype=dtype)
        for N in (1, 3, 16):
            x = np.ones((N, 2, 1))
            trace = network.forward(x)
            assert (network(x) == 2).all()
            assert (trace.h == 2).all()
            gradients = network.backward(trace, dy=np.ones((N, 2, H)))
            assert (gradients.U1 == 2 * N).all()
            assert (gradients.U2 == 2 * N).all()
            assert (gradients.x == 2 * H).all()


@compiler
@pytest.mark.parametrize("name", TWICE)
def test_a_source_that_a_line_uses_twice(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for seed, way in enumerate(WAYS):
        engines_agree(monkeypatch, pair(written(name), seed), 1e-12, seed, way)


@compiler
@pytest.mark.parametrize("name", ["one weight", "three times, two lines"])
def test_a_source_that_a_line_uses_twice_in_single_precision(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    engines_agree(monkeypatch, pair(written(name), 3, dtype="float32"), 1e-4, 3, {})


@compiler
@pytest.mark.parametrize("name", SAID)
def test_every_function_and_operator(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    engines_agree(monkeypatch, pair(written(name), 6), 1e-12, 6, {})
    engines_agree(monkeypatch, pair(written(name), 7, dtype="float32"), 1e-4, 7, {})


@pytest.mark.parametrize("name", [*TWICE, *SAID])
@pytest.mark.parametrize("engine", ENGINES)
def test_complex_step_agrees(name: str, engine: str) -> None:
    for way in WAYS:
        check_gradients(pair(written(name), 4)[ENGINES.index(engine)], 5, way)


@pytest.mark.parametrize("name", TWICE)
def test_training_sums_what_a_source_brings_twice(name: str) -> None:
    trained = []
    for network in pair(written(name), 6):
        rng = np.random.default_rng(7)
        x = inputs(network, rng, 6, 4)
        y = rng.normal(size=network(x).shape)
        network.fit(x, y, loss="mean_squared_error", epochs=3, batch=2, lr=0.05, optimizer="sgd", seed=1)
        trained.append({name: array for direction in network.passes for name, array in direction.arrays.items()})
    same(trained[1], trained[0], 1e-12)


# -------------------------------------------------------------------------------------------------- whatever is allowed


@pytest.mark.parametrize("seed", range(60))
def test_complex_step_agrees_with_any_cell(seed: int) -> None:
    network = pair(random_cell(np.random.default_rng(seed)), seed)[0]
    check_gradients(network, seed, WAYS[seed % 3])
    signals, batch = everything(network, seed, 3, 3, ragged=True)
    same_bits(network, signals, batch)


@compiler
@pytest.mark.parametrize("seed", range(4))
def test_any_cell_is_the_same_on_both_engines(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    dtype, tolerance = (("float64", 1e-11), ("float32", 1e-3))[seed % 2]
    both = pair(random_cell(np.random.default_rng(seed)), seed, dtype=dtype)
    engines_agree(monkeypatch, both, tolerance, seed, WAYS[seed % 3])


# ---------------------------------------------------------------------------------------------------------------- sizes


def test_what_is_split_off_has_the_size_of_its_line() -> None:
    cell = Cell(
        "own",
        {"h": "tanh(U @ x_t + W @ h_p)", "y": "tanh(c + V @ h) * sigmoid(R @ (y_p * y_p))"},
        "hy",
        "y",
        outputs=("y",),
    )
    assert {name: (parameter.rows, parameter.columns) for name, parameter in cell.parameters.items()} == {
        "U": ("H", "D"), "W": ("H", "H"), "c": ("O", None), "V": ("O", "H"), "R": ("O", "O"),
    }  # fmt: skip
    assert all(cell.size(line) == "O" for line in cell.lines if line.endswith(("_y", "_y2")))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("identity(h)", "line y has O entries and takes h, which has H"),
        ("V @ h + h * 2", "line y has O entries and takes h, which has H"),
        ("V @ h + x_t", "line y has O entries and takes x_t, which has D"),
        ("softmax(h)", "line y has O entries and takes h, which has H"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_by_name_and_line(line: str, what: str) -> None:
    with pytest.raises(CellError, match=what):
        Cell("own", {"h": "tanh(U @ x_t)", "y": line}, [], "y", outputs=("y",))


def test_a_layer_says_which_size_no_array_tells() -> None:
    with pytest.raises(ProblemError, match="how many outputs"):
        Layer(Cell("own", {"h": "tanh(U @ x_t)", "y": "y_p"}, ["y"], "h", outputs=("y",)), U=[[1.0]])
    with pytest.raises(ProblemError, match="how many units"):
        Layer(Cell("own", {"h": "tanh(x_t)"}, [], "h"))


def test_a_function_stands_around_a_line_of_this_step() -> None:
    cell = Cell(
        "own",
        {"f": "tanh(p)", "g": "tanh(h_p)", "a": "W @ g", "b": "U @ x_t", "h": "tanh(a)", "k": "relu(b)"},
        ["h"],
        "h",
    )
    assert cell.preactivations == {"f": "a_f", "g": "a_g", "h": "a", "k": "b"}


# ------------------------------------------------------------------------------------------- lines of parameters alone


def _rounded(value: Any, digits: int) -> Any:
    return [_rounded(part, digits) for part in value] if isinstance(value, list) else f"{value:.{digits}f}"


@pytest.mark.parametrize("line", ["p", "-p", "identity(p)", "p * q", "tanh(p - 0.5 * q)", "tanh(0.5) * p"])
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_each_unit_of_a_constant_line_is_judged_against_its_own(
    tmp_path: Path, line: str, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(8)
    cell = {"name": "own", "equations": {"k": line, "h": "tanh(k + W @ h_p + U @ x_t)"}, "state": ["h"], "emits": "h"}
    sizes = {"U": (4, 2), "W": (4, 4), "p": (4,), "q": (4,), "V": (3, 4), "x": (*shape, 2), "targets": (*shape, 3)}
    arrays = {name: rng.normal(size=size).tolist() for name, size in sizes.items() if name != "q" or "q" in line}
    problem = {"cell": cell, **arrays, "loss": "half_squared_error", "lr": 0.1}
    path = str(tmp_path / "own.json")

    def ask(command: str, **more: Any) -> Any:
        Path(path).write_text(json.dumps({**problem, **more}), encoding="utf-8")
        return answer(command, path, "--engine", "equations")

    trace, back = ask("forward")["trace"], ask("backward")
    assert np.shape(trace["k"]) == (*shape, 4)
    for digits in (3, 12):  # judged with rounding carried on, and exactly
        answers = {name: _rounded(trace[name], digits) for name in ("k", "h", "y")}
        answers |= {f"d{name}": _rounded(array, digits) for name, array in back["gradients"].items() if name != "c"}
        verdict = ask("check", answers=answers)
        assert verdict["verdict"] == "right", [value for value in verdict["values"] if value["verdict"] != "right"][:2]
        last = answers["k"][-1] if len(shape) == 1 else answers["k"][-1][-1]
        last[1] = "9.125"
        verdict = ask("check", answers=answers)
        wrong = [value for value in verdict["values"] if value["verdict"] == "wrong" and value["name"] == "k"]
        assert [value["index"][-1] for value in wrong] == [2]
        np.testing.assert_allclose(wrong[0]["computed"], np.reshape(trace["k"], (-1, 4))[-1, 1])
