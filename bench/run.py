"""Speed of inference, `net(x)`, against a good NumPy loop: validate, warm up, time in turn, print ratios.

python bench/run.py                  every size, float32 and float64, one thread
python bench/run.py --quick          the small ones
python bench/run.py --json out.json  keeps the figures with versions and machine
"""

from __future__ import annotations

import argparse
import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before NumPy is loaded: one thread against one thread

import numpy as np  # noqa: E402
from measure import interleaved, keep  # noqa: E402
from rivals import RIVALS  # noqa: E402

import rnncalc  # noqa: E402

SIZES = [
    (1, 50, 3, 4),
    (1, 100, 32, 32),
    (1, 100, 37, 200),
    (1, 100, 128, 128),
    (32, 100, 64, 128),
    (1, 100, 512, 512),
    (64, 100, 256, 512),
]
QUICK = SIZES[:5]
CELLS = {"elman": (1, rnncalc.Elman), "lstm": (4, rnncalc.LSTM), "gru_after": (3, rnncalc.GRUAfter)}
TOLERANCE = {"float32": 1e-4, "float64": 1e-12}


def weights(cell: str, D: int, H: int, dtype: str, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Random weights scaled by 1/√fan-in."""
    G = CELLS[cell][0]
    p = {
        "U": rng.normal(size=(G * H, D)) / D**0.5,
        "W": rng.normal(size=(G * H, H)) / H**0.5,
        "b": rng.normal(size=G * H),
    }
    if cell == "gru_after":
        p["d"] = rng.normal(size=H)
    return {name: array.astype(dtype) for name, array in p.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, less time each")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    options = parser.parse_args()
    rng, rows = np.random.default_rng(0), []
    print(f"{'(N, T, D, H)':>20} {'cell':>10} {'dtype':>8} {'rnncalc':>11}   best rival ÷ rnncalc")
    for size in QUICK if options.quick else SIZES:
        N, T, D, H = size
        for cell, (_gates, make) in CELLS.items():
            for dtype in ("float32", "float64"):
                p, x = weights(cell, D, H, dtype, rng), rng.normal(size=(N, T, D)).astype(dtype)
                net = make(**p)
                contestants = {"rnncalc": lambda net=net, x=x: net(x)}
                for name, rival in RIVALS.items():
                    forward = rival(cell, p)
                    off = np.abs(forward(x) - net(x)).max()  # also the warm-up
                    assert off < TOLERANCE[dtype], f"{name} and rnncalc disagree by {off}"
                    contestants[name] = lambda forward=forward, x=x: forward(x)
                times = interleaved(contestants, 0.3 if options.quick else 1.0)
                ours = times.pop("rnncalc")
                best = min(times, key=lambda name: times[name])
                print(
                    f"{size!s:>20} {cell:>10} {dtype:>8} {ours * 1e6:9.1f}µs   {times[best] / ours:5.2f} ({best})",
                    flush=True,
                )
                rows.append({"size": size, "cell": cell, "dtype": dtype, "rnncalc": ours, "rivals": times})
    keep({"what": "inference, seconds, one thread", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
