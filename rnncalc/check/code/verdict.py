"""The result of a check of code, as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rnncalc.model.equations.formula import Formula
from rnncalc.model.equations.style import TEXT

RIGHT, WRONG, FAILED = "right", "wrong", "failed"


@dataclass(frozen=True)
class OutputPlace:
    """A number of a function's output: its name, step, sequence and unit, from 1 (None: it has no such axis)."""

    output: str
    step: int | None
    sequence: int | None
    unit: tuple[int, ...]
    given: float
    exact: float

    def data(self) -> dict[str, Any]:
        """The place as plain data."""
        whole = {"output": self.output, "step": self.step, "sequence": self.sequence, "unit": list(self.unit)}
        return whole | {"given": self.given, "exact": self.exact}


@dataclass(frozen=True)
class Line:
    """A line of the code: its number and text."""

    number: int
    text: str


@dataclass(frozen=True)
class CodeMistake:
    """A mistake that gives the numbers that a function returned.

    Attributes
    ----------
    id : its name for `rnncalc explain`
    message : what was done in place of what
    explains, of : how many of the wrong numbers it explains, and how many there are
    outputs : the outputs that it explains
    equation : the line of the cell's equations, as it should be
    rule : what is right in words, where no equation shows it
    line : the line of the code that looks like the culprit, a hint; None: the source does not show it
    alike : other mistakes that give the same numbers
    option : the option that makes it right, where courses define it so
    """

    id: str
    message: str
    explains: int
    of: int
    outputs: tuple[str, ...] = ()
    equation: Formula | None = None
    line: Line | None = None
    alike: tuple[str, ...] = ()
    option: str = ""
    rule: str = ""

    def data(self) -> dict[str, Any]:
        """The mistake as plain data."""
        line = {"number": self.line.number, "text": self.line.text} if self.line else None
        whole = {"id": self.id, "message": self.message, "explains": self.explains, "of": self.of, "line": line}
        optional = {
            "outputs": list(self.outputs),
            "equation": self.equation.write(TEXT) if self.equation else "",
            "alike": list(self.alike),
        }
        return whole | {
            key: value for key, value in (optional | {"option": self.option, "rule": self.rule}).items() if value
        }


@dataclass(frozen=True)
class Finding:
    """What is said of a function besides its numbers.

    kind: raises, missing, count, type, shape, nan, zero, random, modified, order, where, gradient.
    """

    kind: str
    text: str


@dataclass
class CodeVerdict:
    """The result for one function.

    Attributes
    ----------
    function, signature : their names
    cell : the cell that the function was held against
    verdict : right, wrong, or failed: it raises, returns no numbers or other shapes, or differs from call to call
    mistakes : those that explain its numbers, the best first
    findings : whatever else is not as it should be
    first : the first number that is wrong
    notes : what was assumed, and conventions that are no mistakes
    calls : the functions of the same file that it calls
    """

    function: str
    signature: str
    cell: str = ""
    verdict: str = RIGHT
    mistakes: list[CodeMistake] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    first: OutputPlace | None = None
    notes: list[str] = field(default_factory=list)
    calls: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data, as `--format json` prints it."""
        return {
            "function": self.function,
            "signature": self.signature,
            "cell": self.cell,
            "verdict": self.verdict,
            "mistakes": [mistake.data() for mistake in self.mistakes],
            "first": self.first.data() if self.first else None,
            "findings": [{"kind": finding.kind, "text": finding.text} for finding in self.findings],
            "notes": list(self.notes),
        }
