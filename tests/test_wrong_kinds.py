"""Every public function with arguments of a wrong kind: it works, or says what is wrong as a RnncalcError."""

import contextlib
import copy
import os
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnncalc
from rnncalc import RnncalcError
from rnncalc.network.training.settings import Settings

KINDS: dict[str, Any] = {
    "none": None, "text": "abc", "empty text": "", "a text with NUL": "a\0b", "texts": ["a", "b"], "half": 2.5,
    "one": 1, "negative": -1, "nan": float("nan"), "true": True, "empty": np.zeros((0,)),
    "no sequence": np.zeros((0, 4, 2)),
    "objects": np.array([[1, "a"], [None, 2.0]], dtype=object), "ragged": [[1.0, 2.0], [3.0]], "list": [],
    "mapping": {"a": 1}, "numbers by name": {0: 1.0}, "set": {1, 2}, "bytes": b"abc", "complex": 1j, "object": object(),
    "a function": len, "a class": int, "huge": 10**400, "scalar": np.array(3.0), "iterator": iter(()),
    "matrix": np.ones((3, 2)), "dates": np.array(["2020-01-01"], "datetime64[D]"),
    "records": np.zeros(2, [("a", float)]),
}  # fmt: skip
rng = np.random.default_rng(3)
X, Y = rng.normal(size=(6, 4, 2)), rng.normal(size=(6, 4, 2))
E_: dict[str, Any] = {"engine": "equations"}


def net(cell: str = "gru") -> Any:
    return rnncalc.random_network(cell, 2, 3, 2, **E_)


def layer() -> Any:
    return copy.copy(net().layers[0])


