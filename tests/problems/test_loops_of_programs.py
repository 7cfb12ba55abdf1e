"""Loops of programs: a state that its own line needs is that of the step before, in whatever order lines stand."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from support.commands import command

WEIGHTS = "Wx = [[0.3, -0.2], [0.5, 0.7], [-0.4, 0.1]]\nWh = [[0.2, -0.5, 0.3], [0.7, 0.1, -0.4], [0.6, 0.9, -0.2]]\n"
BIASES = "b = [0.1, -0.3, 0.2]\nWy = [[1.2, -0.8, 0.5]]\nc = -0.4\n"
STARTS = {"h": "h = np.zeros(3)\n", "h_prev": "h_prev = np.zeros(3)\n"}
LOOPS = {
    "over inputs": ("X = [[1, 0.5], [-0.3, 1.2], [0.8, -0.6]]\nfor x in X:", "x", ""),
    "over a list": ("for x in [[1, 0.5], [-0.3, 1.2], [0.8, -0.6]]:", "x", ""),
    "by number": ("X = [[1, 0.5], [-0.3, 1.2], [0.8, -0.6]]\nfor t in range(3):", "X[t]", ""),
    "of MATLAB": ("X = [1 -0.3 0.8; 0.5 1.2 -0.6];\nfor t = 1:3", "X(:, t)", "end\n"),
}
LINES = {
    "in one": "    h = np.tanh(Wx @ {x} + Wh @ {h} + b)\n    y = Wy @ h + c\n",
    "pre-activation": "    a = Wx @ {x} + Wh @ {h} + b\n    h = np.tanh(a)\n    y = Wy @ h + c\n",
    "in parts": "    u = Wx @ {x}\n    r = Wh @ {h}\n    h = np.tanh(u + r + b)\n    y = Wy @ h + c\n",
}


@pytest.mark.parametrize(("loop", "lines", "handed_on"), list(itertools.product(LOOPS, LINES, STARTS)))
def test_a_loop(loop: str, lines: str, handed_on: str, tmp_path: Path) -> None:
    head, x, end = LOOPS[loop]
    body = LINES[lines].format(x=x, h=handed_on)
    body += "    h_prev = h\n" if handed_on == "h_prev" else ""
    if end:
        body = body.replace("@", "*").replace("np.", "")
    path = tmp_path / "sheet.md"
    path.write_text(f"{WEIGHTS}{BIASES}{STARTS[handed_on]}{head}\n{body}{end}", encoding="utf-8")
    done = command("forward", str(path), "--format", "json")
    assert done.code == 0, (path.read_text(encoding="utf-8"), done.err)
    h, wanted = np.zeros(3), []
    U, W = (np.array(json.loads(line.partition("= ")[2])) for line in WEIGHTS.splitlines())
    for row in np.array([[1, 0.5], [-0.3, 1.2], [0.8, -0.6]]):
        h = np.tanh(U @ row + W @ h + [0.1, -0.3, 0.2])
        wanted.append([1.2 * h[0] - 0.8 * h[1] + 0.5 * h[2] - 0.4])
    np.testing.assert_allclose(done.data["trace"]["y"], wanted, rtol=1e-12)
