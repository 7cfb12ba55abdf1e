"""How a document looks in each format: whole texts, so that any reader can judge them.

Longer than other files: it holds whole documents, as a reader sees them.
"""

import csv
import io
import json
import re
import shutil
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import EXAMPLES, random_network

import rnncalc
from rnncalc.common.wrapping import display_width
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.style import LATEX
from rnncalc.problems import problem_text
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read
from rnncalc.report import explain_cell as lesson
from rnncalc.report import forward as report
from rnncalc.report.document import Block, Column, Document, Grid, Heading, Items, Matrices, Matrix, Paragraph, Table
from rnncalc.report.document_formats import FORMATS
from rnncalc.report.render import RenderOptions, render
from rnncalc.report.render.lines import folded
from rnncalc.report.render.numbers import Rounding, exact
from rnncalc.report.shared import ReportOptions

SEED = EXAMPLES / "seed-two-units-one-step.json"
LSTM = EXAMPLES / "lstm-homework-one-two-three.json"


def document(path: Path = SEED, **choice: Any) -> Document:
    problem = read(problem_text.read(path.read_text(encoding="utf-8")), engine="equations")
    return report.document(problem, problem.forward(), ReportOptions(**choice))


def test_plain() -> None:
    assert render(document(work=True), "plain") == (
        "One step of a two-unit tanh RNN with linear output\n"
        "\n"
        "elman: T = 1 step, D = 2 inputs, H = 2 units, O = 1 output\n"
        "\n"
        "  a_t = b + W h_{t-1} + U x_t\n"
        "  h_t = tanh(a_t)\n"
        "  y_t = c + V h_t\n"
        "\n"
        "U (2, 2)  W (2, 2)  b (2,)  V (1, 2)  c (1,)  h_0 = 0\n"
        "\n"
        "step  a[1]  a[2]      h[1]      h[2]        y\n"
        "   1   1.3   2.4  0.861723  0.983675  2.29015\n"
        "\n"
        "step 1\n"
        "\n"
        "  a_1 = b + W h_0 + U x_1\n"
        "    a_1[1] = 0.5 + (0.2·0 + 0.2·0) + (0.1·2 + 0.2·3) = 1.3\n"
        "    a_1[2] = 0.6 + (0.3·0 + 0.3·0) + (0.3·2 + 0.4·3) = 2.4\n"
        "\n"
        "  h_1 = tanh(a_1)\n"
        "    h_1[1] = tanh(1.3) = 0.861723\n"
        "    h_1[2] = tanh(2.4) = 0.983675\n"
        "\n"
        "  y_1 = c + V h_1\n"
        "    y_1[1] = 0.9 + (0.7·0.861723 + 0.8·0.983675) = 2.29015\n"
    )


def test_table_on_a_terminal() -> None:
    assert render(document(LSTM, show=["c", "h", "y"]), "table", RenderOptions(width=80)).endswith(
        "\n"
        "step         c         h        y\n"
        "─────────────────────────────────\n"
        "   1  0.390214  0.256356  1.02543\n"
        "   2  0.987682  0.63979   2.55916\n"
        "   3  1.6721    0.870678  3.48271\n"
    )


def test_csv_is_exact() -> None:
    rows = list(csv.reader(io.StringIO(render(document(), "csv"))))
    assert rows[0] == ["step", "a[1]", "a[2]", "h[1]", "h[2]", "y[1]"]
    assert rows[1] == [
        "1",
        "1.3",
        "2.4000000000000004",
        "0.8617231593133063",
        "0.9836748576936802",
        "2.2901460976742585",
    ]


def test_json_is_exact_and_ordered() -> None:
    data = json.loads(render(document(), "json"))
    assert list(data) == ["cell", "shapes", "initial", "trace", "final", "notes"]
    assert data["shapes"] == {"T": 1, "D": 2, "H": 2, "O": 1}
    assert data["initial"] == {"h0": [0, 0]}
    assert data["trace"]["y"] == [[2.2901460976742585]]
    assert data["final"]["h"] == data["trace"]["h"][-1]