def cases() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Name → what is called, and arguments with which it works."""
    network = net()
    trace = network.forward(X)
    weights = {name: np.array(a) for name, a in network.layers[0].arrays.items()}
    arrays = {"U": np.ones((3, 2)), "W": np.ones((3, 3)), "b": np.ones(3), "V": np.ones((2, 3)), "c": np.ones(2), **E_}
    settings = {name: getattr(Settings("mean_squared_error"), name) for name in Settings.__dataclass_fields__}
    settings = {name: value for name, value in settings.items() if name not in ("gamma", "every", "dropout_mask")}
    fit = {"x": X, "y": Y, "lengths": [4, 3, 2, 1, 4, 4], "validation": (X, Y), "watch": None, "threads": 1,
           "sample_weight": np.ones(6), **settings, "loss": "mean_squared_error", "epochs": 1}  # fmt: skip
    classes = {**fit, "y": [0, 1] * 3, "validation": 0.5, "loss": "cross_entropy", "class_weight": {0: 2.0}}
    random = {"cell": "lstm", "inputs": 2, "hidden": 3, "outputs": 2, "layers": 1, "direction": "both", "merge": "sum",
              "output": "identity", "init": "torch", "forget_bias": 1.0, "seed": 1, "dtype": "float32",
              "summary": "final", "embed": 0, **E_}  # fmt: skip
    call = {"x": X, "states": None, "lengths": [4, 3, 2, 1, 4, 4], "mask": np.ones((6, 4), bool),
            "layout": "batch_first", "h0": np.ones(3)}  # fmt: skip
    both = {"cell": "gru", **weights, "direction": "both", "backward": weights, "merge": "sum", "h0": np.zeros(3)}
    problem = {"cell": "elman", "U": 0.9, "W": 0.5, "b": 0.3, "x": [0.7, 0.5], "h0": 0.1, "V": 0.4, "c": 0.2,
               "targets": [1.0, 0.0], "loss": "squared_error", "lr": 0.1, "output": "identity", **E_}  # fmt: skip
    return {
        "Elman": (rnncalc.Elman, {**arrays, "activation": "relu", "output": "softmax", "dtype": "float64",
                                  "threads": 1}),
        "Layer": (rnncalc.Layer, both),
        "Network": (rnncalc.Network, {"layers": [layer()], "V": np.ones((2, 3)), "c": np.ones(2), "output": "tanh",
                                      "dtype": "float64", "threads": 1, "summary": "mean", **E_}),
        "random_network": (rnncalc.random_network, random),
        "call": (network, {**call}),
        "forward": (network.forward, call),
        "backward": (network.backward, {"trace": trace, "targets": Y, "loss": "squared_error", "reduction": "sum",
                                        "dstates": None, "dh": None, "truncate": 2}),
        "backward by dy": (network.backward, {"trace": trace, "dy": Y, "chunk": 2}),
        "set": (network.set, {"parameters": {"c": [0, 0]}}),
        "set one": (lambda value: network.set({"c": value}), {"value": [0, 0]}),
        "update": (network.update, {"gradients": {"c": [0, 0]}, "lr": 0.1}),
        "stepper": (network.stepper, {"states": None, "h0": np.ones(3)}),
        "step": (lambda x: network.stepper().step(x), {"x": np.ones(2)}),
        "fit": (lambda **given: net().fit(**given), fit),
        "fit on classes": (lambda **given: net().fit(**given), classes),
        "Cell": (rnncalc.Cell, {"name": "own", "equations": {"h": "tanh(W @ h_p + U @ x_t)"}, "state": ["h"],
                                "emits": "h", "optional": [], "constants": {}, "gates": "", "outputs": []}),
        "States": (rnncalc.States.from_flat, {"arrays": {"layers.0.forward.h": np.ones(3)}}),
        "save_model": (rnncalc.save_model, {"network": network, "path": "m.safetensors"}),
        "load_model": (rnncalc.load_model, {"path": "kept.safetensors", **E_}),
        "save": (rnncalc.save, {"network": network, "path": "w.npz"}),
        "load": (rnncalc.load, {"path": "kept.safetensors", **E_}),
        "from_state_dict": (rnncalc.from_state_dict, {"tensors": rnncalc.to_state_dict(net("gru_after")), **E_}),
        "to_state_dict": (rnncalc.to_state_dict, {"network": net("gru_after")}),
        "problem": (rnncalc.problem, problem),
        "load_problem": (rnncalc.load_problem, {"path": "p.json"}),
    }  # fmt: skip


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@pytest.mark.parametrize("name", cases())
def test_works_or_says_what_is_wrong(name: str, tmp_path: Path) -> None:
    wrong = []
    with inside(tmp_path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rnncalc.save_model(net(), "kept.safetensors")
        Path("p.json").write_text('{"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}')
        for argument in cases()[name][1]:
            for kind, value in KINDS.items():
                if argument == "watch" and callable(value):  # what it raises comes out
                    continue
                called, given = cases()[name]
                try:
                    called(**{**given, argument: copy.deepcopy(value) if kind != "iterator" else iter(())})
                except RnncalcError:
                    pass
                except Exception as error:  # what this test is about
                    place = traceback.extract_tb(error.__traceback__)[-1]
                    where = f"{place.filename}:{place.lineno}"
                    wrong.append(f"{argument}={kind}: {type(error).__name__}: {error} ({where})")
    assert not wrong, "\n".join(wrong)


def test_the_right_kinds_work(tmp_path: Path) -> None:
    with inside(tmp_path):
        rnncalc.save_model(net(), "kept.safetensors")
        Path("p.json").write_text('{"U": 0.9, "W": 0.5, "x": [0.7, 0.5]}')
        for called, given in cases().values():
            called(**given)


@pytest.mark.parametrize("kind", ["RNNClassifier", "RNNRegressor"])
def test_of_an_estimator_the_network_can_be_saved(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    made = getattr(rnncalc, kind)(hidden=2, epochs=1, **E_).fit(X, [0, 1] * 3)
    calls: list[Callable[..., Any]] = [
        rnncalc.save_model,
        rnncalc.save,
        lambda given, _path: rnncalc.to_state_dict(given),
    ]
    for call in calls:
        with pytest.raises(RnncalcError, match=f"{kind}: its network_ can be saved"):
            call(made, tmp_path / "m.safetensors")
    rnncalc.save_model(made.network_, tmp_path / "m.safetensors")
    model = rnncalc.load_model(tmp_path / "m.safetensors", **E_)
    np.testing.assert_array_equal(model(X), made.network_(X))
    rnncalc.save_model(model, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "m.safetensors").read_bytes()


@pytest.mark.parametrize("D", [1, 2, 3])
@pytest.mark.parametrize("fits", [False, True])
def test_what_is_wrong_with_x_is_what_is_said(D: int, fits: bool) -> None:
    """Of a call and of fit: the entry that is no number, the sequence of another width, that there is none."""
    draw, network = np.random.default_rng(D), rnncalc.random_network("gru", D, 3, 2, **E_)

    def used(x: Any) -> Any:
        return network.fit(x, [0, 1, 1], loss="cross_entropy", epochs=1) if fits else network(x)

    def said(x: Any) -> str:
        with pytest.raises(RnncalcError) as caught:
            used(x)
        return str(caught.value)

    lengths = draw.permutation([2, 4, 5])
    ragged: list[Any] = [draw.normal(size=(steps, D)) for steps in lengths]
    other = int(draw.integers(1, 3))
    for parts in (ragged, [part[:2] for part in ragged]):
        wide = [np.ones((len(part), D + (number == other))) for number, part in enumerate(parts)]
        words = said(wide)
        assert str(wide[other].shape) in words
        assert f"sequence {other + 1} must be" in words or str(wide[0].shape) in words
    assert "not None" in said(None)
    assert "not one sequence" in said([])
    assert "not 'abc'" in said("abc")
    blank = draw.normal(size=(4, D)).astype(object)
    row, column = int(draw.integers(4)), int(draw.integers(D))
    blank[row, column] = None
    assert f"entry {row + 1}, {column + 1} is None" in said(blank)
    objects = np.empty(3, object)
    objects[:] = ragged
    used(objects)
    if not fits:
        for mine, theirs in zip(network(objects), network(ragged)):
            np.testing.assert_array_equal(mine, theirs)
        whole = draw.integers(0, 9, size=(4, D))
        np.testing.assert_array_equal(network(whole.astype(object)), network(whole))
