"""Predictions shared among threads, processes and the workers of a cluster: to the bits of one process."""

import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.helpers import random_arrays
from support.mortal import DiesOnce

from rnncalc import load_model
from rnncalc.common.workers import Workers
from rnncalc.model.cells import CELLS
from rnncalc.model.layer import Layer
from rnncalc.network.network import Network
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import series

RNNCALC = [sys.executable, "-m", "rnncalc"]
COLUMNS: dict[str, Any] = {"kind": "table", "inputs": 2, "at": "every", "input": ["a", "b"], "target": ["y"]}
NUMBERS: dict[str, Any] = {**COLUMNS, "outputs": 1, "classes": False, "y_mean": [3.0], "y_std": [0.5]}
CLASSES: dict[str, Any] = {**COLUMNS, "outputs": 3, "classes": True, "labels": ["x", "y", "z"]}


class AsIfFarAway(Executor):
    """Calls what it is given on copies, as another process would."""

    def __init__(self) -> None:
        self.calls = 0

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.calls += 1
        future: Future[Any] = Future()
        function, arguments = pickle.loads(pickle.dumps((function, arguments)))
        future.set_result(pickle.loads(pickle.dumps(function(*arguments, **named))))
        return future


def network(rng: np.random.Generator, outputs: int = 1, direction: str = "forward") -> Network:
    cell = CELLS["gru"]
    other: dict[str, Any] = {"backward": random_arrays(cell, rng, D=2, H=3)} if direction == "both" else {}
    layer = Layer(cell, **random_arrays(cell, rng, D=2, H=3), direction=direction, **other)
    return Network([layer], rng.normal(size=(outputs, layer.width)), rng.normal(size=outputs), engine="equations")


def ragged(rng: np.random.Generator, lengths: list[int]) -> Sequences:
    rows = sum(lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Sequences(rng.normal(size=(rows, 2)), np.full((rows, 1), np.nan), offsets, 2)


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_sequences_of_any_lengths_in_any_shares(direction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for lengths in ([3, 0, 1, 7, 2, 0], [0, 5, 5, 5], [40, 1, 1, 1, 1], [1] * 9, [0, 0], [0], [4], []):
        for most in (1, 6, 1 << 22):
            monkeypatch.setattr(series, "WIDE", most)
            net, data, far = network(rng, 2, direction), ragged(rng, lengths), AsIfFarAway()
            shared = series.outputs(net, data, executor=far)
            np.testing.assert_array_equal(shared, series.outputs(net, data))
            assert far.calls > 1 or len(lengths) < 3 or not sum(lengths)


@pytest.mark.parametrize("door", ["processes", "dask"])
@pytest.mark.filterwarnings("ignore")  # Dask's own, of its ports and sockets
def test_nothing_is_lost_where_a_worker_is_killed(door: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    net, data, kept = network(rng), ragged(rng, [5, 2, 9, 1] * 6), DiesOnce(tmp_path, os.getpid())
    alone = series.outputs(net, data)
    if door == "processes":
        with Workers(2, "spawn") as pool:
            shared = series.outputs(net, data, kept, pool)
    else:
        distributed = pytest.importorskip("distributed")
        os.environ["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
        with (
            distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
            distributed.Client(cluster) as client,
        ):
            shared = series.outputs(net, data, kept, client.get_executor(pure=False))
    assert (tmp_path / "died").exists()
    np.testing.assert_array_equal(shared, alone)


@pytest.mark.parametrize("about", [NUMBERS, CLASSES], ids=["numbers", "classes"])
def test_the_command_says_the_same_on_threads_and_processes(about: dict[str, Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    net = network(rng, about["outputs"])
    models.save(models.Model(net, {**about, "id": "who"}), tmp_path / "m.safetensors")
    rows = [
        f"{rng.normal()},{name},{rng.normal()}\n" for name in "abcdefghijklm" for _step in range(rng.integers(1, 6))
    ]
    (tmp_path / "a.csv").write_text("a,who,b\n" + "".join(rows))
    words = ["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "a.csv"), "--digits", "17", "--format", "csv"]
    words += ["--probabilities", "--top", "2"] if about["classes"] else []
    alone = command(*words, "--threads", "1").out
    assert alone.count("\n") == len(rows) + 1
    assert command(*words, "--threads", "2").out == alone
    done = subprocess.run([*RNNCALC, *words, "--jobs", "2"], capture_output=True, text=True)
    assert done.stdout == alone, done.stderr


@pytest.mark.filterwarnings("ignore")
def test_the_command_on_a_cluster(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    rng = np.random.default_rng(3)
    models.save(models.Model(network(rng), {**NUMBERS, "id": "who"}), tmp_path / "m.safetensors")
    (tmp_path / "a.csv").write_text("who,b,a\n" + "".join(f"{n % 7},{rng.normal()},{n}\n" for n in range(40)))
    words = ["predict", str(tmp_path / "m.safetensors"), str(tmp_path / "a.csv"), "--digits", "17", "--format", "csv"]
    os.environ["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
    with distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
        done = subprocess.run(
            [*RNNCALC, *words, "--scheduler", cluster.scheduler_address], capture_output=True, text=True
        )
    assert done.stdout == command(*words).out, done.stderr


@pytest.mark.parametrize("at", ["every", "last"])
@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_the_recipe_for_dask_runs_as_written(at: str, classes: bool, tmp_path: Path) -> None:
    for package in ("dask", "pandas", "pyarrow"):
        pytest.importorskip(package)
    import pandas as pd  # another extra's

    rng = np.random.default_rng(4)
    about = {**(CLASSES if classes else NUMBERS), "id": "station", "time": "day", "at": at}
    models.save(models.Model(network(rng, about["outputs"]), about), tmp_path / "weather.safetensors")
    (tmp_path / "new").mkdir()
    (tmp_path / "predictions").mkdir()
    wanted = []
    for name in "bca":
        days = rng.permutation(int(rng.integers(3, 8)))
        rows = pd.DataFrame({"a": rng.normal(size=len(days)), "day": days, "b": days, "station": name})
        rows.to_csv(tmp_path / "new" / f"{name}.csv", index=False)
    for name in "abc":
        part = load_model(tmp_path / "weather.safetensors").predict(pd.read_csv(tmp_path / "new" / f"{name}.csv"))
        wanted.append(part)
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    (recipe,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "map_partitions" in block]
    done = subprocess.run([sys.executable, "-c", recipe], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    written = [pd.read_csv(path, float_precision="round_trip") for path in sorted((tmp_path / "predictions").iterdir())]
    for made, part in zip(written, wanted, strict=True):
        assert made.to_csv(index=False) == part.to_csv(index=False)
        assert "station" in made or at == "every"
