"""Sequences with one target each, and tokens: what is read in training is what is read of new files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import run

import rnncalc
from rnncalc.errors import ProblemError
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import data, recipe, sweep
from rnncalc.pipeline.generate import generate
from rnncalc.pipeline.run import judged

LENGTHS = (3, 5, 1, 4, 2, 6, 3, 2)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    """Ragged sequences, with one number each."""
    rng = np.random.default_rng(1)
    path = tmp_path / "data.npz"
    np.savez(path, x=rng.normal(size=(8, 6, 3)), y=rng.normal(size=(8, 2)), lengths=np.array(LENGTHS))
    return path


def options(path: Path, **more: Any) -> dict[str, Any]:
    return {
        "data": str(path), "cell": "gru", "hidden": 4, "epochs": 1, "engine": "equations", "dtype": "float64",
        "scale": "none", **more,
    }  # fmt: skip


@pytest.mark.parametrize("direction", ["forward", "both"])
@pytest.mark.parametrize("summary", [None, "last", "final", "mean", "max"])
def test_a_model_predicts_what_it_has_learnt(direction: str, summary: str | None, arrays: Path, tmp_path: Path) -> None:
    given = {"summary": summary} if summary else {}
    trained = recipe.prepare(options(arrays, direction=direction, **given))
    usual = "last" if direction == "forward" else "final"
    assert trained.network.summary == summary or (summary is None and trained.network.summary == usual)
    trained.trainer.run()
    place = tmp_path / "model.safetensors"
    models.save(models.Model(trained.network, trained.about.known(), trained.options), place)
    model = rnncalc.load_model(place)
    ends = [record["y[1]"] for record in model.predict(arrays)]
    x = np.load(arrays)["x"]
    wanted = [model.predict(rows[:n])[-1, 0] for rows, n in zip(x, LENGTHS)]
    np.testing.assert_allclose(ends, wanted, rtol=1e-12)
    sequences = data.read_again(str(arrays), trained.about)
    error = judged(trained, sequences)["loss"]
    outputs = np.array([model.network(rows[:n])[-1] for rows, n in zip(x, LENGTHS)])
    assert error == pytest.approx(((outputs - np.load(arrays)["y"]) ** 2).mean(), rel=1e-10)


def test_the_command_and_the_sweep_take_it(arrays: Path, tmp_path: Path) -> None:
    model = str(tmp_path / "model.safetensors")
    words = ["--direction", "both", "--hidden", "3", "--epochs", "1", "--engine", "equations", "--quiet"]
    done = run("train", "--data", str(arrays), *words, "--summary", "max", "-o", model)
    assert done.returncode == 0, done.stderr
    said = json.loads(run("inspect", model, "--format", "json").stdout)
    assert said["summary"] == "max"
    assert "max" in repr(rnncalc.load_model(model))
    refused = run("forward", "--model", model, "--data", str(arrays))
    assert refused.returncode == 2
    trials = [options(arrays, direction="both", summary=word) for word in ("final", "mean")]
    results = [sweep.carry_out(trial) for trial in trials]
    assert [result.get("error") for result in results] == [None, None]
    assert results[0]["val_loss"] != results[1]["val_loss"]


def words(path: Path) -> Path:
    path.write_text("the cat sat on the mat\na dog sat on a log\n" * 12)
    return path


@pytest.mark.parametrize("by", ["stream", "line"])
def test_a_text_is_learnt_through_an_embedding(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = words(tmp_path / "text.txt")
    given = {"tokens": "words", "by": by, "embed": 3, "batch": 2, **({"chunk": 5} if by == "stream" else {})}
    trained = recipe.prepare(options(source, **given))
    assert trained.network.embeds
    trained.trainer.run()
    place = tmp_path / "model.safetensors"
    models.save(models.Model(trained.network, trained.about.known(), trained.options), place)
    model = rnncalc.load_model(place)

    def never(*_given: Any) -> None:
        raise AssertionError("one-hot rows were made")

    monkeypatch.setattr("rnncalc.network.training.sequences.Sequences.in_full", never)
    said = model.predict(source)
    numbers = [model.vocabulary.index(word) for word in "the cat sat".split()]
    odds = model.predict(np.array(numbers))
    first = [record["probability"] for record in said[:3]] if by == "stream" else odds.max(axis=1)
    np.testing.assert_allclose(odds.max(axis=1), first, rtol=1e-6)
    assert generate(model, 6, start="the")


def test_numbers_are_no_tokens(arrays: Path) -> None:
    with pytest.raises(ProblemError, match="--embed is of tokens"):
        recipe.prepare(options(arrays, embed=3))