def test_latex() -> None:
    text = render(document(work=True), "latex")
    assert r"(a_{1})_{1} &= 0.5 + (0.2 \cdot 0 + 0.2 \cdot 0) + (0.1 \cdot 2 + 0.2 \cdot 3) = 1.3 \\" in text
    assert r"a_{t} &= b + W h_{t-1} + U x_{t} \\" in text


def test_markdown() -> None:
    text = render(document(), "markdown")
    assert "| step | a\\[1\\] | a\\[2\\] | h\\[1\\] | h\\[2\\] | y |\n| ---: | ---: |" in text
    assert "$$\\begin{aligned}\na_{t} &= b" in text


def every_document() -> Iterator[tuple[str, Document]]:
    """Documents of all kinds: each cell with its arithmetic, a batch, a lesson."""
    for name, cell in CELLS.items():
        yield name, lesson.cell(cell)
        keys = {} if cell.owns_read_out else {"output": "softmax", "V": np.ones((2, 3)), "c": "0.5 1e-7"}
        net = random_network(cell, H=3, D=2, O=2)
        arrays = dict(net.layers[0].arrays)
        title = r"50% of {x_1} & y^2 ~ #1 \ $z$ <b> 中文 _a_ |"
        problem = read(
            given.of_python({"cell": name, **arrays, **keys, "x": [[0.5, -1e-9], [1e9, 2]], "title": title}),
            engine="equations",
        )
        yield name, report.document(problem, problem.forward(), ReportOptions(work=True, show=["all"]))


DOCUMENTS = list(every_document())


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("name", "shown"), DOCUMENTS)
def test_every_document_in_every_format(name: str, shown: Document, format: str) -> None:
    text = render(shown, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.splitlines()) or format in ("csv", "json", "latex", "markdown")


@pytest.mark.parametrize(("name", "shown"), DOCUMENTS)
def test_latex_is_balanced(name: str, shown: Document) -> None:
    text = render(shown, "latex")
    stripped = re.sub(r"\\[\\{}%&$#_]", "", text)
    assert stripped.count("{") == stripped.count("}")
    begins, ends = re.findall(r"\\begin\{([a-z*]+)\}", text), re.findall(r"\\end\{([a-z*]+)\}", text)
    assert sorted(begins) == sorted(ends)
    assert re.sub(r"\$\\?\w+(?:\{\w\})?\$|\$-\$|\$[-0-9.]+(?: \\cdot 10\^\{-?\d+\})?\$", "", stripped).count("$") == 0


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX here")
@pytest.mark.parametrize(("name", "shown"), DOCUMENTS)
def test_latex_compiles(name: str, shown: Document, tmp_path: Path) -> None:
    body = render(shown, "latex").encode("ascii", "replace").decode()
    source = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n" + body + "\\end{document}\n"
    (tmp_path / "a.tex").write_text(source)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_wide_tables_fold_by_unit(width: int) -> None:
    rng = np.random.default_rng(1)
    keys = {
        "U": rng.normal(size=(9, 2)),
        "W": rng.normal(size=(9, 9)),
        "x": rng.normal(size=(3, 2)),
        "V": rng.normal(size=(2, 9)),
    }
    problem = read(given.of_python(keys), engine="equations")
    text = render(report.document(problem, problem.forward()), "table", RenderOptions(width=width))
    tables = [line for line in text.splitlines() if line.startswith("step")]
    assert len(tables) > 1
    assert all(display_width(line) <= width for line in text[text.index("\nstep") :].splitlines())
    columns = [label for line in tables for label in line.split()[1:]]
    assert columns == [f"a[{i}]" for i in range(1, 10)] + [f"h[{i}]" for i in range(1, 10)] + ["y[1]", "y[2]"]
    assert "…" not in text


