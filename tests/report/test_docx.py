"""Word documents: whole packages of well-formed parts, an equation a formula, tables that fit the page."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from xml.etree import ElementTree

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from rnncalc.classroom import handout
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.common.i18n import speak
from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
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
from rnncalc.report.render.docx_package import TEXT_WIDTH
from rnncalc.report.render.numbers import Rounding
from rnncalc.report.render.omml import LINE

W, M = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    ("{http://schemas.openxmlformats.org/officeDocument/2006/math}"),
)
HOSTILE = "</w:t><script>&\"']]>中文 <b>\x07\ud800"
ARGUMENTS = {"sSub": ["e", "sub"], "sSup": ["e", "sup"], "sSubSup": ["e", "sub", "sup"], "f": ["num", "den"]}


OURS = RenderOptions()
EXERCISE = make(ExerciseSpec("elman", units=1, inputs=1, steps=1, outputs=1))


def parts(document: Document, options: RenderOptions = OURS) -> dict[str, ElementTree.Element]:
    """The parts of the package, each of which is read, declared and reached."""
    content = contents(document, "docx", options)
    assert isinstance(content, bytes)
    assert content == contents(document, "docx", options)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        read = {name: ElementTree.fromstring(file.read(name)) for name in file.namelist()}
    types = read.pop("[Content_Types].xml")
    declared = {element.get("PartName", "").lstrip("/") for element in types} - {""}
    endings = {element.get("Extension") for element in types}
    reached = set()
    for name in [name for name in read if name.endswith(".rels")]:
        links = read.pop(name)
        assert "rels" in endings
        assert len({link.get("Id") for link in links}) == len(links)
        reached |= {str(PurePosixPath(name).parent.parent / link.get("Target", "")) for link in links}
    assert declared == reached == set(read)
    return read


def shape(body: ElementTree.Element) -> None:
    """Every shape of an equation has its parts, every style that is used is there."""
    for element in body.iter():
        kind = element.tag.removeprefix(M)
        if kind in ARGUMENTS:
            assert [child.tag.removeprefix(M) for child in element] == ARGUMENTS[kind]
        if kind == "m":
            count = int(next(element.iter(f"{M}count")).get(f"{M}val", ""))
            assert {len(row) for row in element.findall(f"{M}mr")} == {count}
        if element.tag == f"{W}tbl":
            columns = [int(column.get(f"{W}w", "")) for column in element.iter(f"{W}gridCol")]
            assert sum(columns) <= TEXT_WIDTH
            for row in element.findall(f"{W}tr"):
                assert [int(cell.get(f"{W}w", "")) for cell in row.iter(f"{W}tcW")] == columns


def seen(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


def formulas(document: Document) -> int:
    sizes = {Formulas: lambda block: len(block.all), Matrices: lambda block: len(block.all)}
    sizes[Arrays] = lambda block: len(block.items)
    return sum(sizes[type(block)](block) for block in document.blocks if type(block) in sizes)


@pytest.fixture
def chinese() -> Iterator[None]:
    speak("zh")
    yield
    speak("en")


@pytest.mark.parametrize("cell", CELLS)
def test_an_equation_for_every_formula(cell: str) -> None:
    exercise = make(ExerciseSpec(cell, units=2, inputs=1, outputs=3, steps=2, backward=cell != "lstm"))
    for document in (handout.statement(exercise), handout.solution(exercise)):
        read = parts(document)
        body = read["word/document.xml"]
        shape(body)
        equations = list(body.iter(f"{M}oMath"))
        assert len(equations) == formulas(document)
        assert all("=" in seen(equation) for equation in equations)
        styles = {style.get(f"{W}styleId") for style in read["word/styles.xml"]}
        assert {style.get(f"{W}val") for style in body.iter(f"{W}pStyle")} <= styles
        assert {style.get(f"{W}val") for style in body.iter(f"{W}tblStyle")} <= styles
        headings = [block for block in document.blocks if isinstance(block, Heading)]
        named = [style for style in body.iter(f"{W}pStyle") if style.get(f"{W}val", "").startswith("Heading")]
        assert [int(style.get(f"{W}val", "")[-1]) for style in named] == [heading.level for heading in headings]


def test_the_title_is_a_property_and_no_text_is_a_tag() -> None:
    table = Table((Column("h", HOSTILE),), (HOSTILE,), ((1.0,),))
    arrays = Arrays((Array(HOSTILE, HOSTILE),))
    document = Document(
        [Heading(HOSTILE, 1), Paragraph(HOSTILE), Items(((HOSTILE, HOSTILE),)), table, arrays,
         Grid((HOSTILE,), ((HOSTILE,),)), Matrices((Matrix(HOSTILE, ((1.0,),)),))], {}
    )  # fmt: skip
    read = parts(document)
    title = read["docProps/core.xml"].find("{http://purl.org/dc/elements/1.1/}title")
    assert title is not None
    assert "<script>" in (title.text or "")
    texts = list(read["word/document.xml"].iter(f"{W}t"))
    assert sum("<script>" in (text.text or "") for text in texts) == 8
    shape(read["word/document.xml"])


@pytest.mark.usefixtures("chinese")
def test_chinese_has_its_fonts_and_its_language() -> None:
    read = parts(Document([Heading("循环神经网络", 1), Paragraph("第一步")], {}))
    fonts = [fonts.get(f"{W}eastAsia") for fonts in read["word/styles.xml"].iter(f"{W}rFonts")]
    assert "SimSun" in fonts
    assert "SimHei" in fonts
    assert {language.get(f"{W}eastAsia") for language in read["word/styles.xml"].iter(f"{W}lang")} == {"zh-CN"}
    assert "zh-CN" in ElementTree.tostring(read["docProps/core.xml"], "unicode")


TEXTS = st.text("abc 中文", max_size=80)


@given(
    st.integers(1, 30), st.integers(0, 4), st.data(), st.sampled_from([Rounding(2), Rounding(17), Rounding(decimals=0)])
)
def test_no_table_is_wider_than_the_page(units: int, steps: int, data: st.DataObject, rounding: Rounding) -> None:
    rng = np.random.default_rng(units)
    rows = tuple(tuple(map(float, row)) for row in rng.normal(size=(steps, units)))
    table = Table(tuple(Column(f"h[{n}]", f"dmemory[{n}]") for n in range(units)), tuple(range(steps)), rows)
    texts = data.draw(st.lists(st.lists(TEXTS, min_size=5, max_size=5), min_size=1, max_size=4))
    grid = Grid(("a", "b", "c", "d", "e"), tuple(map(tuple, texts)))
    body = parts(Document([table, grid], {}), RenderOptions(rounding))["word/document.xml"]
    shape(body)
    text = seen(body)
    assert all(text.count(f"dmemory[{n}]") == 1 for n in range(units))
    assert all(rounding(value) in text for row in rows for value in row)
    assert all(cell in text for row in texts for cell in row)


@given(st.integers(1, 60), st.integers(1, 9), st.sampled_from(["sum", "fraction", "call"]))
def test_long_lines_are_broken_and_lose_nothing(count: int, digits: int, kind: str) -> None:
    line = next(block for block in handout.solution(EXERCISE).blocks if isinstance(block, Formulas) and block.above)
    tree: Expression = total([(1, Number(1 / 3))] * count)
    tree = Binary("/", Number(1.0), tree) if kind == "fraction" else Call("exp", tree) if kind == "call" else tree
    long = replace(line.lines[0], right=(tree, Number(1.0)))
    body = parts(Document([Formulas((long,))], {}), RenderOptions(Rounding(digits)))["word/document.xml"]
    (equation,) = body.iter(f"{M}oMath")
    whole, terms = seen(equation), "+".join([Rounding(digits)(1 / 3)] * count)
    assert terms in whole
    assert whole.endswith("=1")
    rows = [seen(row) for row in equation.iter(f"{M}mr")] or [whole]
    assert max(map(len, rows)) <= LINE
    assert len(list(equation.iter(f"{M}f"))) <= (kind == "fraction")


def test_word_is_no_text() -> None:
    with pytest.raises(RnncalcError, match="docx is no text"):
        render(Document([], {}), "docx")


def test_python_docx_reads_it() -> None:
    docx = pytest.importorskip("docx")
    exercise = make(ExerciseSpec("gru", units=2, inputs=2, steps=2, name="王小明"))
    for document in (handout.statement(exercise), handout.solution(exercise)):
        content = contents(document, "docx")
        assert isinstance(content, bytes)
        read = docx.Document(io.BytesIO(content))
        blocks = [block for block in document.blocks if isinstance(block, Heading)]
        headings = [text for text in read.paragraphs if text.style.name.lower().startswith("heading")]
        assert [text.text for text in headings] == [re.sub(r"\s", " ", block.text) for block in blocks]
        assert read.core_properties.title == blocks[0].text
        assert len(read.tables) >= sum(isinstance(block, Table | Grid) for block in document.blocks)
