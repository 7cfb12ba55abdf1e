"""What an exercise looks like on paper: the statement with its blank answer form, and the solution."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from rnncalc.check.verdicts.precision import Precision
from rnncalc.classroom.blanks import blanks, displayed, named, one_way
from rnncalc.classroom.exercise import Exercise
from rnncalc.common.i18n import _
from rnncalc.model.equations.printer import Letters
from rnncalc.model.losses import LOSSES
from rnncalc.report import backward, forward
from rnncalc.report.document import Array, Arrays, Block, Document, Formulas, Grid, Heading, Items, Paragraph
from rnncalc.report.header import equations
from rnncalc.report.shared import Level, ReportOptions, groups, levels

BLANK = "______"


def statement(*exercises: Exercise) -> Document:
    """The questions, each with a form to be filled in."""
    first, blocks = exercises[0], list[Block]()
    who = _("Name: {name}   Id: {id}").format(name=first.name or BLANK, id=first.person or BLANK)
    for exercise in exercises:
        blocks += [Heading(exercise.keys["title"], 1), *([Paragraph(who)] if exercise is first else [])]
        blocks += [*question(exercise), Heading(_("answers"), 3), *_form(exercise)]
    return Document(blocks, problem(*exercises))


def problem(*exercises: Exercise) -> dict[str, Any]:
    """The problem file, or that of a sheet of several."""
    return _by_question({exercise.question: exercise.keys for exercise in exercises}, "problems")


def _by_question(parts: dict[str, Any], key: str = "") -> dict[str, Any]:
    """What belongs to each question; where there is one without a name, that itself."""
    whole: dict[str, Any] = parts.get("", {key: parts} if key else parts)
    return whole


def question(exercise: Exercise) -> list[Block]:
    """Equations, what is given, what is asked and how exactly."""
    keys = exercise.keys
    blocks: list[Block] = [*_equations(exercise), Heading(_("given"), 3), *_given(exercise)]
    if "loss" in keys:
        loss, text = LOSSES[keys["loss"]], _("The loss is the {name}, {formula}, summed over the steps.")
        blocks.append(Paragraph(text.format(name=_(loss.title or loss.name), formula=loss.text)))
    blocks += [Heading(_("asked"), 3), Items(tuple(_requested(exercise)))]
    return [*blocks, Paragraph(_how_exactly(exercise))]


def solution(*exercises: Exercise) -> Document:
    """Every step's arithmetic, there and back, and the answers as they are to be written."""
    blocks: list[Block] = []
    for exercise in exercises:
        stated, trace = exercise.problem, exercise.problem.forward()
        part = forward.document(stated, trace, ReportOptions(work=True)).blocks
        if "loss" in exercise.quantities:
            back = backward.document(stated, trace, stated.backward(trace), ReportOptions(work=True)).blocks
            part = [*part, *(block for block in back if block not in part)]
        blocks += [*part, Heading(_("answers"), 3), Arrays(tuple(_answers(exercise)))]
    return Document(blocks, solved(*exercises))


def solved(*exercises: Exercise) -> dict[str, Any]:
    """The right answers as a file."""
    return {"answers": _by_question({exercise.question: exercise.solution() for exercise in exercises})}


def form_csv(*exercises: Exercise) -> str:
    """The header of a table with a row a person: id, name, h[1][1], …, of several questions Q1.h[1][1]."""
    labels = []
    for exercise in exercises:
        before = f"{exercise.question}." if exercise.question else ""
        for name, array in exercise.shown().items():
            labels += [before + name + "".join(f"[{i + 1}]" for i in index) for index in np.ndindex(array.shape)]
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerow(["id", "name", *labels])
    return output.getvalue()


def form(*exercises: Exercise) -> dict[str, Any]:
    """The blank answer sheet as a file: who, and nulls."""
    answers = _by_question({exercise.question: exercise.blank() for exercise in exercises})
    return {"id": exercises[0].person, "name": exercises[0].name, "answers": answers}


def _levels(exercise: Exercise) -> list[Level]:
    """The levels of the network; of a stack that goes forward each under letters with its number, W^(2) and h^(2)_t."""
    whole = levels(exercise.problem)
    if one_way(exercise):
        return [level if level.read_out else replace(level, letters=_numbered(level)) for level in whole]
    return whole


def _numbered(level: Level) -> Letters:
    cell, mark = level.layer.cell, f"^({level.number + 1})"
    stacks = {symbol: symbol.partition("_") for symbol in cell.parameters}
    parameters = {symbol: f"{stack}{mark}{dash}{gate}" for symbol, (stack, dash, gate) in stacks.items()}
    return replace(level.letters, parameters=parameters, signals={line: line + mark for line in cell.lines})


