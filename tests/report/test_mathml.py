"""MathML and Word's: well-formed, the pieces, brackets and order of the line of text, numbers with their values."""

import re
import unicodedata
from collections.abc import Iterator
from xml.etree import ElementTree

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from rnncalc.classroom import handout
from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.model.cells import CELLS
from rnncalc.model.equations.expression import Binary, Call, Expression, Name, Negative, Number, is_binary, parse, walk
from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.functions import FUNCTIONS
from rnncalc.model.equations.printer import Letters, Place, write
from rnncalc.model.equations.style import TEXT
from rnncalc.report.document import Array, Arrays, Document, Formulas, Matrices, Matrix
from rnncalc.report.render import RenderOptions, mathml
from rnncalc.report.render.mathml import MATHML
from rnncalc.report.render.numbers import Rounding
from rnncalc.report.render.omml import WORD
from rnncalc.report.render.typeset import BREAK

ARGUMENTS = {"msub": 2, "msup": 2, "msubsup": 3, "mfrac": 2}
SIGNALS = frozenset({"h", "r", "a_i"})
LETTERS = Letters({"W": "W_xh", "U": "Waa", "d": "d<b>&"}, {"h": "s^(2)"})
LEAVES = st.sampled_from(["h_p", "h", "r", "a_i_p", "x_t", "W", "U_i", "b", "d", "…", "Σ", "Wᵀ", "∂h", "h⁺"]).map(Name)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32).map(Number)
TREES = st.recursive(
    LEAVES | NUMBERS,
    lambda inner: (
        inner.map(Negative)
        | st.builds(Binary, st.sampled_from([*"+-*/@", "min", "max"]), inner, inner)
        | st.builds(Call, st.sampled_from([*FUNCTIONS, "ln"]), inner)
    ),
    max_leaves=12,
)
PLACES = st.sampled_from([Place(signals=SIGNALS), Place(3, 2, SIGNALS), Place(2, (1, 2), SIGNALS, reverse=True)])


def read(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    for element in root.iter():
        assert len(element) == ARGUMENTS.get(element.tag, len(element)), element.tag
        assert not (len(element) and (element.text or "").strip())
    return root


def whole(text: str) -> ElementTree.Element:
    """The inside of a formula, put into one."""
    return read(f"<math>{text}</math>")


def seen(element: ElementTree.Element) -> str:
    """The characters of an element, in the order in which the line of text has them."""
    text = re.sub("[\N{MATHEMATICAL ITALIC CAPITAL A}-\N{MATHEMATICAL ITALIC SMALL OMEGA}ℎ]",
                  lambda letter: unicodedata.normalize("NFKC", letter[0]), "".join(element.itertext()))  # fmt: skip
    text = re.sub(r"[\s_\N{FUNCTION APPLICATION}\N{INVISIBLE TIMES}]", "", text)
    return text.replace("−", "-").replace("·10", "e")


def of_text(text: str) -> str:
    return re.sub(r"[\s_{}^]", "", text).replace("ᵀ", "⊤").replace("Σ", "∑")


@given(TREES.filter(lambda tree: not any(is_binary(node, "/") for node in walk(tree))), PLACES)
def test_brackets_and_order_are_those_of_the_line_of_text(tree: Expression, place: Place) -> None:
    root, line = whole(write(tree, MATHML, LETTERS, place)), write(tree, TEXT, LETTERS, place)
    assert seen(root).replace("(2)", "") == of_text(line).replace("(2)", "")  # a layer stands on the other side of t


@given(TREES.filter(lambda tree: not any(is_binary(node, "/") for node in walk(tree))), PLACES)
def test_word_has_the_same_brackets_and_order(tree: Expression, place: Place) -> None:
    piece, line = write(tree, WORD, LETTERS, place).replace(BREAK, ""), write(tree, TEXT, LETTERS, place)
    root = ElementTree.fromstring(f'<m:oMath xmlns:m="m" xml:lang="en">{piece}</m:oMath>')
    assert seen(root).replace("(2)", "") == of_text(line).replace("(2)", "")


@given(TREES, PLACES, st.builds(Rounding, st.integers(1, 17)) | st.builds(Rounding, decimals=st.integers(0, 9)))
def test_every_number_has_its_value_beside_its_rounding(tree: Expression, place: Place, rounding: Rounding) -> None:
    root = whole(write(tree, MATHML.rounding(rounding), LETTERS, place))
    numbers = [element for element in root.iter() if element.get("data-value")]
    constants = [1.0] * sum(isinstance(node, Call) and node.function == "rise" for node in walk(tree))
    values = [node.value for node in walk(tree) if isinstance(node, Number)]
    assert sorted(float(element.get("data-value", "")) for element in numbers) == sorted(values + constants)
    for element in numbers:
        assert seen(element) == rounding(float(element.get("data-value", "")))


def test_a_fraction_stands_above_its_divisor_without_brackets() -> None:
    tree = Binary("/", Binary("+", Name("b"), Number(2)), Binary("*", Name("b"), Name("b")))
    (fraction,) = whole(write(tree, MATHML, place=Place(unit=1)))
    assert [fraction.tag, *(child.tag for child in fraction)] == ["mfrac", "mrow", "mrow"]
    assert "(" not in seen(fraction)


def maths(document: Document, options: RenderOptions) -> Iterator[tuple[str, int]]:
    """Each block's MathML, and how many numbers it shows at least."""
    for block in document.blocks:
        if isinstance(block, Formulas):
            lines = mathml.formulas(block, options)
            assert len(lines) == len(block.all)
            yield from ((line, 0) for line in lines)
        elif isinstance(block, Matrices):
            yield from (("".join(mathml.matrix(each, options)), np.size(each.rows)) for each in block.all)
        elif isinstance(block, Arrays):
            yield from ((line, 0) for each in block.items for line in mathml.array(each))


@pytest.mark.parametrize(("cell", "notation"), [*((cell, "") for cell in CELLS), ("elman", "coursera"), ("gru", "d2l")])
def test_statements_and_solutions_are_well_formed(cell: str, notation: str) -> None:
    exercise = make(ExerciseSpec(cell, units=2, inputs=1, outputs=3, steps=2, notation=notation, backward=True))
    for document in (handout.statement(exercise), handout.solution(exercise)):
        for text, numbers in maths(document, RenderOptions(Rounding(4))):
            root = whole(text)
            assert sum(bool(element.get("data-value")) for element in root.iter()) >= numbers


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (Array("U_new", (("1.50", "-2"), ("3e-7", "0"))), "Unew=[1.50-23e-70]"),
        (Array("h_0", "0"), "h0=0"),
        (Array("dh0", ("______", "1")), "dh0=[1]"),
        (Array("<b>&\"'", "<i>"), "<b>&\"'=<i>"),
    ],
)
def test_arrays_keep_their_digits(block: Array, text: str) -> None:
    root = whole(*mathml.array(block))
    assert seen(root) == text
    for element in root.iter():
        if value := element.get("data-value"):
            assert float(value) == float(seen(element))


