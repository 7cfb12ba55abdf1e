"""How often a planted mistake is named, and whether anything right is ever called wrong.

    python bench/diagnosis.py
    python bench/diagnosis.py --problems 50 --right 1000 --only W_transposed --json out.json

For each mistake, random problems of random sizes are solved with that mistake by tests/support/planted.py, answered at
3, 4 and 6 decimals in turn; counted are those with a wrong number that is more than 0.000. `beside` counts the same
answers with one digit changed somewhere, before or after, where at least two other numbers still show the mistake, and
`every` how often a mistake is then said to explain every number, though it does not give the changed one. Then answers
that are random numbers: how often a mistake is named, and "every number" said where it is not so. Then random problems
are solved rightly, rounded at every step to 2 to 6 digits, or to as many decimals as are asked for, and typed with or
without their last zeros: none may be wrong or coarse, and none may lose a point.
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
from rnncalc.check.verdicts.records import CARRIED, WRONG

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import planted
from support.diagnosis import DECIMALS, answered, beside, names, random_rows, right, slipped


def named(mistake: str, count: int) -> dict[str, Any]:
    """How often the mistake is among the first two that are named."""
    rng = np.random.default_rng(sum(map(ord, mistake)))
    slips = np.random.default_rng(len(mistake))
    shown = hit = with_slip = hit_beside = every = 0
    missed: list[dict[str, Any]] = []
    others: Counter[str] = Counter()
    seconds = []
    for number in range(count):
        problem = planted.problem(mistake, rng)
        solved = planted.solve(problem, mistake, rng)
        given = planted.keys(problem)
        answers = answered(mistake, solved, DECIMALS[number % 3])
        began = time.perf_counter()
        diagnosis = check(rnncalc.problem(**given).given, answers)
        seconds.append(time.perf_counter() - began)
        if all(value.coarse for value in diagnosis.values if value.verdict in (WRONG, CARRIED)):
            continue  # nothing is wrong, or only 0.000, from which no mistake is named
        shown += 1
        if mistake in names(diagnosis):
            hit += 1
        else:
            others.update([candidate.id for candidate in diagnosis.mistakes[:2]] or ["nothing"])
            missed.append({**given, "answers": answers})
        if diagnosis.mistakes:
            changed = slipped(answers, slips)
            outcome = beside(mistake, diagnosis, check(rnncalc.problem(**given).given, changed))
            if outcome:
                with_slip += 1
                hit_beside += outcome[0]
                every += outcome[1]
                missed += [] if outcome[0] else [{**given, "answers": changed}]
    share = hit / shown if shown else float("nan")
    return {
        "shown": shown,
        "share": share,
        "beside": hit_beside / with_slip if with_slip else float("nan"),
        "with_slip": with_slip,
        "every": every,
        "seconds": float(np.median(seconds)),
        "slowest": max(seconds),
        "instead": dict(others.most_common(3)),
        "missed": missed[:2],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200, help="for each mistake")
    parser.add_argument("--right", type=int, default=10_000, help="problems that are solved rightly")
    parser.add_argument("--random", type=int, default=10_000, help="random answers at one, two and three decimals")
    parser.add_argument("--only", default="", help="one mistake")
    parser.add_argument("--missed", action="store_true", help="print problems in which it was not named")
    parser.add_argument("--json", help="write the figures to a file")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    print(f"{'mistake':34} shown  named  beside  every  ms a problem (slowest)")
    for mistake in [options.only] if options.only else [*planted.FORWARD, *planted.GATED, *planted.GRADIENT]:
        counts = results[mistake] = named(mistake, options.problems)
        times = f"{1e3 * counts['seconds']:.0f} ({1e3 * counts['slowest']:.0f})"
        figures = f"{counts['shown']:5}  {counts['share']:6.1%}  {counts['beside']:6.1%}  {counts['every']:5}  {times}"
        print(f"{mistake:34} {figures}", counts["instead"] or "", flush=True)
        missed = counts.pop("missed")
        if options.missed:
            print("\n".join(json.dumps(keys) for keys in missed))
    for decimals in (1, 2, 3) if options.random and not options.only else ():
        rows = results[f"random, {decimals} decimals"] = random_rows(options.random, decimals, decimals)
        print(f"random answers, {decimals} decimals: {rows['named']:.2%} named, “every” false in {rows['every']}")
    if options.right and not options.only:
        results["right"] = right(options.right)
        print("right answers, rounded at every step:", results["right"])
    keep(results, options.json)


if __name__ == "__main__":
    main()