def test_a_long_table_shows_its_ends_and_says_how_to_see_the_rest() -> None:
    problem = read(given.of_python({"U": 1, "W": 0.5, "x": list(range(100))}), engine="equations")
    shown = report.document(problem, problem.forward())
    text = render(shown, "table", RenderOptions(width=80))
    steps = [line.split()[0] for line in text.splitlines() if re.match(r" *\d+ ", line)]
    assert steps == [str(t) for t in [*range(1, 11), *range(91, 101)]] + ["20"]
    assert "20 of 100 steps; --step 11-90 shows the others, -o FILE.csv writes all" in text
    for format in ("plain", "csv", "markdown", "latex"):
        assert len(re.findall(r"(?m)^\|? *(\d+)\b", render(shown, format))) == 100


@pytest.mark.parametrize(
    ("steps", "expected"), [("3", [3]), ("2-4", [2, 3, 4]), ("last", [5]), ("4-last", [4, 5]), ("1,3", [1, 3])]
)
def test_steps_can_be_chosen(steps: str, expected: list[int]) -> None:
    problem = read(given.of_python({"U": 1, "W": 0.5, "x": list(range(5))}), engine="equations")
    shown = report.document(problem, problem.forward(), ReportOptions(steps=steps))
    rows = list(csv.reader(io.StringIO(render(shown, "csv"))))[1:]
    assert [int(row[0]) for row in rows] == expected


@pytest.mark.parametrize("steps", ["0", "6", "4-2", "x", "1-", "-1", "1,,2"])
def test_steps_that_are_not_there(steps: str) -> None:
    problem = read(given.of_python({"U": 1, "W": 0.5, "x": list(range(5))}), engine="equations")
    with pytest.raises(rnncalc.RnncalcError, match="steps are 3, 10-20 or last, from 1 to 5"):
        report.document(problem, problem.forward(), ReportOptions(steps=steps))


def test_ragged_batches_show_where_there_is_no_step() -> None:
    problem = read(
        given.of_python({"U": 1, "W": 0.5, "x": [[[1], [2]], [[3], [4]]], "lengths": [1, 2]}), engine="equations"
    )
    shown = report.document(problem, problem.forward(), ReportOptions(work=True))
    data = json.loads(render(shown, "json"))
    assert data["trace"]["h"][0][1] is None
    assert data["shapes"]["N"] == 2
    rows = list(csv.reader(io.StringIO(render(shown, "csv"))))
    assert rows[0][:2] == ["sequence", "step"]
    assert rows[2] == ["1", "2", "", ""]
    assert "   2  -  -\n" in render(shown, "plain")


def test_the_arithmetic_after_a_masked_step_starts_from_the_carried_state() -> None:
    problem = read(given.of_python({"U": 1, "W": 0.5, "x": [1, 2, 3], "mask": [True, False, True]}), engine="equations")
    text = render(report.document(problem, problem.forward(), ReportOptions(work=True)), "plain")
    assert "a_3[1] = 0.5·0.761594 + 1·3 = 3.3808" in text
    assert "a_2[1]" not in text


def test_a_sheets_letters_are_spoken() -> None:
    keys = {
        "W_hx": "0.1 0.2; 0.3 0.4",
        "W_hh": "0.2 0.2; 0.3 0.3",
        "b_h": "0.5 0.6",
        "W_hq": "0.7 0.8",
        "b_q": 0.9,
        "x": "2 3",
    }
    problem = read(given.of_python({**keys, "signals": {"s": "h", "o": "y"}}), engine="equations")
    text = render(report.document(problem, problem.forward()), "plain")
    assert "  a_t = b_h + W_hh s_{t-1} + W_hx x_t\n  s_t = tanh(a_t)\n  o_t = b_q + W_hq s_t\n" in text
    assert "step  a[1]  a[2]      s[1]      s[2]        o\n" in text
    latex = render(report.document(problem, problem.forward()), "latex")
    assert "a_{t} &= b_{h} + W_{hh} s_{t-1} + W_{hx} x_{t}" in latex
    assert "h[1]" in render(report.document(problem, problem.forward()), "csv")


