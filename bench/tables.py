"""A million rows in long format, with ids, times and labels: how long reading them takes, and how much memory.

`python bench/tables.py [--rows 1000000] [--before FOLDER]` writes the table as CSV and as Parquet, and reads it in
fresh processes, in turn: CSV through pyarrow, CSV without it, Parquet, and CSV by the package of an earlier tree. It
prints the CPU seconds of reading, the best of three rounds; how many times as long that is as with pyarrow; the peak of
memory; and whether all have the same bits. Needs the extra `arrow`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pyarrow import csv, parquet

ROUNDS, STEPS = 3, 100
READ = """
import hashlib, resource, sys, time
try:
    from rnncalc.pipeline import data
    from rnncalc.pipeline.data_description import DataDescription
    from rnncalc.pipeline.data import table_file
    about = DataDescription(id="who", time="when", target="sky")
except ImportError:
    from rnncalc import data
    about, table_file = {"id": "who", "time": "when", "target": "sky"}, None
if sys.argv[2] == "without":
    table_file.find_spec = lambda name: None
began = time.process_time()
sequences = data.read(sys.argv[1], about)[0]
seconds = time.process_time() - began
digest = hashlib.sha256(sequences.x.tobytes() + sequences.y.tobytes()).hexdigest()
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, digest)
"""


def write(folder: Path, rows: int) -> None:
    """Write the table: sequences of STEPS hours, three numbers a row, four labels."""
    rng, count = np.random.default_rng(0), rows // STEPS
    hours = np.datetime64("2024-01-01T00:00:00") + np.arange(STEPS) * np.timedelta64(1, "h")
    times = [str(hour).replace("T", " ") for hour in hours]
    with (folder / "a.csv").open("w") as file:
        file.write("who,when,a,b,c,sky\n")
        for name in range(count):
            numbers, labels = rng.normal(size=(STEPS, 3)), rng.choice(["dry", "wet", "hail", "snow"], STEPS)
            file.writelines(
                f"s-{name:05d},{when},{a:.6f},{b:.6f},{c:.6f},{sky}\n"
                for when, (a, b, c), sky in zip(times, numbers.tolist(), labels)
            )
    kinds = csv.ConvertOptions(column_types={"when": "string"})
    parquet.write_table(csv.read_csv(folder / "a.csv", convert_options=kinds), folder / "a.parquet")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--before", type=Path, help="an earlier tree")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.rows)
        cases: dict[str, tuple[str, str, dict[str, str]]] = {
            "CSV, pyarrow": ("a.csv", "with", {}),
            "CSV, without": ("a.csv", "without", {}),
            "Parquet": ("a.parquet", "with", {}),
        }
        if options.before:
            cases["CSV, before"] = ("a.csv", "with", {"PYTHONPATH": str(options.before.resolve())})
        best: dict[str, tuple[float, float, str]] = {}
        for _round in range(ROUNDS):
            for way, (file, how, env) in cases.items():
                done = subprocess.run(
                    [sys.executable, "-c", READ, str(folder / file), how],
                    capture_output=True, text=True, check=True, cwd=folder, env={**os.environ, **env},
                )  # fmt: skip
                seconds, memory, digest = done.stdout.split()
                best[way] = min(best.get(way, (1e9, 0.0, "")), (float(seconds), float(memory), digest))
    fastest = best["CSV, pyarrow"][0]
    for way, (spent, peak, _digest) in best.items():
        print(f"{way:14} {spent:6.2f} s  × {spent / fastest:5.1f}  {peak:5.0f} MB")
    print("bits:", "the same" if len({digest for _s, _m, digest in best.values()}) == 1 else "others")


if __name__ == "__main__":
    main()
