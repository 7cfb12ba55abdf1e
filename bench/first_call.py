"""A cell's first call on an empty cache: seconds to the first answer and to the first gradient, and what is compiled.

    python bench/first_call.py
    python bench/first_call.py --against python-of-another-tree --turns 5

Each process has a cache of its own. CPU seconds of the whole process, importing left out, the least of some turns. Of
each kernel the last turn's seconds, its parts included, which stand below it. With `--against`, the same of another
tree in turn, and the ratio; neither is imported from the folder that one is in (`-P`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

CELLS = ("elman", "lstm", "gru", "gru_after")
SIZES = {"one sequence": (1, 50, 3, 4), "many": (64, 50, 3, 4)}  # N, T, D, H: along the units, across the sequences
CALL = """
import json, logging, sys, time
import numba.core.event as event
import numpy as np
import rnncalc
try:
    import rnncalc.engine.compiled.execution.compiled_cell
except ImportError:  # the tree of 0.1.0
    import rnncalc.compiled_run

logging.disable(logging.CRITICAL)
cell, N, T, D, H = sys.argv[1], *map(int, sys.argv[2:])
kernels, open_ = [], []

class Listener(event.Listener):
    def on_start(self, happened):
        open_.append(time.process_time())
    def on_end(self, happened):
        seconds, function = time.process_time() - open_.pop(), happened.data["dispatcher"].py_func
        kernels.append((len(open_), f"{function.__module__}.{function.__qualname__}", seconds))

event.register("numba:compile", Listener())
gates = {"elman": 1, "lstm": 4}.get(cell, 3)
rng = np.random.default_rng(0)
array = lambda *shape: rng.normal(size=shape).astype(np.float32)
d = {"d": array(H)} if cell == "gru_after" else {}
layer = rnncalc.Layer(cell, array(gates * H, D), array(gates * H, H), array(gates * H), **d)
net, x, dy = rnncalc.Network([layer], engine="numba"), array(N, T, D), array(N, T, H)
begin = time.process_time()
net(x)
answer = time.process_time()
gradients = net.backward(net.forward(x), dy=dy)
gradients.x, [gradients[name] for name in "UWb"]
print(json.dumps({"answer": answer - begin, "gradient": time.process_time() - answer, "kernels": kernels}))
"""


def first(python: str, cell: str, size: tuple[int, ...]) -> dict[str, Any]:
    """One process: its seconds and its kernels, each behind its parts."""
    with tempfile.TemporaryDirectory() as cache:
        ran = subprocess.run(
            [python, "-P", "-c", CALL, cell, *map(str, size)],
            env={**os.environ, "RNNCALC_CACHE_DIR": cache}, check=True, capture_output=True, text=True,
        )  # fmt: skip
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="PYTHON", help="an interpreter that has another tree")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cells", nargs="+", default=CELLS, choices=CELLS)
    chosen = parser.parse_args()
    for cell in chosen.cells:
        for what, size in SIZES.items():
            pythons = [sys.executable, *([chosen.against] if chosen.against else [])]
            turns = [[first(python, cell, size) for python in pythons] for _turn in range(chosen.turns)]
            for number, python in enumerate(pythons):
                least = {key: min(turn[number][key] for turn in turns) for key in ("answer", "gradient")}
                kernels = turns[-1][number]["kernels"]
                print(
                    f"{cell}, {what} {size}: first answer {least['answer']:.2f} s, first gradient "
                    f"{least['gradient']:.2f} s more; {len(kernels)} functions compiled ({python})"
                )
                for depth, name, seconds in kernels[::-1] if number == 0 else ():
                    print(f"    {'  ' * depth}{seconds:5.2f} {name.removeprefix('rnncalc.engine.compiled.')}")
            if chosen.against:
                ours, theirs = (min(t[n]["answer"] + t[n]["gradient"] for t in turns) for n in (0, 1))
                print(f"    together {ours:.2f} / {theirs:.2f} = {ours / theirs:.2f}", flush=True)


if __name__ == "__main__":
    main()
