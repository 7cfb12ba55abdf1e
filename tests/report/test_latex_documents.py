"""LaTeX and Markdown as whole documents: complete, Chinese with its fonts, no line wider than the page."""

import re
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from support.helpers import EXAMPLES, run

from rnncalc.classroom import handout
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.model.equations.expression import Binary, Call, Expression, Number, total
from rnncalc.report.document import (
    Array,
    Arrays,
    Column,
    Document,
    Formulas,
    Grid,
    Heading,
    Items,
    Matrices,
    Matrix,
    Paragraph,
    Table,
)
from rnncalc.report.render import RenderOptions, contents, render
from rnncalc.report.render.latex import LINE, PAGE, width
from rnncalc.report.render.numbers import Rounding
from rnncalc.report.render.typeset import BREAK

WHOLE = RenderOptions(whole=True)

EXERCISE = make(ExerciseSpec("elman", units=1, inputs=1, steps=1, outputs=1))
LINES = [block for block in handout.solution(EXERCISE).blocks if isinstance(block, Formulas) and block.above]
PROBLEM = str(EXAMPLES / "relu-worksheet.json")


def latex(*blocks: object, options: RenderOptions = WHOLE) -> str:
    return render(Document(list(blocks), {}), "latex", options)  # type: ignore[arg-type]


def rows(text: str) -> list[str]:
    """The lines of all displays, each without its end."""
    displays = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}|\\\[\n(.*?)\n\\\]", text, re.DOTALL)
    return [row.removesuffix(r" \\") for aligned, plain in displays for row in (aligned or plain).split("\n")]


@pytest.mark.parametrize("title", ["A network", "循环神经网络"])
def test_a_whole_document_has_a_head_and_an_end(title: str) -> None:
    text = latex(Heading(title, 1), Paragraph("a   b"))
    assert text.count(r"\documentclass") == text.count(r"\begin{document}") == text.count(r"\end{document}") == 1
    assert text.endswith("\\end{document}\n")
    assert (r"\usepackage{xeCJK}" in text) == (title != "A network")
    assert r"\allowdisplaybreaks" in text
    assert r"a \quad b" in text
    part = latex(Heading(title, 1), options=RenderOptions())
    assert part.startswith("% needs")
    assert "document" not in part


def a_sum(numbers: list[float]) -> Expression:
    return total([(1, Binary("*", Number(0.25), Number(number))) for number in numbers])


@given(
    st.lists(st.floats(-9, 9), min_size=1, max_size=40), st.sampled_from(["sum", "fraction", "call"]), st.integers(2, 9)
)
def test_no_equation_is_wider_than_the_page(numbers: list[float], kind: str, digits: int) -> None:
    tree = a_sum(numbers)
    tree = Binary("/", Call("exp", Number(1)), tree) if kind == "fraction" else tree
    tree = Call("tanh", tree) if kind == "call" else tree
    line = replace(LINES[0].lines[0], right=(tree, Number(0.5)))
    text = latex(Formulas((line, *LINES[0].lines)), options=replace(WHOLE, rounding=Rounding(digits)))
    assert BREAK not in text
    assert max(map(width, rows(text))) <= LINE + 4  # the blank before what goes on
    assert text.count("0.25") >= len(numbers)


@given(st.integers(1, 12), st.integers(1, 4), st.sampled_from([1.0, 1e-12]), st.integers(1, 17))
def test_no_matrix_is_wider_than_the_page_and_none_loses_a_column(
    columns: int, count: int, size: float, digits: int
) -> None:
    rng, rounding = np.random.default_rng(columns), Rounding(digits)
    block = Matrix("dW_hx", tuple(tuple(map(float, row)) for row in size * rng.normal(size=(count, columns))))
    text = latex(Matrices((block,)), options=replace(WHOLE, rounding=rounding))
    for display in rows(re.sub(r"\\setcounter\{\w+\}\{\d+\} ", "", text)):
        for row in display.split(r" \\ "):
            assert sum(width(entry) + 2 for entry in row.split("&")) <= LINE
    body = re.sub(r"\\text\{[^}]*\}|\\setcounter\{\w+\}\{\d+\}", "", text.split("begin{document}")[1])
    shown = re.findall(r"-?\d[\d.]*(?: \\cdot 10\^\{-\d+\})?", body)
    expected = [value for row in block.rows for value in row]
    assert len(shown) == len(expected)
    if count == 1:
        assert [float(re.sub(r" \\cdot 10\^\{(-\d+)\}", r"e\1", number)) for number in shown] == [
            float(rounding(value)) for value in expected
        ]


