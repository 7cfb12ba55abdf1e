"""kill -9 at random moments: a run, killed and resumed again and again, must end with the bits of an undisturbed one.

python bench/kills.py [--times 20] [--seed 1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_models import killed_and_resumed, same

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, killed, seen = killed_and_resumed(Path(folder), chosen.times, epochs=4000, seed=chosen.seed)
    same(whole, killed)
    print(f"killed after {seen} steps, resumed each time: bit-identical")
