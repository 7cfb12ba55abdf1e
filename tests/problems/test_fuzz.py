"""Hostile and clumsy input: 100,000 mutations of good texts are read, or refused with a RnncalcError, at once."""

import os
import random
import resource
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from support.helpers import EXAMPLES
from support.typed import FORMS, SHEET

from rnncalc.errors import RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.parse import matrix
from rnncalc.problems.reader import read

COUNT = int(os.environ.get("RNNCALC_FUZZ", "15000"))  # of each kind
PIECES = [
    *"0123456789.,;:[](){}&|\\'\"-+*/^_%$#@=eE \n\tTfx",
    "\\begin{bmatrix}", "\\end{bmatrix}", "\\frac{1}{", "\\\\", "array(", "tensor(", "np.zeros(", "np.random.seed(1);",
    "1e999", "-1e-999", "nan", "Infinity", "null", "1/0", "9" * 400, "[" * 80, "(" * 300, "{" * 300, "−", "，", "×10⁻⁹",
    "\u200b", "\ud800", "\0", "\x1b[31m", "°", "½", "１", "ᵀ", "漢", "W_{hx} =", '"U":', "x_1 = ", "x_999999999 =",
    "np.zeros((99999999, 99999999))", "np.eye(999999999)", "true", ".T", "^T", "**", "@", "{}", "[]", "\r", "`",
]  # fmt: skip
OWN = """{"cell": {"name": "m", "equations": {"h": "tanh(W @ h_p + U @ x_t) * p"}, "state": ["h"], "emits": "h"},
"U": 1, "W": 1, "p": 2, "x": [1]}"""


def mutated(text: str, corpus: list[str], rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        at, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        match rng.randrange(6):
            case 0:
                text = text[:at] + text[min(end, at + rng.randint(1, 8)) :]
            case 1:
                text = text[:at] + rng.choice(PIECES) + text[at:]
            case 2:
                text = text[:at] + text[at : at + 20] * rng.randint(1, 30) + text[at:]
            case 3:
                text = text[:at]
            case 4:
                other = rng.choice(corpus)
                cut = rng.randint(0, len(other))
                text = text[:at] + other[cut : cut + 40] + text[end:]
            case 5 if text:
                at = min(at, len(text) - 1)
                text = text[:at] + chr(ord(text[at]) ^ 1 << rng.randrange(7)) + text[at + 1 :]
    return text


def fed(corpus: list[str], seed: int, feed: Callable[[str], object]) -> tuple[int, int]:
    """How many mutations were read and how many refused; anything else fails, and so does what takes a second."""
    rng = random.Random(seed)
    read_, refused = 0, 0
    for number in range(COUNT):
        text = mutated(rng.choice(corpus), corpus, rng)
        began = time.process_time()
        try:
            feed(text)
            read_ += 1
        except RnncalcError as error:
            refused += 1
            assert_readable(str(error), text)
        except Exception as error:
            raise AssertionError(f"mutation {number}: {text!r}") from error
        assert time.process_time() - began < 1, text
    return read_, refused


def assert_readable(message: str, text: str) -> None:
    """One to three lines that a terminal can take."""
    assert 0 < len(message) < 1000, text
    assert message.count("\n") < 3, text
    assert all(character.isprintable() or character == "\n" for character in message), (text, message)


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """No text may make the reader ask for a gigabyte."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000


def test_matrices(bounded_memory: None) -> None:
    corpus = [
        *FORMS.values(),
        "np.linspace(-0.4, 0.7, num=12).reshape(3, 4)",
        "np.random.seed(1); np.random.randn(5, 3) * 0.01",
    ]
    read_, refused = fed(corpus, 1, matrix.read)
    assert read_ > COUNT // 20
    assert refused > COUNT // 20


def test_problems(bounded_memory: None) -> None:
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.json") if path.stat().st_size < 700]
    corpus = [*texts, SHEET, OWN, "U = 1, W = 0.5, x_1 = 1, x_2 = 2", "Wx = [[1, 2]]\nWh = 1\nb = 0\nx = [1]"]

    def feed(text: str) -> None:
        problem = read(problem_text.read(text), engine="equations")
        if problem.x.size < 50 and problem.shapes["H"] < 10:
            with np.errstate(all="ignore"):
                problem.forward()

    read_, refused = fed(corpus, 2, feed)
    assert read_ > COUNT // 50
    assert refused > COUNT // 20
