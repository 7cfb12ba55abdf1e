"""Columns that say no name, Response 1, Response 2, …: as a quiz exports them, in the order in which it asks.

They are as many as the numbers that are asked for, in the order of the form; or a column a question, with all its
numbers in a cell, “part 1: 0.86; part 2: 0.98”, as Moodle writes an answer to a cloze.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnncalc.classroom.grading.cells import numbers
from rnncalc.classroom.grading.sheet import AskedProblem
from rnncalc.common.i18n import _
from rnncalc.common.safe_text import one_line

Rows = list[tuple[int, list[str]]]

LONGEST = 100_000  # characters of a cell that holds a whole page

_NUMBERED = re.compile(r"(?P<before>\D*)(?P<number>\d{1,5})(?P<behind>\D*)")
_RESPONSE = re.compile(
    r"response|antwort|réponse|respuesta|resposta|risposta|antwoord|odpowiedź|ответ|回答|答案|作答|答复|解答|響應|解答",
    re.IGNORECASE,
)
_PART = re.compile(r"[^\W\d][\w ]{0,20}?\s*(\d{1,5})\s*[:：]\s*([^;；]*)(?:[;；]|\Z)")


@dataclass(frozen=True)
class NamedTable:
    """A table whose columns have names: what each means, the rows, and what is to be said of it."""

    labels: list[str]
    rows: Rows
    note: str


def named(
    labels: Sequence[str], rows: Rows, questions: Mapping[str, AskedProblem], taken: Collection[int]
) -> NamedTable | None:
    """The table with names for its numbered columns; None where it is not plain what they are. taken: other columns."""
    columns = _responses(labels, taken)
    blocks_of = {name: _asked(name, question) for name, question in questions.items()}
    if not columns or not all(blocks_of.values()):
        return None
    each = [label for blocks in blocks_of.values() for block in blocks for label in block.labels]
    if len(columns) == len(each):
        renamed = list(labels)
        for at, label in zip(columns, each):
            renamed[at] = label
        return NamedTable(renamed, rows, _note(labels, columns, each))
    if len(columns) == len(questions):
        parts = [_by_step(blocks) for blocks in blocks_of.values()]
        whole = [label for part in parts for label in part]
        return NamedTable(*_apart(labels, rows, dict(zip(columns, parts))), _note(labels, columns, whole))
    return None


def _note(labels: Sequence[str], columns: Sequence[int], each: Sequence[str]) -> str:
    first, last = one_line(labels[columns[0]], 40), one_line(labels[columns[-1]], 40)
    heads = f"“{first}” … “{last}”" if first != last else f"“{first}”"
    shown = ", ".join(each[:3]) + (", …" if len(each) > 3 else "")
    message = _("{columns}: read in the order of the form, {names}; --columns says otherwise")
    return message.format(columns=heads, names=shown)


def _responses(labels: Sequence[str], taken: Collection[int]) -> list[int]:
    """The columns of one kind that are numbered from 1: those of responses, or the only ones."""
    kinds: dict[str, dict[int, int]] = {}  # word → number → column
    for at, label in enumerate(labels):
        match = _NUMBERED.fullmatch(label[:100]) if at not in taken else None
        word = (match["before"] + match["behind"]).casefold().strip(" .:#") if match else ""
        if match and word:
            kinds.setdefault(word, {})[int(match["number"])] = at
    kinds = {word: columns for word, columns in kinds.items() if list(columns) == list(range(1, len(columns) + 1))}
    answers = {word: columns for word, columns in kinds.items() if _RESPONSE.search(word)} or kinds
    return list(next(iter(answers.values())).values()) if len(answers) == 1 else []


@dataclass(frozen=True)
class _Block:
    """The numbers of a quantity under their labels; stepped: whether the first index is the step."""

    labels: list[str]
    steps: int = 0


def _asked(name: str, question: AskedProblem) -> list[_Block]:
    """What points are given for, as the form has it: signals of every step first, stacked quantities gate by gate."""
    blocks = []
    for quantity in question.points:
        gates = [f"{quantity}.{gate}" for gate in question.problem.network.layers[-1].cell.gates]
        parts = [part for part in gates if part in question.shapes]
        for part in parts or [quantity]:
            shape = question.shape_of(part)
            if shape is None:
                return []
            before = f"{name}." if name else ""
            labels = [before + part + "".join(f"[{i + 1}]" for i in index) for index in np.ndindex(*shape.sizes)]
            blocks.append(_Block(labels, shape.sizes[0] if shape.steps == 0 else 0))
    return sorted(blocks, key=lambda block: not block.steps)


def _by_step(blocks: Sequence[_Block]) -> list[str]:
    """Labels as a page asks for them: step by step across the signals, then the rest."""
    signals = [np.array(block.labels).reshape(block.steps, -1) for block in blocks if block.steps]
    rows = [label for step in range(len(signals[0]) if signals else 0) for signal in signals for label in signal[step]]
    return [str(label) for label in rows] + [label for block in blocks if not block.steps for label in block.labels]


def _apart(labels: Sequence[str], rows: Rows, parts: Mapping[int, list[str]]) -> tuple[list[str], Rows]:
    """A column for each number, in place of one for all."""

    def spread(texts: Sequence[str], at: int) -> list[str]:
        count, text = len(parts[at]), texts[at] if at < len(texts) else ""
        labelled = {int(number): value.strip() for number, value in _PART.findall(text[:LONGEST])}
        values = [labelled.get(number, "") for number in range(1, count + 1)] if labelled else list(numbers(text))
        return values if len(values) == count else [text, *[""] * (count - 1)]

    head = [part for at, label in enumerate(labels) for part in parts.get(at, [label])]
    return head, [
        (line, [cell for at, text in enumerate(texts) for cell in (spread(texts, at) if at in parts else [text])])
        for line, texts in rows
    ]
