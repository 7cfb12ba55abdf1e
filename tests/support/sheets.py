"""Sheets as texts, and what they compute, to be compared with the same problem as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from rnncalc.problems import problem_text, reader
from rnncalc.problems.problem import Problem


def problem(sheet: str | dict[str, Any]) -> Problem:
    """The problem of a sheet, or of the object that a file would hold."""
    text = sheet if isinstance(sheet, str) else json.dumps(sheet)
    return reader.read(problem_text.read(text), engine="equations")


def traces(sheet: str | dict[str, Any]) -> list[np.ndarray]:
    """h of every layer, and y."""
    trace = problem(sheet).forward()
    return [*(layer["h"] for layer in trace.layers), trace["y"]]


def assert_same(sheet: str, wanted: dict[str, Any]) -> None:
    """The sheet computes what the object does."""
    for got, expected in zip(traces(sheet), traces(wanted), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12, err_msg=sheet)


def printed(array: np.ndarray) -> str:
    """An array as NumPy prints it, on one line."""
    return np.array2string(array, separator=", ", max_line_width=10_000).replace("\n", "")


def drawn_at(seed: int, *shape: int) -> np.ndarray:
    """Numbers of two decimals, none of them 0 or 1."""
    return np.random.default_rng(seed).uniform(0.11, 0.95, shape).round(2) * np.where(
        np.random.default_rng(seed + 1).integers(0, 2, shape), 1, -1
    )
