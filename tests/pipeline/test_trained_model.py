"""A trained model in Python: called as its network, asked as the command line asks it."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import random_arrays

import rnncalc
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models

RNG = np.random.default_rng(3)
COLUMNS: dict[str, Any] = {"kind": "table", "inputs": 2, "at": "every", "input": ["a", "b"], "target": ["y"]}
MOMENTS = {"x_mean": [1.0, -2.0], "x_std": [2.0, 0.5], "y_mean": [10.0], "y_std": [4.0]}
TABLE: dict[str, Any] = {**COLUMNS, "outputs": 1, "classes": False, "scale": "both", **MOMENTS}
CLASSES: dict[str, Any] = {**COLUMNS, "outputs": 3, "classes": True, "labels": ["x", "y", "z"], "scale": "none"}


def saved(path: Path, about: dict[str, Any], output: str = "identity", **settings: Any) -> Any:
    outputs = about.get("outputs", 1)
    layer = Layer("lstm", **random_arrays(CELLS["lstm"], RNG, D=2, H=3))
    net = Network([layer], RNG.normal(size=(outputs, 3)), RNG.normal(size=outputs), output, engine="equations")
    models.save(models.Model(net, about, settings, [{"epoch": 1, "loss": 0.5}]), path)
    return rnncalc.load_model(path, engine="equations")


def test_it_is_its_network_and_more(tmp_path: Path) -> None:
    model = saved(tmp_path / "m.safetensors", TABLE, loss="mean_squared_error")
    x = RNG.normal(size=(4, 2))
    np.testing.assert_array_equal(model(x), model.network(x))
    np.testing.assert_array_equal(model.forward(x).y, model(x))
    assert (model.sizes, model.labels, model.vocabulary) == (model.network.sizes, [], [])
    assert sorted(model.scaling) == ["x_mean", "x_std", "y_mean", "y_std"]
    assert model.settings == {"loss": "mean_squared_error"}
    assert model.history[0]["loss"] == 0.5
    assert repr(model).startswith("TrainedModel(Network(lstm")
    for twin in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin(x), model(x))
    with pytest.raises(AttributeError, match="colour"):
        _ = model.colour


@pytest.mark.parametrize("about", [TABLE, CLASSES, {}], ids=["numbers", "classes", "no description"])
def test_predictions_of_arrays_are_those_of_files(about: dict[str, Any], tmp_path: Path) -> None:
    output = "softmax" if about.get("classes") else "identity"
    model = saved(tmp_path / "m.safetensors", about, output)
    x = RNG.normal(size=(5, 2))
    table = tmp_path / "d.csv"
    table.write_text("a,b\n" + "".join(f"{a!r},{b!r}\n" for a, b in x.tolist()))
    records, ours = model.predict(table), model.predict(x)
    assert len(records) == 5
    if about.get("classes"):
        assert [record["class"] for record in records] == [model.labels[row.argmax()] for row in ours]
        np.testing.assert_allclose([record["probability"] for record in records], ours.max(axis=1), atol=1e-6)
    else:
        name = "y" if about else "y[1]"
        np.testing.assert_allclose([record[name] for record in records], ours[:, 0], rtol=1e-6)
    np.testing.assert_allclose(model.predict(x[None])[0], ours, rtol=1e-12)
    if about is TABLE:
        wanted = 10 + 4 * model.network((x - [1, -2]) / [2, 0.5])
        np.testing.assert_allclose(ours, wanted, rtol=1e-12)


def test_scores_that_were_trained_as_logits_are_probabilities(tmp_path: Path) -> None:
    about = {name: value for name, value in TABLE.items() if not name.startswith("y_")}
    model = saved(tmp_path / "m.safetensors", about, loss="binary_cross_entropy")
    y = model.predict(RNG.normal(size=(5, 2)))
    assert (y > 0).all()
    assert (y < 1).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("several", [False, True])
def test_an_input_that_is_no_number_is_refused_with_its_place(bad: float, several: bool, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    rnncalc.save_model(rnncalc.Elman(U=[[0.9, 0.2]], W=[[0.5]]), path)
    x = np.ones((3, 2))
    x[1, 1] = bad
    with pytest.raises(rnncalc.RnncalcError, match=r"step 2, input 2 is (nan|inf)"):
        rnncalc.load_model(path).predict([np.ones((2, 2)), x] if several else x)
