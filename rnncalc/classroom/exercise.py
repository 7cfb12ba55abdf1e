"""Problems for people to work: friendly numbers, nothing saturated, every result well readable, another for every seed.

Numbers are drawn, worked and weighed, and drawn again until each result can be written with four decimals: none so
small that it loses its digits, none so near the middle between two roundings that hand and machine could part.

Longer than other files: what is drawn, under which names, and what is asked of it depend on each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rnncalc.check import CheckSession
from rnncalc.check.scoring import Scale
from rnncalc.check.verdicts.precision import Precision
from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.problems.notation import NOTATIONS
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
LARGEST = {"units": 64, "inputs": 64, "outputs": 64, "steps": 200, "layers": 8}
PARAMETERS = frozenset(name for cell in CELLS.values() for name in cell.stacks) | {"V", "c"}
LOSS_OF = {"softmax": "cross_entropy", "log_softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}


@dataclass(frozen=True)
class ExerciseSpec:
    """What the one who sets the homework asks for. outputs 0: no read-out."""

    cell: str
    units: int = 2
    inputs: int = 2
    outputs: int = 1
    steps: int = 3
    seed: int = 0
    person: str = ""  # a student's id or a variant's number: the same seed gives each their own
    name: str = ""  # the student's
    layers: int = 1
    direction: str = "forward"
    notation: str = ""
    precision: Mapping[str, Any] | None = None  # asked for, as in a problem file; none: as many decimals as suit
    backward: bool = False
    last: bool = False  # a target at the last step only
    lr: float | None = None
    activation: str | None = None
    output: str | None = None
    ask: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exercise:
    """A problem file's keys, the problem, what is asked with its points, and the solution."""

    keys: dict[str, Any]
    problem: Problem
    quantities: dict[str, np.ndarray]
    person: str = ""
    name: str = ""

    @cached_property
    def _scale(self) -> Scale:
        return CheckSession(self.problem).scale

    def precision(self, name: str) -> Precision:
        """What a number of a quantity must show."""
        precision = self._scale.precision(name)
        return precision if precision.stated else Precision("decimals", DECIMALS)

    def shown(self) -> dict[str, np.ndarray]:
        """What is asked, under the sheet's names and in its orientation."""
        return {self.called(name): self._turned(name, array) for name, array in self.quantities.items()}

    def called(self, name: str) -> str:
        """A quantity as the sheet calls it: dU.i may be dW_xi."""
        letters, parameter = self.problem.letters, _parameter(name)
        if parameter == name:
            return letters.signal(name)
        symbol = parameter.replace(".", "_")
        letter = letters.parameter(symbol)
        letter = parameter if letter == symbol else letter
        if not name.partition(".")[0].endswith("_new"):
            return f"d{letter}"
        return letter.replace(".", "_new.") if "." in letter else f"{letter}_new"

    def _turned(self, name: str, array: np.ndarray) -> np.ndarray:
        of_parameter = _parameter(name) != name and array.ndim == 2
        return array.T if of_parameter and self.problem.letters.rows else array

    def blank(self) -> dict[str, Any]:
        """The answer form: every number that is asked, not answered."""
        return by_gate({name: np.full(array.shape, None).tolist() for name, array in self.shown().items()})

    def solution(self) -> dict[str, Any]:
        """The right answers, unrounded, in the form's shape."""
        return by_gate({name: array.tolist() for name, array in self.shown().items()})


def _parameter(name: str) -> str:
    """The parameter whose gradient or new value a quantity is, with its gate: dU.i is U.i's; of a signal itself."""
    stacked, dot, gate = name.partition(".")
    bare = stacked.removesuffix("_new") if stacked.endswith("_new") else stacked[1:] if stacked[:1] == "d" else stacked
    return bare + dot + gate if bare in PARAMETERS else name


def make(spec: ExerciseSpec) -> Exercise:
    """The exercise of a specification, always the same one. Raises ProblemError for what cannot be had."""
    cell = _checked(spec)
    entropy = int.from_bytes(hashlib.sha256(f"{spec.seed}/{spec.person}".encode()).digest()[:16], "big")
    rng = np.random.default_rng(entropy)
    best: tuple[float, Exercise] | None = None
    for _draw in range(DRAWS):
        keys = _draw_keys(spec, cell, rng)
        problem = read(given.of_python(keys), engine="equations")
        quantities = Quantities(problem)
        requested = _requested(spec, cell, problem, quantities)
        keys["points"] = {name: int(array.size) for name, array in _whole(requested, quantities).items()}
        faults = _faults(problem, quantities, requested)
        if best is None or faults < best[0]:
            best = faults, Exercise(keys, problem, requested)
        if faults == 0:
            break
    assert best is not None
    exercise = best[1]
    problem = read(given.of_python(exercise.keys), engine="equations")
    return Exercise(exercise.keys, problem, exercise.quantities, spec.person, spec.name)


