"""Real data that packages ship: rnncalc beside PyTorch, the same model, seed and initial weights.

`pip install -e ".[bench]"`, then `python bench/real_data.py [--data sunspots,words] [--threads 1,2] [--json FILE]`. The
extra `bench` is for this script alone: statsmodels (sunspots; carbon dioxide at Mauna Loa, weekly dates with gaps),
vega_datasets (the weather of Seattle, by date), aeon (JapaneseVowels, BasicMotions) and torch. Text is what Python says
of itself, `pydoc_data.topics`: by character, and by word with all words that it has.

rnncalc reads the files as `rnncalc train` does: tables, lines of JSON, text. What it made of them (rows on their
scale, windows, the batches of every epoch) and its initial weights go to PyTorch, which trains nn.LSTM and nn.Linear on
the same batches by the same Adam, float32; nn.LSTM's second bias is held at zero. So both reach the same loss after the
same steps, and their seconds are those to the same loss. Everybody has a process of its own for each number of threads,
which trains one epoch of a copy first: compiling is not in the seconds, and all that was loaded is in the peak of
memory. The figure is of data unseen in training: the error in the units of the data, beside that of the present value
that stays; the share that is right; the loss for text.

Longer than other files: each of seven data sets has its reader here, beside both contestants.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from measure import keep

FILES = ("a", "b")  # to learn from, to be judged on


def shipped(package: str, path: str) -> Path:
    """A file of an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"pip install {package}")
    return Path(spec.origin).parent / path


def table(folder: Path, source: Path, rows: int | None = None) -> None:
    """A table, its last fifth to be judged on."""
    with source.open(newline="") as file:
        head, *lines = list(csv.reader(file))[:rows]
    cut = len(lines) * 4 // 5
    for name, part in zip(FILES, (lines[:cut], lines[cut:])):
        with (folder / f"{name}.csv").open("w", newline="") as out:
            csv.writer(out).writerows([head, *part])


def series(folder: Path, name: str) -> None:
    """Labelled series of an archive as lines of JSON."""
    for out, part in zip(FILES, ("TRAIN", "TEST")):
        lines = shipped("aeon", f"datasets/data/{name}/{name}_{part}.ts").read_text().splitlines()
        with (folder / f"{out}.jsonl").open("w") as file:
            for line in lines[lines.index("@data") + 1 :]:
                *columns, label = line.split(":")
                x = [list(map(float, column.split(","))) for column in columns]
                file.write(json.dumps({"x": list(zip(*x)), "y": label}) + "\n")


def text(folder: Path, length: int | None = None) -> None:
    """What Python says of itself, its last tenth to be judged on."""
    from pydoc_data.topics import topics

    whole = "\n".join(topics.values())[:length]
    cut = len(whole) * 9 // 10
    for name, part in zip(FILES, (whole[:cut], whole[cut:])):
        (folder / f"{name}.txt").write_text(part, encoding="utf-8")


