"""Runs on the command line: the examples, models, checkpoints, interruptions."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import EXAMPLES as HERE
from support.helpers import MGU, compiler, random_arrays, random_network, run
from support.killed_training import RUN, killed_and_resumed, same, series, started, wait_for

from rnncalc.errors import ParseError, RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import recipe
from rnncalc.pipeline.bigram import Bigram
from rnncalc.pipeline.examples import EXAMPLES
from rnncalc.pipeline.examples.makers import HERE as PACKAGED
from rnncalc.pipeline.examples.makers import MAKERS, poems

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
