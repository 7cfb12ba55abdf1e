"""A class that is graded: its problem, the right answers, tables of what is handed in, and the sheet read back."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from rnncalc.classroom.exercise import make
from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.classroom.handout import form_csv

MADE = make(ExerciseSpec("elman", units=2, inputs=3, outputs=1, steps=3, seed=5))
HEADER = next(csv.reader([form_csv(MADE)]))[2:]
RIGHT = [f"{value:.4f}" for array in MADE.quantities.values() for value in array.ravel()]


def table(*rows: Sequence[str], header: Sequence[str] = ("id", "name", *HEADER), delimiter: str = ",") -> str:
    """What a class hands in, as CSV."""
    output = io.StringIO()
    csv.writer(output, delimiter=delimiter).writerows([header, *rows])
    return output.getvalue()


def wrong(*places: int, text: str = "0.1234") -> list[str]:
    """The right answers, but for these places."""
    return [text if number in places else right for number, right in enumerate(RIGHT)]


def graded(text: str) -> dict[str, dict[str, str]]:
    """The rows of a sheet in CSV, by id."""
    return {row["id"]: row for row in csv.DictReader(io.StringIO(text))}


def rounded(value: Any) -> Any:
    """Nested lists of numbers with four decimals."""
    return [rounded(part) for part in value] if isinstance(value, list) else f"{value:.4f}"