Options = dict[str, Any]
AHEAD: Options = {"ahead": 1, "window": 40, "stride": 1, "batch": 32, "hidden": 32, "lr": 0.003}
CLASSES: Options = {"direction": "both", "hidden": 32, "lr": 0.005, "batch": 16, "scale": "inputs"}
TASKS: dict[str, tuple[Callable[[Path], None], str, Options]] = {
    "sunspots": (
        lambda folder: table(folder, shipped("statsmodels", "datasets/sunspots/sunspots.csv")), "csv",
        {**AHEAD, "target": "SUNACTIVITY", "time": "YEAR", "epochs": 40},
    ),
    "co2": (
        lambda folder: table(folder, shipped("statsmodels", "datasets/co2/co2.csv")), "csv",
        {**AHEAD, "target": "co2", "time": "date", "time_format": "%Y%m%d", "missing": "mask", "epochs": 10},
    ),
    "seattle-weather": (
        lambda folder: table(folder, shipped("vega_datasets", "_data/seattle-weather.csv")), "csv",
        {**AHEAD, "input": "precipitation,temp_max,temp_min,wind", "target": "temp_max", "time": "date", "epochs": 10},
    ),
    "JapaneseVowels": (lambda folder: series(folder, "JapaneseVowels"), "jsonl", {**CLASSES, "epochs": 40}),
    "BasicMotions": (lambda folder: series(folder, "BasicMotions"), "jsonl", {**CLASSES, "epochs": 60}),
    "characters": (
        lambda folder: text(folder, 150_000), "txt", {"window": 100, "hidden": 128, "lr": 0.003, "epochs": 5},
    ),
    "words": (text, "txt", {"tokens": "words", "window": 35, "hidden": 64, "lr": 0.003, "epochs": 2}),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- rnncalc


def prepared(folder: Path, ending: str, options: Options) -> Any:
    from rnncalc.pipeline import recipe

    files = {"data": str(folder / f"a.{ending}"), "test": str(folder / f"b.{ending}")}
    return recipe.prepare({"cell": "lstm", "dtype": "float32", "seed": 0, **files, **options})


def hand_over(run: Any, place: Path) -> None:
    """Write what PyTorch needs: weights, rows, targets, and the batches of every epoch."""
    from rnncalc import to_state_dict

    settings, data = run.trainer.settings, run.trainer.data
    arrays: dict[str, Any] = {f"weight:{name}": array for name, array in to_state_dict(run.network).items()}
    for name, part in (("train", data), ("test", run.test)):
        arrays |= {f"{name}:x": part.x, f"{name}:y": part.y, f"{name}:offsets": part.offsets}
    for epoch in range(settings.epochs):
        order = data.order(settings.batch, settings.seed, epoch, settings.shuffle)
        arrays |= {f"order:{epoch}": np.concatenate(order), f"sizes:{epoch}": [len(part) for part in order]}
    about = {
        "loss": settings.loss, "lr": settings.lr, "epochs": settings.epochs, "inputs": data.inputs,
        "hidden": run.network.layers[0].sizes["H"], "outputs": run.network.sizes["O"],
        "both": run.network.layers[0].direction == "both", "y_std": run.about.y_std,
        "final": run.network.summary == "final" and run.about.at == "last",
    }  # fmt: skip
    np.savez(place, about=json.dumps(about), **arrays)


def ours(folder: Path, ending: str, options: Options, threads: int) -> dict[str, Any]:
    from rnncalc.network.training.trainer import Trainer
    from rnncalc.pipeline.run import judged

    os.environ["RNNCALC_THREADS"] = str(threads)
    run = prepared(folder, ending, options)
    hand_over(run, folder / "data.npz")
    first = prepared(folder, ending, options)
    Trainer(first.network, first.trainer.data, replace(first.trainer.settings, epochs=1)).run()
    del first
    gc.collect()  # its blocks are not the run's
    began = time.perf_counter()
    history = run.trainer.run()
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "loss": history[-1]["loss"], "test": judged(run, run.test)}


# ------------------------------------------------------------------------------------------------------------- PyTorch


@dataclass
class Part:
    """Sequences beside each other, padded."""

    x: Any
    y: Any
    lengths: Any


