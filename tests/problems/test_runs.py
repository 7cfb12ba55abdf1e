"""What runs on without end in a sheet is refused, shortened or read, in time that grows with its length."""

from __future__ import annotations

import time

import pytest

from rnncalc.errors import ParseError
from rnncalc.problems import problem_text
from rnncalc.problems.sheet.bounds import LONGEST

SHEET = r"""An RNN with $h_t = \tanh(W_{xh} x_t + W_{hh} h_{t-1} + b_h)$, $y_t = W_{hy} h_t$, and no $x^2$ in it.

W_xh = [[0.5], [-0.25]]
W_hh = [[0.1, 0.2], [0.3, 0.4]]
b_h = [0.05, -0.1]
W_hy = [[1, 2]]
x = 0.5, 0.75, -1
"""
MANY = 40_000  # characters; a pattern that looks at every part of a run takes minutes
SHORTENED = [" ", "\t", "-", "#", "(", "'", "*", "|", "\\", "^", "$", "."]
READ = ["1", "1.", "1 ", ", ", "x, ", "的。"]
REFUSED = ["x", "dL", "x_", "e1", "的"]


def keys(text: str) -> dict[str, object]:
    began = time.process_time()
    read = problem_text.read(text)
    assert time.process_time() - began < 30
    return {key: read[key].value for key in ("W_xh", "W_hh", "b_h", "W_hy", "x")}


def drawn(mark: str, many: int = MANY) -> str:
    return (mark * many)[:many]


@pytest.mark.parametrize("mark", [*SHORTENED, *READ])
def test_a_run_of_marks_or_numbers_changes_nothing(mark: str) -> None:
    expected = keys(SHEET)
    assert keys(f"{SHEET}\nAbove stands all.{drawn(mark)}\n") == expected
    assert keys(f"Below stands all.{drawn(mark)}\n\n{SHEET}") == expected


@pytest.mark.parametrize("mark", REFUSED)
def test_a_word_without_end_is_refused_with_its_line(mark: str) -> None:
    for sheet, line in ((f"{SHEET}\n{drawn(mark)}\n", 9), (f"{drawn(mark)}\n\n{SHEET}", 1)):
        began = time.process_time()
        with pytest.raises(ParseError, match=f"^line {line}: a word of more than {LONGEST} letters"):
            problem_text.read(sheet)
        assert time.process_time() - began < 30


@pytest.mark.parametrize("blank", ["\n", "\r\n", " \n", "\n\t"])
def test_blank_lines_without_end_are_refused_but_not_below_all(blank: str) -> None:
    assert keys(SHEET + drawn(blank)) == keys(SHEET)
    with pytest.raises(ParseError, match=f"^line 1: more than {LONGEST} blank lines"):
        problem_text.read("Below stands all." + drawn(blank) + SHEET)


def test_a_picture_inside_a_sheet_is_no_word() -> None:
    picture = f"![a cell](data:image/png;base64,{drawn('iVBORw0KGgo', 9 * LONGEST)}==)"
    assert keys(f"{picture}\n\n{SHEET}") == keys(SHEET)


def test_a_word_as_long_as_a_word_may_be_is_read() -> None:
    assert keys(f"{SHEET}\n{drawn('x', LONGEST)}\n") == keys(SHEET)
