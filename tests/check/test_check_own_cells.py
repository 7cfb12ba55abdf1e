"""Cells of a person's own under `check`: names that clash with what a rewrite adds, and terms that cancel."""

import itertools

import numpy as np
import pytest

import rnncalc


@pytest.mark.parametrize("suffix", ["f", "a", "q", "old", "new", "s"])
def test_a_line_may_have_any_name_beside_another(suffix: str) -> None:
    """Every mistake is tried on a wrong answer; none trips over the names of the lines."""
    equations = {
        "q": "tanh(W1 @ q_p + U1 @ x_t + b1)",
        f"q_{suffix}": "sigmoid(W2 @ q + b2)",
        "h": f"tanh(W3 @ q_{suffix} - b3)",
    }
    rng = np.random.default_rng(3)
    sizes: dict[str, int | tuple[int, ...]] = {
        "W1": (3, 3),
        "U1": (3, 2),
        "b1": 3,
        "W2": (3, 3),
        "b2": 3,
        "W3": (3, 3),
        "b3": 3,
        "x": (4, 2),
    }
    arrays = {name: rng.normal(size=size).round(2).tolist() for name, size in sizes.items()}
    problem = rnncalc.problem(cell={"name": "own", "equations": equations, "state": ["q"], "emits": "h"}, **arrays)
    wrong = np.array(problem.forward().h) + 0.1
    assert problem.check(h=[[f"{value:.4f}" for value in row] for row in wrong]).verdict == "wrong"


@pytest.mark.parametrize(
    ("noise", "scale"), list(itertools.product(["5.6e-17", "-1.1102230246251565e-16", "0"], [1, 30]))
)
def test_what_float64_leaves_of_terms_that_cancel_is_no_mistake(noise: str, scale: int) -> None:
    cell = {
        "name": "own",
        "equations": {"d": "W @ h_p - W @ h_p", "h": "tanh(U @ x_t + d)"},
        "state": ["h"],
        "emits": "h",
    }
    problem = rnncalc.problem(cell=cell, W=[[0.3 * scale]], U=[[0.7]], x=[[1.0], [0.4]])
    assert problem.check(d=[["0"], [noise]]).verdict == "right"
    assert problem.check(d=[["0"], ["1e-9"]]).verdict == "wrong"
