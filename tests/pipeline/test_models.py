"""Runs on the command line: the examples, models, checkpoints, interruptions, predictions, generated text."""

import csv
import io
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from support.helpers import EXAMPLES as HERE
from support.helpers import MGU, compiler, random_arrays, random_network, run
from support.killed_training import RUN, finished, killed_and_resumed, same, series, started, wait_for

from rnncalc.cli.main import commands
from rnncalc.cli.results import tell
from rnncalc.cli.streams import SpelledStream
from rnncalc.errors import ParseError, RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import data, recipe
from rnncalc.pipeline.account import Account
from rnncalc.pipeline.bigram import Bigram
from rnncalc.pipeline.examples import EXAMPLES
from rnncalc.pipeline.examples.makers import HERE as PACKAGED
from rnncalc.pipeline.examples.makers import MAKERS, poems
from rnncalc.pipeline.generate import generate
from rnncalc.report.loss_curve import curve

# ------------------------------------------------------------------------------------------------------------ examples

REACHED: dict[
    str, tuple[dict[str, int], Callable[[dict[str, float]], bool]]
] = {  # example → shorter run, what it must still reach on unseen data
    "binary-addition": ({"epochs": 25}, lambda test: test["whole"] == 1.0),
    "sin-cos": ({"epochs": 25}, lambda test: test["loss"] < 1e-3),
    "digits": ({"epochs": 25}, lambda test: test["accuracy"] >= 0.97),
    "quatrains": ({"epochs": 6}, lambda test: test["loss"] < test["bigram_loss"]),
    "cnn-features": ({"epochs": 25}, lambda test: test["accuracy"] >= 0.9),
    "names": ({"epochs": 8}, lambda test: test["accuracy"] >= 0.95),
}


