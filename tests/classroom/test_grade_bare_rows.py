"""Rows of zeros, of ones and of blanks are judged for every kind of problem, and hidden digits earn no points."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import command
from support.problems import random_problem

import rnncalc
from rnncalc.check.verdicts.rounding import is_right
from rnncalc.errors import RnncalcError
from rnncalc.problems.parse.numbers import number
from rnncalc.problems.results import Quantities


def solved(seed: int) -> tuple[Any, dict[str, np.ndarray]]:
    """A random problem, as text and with what it asks for, and every quantity that can be answered."""
    variants: list[dict[str, Any]] = [
        {},
        {"precision": {"decimals": 4}},
        {"precision": {"digits": 3}},
        {"min_digits": 1},
    ]
    for attempt in range(99):
        keys = random_problem(random.Random(f"{seed} {attempt}"))
        try:
            arrays = dict(Quantities(rnncalc.problem(**keys).given).items())
        except RnncalcError:  # it overflows
            continue
        more = variants[seed % 4]
        if all(np.isfinite(array[~np.isnan(array)]).all() for array in arrays.values()):
            return {**keys, **more}, {name: array for name, array in arrays.items() if array.size}
    raise AssertionError(seed)


@pytest.mark.parametrize("seed", range(5))
def test_one_text_everywhere(seed: int, tmp_path: Path) -> None:
    keys, arrays = solved(seed)
    (tmp_path / "p.json").write_text(json.dumps(keys))
    for text in ("0", "1", "-1", "0.00", ""):
        bare = {name: np.full(array.shape, text).tolist() for name, array in arrays.items()}
        row = rnncalc.grade(keys, {"id": "s", "answers": bare})["s"]
        assert "could not be judged" not in row.remark
        if not text:
            assert row.empty
            assert row.remark == "nothing is answered"
            continue
        result = row.results[""]
        assert result.values, row.remark
        for value in result.values:
            if value["credit"] and value["verdict"] == "right":
                assert is_right(number(text), value["computed"])
            if value["credit"] and "." not in text and "min_digits" not in keys and value["verdict"] == "right":
                assert abs(value["computed"] - float(text)) < 0.1, "it is right to more digits than one"
        (tmp_path / "a.json").write_text(json.dumps(bare))
        done = command("check", str(tmp_path / "p.json"), "--answers", str(tmp_path / "a.json"), "--format", "json")
        assert (done.data["score"], done.data["verdict"]) == (result.score, row.verdict)
        digitless = any(v["verdict"] == "blank" and v["answer"] is not None for v in done.data["values"])
        assert done.code == 3 or done.code == int(digitless or row.verdict in ("wrong", "unreadable"))


@pytest.mark.parametrize("seed", range(5))
def test_a_table(seed: int, tmp_path: Path) -> None:
    keys, arrays = solved(seed)
    name = "y" if "y" in arrays else min(arrays)
    header = [name + "".join(f"[{i + 1}]" for i in index) for index in np.ndindex(arrays[name].shape)]
    for text in ("0", "1", ""):
        rows = [["id", *header], ["all", *[text] * len(header)], ["one", text, *[""] * (len(header) - 1)]]
        (tmp_path / "a.csv").write_text("\n".join(map(",".join, rows)))
        for row in rnncalc.grade(keys, tmp_path / "a.csv").rows:
            assert "could not be judged" not in row.remark
            assert row.empty or text, row.remark


@pytest.mark.parametrize(("typed", "code"), [("0", 1), ("1", 1), ("0.73", 0), ("0.7", 0), ("0.74", 1), ("O.73", 1)])
def test_exit_code_0_is_for_what_was_judged_and_is_right(typed: str, code: int) -> None:
    assert command("check", "--U", "0.9", "--W", "0.5", "--b", "0.3", "--x", "0.7", "--h", typed).code == code
