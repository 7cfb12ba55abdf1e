"""Every lost point has its reason wherever a person may see one; the precision of a sheet, as an option too."""

from __future__ import annotations

import json

import pytest

import rnncalc
from rnncalc.classroom.grading.choices import FEEDBACK
from rnncalc.classroom.grading.gradebook import Gradebook
from rnncalc.errors import ProblemError

KEYS = {"U": 0.7, "W": 0.4, "b": 0.1, "x": [1, 0.5, 2]}  # h = 0.664037 0.614186 0.940881
COARSE = {"id": "ann", "answers": {"h": ["0.7", "0.6", "0.9"]}}


def graded(points: bool = False, precision: str = "") -> Gradebook:
    keys = {**KEYS, "points": {"h": 3}} if points else KEYS
    return rnncalc.grade(keys, [COARSE], precision=precision)


@pytest.mark.parametrize("points", [False, True])
@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("format", ["plain", "csv", "json", "gradescope", "prairielearn", "junit"])
def test_the_reason_is_told_where_something_may_be(points: bool, feedback: str, format: str) -> None:
    book = graded(points)
    assert (book["ann"].verdict, book["ann"].points) == ("incomplete", 0)
    text = book.text(format, feedback)
    assert ("too few digits: two are asked for" in text) == (feedback != "none")


def test_a_test_of_gradescope_says_why_it_failed() -> None:
    tests = json.loads(graded(points=True).text("gradescope", "marks"))["tests"]
    assert [(test["status"], test["output"].count("too few")) for test in tests] == [("failed", 3)]


def test_the_option_takes_the_place_of_what_the_problem_says() -> None:
    assert graded(precision="decimals=1")["ann"].score == 1
    assert graded(precision='{"h": {"tolerance": 0.05}}')["ann"].score == 1
    keys = {**KEYS, "precision": {"decimals": 1}}
    assert rnncalc.grade(keys, [COARSE])["ann"].verdict == "right"
    assert rnncalc.grade(keys, [COARSE], precision="decimals=2")["ann"].verdict == "incomplete"
    with pytest.raises(ProblemError, match="--precision"):
        graded(precision="two")
    with pytest.raises(ProblemError, match="precision"):
        rnncalc.grade({**KEYS, "precision": "two"}, [COARSE])


def test_what_is_left_out_is_said() -> None:
    book = rnncalc.grade({**KEYS, "points": {"h": 3}}, [{"id": "ann", "answers": {"h": ["0.664", None, "0.941"]}}])
    assert (book["ann"].verdict, book["ann"].points) == ("incomplete", 2)
    assert "h_2[1]: not answered" in book.text("csv", "marks")