def _checked(spec: ExerciseSpec) -> Cell:
    if spec.cell not in CELLS:
        raise ProblemError(_("no cell is called “{cell}”; there are {known}"), cell=spec.cell, known=", ".join(CELLS))
    cell = CELLS[spec.cell]
    for name, most in LARGEST.items():
        least = 0 if name == "outputs" and not cell.owns_read_out else 1
        if not least <= getattr(spec, name) <= most:
            message = _("{name}: a number from {least} to {most} is needed")
            raise ProblemError(message, name=name, least=least, most=most)
    if spec.notation and spec.notation not in NOTATIONS:
        message = _("no notation is called “{name}”; there are {known}")
        raise ProblemError(message, name=spec.notation, known=", ".join(NOTATIONS))
    if spec.notation and NOTATIONS[spec.notation].cells.get(spec.cell, spec.cell) != spec.cell:
        message = _("in {notation} the cell is {cell}: say so in place of {name}")
        cells = NOTATIONS[spec.notation].cells
        raise ProblemError(message, notation=spec.notation, cell=cells[spec.cell], name=spec.cell)
    if spec.notation and not _expressible(cell, spec.notation):
        message = _("{notation} has no names for all parameters of {cell}, gate by gate: choose another notation")
        raise ProblemError(message, notation=spec.notation, cell=cell.name)
    if _stacked(spec) and (spec.notation or cell.owns_read_out):
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


# -------------------------------------------------------------------------------------------------------------- numbers


def _draw_keys(spec: ExerciseSpec, cell: Cell, rng: np.random.Generator) -> dict[str, Any]:
    """One draw of everything that a problem file holds."""
    keys: dict[str, Any] = {"title": _title(spec)}
    keys |= {"output": spec.output} if spec.output else {}
    layer = {"cell": spec.cell} | ({"activation": spec.activation} if spec.activation else {})
    sizes = {"D": spec.inputs, "H": spec.units, "O": spec.outputs}
    both = 1 + (spec.direction == "both")
    if _stacked(spec):
        keys["layers"] = []
        for number in range(spec.layers):
            sizes["D"] = both * spec.units if number else spec.inputs
            keys["layers"].append({**layer, **_draw_layer(cell, sizes, rng), "direction": spec.direction})
            if both > 1:
                keys["layers"][-1]["backward"] = _draw_layer(cell, sizes, rng)
    else:
        keys |= layer | _draw_layer(cell, sizes, rng)
    if spec.outputs and not cell.owns_read_out:
        keys["V"] = _texts(_weights(rng, (spec.outputs, both * spec.units)))
        keys["c"] = _texts(_weights(rng, (spec.outputs,)))
    keys |= {"precision": dict(spec.precision)} if spec.precision else {}
    if spec.notation:
        keys = in_letters(keys, cell, spec.notation)
    keys["x"] = _texts(_signs(rng, (spec.steps, spec.inputs)) * rng.integers(1, 5, (spec.steps, spec.inputs)) / 2)
    if spec.backward:
        keys |= _goal(spec, cell, rng)
    return keys


def _draw_layer(cell: Cell, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Any]:
    """One draw of a layer's parameters, by gate where they are stacked."""
    drawn: dict[str, Any] = {}
    for name, stack in cell.stacks.items():
        arrays = {}
        for parameter in stack:
            shape = (sizes[parameter.rows], *([sizes[parameter.columns]] if parameter.columns else []))
            arrays[parameter.gate or ""] = _texts(_weights(rng, shape))
        drawn[name] = arrays if len(stack) > 1 else arrays.popitem()[1]
    return drawn


def _stacked(spec: ExerciseSpec) -> bool:
    return spec.layers > 1 or spec.direction != "forward"


