"""Problems for people to work: friendly numbers, nothing saturated, every result well readable, another for every seed.

Numbers are drawn, worked and weighed, and drawn again until each result can be written with four decimals: none so
small that it loses its digits, none so near the middle between two roundings that hand and machine could part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.check import CheckSession
from rnncalc.check.answers.names import LAYER
from rnncalc.check.points import Scale
from rnncalc.check.verdicts.precision import KINDS, Precision
from rnncalc.classroom.answers import nested
from rnncalc.classroom.exercise_spec import ExerciseSpec, checked
from rnncalc.classroom.numbers import draw
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import Cell
from rnncalc.problems.parse import given
from rnncalc.problems.problem import Problem
from rnncalc.problems.reader import read
from rnncalc.problems.results import Quantities
from rnncalc.report.shared import levels

DECIMALS = 4  # to which answers are asked
DRAWS = 150
SATURATED = 2.5  # |a| from which tanh and sigmoid show little of their argument
TIE = 0.02  # of a unit of the last decimal: nearer to the middle is a tie to whoever rounds on the way
SMALLEST = {"signal": 0.01, "gradient": 0.001}


@dataclass(frozen=True)
class Exercise:
    """A problem file's keys, the problem, what is asked with its points, and the solution."""

    keys: dict[str, Any]
    problem: Problem
    quantities: dict[str, np.ndarray]
    person: str = ""
    name: str = ""
    question: str = ""

    @cached_property
    def _scale(self) -> Scale:
        return CheckSession(self.problem).scale

    def precision(self, name: str) -> Precision:
        """What a number of a quantity must show."""
        return self._scale.precision(name)

    def shown(self) -> dict[str, np.ndarray]:
        """What is asked, under the sheet's names and in its orientation."""
        return {self.called(name): self._turned(name, array) for name, array in self.quantities.items()}

    def called(self, name: str) -> str:
        """A quantity as the sheet calls it: dU.i may be dW_xi."""
        letters, parameter = self.problem.letters, self._parameter(name)
        if parameter == name:
            return letters.signal(name)
        symbol = parameter.replace(".", "_")
        letter = letters.parameter(symbol)
        letter = parameter if letter == symbol else letter
        if not name.partition(".")[0].endswith("_new"):
            return f"d{letter}"
        return letter.replace(".", "_new.") if "." in letter else f"{letter}_new"

    def _turned(self, name: str, array: np.ndarray) -> np.ndarray:
        of_parameter = self._parameter(name) != name and array.ndim == 2
        return array.T if of_parameter and self.problem.letters.rows else array

    def _parameter(self, name: str) -> str:
        """The parameter whose gradient or new value a quantity is, with its gate: dU.i is U.i's; of a signal itself."""
        stack, dot, gate = name.partition(".")
        bare = stack.removesuffix("_new") if stack.endswith("_new") else stack[1:] if stack[:1] == "d" else stack
        known = {*self.problem.network.layers[-1].cell.stacks, "V", "c"}
        return bare + dot + gate if bare in known and bare != stack else name

    def blank(self) -> dict[str, Any]:
        """The answer form: every number that is asked, not answered."""
        return nested({name: np.full(array.shape, None).tolist() for name, array in self.shown().items()})

    def solution(self) -> dict[str, Any]:
        """The right answers, unrounded, in the form's shape."""
        return nested({name: array.tolist() for name, array in self.shown().items()})


def make(spec: ExerciseSpec) -> Exercise:
    """The exercise of a specification, always the same one. Raises ProblemError for what cannot be had."""
    cell = checked(spec)
    seed = "/".join([str(spec.seed), spec.person, *([spec.question] if spec.question else [])])
    entropy = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], "big")
    rng = np.random.default_rng(entropy)
    best: tuple[float, Exercise] | None = None
    for _draw in range(DRAWS):
        keys = draw(spec, cell, rng)
        problem = read(given.of_python(keys), engine="equations")
        quantities = Quantities(problem)
        requested = _requested(spec, cell, quantities)
        keys["points"] = {name: int(array.size) for name, array in _whole(requested, quantities).items()}
        faults = _faults(problem, quantities, requested)
        if best is None or faults < best[0]:
            best = faults, Exercise(keys, problem, requested)
        if faults == 0:
            break
    assert best is not None
    exercise = best[1]
    exercise.keys["precision"] = _precision(exercise)
    problem = read(given.of_python(exercise.keys), engine="equations")
    return Exercise(exercise.keys, problem, exercise.quantities, spec.person, spec.name, spec.question)


# ------------------------------------------------------------------------------------------------------ what is asked


def _precision(exercise: Exercise) -> dict[str, Any]:
    """What the page asks for, of every quantity: what the teacher said, else four decimals."""
    usual = Precision("decimals", DECIMALS).key()
    given = exercise.keys.get("precision", usual)
    if any(name in KINDS for name in given):
        return dict(given)
    rest = [name for name in exercise.keys["points"] if not exercise.precision(name).stated]
    return {**given, **dict.fromkeys(rest, usual)}


