"""RMSE, MAE, accuracy, macro F1 and perplexity: as scikit-learn has them, in the units of the data, by name."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import run

from rnncalc.common import spool
from rnncalc.model.losses import LOSSES
from rnncalc.pipeline import metrics, recipe, sweep
from rnncalc.pipeline import run as runs
from rnncalc.pipeline.data_description import DataDescription
from rnncalc.pipeline.series import outputs

CLASSES, SIGNS = LOSSES["cross_entropy"], LOSSES["binary_cross_entropy"]


@pytest.fixture(params=[7, spool.BLOCK])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some rows at a time, and all together."""
    monkeypatch.setattr(spool, "BLOCK", request.param)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_numbers_are_judged_in_the_units_of_the_data(scaled: bool, gaps: float) -> None:
    theirs, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(0)
    y, targets = rng.normal(size=(2, 40, 3))
    about = DataDescription(y_mean=[1.0, -2.0, 5.0], y_std=[0.1, 7.0, 300.0]) if scaled else DataDescription()
    targets[rng.random(targets.shape) < gaps] = np.nan
    there = ~np.isnan(targets)
    mean, deviation = np.array(about.y_mean or [0.0] * 3), np.array(about.y_std or [1.0] * 3)
    wanted, said = (targets * deviation + mean)[there], (y * deviation + mean)[there]
    scores = metrics.of_numbers(y.astype(np.float64), targets, about)
    assert scores["rmse"] == pytest.approx(math.sqrt(theirs.mean_squared_error(wanted, said)), rel=1e-12)
    assert scores["mae"] == pytest.approx(theirs.mean_absolute_error(wanted, said), rel=1e-12)
    assert scores["mean_squared_error"] == pytest.approx(scores["rmse"] ** 2, rel=1e-12)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("form", ["numbers", "one-hot", "softened"])
@pytest.mark.parametrize("used", [6, 4])  # of six classes, so that some are neither wanted nor said
def test_classes_are_judged_as_scikit_learn_does(form: str, used: int) -> None:
    theirs, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(1)
    y = rng.normal(size=(60, 6))
    y[:, used:] = -9
    wanted = rng.choice(used, 60, p=np.arange(1, used + 1) / sum(range(1, used + 1)))
    y[np.arange(60), wanted] += 1
    there = rng.random(60) < 0.8
    targets: Any = np.where(there, wanted, -1)
    if form != "numbers":
        share = 1.0 if form == "one-hot" else 0.6
        targets = np.where(there[:, None], share * np.eye(6)[wanted] + (1 - share) / 6, np.nan)
    scores = metrics.of_classes(y, targets, CLASSES, 0.0)
    said = y.argmax(axis=1)
    assert scores["accuracy"] == pytest.approx(theirs.accuracy_score(wanted[there], said[there]), rel=1e-12)
    assert scores["macro_f1"] == pytest.approx(theirs.f1_score(wanted[there], said[there], average="macro"), rel=1e-12)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("middle", [0.0, 0.5])
def test_yes_or_no_is_judged_as_scikit_learn_does(width: int, middle: float) -> None:
    theirs, rng = pytest.importorskip("sklearn.metrics"), np.random.default_rng(2)
    targets = (rng.random((50, width)) < 0.3).astype(float)
    y = targets + rng.normal(size=(50, width)) + middle - 0.4
    scores = metrics.of_classes(y, targets, SIGNS, middle)
    wanted, said = targets.astype(int).squeeze(), (y > middle).astype(int).squeeze()
    assert scores["accuracy"] == pytest.approx(theirs.accuracy_score(wanted, said), rel=1e-12)
    assert scores["macro_f1"] == pytest.approx(theirs.f1_score(wanted, said, average="macro"), rel=1e-12)


def test_a_label_that_is_missing_counts_in_no_figure_of_its_class() -> None:
    rng = np.random.default_rng(4)
    y, targets = rng.normal(size=(50, 3)), (rng.random((50, 3)) < 0.4).astype(float)
    targets[rng.random(targets.shape) < 0.3] = np.nan
    by_class = []
    for said, wanted in zip(y.T > 0, targets.T):
        there = ~np.isnan(wanted)
        yes = wanted[there] == 1
        by_class.append(2 * (said[there] & yes).sum() / (said[there].sum() + yes.sum()))
    assert metrics.of_classes(y, targets, SIGNS, 0.0)["macro_f1"] == pytest.approx(np.mean(by_class), rel=1e-12)


