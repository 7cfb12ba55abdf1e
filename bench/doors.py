"""Random valid problems through every door of rnncalc, for as long as one likes: what crashes, warns or disagrees?

    python bench/doors.py --minutes 10                 # built-in cells, both engines
    python bench/doors.py --minutes 10 --own           # random cells of one's own, interpreted
    python bench/doors.py --own --engines equations,numba --number 100
    python bench/doors.py --first 4711 --number 1      # one problem again, with its keys

The laws stand in tests/support/doors.py. Exit code 1 if one was broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.hunt import hunt


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
    begin = time.monotonic()
    seeds = range(options.first, options.first + options.number)
    report = hunt(seeds, own=options.own, engines=engines, seconds=60 * options.minutes, most=options.doors)
    problems = report.runs.pop("problems")
    print(
        f"{problems} problems, {report.runs.total()} runs in {time.monotonic() - begin:.0f} s, "
        f"{len(report.faults)} broken"
    )
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
