"""A training in a process of its own: killed at random moments and resumed, beside an undisturbed one."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from rnncalc.network.weights import model_file as models
from rnncalc.network.weights.model_file import Model

RUN = ("train", "--data", "series.csv", "--target", "y", "--window", "20", "--hidden", "24", "--val", "0.2",
       "--seed", "5", "--batch", "4", "--checkpoint", "0.05")  # fmt: skip


def series(folder: Path) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(1600, 2))
    rows[:, 1] += np.roll(rows[:, 0], 1)
    (folder / "series.csv").write_text("x,y\n" + "\n".join(f"{a:.6f},{b:.6f}" for a, b in rows))


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(
        [sys.executable, "-m", "rnncalc", *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(folder: Path, *arguments: str) -> str:
    process = started(folder, *arguments)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return out


def wait_for(path: Path, process: subprocess.Popen[str], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def killed_and_resumed(folder: Path, times: int, epochs: int, seed: int = 0) -> tuple[Model, Model, list[int]]:
    """A run that was killed at random moments, so many times, and resumed each time, beside the undisturbed one.

    Returns both models, and how many steps the checkpoint had seen at each kill.
    """
    chance, command = random.Random(seed), (*RUN, "--epochs", str(epochs))
    series(folder)
    finished(folder, *command, "-o", "whole.safetensors")
    checkpoint, model = folder / "killed.safetensors.checkpoint", folder / "killed.safetensors"
    seen: list[int] = []
    process = started(folder, *command, "-o", "killed.safetensors")
    while len(seen) < times:
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before):
            time.sleep(0.01)  # until it trains
        time.sleep(chance.uniform(0.0, 0.2))
        if process.poll() is None:
            process.kill()
            process.communicate()
            if checkpoint.exists():
                seen.append(models.read(checkpoint)[1]["progress"]["steps"])
        if checkpoint.exists():
            process = started(folder, "train", "--resume", "--checkpoint", "0.05", "-o", "killed.safetensors")
        else:  # it was faster than chance, and is through: once more from the beginning
            model.unlink(missing_ok=True)
            process = started(folder, *command, "-o", "killed.safetensors")
    _out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return models.load(folder / "whole.safetensors"), models.load(model), seen


def same(first: Model, second: Model) -> None:
    assert first.history == second.history
    for ours, theirs in zip(first.network.passes, second.network.passes):
        for name, array in ours.arrays.items():
            assert np.array_equal(array, theirs.arrays[name])
    assert first.network.read_out is not None
    assert second.network.read_out is not None
    assert np.array_equal(first.network.read_out.arrays["V"], second.network.read_out.arrays["V"])
