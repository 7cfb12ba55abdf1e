"""Finished models that are trained on, and the best model of a sweep with the command that makes it again."""

import itertools
import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

from rnncalc import load_model
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.network.network import Network
from rnncalc.network.weights import model_file as models
from rnncalc.pipeline import recipe, sweep
from rnncalc.pipeline import run as runs

SMALL: dict[str, Any] = {"hidden": 3, "engine": "equations", "lr": 0.05}
STEADY: dict[str, Any] = {"optimizer": "sgd", "shuffle": False, "batch": 2}


def write(path: Path, kind: str, seed: int = 0) -> dict[str, Any]:
    """Data of a kind, and the options that it needs."""
    rng = np.random.default_rng(seed)
    if kind == "text":
        path.with_suffix(".txt").write_text("".join(rng.choice(list("abc\n"), 90)))
        return {"data": str(path.with_suffix(".txt")), "by": "line"}
    rows = "".join(f"{n // 5},{rng.normal():.3f},{rng.normal():.3f},{'ab'[n % 2]}\n" for n in range(60))
    path.with_suffix(".csv").write_text("id,u,v,sky\n" + rows)
    target = {"numbers": "v", "classes": "sky", "ahead": "v"}[kind]
    more = {"ahead": 1, "scale": "both", "input": "u,v"} if kind == "ahead" else {"input": "u"}
    return {"data": str(path.with_suffix(".csv")), "id": "id", "target": target, **more}


def trained(options: dict[str, Any], path: Path) -> Network:
    run = recipe.prepare(recipe.checked(options, "test"))
    run.trainer.run()
    runs.save(run, str(path))
    return run.network


def weights(net: Network) -> list[np.ndarray]:
    return [array for _at, part in net.parts() for array in part.named.values()]


