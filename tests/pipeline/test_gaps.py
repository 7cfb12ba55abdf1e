"""Inputs that are missing: refused with what helps, or filled, the same in training and in predictions."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncalc import load_model
from rnncalc.errors import ParseError, ProblemError
from rnncalc.pipeline import data, recipe
from rnncalc.pipeline import run as runs
from rnncalc.pipeline.data import table_file
from rnncalc.pipeline.data_description import DataDescription

GAPS = ["", "NA", "nan", "null"]


def written(x: np.ndarray, ids: list[int] | None, gap: str, y: str = "1") -> str:
    head = (["id"] if ids else []) + ["u", "v", "y"]
    cells = [[gap if np.isnan(value) else repr(float(value)) for value in row] for row in x]
    rows = [([str(ids[n])] if ids else []) + row + [y] for n, row in enumerate(cells)]
    return "\n".join(",".join(row) for row in [head, *rows]) + "\n"


def wanted(x: np.ndarray, ids: list[int], missing: str, mean: np.ndarray) -> np.ndarray:
    """What stands for gaps, written plainly."""
    made = x.copy()
    for n, k in itertools.product(range(len(x)), range(x.shape[1])):
        if np.isnan(made[n, k]):
            before = n > 0 and ids[n] == ids[n - 1] and missing == "forward"
            made[n, k] = made[n - 1, k] if before and not np.isnan(made[n - 1, k]) else np.nan
    made = np.where(np.isnan(made), mean, made)
    return np.concatenate([made, np.isnan(x)], axis=1) if missing == "mask" else made


@pytest.mark.parametrize("lines", [1, 3, 50_000])
@pytest.mark.parametrize("missing", ["forward", "mean", "mask"])
def test_gaps_in_every_place(missing: str, lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    rng = np.random.default_rng(["forward", "mean", "mask"].index(missing))
    for place, gap, many, scale in itertools.product(
        ("first", "middle", "last", "all", "none"), GAPS, (False, True), ("none", "both")
    ):
        x = rng.normal(size=(9, 2))
        ids = [1, 1, 1, 2, 2, 3, 3, 3, 3] if many else [1] * 9
        rows = {"first": [0, 3], "middle": [1, 2, 4, 7], "last": [8, 2], "all": [], "none": []}[place]
        x[rows, int(rng.integers(2))] = np.nan
        if place == "all":
            x[:, 0] = np.where(rng.random(9) < 0.7, np.nan, x[:, 0])
            x[5, :] = np.nan
            x[7, 0] = 0.5
        (tmp_path / "a.csv").write_text(written(x, ids if many else None, gap))
        options = {"data": str(tmp_path / "a.csv"), "target": "y", "missing": missing, "scale": scale, "hidden": 2}
        run = recipe.prepare({**options, **({"id": "id"} if many else {}), "engine": "equations"})
        seen = run.trainer.data.x
        if scale == "both":
            seen = seen * run.about.x_std + run.about.x_mean
        carried = wanted(x, ids, missing, np.array([np.nan, np.nan]))[:, :2]
        mean = np.nanmean(carried if missing == "forward" else x, axis=0)
        assert np.allclose(seen, wanted(x, ids, missing, mean), atol=1e-12), (place, gap)
        assert run.network.sizes["D"] == (4 if missing == "mask" else 2)


def test_a_model_keeps_what_stands_for_gaps(tmp_path: Path) -> None:
    """A file to be predicted is filled by the mean of training, whatever its own is, and by its own past."""
    rng = np.random.default_rng(4)
    train, new = rng.normal(size=(20, 2)), rng.normal(size=(6, 2)) + 100
    train[rng.random((20, 2)) < 0.2] = np.nan
    new[[0, 3], [1, 0]] = np.nan
    for missing, scale in itertools.product(("forward", "mean", "mask"), ("none", "both")):
        (tmp_path / "a.csv").write_text(written(train, None, "", "2"))
        (tmp_path / "b.csv").write_text(written(new, None, "NA", "2"))
        options = {"data": str(tmp_path / "a.csv"), "target": "y", "missing": missing, "scale": scale, "epochs": 1}
        run = recipe.prepare({**options, "hidden": 2, "engine": "equations", "dtype": "float64"})
        run.trainer.run()
        runs.save(run, str(tmp_path / "m.safetensors"))
        model = load_model(tmp_path / "m.safetensors", engine="equations")
        filled = wanted(new, [1] * 6, missing, np.array(run.about.x_fill)[:2])
        if scale == "both":
            filled = (filled - run.about.x_mean) / run.about.x_std
        y = model.network(filled)[:, 0]
        if scale == "both":
            y = y * run.about.y_std + run.about.y_mean
        records = model.predict(tmp_path / "b.csv")
        assert np.allclose([record["y"] for record in records], y, rtol=1e-12)
        assert np.allclose(model.predict(new)[:, 0], y, rtol=1e-12)


def test_arrays_are_predicted_with_their_gaps(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, 5, 3))
    x[rng.random(x.shape) < 0.3] = np.nan
    np.savez(tmp_path / "a.npz", x=x, y=rng.normal(size=(4, 5, 1)))
    for missing, scale in itertools.product(("forward", "mean", "mask"), ("none", "both")):
        options = {"data": str(tmp_path / "a.npz"), "missing": missing, "scale": scale, "epochs": 1, "hidden": 2}
        run = recipe.prepare({**options, "engine": "equations", "dtype": "float64"})
        run.trainer.run()
        runs.save(run, str(tmp_path / "m.safetensors"))
        model = load_model(tmp_path / "m.safetensors", engine="equations")
        of_file = [record["y"] if "y" in record else record["y[1]"] for record in model.predict(tmp_path / "a.npz")]
        assert np.allclose(np.ravel(model.predict(x)), of_file, rtol=1e-12)
        assert np.allclose(np.ravel(model.predict(list(x))), of_file, rtol=1e-12)


def test_arrays_have_gaps_too(tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    x[0, 1, 0] = x[1, 0, 1] = np.nan
    np.savez(tmp_path / "a.npz", x=x, y=np.array([1.0, 2.0]))
    with pytest.raises(ParseError, match="is no number"):
        data.read(str(tmp_path / "a.npz"), DataDescription(), None)
    sequences, _loss = data.read(str(tmp_path / "a.npz"), DataDescription(missing="forward"), None)
    assert sequences.x[:, 0].tolist()[:3] == [0, 0, 4]
    assert np.isnan(sequences.x[3, 1])


def test_a_gap_is_refused_unless_it_may_be_filled(tmp_path: Path) -> None:
    about: dict[str, Any]
    for gap, about in itertools.product(GAPS, ({}, {"missing": "error"})):
        (tmp_path / "a.csv").write_text(f"u,v,y\n1,2,3\n1,{gap},3\n")
        with pytest.raises(ParseError, match=r"line 3, column v: .*--missing forward, mean or mask"):
            data.read(str(tmp_path / "a.csv"), DataDescription.of({"target": "y", **about}), None)
    for missing in ("forward", "mean", "mask"):
        (tmp_path / "a.csv").write_text("u,v,y\n1,2,3\n1,?,3\n")
        with pytest.raises(ParseError, match=r"line 3, column v: “\?” is no number$"):
            data.read(str(tmp_path / "a.csv"), DataDescription(target="y", missing=missing), None)
    with pytest.raises(ProblemError, match="missing is one of"):
        data.read(str(tmp_path / "a.csv"), DataDescription(target="y", missing="zero"), None)


@pytest.mark.parametrize("lines", [1, 2, 50_000])
def test_blank_rows_are_gaps_where_gaps_are_filled(lines: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_file, "LINES", lines)
    for content in ("x\n1\n\n\n2\n\n", "x\n1\nNA\n\n2\n"):
        (tmp_path / "a.csv").write_text(content)
        description = DataDescription(target="x", input="x", ahead=1, missing="forward")
        sequences, _loss = data.read(str(tmp_path / "a.csv"), description, None)
        assert sequences.x[:, 0].tolist() == [1, 1, 1, 2]