def test_row_vectors_are_written_as_rows() -> None:
    rng = np.random.default_rng(2)
    keys = {
        "W_xh": rng.normal(size=(2, 3)),
        "W_hh": rng.normal(size=(3, 3)),
        "b_h": [1, 2, 3],
        "W_hq": rng.normal(size=(3, 2)),
        "b_q": [0, 1],
        "x": [[1, 2]],
    }
    problem = read(given.of_python(keys), engine="equations")
    text = render(report.document(problem, problem.forward()), "plain")
    assert "a_t = b_h + h_{t-1} W_hh + x_t W_xh" in text
    assert "W_xh (2, 3)" in text


@pytest.mark.parametrize(
    ("value", "digits", "decimals", "text"),
    [
        (2.2901460976742585, 6, None, "2.29015"),
        (0.00001, 6, None, "1e-5"),
        (-1234567.0, 3, None, "-1.23e6"),
        (-0.0, 6, None, "0"),
        (0.5, 6, 3, "0.500"),
        (-0.0001, 6, 2, "0.00"),
        (float("nan"), 6, None, "nan"),
        (float("-inf"), 6, 2, "-inf"),
        (1 / 3, 17, None, "0.33333333333333331"),
    ],
)
def test_rounding(value: float, digits: int, decimals: int | None, text: str) -> None:
    assert Rounding(digits, decimals)(value) == text


def test_exact_numbers_read_back() -> None:
    for value in np.random.default_rng(3).normal(size=100):
        assert float(exact(value)) == value


def test_rounding_in_latex() -> None:
    assert LATEX.rounding(Rounding(2)).number(1.5e-9) == r"1.5 \cdot 10^{-9}"
    assert LATEX.rounding(Rounding(2)).number(float("inf")) == r"\infty"


def test_long_arithmetic_is_folded_before_a_sign() -> None:
    line = "a_1[1] = 0.5 + (" + " + ".join(["0.25·0.5"] * 9) + ") = 1.625"
    pieces = list(folded(line, 40))
    assert all(len(piece) <= 40 for piece in pieces)
    assert re.sub(r"\n +", " ", "\n".join(pieces)) == line


def test_long_sums_are_shortened() -> None:
    problem = read(given.of_python({"U": np.ones((1, 30)), "W": 1, "x": np.arange(30.0)[None]}), engine="equations")
    text = render(report.document(problem, problem.forward(), ReportOptions(work=True)), "plain")
    assert "a_1[1] = 1·0 + (1·0 + 1·1 + 1·2 + … + 1·29) = 435" in text


def test_ascii_where_the_terminal_knows_no_more() -> None:
    text = render(document(LSTM, work=True), "table", RenderOptions(width=80, encoding="ascii"))
    assert text.isascii()
    assert "c_t = f_t * c_{t-1} + i_t * g_t" in text
    assert "sigmoid(" in text


def test_wide_characters_keep_columns_in_line() -> None:
    assert display_width("中文a") == 5
    text = render(document(LSTM), "table", RenderOptions(width=80))
    assert "…" not in text


def test_colour_only_where_asked_for() -> None:
    assert "\x1b[" in render(document(), "table", RenderOptions(width=80, color=True))
    assert "\x1b[" not in render(document(), "table", RenderOptions(width=80))


# --------------------------------------------------------------------------------------------- texts from strangers

