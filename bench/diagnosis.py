"""How often a planted mistake is named, and whether anything right is ever called wrong.

    python bench/diagnosis.py
    python bench/diagnosis.py --problems 50 --right 1000 --only W_transposed --json out.json

For each mistake, random problems of random sizes are solved with that mistake by tests/support/planted.py, answered at
3, 4 and 6 decimals in turn; counted are those with a wrong number. Then random problems are solved rightly, rounded at
every step.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from measure import keep

import rnncalc
from rnncalc.check import check

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import planted
from support.diagnosis import DECIMALS, answered, right


def named(mistake: str, count: int) -> dict[str, Any]:
    """How often the mistake is among the first two that are named."""
    rng = np.random.default_rng(sum(map(ord, mistake)))
    shown = hit = 0
    missed: list[dict[str, Any]] = []
    others: Counter[str] = Counter()
    seconds = []
    for number in range(count):
        asked = planted.problem(mistake, rng)
        solved = planted.solve(asked, mistake, rng)
        given = planted.keys(asked)
        answers = answered(mistake, solved, DECIMALS[number % 3])
        began = time.perf_counter()
        found = check(rnncalc.problem(**given).given, answers)
        seconds.append(time.perf_counter() - began)
        if found.first_wrong is None:
            continue
        shown += 1
        first = found.mistakes[:2]
        if mistake in {one.id for one in first} | {name for one in first for name in one.alike}:
            hit += 1
        else:
            others.update([one.id for one in first] or ["nothing"])
            missed.append({**given, "answers": answers})
    share = hit / shown if shown else float("nan")
    return {
        "shown": shown,
        "share": share,
        "seconds": float(np.median(seconds)),
        "slowest": max(seconds),
        "instead": dict(others.most_common(3)),
        "missed": missed[:2],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200, help="for each mistake")
    parser.add_argument("--right", type=int, default=10_000, help="problems that are solved rightly")
    parser.add_argument("--only", default="", help="one mistake")
    parser.add_argument("--missed", action="store_true", help="print problems in which it was not named")
    parser.add_argument("--json", help="write the figures to a file")
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    print(f"{'mistake':34} shown  named  ms a problem (slowest)")
    for mistake in [asked.only] if asked.only else [*planted.FORWARD, *planted.GATED, *planted.GRADIENT]:
        found = results[mistake] = named(mistake, asked.problems)
        times = f"{1e3 * found['seconds']:.0f} ({1e3 * found['slowest']:.0f})"
        print(f"{mistake:34} {found['shown']:5}  {found['share']:6.1%}  {times}", found["instead"] or "", flush=True)
        missed = found.pop("missed")
        if asked.missed:
            print("\n".join(json.dumps(one) for one in missed))
    if asked.right and not asked.only:
        results["right"] = right(asked.right)
        print("right answers, rounded at every step:", results["right"])
    keep(results, asked.json)


if __name__ == "__main__":
    main()
