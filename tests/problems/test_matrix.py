"""Matrices as people type them: every form reads to the same numbers, digits are kept, mistakes are named by place.

Longer than other files: one reader, in every form of a matrix.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from support.typed import FORMS

from rnncalc.errors import ParseError
from rnncalc.problems.parse import matrix
from rnncalc.problems.parse.numbers import number

SQUARE = [[0.1, 0.2], [0.3, -0.4]]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_matrix(form: str) -> None:
    numbers = matrix.read(FORMS[form])
    assert numbers.shape == (2, 2)
    np.testing.assert_allclose(numbers.values, SQUARE, rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.9", 0.9),
        ("[0.9]", [0.9]),
        ("1 2 3", [1, 2, 3]),
        ("[1, 2, 3]", [1, 2, 3]),
        ("[1 2 3]^T", [[1], [2], [3]]),
        ("1;2;3", [[1], [2], [3]]),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", [[1], [2]]),
        ("[[[1, 2]], [[3, 4]]]", [[[1, 2]], [[3, 4]]]),
        ("59{,}000", 59000),
        ("59,000 1", [59000, 1]),
        ("1,200", [1, 200]),
        ("(0.1, 0.2)", [0.1, 0.2]),
        ("np.linspace(-0.4, 0.7, num=12).reshape(3, 4)", np.linspace(-0.4, 0.7, 12).reshape(3, 4)),
        ("np.eye(2)*0.5 + 1", [[1.5, 1], [1, 1.5]]),
        ("np.arange(6).reshape(2, -1)/10", [[0, 0.1, 0.2], [0.3, 0.4, 0.5]]),
        ("np.zeros((2, 1)) - np.full((2, 1), 3.)", [[-3], [-3]]),
        ("np.array([[1, 2]]).T", [[1], [2]]),
    ],
)
def test_scalars_vectors_columns_and_code(text: str, values: float | list[Any] | np.ndarray) -> None:
    numbers = matrix.read(text)
    np.testing.assert_allclose(numbers.values, values, rtol=1e-15)
    assert numbers.shape == np.shape(values)


def test_random_code_draws_what_numpy_draws() -> None:
    state = np.random.RandomState(1)
    np.testing.assert_array_equal(
        matrix.read("np.random.seed(1); np.random.randn(5, 3) * 0.01").values, state.randn(5, 3) * 0.01
    )


def test_a_flat_list_of_c_waits_for_its_shape() -> None:
    assert matrix.read("{0.1f, 0.2f, 0.3f}").flat
    assert matrix.read("[1 2\n 3 4]").flat
    assert not matrix.read("[1, 2, 3]").flat


@pytest.mark.parametrize(
    ("text", "value", "place"),
    [
        ("0.80", 0.8, -2),
        ("5.", 5, 0),
        (".5", 0.5, -1),
        ("12", 12, 0),
        ("1.20e-3", 0.0012, -5),
        ("5.8×10^{-9}", 5.8e-9, -10),
        ("61.2%", 0.612, -3),
        ("1/3", 1 / 3, None),
        (r"-\frac{1}{4}", -0.25, None),
        ("59,000", 59000, 0),
        ("−0.5", -0.5, -1),
        ("( -0.50 )", -0.5, -2),
        ("$0.5$", 0.5, -1),
        ("1" * 300, float("1" * 300), 0),
    ],
)
def test_the_digits_that_were_typed_count(text: str, value: float, place: int | None) -> None:
    typed = number(text)
    assert typed.value == pytest.approx(value, rel=1e-15)
    assert typed.place == place
    assert typed.text == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected numbers, got nothing"),
        ("0.1 O.2", 'number 2: expected a number, got "O.2"'),
        ("0.1 0.2; 0.3 x", 'row 2, column 2: expected a number, got "x"'),
        ("1 0; 0", "row 2 has 1 number, row 1 has 2 numbers"),
        ("[[1, 2], [3]]", "row 2 has 1 number, row 1 has 2 numbers"),
        ("[[1, 2], 3]", "row 2 has no brackets, row 1 has 2 numbers"),
        ("[1, 2", "character 1: this bracket is never closed"),
        ("[1, 2] 3", "character 8: nothing should follow the closing bracket"),
        ("[1,,2]", "character 4: a number is missing between two commas"),
        ("1,,2", "a number is missing between two commas"),
        ("[[0.1 0.2]\n [0.3 O.4]]", 'line 2, character 7: expected a number, got "O.4"'),
        ("[1, ..., 3]", "the print was cut"),
        ("[[[[1]]]]", "nested deeper"),
        ("1.2.3", 'expected a number, got "1.2.3"'),
        ("0x1F", 'expected a number, got "0x1F"'),
        ("1_000", 'expected a number, got "1_000"'),
        ("1/0", "division by zero"),
        (r"\begin{bmatrix} 1 & 2", "expected \\begin{bmatrix}"),
        (r"\begin{bmatrix} 1 & \\ 2 & 3 \\ 4 \end{bmatrix}", "row 3 has 1 number"),
        (r"\begin{bmatrix} 1 & a \end{bmatrix}", 'row 1, column 2: expected a number, got "a"'),
        ("np.random.randn(2)", "need a seed"),
        ("np.load('x')", "is not one of the NumPy functions"),
        ("np.zeros((100000, 100000))", "more than"),
        ("np.linspace(0, 1, num=10**9)", "not one of the NumPy functions"),
        ("__import__('os').system('ls')", "expected a number"),
        ("9" * 500, "expected a number"),
        ("@/no/such/file.csv", "cannot read /no/such/file.csv"),
    ],
)
def test_mistakes_are_named_by_place(text: str, message: str) -> None:
    with pytest.raises(ParseError) as refused:
        matrix.read(text)
    assert message in str(refused.value)


def test_blanks_and_words() -> None:
    numbers = matrix.read("0.5 _ nan inf")
    assert numbers.blank.tolist() == [False, True, False, False]
    np.testing.assert_array_equal(numbers.values, [0.5, np.nan, np.nan, np.inf])
    assert matrix.read("[null, 1]").blank.tolist() == [True, False]


WRITERS = {
    "rows": lambda a: "; ".join(" ".join(map(repr, row)) for row in a.tolist()),
    "json": lambda a: json.dumps(a.tolist()),
    "numpy": lambda a: np.array2string(a, floatmode="unique", threshold=10**6),
    "repr": lambda a: repr(a.tolist()),
    "latex": lambda a: (
        r"\begin{pmatrix}" + r"\\".join(" & ".join(map(repr, row)) for row in a.tolist()) + r"\end{pmatrix}"
    ),
    "matlab": lambda a: "[" + "; ".join(" ".join(map(repr, row)) for row in a.tolist()) + "]",
    "markdown": lambda a: "\n".join("| " + " | ".join(map(repr, row)) + " |" for row in a.tolist()),
    "c": lambda a: "{" + ", ".join("{" + ", ".join(f"{v!r}f" for v in row) + "}" for row in a.tolist()) + "}",
    "torch": lambda a: f"tensor({a.tolist()}, dtype=torch.float64)",
}
MATRICES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 4), st.integers(2, 5)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False) | st.floats(-1e-3, 1e-3, allow_subnormal=False),
)


@pytest.mark.parametrize("form", WRITERS)
@given(values=MATRICES)
def test_what_is_written_reads_back_the_same(form: str, values: Any) -> None:
    np.testing.assert_array_equal(matrix.read(WRITERS[form](values)).values, values)


@pytest.mark.parametrize("ending", ["json", "csv", "tsv", "npy", "txt"])
def test_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"m.{ending}"
    if ending == "npy":
        np.save(path, np.array(SQUARE))
    else:
        texts = {
            "json": json.dumps(SQUARE),
            "csv": "0.1,0.2\n0.3,-0.4\n",
            "tsv": "0.1\t0.2\n0.3\t-0.4\n",
            "txt": "[0.1 0.2; 0.3 -0.4]",
        }
        path.write_text(texts[ending], encoding="utf-8")
    np.testing.assert_array_equal(matrix.read(f"@{path}").values, SQUARE)


def test_columns_of_a_table_by_name_and_by_number(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_bytes("\ufeffday,temp,press\n1,2.50,7\n2,3.5,8\n".encode())
    assert matrix.read(f"@{path}:temp,press").values.tolist() == [[2.5, 7], [3.5, 8]]
    texts = matrix.read(f"@{path}:temp").texts
    assert texts is not None
    assert texts.tolist() == [["2.50"], ["3.5"]]
    assert matrix.read(f"@{path}:3").values.tolist() == [[7], [8]]
    with pytest.raises(ParseError, match="there is no column “wind”; there are day, temp, press"):
        matrix.read(f"@{path}:wind")
    path.write_text("day,temp\n1,2\n2,x\n")
    with pytest.raises(ParseError, match=r'weather\.csv: row 3, column 2: expected a number, got "x"'):
        matrix.read(f"@{path}")


def test_a_table_in_the_encoding_of_a_chinese_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "温度.csv"
    path.write_bytes("温度,气压\n1,2\n3,4\n".encode("gb18030"))
    assert matrix.read(f"@{path}:气压").values.tolist() == [[2], [4]]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f8'}"),
        ("b.npy", b"not numpy"),
        ("c.npy", b""),
        ("d.csv", b"\x00\x01\x02\xff\xfe"),
        ("e.txt", bytes(range(256))),
        ("f.json", b"[[1, 2], [3"),
        ("g.txt", b"@g.txt"),
        ("h.csv", b""),
    ],
)
def test_broken_files_are_refused_by_name(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ParseError, match=name):
        matrix.read(f"@{tmp_path / name}")


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(ParseError, match=r"evil\.npy: numbers or texts were expected, not object"):
        matrix.read(f"@{tmp_path / 'evil.npy'}")


def test_a_header_that_lies_about_its_size(tmp_path: Path) -> None:
    np.save(tmp_path / "big.npy", np.zeros(3))
    data = (tmp_path / "big.npy").read_bytes().replace(b"(3,)", b"(9999999999,)".ljust(4))
    (tmp_path / "big.npy").write_bytes(data)
    with pytest.raises(ParseError, match=r"big\.npy"):
        matrix.read(f"@{tmp_path / 'big.npy'}")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "[" * n,
        lambda n: "[" * n + "1" + "]" * n,
        lambda n: "[" + "9" * n + "]",
        lambda n: "9" * n,
        lambda n: "[" + "9." * n + "]",
        lambda n: "[1" + "{,}000" * n + "]",
        lambda n: "array(" * n,
        lambda n: "(" * n,
        lambda n: "[" + "\\frac{" * n,
    ],
)
def test_what_goes_on_for_ever_is_refused_at_once(make: Callable[..., Any]) -> None:
    """A cell of a hundred thousand characters takes no longer than its length: each was a minute's work or a crash."""
    began = time.perf_counter()
    with pytest.raises(ParseError):
        matrix.read(make(100_000))
    assert time.perf_counter() - began < 5
