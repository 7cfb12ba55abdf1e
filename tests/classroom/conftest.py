"""The problem and the answers of a class."""

import json
from pathlib import Path

import pytest
from support.a_class import MADE, RIGHT, table, wrong


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(MADE.keys), encoding="utf-8")
    return path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A class of four: right, one slip, blank, one unreadable number."""
    path = tmp_path / "answers.csv"
    blank = [""] * len(RIGHT)
    rows = [("s1", "甲", *RIGHT), ("s2", "乙", *wrong(0)), ("s3", "丙", *blank), ("s4", "丁", *wrong(3, text="?"))]
    path.write_text(table(*rows), encoding="utf-8")
    return path
