"""Words of a vocabulary in JSON and as options: the same problem as with the numbers that they stand for."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import answer, run

WORDS = ("h", "e", "l", "o", "猫", "sat", "U", "naïve")


def problem(rng: np.random.Generator, batch: bool, loss: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A random problem in words, and the same in numbers."""
    size, steps = int(rng.integers(2, 7)), int(rng.integers(1, 5))
    words = [WORDS[i] for i in rng.permutation(len(WORDS))[:size]]
    units, shape = int(rng.integers(1, 4)), ((int(rng.integers(2, 4)), steps) if batch else (steps,))
    inputs, targets = rng.integers(0, size, shape), rng.integers(0, size, shape)
    gap = rng.random(shape) < 0.2
    arrays = {"U": (units, size), "W": (units, units), "V": (size, units)}
    plain = {name: rng.normal(size=sizes).round(3).tolist() for name, sizes in arrays.items()}
    plain |= {"loss": loss, "output": "softmax", "reduction": "sum"}
    eye, classes = np.eye(size), loss == "cross_entropy"

    def rows_of(kept: np.ndarray, skipped: np.ndarray, as_word: bool) -> Any:
        def entry(index: tuple[int, ...]) -> Any:
            number = int(kept[index])
            if skipped[index]:
                return None if as_word or classes else [None] * size
            return words[number] if as_word else number if classes else eye[number].tolist()

        if batch:
            return [[entry((n, t)) for t in range(steps)] for n in range(shape[0])]
        return [entry((t,)) for t in range(steps)]

    named = {**plain, "vocabulary": words, "targets": rows_of(targets, gap, True)}
    named["x"] = [[words[i] for i in row] for row in inputs] if batch else [words[i] for i in inputs]
    return named, {**plain, "x": eye[inputs].tolist(), "targets": rows_of(targets, gap, False)}


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("batch", [False, True])
def test_words_are_the_numbers_that_they_stand_for(batch: bool, loss: str, tmp_path: Path) -> None:
    rng = np.random.default_rng([batch, len(loss)])
    for _ in range(12):
        files = tmp_path / "named.json", tmp_path / "plain.json"
        for file, keys in zip(files, problem(rng, batch, loss)):
            file.write_text(json.dumps(keys), encoding="utf-8")
        assert answer("backward", str(files[0])) == answer("backward", str(files[1]))


def test_words_as_options() -> None:
    weights = ("--U", "1 2 3; 4 5 6", "--W", "1 0; 0 1", "--V", "1 0; 0 1; 1 1")
    goal = ("--loss", "cross_entropy", "--output", "softmax")
    plain = ("--x", "0 1 0; 0 0 1", "--targets", "2 0")
    for vocabulary, x, targets in (
        ("h e l", "e l", "l h"),
        ("h,e,l", "e, l", "l,h"),
        ('["h","e","l"]', '["e","l"]', "l h"),
    ):
        words = ("--vocabulary", vocabulary, "--x", x, "--targets", targets)
        assert answer("backward", *weights, *goal, *words) == answer("backward", *weights, *goal, *plain)
    numbers = ("--vocabulary", "h e l", "--x", "0 1 0; 0 0 1", "--targets", "2 0")  # beside a vocabulary as without
    assert answer("backward", *weights, *goal, *numbers) == answer("backward", *weights, *goal, *plain)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"x": ["h", "z"]}, r"\$\.x\[1\]: “z” is not in the vocabulary h, e"),
        ({"x": ["h", 1]}, r"\$\.x\[1\]: “1” is not in the vocabulary"),
        ({"vocabulary": ["h", "e", "h"]}, "“h” stands there twice"),
        ({"vocabulary": ["1", "0"]}, "“1” is the word number 0: a word that is a number must be its own"),
        ({"vocabulary": []}, "a vocabulary is a list of words"),
        ({"vocabulary": {"h": 0}}, "a vocabulary is a list of words"),
        ({"vocabulary": ["h", "e", "l"]}, "U"),  # three words, and weights for two inputs
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], said: str) -> None:
    given = {"U": [[1, 2]], "W": [[1]], "x": ["h", "e"], "vocabulary": ["h", "e"], **changed}
    done = run("forward", json.dumps(given))
    assert done.returncode == 2
    assert re.search(said, done.stderr), done.stderr
