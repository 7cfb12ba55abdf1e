"""What is zero up to the rounding of its own terms is shown as 0, and what follows from it; small true numbers stay."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rnncalc import problem

TINY = re.compile(r"e-(1[4-9]|[2-9]\d)|10\^\{?[-−]1[4-9]|10⁻¹[⁴⁵⁶⁷⁸⁹]")
TEXTS = ("plain", "table", "markdown", "latex", "html")
GATES = {"elman": 1, "lstm": 4, "gru": 3, "gru_after": 3}


def _decimals(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Hundredths, as fractions."""
    return np.vectorize(lambda whole: Fraction(int(whole), 100), otypes=[object])(generator.integers(1, 99, shape))


def _stated(cell: str, seed: int, direction: str) -> dict[str, Any]:
    """A problem whose first preactivation (of a gated cell the candidate's) is 0 in exact numbers, and so is h."""
    generator = np.random.default_rng(seed)
    inputs, units = generator.integers(1, 4, 2)
    height = GATES[cell] * units
    shapes = {"U": (height, inputs), "W": (height, units), "b": (height,), "V": (2, units), "c": (2,), "x": (3, inputs)}
    exact = {name: _decimals(generator, *shape) for name, shape in shapes.items()}
    candidate = slice(2 * units, 3 * units) if GATES[cell] > 1 else slice(None)
    first = exact["x"][-1 if direction == "backward" else 0]
    exact["b"][candidate] = [-sum(row * first) for row in exact["U"][candidate]]
    arrays = {name: array.astype(float).tolist() for name, array in exact.items()}
    layer = {"cell": cell, "direction": direction, **{name: arrays[name] for name in "UWb"}}
    return {"layers": [layer], **{name: arrays[name] for name in ("V", "c", "x")}}


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("cell", GATES)
def test_residues_are_shown_as_zero_in_every_text(cell: str, direction: str) -> None:
    seen = 0
    for seed in range(60):
        stated = _stated(cell, seed, direction)
        targets = [stated["c"], [0.5, 0.25], [0.1, -0.3]]  # h is 0 at the first step: y = c
        targets = targets[::-1] if direction == "backward" else targets
        worked = problem(**stated, targets=targets, loss="half_squared_error", lr=0.1)
        forward, backward = worked.forward(), worked.backward()
        smallest = [float(abs(forward[name]).min()) for name in forward]
        if not any(0 < value < 1e-15 for value in smallest):
            continue  # these terms add up to 0 exactly
        if seen == 2:
            return
        seen += 1
        assert TINY.search(forward.text("json"))  # programs get every bit
        assert TINY.search(forward.text("csv", show=["all"]))
        for form in TEXTS:
            assert not TINY.search(forward.text(form, work=True, show=["all"])), (seed, form)
            assert not TINY.search(backward.text(form, work=True)), (seed, form)
    raise AssertionError(seen)


def test_small_true_numbers_stay() -> None:
    """A gradient that vanishes, and a weight that is small, are no residues."""
    worked = problem(U=1e-16, W=0.5, b=0, x=[1, 2], targets=[0, 0], loss="squared_error")
    assert len(TINY.findall(worked.forward().text(work=True))) > 3
    assert len(TINY.findall(worked.backward().text(work=True))) > 3


def test_a_jump_makes_a_true_number_of_a_residue() -> None:
    """step(5.55e-17) is 1 for programs, and so for people."""
    worked = problem(U=0.2, W=0.5, b=-0.3, x=[1.5, 1], activation="step")
    assert worked.forward().h[0] == [1.0]
    assert "step(5.55112e-17) = 1" in worked.forward().text(work=True)


@pytest.mark.parametrize("engine", ["equations", "numba"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_batch_on_either_engine(engine: str, count: int) -> None:
    given: dict[str, Any] = {"U": 0.2, "W": 0.5, "b": -0.3, "V": 2, "c": 0.1, "x": [[[1.5], [1]]] * count}
    worked = problem(**given, targets=[[[0.1], [0.3]]] * count, loss="half_squared_error", engine=engine)
    assert not TINY.search(worked.forward().text(work=True))
    assert not TINY.search(worked.backward().text(work=True))


def test_the_arithmetic_of_a_slip() -> None:
    said = problem(U=0.2, W=0.5, b=-0.3, x=[1.5, 1]).check(h=["0.1", "-0.1"]).text()
    assert "a_1 = -0.3 + 0.5·0 + 0.2·1.5 = 0\n  h_1 = tanh(0) = 0\n" in said + "\n"
