"""How to time fairly: what is compared runs in turn, in one process, and only ratios are quoted."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

TURN = 0.002  # seconds of a turn, at least
PACKAGES = ("rnncalc", "numpy", "numba", "llvmlite", "click", "rich", "torch", "onnxruntime", "jax")


def interleaved(contestants: dict[str, Callable[[], object]], seconds: float = 1.0, least: int = 5) -> dict[str, float]:
    """Median seconds of each, called in turn until the time is up, so that the machine's moods strike all alike.

    What is short is called many times in its turn: nobody's first call after the others' is what a user waits for.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    turns = dict.fromkeys(contestants, 1)
    until = time.perf_counter() + seconds
    while times and (time.perf_counter() < until or len(times[next(iter(times))]) < least):
        for name, run in contestants.items():
            began = time.perf_counter()
            for _call in range(turns[name]):
                run()
            times[name].append((time.perf_counter() - began) / turns[name])
            turns[name] = max(1, int(TURN / times[name][-1]))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def circumstances() -> dict[str, Any]:
    """The machine and the versions, without which a figure means nothing."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "python": sys.version.split()[0],
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "versions": versions,
    }


def keep(results: dict[str, Any], name: str | None) -> None:
    """Write the results as JSON beside the circumstances they were had in."""
    if name:
        Path(name).write_text(json.dumps({**circumstances(), **results}, indent=1) + "\n", encoding="utf-8")
