"""Decimal commas within the brackets of an answer: the shape that is asked for says what separates the numbers."""

from __future__ import annotations

from typing import Any

import pytest
from support.commands import command

PROBLEM = '{"U": [[1.1], [0.2]], "W": [[0.5, 0.1], [0.2, 0.3]], "x": [1, 2], "activation": "identity"}'
FORMS = [
    "[{}; {}]", "[{}, {}]", "[{} {}]", "({}; {})", "({}, {})", "[ {} ; {} ]", "[[{}; {}]]", "[{}; {}]^T", "{}; {}",
]  # fmt: skip
PAIRS = [("1,1", "0"), ("1,1000", "0,2000"), ("2,65", "2,475"), ("-2,65", "12,5"), ("1", "0,2"), ("1,100", "0,20")]


def checked(text: str, tmp_path: Any) -> Any:
    (tmp_path / "p.json").write_text(PROBLEM)
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    return command("check", str(tmp_path / "p.json"), "--answers", str(tmp_path / "a.txt"), "--format", "json")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pair", PAIRS)
def test_two_numbers_where_two_are_asked_for(form: str, pair: tuple[str, str], tmp_path: Any) -> None:
    done = checked(f"h_1 = {form.format(*pair)}\nh_2 = {form.format(*pair)}", tmp_path)
    given = [(value["index"], value["answer"]) for value in done.data["values"]]
    numbers = [text.replace(",", ".") for text in pair]
    assert given == [([1], numbers[0]), ([2], numbers[1])] * 2, done.err
    assert "not read" not in done.err


@pytest.mark.parametrize("text", ["[1, 2, 3, 4]", "[1, 2, 3]", "[1,2; 3,4; 5]", "[1; 2; 3]"])
def test_what_fits_in_no_way_or_in_several_is_refused(text: str, tmp_path: Any) -> None:
    done = checked(f"h_1 = {text}", tmp_path)
    (value,) = done.data["values"]
    assert value["verdict"] in ("wrong", "unreadable")
    assert "must be of the shape (2,)" in str(done.data)


def test_four_numbers_where_four_are_asked_for(tmp_path: Any) -> None:
    done = checked("h_1 = [1,2; 3,4]\nh_2 = [1,1 0,2]", tmp_path)
    assert [value["answer"] for value in done.data["values"]] == ["1.2", "3.4", "1.1", "0.2"]
    (tmp_path / "q.json").write_text(
        '{"U": [[1], [2], [3], [4]], "W": [[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]], "x": [1, 2]}'
    )
    (tmp_path / "a.txt").write_text("h_1 = [1,2; 3,4]")
    done = command("check", str(tmp_path / "q.json"), "--answers", str(tmp_path / "a.txt"), "--format", "json")
    assert [value["answer"] for value in done.data["values"]] == ["1", "2", "3", "4"]
