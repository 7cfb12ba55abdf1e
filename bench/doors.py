"""Random valid problems through every door of rnncalc, for as long as one likes: what crashes, warns or disagrees?

    python bench/doors.py --minutes 10                 # built-in cells, both engines
    python bench/doors.py --minutes 10 --own           # random cells of one's own, interpreted
    python bench/doors.py --own --engines equations,numba --number 100
    python bench/doors.py --first 4711 --number 1      # one problem again, with its keys

What is broken is printed as soon as it is seen, the counts once a minute and at the end, also after Ctrl-C. The laws
stand in tests/support/doors.py. Exit code 1 if one was broken.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.doors import Report
from support.hunt import hunt


class Progress:
    """Prints faults as soon as they are seen, and the counts once a minute. Ctrl-C ends the hunt after this problem."""

    def __init__(self) -> None:
        self.begin = self.printed = time.monotonic()
        self.faults = 0
        self.goes_on = True
        signal.signal(signal.SIGINT, self.end)

    def end(self, *_: object) -> None:
        self.goes_on = False

    def __call__(self, report: Report) -> bool:
        for fault in report.faults[self.faults :]:
            print(f"{fault.kind}\n  at: {fault.door}", flush=True)
        self.faults = len(report.faults)
        if time.monotonic() - self.printed >= 60:
            self.printed = time.monotonic()
            self.print_counts(report)
        return self.goes_on

    def print_counts(self, report: Report) -> None:
        problems = report.runs["problems"]
        print(
            f"{problems} problems, {report.runs.total() - problems} runs in "
            f"{time.monotonic() - self.begin:.0f} s, {self.faults} broken",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--number", type=int, default=10**9, help="of problems")
    parser.add_argument("--first", type=int, default=0, help="seed of the first problem")
    parser.add_argument("--own", action="store_true", help="random cells of one's own")
    parser.add_argument("--doors", type=int, help="of each problem, chosen at random; default: all")
    parser.add_argument("--engines", default="", help="default: equations,numba; with --own equations")
    options = parser.parse_args()
    engines = tuple((options.engines or ("equations" if options.own else "equations,numba")).split(","))
    seeds = range(options.first, options.first + options.number)
    progress = Progress()
    report = hunt(
        seeds,
        own=options.own,
        engines=engines,
        seconds=60 * options.minutes,
        most=options.doors,
        after_each=progress,
    )
    progress.print_counts(report)
    problems = report.runs.pop("problems")
    for door, count in sorted(report.runs.items()):
        print(f"  {door:<12} {count}")
    kinds: dict[str, list] = {}
    for fault in report.faults:
        kinds.setdefault(fault.kind, []).append(fault)
    for kind, faults in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(faults)} × {kind}\n  first at: {faults[0].door}")
        if problems == 1:
            print(faults[0].what, json.dumps(faults[0].keys), sep="\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
