"""Start-up: the first answer of a fresh process, as a ratio to importing what it cannot do without.

    python bench/cold.py
    python bench/cold.py --json out.json

Every run has an empty kernel cache. `forward` is compared with `import numpy, click, rich.table`, the help with
`import click`, and the first answer of the compiled engine, empty cache and full, with `import numpy, numba`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

from measure import interleaved, keep

SEED = [
    "--U",
    "0.1 0.2; 0.3 0.4",
    "--W",
    "0.2 0.2; 0.3 0.3",
    "--b",
    "0.5 0.6",
    "--x",
    "2 3",
    "--V",
    "0.7 0.8",
    "--c",
    "0.9",
]
CASES = {  # what → (command, what it is compared with, the ratio that it should not exceed, whether the cache is kept)
    "rnncalc forward, homework": (["forward", *SEED], "import numpy, click, rich.table", 1.5, False),
    "rnncalc --help": (["--help"], "import click", 1.2, False),
    "rnncalc forward --engine numba, empty cache": (
        ["forward", *SEED, "--engine", "numba"],
        "import numpy, numba",
        None,
        False,
    ),
    "rnncalc forward --engine numba, cached": (
        ["forward", *SEED, "--engine", "numba"],
        "import numpy, numba",
        1.5,
        True,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    parser.add_argument("--seconds", type=float, default=8, help="time for each comparison")
    options = parser.parse_args()
    rnncalc = shutil.which("rnncalc", path=os.path.dirname(sys.executable)) or "rnncalc"
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for what, (arguments, base, most, kept) in CASES.items():

            def ours(arguments: list[str] = arguments, kept: bool = kept) -> None:
                if not kept:
                    shutil.rmtree(cache, ignore_errors=True)
                subprocess.run(
                    [rnncalc, *arguments],
                    check=True,
                    capture_output=True,
                    env={**os.environ, "RNNCALC_CACHE_DIR": cache},
                )

            def theirs(base: str = base) -> None:
                subprocess.run([sys.executable, "-c", base], check=True)

            ours(), theirs()
            times = interleaved({"ours": ours, "theirs": theirs}, options.seconds)
            ratio = times["ours"] / times["theirs"]
            target = f" (target {most})" if most else ""
            print(f"{what:45} {times['ours'] * 1e3:7.0f} ms = {ratio:5.2f} × python -c '{base}'{target}", flush=True)
            rows.append({"what": what, "base": base, **times, "target": most})
    keep({"what": "start-up, seconds", "rows": rows}, options.json)


if __name__ == "__main__":
    main()
