"""The schema of problem files and their reader say the same: keys, words, parts; published problems are valid."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnncalc.errors import RnncalcError
from rnncalc.model.cells import CELLS
from rnncalc.problems import problem_text
from rnncalc.problems.keys import KEYS, KEYS_CALLED, OF_A_LAYER, OF_ONE_DIRECTION, WORDS_CALLED
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.reader import read
from rnncalc.problems.stated_sizes import KEYS as SIZES
from rnncalc.report.problem_schema import DESCRIPTIONS, schema, words

SCHEMA = schema()
PLAIN: dict[str, Any] = {"U": [[1, 2]], "W": [[1]], "x": [[1, 2], [3, 4]]}
EXAMPLES = [
    path for path in sorted((Path(__file__).parents[1] / "examples").glob("*.json")) if path.name != "EXPECTED.json"
]


def refused(problem: dict[str, Any]) -> str:
    """What the reader says of a problem file; "" where it takes it."""
    try:
        text = problem_text.read(json.dumps(problem))
        for part in problem_text.several(text).values() or [text]:
            read(part)
    except RnncalcError as error:
        return str(error)
    return ""


def permitted(key: str) -> bool:
    """Whether a file may have this key at its top, by the schema."""
    known, pattern = SCHEMA["else"]["propertyNames"]["anyOf"]
    return key in known["enum"] or re.search(pattern["pattern"], key) is not None


def test_the_keys_of_the_schema_are_those_of_the_reader() -> None:
    called = {theirs for theirs, key in KEYS_CALLED.items() if key in KEYS}
    assert set(SCHEMA["properties"]) == KEYS | called | set(SIZES) | {"problems"}
    assert set(DESCRIPTIONS) == KEYS
    assert set(SCHEMA["$defs"]["layer"]["properties"]) == set(OF_A_LAYER)
    assert set(SCHEMA["$defs"]["direction"]["properties"]) == set(OF_ONE_DIRECTION)


@pytest.mark.parametrize("key", SCHEMA["properties"])
def test_the_reader_knows_every_key(key: str) -> None:
    assert permitted(key)
    others = {name: value for name, value in PLAIN.items() if name != KEYS_CALLED.get(key)}  # X in place of x
    assert "unknown key" not in refused({**others, key: PLAIN.get(key, "1")})


@pytest.mark.parametrize("notation", NOTATIONS)
def test_the_schema_knows_the_letters_of_every_notation(notation: str) -> None:
    about = NOTATIONS[notation]
    for name in chain(about.letters, (pattern.replace("*", "f") for pattern in about.by_gate)):
        assert permitted(name), name
        assert permitted(name.replace("_", "")), name


@settings(max_examples=300)
@example("wy")
@given(st.text("abcdehioqswxyUWVbRBT_0", min_size=1, max_size=6))
def test_what_the_schema_refuses_the_reader_refuses(key: str) -> None:
    if not permitted(key):
        assert refused({**PLAIN, key: 1})


@pytest.mark.parametrize("key", sorted(key for key in KEYS if words(key)))
def test_words_are_those_of_the_reader(key: str) -> None:
    choices = SCHEMA["properties"][key]["anyOf"]
    assert choices[0]["enum"] == words(key)
    spoken = (*words(key), *WORDS_CALLED.get(key, ()))
    assert all(re.search(choices[1]["pattern"], word.upper().replace("Σ", "σ")) for word in spoken)
    assert not re.search(choices[1]["pattern"], "nonsense")
    if key in ("loss", "layout", "reduction", "output", "activation", "cell", "direction", "merge", "decimal"):
        said = refused({**PLAIN, key: "nonsense"})
        assert [word for word in words(key) if word not in said] == [], said


def test_every_built_in_cell_is_a_word() -> None:
    assert words("cell") == list(CELLS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_published_problems_are_valid(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    problem = json.loads(path.read_text(encoding="utf-8"))
    judge = jsonschema.Draft202012Validator(SCHEMA)
    judge.check_schema(SCHEMA)
    assert [error.message for error in judge.iter_errors(problem)] == []
    wrong = [{**problem, "actvation": "tanh"}, {**problem, "loss": 3}, {**problem, "truncate": 0}]
    assert all(not judge.is_valid(file) for file in wrong) or isinstance(problem.get("cell"), dict)
