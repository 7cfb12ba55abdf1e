"""Decimal commas: read where they can be nothing else, said aloud, and turned either way by a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import command

from rnncalc.problems.parse import matrix


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0,5 0,7", [0.5, 0.7]),
        ("0,5; 0,7", [[0.5], [0.7]]),
        ("0,5 -1,25; 2 0,75", [[0.5, -1.25], [2, 0.75]]),
        ("[0,5 0,7]", [0.5, 0.7]),
        ("0,059", 0.059),
        ("1,5 2,5", [1.5, 2.5]),
        ("1,5", [1, 5]),
        ("1, 5", [1, 5]),
        ("1,0,1", [1, 0, 1]),
        ("0,1", [0, 1]),
        ("1,2;3,4", [[1, 2], [3, 4]]),
        ("0.5, 0.7", [0.5, 0.7]),
        ("59,000 1", [59000, 1]),
        ("[[0,5], [0,7]]", [[0, 5], [0, 7]]),
    ],
)
def test_commas_are_decimal_only_where_nothing_else_fits(text: str, values: object) -> None:
    assert matrix.read(text).values.tolist() == values


@pytest.mark.parametrize(("decimal", "steps"), [("comma", 1), ("point", 2), ("", 2)])
def test_a_pair_is_two_numbers_unless_the_problem_says_otherwise(decimal: str, steps: int) -> None:
    said = ("--decimal", decimal) if decimal else ()
    done = command("forward", "--U", "1", "--W", "0.5", "--x", "1,5", *said, "--format", "json")
    assert done.data["shapes"]["T"] == steps
    assert ("--decimal comma" in done.err) == (not decimal)


def test_what_was_read_as_decimal_commas_is_said() -> None:
    done = command("forward", "--U", "1", "--W", "0.5", "--x", "0,5 0,7 0,2", "--format", "json")
    assert done.data["shapes"]["T"] == 3
    assert "--decimal point" in done.err


@pytest.mark.parametrize("name", ["U", "W", "b", "V"])
@pytest.mark.parametrize("sheet", [False, True])
def test_a_pair_that_does_not_fit_may_be_one_number(name: str, sheet: bool, tmp_path: Path) -> None:
    values = {"U": "0.9", "W": "0.5", "b": "0.3", "V": "2"} | {name: "0,8"}
    if sheet:
        (tmp_path / "sheet.txt").write_text("\n".join(f"{key} = {text}" for key, text in values.items()) + "\nx_1 = 1")
        done = command("forward", str(tmp_path / "sheet.txt"))
    else:
        done = command("forward", *(part for key, text in values.items() for part in (f"--{key}", text)), "--x", "1")
    assert done.code == 2 * (name != "V")  # which may have two outputs
    assert f"{name}: 0,8 read as two numbers; --decimal comma reads one" in done.err


def test_the_letter_in_the_other_case_is_suggested() -> None:
    for name, near in (("w", "W"), ("u", "U"), ("Lr", "lr"), ("X", "x")):
        done = command("forward", "--U", "1", "--x", "1", f"--{name}", "0.3")
        assert done.code == 0 or f"did you mean “{near}”" in done.err, done.err
