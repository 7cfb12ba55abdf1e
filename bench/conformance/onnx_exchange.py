"""Against onnxruntime: random networks that we export, and random nodes that we read.

    python bench/conformance/onnx_exchange.py [--networks 200] [--nodes 400] [--seed 0]

Every network is run on two whole batches and two ragged ones, of other sizes and lengths each. Every node with
attributes that onnxruntime accepts is read back: the same outputs, or a refusal that names the attribute. Exit code 1
if one differs by more than 3e-6, of the largest output where that is above 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import onnxruntime
from support import exchanged

import rnncalc
from rnncalc.errors import RnncalcError
from rnncalc.network.network import Network
from rnncalc.network.weights import onnx_writer

TOLERANCE = 3e-6


def session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def exported(net: Network, rng: np.random.Generator) -> float:
    """The largest difference between a network and its export, over batches of several sizes."""
    run, worst = session(onnx_writer.model(net).SerializeToString()), 0.0
    for ragged in (False, True):
        sizes: list[tuple[int, ...]] = []
        while len(sizes) < 2:
            x, lengths = exchanged.batch(rng, net.sizes["D"], ragged)
            if any(x.shape[axis] == size[axis] for size in sizes for axis in (0, 1)):
                continue
            sizes.append(x.shape)
            feed = {"x": x, **({"lengths": lengths.astype(np.int32)} if ragged else {})}
            y = net(x, **({"lengths": lengths} if ragged else {}))
            outputs = run.run(["y"], feed)[0]
            there = np.arange(x.shape[1]) < lengths[:, None]
            difference = np.abs(np.where(there[..., None], outputs - y, 0)) / max(1.0, float(np.abs(y).max()))
            worst = max(worst, float(difference.max()))
    return worst


def read_back(rng: np.random.Generator, folder: Path) -> tuple[str, bool]:
    """How reading a random node went, and whether it is as it should be."""
    kind, attributes, constants = exchanged.node(rng)
    ragged = bool(rng.random() < 0.4)
    content = exchanged.graph(kind, attributes, constants, ragged).SerializeToString()
    layout = "batch_first" if attributes.get("layout") else "time_first"
    N, T = exchanged.SEQUENCES, exchanged.STEPS
    X = rng.normal(size=(T, N, constants["W"].shape[2])).astype(np.float32)
    X = X.swapaxes(0, 1) if layout == "batch_first" else X
    lengths = rng.integers(1, T + 1, size=N) if ragged else None
    try:
        feed = {"X": X} if lengths is None else {"X": X, "sequence_lens": lengths.astype(np.int32)}
        theirs = session(content).run(None, feed)[0]
    except Exception as error:
        return f"onnxruntime does not run it: {str(error).splitlines()[0][-60:]}", True
    path = folder / "node.onnx"
    path.write_bytes(content)
    try:
        ours, exact = (
            rnncalc.load(path, dtype=dtype, engine="equations")(X, layout=layout, lengths=lengths)
            for dtype in ("float32", "float64")
        )
    except RnncalcError as error:
        return f"refused: {str(error).partition(': ')[2]}", True
    largest = float(np.abs(exact).max())
    if not largest < 1000:
        return "grows beyond what float32 can be held to", True
    if not np.isfinite(theirs).all():
        return "overflows in onnxruntime, though the number is small", True
    rounding = 8 * np.abs(ours - exact).max()  # what float32 loses where functions let numbers grow
    if (np.abs(ours - theirs) > TOLERANCE * max(1.0, largest) + rounding).any():
        return f"DIFFERS by {np.abs(ours - theirs).max():.2g}: {kind} {attributes} {sorted(constants)} {ragged}", False
    return f"agrees: {kind}", True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    worst = 0.0
    for number in range(chosen.networks):
        rng = np.random.default_rng([chosen.seed, 1, number])
        net = exchanged.network(rng)
        difference = exported(net, rng)
        worst = max(worst, difference)
        if difference > TOLERANCE:
            print(f"network {number}: {difference:.2g} {net}")
    print(f"{chosen.networks} networks exported: largest difference {worst:.2g}")
    outcomes: Counter[str] = Counter()
    bad = worst > TOLERANCE
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.nodes):
            outcome, good = read_back(np.random.default_rng([chosen.seed, 2, number]), Path(folder))
            outcomes[outcome] += 1
            bad |= not good
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:5} {outcome}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
