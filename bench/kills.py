"""kill -9 at random moments: what is killed and begun again, again and again, must end as if nobody had disturbed it.

    python bench/kills.py [--what train|grade|sweep] [--times 20] [--seed 1]

A training must end with the same bits, a mark sheet and a sweep with the same results; and whoever grades or sweeps
with several processes must leave none behind for longer than 5 seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.killed_commands import grade_killed, sweep_killed
from support.killed_training import killed_and_resumed, same

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=["train", "grade", "sweep"], help="default: all three")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    for what in [chosen.what] if chosen.what else ["train", "grade", "sweep"]:
        with tempfile.TemporaryDirectory() as folder:
            if what == "train":
                whole, killed, seen = killed_and_resumed(Path(folder), chosen.times, epochs=4000, seed=chosen.seed)
                same(whole, killed)
            else:
                run, size = (grade_killed, 1500) if what == "grade" else (sweep_killed, 24)
                first, second, seen = run(Path(folder), chosen.times, size, seed=chosen.seed)
                assert first == second, f"{what}: the results differ"
        print(f"{what}: killed after {seen}, begun again each time: identical, no process left", flush=True)
