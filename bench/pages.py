"""Pages in a real browser: what they look like, and whether they keep their promises.

    python bench/pages.py FOLDER [--browser chromium]

Writes pages of the seed exercise, of an LSTM, of a bidirectional stack and of 200 steps into FOLDER, with pictures at
400 and 1,280 pixels and the print as PDF, to be looked at. Checked: no console message, the same picture without
scripts, no address of another place, the size of a page and the time that it takes. Exit code 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.report import backward, check, forward
from rnncalc.report.document import Document
from rnncalc.report.render import render
from rnncalc.report.shared import ReportOptions

ALLOWED = {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"}  # names of namespaces, never fetched
LARGEST, LONGEST = 150_000, 0.5  # bytes and seconds of a page of a three-step LSTM
NO_SCRIPTS = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'"/>'
WIDTHS = (400, 1280)
TURNS = 5


def problems() -> dict[str, dict[str, Any]]:
    """Keys of the problems that are drawn."""
    rng = np.random.default_rng(5)

    def array(*shape: int) -> Any:
        return rng.normal(0, 0.5, shape).round(2).tolist()

    layer = {"cell": "elman", "U": array(2, 2), "W": array(2, 2), "b": array(2), "direction": "both"}
    layer["backward"] = {"U": array(2, 2), "W": array(2, 2), "b": array(2)}
    loss: dict[str, Any] = {"loss": "half_squared_error", "lr": 0.1}
    return {
        "seed": {
            "title": "One step of two units", "U": [[0.1, 0.2], [0.3, 0.4]], "W": [[0.2, 0.2], [0.3, 0.3]],
            "b": [0.5, 0.6], "V": [[0.7, 0.8]], "c": [0.9], "x": [[2, 3]], "targets": [[2.5]], **loss,
            "answers": {"a": [["1.3", "2.4"]], "h": [["0.8617", "0.9873"]], "y": [["2.293"]]},
        },
        "lstm": {
            "title": "An LSTM of three steps", "cell": "lstm", "U": array(8, 2), "W": array(8, 2), "b": array(8),
            "V": array(3, 2), "x": array(3, 2), "output": "softmax", "targets": [0, 2, 1], "loss": "cross_entropy",
        },
        "stack": {
            "title": "A bidirectional stack", "x": array(4, 2), "V": array(2, 1), "targets": array(4, 2), **loss,
            "layers": [layer, {"cell": "gru", "U": array(3, 4), "W": array(3, 1)}],
        },
        "long": {
            "title": "Two hundred steps, twenty units", "U": array(20, 3), "W": array(20, 20), "V": array(2, 20),
            "x": array(200, 3), "targets": array(200, 2), **loss,
        },
    }  # fmt: skip


def documents() -> dict[str, Document]:
    """Name of a page → what it shows."""
    from rnncalc.check import check as judge

    shown = {}
    for name, keys in problems().items():
        problem = read(given.of_python(keys), engine="equations")
        trace, choice = problem.forward(), ReportOptions(picture=True)
        shown[f"{name}-forward"] = forward.document(problem, trace, choice)
        shown[f"{name}-backward"] = backward.document(problem, trace, problem.backward(trace), choice)
        answers = keys.get("answers") or {"h": trace["h"].round(3).tolist()}
        verdict = judge(problem, given.of_python(answers))
        shown[f"{name}-check"] = check.document(problem, verdict, picture=True)
    return shown


def browse(browser: str, page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The browser without a window, on one page."""
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--enable-logging=stderr",
    ]
    return subprocess.run([*command, *options, page.resolve().as_uri()], capture_output=True, text=True, timeout=120)


def faults(browser: str, page: Path, pictures: dict[int, Path]) -> list[str]:
    """Each promise that a page breaks. Its pictures are taken on the way."""
    text = page.read_text(encoding="utf-8")
    broken = [f"leads to {address}" for address in set(re.findall(r"\b[a-z]+://[^\"'\s<>)]+", text)) - ALLOWED]
    silent, bare = page.with_suffix(".silent.html"), page.with_suffix(".silent.png")
    silent.write_text(text.replace("<head>", f"<head>{NO_SCRIPTS}"), encoding="utf-8")
    for width, picture in pictures.items():
        size = f"--window-size={width},1600"
        with_scripts, without = set[bytes](), set[bytes]()
        for _attempt in range(TURNS):  # the browser does not smooth every line alike each time
            scripted = browse(browser, page, size, f"--screenshot={picture}")
            browse(browser, silent, size, f"--screenshot={bare}")
            with_scripts.add(picture.read_bytes())
            without.add(bare.read_bytes())
            if same := bool(with_scripts & without):
                break
        broken += [line for line in scripted.stderr.splitlines() if "CONSOLE" in line]
        broken += [] if same else [f"looks different without scripts, {width} pixels wide"]
        bare.unlink()
    silent.unlink()
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--browser", default="chromium")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    broken = 0
    for name, document in documents().items():
        begin = time.perf_counter()
        text = render(document, "html")
        seconds, page = time.perf_counter() - begin, options.folder / f"{name}.html"
        page.write_text(text, encoding="utf-8")
        flaws = faults(options.browser, page, {width: options.folder / f"{name}-{width}.png" for width in WIDTHS})
        browse(options.browser, page, f"--print-to-pdf={options.folder / f'{name}.pdf'}", "--no-pdf-header-footer")
        size = len(text.encode())
        if name.startswith("lstm") and (size > LARGEST or seconds > LONGEST):
            flaws.append("too large or too slow")
        print(f"{name:<16} {size / 1000:8.1f} kB  {seconds * 1000:7.1f} ms  {json.dumps(flaws) if flaws else 'well'}")
        broken += len(flaws)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
