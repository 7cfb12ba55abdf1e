"""What backpropagation costs beside the forward pass: memory of a long sequence, time of a ragged batch.

python bench/backward.py
"""

from __future__ import annotations

import os
import tracemalloc
from functools import partial

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
from measure import interleaved  # noqa: E402
from run import NETWORKS  # noqa: E402

import rnncalc  # noqa: E402
from rnncalc.engine.compiled.packing.memory import release  # noqa: E402

STEPS = 10_000
H, D, O = 32, 8, 2


def network(cell: str, dtype: str, units: int = H) -> rnncalc.Network:
    """A network of that cell with a read-out."""
    rng = np.random.default_rng(0)
    gates, make = NETWORKS[cell]
    shapes = {"U": (gates * units, D), "W": (gates * units, units), "b": gates * units, "V": (O, units)}
    return make(**{name: (rng.normal(size=shape) / units**0.5).astype(dtype) for name, shape in shapes.items()})


def memory() -> None:
    """The extra peak of `backward` over the trace; it must not grow faster than T."""
    print(f"{'cell':>10} {'dtype':>8} {'T':>7} {'trace':>9}   extra peak of backward ÷ trace")
    for cell in NETWORKS:
        for dtype in ("float32", "float64"):
            net, rng = network(cell, dtype), np.random.default_rng(1)
            for steps in (STEPS // 10, STEPS):
                x, dy = rng.normal(size=(steps, D)).astype(dtype), rng.normal(size=(steps, O)).astype(dtype)
                net.backward(net.forward(x[:9]), dy=dy[:9])
                release()  # or the trace would lie where nobody counts
                tracemalloc.start()
                trace = net.forward(x)
                kept = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
                net.backward(trace, dy=dy)
                extra = tracemalloc.get_traced_memory()[1] - kept
                tracemalloc.stop()
                print(f"{cell:>10} {dtype:>8} {steps:>7} {kept / 1e6:7.2f}MB   {extra / kept:.2f}")


def ragged() -> None:
    """A batch of lengths 1 … T against the full rectangle: half of the steps are there."""
    print(f"{'cell':>10} {'dtype':>8}   time of lengths 1…64 ÷ full rectangle (forward + backward)")
    for cell in NETWORKS:
        for dtype in ("float32", "float64"):
            net, rng = network(cell, dtype, 128), np.random.default_rng(2)
            x, dy = rng.normal(size=(64, 64, D)).astype(dtype), rng.normal(size=(64, 64, O)).astype(dtype)
            lengths = rng.permutation(64) + 1

            def both(
                lengths: np.ndarray | None, net: rnncalc.Network = net, x: np.ndarray = x, dy: np.ndarray = dy
            ) -> None:
                net.backward(net.forward(x, lengths=lengths), dy=dy)

            both(None)
            both(lengths)
            times = interleaved({"ragged": partial(both, lengths), "full": partial(both, None)}, 2.0)
            print(f"{cell:>10} {dtype:>8}   {times['ragged'] / times['full']:.2f}")


if __name__ == "__main__":
    memory()
    ragged()
