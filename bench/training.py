"""Seconds to the same loss, rnncalc beside PyTorch: every shipped system, same data, same weights, same batches.

python bench/training.py [--systems sin-cos,names] [--threads 1] [--json results.json]

Both train in float32 with the same optimiser, one after the other and epoch by epoch in turn, so that the machine's
moods strike both. The goal is the loss that PyTorch has after all its epochs; a side's time is the sum of its epochs
until its own loss is as low.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch
from measure import keep

from rnncalc.network.weights.pytorch import from_state_dict
from rnncalc.pipeline.examples import EXAMPLES
from rnncalc.pipeline.recipe import Run, prepare

EPOCHS = {"binary-addition": 15, "sin-cos": 20, "digits": 15, "quatrains": 5, "cnn-features": 15, "names": 8}


class Theirs(torch.nn.Module):
    """The same network in PyTorch: nn.RNN, nn.LSTM or nn.GRU where it has the cell, else a loop over the steps."""

    def __init__(self, run: Run):
        super().__init__()
        layer, o = run.network.layers[0], run.options
        sizes = layer.sizes
        self.kind, self.sizes = layer.cell.name, sizes
        self.loss = run.trainer.settings.loss
        kinds = {"lstm": torch.nn.LSTM, "gru_after": torch.nn.GRU, "elman": torch.nn.RNN}
        self.tokens = run.trainer.data.tokens
        self.loop = self.kind == "i2h_i2o" or o.get("activation") == "sigmoid"
        if self.kind == "i2h_i2o":
            self.top = torch.nn.Linear(sizes["D"] + sizes["H"], sizes["H"] + run.network.sizes["O"])
        elif self.loop:
            self.cell = torch.nn.Linear(sizes["D"] + sizes["H"], sizes["H"])
            self.top = torch.nn.Linear(sizes["H"], run.network.sizes["O"])
        else:
            both = o.get("direction") == "both"
            self.rnn = kinds[self.kind](sizes["D"], sizes["H"], batch_first=True, bidirectional=both)
            self.top = torch.nn.Linear(layer.width, run.network.sizes["O"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.tokens:
            x = torch.nn.functional.one_hot(x, self.sizes["D"]).float()
        if not self.loop:
            return self.top(self.rnn(x)[0])
        h, scores = x.new_zeros(len(x), self.sizes["H"]), []
        for t in range(x.shape[1]):
            step = torch.cat([x[:, t], h], 1)
            if self.kind == "i2h_i2o":
                h, s = self.top(step).split([self.sizes["H"], self.top.out_features - self.sizes["H"]], 1)
            else:
                h = torch.sigmoid(self.cell(step))
                s = self.top(h)
            scores.append(s)
        return torch.stack(scores, 1)

    def judge(self, scores: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, int]:
        """The mean loss over the targets, and their number."""
        if y.dtype == torch.int64:
            number = int((y >= 0).sum())
            return torch.nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten(), ignore_index=-1), number
        there = ~torch.isnan(y)
        loss = {"binary_cross_entropy": torch.nn.functional.binary_cross_entropy_with_logits}.get(
            self.loss, torch.nn.functional.mse_loss
        )
        return loss(scores[there], y[there]), int(there.sum())


def batches(run: Run, epoch: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The batches of an epoch as PyTorch takes them: padded, prepared outside the clock."""
    batches, data = [], run.trainer.data
    for which in data.order(run.trainer.settings.batch, 0, epoch, True):
        batch = data.batch(which)
        x, y = batch.schedule.unpack(data.x[batch.rows]), batch.schedule.unpack(data.y[batch.rows])
        if data.y.ndim == 1:
            y = np.where(batch.schedule.present, y, -1)
        else:
            y = np.where(batch.schedule.present[..., None], y, np.nan).astype(np.float32)
        x = np.maximum(x, 0).astype(np.int64) if data.tokens else x.astype(np.float32)
        batches.append((torch.from_numpy(x), torch.from_numpy(y.astype(np.int64 if data.y.ndim == 1 else np.float32))))
    return batches


def race(name: str, epochs: int) -> dict[str, Any]:
    """Both to the same loss."""
    options = {"data": f"example:{name}", **EXAMPLES[name].options, "epochs": epochs}
    options.pop("schedule", None)
    if options["cell"] == "gru":
        options["cell"] = "gru_after"  # the one that PyTorch has
    run = prepare(options)
    torch.manual_seed(0)
    theirs = Theirs(run)
    clip = run.trainer.settings.clip_norm
    optimizer = torch.optim.Adam(theirs.parameters(), lr=run.trainer.rate.lr)
    if not theirs.loop:  # the same first weights
        tensors = {f"rnn.{key}": value for key, value in theirs.rnn.state_dict().items()}
        tensors |= {f"top.{key}": value for key, value in theirs.top.state_dict().items()}
        net = from_state_dict(tensors, readout="top", dtype="float32")
        ours = [*net.passes, net.read_out]
        for layer, other in zip([*run.network.passes, run.network.read_out], ours):
            for key, array in layer.arrays.items():
                base = array.base if array.base is not None else array
                assert base is not None
                writeable = run.trainer.parameters.named(run.trainer.parameters.vector)
                slot = next(s for s in run.trainer.parameters.slots if s.owner is layer and s.array == key)
                writeable[slot.name][:] = other.arrays[key]
    times: dict[str, list[tuple[float, float]]] = {"rnncalc": [], "torch": []}
    trainer = run.trainer
    compiled = prepare({**options, "epochs": 1}).trainer  # another run of the same: compile, or fetch from the cache
    compiled.epochs.train(0.0, lambda: None, 10.0)
    for epoch in range(epochs):
        began = time.perf_counter()
        trainer.epochs.train(trainer.rate.lr, lambda: None, 10.0)
        loss = trainer.progress.loss
        trainer._end_epoch(trainer.rate.lr)
        times["rnncalc"].append((time.perf_counter() - began, loss))
        ready, total, weight = batches(run, epoch), 0.0, 0
        began = time.perf_counter()
        for x, y in ready:
            loss_, number = theirs.judge(theirs(x), y)
            optimizer.zero_grad()
            loss_.backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip)
            optimizer.step()
            total, weight = total + loss_.item() * number, weight + number
        times["torch"].append((time.perf_counter() - began, total / weight))
    goal = max(times["torch"][-1][1], times["rnncalc"][-1][1])
    times: dict[str, Any] = {"loss": goal}
    for side, epochs_ in times.items():
        spent = 0.0
        for seconds, loss in epochs_:
            spent += seconds
            if loss <= goal:
                break
        times[side] = spent
        times[f"{side} per epoch"] = float(np.median([seconds for seconds, _loss in epochs_]))
    return times


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", default=",".join(EPOCHS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    results = {}
    print(f"{'':17}{'loss':>10}{'rnncalc s':>11}{'torch s':>10}{'ratio':>8}{'  per epoch':>12}")
    for name in chosen.systems.split(","):
        times = results[name] = race(name, EPOCHS[name])
        ratio = times["torch"] / times["rnncalc"]
        each = times["torch per epoch"] / times["rnncalc per epoch"]
        shown = f"{times['loss']:10.4g}{times['rnncalc']:11.2f}{times['torch']:10.2f}{ratio:8.1f}{each:12.1f}"
        print(f"{name:17}{shown}", flush=True)
    keep({"training": results}, chosen.json)


if __name__ == "__main__":
    main()
