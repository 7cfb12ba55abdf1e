"""Weights in files and options: the same rows in every kind of file, moved with their targets, said where they lack."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import predict as prediction
from rnncalc.pipeline import recipe
from rnncalc.pipeline import run as runs
from rnncalc.pipeline.baselines import baseline

SMALL: dict[str, Any] = {"hidden": 2, "epochs": 1, "engine": "equations", "dtype": "float64", "scale": "none"}
LENGTHS = [5, 1, 7, 4]
KINDS = ("table", "arrays", "lines")


def columns(classes: bool, seed: int = 0) -> dict[str, Any]:
    rng, count = np.random.default_rng(seed), sum(LENGTHS)
    return {
        "who": np.repeat(["p", "q", "r", "s"], LENGTHS),
        "u": rng.normal(size=count).round(3),
        "w": rng.choice([0, 0.5, 1, 3], size=count),
        "y": rng.choice(["cat", "dog", "fox"], size=count) if classes else rng.normal(size=count).round(3),
    }


def write(folder: Path, kind: str, of: dict[str, Any], lacking: str = "") -> str:
    """The same sequences as a file of each kind."""
    cuts = np.cumsum(LENGTHS)[:-1]
    parts = {name: np.split(values, cuts) for name, values in of.items() if name != lacking}
    if kind == "table":
        path = folder / "a.csv"
        kept = {name: values for name, values in of.items() if name != lacking}
        path.write_text("\n".join([",".join(kept), *(",".join(map(str, row)) for row in zip(*kept.values()))]))
    elif kind == "lines":
        path = folder / "a.jsonl"
        names = {"u": "x", "y": "y", "w": "w"}
        records = [
            {key: parts[name][k].tolist() for name, key in names.items() if name in parts} for k in range(len(LENGTHS))
        ]
        path.write_text("\n".join(map(json.dumps, records)))
    else:
        path = folder / "a.npz"
        text = of["y"].dtype.kind == "U"

        def padded(name: str, blank: Any) -> np.ndarray:
            rows = [[*part.tolist(), *[blank] * (max(LENGTHS) - len(part))] for part in parts[name]]
            return np.array(rows)

        arrays: dict[str, Any] = {
            "x": padded("u", 0.0),
            "y": padded("y", "" if text else np.nan),
            "lengths": np.array(LENGTHS),
        }
        if "w" in parts:
            arrays["w"] = padded("w", -1.0)
        np.savez(path, **arrays)
    return str(path)


def options(kind: str, path: str, **more: Any) -> dict[str, Any]:
    own = {"id": "who", "target": "y"} if kind == "table" else {}
    return {"data": path, "at": "every", **own, **SMALL, **more}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("classes", [True, False])
def test_every_kind_of_file_holds_weights(kind: str, classes: bool, tmp_path: Path) -> None:
    given = columns(classes)
    path = write(tmp_path, kind, given)
    plain, run = (recipe.prepare(options(kind, path, **more)) for more in ({}, {"weight": "w"}))
    assert plain.trainer.data.weights is None
    data = run.trainer.data
    assert data.weights is not None
    assert np.array_equal(data.weights, given["w"])
    there = data.y >= 0 if classes else ~np.isnan(data.y[:, 0])
    assert np.array_equal(there, given["w"] > 0)
    assert run.about.input in (["u"], ["x"])
    assert run.fingerprint != plain.fingerprint


@pytest.mark.parametrize(
    ("ahead", "window", "stride", "at"),
    [
        case
        for case in itertools.product((0, 2), (0, 3), (None, 2), ("every", "last"))
        if case[1] or not case[0] or case[3] == "every"  # else the last target lies after the end
    ],
)
def test_weights_go_where_their_targets_go(
    ahead: int, window: int, stride: int | None, at: str, tmp_path: Path
) -> None:
    given = columns(False)
    given["w"] = given["w"] + 1
    given["y"] = given["w"] * 10  # a target says its own weight
    more = {"ahead": ahead, "window": window, "stride": stride if window else None, "at": at, "past": False}
    run = recipe.prepare({**options("table", write(tmp_path, "table", given), weight="w"), **more, "input": "u"})
    data = run.trainer.data
    there = ~np.isnan(data.y[:, 0])
    assert there.any()
    assert data.weights is not None
    assert np.array_equal(data.y[there, 0], 10 * data.weights[there])


def test_a_horizon_has_no_weight_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path, "table", columns(False))
    with pytest.raises(ProblemError, match="--weight is of one"):
        recipe.prepare(options("table", path, weight="w", horizon=2))


@pytest.mark.parametrize("kind", KINDS)
def test_classes_weigh_by_name(kind: str, tmp_path: Path) -> None:
    given = columns(True)
    path = write(tmp_path, kind, given)
    counts = {name: float((given["y"] == name).sum()) for name in ("cat", "dog", "fox")}
    balanced = {name: sum(counts.values()) / (3 * count) for name, count in counts.items()}
    for said, wanted in (
        ("balanced", balanced),
        ("dog=2.5, fox=0", {"cat": 1.0, "dog": 2.5, "fox": 0.0}),
    ):
        run = recipe.prepare(options(kind, path, class_weight=said))
        expected = np.array([wanted[name] for name in given["y"]])
        weights = run.trainer.data.weights
        assert weights is not None
        assert np.allclose(weights, expected)
        assert any("counts: cat" in note for note in run.notes)
        both = recipe.prepare(options(kind, path, class_weight=said, weight="w")).trainer.data.weights
        seen = expected * given["w"]
        if said != "balanced":  # which counts the targets that have a weight
            assert both is not None
            assert np.allclose(both, seen)


def test_the_loss_beside_it_is_weighted_too(tmp_path: Path) -> None:
    given = columns(True)
    run = recipe.prepare(options("table", write(tmp_path, "table", given), weight="w"))
    counts = np.array([1 + (given["y"][given["w"] > 0] == name).sum() for name in ("cat", "dog", "fox")])
    shares = dict(zip(("cat", "dog", "fox"), counts / counts.sum()))
    losses = np.array([-np.log(shares[name]) for name in given["y"]])
    wanted = (losses * given["w"]).sum() / given["w"].sum()
    assert baseline(run, run.trainer.data)["majority_loss"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"weight": "v"}, "v"),
        ({"class_weight": "cow=2"}, "there is no class “cow”"),
        ({"class_weight": "cat=two"}, "the weight of “cat” is a number, not “two”"),
        ({"class_weight": "cat"}, "cat=2,dog=0.5"),
        ({"class_weight": "cat=-1"}, "a finite number from 0"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_are_not_there_are_refused(kind: str, more: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(RnncalcError, match=said):
        recipe.prepare(options(kind, write(tmp_path, kind, columns(True)), **more))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_weights_that_cannot_be_are_refused(kind: str, value: float, tmp_path: Path) -> None:
    given = columns(False)
    given["w"][3] = value
    with pytest.raises(RnncalcError, match="w"):
        recipe.prepare(options(kind, write(tmp_path, kind, given), weight="w", missing=None))


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_foretells_without_weights(kind: str, tmp_path: Path) -> None:
    given, model = columns(True), str(tmp_path / "m.safetensors")
    path = write(tmp_path, kind, given)
    run = recipe.prepare(options(kind, path, weight="w", class_weight="balanced"))
    runs.carry_out(run, model, 60, lambda _trainer: None)
    whole = list(prediction.predict(models.load(model), path))
    assert list(prediction.predict(models.load(model), write(tmp_path, kind, given, lacking="w"))) == whole
    tested = recipe.prepare({**options(kind, write(tmp_path, kind, given), weight="w"), "test": path})
    assert tested.test is not None
    assert tested.test.weights is not None


def test_a_test_without_weights_is_said(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    unseen = write(tmp_path / "test", "table", columns(True), lacking="w")
    run = recipe.prepare({**options("table", write(tmp_path, "table", columns(True)), weight="w"), "test": unseen})
    assert run.test is not None
    assert run.test.weights is None
    assert any("no column “w”: its targets count alike" in note for note in run.notes)
