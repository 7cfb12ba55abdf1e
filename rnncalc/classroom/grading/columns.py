"""Columns of a table of answers: `h[1][2]`, `h_2`, `Q1: h_{2}[1]`, `Q1.dU.o[2][1]`, `layers[2].backward.h[3][1]`.

A column asks for one number, or for all that its name leaves open: `h_2` is a whole vector where there are more units.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.classroom.exercise import by_gate
from rnncalc.classroom.grading.cells import EMPTY, Cell
from rnncalc.classroom.grading.sheet import Question, Shape

Index = tuple[int | None, ...]

LONGEST = 300  # characters of a header that is looked at
_NUMBER = r"\d{1,7}"
_INDICES = rf"(?:\s*[_^]?\s*[\[({{<⟨]{{1,2}}\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*\s*[\])}}>⟩]{{1,2}})*"
_COLUMN = re.compile(
    rf"(?P<name>(?:layers\[\d{{1,4}}\]\.(?:forward\.|backward\.)?)?[^\W\d]\w*(?:\.\w+)?)(?P<index>{_INDICES})"
)
_SUBSCRIPT = re.compile(rf"(?P<name>.*?[^_])_?(?P<step>{_NUMBER})")
_LABEL = re.compile(r"[:.、)|–—-]|(?<=\d)\s")  # what may stand between a question and the name of a number
_NUMBERING = re.compile(r"\W*(?:[^\W\d]+\W{0,2})?(\d{1,9})\s*[^\W\d]?\W*")  # Q1, Question 1, 3a, 第1题
_REMARK = re.compile(r"\s*(?:\([^()]*[^\W\d_]{2}[^()]*\)|\s\(\d{4,}\)|[=?*:,;]|\.)\s*$")  # (4 decimals), (10234)
_LAYER = re.compile(r"layers\[(?P<layer>\d+)\]\.(?:(?P<way>forward|backward)\.)?(?P<name>.+)")


@dataclass(frozen=True)
class Column:
    """What a column asks for: of which question, which quantity, where in it (from 0; None: every place of that axis).

    vector: the other reading of its one index, where the sequence has one step: h_1 is a unit of it, or the step.
    """

    question: str
    name: str
    index: Index
    shape: tuple[int, ...] = field(default=(), compare=False)
    vector: Column | None = field(default=None, compare=False)

    @cached_property
    def open(self) -> tuple[int, ...]:
        """The shape of what is left open; empty for one number."""
        return tuple(size for size, at in zip(self.shape, self.index) if at is None)

    @property
    def places(self) -> Iterator[tuple[int, ...]]:
        """Every place that is asked for, in order."""
        for free in np.ndindex(*self.open):
            rest = iter(free)
            yield tuple(next(rest) if at is None else at for at in self.index)


def column(header: str, questions: Mapping[str, Question]) -> Column | None:
    """What a header asks for; None if it names no quantity."""
    text = _plain(header[:LONGEST])
    alone = "" in questions
    if alone and (match := _of_question("", text, questions)):
        return match
    for separator in _LABEL.finditer(text):
        label, rest = text[: separator.start()], text[separator.end() :].lstrip(" .:、)]|–—-")
        numbered = _NUMBERING.fullmatch(label)
        question = "" if alone else _question(label, questions)
        if question is None or re.search(r"[\[{]|layers", label) or (alone and not numbered and separator[0] != ":"):
            continue
        match = _of_question(question, rest, questions)
        if match and (numbered or not alone or None not in match.index):
            return match
    inner = re.fullmatch(r".*\s\[([^\[\]]*[^\W\d].*)\]", text)  # a grid of a form: States [h_1]
    return column(inner[1], questions) if inner else None


def _plain(header: str) -> str:
    """A header without mathematics' signs, remarks and forms of characters."""
    text = unicodedata.normalize("NFKC", header.replace("⟨", "[").replace("⟩", "]")).strip()
    text = re.sub(r"\\[a-zA-Z]+\s*\{(\w+)\}|[$\\]", r"\1", text)
    before = ""
    while before != text:
        before, text = text, _REMARK.sub("", text)
    return text


def _question(label: str, questions: Mapping[str, Question]) -> str | None:
    """The question that a label names: as it is called, whatever the case, or by its number."""
    folded = label.strip().casefold()
    number = _NUMBERING.fullmatch(label)
    for known in questions:
        if known.casefold() == folded:
            return known
    same = [known for known in questions if number and (of := _NUMBERING.fullmatch(known)) and of[1] == number[1]]
    return same[0] if len(same) == 1 and number and not re.search(r"\d\s*[a-zA-Z]\W*$", label) else None


