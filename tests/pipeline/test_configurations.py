"""Configurations of runs, and what a model predicts on the command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.helpers import MGU, random_arrays, random_network, run
from support.killed_training import finished, series, started

from rnncalc.cli.main import commands
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import data
from rnncalc.pipeline.data_description import DataDescription


def test_a_configuration_has_the_names_of_the_options(tmp_path: Path) -> None:
    series(tmp_path)
    names = {"data": "series.csv", "target": "y", "window": 20, "hidden": 6, "epochs": 2, "lr": 0.01, "shuffle": False}
    (tmp_path / "c.json").write_text(json.dumps(names))
    (tmp_path / "c.toml").write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in names.items()))
    histories = []
    for config in ("c.json", "c.toml"):
        out = finished(
            tmp_path, "train", "--config", config, "--epochs", "3", "--format", "json", "-o", "m.safetensors"
        )
        histories.append(json.loads(out)["history"])
    assert len(histories[0]) == 3
    assert all(history == histories[0] for history in histories)
    for content, message in (
        ('{"hiden": 3}', "there is no option “hiden”: did you mean hidden?"),
        ('{"hidden": "x"}', "hidden must be a whole number"),
        ("[1]", "options by name"),
        ("{", "cannot read"),
    ):
        (tmp_path / "bad.json").write_text(content)
        process = started(tmp_path, "train", "--config", "bad.json")
        assert message in process.communicate(timeout=60)[1]
        assert process.returncode == 2


def test_predictions_have_the_units_and_names_of_the_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(50, 20, size=(400, 1))
    y = 1000 + 30 * x
    lines = [f"{a[0]:.4f},{b[0]:.4f}" for a, b in zip(x, y)]
    (tmp_path / "train.csv").write_text("x,price\n" + "\n".join(lines[:300]))
    (tmp_path / "new.csv").write_text("x\n" + "\n".join(line.split(",")[0] for line in lines[300:]))
    finished(tmp_path, "train", "--data", "train.csv", "--target", "price", "--window", "10", "--cell", "elman",
             "--activation", "identity", "--epochs", "60", "--lr", "0.02", "-o", "m.safetensors")  # fmt: skip
    finished(tmp_path, "predict", "m.safetensors", "new.csv", "-o", "out.csv")
    with open(tmp_path / "out.csv") as file:
        records = list(csv.DictReader(file))
    assert list(records[0]) == ["sequence", "step", "price"]
    prices = np.array([float(record["price"]) for record in records])
    assert np.abs(prices - y[300:, 0]).mean() < 0.02 * np.abs(y[300:, 0]).mean()


def test_classes_are_predicted_by_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    names = ["low", "high"]
    records = [(rng.normal(size=(rng.integers(3, 7), 2)) + 2 * (k % 2), names[k % 2]) for k in range(80)]
    lines = [json.dumps({"x": x.round(4).tolist(), "y": name}) for x, name in records]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    (tmp_path / "new.jsonl").write_text("\n".join(json.dumps({"x": x.round(4).tolist()}) for x, _name in records[:10]))
    finished(tmp_path, "train", "--data", "train.jsonl", "--epochs", "10", "--lr", "0.02", "-o", "m.safetensors")
    out = json.loads(finished(tmp_path, "predict", "m.safetensors", "new.jsonl", "--format", "json"))
    assert [prediction["class"] for prediction in out["predictions"]] == [name for _x, name in records[:10]]
    assert all(0.5 <= prediction["probability"] <= 1 for prediction in out["predictions"])


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("classes", [False, True])
def test_a_prediction_that_is_no_number_is_said_and_exits_3(tmp_path: Path, classes: bool, broken: float) -> None:
    """A broken weight of any kind: the exit code is 3 where, and only where, a number that is shown is not finite."""
    (tmp_path / "new.csv").write_text("x\n1\n-2\n")
    net = random_network(CELLS["lstm"], read_out="softmax" if classes else "identity", D=1, H=2)
    about = {"kind": "table", "inputs": 1, "outputs": net.sizes["O"], "classes": classes, "at": "every", "input": ["x"]}
    about |= {"labels": [f"c{n}" for n in range(net.sizes["O"])]} if classes else {}
    path, codes = tmp_path / "m.safetensors", set[int]()
    models.save(models.Model(net, about), path)
    tensors, metadata = models.read(path)
    for name in ("", *tensors):
        changed = {name: np.full_like(tensors[name], broken)} if name else {}
        models.write(path, tensors | changed, metadata)
        done = CliRunner().invoke(commands, ["predict", str(path), str(tmp_path / "new.csv"), "--format", "json"],
                                  standalone_mode=False)  # fmt: skip
        shown = json.loads(done.stdout)["predictions"]
        bad = [value for record in shown for value in record.values() if str(value) in ("nan", "inf", "-inf")]
        assert done.return_value == (3 if bad else 0), name
        assert ("is not a number" in done.stderr) == bool(bad), name
        codes.add(done.return_value)
    assert codes == {0, 3}


def test_forward_shows_what_a_model_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    both = Layer("lstm", **random_arrays(CELLS["lstm"], rng, D=3), direction="both", h0=rng.normal(size=5),
                 backward=random_arrays(CELLS["lstm"], rng, D=3))  # fmt: skip
    stack = Network([both, Layer(MGU, **random_arrays(MGU, rng, D=10, H=4))], rng.normal(size=(3, 4)), output="tanh")
    relu = random_network(CELLS["elman"].switch(activation="relu"), D=3, dtype="float32")
    path, x = str(tmp_path / "m.safetensors"), rng.normal(size=(6, 3)).astype(np.float32)
    given = "; ".join(" ".join(map(str, row)) for row in x.tolist())
    for net in (stack, relu, random_network(CELLS["i2h_i2o"], D=3), random_network(CELLS["jordan"], D=3)):
        models.save(models.Model(net), path)
        done = run("forward", "--model", path, "--x", given, "--format", "json")
        assert done.returncode == 0, done.stderr
        shown, wanted = json.loads(done.stdout), net.forward(x)
        assert np.allclose(
            np.array(shown["trace"]["y"] if "y" in shown["trace"] else shown["trace"]["h"]), net(x), rtol=1e-6
        )
        assert np.allclose(shown["trace"]["h"], wanted.h, rtol=1e-6)
    assert "h_1" in run("forward", "--model", path, "--x", given, "--work", "--step", "1").stdout
    for words, message in (
        (("--model", path), "--model needs inputs"),
        (("--model", path, "--data", "x.csv"), "there is no such file"),
        (("--data", "x.csv"), "--data goes with --model"),
        (("--model", str(tmp_path / "no"), "--x", "1"), "cannot read"),
    ):
        done = run("forward", *words)
        assert done.returncode == 2
        assert message in done.stderr


def test_forward_reads_data_as_training_did(tmp_path: Path) -> None:
    series(tmp_path)
    finished(tmp_path, "train", "--data", "series.csv", "--target", "y", "--window", "20", "--epochs", "1", "--hidden",
             "4", "-o", "m.safetensors")  # fmt: skip
    out = finished(tmp_path, "forward", "--model", "m.safetensors", "--data", "series.csv", "--sequence", "3",
                   "--format", "json")  # fmt: skip
    model, shown = models.load(tmp_path / "m.safetensors"), json.loads(out)
    read = data.read_again(str(tmp_path / "series.csv"), DataDescription.of(model.data))
    wanted = model.network(np.asarray(read.x[40:60], np.float32))
    assert np.allclose(shown["trace"]["y"], wanted, rtol=1e-5, atol=1e-6)
    assert any("standardised" in note for note in shown["notes"])
    (tmp_path / "p.txt").write_text("abab\n")
    finished(
        tmp_path, "train", "--data", "p.txt", "--by", "line", "--epochs", "1", "--hidden", "4", "-o", "t.safetensors"
    )
    out = finished(tmp_path, "forward", "--model", "t.safetensors", "--data", "p.txt", "--show", "y")
    assert "T = 5 steps, D = 3 inputs" in out