def in_letters(keys: dict[str, Any], cell: Cell, notation: str) -> dict[str, Any]:
    """A problem of one layer under a notation's names, in its orientation and order of gates."""
    known = NOTATIONS[notation]
    whole = {ours: theirs for theirs, ours in list(known.letters.items())[::-1]}
    parts = {ours: theirs for theirs, ours in list(known.by_gate.items())[::-1]}
    said: dict[str, Any] = {}
    for name, value in keys.items():
        if name not in (*cell.stacks, "V", "c"):
            said[name] = value
        elif not isinstance(value, dict):
            said[whole.get(name, name)] = _transposed(value) if known.rows else value
        elif name in parts:
            for gate, part in value.items():
                said[parts[name].replace("*", gate)] = _transposed(part) if known.rows else part
        elif name in whole:
            rows = [row for gate in known.gates.get(cell.name, cell.gates) for row in value[gate]]
            said[whole[name]] = _transposed(rows) if known.rows else rows
        else:
            said[name] = {gate: _transposed(part) if known.rows else part for gate, part in value.items()}
    return {**said, "notation": notation}


def _transposed(value: list[Any]) -> list[Any]:
    return [list(column) for column in zip(*value)] if isinstance(value[0], list) else value


def _goal(spec: ExerciseSpec, cell: Cell, rng: np.random.Generator) -> dict[str, Any]:
    """Targets and a loss that fits the output, and the learning rate."""
    output = "log_softmax" if cell.name == "i2h_i2o" else spec.output or "identity"
    loss = LOSS_OF.get(output, "half_squared_error")
    width = spec.outputs or spec.units * (1 + (spec.direction == "both"))
    targets: list[Any]
    if loss == "cross_entropy":
        targets = [int(number) for number in rng.integers(0, width, spec.steps)]
    elif loss == "binary_cross_entropy":
        targets = rng.integers(0, 2, (spec.steps, width)).tolist()
    else:
        targets = _texts(_signs(rng, (spec.steps, width)) * rng.integers(2, 11, (spec.steps, width)) / 10)
    if spec.last:
        targets[:-1] = [None] * (spec.steps - 1)
    rate = {} if spec.lr is None else {"lr": f"{spec.lr:g}"}
    return {"targets": targets, "loss": loss, **rate}


def _weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Tenths, smaller where many are added up, without zeros, and no two rows alike."""
    columns = shape[-1] if len(shape) == 2 else 1
    most = max(3, min(9, round(15 / np.sqrt(columns))))
    return _signs(rng, shape) * rng.integers(1, most + 1, shape) / 10


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.where(rng.random(shape) < 0.35, -1.0, 1.0)


def _texts(array: np.ndarray) -> Any:
    """Nested lists of the shortest texts: 0.5, -1, 2."""
    return np.vectorize("{:g}".format, [object])(array).tolist()


def _title(spec: ExerciseSpec) -> str:
    cell = CELLS[spec.cell]
    name = cell.literature.title if cell.literature else spec.cell
    who = f" ({spec.person})" if spec.person else ""
    return _("Exercise: {cell}").format(cell=_(name)) + who


# ------------------------------------------------------------------------------------------------------ what is asked


def _requested(spec: ExerciseSpec, cell: Cell, problem: Problem, quantities: Quantities) -> dict[str, np.ndarray]:
    """The quantities that are asked, gate by gate where they are stacked."""
    names = list(spec.ask)
    if not names and _stacked(spec):
        readout = ["V", "c"] if spec.outputs else []
        names = ["h"] if not spec.outputs or "h" in quantities else []
        names += ["y"] if spec.outputs else []
        names += ["loss", *(f"d{name}" for name in readout)] if spec.backward else []
        names += [f"{name}_new" for name in readout] if spec.lr is not None else []
    elif not names:
        names = [line for line in cell.written if line not in ("a", "s", "y")]
        names += ["y"] if spec.outputs or cell.owns_read_out else []
        if spec.backward:
            top = ("V", "c") if spec.outputs or cell.owns_read_out else ()
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
                requested[part] = quantities[part]
            except KeyError:
                known = ", ".join(quantities)
                raise ProblemError(_("--ask {name}: there are {known}"), name=name, known=known) from None
    return requested


def _whole(requested: dict[str, np.ndarray], quantities: Quantities) -> dict[str, np.ndarray]:
    """The asked quantities, stacked where they are asked gate by gate: what points are given for."""
    return {name: quantities[name] for name in dict.fromkeys(part.partition(".")[0] for part in requested)}


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
        signal = name in cell.lines or name == "y"
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


def by_gate(flat: Mapping[str, Any]) -> dict[str, Any]:
    """dU.i beside dU.f as one dict under dU."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        stacked, _dot, gate = name.partition(".")
        if gate:
            nested.setdefault(stacked, {})[gate] = value
        else:
            nested[name] = value
    return nested
