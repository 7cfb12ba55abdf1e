"""Letters that may stand for a function: a bias with such a name has its value, an unread function is refused."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.commands import command

LETTERS = ["f", "g", "φ", "ψ", r"\varphi", r"\psi"]
VALUES = [
    "{} = 0.5",
    "{} = [0.5]",
    "${} = 0.5$",
    r"{} = \begin{{pmatrix}} 0.5 \end{{pmatrix}}",
    "{} := 0.5",
    "W = 0.3, {} = 0.5",
]
EQUATIONS = {
    "bias": "h_t = tanh(W x_t + U h_{{t-1}} + {})",
    "of the read-out": "h_t = tanh(W x_t + U h_{{t-1}})\ny_t = V h_t + {}",
    "of the second layer": "p_t = tanh(A x_t + B p_{{t-1}})\nh_t = tanh(W p_t + U h_{{t-1}} + {})",
}
WEIGHTS = "W = 0.3\nU = 0.4\nx = [1, 2]\n"


def computed(text: str, folder: Path) -> list[np.ndarray]:
    path = folder / "sheet.md"
    path.write_text(text, encoding="utf-8")
    done = command("forward", str(path), "--format", "json")
    assert done.code == 0, done.err
    data = done.data
    return [np.array(data["trace"]["y" if "V =" in text else "h"]) if "trace" in data else np.array(data["y"])]


@pytest.mark.parametrize("where", EQUATIONS)
@pytest.mark.parametrize("letter", LETTERS)
def test_a_bias_with_the_letter_of_a_function(where: str, letter: str, tmp_path: Path) -> None:
    weights = WEIGHTS + {"of the read-out": "V = 0.7\n", "of the second layer": "A = 0.2\nB = 0.6\n"}.get(where, "")
    wanted = computed(f"{EQUATIONS[where].format('k')}\n{weights}k = 0.5\n", tmp_path)
    for value in VALUES:
        given = weights.replace("W = 0.3\n", "") if "W" in value else weights
        np.testing.assert_array_equal(
            computed(f"{EQUATIONS[where].format(letter)}\n{given}{value.format(letter)}\n", tmp_path), wanted, value
        )


FUNCTIONS = ["φ", "f", "g", "σ_h", r"\sigma_h", r"\phi"]
UNREADABLE = [
    "{}(z) = z / (1 + |z|^3)",
    "{}(a) = a sin(a)",
    "{}(a) = a cos a",
    "{}(u) = u 2^u",
    r"{}(a) = \begin{{cases}} a^5 & a > 0 \\ a & a \le 0 \end{{cases}}",
]


@pytest.mark.parametrize(("letter", "formula"), list(itertools.product(FUNCTIONS, UNREADABLE)))
def test_a_function_that_cannot_be_read_is_not_taken_as_tanh(letter: str, formula: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.md"
    equation = f"h_t = {letter}(W x_t + U h_{{t-1}})"
    path.write_text(f"{equation}\n{formula.format(letter)}\n{WEIGHTS}", encoding="utf-8")
    done = command("forward", str(path))
    assert done.code == 2, done.out
    path.write_text(f"{equation}\n{WEIGHTS}", encoding="utf-8")
    assert command("forward", str(path)).code == 0  # said in a note
