"""What is released, as a stranger gets it: sdist and wheel built, judged, and installed where nothing else is.

    python bench/release.py
    python bench/release.py python3.11 ~/.pyenv/versions/3.13.0/bin/python
    python bench/release.py --before rnncalc-0.1.0-py3-none-any.whl --keep dist

Interpreters are those that are named, else every python3.11 … python3.14 on the PATH. In an environment of its own each
computes a forward pass and checks an answer from an empty folder, with Numba and without. Sizes and the time of a
fresh process, are ratios to an earlier wheel. Needs build, twine, check-wheel-contents. Exit code 1: failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
KNOWN = [f"python3.{minor}" for minor in range(11, 15)]
NUMBERS = ["--U", "0.9", "--W", "0.5", "--b", "0.3", "--x", "0.7 0.5 0.2"]
FORWARD, CHECK = ["forward", *NUMBERS], ["check", *NUMBERS, "--h", "0.558 0.622 0.455"]
COMPILED = """
import numpy as np, rnncalc
net = rnncalc.random_network("lstm", inputs=3, hidden=4, outputs=2, engine="{engine}", dtype="float64")
slow = rnncalc.random_network("lstm", inputs=3, hidden=4, outputs=2, engine="equations", dtype="float64")
x = np.linspace(-1, 1, 15).reshape(5, 3)
assert np.allclose(net(x), slow(x), rtol=1e-12)
"""
TIMED = {"--help": ["--help"], "forward": FORWARD}


class FailedError(Exception):
    """A command that did not do what it should, with what it said."""


def run(*command: str | Path, cwd: Path | None = None, expects: int = 0, says: str = "") -> str:
    """What a command prints. Raises FailedError for another exit code, or another answer."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=cwd, env=plain)
    output = done.stdout + done.stderr
    if done.returncode != expects or says not in output:
        raise FailedError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{output[-2000:]}")
    return output


def built(folder: Path) -> tuple[Path, Path]:
    """sdist and wheel, the wheel made of the sdist."""
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return source, wheel


def environment(python: str, wheel: Path, folder: Path) -> Path:
    """Where the wheel and what it needs are installed, and nothing else."""
    run(python, "-m", "venv", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    return folder / "bin"


def works(bin: Path, empty: Path, engine: str) -> None:
    """A forward pass, a check, and a network on that engine, in a folder with nothing in it. Raises FailedError."""
    run(bin / "rnncalc", *FORWARD, cwd=empty, says="0.730594")
    run(bin / "rnncalc", *CHECK, cwd=empty, says="bias_omitted", expects=1)
    run(bin / "python", "-c", COMPILED.format(engine=engine), cwd=empty)


def tried(python: str, wheel: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    """What works there, and what does not."""
    empty = scratch / "empty"
    empty.mkdir(exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=scratch))
    try:
        bin = environment(python, wheel, place)
        for title, engine in (("with Numba", "numba"), ("without Numba", "auto")):
            if engine == "auto":
                run(bin / "python", "-m", "pip", "uninstall", "--quiet", "-y", "numba", "llvmlite")
            works(bin, empty, engine)
            yield title, "works"
    except FailedError as error:
        yield "failed", str(error)
    finally:
        shutil.rmtree(place)


def ratios(wheels: Sequence[Path], python: str, scratch: Path, pairs: int) -> Iterator[tuple[str, float]]:
    """What the second wheel takes, as a ratio to the first: processes in turn, medians of them."""
    sizes = [wheel.stat().st_size for wheel in wheels]
    yield "size of the wheel", sizes[1] / sizes[0]
    bins = [environment(python, wheel, scratch / f"timed-{number}") for number, wheel in enumerate(wheels)]
    for name, arguments in TIMED.items():
        seconds: list[list[float]] = [[], []]
        for turn in range(pairs + 1):
            for number, bin in enumerate(bins):
                began = time.perf_counter()
                run(bin / "rnncalc", *arguments, cwd=scratch)
                if turn:  # the first reads files that the second finds in memory
                    seconds[number].append(time.perf_counter() - began)
        yield f"rnncalc {name}, a fresh process", statistics.median(seconds[1]) / statistics.median(seconds[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--before", type=Path, metavar="WHEEL", help="an earlier wheel, to which ratios are")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where sdist and wheel stay")
    parser.add_argument("--pairs", type=int, default=15, help="pairs of processes that are timed")
    said = parser.parse_args()
    pythons = said.pythons or [name for name in KNOWN if shutil.which(name)]
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        try:
            source, wheel = built(scratch / "dist")
            run(sys.executable, "-m", "twine", "check", "--strict", source, wheel)
            run(sys.executable, "-m", "check_wheel_contents", wheel)
        except FailedError as error:
            print(error)
            return 1
        print(f"{source.name} {source.stat().st_size:,} bytes, {wheel.name} {wheel.stat().st_size:,} bytes")
        print("twine check --strict, check-wheel-contents: nothing to say")
        for python in pythons:
            try:
                version = run(python, "-c", "import platform; print(platform.python_version())").strip()
            except (FailedError, OSError) as error:
                print(f"{python}: does not run ({str(error).splitlines()[-1]})")  # such as a name that pyenv only knows
                continue
            for title, outcome in tried(python, wheel, scratch):
                print(f"Python {version}, {title}: {outcome}", flush=True)
                failures += title == "failed"
        if said.before:
            for what, ratio in ratios([said.before, wheel], pythons[0], scratch, said.pairs):
                print(f"{what}: {ratio:.2f} of {said.before.name}")
        if said.keep:
            said.keep.mkdir(parents=True, exist_ok=True)
            for path in (source, wheel):
                shutil.copy(path, said.keep)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
