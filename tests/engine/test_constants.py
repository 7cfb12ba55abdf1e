"""Numbers in the equations of an own cell: machine code reads them as it runs, so another number compiles nothing."""

import copy
import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import answer, choose_lane_batched, compiler
from support.own_cells import random_arrays, random_cell

from rnncalc import load, load_problem, save
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import Cell
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network

LINES = {  # numbers in lines of H and of O entries, between element-wise parameters, in quotients of numbers
    "c": "keep * c_p + 2 * tanh(W @ h_p + U @ x_t + b) / 3 - (1 / 7) * p",
    "h": "min(max(sigmoid(4 * c) * (1 - 0.5 * c), -most), most)",
    "o": "0.9 * o_p + leaky_relu(P @ h - q) * -1.5 / shift",
}
CONSTANTS = {"keep": 0.7, "most": 0.4, "shift": -2.5}
OTHERS = {"keep": -0.2, "most": 0.1, "shift": 3.0}


def own_cell(constants: Mapping[str, float], lines: Mapping[str, str] = LINES) -> Cell:
    return Cell("numbered", dict(lines), ["c", "h", "o"], "o", outputs=("o",), constants=constants)


def renumbered(cell: Cell, factor: float) -> Cell:
    """The cell with every number changed but 0 and 1."""

    def other(match: re.Match[str]) -> str:
        value = float(match[0])
        return match[0] if value in (0, 1) else repr(value * factor)

    pattern = r"(?<![\w.])\d+(\.\d+)?(?![\w.])"
    return replace(cell, equations={line: re.sub(pattern, other, text) for line, text in cell.equations.items()})


def written_in(constants: Mapping[str, float]) -> Cell:
    """The same cell, numbers in place of their names."""
    lines = dict(LINES)
    for name, value in constants.items():
        lines = {line: re.sub(rf"\b{name}\b", f"({value!r})", text) for line, text in lines.items()}
    return own_cell({}, lines)


def network(cell: Cell, engine: str, **options: Any) -> Network:
    """Two layers, the lower one in both directions, each direction with other weights."""
    rng = np.random.default_rng(3)

    def arrays(**sizes: int) -> dict[str, Any]:
        return random_arrays(cell, rng, **sizes)

    lower = Layer(cell, **arrays(D=2, H=5, O=3), direction="both", backward=arrays(D=2, H=5, O=3))
    upper = Layer(cell, **arrays(D=6, H=4, O=7))
    return Network([lower, upper], engine=engine, **options)


def results(net: Network, N: int = 4, T: int = 5, lengths: Any = None) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(N, T, net.sizes["D"]))
    trace = net.forward(x, lengths=lengths)
    gradients = net.backward(trace, dy=rng.normal(size=trace["y"].shape))
    return {"y": net(x, lengths=lengths), "o": trace["o"], "x": gradients["x"], **gradients.parameters}


