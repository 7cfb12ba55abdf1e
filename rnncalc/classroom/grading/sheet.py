"""What people were asked: one problem, a sheet of several, or a variant for each person; and what each number earns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike, fspath
from typing import Any

import numpy as np

from rnncalc.check import CheckSession
from rnncalc.check.answers.entry_names import Shape, shape_in
from rnncalc.check.answers.names import QuantityIndex
from rnncalc.classroom.grading import task_words
from rnncalc.classroom.grading.people import Roster
from rnncalc.common.safe_text import one_line
from rnncalc.errors import ProblemError, RnncalcError
from rnncalc.problems import problem_text
from rnncalc.problems.formulas.equations import Equations
from rnncalc.problems.parse import files
from rnncalc.problems.parse import given as reader
from rnncalc.problems.parse.given import RawValue
from rnncalc.problems.parse.numbers import Numbers
from rnncalc.problems.problem import Problem
from rnncalc.problems.reader import read
from rnncalc.problems.results import Quantities

PERSON = "_name"  # in a problem of one's own: the person's name


class AskedProblem:
    """A problem, as far as reading answers to it needs it."""

    @property
    def problem(self) -> Problem:
        """The problem itself."""
        raise NotImplementedError

    @cached_property
    def decimal(self) -> str:
        """How answers in a text are written: comma, where the problem says so; else as each text shows."""
        return "comma" if self.problem.decimal == "comma" else ""

    @cached_property
    def points(self) -> dict[str, float]:
        """Points by quantity, as the problem file says; empty if it does not."""
        return points_of(self.problem)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every quantity's shape, gate by gate as well."""
        quantities = Quantities(self.problem)
        shapes = {name: np.shape(array) for name, array in quantities.items()}
        cell = next(iter(self.problem.network.layers[-1].passes.values())).cell
        for name in list(shapes):
            for gate in cell.gates:
                try:
                    shapes[f"{name}.{gate}"] = quantities[f"{name}.{gate}"].shape
                except KeyError:
                    break
        return shapes | dict(_of_layers(self.problem))

    @cached_property
    def _claims(self) -> QuantityIndex:
        return CheckSession(self.problem).quantities

    def shape_of(self, name: str) -> Shape | None:
        """The shape of what can be answered under a name, in any letters; None if nobody knows it."""
        try:
            return shape_in(self._claims, *self._claims.scoped(name))
        except RnncalcError:
            return None


@dataclass(frozen=True)
class Stated(AskedProblem):
    """A problem that somebody has read already."""

    read: Problem

    @property
    def problem(self) -> Problem:
        return self.read


@dataclass(frozen=True)
class Question(AskedProblem):
    """One problem of a sheet: its name there ("" if it is alone) and its text, which any process can read again."""

    name: str
    text: str

    @cached_property
    def _read(self) -> Problem:
        return problem_of(self.text, self.name)

    @property
    def problem(self) -> Problem:
        """The problem itself. Raises RnncalcError, naming the question."""
        return self._read

    @cached_property
    def worth(self) -> float:
        """All its points, as the problem file gives them by quantity, or its heading in a sheet; 0 if neither does."""
        if self.points or self.text.startswith("{"):
            return sum(self.points.values())
        from rnncalc.problems.sheet.parts import points  # as the reader of problems: its patterns take time to compile

        return points(self.text)

    @cached_property
    def requested(self) -> int:
        """How many numbers its words ask for, where no points say what is asked; 0 if they name no quantities."""
        return 0 if self.points or self.text.startswith("{") else task_words.numbers(self.text, self.shape_of)


