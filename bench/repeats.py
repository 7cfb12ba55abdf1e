"""Texts that repeat one token, at every door: read or refused in time that grows with their length, not its square.

    python bench/repeats.py [--door "forward .md"] [--length 20000] [--every 7] [--slow 1.0]

Each text is read once; what takes longer than `--slow` seconds of computing is read at a quarter of its length too.
Where it took less than an eighth of the time there, or where it does not end within five seconds, it is a fault.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]
LONGEST = 5  # seconds of computing


class TooLongError(BaseException):
    pass


def _ring(*_what: object) -> None:
    raise TooLongError


def main() -> None:
    from support.repeated import DOORS, arguments, cases
    from support.strangers import carried_out, fault

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--door", choices=DOORS, action="append")
    parser.add_argument("--length", type=int, default=20_000, help="characters")
    parser.add_argument("--every", type=int, default=1, help="one text of so many")
    parser.add_argument("--slow", type=float, default=1.0)
    options = parser.parse_args()
    signal.signal(signal.SIGPROF, _ring)
    faults = 0
    with tempfile.TemporaryDirectory() as folder:

        def taken(door: str, opening: str, token: str, length: int) -> tuple[float, str]:
            command = arguments(door, opening, token, length, Path(folder))
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, LONGEST)
            try:
                code, text = carried_out(command)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            return time.process_time() - began, fault(code, text)

        for door in options.door or DOORS:
            count, slowest, began = 0, (0.0, "", ""), time.process_time()
            for opening, token in islice(cases(door), None, None, options.every):
                count += 1
                seconds, wrong = taken(door, opening, token, options.length)
                slowest = max(slowest, (seconds, opening, token))
                if seconds > options.slow and not wrong:
                    shorter, _wrong = taken(door, opening, token, options.length // 4)
                    wrong = f"{shorter:.2f} s → {seconds:.2f} s" if seconds > 8 * shorter else ""
                    print(
                        f"    slow: {door}: {opening!r} + {token!r} × …: {seconds:.2f} s, a quarter {shorter:.2f} s",
                        flush=True,
                    )
                if wrong:
                    faults += 1
                    print(f"    {door}: {opening!r} + {token!r} × …: {seconds:.2f} s {wrong}", flush=True)
            print(f"{door:22} {count:5} texts, {time.process_time() - began:5.0f} s, slowest {slowest}", flush=True)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