def test_of_classes_that_are_equally_likely_each_is_right() -> None:
    y, targets = np.array([[3.0, 1, 0], [0, 1, 0]]), np.array([[0.5, 0.5, 0], [0.5, 0.5, 0]])
    assert metrics.of_classes(y, targets, CLASSES, 0.0) == {"accuracy": 1.0, "macro_f1": 1.0}


def test_without_a_target_nothing_is_reached() -> None:
    nothing = np.full((4, 2), np.nan)
    assert metrics.of_classes(np.ones((4, 2)), nothing, CLASSES, 0.0) == {"accuracy": 0.0, "macro_f1": 0.0}
    assert metrics.of_numbers(np.ones((4, 2)), nothing, DataDescription())["mae"] == 0


def test_a_perplexity_beyond_all_numbers_is_infinite() -> None:
    assert metrics.perplexity(math.log(7)) == pytest.approx(7)
    assert metrics.perplexity(800.0) == math.inf
    assert math.isnan(metrics.perplexity(math.nan))


def written(kind: str, folder: Path) -> dict[str, Any]:
    """Data to learn from and to be tested on, as options."""
    rng, options = np.random.default_rng(3), dict[str, Any]()
    for name in ("data", "test"):
        place = folder / (f"{name}.txt" if kind == "text" else f"{name}.csv")
        x = rng.normal(size=60)
        y = np.round(1000 + 50 * x, 2) if kind == "numbers" else np.where(x > 0.5, "wet", "dry")
        rows = "".join(f"{a},{b}\n" for a, b in zip(x, y))
        place.write_text("to be or not to be " * 9 if kind == "text" else "x,y\n" + rows)
        options[name] = str(place)
    return {**options, **({} if kind == "text" else {"target": "y", "window": 5}), "hidden": 3, "epochs": 2,
            "engine": "equations", "val": 0.3}  # fmt: skip


@pytest.mark.parametrize("kind", ["numbers", "classes", "text"])
def test_train_and_sweep_say_the_same_figures(kind: str, tmp_path: Path) -> None:
    options = written(kind, tmp_path)
    names = {"numbers": {"rmse", "mae"}, "classes": {"accuracy", "macro_f1"}, "text": {"perplexity", "accuracy"}}[kind]
    made = recipe.prepare(options)
    made.trainer.run()
    judged = {
        part: runs.judged(made, data) for part, data in (("val", made.trainer.validation), ("test", made.test)) if data
    }
    swept = sweep.carry_out(options)
    for part, scores in judged.items():
        assert names <= set(scores)
        assert {f"{part}_{name}": value for name, value in scores.items()}.items() <= swept.items()
    if kind == "text":
        assert judged["test"]["perplexity"] == math.exp(judged["test"]["loss"])
    elif kind == "numbers":
        assert made.test is not None
        said = outputs(made.network, made.test) * made.about.y_std + made.about.y_mean
        wanted = made.test.y * made.about.y_std + made.about.y_mean
        assert judged["test"]["mae"] == pytest.approx(abs(said - wanted).mean(), rel=1e-12)
        assert judged["test"]["mae"] > 5  # in the units of the data, not of the scaled ones
    else:
        best = min(made.trainer.progress.history, key=lambda entry: entry["val_loss"])
        assert judged["val"]["accuracy"] == best["val_accuracy"]


@pytest.mark.parametrize(
    ("kind", "language", "words"),
    [
        ("numbers", "en", ["RMSE in the units of the data ", "MAE in the units of the data "]),
        ("classes", "en", ["accuracy ", "macro F1 "]),
        ("text", "en", ["perplexity ", "accuracy "]),
        ("numbers", "zh", ["RMSE（数据的单位）", "MAE（数据的单位）"]),
        ("classes", "zh", ["准确率", "宏平均 F1"]),
        ("text", "zh", ["困惑度", "准确率"]),
    ],
)
def test_train_says_them_by_name(kind: str, language: str, words: list[str], tmp_path: Path) -> None:
    options = [word for name, value in written(kind, tmp_path).items() for word in ("--" + name, str(value))]
    command = ["--lang", language, "train", *options, "-o", str(tmp_path / "m.safetensors"), "--quiet"]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith(("validation", "test", "验证", "测试"))]
    assert len(lines) == 2
    for line in lines:
        assert [word for word in words if word not in line] == []
    if language == "en":
        done = run(*command, "--format", "json")
        assert {"rmse", "macro_f1", "perplexity"} & set(json.loads(done.stdout)["test"])
