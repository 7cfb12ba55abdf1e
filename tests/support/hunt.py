"""The hunt: problem after problem through every door, until the time is over or the number is reached."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rnncalc.model.cells import Cell
from support.doors import Report, visit, visit_new
from support.own_cells import random_cell
from support.problems import random_problem


def hunt(
    seeds: range,
    *,
    own: bool = False,
    engines: tuple[str, ...] = ("equations", "numba"),
    seconds: float = 1e9,
    most: int | None = None,
    after_each: Callable[[Report], bool] | None = None,
) -> Report:
    """Visit one problem a seed. own: with a random cell of its own. seconds: no new problem is begun after that.

    most: through that many doors, chosen at random; without it through every one. after_each: called after every
    problem with the report so far; False ends the hunt.
    """
    report, begin = Report(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        for seed in seeds:
            if time.monotonic() - begin > seconds:
                break
            rng = random.Random(seed)
            keys = random_problem(rng, own_cell(seed) if own else None)
            report.runs["problems"] += 1
            before = len(report.faults)
            visit(keys, rng, Path(name), engines, report, most)
            if not own and (most is None or rng.random() < 0.1):
                visit_new(rng, Path(name), report)
            for fault in report.faults[before:]:
                fault.door += f" (seed {seed})"
            if after_each and not after_each(report):
                break
    return report


def own_cell(seed: int) -> Cell:
    """A random cell that a problem file can name: one without outputs of its own."""
    rng = np.random.default_rng(seed)
    return next(cell for cell in iter(lambda: random_cell(rng), None) if not cell.outputs)


def main(seeds: range) -> None:
    """Cells of one's own on both engines; exit code 1 if a law was broken."""
    report = hunt(seeds, own=True)
    for fault in report.faults[:5]:
        print(f"{fault.door}: {fault.what}")
    sys.exit(bool(report.faults))
