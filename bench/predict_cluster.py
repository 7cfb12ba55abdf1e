"""Predictions of 10⁵ sequences on a Dask cluster of two processes: the bits of one process, also where a worker dies.

`python bench/predict_cluster.py [--sequences 100000]` writes a table in long format and a model of random weights, and
runs `rnncalc predict` on it: in one process on one thread, with --jobs 2, with --scheduler, and there once more while
one of the two workers is killed. It says the seconds of each, and whether all files of predictions are the same. Needs
the extra `dask`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import rnncalc
from rnncalc.network.weights import model_file as models

RNNCALC = [sys.executable, "-m", "rnncalc", "predict", "m.safetensors", "a.csv", "--digits", "17"]
ABOUT = {
    "kind": "table", "input": ["a", "b"], "target": ["y"], "id": "who", "time": "when", "inputs": 2, "outputs": 1,
    "classes": False, "at": "last", "scale": "none",
}  # fmt: skip


def write(folder: Path, sequences: int) -> int:
    """Write a model and a table of sequences of 5 to 35 steps. Returns how many rows it has."""
    rng = np.random.default_rng(0)
    net = rnncalc.random_network("lstm", inputs=2, hidden=64, outputs=1, seed=0, dtype="float32")
    models.save(models.Model(net, ABOUT), folder / "m.safetensors")
    lengths = rng.integers(5, 36, size=sequences)
    with (folder / "a.csv").open("w") as file:
        file.write("who,when,a,b\n")
        for name, length in enumerate(lengths.tolist()):
            rows = rng.normal(size=(length, 2)).round(4).tolist()
            file.writelines(f"s{name},{step},{a},{b}\n" for step, (a, b) in enumerate(rows))
    return int(lengths.sum())


def run(folder: Path, name: str, *words: str, victim: int = 0) -> tuple[float, str]:
    """Run the command. Returns its seconds and a digest of what it wrote.

    victim: a process that is killed once it has worked for a tenth of a second.
    """
    began = time.perf_counter()
    process = subprocess.Popen([*RNNCALC, *words, "-o", name], cwd=folder, stderr=subprocess.PIPE, text=True)
    if victim:
        import psutil  # which Dask needs too

        worker = psutil.Process(victim)
        idle = worker.cpu_times().user
        while worker.cpu_times().user < idle + 0.1:
            time.sleep(0.01)
        assert process.poll() is None, "it was done before the worker could be killed"
        os.kill(victim, signal.SIGKILL)
    _out, errors = process.communicate()
    assert process.returncode == 0, errors
    return time.perf_counter() - began, hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=100_000)
    arguments = parser.parse_args()
    os.environ["DASK_DISTRIBUTED__WORKER__DAEMON"] = "False"
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = write(folder, arguments.sequences)
        print(f"{arguments.sequences} sequences, {rows} rows")
        digests = set()

        def row(what: str, seconds: float, digest: str) -> None:
            digests.add(digest)
            print(f"{what:30} {seconds:7.1f} s  {digest}", flush=True)

        row("one process, one thread", *run(folder, "one.csv", "--threads", "1"))
        row("--jobs 2", *run(folder, "jobs.csv", "--jobs", "2"))
        with LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster:
            door = ("--scheduler", cluster.scheduler_address)
            row("a cluster of two processes", *run(folder, "dask.csv", *door))
            victim = next(iter(cluster.workers.values())).pid
            row("one of them killed on the way", *run(folder, "killed.csv", *door, victim=victim))
        print("the same bits" if len(digests) == 1 else "OTHER BITS")
        sys.exit(len(digests) != 1)


if __name__ == "__main__":
    main()