def _of_question(question: str, text: str, questions: Mapping[str, Question]) -> Column | None:
    match = _COLUMN.fullmatch(text)
    if not match:
        return None
    indices = [int(number) - 1 for number in re.findall(r"\d+", match["index"])]
    bare = match["name"].rstrip("_")
    for name, first in _spellings(bare, bool(indices)):
        stepped = bool(first) or bare != match["name"] or match["index"].lstrip()[:1] in ("_", "^")
        for quantity in (name, f"{name}_t"):
            shape = questions[question].shape_of(quantity)
            if shape is not None and len(first) + len(indices) <= len(shape.sizes):
                return _placed(question, quantity, (*first, *indices), shape, stepped)
    return None


def _spellings(name: str, indexed: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names that a person may mean, each with the indices written at its foot: h_2 is h with 2; dh_0 is dh0."""
    yield name, ()
    yield re.sub(r"_(?=0$)", "", name), ()
    gate = re.sub(r"_([^\W\d_]+)$", r".\1", name)
    if gate != name:
        yield gate, ()
    foot: tuple[int, ...] = ()
    while match := _SUBSCRIPT.fullmatch(name):
        name, foot = match["name"], (int(match["step"]) - 1, *foot)
        yield name, foot
        yield re.sub(r"_([^\W\d_]+)$", r".\1", name), foot
    if name[:1].isupper() and (foot or indexed):
        yield name[0].lower() + name[1:], foot


def _placed(question: str, name: str, index: tuple[int, ...], shape: Shape, stepped: bool) -> Column | None:
    """The index in full: an axis of one entry may be left out; other axes that are left out are asked for whole."""
    sizes, axis = shape.sizes, shape.steps
    missing = len(sizes) - len(index)
    large = [at for at, size in enumerate(sizes) if size > 1]
    whole: Index = (*index, *([None] * missing))
    if stepped and axis and index and axis < len(sizes):  # in a batch the step is written first
        whole = (*whole[1 : axis + 1], whole[0], *whole[axis + 1 :]) if not missing else _at(axis, index, len(sizes))
    vector = None
    if missing and all(size == 1 for size in sizes[len(index) :]):
        full: Index = (*index, *([0] * missing))
    elif missing and index and len(index) == len(large):
        full = tuple(index[large.index(at)] if at in large else 0 for at in range(len(sizes)))
        vector = _inside(question, name, whole, sizes)
    else:
        full = whole
    match = _inside(question, name, full, sizes)
    return match if match is None or vector is None else Column(question, name, full, sizes, vector)


def _at(axis: int, index: tuple[int, ...], rank: int) -> Index:
    """A step, and what follows it, in an array whose steps are not the first axis."""
    rest: list[int | None] = [*index[1:], *([None] * (rank - len(index)))]
    return (*rest[:axis], index[0], *rest[axis:])


def _inside(question: str, name: str, index: Index, sizes: tuple[int, ...]) -> Column | None:
    if len(index) != len(sizes) or not all(at is None or 0 <= at < size for at, size in zip(index, sizes)):
        return None
    column = Column(question, name, index, sizes)
    if all(size == 1 for size in column.open):  # one number all the same
        return Column(question, name, tuple(at or 0 for at in index), sizes)
    return column


def requested(columns: Iterable[Column], questions: Iterable[str]) -> dict[str, int]:
    """How many numbers of each question there are columns for."""
    counts = dict.fromkeys(questions, 0)
    for at in {(column.question, column.name, place) for column in columns for place in column.places}:
        counts[at[0]] += 1
    return counts


def answers(cells: Iterable[tuple[Column, Cell]], questions: Iterable[str]) -> tuple[dict[str, dict[str, Any]], str]:
    """question → quantity → nested texts, None where nothing is answered; and what cannot be placed."""
    arrays: dict[str, dict[str, np.ndarray]] = {question: {} for question in questions}
    trouble = ""
    for at, cell in cells:
        if at.vector and len(cell.entries) > 1:
            at = at.vector
        by_name = arrays[at.question]
        array = by_name.get(at.name)
        if array is None:
            array = by_name[at.name] = np.full(at.shape, None, object)
        if not at.open:
            array[at.index] = None if cell.text in EMPTY else cell.text
            continue
        if cell.text in EMPTY:
            continue
        places = list(at.places)
        if len(cell.entries) == len(places):
            for place, entry in zip(places, cell.entries):
                array[place] = None if entry in EMPTY else entry
        else:
            array[places[0]] = cell.text
            trouble = trouble or cell.misshapen(at.name, len(places))
    flat = {
        question: _in_layers({name: array.tolist() if array.ndim else array.item() for name, array in by_name.items()})
        for question, by_name in arrays.items()
    }
    return flat, trouble


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