@pytest.mark.parametrize("kind", ["numbers", "classes", "ahead", "text"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_goes_on_as_if_it_had_not_stopped(kind: str, dtype: str, tmp_path: Path) -> None:
    """Where the optimizer keeps nothing, two epochs and three more are five, to the bit."""
    options = {**write(tmp_path / "a", kind), **SMALL, **STEADY, "dtype": dtype, "cell": "gru", "layers": 2}
    whole = trained({**options, "epochs": 5}, tmp_path / "whole.safetensors")
    trained({**options, "epochs": 2}, tmp_path / "first.safetensors")
    for more in ({}, {"data": options["data"]}):
        rest = {**STEADY, "lr": 0.05, "engine": "equations", "epochs": 3, **more}
        net = trained({**rest, "continue_from": str(tmp_path / "first.safetensors")}, tmp_path / "second.safetensors")
        assert all(np.array_equal(first, second) for first, second in zip(weights(whole), weights(net), strict=True))
        model = load_model(tmp_path / "second.safetensors", engine="equations")
        assert model.data == load_model(tmp_path / "first.safetensors", engine="equations").data


def test_the_same_data_is_read_in_the_same_form(tmp_path: Path) -> None:
    """What was said of its encoding and separator holds for the same file, and for no other."""
    content = "x|über\n" + "".join(f"{n}|{n * n}\n" for n in range(9))
    (tmp_path / "a.csv").write_bytes(content.encode("cp437"))
    (tmp_path / "b.csv").write_text(content.replace("|", ";"))
    form = {"encoding": "cp437", "sep": "|"}
    trained(
        {"data": str(tmp_path / "a.csv"), "target": "über", **form, **SMALL, "epochs": 1}, tmp_path / "m.safetensors"
    )
    more = {"continue_from": str(tmp_path / "m.safetensors"), "engine": "equations", "epochs": 1}
    for rest in (more, {**more, "data": str(tmp_path / "b.csv")}, {**more, "data": str(tmp_path / "a.csv"), **form}):
        assert recipe.prepare(rest).about.target == ["über"]


@pytest.mark.parametrize("kind", ["numbers", "classes", "ahead", "text"])
def test_other_data_is_read_as_the_model_says(kind: str, tmp_path: Path) -> None:
    trained({**write(tmp_path / "a", kind), **SMALL, "epochs": 1}, tmp_path / "m.safetensors")
    first = load_model(tmp_path / "m.safetensors", engine="equations")
    other = write(tmp_path / "b", kind, seed=1)["data"]
    options = {"data": other, "continue_from": str(tmp_path / "m.safetensors"), "engine": "equations", "epochs": 1}
    run = recipe.prepare(options)
    assert run.about.known() == first.data
    assert run.trainer.settings.loss == recipe.prepare(first.settings).trainer.settings.loss
    done = command("train", "--continue-from", str(tmp_path / "m.safetensors"), "--data", other, "--epochs", "1",
                   "--engine", "equations", "--quiet", "-o", str(tmp_path / "n.safetensors"))  # fmt: skip
    assert done.code == 0
    assert load_model(tmp_path / "n.safetensors").data == first.data


def test_what_a_model_has_settled_cannot_be_said_anew(tmp_path: Path) -> None:
    trained({**write(tmp_path / "a", "numbers"), **SMALL, "epochs": 1}, tmp_path / "m.safetensors")
    kept = (tmp_path / "m.safetensors").read_bytes()
    for more in ({"hidden": 4}, {"cell": "lstm"}, {"dtype": "float64"}, {"init": "keras"}):
        with pytest.raises(ProblemError, match="--" + next(iter(more))):
            recipe.prepare({"continue_from": str(tmp_path / "m.safetensors"), **more})
    done = command("train", "--continue-from", str(tmp_path / "m.safetensors"), "-o", str(tmp_path / "m.safetensors"))
    assert done.code == 2
    assert (tmp_path / "m.safetensors").read_bytes() == kept
    with pytest.raises(RnncalcError, match=r"none\.safetensors"):
        recipe.prepare({"continue_from": str(tmp_path / "none.safetensors")})


def test_a_run_that_goes_on_is_resumed(tmp_path: Path) -> None:
    from rnncalc.pipeline import checkpoint

    options = {**write(tmp_path / "a", "ahead"), **SMALL}
    trained({**options, "epochs": 1}, tmp_path / "m.safetensors")
    more = {"continue_from": str(tmp_path / "m.safetensors"), "engine": "equations", "epochs": 2}
    whole = trained(more, tmp_path / "whole.safetensors")
    run = recipe.prepare({**more, "epochs": 1})
    run.trainer.run()
    checkpoint.save(run, checkpoint.path_of(str(tmp_path / "n.safetensors")))
    resumed = checkpoint.resume(str(tmp_path / "n.safetensors"), {"epochs": 2})
    resumed.trainer.run()
    assert all(np.array_equal(a, b) for a, b in zip(weights(whole), weights(resumed.network), strict=True))


# ---------------------------------------------------------------------------------------------------------------- sweep


def test_a_sweep_keeps_the_best_model_whatever_comes_first(tmp_path: Path) -> None:
    options = {**write(tmp_path / "a", "numbers"), **SMALL, "val": 0.3, "epochs": 2}
    rates = [0.3, 0.001, 0.02, -1.0]
    best = min(rates[:3], key=lambda lr: sweep.carry_out({**options, "lr": lr})["val_loss"])
    for order in itertools.permutations(rates):
        kept = list[bytes]()
        with ThreadPoolExecutor(1) as executor:
            trials = [{**options, "lr": lr} for lr in order]
            results = sweep.sweep(trials[:2], executor, tmp_path / "s.jsonl", keep=kept.append)
            results = sweep.sweep(trials, executor, tmp_path / "s.jsonl", keep=kept.append)
        assert results[0]["options"]["lr"] == best
        assert not any("model" in result for result in results)
        (tmp_path / "best.safetensors").write_bytes(kept[-1])
        assert models.load(tmp_path / "best.safetensors").settings["lr"] == best
        (tmp_path / "s.jsonl").unlink()


def test_the_command_that_is_printed_makes_the_best_model_again(tmp_path: Path) -> None:
    options = {**write(tmp_path / "a", "ahead"), "hidden": 3, "engine": "equations", "val": 0.3, "epochs": 2}
    space = {"lr": {"low": 1e-3, "high": 1e-1, "log": True}, "shuffle": [True, False]}
    (tmp_path / "space.json").write_text(json.dumps(space))
    given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    (tmp_path / "s.safetensors").write_text("somebody's")
    kept = str(tmp_path / "s.jsonl")
    done = command("sweep", "--space", str(tmp_path / "space.json"), "--random", "4", *given, "-o", kept)
    assert done.code == 0, done.err
    assert str(tmp_path / "s.safetensors") in done.err
    assert (tmp_path / "s.safetensors.1").read_text() == "somebody's"
    (line,) = [line for line in done.err.splitlines() if line.startswith("$ rnncalc train")]
    best = load_model(tmp_path / "s.safetensors", engine="equations")
    (tmp_path / "s.safetensors").unlink()
    assert command(*shlex.split(line)[2:]).code == 0
    made = load_model(tmp_path / "s.safetensors", engine="equations")
    assert all(np.array_equal(a, b) for a, b in zip(weights(best.network), weights(made.network), strict=True))
    assert (best.data, best.settings, best.history) == (made.data, made.settings, made.history)
