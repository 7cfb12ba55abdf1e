"""Problems in Python and in notebooks: what the command line does, as objects that show themselves.

p = rnncalc.load_problem("problem.json")
p.forward()                                # in Jupyter: the equations and the table
print(p.forward().text(work=True))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from rnncalc.common.kinds import path_of
from rnncalc.model.equations.functions import quiet
from rnncalc.network.gradients import Gradients
from rnncalc.network.trace import Trace
from rnncalc.problems import problem_text
from rnncalc.problems import reader as reading
from rnncalc.problems.parse import files, given
from rnncalc.problems.problem import Problem
from rnncalc.report import backward as backward_report
from rnncalc.report import forward as forward_report
from rnncalc.report.document import Document
from rnncalc.report.render import RenderOptions, render
from rnncalc.report.render.numbers import Rounding
from rnncalc.report.shared import ReportOptions

if TYPE_CHECKING:
    from rnncalc.check import CheckSession, Diagnosis, Judgement, Verdict


def load_problem(path: str | PathLike[str], *, engine: str = "auto", dtype: str = "float64") -> Worked:
    """A problem from a file.

    Parameters
    ----------
    path : str or path-like
        JSON, or lines `name = value`, with the keys that `rnncalc forward` has as options.
    engine : {"auto", "numba", "equations"}
        "auto" interprets a small problem and compiles a large one.
    dtype : {"float64", "float32"}

    Returns
    -------
    Worked
        With `forward()`, `backward()` and `check(…)`, whose results show themselves in a notebook.

    Raises
    ------
    RnncalcError
        If the file is no problem: what is wrong, where, and how to fix it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from rnncalc import load_problem
    >>> _ = Path("problem.txt").write_text("U = 0.9, W = 0.5, b = 0.3, x = [0.7, 0.5]")
    >>> load_problem("problem.txt").forward().h.round(4)
    array([[0.7306],
           [0.8059]])
    """
    path_of("path", path)
    name = fspath(path)
    return Worked(reading.read(problem_text.read(files.content(name), name), engine=engine, dtype=dtype))


def problem(*, engine: str = "auto", dtype: str = "float64", **keys: Any) -> Worked:
    """A problem from the keys of a problem file.

    Parameters
    ----------
    engine : {"auto", "numba", "equations"}
        "auto" interprets a small problem and compiles a large one.
    dtype : {"float64", "float32"}
    **keys
        cell, U, W, b, x, …: arrays, nested lists, or text in any form that the command line takes.

    Returns
    -------
    Worked
        With `forward()`, `backward()` and `check(…)`, whose results show themselves in a notebook.

    Raises
    ------
    RnncalcError
        If the keys make no problem: what is wrong, where, and how to fix it.

    Examples
    --------
    >>> from rnncalc import problem
    >>> p = problem(U=0.9, W=0.5, b=0.3, x=[0.7, 0.5])
    >>> print(p.forward().text("csv", show="h"), end="")
    step,h[1]
    1,0.7305938960959437
    2,0.805926817872079
    >>> p.check(h=["0.7306", "0.8059"])
    Checked(right, score 1.00)
    """
    return Worked(reading.read(given.of_python(keys), engine=engine, dtype=dtype))


class Shown(ABC):
    """Something with a document: it shows itself in a notebook, and as text in any format."""

    @abstractmethod
    def document(self, **choice: Any) -> Document:
        """What is shown; `choice`: show, steps, work, as `ReportOptions`."""

    @quiet
    def text(self, format: str = "plain", *, digits: int = 6, decimals: int | None = None, **choice: Any) -> str:
        """The document in one of the formats plain, table, json, csv, latex, markdown."""
        return render(self.document(**choice), format, RenderOptions(Rounding(digits, decimals)))

    def _repr_markdown_(self) -> str:
        return self.text("markdown")

    @quiet
    def _repr_html_(self) -> str:
        from rnncalc.report.render import html  # here: only notebooks show HTML

        return html.part(self.document(picture=True), RenderOptions())


class Worked(Shown):
    """A problem that can be worked. `given` is the problem itself: network, inputs, notes."""

    def __init__(self, given: Problem):
        self.given = given

    @cached_property
    def _session(self) -> CheckSession:
        from rnncalc.check import CheckSession

        return CheckSession(self.given)

    def forward(self) -> Forward:
        """The forward pass: every intermediate by name, which also shows itself."""
        return Forward(self.given, self.given.forward())

    solve = forward

    def backward(self) -> Backward:
        """The way back: every gradient by name, which also shows itself. Raises ProblemError if no loss is given."""
        trace = self.given.forward()
        return Backward(self.given, trace, self.given.backward(trace))

    def check(self, answers: Mapping[str, Any] | None = None, **named: Any) -> Checked:
        """Are these answers right: `p.check(h=[["0.86", "0.98"]])`. Texts keep their digits; else the problem's own."""
        given = dict(answers or {}) | named
        if not given and "answers" in self.given.given:
            given = dict(self.given.given["answers"].value or {})
        return Checked(self.given, self._session.check(given))

    def document(self, **choice: Any) -> Document:
        return self.forward().document(**choice)

    def __repr__(self) -> str:
        return f"Worked({self.given.network.layers[-1].cell.name}, {self.given.shapes})"


class Forward(Shown, Trace):
    """A forward pass: `forward.h`, `forward["y"]`, `forward.final["h"]`."""

    def __init__(self, given: Problem, trace: Trace):
        self.__dict__.update(trace.__dict__)
        self.given = given

    @quiet
    def document(self, **choice: Any) -> Document:
        return forward_report.document(self.given, self, ReportOptions(**choice))


class Backward(Shown, Gradients):
    """Backpropagation through time: `backward.U`, `backward.steps["da"]`, `backward.loss`."""

    def __init__(self, given: Problem, trace: Trace, gradients: Gradients):
        self.__dict__.update(gradients.__dict__)
        self.given, self.trace = given, trace

    @quiet
    def document(self, **choice: Any) -> Document:
        return backward_report.document(self.given, self.trace, self, ReportOptions(**choice))


class Checked(Shown):
    """What a check found: `verdict`, `score`, `values`, `first_wrong`, `mistakes`, `data()`; it also shows itself."""

    def __init__(self, given: Problem, outcome: Verdict):
        self.given, self.outcome = given, outcome

    @property
    def verdict(self) -> str:
        return self.outcome.verdict

    @property
    def score(self) -> float:
        return self.outcome.score

    @property
    def values(self) -> list[Judgement]:
        return self.outcome.values

    @property
    def first_wrong(self) -> Judgement | None:
        return self.outcome.first_wrong

    @property
    def mistakes(self) -> list[Diagnosis]:
        return self.outcome.mistakes

    def data(self) -> dict[str, Any]:
        """For programs, as `--format json`."""
        return self.outcome.data()

    @quiet
    def document(self, *, hint: bool = False, picture: bool = False, **choice: Any) -> Document:
        from rnncalc.report import check as check_report

        return check_report.document(self.given, self.outcome, hint=hint, picture=picture)

    def __repr__(self) -> str:
        return f"Checked({self.verdict}, score {self.score:.2f})"
