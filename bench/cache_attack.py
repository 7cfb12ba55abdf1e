"""The kernel cache under damage and attack: right numbers every time, no signal, nothing of another user's loaded.

    python bench/cache_attack.py
    python bench/cache_attack.py --flips 20

Damage: one bit flipped in one cached file, then a fresh process that computes with it; file after file, place after
place. Attack (as root, who can give folders away): the predictable temporary folder is made first by another user, who
puts a kernel that leaves a mark when it is loaded where ours would lie.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import pickle
import random
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = """
import numpy as np, rnncalc
net = rnncalc.Elman([[0.5, -1.0]], [[0.25]], V=[[2.0], [1.0]], output="softmax")
trace = net.forward([[1.0, 2.0], [0.5, -0.5]])
print(trace.output.tolist(), net.backward(trace, [0, 1], loss="cross_entropy").W.tolist())
from rnncalc.engine.compiled.codegen.cache import cache_folder
print(cache_folder())
"""
NOBODY = 65534


class Mark:
    """What leaves a file behind when it is unpickled."""

    def __init__(self, place: Path):
        self.place = place

    def __reduce__(self) -> tuple:
        return Path.touch, (self.place,)


def run(**environment: str) -> tuple[int, str]:
    """The exit code of a fresh process, and what it printed."""
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    return done.returncode, done.stdout


def damage(flips: int) -> bool:
    """One bit after another; whether all went well."""
    rng, bad, recompiled = random.Random(1), [], 0
    with tempfile.TemporaryDirectory() as folder:
        right = run(RNNCALC_CACHE_DIR=folder)
        files = sorted(Path(folder).rglob("*.nbc"))
        for number in range(flips):
            path = files[number % len(files)]
            whole = bytearray(path.read_bytes())
            at, bit = rng.randrange(len(whole)), rng.randrange(8)
            whole[at] ^= 1 << bit
            path.write_bytes(whole)
            printed = run(RNNCALC_CACHE_DIR=folder)
            recompiled += path.read_bytes() != whole  # the others lie within a kernel that calls them
            if printed != right:
                bad.append((path.name, at, bit, printed))
    print(
        f"{flips} flips in {len(files)} files: {len(bad)} runs with a signal or a wrong number; "
        f"{recompiled} compiled again"
    )
    for flip in bad:
        print(" ", *flip)
    return not bad


def attack() -> bool:
    """The folder-swap attack; whether it was refused."""
    if os.name != "posix" or os.getuid() != 0:
        print("the attack needs root, who gives folders away")
        return True
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryDirectory() as own:
        right = run(RNNCALC_CACHE_DIR=own)
        kept = next(Path(own).glob("kernels-*"))
        marked = Path(temporary) / "marked"
        swapped = Path(temporary) / f"rnncalc-{os.getuid()}" / kept.name
        swapped.mkdir(parents=True)
        for path in kept.iterdir():
            content = pickle.dumps(("", Mark(marked)))
            (swapped / path.name).write_bytes(hashlib.sha256(content).digest() + content)
        os.chown(swapped.parent, NOBODY, NOBODY)  # the folder inside stays ours: it was swapped
        code, said = run(RNNCALC_CACHE_DIR="/dev/null/none", TMPDIR=temporary)
        refused = not marked.exists() and said.splitlines() == [right[1].splitlines()[0], "None"] and code == 0
    print("the folder-swap attack:", "refused" if refused else "LOADED")
    return refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=200)
    options = parser.parse_args()
    well = [attack(), damage(options.flips)]
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
