"""Problems in Python and in notebooks: what the command line does, as objects that show themselves.

p = rnncalc.load_problem("problem.json")
p.forward()                                # in Jupyter: the equations and the table
print(p.forward().text(work=True))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from os import PathLike, fspath
from typing import Any

from rnncalc import reading
from rnncalc.document import Document
from rnncalc.gradients import Gradients
from rnncalc.parse import files, given
from rnncalc.problems import Problem
from rnncalc.render import Look, render
from rnncalc.render.numbers import Rounding
from rnncalc.report import backward as backward_report
from rnncalc.report import forward as forward_report
from rnncalc.report.shared import Choice
from rnncalc.trace import Trace


def load_problem(path: str | PathLike[str], *, engine: str = "auto", dtype: str = "float64") -> Worked:
    """A problem from a file: JSON, or lines `name = value`. Raises RnncalcError with what, where and how."""
    name = fspath(path)
    return Worked(reading.read(given.read(files.content(name), name), engine=engine, dtype=dtype))


def problem(*, engine: str = "auto", dtype: str = "float64", **keys: Any) -> Worked:
    """A problem from the keys of a problem file: `problem(cell="elman", U=[[0.1, 0.2], [0.3, 0.4]], …, x=[[2, 3]])`.

    Values are arrays, nested lists, or text in any form that the command line takes. Raises RnncalcError.
    """
    return Worked(reading.read(given.of_python(keys), engine=engine, dtype=dtype))


class Shown(ABC):
    """Something with a document: it shows itself in a notebook, and as text in any format."""

    @abstractmethod
    def document(self, **choice: Any) -> Document:
        """What is shown; `choice`: show, steps, work, as `report.Choice`."""

    def text(self, format: str = "plain", *, digits: int = 6, decimals: int | None = None, **choice: Any) -> str:
        """The document in one of the formats plain, table, json, csv, latex, markdown."""
        return render(self.document(**choice), format, Look(Rounding(digits, decimals)))

    def _repr_markdown_(self) -> str:
        return self.text("markdown")


class Worked(Shown):
    """A problem that can be worked. `given` is the problem itself: network, inputs, notes."""

    def __init__(self, given: Problem):
        self.given = given

    def forward(self) -> Forward:
        """The forward pass: every intermediate by name, which also shows itself."""
        return Forward(self.given, self.given.forward())

    solve = forward

    def backward(self) -> Backward:
        """The way back: every gradient by name, which also shows itself. Raises ProblemError if no loss is given."""
        trace = self.given.forward()
        return Backward(self.given, trace, self.given.backward(trace))

    def document(self, **choice: Any) -> Document:
        return self.forward().document(**choice)

    def __repr__(self) -> str:
        return f"Worked({self.given.network.layers[-1].cell.name}, {self.given.shapes})"


class Forward(Trace, Shown):
    """A forward pass: `forward.h`, `forward["y"]`, `forward.final["h"]`."""

    def __init__(self, given: Problem, trace: Trace):
        self.__dict__.update(trace.__dict__)
        self.given = given

    def document(self, **choice: Any) -> Document:
        return forward_report.document(self.given, self, Choice(**choice))


class Backward(Gradients, Shown):
    """Backpropagation through time: `backward.U`, `backward.steps["da"]`, `backward.loss`."""

    def __init__(self, given: Problem, trace: Trace, gradients: Gradients):
        self.__dict__.update(gradients.__dict__)
        self.given, self.trace = given, trace

    def document(self, **choice: Any) -> Document:
        return backward_report.document(self.given, self.trace, self, Choice(**choice))
