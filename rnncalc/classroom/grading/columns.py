"""Columns of a table of answers: `h[1][2]`, `Q1.dU.o[2][1]`, `layers[2].backward.h[3][1]`, `loss`: one number each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.classroom.exercise import by_gate
from rnncalc.problems.parse.numbers import BLANKS

EMPTY = (*BLANKS, "-", "–", "—")  # "-" is how learning platforms write "no answer"
_COLUMN = re.compile(
    r"\s*(?P<name>(?:[^\[\]()\s]*\blayers\[\d{1,4}\]\.)?[^\[\]()\s]+)\s*(?P<index>(?:[\[(]\s*\d{1,7}(?:\s*,\s*\d{1,7})*\s*[\])]\s*)*)"
)

_LAYER = re.compile(r"layers\[(?P<layer>\d+)\]\.(?:(?P<way>forward|backward)\.)?(?P<name>.+)")


@dataclass(frozen=True)
class Column:
    """One number that a table asks for: of which question, which quantity, where in it (from 0)."""

    question: str
    name: str
    index: tuple[int, ...]

    @property
    def place(self) -> tuple[str, tuple[int, ...]]:
        return self.name, self.index


def column(header: str, shapes: Mapping[str, Mapping[str, tuple[int, ...]]]) -> Column | None:
    """The number that a header names; None if it names none. shapes: question → quantity → shape."""
    match = _COLUMN.fullmatch(header)
    if not match:
        return None
    question, name = "", match["name"]
    if "" not in shapes:
        question, _dot, name = name.partition(".")
        question = next((known for known in shapes if known.casefold() == question.casefold()), "")
    if name not in shapes.get(question, {}):
        return None
    index = _placed(tuple(int(i) - 1 for i in re.findall(r"\d+", match["index"])), shapes[question][name])
    return None if index is None else Column(question, name, index)


def _placed(index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The index in full: what was left out is an axis of one entry, the last ones first."""
    while len(index) < len(shape):
        missing = len(shape) - len(index)
        if all(size == 1 for size in shape[len(shape) - missing :]):
            index = (*index, *([0] * missing))
        elif shape[0] == 1:
            return _inside((0, *index), shape) if missing == 1 else None
        else:
            return None
    return _inside(index, shape)


def _inside(index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...] | None:
    inside = len(index) == len(shape) and all(0 <= i < size for i, size in zip(index, shape))
    return index if inside else None


def answers(
    cells: Iterable[tuple[Column, str]], shapes: Mapping[str, Mapping[str, tuple[int, ...]]]
) -> dict[str, dict[str, Any]]:
    """question → quantity → nested texts, None where a cell is empty or there is no column."""
    arrays: dict[str, dict[str, np.ndarray]] = {question: {} for question in shapes}
    for at, text in cells:
        array = arrays[at.question].setdefault(at.name, np.full(shapes[at.question][at.name], None, object))
        array[at.index] = None if text in EMPTY else text
    return {
        question: _in_layers({name: array.tolist() if array.ndim else array.item() for name, array in by_name.items()})
        for question, by_name in arrays.items()
    }


def _in_layers(flat: Mapping[str, Any]) -> dict[str, Any]:
    """layers[2].backward.h as {"layers": [null, {"backward": {"h": …}}]}, gates by name."""
    top: dict[str, Any] = {}
    layers: dict[int, dict[str, dict[str, Any]]] = {}
    for name, value in flat.items():
        match = _LAYER.fullmatch(name)
        if not match:
            top[name] = value
            continue
        part = layers.setdefault(int(match["layer"]), {})
        part.setdefault(match["way"] or "", {})[match["name"]] = value
    answers = by_gate(top)
    if layers:
        answers["layers"] = [
            {**by_gate(part.pop("", {})), **{direction: by_gate(directions) for direction, directions in part.items()}}
            for part in (layers.get(number, {}) for number in range(1, max(layers) + 1))
        ]
    return answers
