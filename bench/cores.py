"""Training on every core: rnncalc beside PyTorch, on one thread and on two.

python bench/cores.py [--cells lstm,gru,elman] [--hidden 32,128,512] [--batch 32,256] [--steps 50,200] [--seconds 5]

Steps of Adam on the same shapes, float32, a linear layer to ten classes on top. Everybody has a process of its own, so
that nobody's idle threads take a processor from another, and they run in turn, so that the machine's moods strike all.
Ratios above 1: rnncalc is ahead; the last column is how much faster two threads are than one.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from measure import keep

from rnncalc import random_network
from rnncalc.network.training.sequences import Sequences
from rnncalc.network.training.settings import Settings
from rnncalc.network.training.trainer import Trainer

CLASSES, TURN, RATE = 10, 0.2, 1e-4  # TURN: seconds of a turn, about
CELLS = {"lstm": "lstm", "gru": "gru_after", "elman": "elman"}  # those that PyTorch has
Shape = tuple[str, int, int, int]  # cell, units, sequences of a batch, steps


def data(shape: Shape, batches: int) -> tuple[np.ndarray, np.ndarray]:
    _cell, hidden, batch, steps = shape
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batches * batch, steps, hidden)).astype(np.float32)
    return x, rng.integers(0, CLASSES, size=x.shape[:2])


def ours(shape: Shape, threads: int, batches: int) -> Callable[[], object]:
    cell, hidden, batch, _steps = shape
    net = random_network(
        CELLS[cell], inputs=hidden, hidden=hidden, outputs=CLASSES, output="softmax", dtype="float32", engine="numba"
    )
    settings = Settings("cross_entropy", batch=batch, optimizer="adam", lr=RATE)
    trainer = Trainer(net, Sequences.of(*data(shape, batches), classes=True, inputs=hidden), settings, threads=threads)

    def epoch() -> None:
        trainer.progress.step = 0
        trainer.epochs.train(RATE, lambda: None, 60.0)

    return epoch


def theirs(shape: Shape, threads: int, batches: int) -> Callable[[], object]:
    import torch

    torch.set_num_threads(threads)
    cell, hidden, batch, _steps = shape
    rnn = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "elman": torch.nn.RNN}[cell](hidden, hidden, batch_first=True)
    top = torch.nn.Linear(hidden, CLASSES)
    optimizer = torch.optim.Adam([*rnn.parameters(), *top.parameters()], lr=RATE)
    x, y = map(torch.from_numpy, data(shape, batches))

    def epoch() -> None:
        for at in range(0, len(x), batch):
            scores = top(rnn(x[at : at + batch])[0])
            loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), y[at : at + batch].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()

    return epoch


def serve(connection: Connection, make: Callable[..., Callable[[], object]], threads: int) -> None:
    """Train as somebody on the other side says: (shape, batches) first, then turn after turn."""
    epoch: Callable[[], object] = time.perf_counter
    while (request := connection.recv()) is not None:
        if request:
            shape, batches = request
            epoch = make(shape, threads, batches)
        began = time.perf_counter()
        epoch()
        connection.send(time.perf_counter() - began)


def race(shape: Shape, contestants: dict[str, Connection], seconds: float) -> dict[str, float]:
    """Median seconds of a step of each."""

    def turn(connection: Connection, request: tuple[Any, ...]) -> float:
        connection.send(request)
        return float(connection.recv())

    for connection in contestants.values():
        turn(connection, (shape, 1))
    batches = max(1, int(TURN / turn(contestants["rnncalc 1"], ())))
    for connection in contestants.values():
        turn(connection, (shape, batches))
    times: dict[str, list[float]] = {name: [] for name in contestants}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times["torch 2"]) < 3:
        for name, connection in contestants.items():
            times[name].append(turn(connection, ()) / batches)
    return {name: statistics.median(turns) for name, turns in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default="lstm,gru,elman")
    for name, default in (("hidden", "32,128,512"), ("batch", "32,256"), ("steps", "50,200")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--seconds", type=float, default=5, help="for each shape")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    chosen = parser.parse_args()
    sizes = [map(int, getattr(chosen, name).split(",")) for name in ("hidden", "batch", "steps")]
    context, contestants, rows = multiprocessing.get_context("spawn"), dict[str, Connection](), []
    for threads, (name, make) in itertools.product((1, 2), {"rnncalc": ours, "torch": theirs}.items()):
        connection, other = context.Pipe()
        context.Process(target=serve, args=(other, make, threads), daemon=True).start()
        contestants[f"{name} {threads}"] = connection
    print(f"{'cell':6}{'H':>5}{'N':>5}{'T':>5}{'ms, 1':>10}{'torch ÷ rnncalc, 1':>20}{'2':>8}{'2 over 1':>10}")
    for shape in itertools.product(chosen.cells.split(","), *sizes):
        times = race(shape, contestants, chosen.seconds)
        ratios = [times[f"torch {threads}"] / times[f"rnncalc {threads}"] for threads in (1, 2)]
        gain = times["rnncalc 1"] / times["rnncalc 2"]
        cell, *numbers = shape
        sized = "".join(f"{number:5}" for number in numbers)
        print(
            f"{cell:6}{sized}{times['rnncalc 1'] * 1e3:10.2f}{ratios[0]:20.2f}{ratios[1]:8.2f}{gain:10.2f}", flush=True
        )
        rows.append({"shape": shape, **times})
    for connection in contestants.values():
        connection.send(None)
    keep({"what": "training, seconds of a step", "rows": rows}, chosen.json)


if __name__ == "__main__":
    main()
