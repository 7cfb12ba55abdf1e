"""A form, a row of names above a row of numbers, is read alike by `check --answers` and by `grade`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command

import rnncalc

NAMES = ("h_{}", "h[{}]", "h_{{{}}}[1]", "h[{}][1]")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [",", ";", "\t", '"'])
@pytest.mark.parametrize("wrong", [None, 1, 3])
def test_check_and_grade_read_the_same_form(name: str, form: str, wrong: int | None, tmp_path: Path) -> None:
    random = np.random.default_rng(len(name))
    keys: dict[str, Any] = {"U": 0.7, "W": -0.4, "x": random.normal(size=3).round(2).tolist()}
    numbers = np.array(rnncalc.problem(**keys).forward().h).ravel()
    numbers[wrong - 1 if wrong else 0] += 0.2 * (wrong is not None)
    texts = [f"{number:.4f}" for number in numbers]
    if form in ';"':
        texts = [text.replace(".", ",") for text in texts]
    rows = [["id", *(name.format(step) for step in (1, 2, 3))], ["s1", *texts]]
    quote, mark = ('"', ",") if form == '"' else ("", form)
    table = "".join(mark.join(f"{quote}{cell}{quote}" for cell in row) + "\n" for row in rows)
    (tmp_path / "a.csv").write_text(table)
    (tmp_path / "p.json").write_text(json.dumps(keys))
    checked = command("check", str(tmp_path / "p.json"), "--answers", str(tmp_path / "a.csv"), "--format", "json")
    graded = command("grade", str(tmp_path / "p.json"), str(tmp_path / "a.csv"), "--format", "json")
    verdicts = [value["verdict"] for value in checked.data["values"]]
    assert checked.data["verdict"] == graded.data["rows"][0]["verdict"] == ("wrong" if wrong else "right")
    assert len(verdicts) == 3
    assert (verdicts[wrong - 1] == "wrong") if wrong else set(verdicts) == {"right"}