@given(st.integers(1, 40), st.sampled_from(["0.1", "______", "-0.123456789"]), st.booleans())
def test_no_array_is_wider_than_the_page_of_a_whole_document(columns: int, entry: str, whole: bool) -> None:
    block = Arrays((Array("W_hh", ((entry,) * columns,) * 2), Array("lr", "0.1"), Array("b", (entry,) * columns)))
    text = latex(block, options=RenderOptions(whole=whole))
    assert text.count(entry.replace("_", r"\_")) == 3 * columns + (entry == "0.1")
    lines = rows(re.sub(r"\\setcounter\{\w+\}\{\d+\} ", "", text))
    wide = [sum(width(part) + 2 for part in row.split("&")) for line in lines for row in line.split(r" \\ ")]
    assert not whole or max(wide) <= LINE + 4
    cut = r"\text{, columns 1 to" in text
    assert cut <= whole
    assert cut or not whole or columns < 40


@given(st.integers(1, 30), st.integers(1, 3), st.integers(0, 60))
def test_no_table_is_wider_than_the_page(columns: int, steps: int, letters: int) -> None:
    table = Table(
        tuple(Column("h[1]", f"h[{n}]") for n in range(columns)), tuple(range(steps)), ((-1e-5,) * columns,) * steps
    )
    grid = Grid(("a", "b", "c"), (("x" * letters, "y " * letters, "1"),))
    text = latex(table, grid)
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == text.count(r"\endhead")
    assert sum(text.count(rf"& h[{n}]") for n in range(columns)) == columns
    widths = [float(width) for width in re.findall(r"p\{([\d.]+)em\}", text)]
    assert sum(widths) <= 0.53 * PAGE
    assert latex(table, options=RenderOptions()).count("longtable") == 0


def test_a_layer_and_a_transposition_do_not_meet_above_one_letter() -> None:
    exercise = make(ExerciseSpec("elman", layers=2, backward=True, steps=2))
    for format in ("latex", "markdown"):
        text = render(handout.solution(exercise), format)
        assert r"{h^{(2)}_{t}}^{\top}" in text
        assert not re.search(r"\^\{[^{}]*\}(_\{[^{}]*\})?\^", text)


def test_terms_stand_before_their_texts() -> None:
    text = latex(Items((("h", "the state"), ("[y]", "the output"))))
    assert "\\begin{description}\n\\item[{h}] the state" in text
    assert r"\begin{itemize}" in latex(Items((("", "the state"),)))


def test_a_file_is_whole_and_a_pipe_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.tex"
    for fragment in ((), ("--fragment",)):
        assert run("forward", PROBLEM, "-o", str(file), *fragment).returncode == 0
        assert (r"\documentclass" in file.read_text("utf-8")) == (not fragment)
    assert r"\documentclass" not in run("forward", PROBLEM, "--format", "latex").stdout


def test_a_markdown_file_begins_with_its_title() -> None:
    document = Document([Heading("Title", 1), Heading("Part", 2)], {})
    assert contents(document, "markdown", WHOLE) == "# Title\n\n## Part\n"
    assert contents(document, "markdown") == "## Title\n\n### Part\n"


@pytest.mark.parametrize("columns", range(2, 12))
def test_a_table_of_powers_of_ten_has_room_for_them(columns: int) -> None:
    """3.01416 · 10⁻⁵ is two digits wider than 3.01416e-5."""
    names = tuple(Column(f"dU[{k + 1}]", f"dU[{k + 1}]") for k in range(columns))
    text = latex(Table(names, (1,), ((3.01416e-5,) * columns,)))
    counts = [row.count("10^{") for row in text.splitlines() if "10^{" in row]
    assert sum(counts) == columns
    assert max(counts) * (len("3.01416e-5") + 2 + 2) + len("step") <= PAGE