def _equations(exercise: Exercise) -> Iterator[Block]:
    for group in groups(exercise.problem, _levels(exercise)):
        yield from group[0].heading(4)
        yield Formulas(tuple(formula for level in group for formula in equations(level)))


def _given(exercise: Exercise) -> Iterator[Block]:
    keys, letters = exercise.keys, exercise.problem.letters
    for group in groups(exercise.problem, _levels(exercise)):
        yield from group[0].heading(4)
        yield Arrays(tuple(array for level in group for array in _parameters(level)))
    steps = [Array(f"{letters.input}_{step}", _frozen(row)) for step, row in enumerate(keys["x"], 1)]
    targets = enumerate(keys.get("targets", []), 1)
    steps += [Array(f"t_{step}", _frozen(row)) for step, row in targets if row is not None]
    yield Arrays((*steps, *([Array("lr", str(keys["lr"]))] if "lr" in keys else [])))


def _parameters(level: Level) -> Iterator[Array]:
    """A level's parameters as the sheet has them, and its initial states."""
    for symbol, array in level.parameters().items():
        turned = array.T if level.letters.rows and array.ndim == 2 else array
        yield Array(level.letters.parameter(symbol), _frozen(np.vectorize("{:g}".format, [object])(turned).tolist()))
    for state in level.layer.cell.state:
        yield Array(f"{level.letters.signal(state)}_0", "0")


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else str(value)


def _requested(exercise: Exercise) -> Iterator[tuple[str, str]]:
    several = len({exercise.precision(name) for name in exercise.quantities}) > 1
    for name, number in exercise.keys["points"].items():
        amount = _("1 number, 1 point") if number == 1 else _("{n} numbers, {n} points").format(n=number)
        if several:
            amount = _("{amount}; {precision}").format(amount=amount, precision=_asked(exercise.precision(name)))
        meaning = _meaning(exercise, name)
        text = _("{name} ({meaning}; {amount})") if meaning else _("{name} ({amount})")
        yield "", text.format(name=displayed(exercise, exercise.called(name)), meaning=meaning, amount=amount)


def _how_exactly(exercise: Exercise) -> str:
    """How many digits are asked for, where it is the same for all numbers; else each quantity says it."""
    kinds = {exercise.precision(name) for name in exercise.quantities}
    if len(kinds) > 1:
        return _("Calculate with two digits more than you write.")
    precision = kinds.pop()
    n = int(precision.amount)
    if precision.kind == "decimals":
        text = _("Calculate with at least {more} decimals and write every answer with {decimals}.")
        return text.format(more=n + 2, decimals=n)
    if precision.kind == "digits":
        text = _("Calculate with at least {more} significant digits and write every answer with {digits}.")
        return text.format(more=n + 2, digits=n)
    return _("Every answer must be exact {within}.").format(within=_asked(precision))


def _asked(precision: Precision) -> str:
    """A precision in a few words."""
    n = f"{precision.amount:g}"
    if precision.kind == "tolerance":
        return _("to within ±{n}").format(n=n)
    if precision.kind == "relative":
        return _("to within {n} %").format(n=f"{100 * precision.amount:g}")
    if precision.kind == "decimals":
        return _("{n} decimals").format(n=n) if precision.amount != 1 else _("1 decimal")
    return _("{n} significant digits").format(n=n) if precision.amount != 1 else _("1 significant digit")


def _meaning(exercise: Exercise, name: str) -> str:
    """What a quantity is, where its name does not say so."""
    if name in exercise.problem.network.layers[-1].cell.lines or name in ("s", "y"):
        return ""
    if name.endswith("_new"):
        return _("{name} after one update with the learning rate lr").format(
            name=exercise.called(name).removesuffix("_new")
        )
    if name.startswith("d"):
        return _("gradient of the loss with respect to {name}").format(name=exercise.called(name)[1:])
    return ""


def _form(exercise: Exercise) -> Iterator[Block]:
    """Signals as a table with a row a step; the rest as arrays of blanks."""
    parts = blanks(exercise)
    header = [_("step"), *(label for part in parts if part.stepped for label in part.labels())]
    if len(header) > 1:
        rows = [(str(step + 1), *[BLANK] * (len(header) - 1)) for step in range(exercise.problem.shapes["T"])]
        yield Grid(tuple(header), tuple(rows), numeric=frozenset(range(len(header))))
    rest = [(part.called, np.full(part.values.shape, BLANK, object)) for part in parts if not part.stepped]
    if rest:
        yield Arrays(tuple(Array(named(called), _frozen(array.tolist())) for called, array in rest))


def _answers(exercise: Exercise) -> Iterator[Array]:
    """The right answers as they are to be written."""
    for name, (called, array) in zip(exercise.quantities, exercise.shown().items()):
        texts = np.vectorize(exercise.precision(name).written, [object])(np.asarray(array))
        yield Array(named(called), _frozen(texts.tolist()))