HOSTILE = [
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b31m\x85\x7f\u202eback",
    "two\n\n# lines\r\n",
    "half \ud800",
    "$x$ \\input{a} #1 %c _a^b & ~~c~~ `d` <b>&lt;</b> ![a](b) |e|",
    "[3cm] * [a]: b",
    "* a",
    "- a",
    "1. a",
    "=cmd|' /C calc'!A0",
    "a;=cmd",
    'a; "+cmd',
    "1;-2;-cmd",
]
TEX = re.compile(r"\\(?:[&%$#_{}]|quad |text\w+\{\})|\$\$|[^\\&%$#_{}~^<>|`]")


def every_block(text: str) -> Document:
    """A document in which a text from a stranger stands wherever one can."""
    grid = Grid((text, "b"), ((text, 1.5), ("a", text)))
    column = Column(f"{text}[1]", text)
    matrices = Matrices((Matrix(text, ((1.0, 2.0),)),))
    table = Table((column,), (text, 2), ((0.5,), (None,)))
    blocks: list[Block] = [Heading(text), Paragraph(text), Items((("", text), (text, text))), grid, table, matrices]
    return Document(blocks, {"title": text, text: [text]}, [], [table])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_from_a_stranger_is_only_text(text: str, format: str) -> None:
    for look in (RenderOptions(), RenderOptions(width=30, color=False), RenderOptions(encoding="ascii")):
        shown = render(every_block(text), format, look)
        assert all(mark.isprintable() or mark == "\n" for mark in shown)
        shown.encode()
    if format == "json":
        assert json.loads(shown) == {"title": text, text: [text]}


@pytest.mark.parametrize("text", HOSTILE)
def test_colours_are_the_only_escape_sequences(text: str) -> None:
    shown = render(every_block(text), "table", RenderOptions(color=True))
    bare = re.sub(r"\x1b\[\d*(;\d+)*m", "", shown)
    assert all(mark.isprintable() or mark == "\n" for mark in bare)
    assert "\x1b[31m" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_and_markdown_run_nothing(text: str) -> None:
    marked = re.sub(r"[^ -~]", " ", text)
    latex = render(Document([Paragraph(text)], {}), "latex").split("\n\n", 1)[1].rstrip("\n").removeprefix("{}")
    assert TEX.sub("", latex) == ""
    grid = render(Document([Grid((text,), ((text,),))], {}), "latex")
    assert not re.search(r"\\\\\s*(\\hline\s*)?[*\[]", grid)
    for block in (Heading(text), Paragraph(text), Items((("", text),))):
        line = render(Document([block], {}), "markdown").rstrip("\n")
        assert "\n" not in line
        body = line.removeprefix("### " if isinstance(block, Heading) else "- " if isinstance(block, Items) else "")
        assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>|$#~&]", body)
        assert isinstance(block, Heading) or not re.match(r"\s*([-+=*]|\d+[.)])", body)
        assert re.sub(r"\\(?=[^\w\s]|_)", "", body).split() == marked.split()


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_is_no_formula_whatever_separates_cells(text: str, delimiter: str) -> None:
    grid = Grid((text, "b"), ((text, 1.5), ("a", -1.5)))
    for row in csv.reader(io.StringIO(render(Document([grid], {}), "csv")), delimiter=delimiter):
        for cell in row:
            value = cell.strip(" \"'")
            number = re.fullmatch(r"-?[\d.]+(,.*)?", value)
            assert cell.lstrip(' "').startswith("'") or number or value[:1] not in tuple("=+-@|%"), cell


@pytest.mark.parametrize("format", ["plain", "table"])
def test_long_work_takes_the_memory_of_its_text(format: str) -> None:
    """Nothing is filled up to a console's width on the way."""
    rng = np.random.default_rng(0)
    arrays = {"U": rng.normal(size=(8, 3)), "W": rng.normal(size=(8, 2)), "x": rng.normal(size=(40, 3))}
    keys: dict[str, Any] = {name: array.tolist() for name, array in arrays.items()}
    worked = rnncalc.problem(cell="lstm", **keys)
    document = worked.document(work=True)
    tracemalloc.start()
    text = render(document, format)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * len(text)