def _of_layers(problem: Problem) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The shapes of what each layer and direction of a stack has, under names such as layers[2].backward.h."""
    layers = problem.network.layers
    if len(layers) == 1 and len(layers[0].passes) == 1:
        return
    claims = CheckSession(problem).quantities
    for number, layer in enumerate(layers):
        scope = claims.layer(number)
        for part_scope in [scope, *(claims.direction(scope, direction) for direction in layer.passes)]:
            for name in claims.known(part_scope):
                try:
                    array = claims.find(part_scope, name)
                except RnncalcError:
                    continue
                parts = array if isinstance(array, dict) else {"": array}
                for gate, part in parts.items():
                    yield f"{part_scope.prefix}{name}" + (f".{gate}" if gate else ""), part.shape


@dataclass(frozen=True)
class Sheet:
    """Questions by name; variants: a person's id → their own sheet; person: the name of whose it is."""

    questions: dict[str, Question]
    variants: dict[str, Sheet] = field(default_factory=dict)
    title: str = ""
    person: str = ""

    def of(self, person: str) -> Sheet | None:
        """The sheet that a person had; None where each has their own and this person has none."""
        return self.variants.get(self.roster.find(person) or "") if self.variants else self

    @cached_property
    def roster(self) -> Roster:
        """Whoever was given a problem of their own."""
        return Roster(tuple(self.variants), {id: own.person for id, own in self.variants.items() if own.person})

    @property
    def first(self) -> Sheet:
        """A sheet whose shapes are everybody's."""
        return next(iter(self.variants.values())) if self.variants else self

    @property
    def shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return {name: question.shapes for name, question in self.first.questions.items()}


def problem_of(text: str, named: str = "", precision: str = "") -> Problem:
    """A problem from its text. precision: in place of what the problem asks for. Raises RnncalcError."""
    problem = read(problem_text.read(text, named))
    if precision:
        problem.given["precision"] = RawValue(precision, "--precision")
    return problem


def points_of(problem: Problem) -> dict[str, float]:
    """Points by quantity, as the problem says; empty if it does not. Raises RnncalcError."""
    stated = problem.given.get("points")
    value = stated.value if stated else None
    if not isinstance(value, Mapping):
        return {}
    return {name: float(RawValue(part, f"$.points.{name}").numbers().values) for name, part in value.items()}


def sheet(source: str | PathLike[str] | Mapping[str, Any]) -> Sheet:
    """The sheet in a file, in a text of JSON or under keys: a problem, {"problems": {"Q1": …}}, {"variants": {id: …}}.

    Every problem is read once, so that what is wrong with it is said before anybody is graded. Raises RnncalcError.
    """
    if isinstance(source, Mapping):
        whole_sheet = _sheet(reader.of_python(source), json.dumps(plain(dict(reader.of_python(source)))))
    else:
        name = fspath(source)
        text = name if name.lstrip().startswith("{") else files.content(name)
        whole_sheet = _sheet(problem_text.read(text, "" if text is name else name), text)
    for name, question in whole_sheet.first.questions.items():
        try:
            question.shapes  # noqa: B018 - solved once, so that an error comes before anybody is graded
            CheckSession(question.problem).scale  # noqa: B018 - likewise
        except RnncalcError as error:
            if name:
                raise ProblemError(f"{name}: {error}") from None
            raise
    return whole_sheet


def _sheet(given: Mapping[str, RawValue], text: str) -> Sheet:
    title, person = (str(given[key].value) if key in given else "" for key in ("title", PERSON))
    if "variants" in given:
        variants = {one_line(person, 200): _sheet(*part) for person, part in _parts(given["variants"])}
        return Sheet({}, variants, title)
    if "problems" in given:
        questions = {name: Question(name, part) for name, part in _texts(given, text).items()}
        return Sheet(questions, title=title, person=person)
    return Sheet({"": Question("", text)}, title=title, person=person)


def _texts(given: Mapping[str, RawValue], text: str) -> dict[str, str]:
    """The text of each problem of a sheet: of JSON its own, of a sheet of headed parts the part."""
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return {name: part[1] for name, part in _parts(given["problems"])}
    from rnncalc.problems.sheet import problems  # as the reader of problems: its patterns take time to compile

    return problems(text)


def _parts(given: RawValue) -> Iterator[tuple[str, tuple[dict[str, RawValue], str]]]:
    """The problems under a key, each with its text. Raises ProblemError."""
    for name, part in problem_text.by_name(given):
        yield name, ({key: part[key] for key in part.value}, json.dumps(plain(part.value)))


def _is_equations(value: Any) -> bool:
    return isinstance(value, RawValue) and isinstance(value.value, Equations)


def plain(value: Any) -> Any:
    """Values as JSON can write them, every number by its text."""
    if isinstance(value, RawValue):
        return plain(value.value)
    if isinstance(value, Numbers):
        return value.nested()
    if isinstance(value, Mapping):  # the equations of a text are the problem's, and no answer
        return {name: plain(part) for name, part in value.items() if not _is_equations(part)}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value
