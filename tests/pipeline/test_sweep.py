"""Sweeps on executors and on Dask, resumed."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from support.helpers import run

from rnncalc.cli import train
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.network.training.settings import Settings
from rnncalc.network.weights.initialise import random_network
from rnncalc.pipeline import recipe, sweep
from rnncalc.pipeline.options import KINDS, NETWORK

SHARED = {"data": "example:names", "epochs": 1, "hidden": 8, "val": 0.2}


def trials(**space: Any) -> list[dict[str, Any]]:
    return [{**SHARED, **trial} for trial in sweep.grid(space)]


def test_a_grid_takes_all_and_a_random_search_draws_the_same_for_a_seed() -> None:
    assert sweep.grid({"lr": [1, 2], "cell": ["a", "b", "c"]})[3] == {"lr": 2, "cell": "a"}
    space = {"lr": {"low": 1e-4, "high": 1e-1, "log": True}, "hidden": {"low": 3, "high": 5}, "cell": ["a", "b"]}
    drawn = sweep.drawn(space, 40, 1)
    assert drawn == sweep.drawn(space, 60, 1)[:40] != sweep.drawn(space, 40, 2)
    assert {trial["hidden"] for trial in drawn} == {3, 4, 5}
    assert all(1e-4 <= trial["lr"] <= 1e-1 for trial in drawn)
    assert sum(trial["lr"] < 10**-2.5 for trial in drawn) > 10
    no_rates: tuple[Any, ...] = (3, [], {"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True})
    for rates in no_rates:
        with pytest.raises(ProblemError, match="lr"):
            sweep.drawn({"lr": rates}, 1, 0)
    with pytest.raises(ProblemError, match="a grid needs"):
        sweep.grid({"lr": 0.1})


def test_a_sweep_is_sorted_and_taken_up_again(tmp_path: Path) -> None:
    kept = tmp_path / "s.jsonl"
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as executor:
        first = sweep.sweep(
            trials(lr=[1e-5, 0.01]), executor, kept, lambda result, done, all_: seen.append((done, all_))
        )
        kept.write_text(kept.read_text() + '{"options": {"tor')  # a crash as a line was written
        seen.clear()
        both = sweep.sweep(
            trials(lr=[1e-5, 0.01, -1.0]), executor, kept, lambda r, done, all_: seen.append((done, all_))
        )
    assert seen == [(3, 3)]
    assert [result["options"]["lr"] for result in first] == [0.01, 1e-5]
    assert both[:2] == first
    assert "lr cannot be -1" in both[2]["error"]
    assert len(kept.read_text().splitlines()) == 3
    kept.write_text("nonsense\n" + kept.read_text())
    with pytest.raises(RnncalcError, match="line 1"):
        sweep.sweep([], None, kept)


def test_the_command_writes_a_table(tmp_path: Path) -> None:
    (tmp_path / "space.json").write_text('{"hidden": [4, 12]}')
    done = run("sweep", "--space", str(tmp_path / "space.json"), "--example", "names", "--epochs", "1", "--val", "0.2",
               "-o", str(tmp_path / "s.jsonl"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["validation", "loss", "epoch", "hidden"]
    assert [line.split()[2] for line in lines[1:]] == ["12", "4"]
    (tmp_path / "space.json").write_text('{"hiden": [4, 12]}')
    done = run("sweep", "--space", str(tmp_path / "space.json"))
    assert "there is no option “hiden”: did you mean hidden?" in done.stderr


def test_a_sweep_without_validation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="--val"), ThreadPoolExecutor(1) as executor:
        sweep.sweep([*trials(lr=[0.1]), {**SHARED, "val": 0.0}], executor, tmp_path / "s.jsonl")
    assert not (tmp_path / "s.jsonl").exists() or not (tmp_path / "s.jsonl").read_text()


NUMBERS = [name for name, kind in KINDS.items() if kind in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_out_of_range_is_refused_and_never_crashes(tmp_path: Path, name: str) -> None:
    """Whatever it says, a run is carried out or refused in words, before anything is made in its size."""
    (tmp_path / "d.csv").write_text("x,y\n1,2\n2,3\n3,4\n4,5\n")
    base = {
        "data": str(tmp_path / "d.csv"),
        "target": "y",
        "hidden": 2,
        "epochs": 1,
        "engine": "equations",
        "val": 0.25,
    }
    long = name in ("epochs", "layers", "patience", "warmup")  # valid, and for ever
    whole = [-(2**63), -1, 0, 2] + [2_000_000, 2**31 - 1] * (not long) + [10**20]
    for value in whole if KINDS[name] is int else [-1.0, 0.0, 1.0, 1e300, float("nan"), float("inf")]:
        for rule in ({"optimizer": "momentum", "schedule": "step"}, {"optimizer": "adam", "schedule": "plateau"}):
            result = sweep.carry_out({**base, **rule, name: value})
            assert "fault" not in result.get("error", ""), (value, result["error"])
            if isinstance(value, int) and (value < 0 or value > 2**31):
                assert name in result["error"]


@pytest.mark.parametrize("format", ["plain", "json"])
@pytest.mark.parametrize("bad", [{"hidden": [2_000_000, 3]}, {"seed": [-1, 3]}, {"cell": ["none", "gru"]}])
def test_a_trial_that_fails_does_not_end_the_sweep(tmp_path: Path, bad: dict[str, Any], format: str) -> None:
    (name,) = bad
    (tmp_path / "space.json").write_text(json.dumps(bad))
    done = run("sweep", "--space", str(tmp_path / "space.json"), "--example", "names", "--epochs", "1", "--hidden", "3",
               "--val", "0.2", "--engine", "equations", "-o", str(tmp_path / "s.jsonl"),
               "--format", format)  # fmt: skip
    assert done.returncode == 0, done.stderr
    if format == "json":
        good, failed = json.loads(done.stdout, parse_constant=pytest.fail)
        assert (good["options"][name], failed["options"][name]) == (bad[name][1], bad[name][0])
        assert (failed["val_loss"], "error" in good) == ("inf", False)
        assert failed["error"]
    else:
        head, good, failed = (re.split(r"  +", line.strip()) for line in done.stdout.splitlines())
        assert head[1:] == ["epoch", name, "error"]
        assert (good[-1], str(bad[name][0]) in failed, len(failed[-1].split()) > 2) == (str(bad[name][1]), True, True)


@pytest.mark.parametrize("error", [MemoryError(), ZeroDivisionError("planted")])
def test_a_fault_is_noted_in_its_trial(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(_options: dict[str, Any]) -> None:
        raise error

    monkeypatch.setattr(recipe, "prepare", broken)
    result = sweep.carry_out(SHARED)
    assert result["error"] == ("not enough memory" if isinstance(error, MemoryError) else
                              "a fault of rnncalc itself: ZeroDivisionError: planted")  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "init lstm --seed -1",
        "init lstm --hidden 0",
        "generate m.safetensors --seed -1",
        "train --example names --hidden 2000000",
        "train --example names --seed -1",
    ],
)
def test_seeds_and_sizes_are_refused_in_words(tmp_path: Path, command: str) -> None:
    done = run(*command.split(), *(["-o", str(tmp_path / "m.safetensors")] if command.startswith("train") else []))
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore")  # Dask's own, of its ports and sockets
def test_dask_runs_a_sweep() -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        results = sweep.sweep(trials(lr=[0.001, 0.01]), client.get_executor())
    assert [result["options"]["lr"] for result in results] == [0.01, 0.001]


def test_an_option_of_train_is_one_of_a_record_and_says_its_default() -> None:
    """The command's options, those of files, of data, `random_network` and `Settings` agree on names and kinds."""
    assert [*train.OPTIONS, *train.SWITCHES] == sorted([*KINDS], key=[*train.OPTIONS, *train.SWITCHES].index)
    arguments = signature(random_network).parameters
    assert set(NETWORK) == set(arguments) - {"inputs", "outputs", "seed"}
    for name, kind in NETWORK.items():
        assert str(arguments[name].annotation).split(" | ")[0] == kind.__name__
    defaults = {name: argument.default for name, argument in arguments.items()}
    defaults |= {part.name: part.default for part in fields(Settings)} | {"cell": "lstm", "hidden": 32}
    for name, entry in train.OPTIONS.items():
        text = entry if isinstance(entry, str) else str(entry[1])
        for default in re.findall(r"Default ([^ .;:]+(?:\.\d+)?)", text):
            usual = defaults[name]
            assert (f"{usual:g}" if isinstance(usual, float) else str(usual)) == default, name
