"""Mutated files through the commands that read them: exit 0, 1, 2 or 3, in bounded time and memory.

    python bench/fuzz_files.py --count 30000 [--seed 0] [--reader model]

Each reader gets its share, in processes of their own that may take 1 GB more than they begin with. Printed: how many
inputs of each reader ended with which exit code, and each fault once, with how often and the seed that shows it again.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"  # each own cell would be compiled for seconds
HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1] / "tests")]
READERS = ("model", "arrays", "lines", "text", "table", "config", "problem")
ROOM = 1_000_000_000  # bytes
LONGEST = 10  # seconds of computing


class TooLongError(Exception):
    pass


def _ring(*_what: object) -> None:
    raise TooLongError


def run(reader: str, seed: int, count: int) -> None:
    """So many inputs of one reader; a line for each exit code and each fault."""
    from support.strangers import Cases, carried_out, fault

    codes: Counter[int] = Counter()
    faults: Counter[str] = Counter()
    shown: dict[str, str] = {}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(Path(folder))
        make = cases.readers[reader]
        for warm in range(20):  # whatever is loaded on first use
            carried_out(make(random.Random(f"warm {warm}")))
        begun = _peak()
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
        signal.signal(signal.SIGPROF, _ring)
        for number in range(seed, seed + count):
            arguments = make(random.Random(f"{reader} {number}"))
            signal.setitimer(signal.ITIMER_PROF, LONGEST)
            began = time.process_time()
            code, text = carried_out(arguments)
            signal.setitimer(signal.ITIMER_PROF, 0)
            took = time.process_time() - began
            slowest = max(slowest, took)
            codes[code] += 1
            # the alarm waits until a regular expression is done, and may then be caught on its way
            wrong = fault(code, text) or (f"{LONGEST} s of computing passed" if took > LONGEST else None)
            if wrong:
                faults[wrong] += 1
                shown.setdefault(wrong, f"{reader} {number}: {' '.join(arguments)[:100]}")
    ended = "  ".join(f"exit {code}: {codes[code]:6}" for code in sorted(codes))
    print(
        f"{reader:8} {count:6}  {ended}  slowest {slowest:.1f} s  memory +{(_peak() - begun) / 1e6:.0f} MB", flush=True
    )
    for wrong, times in faults.most_common():
        print(f"    {times:5} × {wrong}\n            {shown[wrong]}", flush=True)
    sys.exit(bool(faults))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=30_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--reader", choices=READERS)
    options.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.inside:
        run(given.reader, given.seed, given.count)
    readers = [given.reader] if given.reader else READERS
    each = -(-given.count // len(readers))
    failed = False
    for reader in readers:
        command = [
            sys.executable,
            str(HERE),
            "--inside",
            "--reader",
            reader,
            "--seed",
            str(given.seed),
            "--count",
            str(each),
        ]
        failed |= bool(subprocess.run(command).returncode)
    sys.exit(failed)


if __name__ == "__main__":
    main()
