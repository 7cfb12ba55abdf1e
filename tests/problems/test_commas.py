"""Decimal commas: read where they can be nothing else, said aloud, and turned either way by a key."""

from __future__ import annotations

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
