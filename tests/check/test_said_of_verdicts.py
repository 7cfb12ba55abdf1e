"""What is said of verdicts holds for the numbers: “cut off” of numbers that are cut, “follow” where all do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.commands import command

import rnncalc

SUMS = ["--U", "1", "--W", "0", "--activation", "identity"]  # h is x: every number is its own computed value


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wanted", [None, 1, 3])
def test_cut_off_is_said_of_numbers_that_are_cut(seed: int, wanted: int | None) -> None:
    random = np.random.default_rng(seed)
    computed = random.uniform(0.1, 2, size=12).round(6)
    decimals = random.integers(1, 6, size=12)
    typed = [
        f"{math.floor((value + random.choice([0, 0, 8 * 10.0 ** -(place + 1)])) * 10**place) / 10**place:.{place}f}"
        for value, place in zip(computed, decimals)
    ]
    said = ["--precision", f"decimals={wanted}"] if wanted else []
    h = "; ".join(typed)
    done = command("check", *SUMS, "--x", "; ".join(map(str, computed)), "--h", h, *said)
    rows = [line for line in done.out.splitlines() if line.startswith("h_")]
    assert len(rows) == 12
    for row, text, value in zip(rows, typed, computed):
        places = len(text.partition(".")[2])
        cut = math.floor(value * 10**places + 1e-9) == round(float(text) * 10**places)
        assert cut or "cut off" not in row, row
        longer = wanted is not None and places > wanted
        assert longer or "cut to the digits" not in row, row


@pytest.mark.parametrize(("steps", "slip"), [(5, None), (5, 2), (5, 3), (5, 4), (2, None), (3, None), (3, 2), (3, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_numbers_follow_only_where_all_of_them_do(seed: int, steps: int, slip: int | None) -> None:
    """A slip at the first step, carried on; a second slip on top of it, at a later step."""
    random = np.random.default_rng(seed)
    U, W = random.uniform(0.4, 0.9, size=2).round(2)
    x = random.uniform(-1, 1, size=steps).round(2)
    h = [float(np.tanh(U * x[0])) + 0.11]
    for number, value in enumerate(x[1:], 2):
        h.append(float(np.tanh(U * value + W * round(h[-1], 5))) + 0.07 * (number == slip))
    numbers = ["--U", str(U), "--W", str(W), "--x", " ".join(map(str, x)), "--h", " ".join(f"{v:.5f}" for v in h)]
    done = command("check", *numbers)
    verdicts = [value["verdict"] for value in command("check", *numbers, "--format", "json").data["values"]]
    assert verdicts == ["wrong" if number in (1, slip) else "carried" for number in range(1, steps + 1)]
    carried = verdicts.count("carried")
    assert ("is carried on" in done.out, "are carried on" in done.out) == (carried == 1, carried > 1)
    assert ("From here on your numbers follow" in done.out) == (slip is None)
    assert (f"carried on; h_{slip} does not." in done.out) == (slip is not None)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("symmetric", [False, True])
def test_rows_and_columns_are_a_question_only_where_the_numbers_differ(size: int, symmetric: bool) -> None:
    random = np.random.default_rng(size)
    matrices = [random.normal(size=(size, size)).round(2) for _ in range(2)]
    if symmetric:
        matrices = [matrix + matrix.T for matrix in matrices]
    keys: dict[str, Any] = dict(zip(("W_xh", "W_hh"), matrices)) | {"x": random.normal(size=(3, size)).round(2)}
    first, second = (rnncalc.problem(**keys, vectors=word).forward().h for word in ("row", "column"))
    warned = any("--vectors" in note for note in rnncalc.problem(**keys).given.notes)
    assert warned == (not np.allclose(first, second))
