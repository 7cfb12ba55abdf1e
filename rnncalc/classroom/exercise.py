"""Problems for people to work: friendly numbers, nothing saturated, every result well readable, another for every seed.

Numbers are drawn, worked and weighed, and drawn again until each result can be written with four decimals: none so
small that it loses its digits, none so near the middle between two roundings that hand and machine could part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncalc.common.i18n import _
from rnncalc.errors import ProblemError
from rnncalc.model.cells import CELLS, Cell
from rnncalc.problems.parse import given
from rnncalc.problems.problem import Problem
from rnncalc.problems.reader import read
from rnncalc.problems.results import Quantities

DECIMALS = 4  # to which answers are asked
DRAWS = 150
SATURATED = 2.5  # |a| from which tanh and sigmoid show little of their argument
TIE = 0.02  # of a unit of the last decimal: nearer to the middle is a tie to whoever rounds on the way
SMALLEST = {"signal": 0.01, "gradient": 0.001}
LARGEST = {"units": 64, "inputs": 64, "outputs": 64, "steps": 200}
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

    def blank(self) -> dict[str, Any]:
        """The answer form: every number that is asked, not answered."""
        return by_gate({name: np.full(array.shape, None).tolist() for name, array in self.quantities.items()})

    def solution(self) -> dict[str, Any]:
        """The right answers, unrounded, in the form's shape."""
        return by_gate({name: array.tolist() for name, array in self.quantities.items()})


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
    return Exercise(exercise.keys, read(given.of_python(exercise.keys), engine="equations"), exercise.quantities)


def _checked(spec: ExerciseSpec) -> Cell:
    if spec.cell not in CELLS:
        raise ProblemError(_("no cell is called “{cell}”; there are {known}"), cell=spec.cell, known=", ".join(CELLS))
    cell = CELLS[spec.cell]
    for name, most in LARGEST.items():
        least = 0 if name == "outputs" and not cell.owns_read_out else 1
        if not least <= getattr(spec, name) <= most:
            message = _("{name}: a number from {least} to {most} is needed")
            raise ProblemError(message, name=name, least=least, most=most)
    if spec.lr is not None and not spec.backward:
        raise ProblemError(_("a learning rate is for the update, which needs --backward"))
    return cell


# -------------------------------------------------------------------------------------------------------------- numbers


def _draw_keys(spec: ExerciseSpec, cell: Cell, rng: np.random.Generator) -> dict[str, Any]:
    """One draw of everything that a problem file holds."""
    sizes = {"D": spec.inputs, "H": spec.units, "O": spec.outputs}
    keys: dict[str, Any] = {"title": _title(spec), "cell": spec.cell}
    keys |= {name: value for name in ("activation", "output") if (value := getattr(spec, name))}
    for name, stack in cell.stacks.items():
        arrays = {}
        for parameter in stack:
            shape = (sizes[parameter.rows], *([sizes[parameter.columns]] if parameter.columns else []))
            arrays[parameter.gate or ""] = _texts(_weights(rng, shape))
        keys[name] = arrays if len(stack) > 1 else arrays.popitem()[1]
    if spec.outputs and not cell.owns_read_out:
        keys["V"] = _texts(_weights(rng, (spec.outputs, spec.units)))
        keys["c"] = _texts(_weights(rng, (spec.outputs,)))
    keys["x"] = _texts(_signs(rng, (spec.steps, spec.inputs)) * rng.integers(1, 5, (spec.steps, spec.inputs)) / 2)
    if spec.backward:
        keys |= _goal(spec, cell, rng)
    return keys


def _goal(spec: ExerciseSpec, cell: Cell, rng: np.random.Generator) -> dict[str, Any]:
    """Targets and a loss that fits the output, and the learning rate."""
    output = "log_softmax" if cell.name == "i2h_i2o" else spec.output or "identity"
    loss = LOSS_OF.get(output, "half_squared_error")
    width = spec.outputs or spec.units
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
    if not names:
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
    kinked = cell.switched.get("activation") in ("relu", "identity", "elu", "leaky_relu", "softplus")
    for line in cell.preactivations.values() if not kinked else ():
        faults += float((np.abs(quantities[line]) > SATURATED).sum())
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
    for array in problem.network.layers[-1].only.parameters.values():
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
