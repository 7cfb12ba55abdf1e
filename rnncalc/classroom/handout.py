"""What an exercise looks like on paper: the statement with its blank answer form, and the solution."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncalc.classroom.exercise import DECIMALS, Exercise
from rnncalc.common.i18n import N_, _
from rnncalc.model.losses import LOSSES
from rnncalc.problems.results import per_step
from rnncalc.report import backward, forward
from rnncalc.report.document import Array, Arrays, Block, Document, Formulas, Grid, Heading, Items, Paragraph
from rnncalc.report.header import equations
from rnncalc.report.shared import Level, ReportOptions, groups, levels

LOSS_NAMES = {
    "half_squared_error": N_("half squared error"),
    "squared_error": N_("squared error"),
    "mean_squared_error": N_("mean squared error"),
    "cross_entropy": N_("cross-entropy"),
    "binary_cross_entropy": N_("binary cross-entropy"),
}
BLANK = "______"


def statement(exercise: Exercise) -> Document:
    """The question: equations, what is given, what is asked, and a form to be filled in."""
    keys = exercise.keys
    who = _("Name: {name}   Id: {id}").format(name=exercise.name or BLANK, id=exercise.person or BLANK)
    blocks: list[Block] = [Heading(keys["title"], 1), Paragraph(who), *_equations(exercise)]
    blocks += [Heading(_("given"), 3), *_given(exercise)]
    if "loss" in keys:
        name, formula = keys["loss"], LOSSES[keys["loss"]].text
        text = _("The loss is the {name}, {formula}, summed over the steps.")
        blocks.append(Paragraph(text.format(name=_(LOSS_NAMES.get(name, name)), formula=formula)))
    blocks += [Heading(_("asked"), 3), Items(tuple(_requested(exercise)))]
    text = _("Calculate with at least {more} decimals and write every answer with {decimals}.")
    decimals = keys.get("precision", {}).get("decimals", DECIMALS)
    blocks.append(Paragraph(text.format(more=decimals + 2, decimals=decimals)))
    blocks += [Heading(_("answers"), 3), *_form(exercise)]
    return Document(blocks, keys)


def solution(exercise: Exercise) -> Document:
    """Every step's arithmetic, there and back, and the answers as they are to be written."""
    problem, trace = exercise.problem, exercise.problem.forward()
    blocks = forward.document(problem, trace, ReportOptions(work=True)).blocks
    if "loss" in exercise.quantities:
        back = backward.document(problem, trace, problem.backward(trace), ReportOptions(work=True)).blocks
        blocks = [*blocks, *(block for block in back if block not in blocks)]
    blocks = [*blocks, Heading(_("answers"), 3)]
    blocks.append(Arrays(tuple(_array(name, array) for name, array in exercise.shown().items())))
    return Document(blocks, {"answers": exercise.solution()})


def form_csv(exercise: Exercise) -> str:
    """The header of a table with a row a person: id, name, h[1][1], …"""
    output = io.StringIO()
    columns = [(name, index) for name, array in exercise.shown().items() for index in np.ndindex(array.shape)]
    labels = [name + "".join(f"[{i + 1}]" for i in index) for name, index in columns]
    csv.writer(output, lineterminator="\n").writerow(["id", "name", *labels])
    return output.getvalue()


def form(exercise: Exercise) -> dict[str, Any]:
    """The blank answer sheet as a file: who, and nulls."""
    return {"id": exercise.person, "name": exercise.name, "answers": exercise.blank()}


def _equations(exercise: Exercise) -> Iterator[Block]:
    for group in groups(exercise.problem, levels(exercise.problem)):
        if group[0].title:
            yield Heading(group[0].title, 4)
        yield Formulas(tuple(formula for level in group for formula in equations(level)))


def _given(exercise: Exercise) -> Iterator[Block]:
    keys, letters = exercise.keys, exercise.problem.letters
    for group in groups(exercise.problem, levels(exercise.problem)):
        if group[0].title:
            yield Heading(group[0].title, 4)
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
    for name, number in exercise.keys["points"].items():
        amount = _("1 number, 1 point") if number == 1 else _("{n} numbers, {n} points").format(n=number)
        meaning = _meaning(exercise, name)
        text = _("{name} ({meaning}; {amount})") if meaning else _("{name} ({amount})")
        yield "", text.format(name=exercise.called(name), meaning=meaning, amount=amount)


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


def _stepped(exercise: Exercise, name: str) -> bool:
    return per_step(exercise.problem, name, exercise.quantities[name])


def _form(exercise: Exercise) -> Iterator[Block]:
    """Signals as a table with a row a step; the rest as arrays of blanks."""
    header, steps = [_("step")], exercise.problem.shapes["T"]
    rows = [[str(step + 1)] for step in range(steps)]
    for name, array in exercise.quantities.items():
        if _stepped(exercise, name):
            columns = array.reshape(steps, -1).shape[1]
            called = exercise.called(name)
            header += [f"{called}[{unit + 1}]" if columns > 1 else called for unit in range(columns)]
            for row in rows:
                row += [BLANK] * columns
    if len(header) > 1:
        yield Grid(tuple(header), tuple(map(tuple, rows)), numeric=frozenset(range(len(header))))
    stepped = {exercise.called(name) for name in exercise.quantities if _stepped(exercise, name)}
    rest = {name: array for name, array in exercise.shown().items() if name not in stepped}
    if rest:
        blanks = {name: np.full(array.shape, r"______", object) for name, array in rest.items()}
        yield Arrays(tuple(Array(name.replace(".", "_"), _frozen(array.tolist())) for name, array in blanks.items()))


def _array(name: str, array: np.ndarray) -> Array:
    texts = np.vectorize(lambda value: f"{value:.{DECIMALS}f}", [object])(np.asarray(array))
    return Array(name.replace(".", "_"), _frozen(texts.tolist()))
