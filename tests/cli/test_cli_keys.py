"""Every key that a problem file may hold is named by some help or some topic of `explain`, with what it may be."""

import re
from pathlib import Path

import pytest
from support.helpers import run

from rnncalc.check.verdicts.precision import KINDS
from rnncalc.problems.keys import KEYS
from rnncalc.report.explain_topic import TOPICS

READ_BY_MARKING = {
    "precision",
    "min_digits",
    "points",
    "carry",
    "rounded_inputs",
    "decimal",
    "credit",
    "at_most",
    *KINDS,
}


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    return {command: run(command, "--help").stdout for command in ("forward", "backward", "check", "grade")}


@pytest.fixture(scope="module")
def topics() -> str:
    return "\n".join(run("explain", topic).stdout for topic in TOPICS)


def test_every_key_is_named(helps: dict[str, str], topics: str) -> None:
    text = "\n".join([*helps.values(), topics])
    missing = [key for key in KEYS if not re.search(rf"(?<!\w){key}(?!\w)", text)]
    assert not missing


@pytest.mark.parametrize("command", ["check", "grade"])
def test_what_marks_is_in_the_help_of_what_marks(command: str, helps: dict[str, str]) -> None:
    """One list for both, with the keys that are inside others."""
    assert [key for key in READ_BY_MARKING if key in KEYS or key in KINDS or key in ("credit", "at_most")]
    missing = [key for key in READ_BY_MARKING if not re.search(rf"(?<!\w){key}(?!\w)", helps[command])]
    assert not missing


def test_the_keys_that_marking_reads_are_these() -> None:
    """What `scoring` and `precision` take out of a problem is in the list above."""
    from rnncalc.check import points as scoring

    source = Path(scoring.__file__ or "").read_text(encoding="utf-8")
    read = set(re.findall(r'stated\(problem\.given, "(\w+)"\)|_setting\(problem, "(\w+)"', source))
    assert {name for pair in read for name in pair if name} <= READ_BY_MARKING
