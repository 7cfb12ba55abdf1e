"""A layer whose directions compute with different cells or functions: each is what a layer of it alone would be."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import MGU, answer, compiler
from support.own_cells import random_arrays

from rnncalc import load, load_problem, save
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.layer import Layer
from rnncalc.network.gradcheck import GradientCheck, worst
from rnncalc.network.network import Network
from rnncalc.network.objective import resolve_objective

PROJECTED = Cell("projected", {"m": "tanh(U @ x_t + W @ h_p)", "h": "P @ m"}, ["h"], "h", outputs=("h",))
CLIPPED = Cell("clipped", {"h": "min(W @ h_p + U @ x_t + b, most)"}, ["h"], "h", constants={"most": 0.3})
CLIPPED_MORE = CLIPPED.switch(most=0.1)
RELU = CELLS["elman"].switch(activation="relu")
SHAPES: Any = {"U": (4, 3), "W": (4, 4), "b": (4,)}
PAIRS = [  # forward, backward
    (CELLS["lstm"], CELLS["gru"]), (CELLS["gru"], CELLS["lstm"]), (CELLS["elman"], RELU),
    (CELLS["gru"].switch(update="z_new"), CELLS["gru"]), (MGU, CELLS["gru_after"]), (CLIPPED, CLIPPED_MORE),
]  # fmt: skip
NAMES = [f"{first.name}-{second.name}" for first, second in PAIRS]
pairs = pytest.mark.parametrize(("first", "second"), PAIRS, ids=NAMES)


def arrays(cell: Cell, rng: np.random.Generator, D: int = 3, H: int = 4) -> dict[str, Any]:
    return random_arrays(cell, rng, D, H, 5)


def both(first: Cell, second: Cell, seed: int, merge: str = "concat") -> Layer:
    rng = np.random.default_rng(seed)
    given, other = arrays(first, rng), arrays(second, rng)
    return Layer(first, **given, direction="both", merge=merge, backward={"cell": second, **other})


def stack(first: Cell, second: Cell, engine: str = "equations", merge: str = "concat") -> Network:
    """Two cells below, one above, with a read-out; or the two cells alone on top."""
    layer, rng = both(first, second, 1, merge), np.random.default_rng(2)
    above = [Layer("gru", **arrays(CELLS["gru"], rng, layer.width, 2)), both(first, second, 3, merge)]
    if merge == "concat":
        return Network([layer, above[0]], V=rng.normal(size=(3, 2)), engine=engine)
    return Network([layer], engine=engine)


def batch(ragged: bool) -> tuple[np.ndarray, list[int] | None]:
    return np.random.default_rng(4).normal(size=(4, 5, 3)), [5, 2, 0, 4] if ragged else None


@pairs
@pytest.mark.parametrize("engine", ["equations", pytest.param("numba", marks=compiler)])
def test_each_direction_is_what_it_is_alone(first: Cell, second: Cell, engine: str) -> None:
    layer = both(first, second, 0)
    x, lengths = batch(ragged=True)
    trace = Network([layer], engine=engine).forward(x, lengths=lengths)
    for direction, part in layer.passes.items():
        own: dict[str, Any] = part.named
        alone = Layer(part.cell, **own, direction=direction)
        expected = Network([alone], engine=engine).forward(x, lengths=lengths)
        signals = trace.layers[0].passes[direction]
        assert list(signals) == list(expected.layers[0].passes[direction])
        for name in signals:
            np.testing.assert_array_equal(signals[name], expected.layers[0].passes[direction][name], err_msg=name)
        for name in part.cell.state:
            np.testing.assert_array_equal(signals.final[name], expected.final[name], err_msg=name)
    assert list(trace.layers[0].final) == [name for name in first.state if name in second.state]
    for name in trace.layers[0].final:
        assert trace.layers[0].final[name].shape == (4, 8)


@pairs
@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul"])
def test_gradients_agree_with_the_complex_step(first: Cell, second: Cell, merge: str) -> None:
    network, (x, lengths) = stack(first, second, merge=merge), batch(ragged=merge != "ave")
    trace = network.forward(x, lengths=lengths)
    targets = np.random.default_rng(5).normal(size=trace.output.shape)
    gradients = network.backward(trace, targets, loss="half_squared_error")
    objective = resolve_objective(network, trace, targets, "half_squared_error", None, None)
    assert worst(list(GradientCheck(network, trace, objective, None, None).compare(gradients, most=3))) < 1e-9


@compiler
@pytest.mark.parametrize(("first", "second"), PAIRS[:3], ids=NAMES[:3])
def test_both_engines_agree(first: Cell, second: Cell) -> None:
    x, _lengths = batch(ragged=False)
    results = []
    for engine in ("equations", "numba"):
        network = stack(first, second, engine)
        y, states = network(x, return_state=True)
        gradients = network.backward(network.forward(x), dy=np.cos(y))
        network.fit(x, np.sin(y), loss="half_squared_error", epochs=2, lr=0.1)
        trained = {f"trained {name}": array for name, array in network.parameters.items()}
        results.append({"y": y, **states.flat, "x": gradients["x"], **gradients.parameters, **trained})
    assert list(results[0]) == list(results[1])
    for name, array in results[0].items():
        np.testing.assert_allclose(results[1][name], array, rtol=1e-9, atol=1e-11, err_msg=name)


@pairs
def test_states_go_in_as_they_come_out(first: Cell, second: Cell) -> None:
    network, (x, _lengths) = stack(first, second), batch(ragged=False)
    _y, states = network(x, return_state=True)
    continued, _states = network(x, states, return_state=True)
    named = {f"{name}0": array for name, array in states.flat.items()}
    assert len(named) == len(first.state) + len(second.state) + 1
    np.testing.assert_array_equal(continued, network(x, states.flat))


@pairs
def test_copied_pickled_saved_and_loaded(tmp_path: Path, first: Cell, second: Cell) -> None:
    network, (x, lengths), path = stack(first, second), batch(ragged=True), tmp_path / "net.safetensors"
    save(network, path)
    expected = network(x, lengths=lengths)
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), load(path, engine="equations")):
        assert [part.cell for part in other.passes] == [part.cell for part in network.passes]
        np.testing.assert_array_equal(other(x, lengths=lengths), expected)
    described = answer("inspect", str(path))["layers"][0]
    assert described["cell"] == first.name
    assert described["backward"].split()[0] == second.name
    assert repr(network.layers[0]).startswith(f"Layer({' and '.join(dict.fromkeys([first.name, second.name]))} both")


@pytest.mark.parametrize("kind", ["cell", "function"])
def test_a_problem_file_has_them(tmp_path: Path, kind: str) -> None:
    first, second = PAIRS[0] if kind == "cell" else (RELU, CELLS["elman"])
    layer, (x, _lengths), path = both(first, second, 6), batch(ragged=False), tmp_path / "problem.json"
    given = {name: {key: array.tolist() for key, array in part.named.items()} for name, part in layer.passes.items()}
    stated = [{"cell": cell.name, **cell.switched} for cell in (first, second)]
    backward = {**stated[1], **given["backward"], **({"activation": "tanh"} if kind == "function" else {})}
    problem = {**stated[0], **given["forward"], "direction": "both", "backward": backward, "x": x[0].tolist()}
    path.write_text(json.dumps(problem))
    np.testing.assert_allclose(load_problem(path).forward()["h"], Network([layer])(x[0]), atol=1e-14)


def test_onnx_has_a_function_for_each_direction(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    leaky, elu = (CELLS["elman"].switch(activation=name) for name in ("leaky_relu", "elu"))
    x, _lengths = batch(ragged=False)
    for first, second in ((CELLS["elman"], RELU), (RELU, leaky), (leaky, CELLS["elman"]), (leaky, elu)):
        rng, path = np.random.default_rng(7), tmp_path / "net.onnx"
        given, other = ({name: rng.normal(size=shape) for name, shape in SHAPES.items()} for _ in range(2))
        layer = Layer(first, **given, direction="both", backward={"cell": second, **other})
        net = Network([layer], dtype="float32", engine="equations")
        save(net, path)
        back = load(path, engine="equations")
        np.testing.assert_allclose(back(x.astype("float32")), net(x.astype("float32")), atol=1e-6)
        assert [part.cell.lines for part in back.passes] == [first.lines, second.lines]
    for library in ("onnx", "torch", "keras"):
        with pytest.raises(ProblemError, match="layer 1: its two directions have different cells"):
            save(stack(*PAIRS[0]), path, library)


def test_what_does_not_fit_is_refused() -> None:
    rng = np.random.default_rng(8)
    given = arrays(CELLS["gru"], rng)
    emits_c = Cell("other", {"c": "tanh(U @ x_t + W @ c_p)"}, ["c"], "c")
    for backward in (
        {"cell": "lstm", **arrays(CELLS["lstm"], rng, H=5)}, {"cell": "lstm", **arrays(CELLS["lstm"], rng, D=4)},
        {"cell": PROJECTED, **arrays(PROJECTED, rng)}, {"cell": emits_c, **arrays(emits_c, rng)},
        {"cell": "jordan", **arrays(CELLS["jordan"], rng)}, {"cell": "lstm", **given}, {"cell": "no", **given},
        {"activation": "relu", **given},
    ):  # fmt: skip
        with pytest.raises(RnncalcError):
            Layer("gru", **given, direction="both", backward=backward)
