"""Two answers on one line, the second behind the first and a word: a_1 = 0.93, so h_1 = 0.73."""

from __future__ import annotations

import pytest
from support.commands import command

SHEET = "U = 0.9, W = 0.5, b = 0.3, x = 0.7 0.5. Find h.\n\n{}:\n\n{}\n"
WORDS = (
    "所以",
    "因此",
    "因而",
    "故",
    "则",
    "得",
    "得到",
    "so",
    "hence",
    "thus",
    "therefore",
    "and so",
    "daher",
    "also",
)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("joint", [" {} ", ", {} ", "，{}", "; {} ", " {}, "])
@pytest.mark.parametrize("working", ["0.93", "0.9*0.7 + 0.3 = 0.93"])
def test_what_follows_from_a_value_is_an_answer_of_its_own(word: str, joint: str, working: str) -> None:
    between = joint.format(word)
    if word.isascii() and not between.endswith(" "):
        between += " "
    text = SHEET.format("My answers", f"a_1 = {working}{between}h_1 = 0.7306")
    run = command("check", "-", "--format", "json", stdin=text)
    assert {value["name"]: value["verdict"] for value in run.data["values"]} == {"a": "right", "h": "right"}
    assert run.code == 0
