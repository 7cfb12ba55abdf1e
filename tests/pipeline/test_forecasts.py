"""Forecasts: what is foretold and from what, windows that overlap, and the baseline beside every loss."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc.errors import ProblemError, ShapeError
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline import predict as prediction
from rnncalc.pipeline import recipe
from rnncalc.pipeline import run as runs
from rnncalc.pipeline.baselines import baseline

SMALL: dict[str, Any] = {"hidden": 2, "epochs": 1, "engine": "equations", "dtype": "float64"}


def prepared(folder: Path, columns: dict[str, Any], **options: Any) -> recipe.Run:
    rows = zip(*(map(str, values) for values in columns.values()))
    (folder / "a.csv").write_text("\n".join(map(",".join, [list(columns), *rows])) + "\n")
    return recipe.prepare({"data": str(folder / "a.csv"), **SMALL, **options})


def many(lengths: list[int], rng: np.random.Generator) -> dict[str, Any]:
    count = sum(lengths)
    ids = np.repeat(np.arange(len(lengths)), lengths)
    return {"id": ids, "u": rng.normal(size=count), "load": np.arange(count) + 0.5, "wind": rng.normal(size=count)}


def test_the_past_of_what_is_foretold_is_an_input(tmp_path: Path) -> None:
    columns = many([6, 9], np.random.default_rng(0))
    for target, ahead, past, given in itertools.product(
        ("load", "load,u"), (0, 2), (None, True, False), (None, "wind")
    ):
        options = {"target": target, "ahead": ahead, "past": past, "input": given, "id": "id", "scale": "none"}
        run = prepared(tmp_path, columns, **{name: value for name, value in options.items() if value is not None})
        names = ["u", "load", "wind"] if ahead and past is not False else sorted({"u", "wind"} - set(target.split(",")))
        assert run.about.input == (["wind"] if given else names)
        assert np.array_equal(run.trainer.data.x, np.stack([columns[n] for n in run.about.input or ()], axis=1))
    columns["sky"] = ["dry", "wet", "wet"] * 5
    run = prepared(tmp_path, columns, target="sky", ahead=1, id="id")
    assert run.about.input == ["u", "load", "wind"]


@pytest.mark.parametrize("ahead", [None, 1, 3])
@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_a_horizon_is_so_many_steps_from_ahead_on(horizon: int, ahead: int | None, tmp_path: Path) -> None:
    columns = many([6, 1, 9, 3], np.random.default_rng(1))
    for target, at in itertools.product(("load", "load,wind"), ("every", "last")):
        names, first = target.split(","), ahead or 1
        options = {"target": target, "horizon": horizon, "id": "id", "scale": "none", "at": at, "window": 2}
        run = prepared(tmp_path, columns, **options, **({"ahead": ahead} if ahead else {}))
        y, ends = run.trainer.data.y, list(itertools.accumulate([6, 1, 9, 3]))
        assert y.shape == (19, horizon * len(names))
        for row, step, (k, name) in itertools.product(range(19), range(horizon), enumerate(names)):
            end = next(end for end in ends if row < end)
            begin = max(begin for begin in (0, *ends) if begin <= row)
            there = row + first + step < end and (at == "every" or (row - begin) % 2 or row == end - 1)
            value = columns[name][row + first + step] if there else np.nan
            assert np.array_equal(y[row, step * len(names) + k], value, equal_nan=True)
        if at == "every":
            run.trainer.run()
            records = list(prediction.predict(Model(run.network, run.about.known()), str(tmp_path / "a.csv")))
            labels = [f"{name}+{first + step}" for step in range(horizon) for name in names]
            assert list(records[0]) == ["sequence", "step", "id", *labels]
    columns["sky"] = ["dry"] * 19
    if horizon > 1:
        with pytest.raises(ProblemError, match="horizon"):
            prepared(tmp_path, columns, target="sky", horizon=horizon)
        for far in (10 - first, 2**31 - 1):
            with pytest.raises(ProblemError, match="long enough to foretell"):
                prepared(tmp_path, columns, target="load", input="u", horizon=far, ahead=first, id="id")


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("at", ["every", "last"])
def test_windows_begin_a_stride_apart(at: str, stride: int, tmp_path: Path) -> None:
    lengths, window = [9, 4, 1, 12, 3], 4
    columns = many(lengths, np.random.default_rng(2))
    run = prepared(
        tmp_path, columns, target="load", input="u", id="id", window=window, stride=stride, at=at, scale="none"
    )
    data, wanted, series = run.trainer.data, [], [0]
    for begin, length in zip(np.cumsum([0, *lengths]), lengths):
        first_steps = [n for n in range(0, length, stride) if n == 0 or n - stride + window < length]
        wanted += [list(range(begin + n, begin + min(n + window, length))) for n in first_steps]
        series.append(len(wanted))
    rows = np.concatenate(wanted)
    assert np.array_equal(data.x[:, 0], columns["u"][rows])
    assert np.array_equal(data.offsets, np.cumsum([0, *map(len, wanted)]))
    assert data.series is not None
    assert data.series.tolist() == series
    last = np.concatenate([np.arange(len(part)) == len(part) - 1 for part in wanted])
    assert np.array_equal(data.y[:, 0], np.where(last | (at == "every"), columns["load"][rows], np.nan), equal_nan=True)
    if stride <= window:
        assert set(rows) == set(range(sum(lengths)))


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_no_row_is_trained_on_that_validation_sees(share: float, stride: int, tmp_path: Path) -> None:
    lengths = [19, 30, 4, 1, 25]
    columns = many(lengths, np.random.default_rng(3))
    run = prepared(tmp_path, columns, target="load", id="id", window=4, stride=stride, val=share, scale="none")
    assert run.trainer.validation is not None
    train, held = (set(part.y[:, 0].tolist()) for part in (run.trainer.data, run.trainer.validation))
    assert train
    assert held
    assert not train & held
    for begin, length in zip(np.cumsum([0, *lengths]), lengths):
        rows = [n + 0.5 for n in range(begin, begin + length)]
        mine = [row in held for row in rows if row in train | held]
        assert mine == sorted(mine)  # the end of each series
    with pytest.raises(ShapeError, match="too few"):
        prepared(tmp_path, many([6], np.random.default_rng(0)), target="load", window=4, stride=1, val=0.5)
    with pytest.raises(ProblemError, match="--window"):
        prepared(tmp_path, columns, target="load", stride=2)


# ------------------------------------------------------------------------------------------------------------ baselines


@pytest.mark.parametrize("scale", ["none", "inputs", "both"])
@pytest.mark.parametrize("loss", ["mean_absolute_error", "mean_squared_error", "squared_error", "half_squared_error"])
def test_numbers_are_held_against_persistence_or_their_mean(loss: str, scale: str, tmp_path: Path) -> None:
    columns = many([14, 11], np.random.default_rng(4))
    for ahead, past, target, horizon in itertools.product((0, 2), (True, False), ("load", "load,wind"), (1, 2)):
        options = {"target": target, "ahead": ahead, "past": past, "horizon": horizon if ahead else 0, "id": "id"}
        run = prepared(tmp_path, columns, **options, scale=scale, loss=loss, window=5, val=0.3)
        data, about = run.trainer.validation, run.about
        assert data is not None
        y = data.y * about.y_std + about.y_mean if about.y_mean else data.y
        x = data.x * about.x_std + about.x_mean if about.x_mean else data.x
        train = run.trainer.data.y
        if ahead and past:
            places = np.array([list(about.input or ()).index(name) for name in about.target or ()])
            guess = np.tile(x[:, places], horizon)
        else:
            guess = np.nanmean(train * about.y_std + about.y_mean if about.y_mean else train, axis=0)[None]
        error = abs((guess - y) / (about.y_std or 1)) ** (1 if loss == "mean_absolute_error" else 2)
        error = error * (0.5 if loss == "half_squared_error" else 1)
        entries = (~np.isnan(y)).sum() if loss != "none" else 0
        name = "persistence_loss" if ahead and past else "mean_loss"
        scores = runs.judged(run, data)
        counted = run.trainer.evaluate(data)[0]
        assert scores["loss"] == counted
        assert np.isclose(scores[name], np.nansum(error) / entries, rtol=1e-9)


@pytest.mark.parametrize("word", ["mae", "MSE", "l1", "l2"])
def test_a_loss_goes_by_the_words_of_the_field_and_is_kept_under_its_own(word: str, tmp_path: Path) -> None:
    run = prepared(tmp_path, {"load": [2.5, 1, 3, 4]}, target="load", ahead=1, loss=word)
    wanted = {"mae": "mean_absolute_error", "MSE": "mean_squared_error", "l1": "mean_absolute_error"}
    assert run.options["loss"] == run.trainer.settings.loss == wanted.get(word, "squared_error")


def test_a_perfect_network_would_have_the_loss_of_a_perfect_baseline(tmp_path: Path) -> None:
    """A series that stays: persistence is right; what is said of it is said in the loss of the network."""
    run = prepared(tmp_path, {"load": [2.5] * 20}, target="load", ahead=1, scale="none")
    assert baseline(run, run.trainer.data) == {"persistence_loss": 0.0}


@pytest.mark.parametrize("at", ["every", "last"])
def test_classes_are_held_against_their_shares(at: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    columns = many([3] * 12, rng)
    columns["sky"] = np.repeat(rng.choice(["dry", "wet", "snow"], 12, p=[0.6, 0.3, 0.1]), 3)
    run = prepared(tmp_path, columns, target="sky", id="id", at=at, val=0.3)
    data = run.trainer.validation
    assert isinstance(data, Sequences)
    labels, train = run.about.labels, run.trainer.data.y[run.trainer.data.y >= 0]
    counts = np.array([np.sum(train == n) + 1 for n in range(len(labels))])
    wanted = data.y[data.y >= 0]
    scores = runs.judged(run, data)
    assert np.isclose(scores["majority_loss"], -np.log(counts[wanted] / counts.sum()).mean())
    assert scores["majority_accuracy"] == np.mean(wanted == counts.argmax())
