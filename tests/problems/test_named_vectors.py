r"""Inputs that are vectors with names of their own: x_1 = e(\text{time}), e_{time}, v_1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from support.sheets import drawn_at, printed, problem

U, W, B = drawn_at(1, 3, 2), drawn_at(2, 3, 3), drawn_at(3, 3)
VECTORS = np.array([[1.0, 0.0], [0.5, 1.0], [-1.0, 0.5]])
WORDS = ["time", "flies", "fast"]
WAYS: dict[str, Callable[[int], str]] = {
    "e(text)": lambda k: rf"e(\text{{{WORDS[k]}}})",
    "e(word)": lambda k: f"e({WORDS[k]})",
    "e(letter)": lambda k: f"e({'abc'[k]})",
    "e_text": lambda k: rf"\mathbf{{e}}_{{\text{{{WORDS[k]}}}}}",
    "e_word": lambda k: f"e_{{{WORDS[k]}}}",
    "v_1": lambda k: f"v_{k + 1}",
    "bold": lambda k: rf"\mathbf{{e}}_{k + 1}",
    "quoted": lambda k: f'E["{WORDS[k]}"]',
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0), (1, 1, 0, 2)])
@pytest.mark.parametrize("first", ["values", "inputs"])
def test_inputs_by_name(way: str, bias: bool, order: tuple[int, ...], first: str) -> None:
    name = WAYS[way]
    equation = "h_t = tanh(U x_t + W h_{t-1}" + (" + b)" if bias else ")")
    given = ", ".join(f"${name(k)} = {printed(VECTORS[k])}$" for k in range(3))
    inputs = ", ".join(f"$x_{t} = {name(k)}$" for t, k in enumerate(order, 1))
    pair = [given, inputs] if first == "values" else [inputs, given]
    lines = [
        f"$${equation}$$",
        *pair,
        f"U = {printed(U)}",
        f"W = {printed(W)}",
        *([f"b = {printed(B)}"] if bias else []),
    ]
    h, expected = np.zeros(3), []
    for k in order:
        h = np.tanh(U @ VECTORS[k] + W @ h + (B if bias else 0))
        expected.append(h)
    np.testing.assert_allclose(problem("\n\n".join(lines)).forward()["h"], expected, rtol=1e-12)
