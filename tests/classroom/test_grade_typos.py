"""A typo of the teacher is an error before anybody's answers are read, and does not fail a class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import run

from rnncalc import grade
from rnncalc.errors import ProblemError

KEYS: dict[str, Any] = {"U": 0.9, "W": 0.5, "b": 0.3, "x": [0.7, 0.5], "V": [[1.5]]}
ANSWERS = [{"id": "a", "answers": {"h": ["0.7306", "0.8059"]}}]


@pytest.mark.parametrize("name", ["q", "hh", "Y", "yy", "h_new1"])
@pytest.mark.parametrize("key", ["points", "precision", "--precision"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_name_of_no_quantity_is_refused(name: str, key: str, beside: bool) -> None:
    worth: Any = {"decimals": 2} if "precision" in key else 3
    given = {**({"h": worth} if beside else {}), name: worth}
    problem, precision = (KEYS, json.dumps(given)) if key == "--precision" else ({**KEYS, key: given}, "")
    with pytest.raises(ProblemError, match=f"“{name}”, which is no quantity here") as caught:
        grade(problem, ANSWERS, precision=precision)
    assert name not in ("hh", "yy") or f"did you mean “{name[0]}”?" in str(caught.value)


@pytest.mark.parametrize("name", ["h", "y", "a", "s", "loss", "dW", "W_new"])
def test_names_of_quantities_are_taken(name: str) -> None:
    gradebook = grade({**KEYS, "points": {"h": 1, name: 2}}, ANSWERS, precision=json.dumps({name: {"digits": 3}}))
    assert gradebook["a"].results[""].trouble == ""


def test_the_command_ends_with_2(tmp_path: Path) -> None:
    problem, answers = tmp_path / "problem.json", tmp_path / "answers.csv"
    problem.write_text(json.dumps({**KEYS, "points": {"h": 2, "q": 1}}), encoding="utf-8")
    answers.write_text("id,h_1,h_2\na,0.7306,0.8059\n", encoding="utf-8")
    done = run("grade", str(problem), str(answers))
    assert (done.returncode, done.stdout) == (2, "")
