"""Statements and solutions of every cell as documents: XeLaTeX compiles them, LibreOffice turns Word's into PDF.

python bench/documents.py [FOLDER] [CELL…]

Needs, on Debian: texlive-xetex texlive-lang-chinese libreoffice-writer libreoffice-math. What a page looks like:
pdftoppm -r 70 -png FOLDER/lstm-solution-zh.tex.pdf page. Exit code 1 where something does not compile or a line is
more than 10 pt too long.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import rnncalc
from rnncalc.classroom import handout
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.common.i18n import LANGUAGES, speak
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.report.document import Document
from rnncalc.report.render import RenderOptions, contents

MOST = 10  # points that a line may be too long


def documents(cells: list[str]) -> Iterator[tuple[str, Document]]:
    """Name and document of each: small and large, one layer and several."""
    for cell in cells:
        for language in LANGUAGES:
            speak(language)
            sizes = {"small": {"units": 2, "inputs": 2, "outputs": 1}, "large": {"units": 4, "inputs": 4, "outputs": 4}}
            stack = {"units": 2, "layers": 2, "direction": "both"}
            for name, size in ({**sizes, "stack": stack}).items():
                try:
                    exercise = make(
                        ExerciseSpec(cell, **size, steps=3, backward=True, lr=0.1, name="王小明", person="7")
                    )  # type: ignore[arg-type]
                except RnncalcError:
                    continue  # a cell that is no layer of a stack
                yield f"{cell}-{name}-statement-{language}", handout.statement(exercise)
                yield f"{cell}-{name}-solution-{language}", handout.solution(exercise)
    for language in LANGUAGES:
        speak(language)
        wide = rnncalc.problem(
            U=[[(-1) ** (i + k) * 0.123456 * k for k in range(12)] for i in range(10)], W=[[0.01] * 10] * 10,
            x=[[0.1] * 12] * 60, V=[[0.3] * 10] * 12, output="softmax", targets=[3] * 60, loss="cross_entropy",
        )  # fmt: skip
        yield f"wide-forward-{language}", wide.forward().document(steps="1", work=True)
        yield f"wide-backward-{language}", wide.backward().document()
        yield f"wide-table-{language}", wide.forward().document()


def compiled(file: Path) -> tuple[int, float]:
    """XeLaTeX's exit code, and by how many points the longest line is too long."""
    command = ["xelatex", "-interaction=nonstopmode", f"-jobname={file.name}"]
    for draft in (["-no-pdf"], []):  # long tables want a second run
        code = subprocess.run([*command, *draft, file.name], cwd=file.parent, capture_output=True).returncode
    log = file.with_name(file.name + ".log").read_text("utf-8", "replace")
    overfull = map(float, re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log))
    return code, max(overfull, default=0)


def main(arguments: list[str]) -> int:
    """A line for each document; the exit code."""
    folder = Path(arguments[0] if arguments else tempfile.mkdtemp(prefix="documents-"))
    folder.mkdir(parents=True, exist_ok=True)
    bad = 0
    for name, document in documents(arguments[1:] or list(CELLS)):
        source = folder / f"{name}.tex"
        source.write_bytes(str(contents(document, "latex", RenderOptions(whole=True))).encode())
        word = contents(document, "docx", RenderOptions(whole=True))
        assert isinstance(word, bytes)
        (folder / f"{name}.docx").write_bytes(word)
        code, overfull = compiled(source)
        bad += code != 0 or overfull > MOST
        print(f"{name}: exit code {code}, {overfull:.1f} pt too long", flush=True)
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(folder), *map(str, folder.glob("*.docx"))],
        capture_output=True, check=True,
    )  # fmt: skip
    missing = [file.name for file in folder.glob("*.docx") if not file.with_suffix(".pdf").exists()]
    print(f"{folder}: {bad} bad, Word documents without a PDF: {missing or 'none'}")
    return int(bool(bad or missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