def close(values: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    assert list(values) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(values[name], array, rtol=0, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_are_no_part_of_the_code(seed: int) -> None:
    cell = random_cell(np.random.default_rng(seed))
    other = renumbered(cell, 1.25)
    numbered = cell.equations != other.equations
    assert cell.digest == other.digest
    assert (cell.code_lines[1] != other.code_lines[1]) is numbered


def test_the_form_is() -> None:
    texts = ["U @ x_t + 2 * tanh(U @ x_t)", "U @ x_t + 1 * tanh(U @ x_t)", "U @ x_t + 0 * tanh(U @ x_t)",
             "U @ x_t + 2 + tanh(U @ x_t)", "U @ x_t + -1 * tanh(U @ x_t)"]  # fmt: skip
    assert len({Cell("k", {"h": text}, [], "h").digest for text in texts}) == len(texts)


@compiler
def test_another_number_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from rnncalc.engine.compiled.kernels import backward, forward

    loops: list[Any] = [forward.forward, backward.backward]

    def agree(constants: Mapping[str, float]) -> None:
        cell = own_cell(constants)
        compiled, expected = network(cell, "numba"), results(network(cell, "equations"))
        for across in (False, True):
            choose_lane_batched(monkeypatch, across)
            close(results(compiled), expected)
        compiled.threads = 2
        choose_lane_batched(monkeypatch, False)
        close(results(compiled), expected)
        for _ in range(2):  # the second time it packs anew, in place
            compiled.set(compiled.parameters)
            close(results(compiled), expected)
        ragged = [5, 0, 3, 2]
        close(
            results(compiled, lengths=ragged), results(network(cell, "equations"), lengths=ragged),
        )  # fmt: skip

    agree(CONSTANTS)
    before = [len(loop.overloads) for loop in loops]
    agree(OTHERS)
    assert before == [len(loop.overloads) for loop in loops]


@compiler
def test_training_reads_them() -> None:
    trained = []
    for engine in ("equations", "numba"):
        for constants in (CONSTANTS, OTHERS):
            net = network(own_cell(constants), engine)
            rng = np.random.default_rng(1)
            net.fit(rng.normal(size=(6, 4, 2)), rng.normal(size=(6, 4, 7)), loss="half_squared_error", epochs=2, lr=0.1)
            trained.append(dict(net.parameters))
    close(trained[2], trained[0])
    close(trained[3], trained[1])
    assert not np.allclose(trained[0]["layers.1.forward.U"], trained[1]["layers.1.forward.U"])


@pytest.mark.parametrize("constants", [CONSTANTS, OTHERS, {"keep": 1.0, "most": 0.0, "shift": -1}])
def test_a_named_number_is_the_number(constants: dict[str, float]) -> None:
    named, plain = (network(cell, "equations") for cell in (own_cell(constants), written_in(constants)))
    assert not {"keep", "most", "shift"} & set(named.layers[0].cell.parameters)
    expected = results(plain)
    for name, array in results(named).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


@pytest.mark.parametrize("engine", ["equations", pytest.param("numba", marks=compiler)])
def test_a_layer_and_a_direction_have_numbers_of_their_own(engine: str) -> None:
    rng, cell = np.random.default_rng(2), own_cell(CONSTANTS)
    arrays: list[dict[str, Any]] = [random_arrays(cell, rng, D=2, H=5, O=3) for _ in range(2)]
    first, second = arrays
    both = Layer(cell, **first, keep=0.1, direction="both", backward={**second, "most": 0.05})
    forward = Layer(cell, **first, keep=0.1)
    backward = Layer(cell, **second, keep=0.1, most=0.05, direction="backward")
    x = rng.normal(size=(3, 4, 2))
    alone = [Network([layer], engine=engine)(x) for layer in (forward, backward)]
    np.testing.assert_array_equal(Network([both], engine=engine)(x), np.concatenate(alone, axis=-1))
    assert dict(both.passes["backward"].cell.constants) == CONSTANTS | {"keep": 0.1, "most": 0.05}


def test_they_are_copied_pickled_saved_and_loaded(tmp_path: Path) -> None:
    net = network(own_cell(OTHERS), "equations")
    expected, path = results(net), tmp_path / "net.safetensors"
    save(net, path)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), load(path)):
        other.engine = "equations"
        assert other.layers[1].cell == net.layers[1].cell
        for name, array in results(other).items():
            np.testing.assert_array_equal(array, expected[name], err_msg=name)
    described = answer("inspect", str(path))["layers"]
    assert [layer["most"] for layer in described] == [0.1, 0.1]


def test_a_problem_file_has_them(tmp_path: Path) -> None:
    rng, (D, H) = np.random.default_rng(4), (2, 3)
    lines = {"h": "min(max(W @ h_p + U @ x_t, -most), most)"}
    arrays = {"U": rng.normal(size=(H, D)).tolist(), "W": rng.normal(size=(H, H)).tolist()}
    x = rng.normal(size=(4, D)).tolist()
    path = tmp_path / "problem.json"
    answers = []
    for constants, text in ({"most": 0.25}, lines), ({}, {"h": lines["h"].replace("most", "0.25")}):
        cell = {"name": "own", "equations": text, "state": ["h"], "emits": "h", "constants": constants}
        path.write_text(json.dumps({"cell": cell, **arrays, "x": x}))
        answers.append(load_problem(path).forward()["h"])
    np.testing.assert_array_equal(answers[0], answers[1])
    assert np.abs(answers[0]).max() == 0.25
    for wrong in ({"most": "wide"}, {"most": None}, ["most"], {"most": True}, {"W": 1}):
        cell["constants"] = wrong
        path.write_text(json.dumps({"cell": cell, **arrays, "x": x}))
        with pytest.raises(RnncalcError):
            load_problem(path)


@pytest.mark.parametrize(
    ("constants", "what"),
    [
        ({"gone": 1.0}, "gone"), ({"h": 1.0}, "h"), ({"h_p": 1.0}, "h_p"), ({"x_t": 1.0}, "x_t"),
        ({"tanh": 1.0}, "tanh"), ({"most": float("nan")}, "most"), ({"most": "3"}, "most"), ({"most": True}, "most"),
        ({"W": 2.0}, "weight"),
    ],
)  # fmt: skip
def test_what_is_no_constant_is_refused(constants: dict[str, Any], what: str) -> None:
    with pytest.raises(RnncalcError, match=what):
        Cell("mine", {"h": "min(tanh(W @ h_p + U @ x_t), most)"}, ["h"], "h", constants=constants)
    cell = Cell("mine", {"h": "min(U @ x_t, most)"}, ["h"], "h", constants={"most": 1.0})
    with pytest.raises(RnncalcError):
        Layer(cell, U=[[1.0]], most="x")
