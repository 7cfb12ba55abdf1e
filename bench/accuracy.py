"""How exact tanh, sigmoid and exp of the engine are, in units in the last place (ulp).

    python bench/accuracy.py            float32: every number there is; float64: ten million, and the special ones
    python bench/accuracy.py --quick    every 1021st of the float32 numbers, a million float64

float32 is held against NumPy's float64, float64 against the machine's long double.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
from measure import keep

from rnncalc.engine.compiled.execution.compiled_cell import CompiledCell
from rnncalc.model.cells import Cell
from rnncalc.model.packed_batch import PackedBatch

TOGETHER = 1 << 20
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-300, -1e-300, 5e-324, 20.0, -20.0, 709.7, -745.1, 1e300, -1e300]
Function = Callable[[np.ndarray], np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


EXACT: dict[str, Function] = {"tanh": np.tanh, "sigmoid": sigmoid, "exp": np.exp}


def engine(name: str, dtype: type) -> Function:
    """The engine's function, through a cell of one line."""
    cell = Cell(f"only_{name}", {"h": f"{name}(x_t)"}, [], "h")
    cells: dict[int, CompiledCell] = {}

    def run(x: np.ndarray) -> np.ndarray:
        size = {"H": len(x), "D": len(x)}
        compiled = cells.setdefault(len(x), CompiledCell(cell, {}, size, np.dtype(dtype)))
        signals = compiled.tracing(PackedBatch.flat(1), {})(x[None])
        return signals["h"][0]

    return run


def off(computed: np.ndarray, exact: np.ndarray, dtype: type) -> np.ndarray:
    """The distance in units in the last place of the rounded exact value; 0 where both are the same or no numbers."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        distance = np.abs(computed - exact) / np.spacing(np.abs(rounded)).astype(exact.dtype)
    same = (computed == rounded) | (np.isnan(computed) & np.isnan(exact))
    return np.where(same, 0, distance)


def every_float32(stride: int) -> Iterator[np.ndarray]:
    for begin in range(0, 1 << 32, TOGETHER * stride):
        end = min(begin + TOGETHER * stride, 1 << 32)
        yield np.arange(begin, end, stride, dtype=np.uint64).astype(np.uint32).view(np.float32)


def many_float64(count: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    yield np.array(SPECIAL * 8)
    for _begin in range(0, count, TOGETHER):
        third = TOGETHER // 3
        far = rng.uniform(-760, 760, third)
        small = np.sign(rng.uniform(-1, 1, third)) * 10.0 ** rng.uniform(-320, 0, third)
        yield np.concatenate([rng.uniform(-20, 20, TOGETHER - 2 * third), far, small])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    options = parser.parse_args()
    rows = []
    for dtype, wide, parts in (
        (np.float32, np.float64, lambda: every_float32(1021 if options.quick else 1)),
        (np.float64, np.longdouble, lambda: many_float64(10**6 if options.quick else 10**7)),
    ):
        for name, exact in EXACT.items():
            began, most, where, count = time.perf_counter(), 0.0, 0.0, 0
            run = engine(name, dtype)
            for x in parts():
                with np.errstate(all="ignore"):
                    distance = off(run(x), exact(x.astype(wide)), dtype)
                worst = int(distance.argmax())
                count += len(x)
                if distance[worst] > most:
                    most, where = float(distance[worst]), float(x[worst])
            kind, seconds = np.dtype(dtype).name, time.perf_counter() - began
            print(f"{kind} {name:>8}: {most:.2f} ulp at x = {where!r}, {count:,} numbers, {seconds:.0f} s", flush=True)
            rows.append({"dtype": kind, "function": name, "ulp": most, "at": where, "numbers": count})
    keep({"what": "units in the last place", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