def _requested(spec: ExerciseSpec, cell: Cell, quantities: Quantities) -> dict[str, np.ndarray]:
    """The quantities that are asked, gate by gate where they are stacked."""
    names = list(spec.ask)
    if not names and spec.stacked:
        readout = ["V", "c"] if spec.outputs else []
        names = list(_of_layers(spec, cell))
        names += ["y"] if spec.outputs else []
        names += ["loss", *(f"d{name}" for name in readout)] if spec.backward else []
        names += [f"{name}_new" for name in readout] if spec.lr is not None else []
    elif not names:
        names = [line for line in cell.written if line not in ("a", "s", "y")]
        names += ["y"] if spec.outputs or cell.outputs else []
        if spec.backward:
            drawn = spec.outputs and not cell.outputs
            top = [name for name in ("V", "c") if drawn or name in cell.stacks]
            own = [name for name in cell.stacks if name not in top]
            names += ["loss", *(f"d{name}" for name in (*top, *own))]
            if spec.lr is not None:
                names += [f"{name}_new" for name in (*top, *own)]
    requested: dict[str, np.ndarray] = {}
    for name in names:
        parameter = name.removeprefix("d").removesuffix("_new")
        stack = cell.stacks.get(parameter, []) if parameter != name else []
        for part in [f"{name}.{gate_part.gate}" for gate_part in stack] if len(stack) > 1 else [name]:
            try:
                requested[part] = _computed(quantities, part)
            except KeyError:
                known = ", ".join(quantities)
                raise ProblemError(_("--ask {name}: there are {known}"), name=name, known=known) from None
    return requested


def _of_layers(spec: ExerciseSpec, cell: Cell) -> Iterator[str]:
    """The states of every layer and direction of a stack; the top one's are bare where they are one direction's."""
    for number in range(1, spec.layers + 1):
        if spec.direction == "both":
            yield from (f"layers[{number}].{direction}.{cell.emits}" for direction in ("forward", "backward"))
        else:
            yield cell.emits if number == spec.layers else f"layers[{number}].{cell.emits}"


def _computed(quantities: Quantities, name: str) -> np.ndarray:
    """A quantity, of an inner layer too. Raises KeyError."""
    match = LAYER.fullmatch(name)
    if not match:
        return quantities[name]
    layers, number = quantities.trace.layers, int(match["layer"])
    if not 1 <= number <= len(layers):
        raise KeyError(name)
    layer = layers[number - 1]
    return np.asarray((layer.passes[match["direction"]] if match["direction"] else layer)[match["name"]])


def _whole(requested: dict[str, np.ndarray], quantities: Quantities) -> dict[str, np.ndarray]:
    """The asked quantities, stacked where they are asked gate by gate: what points are given for."""
    names = (name if LAYER.fullmatch(name) else name.partition(".")[0] for name in requested)
    return {name: _computed(quantities, name) for name in dict.fromkeys(names)}


def _faults(problem: Problem, quantities: Quantities, requested: dict[str, np.ndarray]) -> float:
    """How many numbers are hard to read or to judge; and what hides a mistake: a matrix that is its own
    transpose, two rows or two inputs running that are alike."""
    faults = 0.0
    cell = problem.network.layers[-1].cell
    kinked = cell.switched.get("activation") in ("relu", "identity")
    for level in levels(problem) if not kinked else ():
        for line in level.layer.cell.preactivations.values() if not level.read_out else ():
            faults += float((np.abs(level.signals(quantities.trace)[line]) > SATURATED).sum())
    for name, array in requested.items():
        values = np.abs(np.atleast_1d(np.asarray(array, np.float64)))
        signal = name in cell.lines or name == "y" or name.startswith("layers")
        least = SMALLEST["signal" if signal else "gradient"]
        exact = values == np.round(values, DECIMALS - 1)  # 0.5, and the zeros of relu and of a gradient
        exact &= (values != 0) | kinked | (not signal)
        scaled = values * 10**DECIMALS
        tied = np.abs(scaled - np.floor(scaled) - 0.5) < TIE
        faults += float((~exact & ((values < least) | (values > 100))).sum()) + 0.5 * float((~exact & tied).sum())
        if values.size > 1 and (values == 0).mean() > 0.5:
            faults += 1
    for array in (array for layer in problem.network.passes for array in layer.parameters.values()):
        if array.ndim == 2 and len(array) > 1:
            faults += float(array.shape[0] == array.shape[1] and bool((array == array.T).all()))
            faults += float(len(np.unique(array, axis=0)) < len(array))
    return faults + float((problem.x[1:] == problem.x[:-1]).all(axis=1).any())