def test_matrices_are_rounded_and_named() -> None:
    block = Matrix("dW_hx", ((1 / 3, -1e-9, float("inf")),))
    root = whole(*mathml.matrix(block, RenderOptions(Rounding(2))))
    assert seen(root) == "dWhx=[0.33-1e-9∞]"
    assert [element.get("data-value") for element in root.iter() if element.get("data-value")] == [
        "0.3333333333333333", "-1e-09", "inf",
    ]  # fmt: skip
    assert seen(whole(*mathml.matrix(Matrix("L", ((0.5,),)), RenderOptions()))) == "L=0.5"


def test_a_name_of_a_stranger_makes_no_tag() -> None:
    line = Formula("h", (Name("b"),), Letters({"b": '<script x="1">&'}, {"h": "</math>"}), Place(signals=SIGNALS))
    (text,) = mathml.formulas(Formulas((line,)), RenderOptions())
    assert "<script" not in text
    assert "</math>" not in text
    whole(text)


def test_the_gradient_of_a_letter_is_one_element_and_no_row_stands_around_one() -> None:
    """d upright, the letter italic as it is alone; a letter of no alphabet that has italics stands beside its d."""
    letters = [*"aWhxκ"]
    for letter, italic in zip(letters, "𝑎𝑊ℎ𝑥𝜅"):
        assert MATHML.label(f"d{letter}") == f"<mi>d{italic}</mi>"
    assert MATHML.signal("a_i", "3") == "<msub><mi>a</mi><mi>𝑖,3</mi></msub>"
    assert seen(whole(MATHML.label("d权_1"))) == "d权1"
    for rows in whole(MATHML.label("d权_1") + MATHML.label("dW_hh") + MATHML.number(-1e-9)).iter("mrow"):
        assert len(rows) > 1
    tree = Binary("*", Name("∂h"), Binary("/", Name("b"), Negative(Binary("+", Name("b"), Name("∂h⁺")))))
    for rows in whole(write(tree, MATHML, place=Place(3, 1, SIGNALS))).iter("mrow"):
        assert len(rows) > 1


@pytest.mark.parametrize("seed", range(20))
def test_a_long_line_is_cut_before_signs_and_nothing_of_it_is_lost(seed: int) -> None:
    """Sums of products, some in brackets: the pieces are whole, and together they say what the line says."""
    rng = np.random.default_rng(seed)
    text = " + ".join(f"{'-' * (k % 2)}{rng.normal():.4g} * (b - {rng.normal():.3g} * a)" for k in range(1 + seed))
    line = write(parse(text), MATHML, place=Place(unit=1))
    pieces = mathml.wrapped(line)
    assert "".join(seen(whole(piece)) for piece in pieces) == seen(whole(line))
    assert len(pieces) == 1 or len(seen(whole(line))) > mathml.WIDEST
    for piece in pieces[1:]:
        first = whole(piece)[0] if len(whole(piece)) else whole(piece)
        assert (first.tag, first.get("form")) == ("mo", "infix")
        assert len(seen(whole(piece))) < mathml.WIDEST
    assert seed < 12 or len(pieces) > 2
    values = [element.get("data-value") for piece in pieces for element in whole(piece).iter()]
    assert list(filter(None, values)) == list(filter(None, (e.get("data-value") for e in whole(line).iter())))


@pytest.mark.parametrize("columns", [1, 9, 30, 70])
def test_a_wide_matrix_stands_in_parts(columns: int) -> None:
    parts = mathml.matrix(
        Matrix("W", tuple(tuple(0.25 + k for k in range(columns)) for _row in range(3))), RenderOptions()
    )
    assert (len(parts) > 1) == (columns > 20)
    shown = [element.get("data-value") for part in parts for element in whole(part).iter() if element.get("data-value")]
    assert len(shown) == 3 * columns
    assert all(max(len(seen(row)) for row in whole(part).iter("mtr")) <= mathml.WIDEST for part in parts)
