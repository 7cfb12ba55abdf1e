"""Speed of `net(x)`, and of `net.forward` + `net.backward`, against NumPy and PyTorch: validate, warm up, time in turn.

python bench/run.py                  every size, float32 and float64, one thread
python bench/run.py --quick          the small ones
python bench/run.py --json out.json  keeps the figures with versions and machine
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before NumPy is loaded: one thread against one thread

import numpy as np  # noqa: E402
from measure import interleaved, keep  # noqa: E402
from rivals import Rival, installed  # noqa: E402

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
TOLERANCE = {"float32": 2e-4, "float64": 1e-12}  # of the largest number


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


def ours(cell: str, p: dict[str, np.ndarray]) -> Rival:
    """rnncalc as a user calls it."""
    net = CELLS[cell][1](**p)

    def both(x: np.ndarray, dh: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        trace = net.forward(x)
        gradients = net.backward(trace, dy=dh)
        return trace.h, {name: gradients[name] for name in "UWb"}

    return Rival(net, both)


def agree(who: str, dtype: str, theirs: np.ndarray, own: np.ndarray) -> None:
    """A rival is timed only if it computes the same."""
    off = np.abs(theirs - own).max() / np.abs(own).max()
    assert off < TOLERANCE[dtype], f"{who} and rnncalc disagree by {off}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, less time each")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    parser.add_argument("--what", choices=["forward", "both"], help="only one of the two")
    options = parser.parse_args()
    rng, rows, seconds = np.random.default_rng(0), [], 0.3 if options.quick else 1.0
    print(f"{'(N, T, D, H)':>20} {'cell':>10} {'dtype':>8} {'what':>8} {'rnncalc':>12}   rival ÷ rnncalc")
    for size in QUICK if options.quick else SIZES:
        N, T, D, H = size
        for cell in CELLS:
            for dtype in ("float32", "float64"):
                p, x = weights(cell, D, H, dtype, rng), rng.normal(size=(N, T, D)).astype(dtype)
                dh = rng.normal(size=(N, T, H)).astype(dtype)
                mine = ours(cell, p)
                rivals = {name: rival(cell, p) for name, rival in installed().items()}
                gradients = mine.both(x, dh)[1]
                for name, rival in rivals.items():  # also the warm-up
                    agree(name, dtype, rival.forward(x), mine.forward(x))
                    for parameter, gradient in rival.both(x, dh)[1].items():
                        agree(f"{name}, {parameter}", dtype, gradient, gradients[parameter])
                for what in ("forward", "both"):
                    if options.what not in (None, what):
                        continue
                    everybody: dict[str, Callable[[], object]] = {}
                    for name, one in {"rnncalc": mine, **rivals}.items():
                        arguments = (x,) if what == "forward" else (x, dh)
                        everybody[name] = partial(getattr(one, what), *arguments)
                    times = interleaved(everybody, seconds)
                    own = times.pop("rnncalc")
                    ratios = "   ".join(f"{name} {time / own:5.2f}" for name, time in times.items())
                    print(f"{size!s:>20} {cell:>10} {dtype:>8} {what:>8} {own * 1e6:10.1f}µs   {ratios}", flush=True)
                    row = {"size": size, "cell": cell, "dtype": dtype, "what": what, "rnncalc": own, "rivals": times}
                    rows.append(row)
    keep({"what": "seconds, one thread", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
