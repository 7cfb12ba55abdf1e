"""Whole sheets as courses, exams, blogs and forums have them, written by people who had not seen the reader.

Beside each, in `NN.numbers`, the numbers of its author's own script: every one of them must be among those computed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

SHEETS = sorted(path for path in (Path(__file__).parent / "sheets").iterdir() if path.suffix != ".numbers")
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def numbers(data: Any) -> list[float]:
    """Every number of nested lists and mappings."""
    if isinstance(data, dict | list):
        return [number for part in (data.values() if isinstance(data, dict) else data) for number in numbers(part)]
    return [float(data)] if isinstance(data, int | float) and not isinstance(data, bool) else []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_sheet_of_a_course_gives_its_authors_numbers(sheet: Path) -> None:
    computed: list[float] = []
    for verb in ("forward", "backward"):
        done = command(verb, str(sheet), "--format", "json")
        assert done.code == 0, done.err
        computed += numbers(json.loads(done.out))
    reached = np.sort(computed)
    for line in sheet.with_suffix(".numbers").read_text(encoding="utf-8").splitlines():
        for text in _NUMBER.findall(line.partition("=")[2]):
            wanted = float(text)
            near = reached[max(0, np.searchsorted(reached, wanted) - 1) :][:2]
            assert np.abs(near - wanted).min() <= 1e-6 + 1e-5 * abs(wanted), line
