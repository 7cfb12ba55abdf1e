"""Lines that are left to write on, ______ or …, are not answered, in every form that answers have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rnncalc
from rnncalc.classroom.grading import cells
from rnncalc.classroom.grading.judging import _answered
from rnncalc.problems.parse.numbers import blanked

LINES = ("_", "__", "___", "______", "_" * 30, "…", "……", r"\_\_\_\_\_\_", r"\_", " ______ ")
KEYS: dict[str, Any] = {"U": [[0.5, -0.2], [0.1, 0.4]], "W": [[0.2, 0.1], [-0.3, 0.2]], "x": [[1, 2], [0.5, -1]]}


def places(answers: Any) -> dict[str, str]:
    return {value.place: value.verdict for value in rnncalc.problem(**KEYS).check(**answers).values}


@pytest.mark.parametrize("line", LINES)
def test_a_line_to_write_on_is_no_answer(line: str) -> None:
    first = f"{rnncalc.problem(**KEYS).forward().h[0, 0]:.4f}"
    expected = {"h_1[1]": "right"}
    forms: list[Any] = [
        {"h": [[first, line], [line, line]]},
        {"h": {"1": [first, line], "2": line}},
        {"h": f"[[{first}, {line}], [{line}, {line}]]"},
        {"h": f"{first} {line}; {line} {line}"},
        {"h": rf"\begin{{bmatrix}} {first} & {line} \\ {line} & {line} \end{{bmatrix}}"},
        {"h_1": [first, line], "h_2[1]": line},
        {"h_1[1]": first, "h_1[2]": line, "y": line},
    ]
    for answers in forms:
        assert places(answers) == expected, answers
    assert not _answered([[line, line], line])
    assert cells.row([line.strip(), first], [1, 1], False)[0][0].text in cells.EMPTY


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("table", [True, False])
def test_a_form_that_is_left_blank_gives_way_to_what_stands_below(tmp_path: Path, line: str, table: bool) -> None:
    """A page is handed back with its form untouched, or half filled in, and answers below it."""
    first, second = (f"{number:.4f}" for number in rnncalc.problem(**KEYS).forward().h[0])
    form = f"| step | h[1] | h[2] |\n| --- | --- | --- |\n| 1 | {line} | {line} |\n| 2 | {line} | {line} |\n"
    form = form if table else f"h_1 = ({line}, {line})\nh_2 = ({line}, {line})\n"
    sheet = tmp_path / "sheet.md"
    arrays = "".join(f"{name} = {json.dumps(value)}\n" for name, value in KEYS.items())
    sheet.write_text(f"{arrays}\n### answers\n\n{form}\n## My answers\n\nh_1 = ({first}, {second})\n", encoding="utf-8")
    verdict = rnncalc.load_problem(sheet).check()
    assert {value.place: value.verdict for value in verdict.values} == {"h_1[1]": "right", "h_1[2]": "right"}


@pytest.mark.parametrize("text", ["W__h", "0.5", "h_1", "a_{t}", "x _ y", "U_new"])
def test_names_stay(text: str) -> None:
    assert blanked(text) == text
