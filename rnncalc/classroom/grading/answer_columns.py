"""Columns of a table of answers: `h[1][2]`, `h_2`, `Q1: h_{2}[1]`, `Q1.dU.o[2][1]`, `layers[2].backward.h[3][1]`.

A column asks for one number, or for all that its name leaves open: `h_2` is a whole vector where there are more units.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rnncalc.check.answers.entry_names import Place, Shape, place
from rnncalc.classroom.answers import nested
from rnncalc.classroom.grading.cells import EMPTY, Cell

LONGEST = 300  # characters of a header that is looked at
_LABEL = re.compile(r"[:.、)|–—-]|(?<=\d)\s")  # what may stand between a question and the name of a number
_NUMBERING = re.compile(r"\W*(?:[^\W\d]+\W{0,2})?(\d{1,9})\s*[^\W\d]?\W*")  # Q1, Question 1, 3a, 第1题
_REMARK = re.compile(r"\s*(?:\([^()]*[^\W\d_]{2}[^()]*\)|\s\(\d{4,}\)|[=?*:,;]|\.)\s*$")  # (4 decimals), (10234)


class Asked(Protocol):
    """A question, as far as columns need it."""

    def shape_of(self, name: str) -> Shape | None:
        """The shape of what can be answered under a name; None if nobody knows it."""


@dataclass(frozen=True)
class Column:
    """What a column asks for, and of which question."""

    question: str
    place: Place


def column(header: str, questions: Mapping[str, Asked]) -> Column | None:
    """What a header asks for; None if it names no quantity."""
    text = _plain(header[:LONGEST])
    alone = "" in questions
    if alone and (match := _of_question("", text, questions)):
        return match
    for separator in _LABEL.finditer(text):
        label, rest = text[: separator.start()], text[separator.end() :].lstrip(" .:、)]|–—-")
        numbered = _NUMBERING.fullmatch(label)
        question = "" if alone else question_called(label, questions)
        if question is None or re.search(r"[\[{]|layers", label) or (alone and not numbered and separator[0] != ":"):
            continue
        match = _of_question(question, rest, questions)
        if match and (numbered or not alone or None not in match.place.index):
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


def question_called(label: str, questions: Mapping[str, Asked]) -> str | None:
    """The question that a label names: as it is called, whatever the case, or by its number."""
    folded = label.strip().casefold()
    number = _NUMBERING.fullmatch(label)
    for known in questions:
        if known.casefold() == folded:
            return known
    same = [known for known in questions if number and (of := _NUMBERING.fullmatch(known)) and of[1] == number[1]]
    return same[0] if len(same) == 1 and number and not re.search(r"\d\s*[a-zA-Z]\W*$", label) else None


def _of_question(question: str, text: str, questions: Mapping[str, Asked]) -> Column | None:
    match = place(text, questions[question].shape_of)
    return Column(question, match) if match else None


def requested(columns: Iterable[Column], questions: Iterable[str]) -> dict[str, int]:
    """How many numbers of each question there are columns for."""
    counts = dict.fromkeys(questions, 0)
    for at in {(column.question, column.place.name, at) for column in columns for at in column.place.places}:
        counts[at[0]] += 1
    return counts


def answers(cells: Iterable[tuple[Column, Cell]], questions: Iterable[str]) -> tuple[dict[str, dict[str, Any]], str]:
    """question → quantity → nested texts, None where nothing is answered; and what cannot be placed."""
    arrays: dict[str, dict[str, np.ndarray]] = {question: {} for question in questions}
    trouble = ""
    for column, cell in cells:
        at = column.place
        if at.vector and len(cell.entries) > 1:
            at = at.vector
        by_name = arrays[column.question]
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
            for index, entry in zip(places, cell.entries):
                array[index] = None if entry in EMPTY else entry
        else:
            array[places[0]] = cell.text
            trouble = trouble or cell.misshapen(at.name, len(places))
    flat = {
        question: nested({name: array.tolist() if array.ndim else array.item() for name, array in by_name.items()})
        for question, by_name in arrays.items()
    }
    return flat, trouble