def theirs(place: Path, threads: int) -> dict[str, Any]:
    import torch
    from torch.nn.functional import cross_entropy, one_hot
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

    torch.set_num_threads(threads)
    arrays = np.load(place)
    about = json.loads(str(arrays["about"]))
    classes = about["loss"] == "cross_entropy"

    def part(name: str) -> Part:
        x, y, offsets = (arrays[f"{name}:{what}"] for what in ("x", "y", "offsets"))
        tokens = x.ndim == 1
        rows = torch.from_numpy(x.astype(np.int64 if tokens else np.float32))
        wanted = torch.from_numpy(y.astype(np.int64 if classes else np.float32))
        ends = offsets[1:-1].tolist()
        nothing = -1 if classes else float("nan")
        return Part(
            pad_sequence(rows.tensor_split(ends), batch_first=True, padding_value=-1 if tokens else 0),
            pad_sequence(wanted.tensor_split(ends), batch_first=True, padding_value=nothing),
            torch.from_numpy(np.diff(offsets)),
        )

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            hidden, both = about["hidden"], about["both"]
            self.rnn = torch.nn.LSTM(about["inputs"], hidden, batch_first=True, bidirectional=both)
            self.fc = torch.nn.Linear(hidden * (1 + both), about["outputs"])
            names = [name.removeprefix("weight:") for name in arrays.files if name.startswith("weight:")]
            self.load_state_dict({name: torch.from_numpy(arrays[f"weight:{name}"].copy()) for name in names})
            for name, tensor in self.rnn.named_parameters():
                tensor.requires_grad = "bias_hh" not in name

        def forward(self, x: Any, lengths: Any) -> Any:
            if x.dim() == 2:
                x = one_hot(x + 1, about["inputs"] + 1)[..., 1:].float()
            whole = bool((lengths == x.shape[1]).all())
            fed = x if whole else pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            emitted, (last, _cells) = self.rnn(fed)
            if about["final"]:  # what each direction ends with, for the one target of a sequence, at its last step
                return self.fc(last.transpose(0, 1).flatten(1))[:, None].expand(-1, x.shape[1], -1)
            return self.fc(emitted if whole else pad_packed_sequence(emitted, batch_first=True)[0])

    def loss_of(net: Net, data: Part, which: Any) -> tuple[Any, int, Any]:
        lengths = data.lengths[which]
        longest = int(lengths.max())
        y = net(data.x[which][:, :longest], lengths)
        target = data.y[which][:, :longest]
        if classes:
            there = target >= 0
            right = int((y.argmax(2) == target)[there].sum())
            return cross_entropy(y[there], target[there]), int(there.sum()), right
        there = ~target.isnan()
        return ((y[there] - target[there]) ** 2).mean(), int(there.sum()), 0

    train, test = part("train"), part("test")

    def epochs(net: Net, count: int) -> float:
        optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=about["lr"])
        mean = 0.0
        for epoch in range(count):
            total, weight = 0.0, 0
            order = torch.from_numpy(arrays[f"order:{epoch}"])
            for which in order.split(arrays[f"sizes:{epoch}"].tolist()):
                optimizer.zero_grad()
                loss, entries, _right = loss_of(net, train, which)
                loss.backward()
                optimizer.step()
                total, weight = total + loss.item() * entries, weight + entries
            mean = total / weight
        return mean

    epochs(Net(), 1)
    net = Net()
    began = time.perf_counter()
    loss = epochs(net, about["epochs"])
    seconds = time.perf_counter() - began
    judged: dict[str, float] = {}
    with torch.no_grad():
        parts = [loss_of(net, test, which) for which in torch.arange(len(test.lengths)).split(64)]
    entries = sum(count for _loss, count, _right in parts)
    judged["loss"] = sum(loss.item() * count for loss, count, _right in parts) / entries
    if classes:
        judged["accuracy"] = sum(right for _loss, _count, right in parts) / entries
    elif about["y_std"]:
        judged["mean_squared_error"] = judged["loss"] * about["y_std"][0] ** 2
    return {"seconds": seconds, "loss": loss, "test": judged}


# ----------------------------------------------------------------------------------------------------------- the table


def apart(side: str, folder: Path, name: str, threads: int) -> dict[str, Any]:
    """One side in a process of its own, with its peak of memory in MB."""
    words = [
        sys.executable,
        __file__,
        "--side",
        side,
        "--folder",
        str(folder),
        "--data",
        name,
        "--threads",
        str(threads),
    ]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def figure(test: dict[str, float]) -> str:
    if "mean_squared_error" in test:
        return f"RMSE {test['mean_squared_error'] ** 0.5:.4g}"
    loss = f"loss {test['loss']:.4f}"
    return f"{100 * test['accuracy']:.1f} % right, {loss}" if "accuracy" in test else loss


def rows(names: list[str], threads: list[int]) -> Iterator[dict[str, Any]]:
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            TASKS[name][0](Path(place))
            for count in threads:
                sides = {side: apart(side, Path(place), name, count) for side in ("ours", "theirs")}
                yield {"data": name, "threads": count, **sides}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=",".join(TASKS))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--json")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        folder, threads = Path(given.folder), int(given.threads)
        _make, ending, options = TASKS[given.data]
        done = ours(folder, ending, options, threads) if given.side == "ours" else theirs(folder / "data.npz", threads)
        print(json.dumps({**done, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    print("| data | threads | figure | PyTorch's | loss | PyTorch's | seconds | PyTorch's | ratio | MB | PyTorch's |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    results = []
    for row in rows(given.data.split(","), list(map(int, given.threads.split(",")))):
        we, they = row["ours"], row["theirs"]
        cells = [
            row["data"], row["threads"], figure(we["test"]), figure(they["test"]), f"{we['loss']:.5g}",
            f"{they['loss']:.5g}", f"{we['seconds']:.2f}", f"{they['seconds']:.2f}",
            f"{they['seconds'] / we['seconds']:.2f}", f"{we['memory']:.0f}", f"{they['memory']:.0f}",
        ]  # fmt: skip
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        results.append(row)
    keep({"rows": results}, given.json)


if __name__ == "__main__":
    main()
