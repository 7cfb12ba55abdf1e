"""What an exercise shall be: cell, sizes, letters, precision, what is asked; and whether it can be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.problems.keys import cell_of
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.parse import given
from rnncalc.problems.parse.given import RawValue

LARGEST = {"units": 64, "inputs": 64, "outputs": 64, "steps": 200, "layers": 8}


@dataclass(frozen=True)
class ExerciseSpec:
    """What the one who sets the homework asks for. outputs 0: no read-out."""

    cell: str | Mapping[str, Any]  # a name, or the equations of one's own as in a problem file
    units: int = 2
    inputs: int = 2
    outputs: int = 1
    steps: int = 3
    seed: int = 0
    person: str = ""  # a student's id or a variant's number: the same seed gives each their own
    name: str = ""  # the student's
    question: str = ""  # Q1, where a sheet has several
    layers: int = 1
    direction: str = "forward"
    notation: str = ""
    precision: Mapping[str, Any] | None = None  # asked for, as in a problem file; none: as many decimals as suit
    backward: bool = False
    last: bool = False  # a target at the last step only
    lr: float | None = None
    activation: str | None = None
    update: str | None = None
    output: str | None = None
    ask: tuple[str, ...] = ()

    @property
    def stacked(self) -> bool:
        """Whether there are several layers or directions."""
        return self.layers > 1 or self.direction != "forward"

    @property
    def switches(self) -> dict[str, str]:
        """What is chosen of the cell's equations."""
        chosen = {"activation": self.activation, "update": self.update}
        return {name: value for name, value in chosen.items() if value}


def checked(spec: ExerciseSpec) -> Cell:
    """The cell of a specification that can be met. Raises ProblemError."""
    cell = cell_of({"cell": RawValue(spec.cell, "cell")} | given.of_python(spec.switches))
    for name, most in LARGEST.items():
        least = 0 if name == "outputs" and not cell.outputs else 1
        if not least <= getattr(spec, name) <= most:
            message = _("{name}: a number from {least} to {most} is needed")
            raise ProblemError(message, name=name, least=least, most=most)
    if spec.notation and spec.notation not in NOTATIONS:
        message = _("no notation is called “{name}”; there are {known}")
        raise ProblemError(message, name=spec.notation, known=", ".join(NOTATIONS))
    if spec.notation and cell.name not in CELLS:
        raise ProblemError(_("a cell of one's own has letters of its own: leave out the notation"))
    if spec.notation and NOTATIONS[spec.notation].cells.get(cell.name, cell.name) != cell.name:
        message = _("in {notation} the cell is {cell}: say so in place of {name}")
        cells = NOTATIONS[spec.notation].cells
        raise ProblemError(message, notation=spec.notation, cell=cells[cell.name], name=cell.name)
    if spec.notation and not _expressible(cell, spec.notation):
        message = _("{notation} has no names for all parameters of {cell}, gate by gate: choose another notation")
        raise ProblemError(message, notation=spec.notation, cell=cell.name)
    if spec.stacked and (spec.notation or cell.outputs):
        raise ProblemError(_("a stack, or both directions, goes with our letters and a cell without its own read-out"))
    if spec.lr is not None and not spec.backward:
        raise ProblemError(_("a learning rate is for the update, which needs --backward"))
    return cell


def _expressible(cell: Cell, notation: str) -> bool:
    """Whether a notation has a name for each gate where it has one for the stack, and none that is another's here."""
    known = NOTATIONS[notation]
    ours, by_gate = set(known.letters.values()), set(known.by_gate.values())
    gated = {name for name, stack in cell.stacks.items() if len(stack) > 1}
    taken = {theirs for theirs, name in known.letters.items() if theirs != name and theirs in cell.stacks}
    return not (gated & ours) - by_gate and taken <= ours