@compiler  # interpreted, they take hours
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one_command(name: str, tmp_path: Path) -> None:
    shorter, reached = REACHED[name]
    options = [word for key, value in shorter.items() for word in (f"--{key}", str(value))]
    model = str(tmp_path / "model.safetensors")
    done = run("train", "--example", name, *options, "-o", model, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert f"$ rnncalc train --data example:{name} --cell" in done.stderr
    result = json.loads(done.stdout)
    assert reached(result["test"]), result["test"]
    assert len(result["history"]) == shorter["epochs"]
    assert models.load(model).network.sizes["O"] == models.load(model).data["outputs"]
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_the_examples_commands_are_written_down() -> None:
    written = (HERE / "training.txt").read_text(encoding="utf-8").splitlines()
    assert written == [recipe.command(recipe.example(name), f"{name}.safetensors") for name in EXAMPLES]


def test_the_command_an_example_stands_for_gives_the_same_model(tmp_path: Path) -> None:
    first, second = (str(tmp_path / name) for name in ("a.safetensors", "b.safetensors"))
    done = run("train", "--example", "names", "--epochs", "1", "-o", first)
    command = next(line for line in done.stderr.splitlines() if line.startswith("$ rnncalc train"))
    run(*command.split()[2:-1], second)
    assert models.read(first)[0].keys() == models.read(second)[0].keys()
    for name, array in models.read(first)[0].items():
        assert np.array_equal(array, models.read(second)[0][name])


def test_test_sets_are_unseen() -> None:
    for name in MAKERS:
        train, test, _about = MAKERS[name]()
        known = {train.x[a:b].tobytes() for a, b in zip(train.offsets, train.offsets[1:])}
        assert not any(test.x[a:b].tobytes() in known for a, b in zip(test.offsets, test.offsets[1:])), name


def test_the_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    train, test, _about = MAKERS["digits"]()
    ours = sorted(x.tobytes() for part in (train, test) for x in (part.x * 16).astype(np.uint8).reshape(-1, 64))
    assert ours == sorted(x.tobytes() for x in datasets.load_digits().data.astype(np.uint8))


def test_the_poems_are_quatrains() -> None:
    quatrains = poems()
    assert len(quatrains) == len({text for _title, _author, text in quatrains}) == 1766
    for title, author, text in quatrains:
        lines = text.replace("。", "，").split("，")
        assert title
        assert author
        assert [len(line) for line in lines] in ([5, 5, 5, 5, 0], [7, 7, 7, 7, 0]), title
        assert text[len(lines[0])] == "，"
        assert text.endswith("。")
        assert all("\u4e00" <= character <= "\u9fff" for line in lines for character in line)
    assert (PACKAGED / "quatrains.tsv").stat().st_size < 300_000
    couplets = Counter(half for _title, _author, text in quatrains for half in text.split("。")[:2])
    assert max(couplets.values()) == 1  # no poem twice under another name, one half here and one half kept back


def test_a_bigram_is_a_distribution_and_the_pairs_it_knows_are_likelier() -> None:
    train, test, about = MAKERS["quatrains"]()
    bigram, V = Bigram([train], about.inputs), about.inputs
    for first in (0, 1, 7, 500, V - 1):
        assert sum(bigram.probability(first, second) for second in range(V)) == pytest.approx(1, abs=1e-12)
    empty = Bigram([], 7)
    assert sum(empty.probability(1, second) for second in range(7)) == pytest.approx(1)
    unigram = np.bincount(train.y[train.y >= 0], minlength=V) + 1
    flat = -np.log(unigram / unigram.sum())[test.y[test.y >= 0]].mean()
    assert bigram.loss(train) < bigram.loss(test) < flat


# -------------------------------------------------------------------------------------------------------------- models


def test_a_model_comes_back_with_the_same_bits(tmp_path: Path) -> None:
    path, rng = tmp_path / "m.safetensors", np.random.default_rng(0)
    both = Layer(
        "lstm", **random_arrays(CELLS["lstm"], rng), direction="both", merge="ave", h0=rng.normal(size=5),
        backward=random_arrays(CELLS["lstm"], rng),
    )  # fmt: skip
    stack = Network([both, Layer(MGU, **random_arrays(MGU, rng, D=5, H=4))], rng.normal(size=(3, 4)), output="tanh")
    relu = random_network(CELLS["elman"].switch(activation="relu"), dtype="float32")
    for net in (stack, relu, random_network(CELLS["jordan"]), random_network(CELLS["i2h_i2o"])):
        x = rng.normal(size=(2, 6, net.sizes["D"]))
        about = {"kind": "arrays", "inputs": net.sizes["D"], "outputs": net.sizes["O"], "classes": False, "at": "last"}
        models.save(models.Model(net, about, {"lr": 0.1}, [{"epoch": 1, "loss": 1.5}]), path)
        back = models.load(path)
        assert np.array_equal(back.network(x), Network(net.layers, *_top(net), dtype=net.dtype)(x))
        assert (back.data, back.settings, back.history) == (about, {"lr": 0.1}, [{"epoch": 1, "loss": 1.5}])
        assert back.network.dtype == net.dtype


def _top(net: Network) -> tuple[Any, ...]:
    return (net.read_out.arrays["V"], net.read_out.arrays["c"], net.output) if net.read_out else ()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for content in (b"", b"not a model", os.urandom(500)):
        path.write_bytes(content)
        with pytest.raises(ParseError, match="cannot read"):
            models.load(path)
    models.write(path, {"a": np.zeros(3)}, {"format": 99})
    with pytest.raises(ParseError, match=r"format 99, which a later version of rnncalc wrote.* up to 1: pip install"):
        models.load(path)
    for no_format in ({}, {"format": "1"}, {"format": None}, {"format": True}, {"format": 0}):
        models.write(path, {"a": np.zeros(3)}, no_format)
        with pytest.raises(ParseError, match="no model that rnncalc"):
            models.load(path)
    with pytest.raises(RnncalcError, match="cannot write"):
        models.save(models.Model(random_network(CELLS["lstm"])), tmp_path / "nowhere" / "m.safetensors")


# ------------------------------------------------------------------------------------------------- interrupted, resumed


def test_a_run_that_was_never_finished_is_put_aside_and_not_overwritten(tmp_path: Path) -> None:
    series(tmp_path)
    for number in (1, 2):
        (tmp_path / "m.safetensors.checkpoint").write_text(f"run {number}")
        process = started(tmp_path, *RUN, "--epochs", "1", "-o", "m.safetensors")
        assert f"m.safetensors.checkpoint.{number}" in process.communicate(timeout=120)[1]
        assert process.returncode == 0
        assert (tmp_path / f"m.safetensors.checkpoint.{number}").read_text() == f"run {number}"
        assert not (tmp_path / "m.safetensors.checkpoint").exists()


@compiler
def test_a_run_that_is_killed_is_resumed_to_the_same_bits(tmp_path: Path) -> None:
    whole, killed, seen = killed_and_resumed(tmp_path, 3, epochs=400)
    same(whole, killed)
    assert len(set(seen)) > 1
    assert not list(tmp_path.glob(".killed*"))
    assert not (tmp_path / "killed.safetensors.checkpoint").exists()


def test_interrupting_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    series(tmp_path)
    process = started(tmp_path, *RUN, "--epochs", "4000", "-o", "m.safetensors")
    wait_for(tmp_path / "m.safetensors.checkpoint", process)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "rnncalc train --resume -o m.safetensors" in err
    (tmp_path / "series.csv").write_text("x,y\n" + "1.5,2\n" * 1600)
    process = started(tmp_path, "train", "--resume", "-o", "m.safetensors")
    assert "the data has changed" in process.communicate(timeout=60)[1]
    assert process.returncode == 2


def test_a_run_that_diverges_keeps_a_model_and_exits_3(tmp_path: Path) -> None:
    series(tmp_path)
    process = started(tmp_path, *RUN, "--cell", "elman", "--activation", "relu", "--optimizer", "sgd", "--lr", "1e6",
                      "-o", "m.safetensors")  # fmt: skip
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "gradient norms of the latest steps" in err
    assert all(
        np.isfinite(array).all() for array in models.load(tmp_path / "m.safetensors").network.layers[0].arrays.values()
    )


# ------------------------------------------------------------------------------------------- configuration, prediction


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
    read = data.read_again(str(tmp_path / "series.csv"), Account.of(model.data))
    wanted = model.network(np.asarray(read.x[40:60], np.float32))
    assert np.allclose(shown["trace"]["y"], wanted, rtol=1e-5, atol=1e-6)
    assert any("standardised" in note for note in shown["notes"])
    (tmp_path / "p.txt").write_text("abab\n")
    finished(
        tmp_path, "train", "--data", "p.txt", "--by", "line", "--epochs", "1", "--hidden", "4", "-o", "t.safetensors"
    )
    out = finished(tmp_path, "forward", "--model", "t.safetensors", "--data", "p.txt", "--show", "y")
    assert "T = 5 steps, D = 3 inputs" in out


# ------------------------------------------------------------------------------------------------------ generated text


@pytest.fixture(scope="module")
def poet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poet")
    done = run("train", "--example", "quatrains", "--epochs", "3", "-o", str(folder / "m.safetensors"))
    assert done.returncode == 0, done.stderr
    return folder / "m.safetensors"


@compiler
def test_an_acrostic_begins_its_lines_as_asked(poet: Path) -> None:
    model = models.load(poet)
    for seed in range(4):
        text = generate(model, acrostic="春江花月", seed=seed, temperature=0.5)
        lines = [line for line in text.replace("。", "，").split("，") if line]
        assert [line[0] for line in lines] == list("春江花月")
        assert text == generate(model, acrostic="春江花月", seed=seed, temperature=0.5)
    notes: list[str] = []
    assert generate(model, acrostic="鑫", note=notes.append)[0] == "鑫"
    assert "鑫" in notes[0]


@compiler
def test_the_likeliest_text_does_not_depend_on_the_seed(poet: Path) -> None:
    model = models.load(poet)
    assert len({generate(model, start="床", temperature=0, seed=seed) for seed in range(3)}) == 1
    assert len({generate(model, start="床", seed=seed) for seed in range(5)}) > 1
    assert generate(model, start="床", top_k=1) == generate(model, start="床", temperature=0)
    assert len(generate(model, 3, start="床")) <= 3
    done = run("generate", str(poet), "--start", "床", "--temperature", "0", "--count", "2")
    assert done.stdout.splitlines()[0] == generate(model, start="床", temperature=0)


def test_a_curve_of_the_loss() -> None:
    history = [{"loss": 2.0 / (n + 1), "val_loss": 3.0 / (n + 1)} for n in range(200)]
    lines = curve(history).splitlines()
    assert len(lines) == 9
    assert "○" in lines[0]
    assert "•" in lines[7]
    assert curve(history[:1]) == curve([{"loss": float("nan")}] * 3) == ""


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "•"), ("latin-1", "*")])
def test_a_curve_is_drawn_with_characters_that_the_terminal_has(
    encoding: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = SimpleNamespace(history=[{"loss": 2.0 / (n + 1)} for n in range(5)], steps=5)
    shown = io.BytesIO()
    with monkeypatch.context() as there:
        there.setattr(sys, "stdout", SpelledStream(shown, encoding, "strict", line_buffering=True))
        tell(SimpleNamespace(trainer=SimpleNamespace(progress=progress, validation=None), test=None), "m", 1.0, True)
    assert mark in shown.getvalue().decode(encoding)


@pytest.mark.parametrize("scheme", ["torch", "keras", "xavier", "orthogonal", "identity"])
def test_schemes_draw_what_they_say(scheme: str) -> None:
    from rnncalc.network.weights.initialise import arrays

    rng = np.random.default_rng(0)
    drawn = arrays(CELLS["lstm"], {"D": 7, "H": 5, "O": 2}, rng, scheme)
    blocks = drawn["W"].reshape(4, 5, 5)
    if scheme in ("keras", "orthogonal"):
        for block in blocks:
            assert np.allclose(block @ block.T, np.eye(5))
    if scheme == "torch":
        assert 0.8 / np.sqrt(5) < np.abs(drawn["U"]).max() <= 1 / np.sqrt(5)
        assert drawn["b"].std() > 0.1
    if scheme == "identity":
        assert np.array_equal(blocks, [np.eye(5)] * 4)
    forget = drawn["b"].reshape(4, 5)[1]
    assert (forget == 1).all() == (scheme == "keras")
    repeated = arrays(CELLS["lstm"], {"D": 7, "H": 5, "O": 2}, np.random.default_rng(0), scheme, forget_bias=1.0)
    assert (repeated["b"].reshape(4, 5)[1] == 1).all()
    assert np.array_equal(repeated["W"], drawn["W"])


def test_init_writes_a_problem_that_forward_reads(tmp_path: Path) -> None:
    path = str(tmp_path / "p.json")
    assert run("init", "gru", "--init", "orthogonal", "--outputs", "2", "-o", path).returncode == 0
    done = run("forward", path, "--x", "1 2; 3 4", "--format", "json")
    assert np.array(json.loads(done.stdout)["trace"]["y"]).shape == (2, 2)
    assert "orthogonal gate by gate" in run("init", "lstm").stdout
