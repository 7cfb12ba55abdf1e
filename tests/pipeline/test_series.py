"""Long sequences: block by block with the state carried on, and what a model predicts for files of every length."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import ENGINES, random_arrays, random_starts

from rnncalc.common import spool as spooling
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights.model_file import Model
from rnncalc.pipeline import data, recipe, series
from rnncalc.pipeline import predict as prediction
from rnncalc.pipeline.data_description import DataDescription


def layer(
    cell: str, rng: np.random.Generator, D: int, H: int, direction: str = "forward", merge: str = "concat"
) -> Layer:
    def made() -> dict[str, Any]:
        arrays = random_arrays(CELLS[cell], rng, D=D, H=H)
        plain = Layer(cell, **arrays)
        return {**arrays, **{name: rows[0] for name, rows in random_starts(plain.cell, rng, plain, 1).items()}}

    two: dict[str, Any] = {"backward": made(), "merge": merge} if direction == "both" else {}
    return Layer(cell, **made(), direction=direction, **two)


def stacks(rng: np.random.Generator) -> dict[str, list[Layer]]:
    """Layers that run forward only, backward only, and in both directions, at every place of a stack."""
    return {
        **{cell: [layer(cell, rng, 3, 4)] for cell in CELLS},
        "forward": [layer("lstm", rng, 3, 5), layer("gru_after", rng, 5, 4), layer("elman", rng, 4, 6)],
        "backward": [layer("gru", rng, 3, 5, "backward")],
        "both": [layer("lstm", rng, 3, 5, "both"), layer("gru", rng, 10, 4, "both", "mul"), layer("elman", rng, 4, 6)],
        "mixed": [layer("elman", rng, 3, 5), layer("lstm", rng, 5, 4, "backward"), layer("gru", rng, 4, 3, "both")],
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_block_by_block_gives_the_bits_of_the_whole(engine: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([5, 0, 1, 17, 16, 40, 3, 40, 0])
    x = rng.normal(size=(lengths.sum(), 3))
    given = Sequences(x, np.full(len(x), -1), np.concatenate([[0], np.cumsum(lengths)]), 3)
    names = ("forward", "mixed") if engine == "numba" else stacks(rng)  # what is compiled takes its time
    for name in names:
        layers = stacks(np.random.default_rng(1))[name]
        top = () if layers[-1].cell.owns_read_out else (rng.normal(size=(2, layers[-1].width)), rng.normal(size=2))
        net = Network(layers, *top, dtype=dtype, engine=engine)
        wanted = [net(x[begin:end].astype(dtype)) for begin, end in zip(given.offsets, given.offsets[1:])]
        for rows, together, limit in ((1 << 14, 64, 1 << 20), (7, 3, 1 << 20), (4, 64, 0)):
            monkeypatch.setattr(series, "ROWS", rows)
            monkeypatch.setattr(series, "TOGETHER", together)
            monkeypatch.setattr(spooling, "LIMIT", limit)
            assert np.array_equal(series.outputs(net, given), np.concatenate(wanted)), (name, rows)


K = 7


def trained(folder: Path, rows: str, **options: Any) -> Model:
    """A model that has taken a few steps over windows of K rows."""
    path = folder / "train.csv"
    path.write_text(rows)
    given = {"window": K, "hidden": 4, "epochs": 2, "batch": 4, "lr": 0.05, "target": "y", "dtype": "float64"}
    run = recipe.prepare({"data": str(path), **given, **options})
    run.trainer.run()
    return Model(run.network, run.about.known(), run.options)


def table(x: np.ndarray, ids: np.ndarray | None = None) -> str:
    names = ["i", "u", "v", "y"] if ids is not None else ["u", "v", "y"]
    columns = [*([ids] if ids is not None else []), *x.T.tolist(), np.cumsum(x[:, 0] - x[:, 1]).tolist()]
    return ",".join(names) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in zip(*columns))


def forecasts(
    model: Model, folder: Path, x: np.ndarray, ids: np.ndarray | None = None, every: bool = False
) -> list[Any]:
    path = folder / "new.csv"
    path.write_text(table(x, ids))
    return list(prediction.predict(model, str(path), every))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_forecast_does_not_depend_on_where_windows_would_be_cut(engine: str, tmp_path: Path) -> None:
    """A file and its beginnings and ends, of every length: what is said of a row follows from the rows before it."""
    rng = np.random.default_rng(2)
    train, new = rng.normal(size=(60, 2)), rng.normal(size=(3 * K + 1, 2))
    model = trained(tmp_path, table(train), engine=engine, input="u,v", ahead=1)
    scaled = (new - model.data["x_mean"]) / model.data["x_std"]
    wanted = model.network(scaled)[:, 0] * model.data["y_std"][0] + model.data["y_mean"][0]
    last = []
    for count in range(1, len(new) + 1):
        beginning = forecasts(model, tmp_path, new[:count])
        assert [(record["sequence"], record["step"]) for record in beginning] == [(1, n + 1) for n in range(count)]
        assert np.allclose([record["y+1"] for record in beginning], wanted[:count], rtol=1e-12)
        end = forecasts(model, tmp_path, new[-count:])
        own = model.network(scaled[-count:])[:, 0] * model.data["y_std"][0] + model.data["y_mean"][0]
        assert np.allclose([record["y+1"] for record in end], own, rtol=1e-12)
        last.append(end[-1]["y+1"])
    jumps = np.abs(np.diff(last))
    assert jumps[K - 1 :].max() < 0.2 * jumps[:3].max()  # one row more at the beginning is soon forgotten


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_every_series_of_a_file_goes_its_own_way(direction: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lengths = [K - 1, K, K + 1, 2 * K, 1, 3 * K + 1]
    parts = [rng.normal(size=(n, 2)) for n in lengths]
    ids = np.repeat(np.arange(len(lengths)), lengths)
    rows, order = np.concatenate(parts), rng.permutation(len(ids))
    order = order[np.argsort(np.argsort(ids[order], kind="stable"), kind="stable")]
    model = trained(tmp_path, table(rows, ids), id="i", engine="equations", direction=direction)
    records = forecasts(model, tmp_path, rows, ids)
    for number, part in enumerate(parts, 1):
        alone = forecasts(model, tmp_path, part, np.zeros(len(part), int))
        mine = [record for record in records if record["sequence"] == number]
        assert [record["step"] for record in mine] == list(range(1, len(part) + 1))
        assert [record["y"] for record in mine] == [record["y"] for record in alone]


@pytest.mark.parametrize("engine", ENGINES)
def test_windows_with_their_target_at_the_end_are_counted_from_the_end(engine: str, tmp_path: Path) -> None:
    """What was learnt is a number after K rows: so many are given to it, whatever the length of the file."""
    rng = np.random.default_rng(4)
    model = trained(tmp_path, table(rng.normal(size=(80, 2))), engine=engine, at="last")
    new = rng.normal(size=(3 * K + 1, 2))
    wanted = forecasts(model, tmp_path, new)
    assert [record["step"] for record in wanted] == [1, K, K, K]
    for count in range(1, len(new) + 1):
        records = forecasts(model, tmp_path, new[-count:])
        assert [record["step"] for record in records] == [count % K or K, *[K] * ((count - 1) // K)]
        if count >= K:
            assert records[-1]["y"] == wanted[-1]["y"]


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_the_end_of_each_series_is_put_aside(window: int, share: float, tmp_path: Path) -> None:
    """Never another series, never what comes before something that is trained on."""
    lengths = [12, 1, 7, 3, 20, 6]
    ids = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.column_stack([np.arange(len(ids)), np.zeros(len(ids))])
    (tmp_path / "a.csv").write_text(table(rows, ids))
    about = DataDescription(id="i", target="y", input="u", window=window)
    whole, _loss = data.read(str(tmp_path / "a.csv"), about)
    train, held = whole.split(share, 0)
    assert held is not None
    assert sorted([*train.x[:, 0], *held.x[:, 0]]) == list(range(len(ids)))
    for begin, count in zip(np.cumsum([0, *lengths]), lengths):
        mine = [sorted(v for v in part.x[:, 0] if begin <= v < begin + count) for part in (train, held)]
        windows = -(-count // window)
        cut = window * (windows - min(max(1, round(windows * share)), windows - 1))
        assert mine == [list(range(begin, begin + count))[:cut], list(range(begin, begin + count))[cut:]]
    for part in (train, held):
        assert all(len({ids[int(v)] for v in part.x[a:b, 0]}) == 1 for a, b in zip(part.offsets, part.offsets[1:]))


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (9, {"val": 1.0}, "at least 0 and below 1, not 1.0"),
        (9, {"val": -0.1}, "at least 0 and below 1"),
        (1, {"val": 0.5, "window": 0}, "1 steps are too few"),
        (9, {"val": 0.01, "window": 0, "ahead": 2}, "has not one target"),
    ],
)
def test_a_validation_that_says_nothing_is_refused(
    rows: int, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(RnncalcError, match=message):
        trained(tmp_path, table(np.ones((rows, 2))), engine="equations", **options)
