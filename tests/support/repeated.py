"""One token, over and over, at every door where text comes in, behind what makes it reach each reader.

A stranger's text is read or refused in time that grows with its length, however it repeats itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

TOKENS = [
    *" \n\t\r()[]{}|$&=_^,;:.'\"`~*+-/<>%#@!?\\0a中，。、：（“—…·×½′²ₜ\u0302\u200b\u00a0\ufeff\x00", "$$", "**", "--",
    "//", "```\n", "\\\\", "\\[", "\\(", "\\{", "\\,", "\\frac{", "\\frac12", "\\left(", "\\text{", "\\mathbf{",
    "\\mathbf ", "\\hat ", "\\sum_", "\\quad", "\\begin{bmatrix}", "\\begin{bmatrix}1", "\\end{bmatrix}",
    "\\begin{align}", "\\a", "^{(1)}", "h^{(1)}", "^T", "^2", "(x_t+W)", "x/", "(W=", "_1", "[1] ", "= ", "(1",
    "_{t", "_{t-1}", "x_t", "x_t+", "W x + ", "W x_t + ", "W(", "tanh(", "softmax(", "a_", "a^", "a=", "a = 1\n",
    "h_1 = 0.5\n", "h_t = ", "W = [", "W=1 ", "a.", "a ", "ab\n", "(a", "[1", "{1", "[1,", "[1],", "[],", "[[", "()",
    "{}", "1,", "1, ", "1;", "1 ", "1\n", "1/", "1e", "-1 ", "0.5 ", "0,5 ", "0,5; ", "1.", "..", "×10^{-9}",
    "{,}000", ",000", "| ", "|\n", "|-", "| a ", "| 1 | 2 |\n", "a | b\n", "&=", "& 1", "1 & ", "# Q1\n", "# ", "- ",
    "> ", "1. ", "(a) ", "Q1\n", "Q1: ", "第1题\n", "第 1 类、", "。\n", "np.", "np.array(", "array([", "tensor(",
    "zeros(", "for t in ", "def f(x):\n", "import ", "lambda ", "layer 1: ", "layer ", "gate ", "and ", "the ",
    "t = 1\n", "step 1\n", "log ", "true ", "null,", "@a ", '"a":', '{"a":', '"a",', "''", '""', "\\u0041",
    "\\newcommand{\\a}{", "<b>", "&amp;", "h0=", "t=1: ", "→", "Σ_",
]  # fmt: skip
SHEET = "U = [[0.5, 1]]\nW = [[0.1]]\nx = [[1, 2], [3, 4]]\nh_t = tanh(W h_{t-1} + U x_t)\n"
OPENINGS = [  # of a line of a sheet
    "", "h_t = ", "h_t = tanh(W h_{t-1} + ", "y_t = softmax(", "x = ", "x = [", "W = \\begin{bmatrix}", "W_{",
    "W^{(", "L = \\frac{1}{2} ", "| t | h |\n|---|---|\n| 1 |", "t  h\n1  ", "$$", "```python\n", "W = np.array(",
    "(a) ", "Answers: h_1 = ", "h_0 = ", "\\newcommand{\\a}{", "vocabulary: ", "for t in ", "The loss is ", "# ",
    "Layer 1: ", "\\text{", "学习率为",
]  # fmt: skip
OF_A_VALUE = [
    "",
    "[",
    "[[1, 2], [3",
    "1 2; ",
    "\\begin{bmatrix}1 & ",
    "np.array([",
    "W x_t + ",
    "tanh(",
    "0.",
    "h_t = ",
    "\\frac{1}{",
]
PROBLEM = {"U": [[0.5, 1]], "W": [[0.1]], "x": [[1, 2], [3, 4]]}
KEYS = ["--U", "0.5 1", "--W", "0.1"]

Write = Callable[[str, str], str]  # a file's name and its text → its path
Door = Callable[[Write, str], list[str]]


def _value(**keys: object) -> Door:
    return lambda write, text: ["forward", write("p.json", json.dumps({**PROBLEM, **_with(keys, text)}))]


def _with(part: object, text: str) -> dict:
    """The keys with the text wherever they say TEXT."""
    return json.loads(json.dumps(part).replace('"TEXT"', json.dumps(text)))


def _marks(write: Write, name: str, text: str) -> list[str]:
    problem = write("right.json", json.dumps({**PROBLEM, "loss": "half_squared_error", "targets": [[1], [0]]}))
    return ["grade", problem, write(name, text)]


def _check(write: Write, answers: str) -> list[str]:
    return ["check", write("right.json", json.dumps(PROBLEM)), "--answers", answers]


SHEETS: dict[str, Door] = {
    "forward .md": lambda write, text: ["forward", write("p.md", SHEET + text)],
    "forward .tex": lambda write, text: ["forward", write("p.tex", SHEET + text)],
    "check .txt": lambda write, text: ["check", write("p.txt", text + "\n" + SHEET)],
    "check --answers .txt": lambda write, text: _check(write, write("a.txt", text)),
    "grade .txt": lambda write, text: _marks(write, "s.txt", text),
    "grade a sheet": lambda write, text: ["grade", write("p.md", SHEET + text), write("s.csv", "id,h[1]\nann,1\n")],
}
VALUES: dict[str, Door] = {
    "--x": lambda _write, text: ["forward", *KEYS, "--x", text],
    "--x @.csv": lambda write, text: ["forward", *KEYS, "--x", "@" + write("x.csv", text)],
    "--equations": lambda _write, text: ["forward", *KEYS, "--x", "1 2", "--equations", text],
    "--cell": lambda _write, text: ["forward", *KEYS, "--x", "1 2", "--cell", text],
    "--W.": lambda _write, text: ["forward", *KEYS, "--x", "1 2", "--W." + text, "1"],
    "--precision": lambda write, text: [*_check(write, '{"h": [1, 2]}'), "--precision", text],
    "--columns": lambda write, text: [*_marks(write, "s.csv", "id,a\nann,1\n"), "--columns", text],
    "x in .json": _value(x="TEXT"),
    "an entry in .json": _value(x=[["TEXT", 1], [2, 3]]),
    "equations in .json": _value(equations=["TEXT"]),
    "cell in .json": _value(cell="TEXT"),
    "own cell": _value(cell={"name": "own", "equations": {"h": "TEXT"}, "state": ["h"], "output": "h"}),
    "title": _value(title="TEXT"),
    "a key": lambda write, text: ["forward", write("p.json", json.dumps({**PROBLEM, text: 1}))],
    ".json": lambda write, text: ["forward", write("p.json", text)],
    "x cut off in .json": lambda write, text: ["forward", write("p.json", '{"U": [[0.5, 1]], "x": ' + text)],
    "train .toml": lambda write, text: ["train", "--config", write("c.toml", "lr = " + text),
                                        "--data", write("d.csv", "x,y\n1,2\n")],
    "train .csv": lambda write, text: [
        "train", "--target", "y", "--epochs", "1", "--engine", "equations", "--quiet",
        "--data", write("d.csv", "x,y\n1,2\n2,3\n" + text), "-o", write("m.safetensors", ""),
    ],
    "--answers": lambda write, text: _check(write, text),
    "--answers .json": lambda write, text: _check(write, write("a.json", text)),
    "h in --answers": lambda write, text: _check(write, json.dumps({"h": text})),
    "a name in --answers": lambda write, text: _check(write, json.dumps({text: 1})),
    "--h": lambda _write, text: ["check", *KEYS, "--x", "1 2; 3 4", "--h", text],
    "grade .json": lambda write, text: _marks(write, "s.json", text),
    "grade h in .json": lambda write, text: _marks(write, "s.json", json.dumps({"id": "ann", "answers": {"h": text}})),
    "grade .csv": lambda write, text: _marks(write, "s.csv", text),
    "grade a cell": lambda write, text: _marks(write, "s.csv", "id,h[1][1],h[2][1]\nann," + _quoted(text) + ",1\n"),
    "grade a header": lambda write, text: _marks(write, "s.csv", "id,h[1][1]," + _quoted(text) + "\nann,1,1\n"),
    "grade an id": lambda write, text: _marks(write, "s.csv", "id,h[1][1]\n" + _quoted(text) + ",1\n"),
    "explain": lambda _write, text: ["explain", text],
    "a command": lambda _write, text: [text],
    "a file's name": lambda _write, text: ["forward", text],
}  # fmt: skip
DOORS = SHEETS | VALUES


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def openings(door: str) -> list[str]:
    return OPENINGS if door in SHEETS else OF_A_VALUE


def cases(door: str) -> Iterator[tuple[str, str]]:
    """What comes before, and what is repeated."""
    for opening in openings(door):
        for token in TOKENS:
            yield opening, token


def arguments(door: str, opening: str, token: str, length: int, folder: Path) -> list[str]:
    """The command that reads so many characters of it."""

    def write(name: str, text: str) -> str:
        path = folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return str(path)

    return DOORS[door](write, opening + token * (length // len(token)))
