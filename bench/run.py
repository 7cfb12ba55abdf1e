"""Speed of `net(x)`, and of `net.forward` + `net.backward`, against NumPy, PyTorch, onnxruntime and JAX.

    python bench/run.py                  every size, float32 and float64, one thread on one processor
    python bench/run.py --quick          four sizes, within two minutes
    python bench/run.py --threads 2      each contestant in a process of its own, since their threads spin
    python bench/run.py --json out.json  keeps the figures with versions and machine

Everybody is held against rnncalc's numbers before anything is timed, then timed in turn, so that only ratios of one
run are compared. `limit` is the share of what the machine allows: its arithmetic or, for one sequence, the speed at
which the weights can be read.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

THREADS = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv[:-1] else "1"
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, THREADS)  # before NumPy is loaded
if THREADS == "1" and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(
        0, {max(os.sched_getaffinity(0))}
    )  # XLA takes every processor that it sees, whatever it is told
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np  # noqa: E402
from measure import interleaved, keep  # noqa: E402
from rivals import RIVALS, Rival, Weights, installed  # noqa: E402
from targets import Case, cases, target  # noqa: E402

import rnncalc  # noqa: E402

NETWORKS: dict[str, tuple[int, Callable[..., rnncalc.Network]]] = {
    "elman": (1, rnncalc.Elman),
    "lstm": (4, rnncalc.LSTM),
    "gru_after": (3, rnncalc.GRUAfter),
}
TOLERANCE = {"float32": 5e-4, "float64": 1e-11}  # of the largest number
OURS = "rnncalc"


def question(case: Case) -> tuple[Weights, np.ndarray, np.ndarray]:
    """Random weights scaled by 1/√fan-in, inputs, and the gradient that arrives at h."""
    rng = np.random.default_rng(sum(case.size))
    (N, T, D, H), gates = case.size, NETWORKS[case.cell][0]
    p = {
        "U": rng.normal(size=(gates * H, D)) / D**0.5,
        "W": rng.normal(size=(gates * H, H)) / H**0.5,
        "b": rng.normal(size=gates * H),
    }
    if case.cell == "gru_after":
        p["d"] = rng.normal(size=H)
    x, dh = rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    return {name: array.astype(case.dtype) for name, array in p.items()}, x.astype(case.dtype), dh.astype(case.dtype)


def ours(cell: str, p: Weights, threads: int) -> Rival:
    """rnncalc as a user calls it."""
    net = NETWORKS[cell][1](**p, threads=threads)

    def both(x: np.ndarray, dh: np.ndarray) -> tuple[np.ndarray, Weights]:
        trace = net.forward(x)
        gradients = net.backward(trace, dy=dh)
        return trace.h, {name: gradients[name] for name in "UWb"}

    return Rival(net, both)


def agree(who: str, dtype: str, theirs: np.ndarray, own: np.ndarray) -> None:
    """A rival is timed only if it computes the same."""
    off = np.abs(theirs - own).max() / np.abs(own).max()
    assert off < TOLERANCE[dtype], f"{who} and rnncalc disagree by {off}"


def runs(case: Case, threads: int, names: list[str]) -> dict[str, Callable[[], object]]:
    """What is timed, by name; each has been run once and held against rnncalc."""
    p, x, dh = question(case)
    mine = ours(case.cell, p, threads)
    makers = {OURS: lambda *_: mine, **installed()}
    calls: dict[str, Callable[[], object]] = {}
    for name in names:
        contestant = makers[name](case.cell, p, threads)
        if case.what == "forward" and contestant.forward:
            agree(name, case.dtype, contestant.forward(x), mine.forward(x))  # type: ignore[misc]
            calls[name] = partial(contestant.forward, x)
        elif case.what == "both" and contestant.both:
            gradients = mine.both(x, dh)[1]  # type: ignore[misc]
            for parameter, gradient in contestant.both(x, dh)[1].items():
                agree(f"{name}, d{parameter}", case.dtype, gradient, gradients[parameter])
            calls[name] = partial(contestant.both, x, dh)
    return calls


def apart(options: argparse.Namespace, names: list[str]) -> dict[str, list[float | None]]:
    """The seconds of every case, each contestant alone in a process."""
    answers = {}
    for name in names:
        arguments = [option for option in sys.argv[1:] if not option.endswith(".json") and option != "--json"]
        command = [sys.executable, __file__, *arguments, "--alone", name]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        answers[name] = json.loads(answer.stdout.splitlines()[-1])
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four sizes, less time each")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--what", choices=["forward", "both"], help="only one of the two")
    parser.add_argument("--size", help="only sizes that contain this, such as '(1, 100, 32'")
    parser.add_argument("--against", choices=[*RIVALS], action="append", help="only these rivals")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    parser.add_argument("--alone", choices=[OURS, *RIVALS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    seconds = 0.25 if options.quick else 1.0
    least = 3  # turns, however long they take
    todo = cases(options.quick, options.what, options.size)
    if options.alone:
        times = [interleaved(runs(case, options.threads, [options.alone]), seconds, least) for case in todo]
        print(json.dumps([seconds.get(options.alone) for seconds in times]))
        return
    from machine import Limits

    limits = {dtype: Limits(dtype) for dtype in ("float32", "float64")}
    names = [OURS, *(name for name in installed() if not options.against or name in options.against)]
    print(*limits.values(), sep="\n")
    rivals = "".join(f"{name:>12}" for name in names[1:])
    print(f"{'(N, T, D, H)':>20} {'cell':>10} {'dtype':>8} {'what':>8} {OURS:>11}{rivals}    best  target  limit")
    blocks = apart(options, names) if options.threads > 1 else {}
    rows: list[dict[str, Any]] = []
    for number, case in enumerate(todo):
        if blocks:
            median = {name: times[number] for name, times in blocks.items() if times[number] is not None}
        else:
            median = interleaved(runs(case, 1, names), seconds, least)
        rows.append(row(case, options.threads, median, names, limits[case.dtype].seconds(case)))
    machine = {str(limit.kind): {"flops": limit.flops, "reads": limit.bytes} for limit in limits.values()}
    keep({"what": "seconds", "threads": options.threads, "limits": machine, "rows": rows}, options.json)


def row(case: Case, threads: int, median: dict[str, float | None], names: list[str], least: float) -> dict[str, Any]:
    """Print a case, and answer its row."""
    own = median[OURS] or 0.0
    ratios = {name: time / own for name, time in median.items() if name != OURS and time}
    best, wanted = min(ratios.values()), target(case, threads)
    cells = "".join(f"{ratios[name]:12.2f}" if name in ratios else f"{'–':>12}" for name in names[1:])
    mark = " " if wanted is None or best >= wanted else "<"
    share = f"{100 * least / own / threads:4.0f} %"
    head = f"{case.size!s:>20} {case.cell:>10} {case.dtype:>8} {case.what:>8} {own * 1e6:9.1f}µs"
    print(f"{head}{cells}  {best:6.2f}{mark} {wanted or '–':>6} {share:>6}", flush=True)
    return {**case._asdict(), "seconds": median, "best": best, "target": wanted, "limit": least}


if __name__ == "__main__":
    main()
