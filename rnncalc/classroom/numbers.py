"""Numbers for exercises: short weights and inputs, targets, a loss that fits, under anybody's letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnncalc.classroom.exercise_spec import ExerciseSpec
from rnncalc.common.i18n import _
from rnncalc.model.cells import CELLS, Cell
from rnncalc.model.losses import LOSSES, SIGN, takes_classes
from rnncalc.problems.notation import NOTATIONS
from rnncalc.problems.parse import given
from rnncalc.problems.reader import read

LOSS_OF = {output: name for name, loss in LOSSES.items() for output in loss.from_y}


def draw(spec: ExerciseSpec, cell: Cell, rng: np.random.Generator) -> dict[str, Any]:
    """One draw of everything that a problem file holds."""
    keys: dict[str, Any] = {"title": _title(spec, cell)}
    keys |= {"output": spec.output} if spec.output else {}
    layer = {"cell": spec.cell if isinstance(spec.cell, Mapping) else cell.name} | spec.switches
    sizes = {"D": spec.inputs, "H": spec.units, "O": spec.outputs}
    both = 1 + (spec.direction == "both")
    if spec.stacked:
        keys["layers"] = []
        for number in range(spec.layers):
            sizes["D"] = both * spec.units if number else spec.inputs
            keys["layers"].append({**layer, **_layer(cell, sizes, rng), "direction": spec.direction})
            if both > 1:
                keys["layers"][-1]["backward"] = _layer(cell, sizes, rng)
    else:
        keys |= layer | _layer(cell, sizes, rng)
    if spec.outputs and not cell.outputs:
        keys["V"] = _texts(_weights(rng, (spec.outputs, both * spec.units)))
        keys["c"] = _texts(_weights(rng, (spec.outputs,)))
    keys |= {"precision": dict(spec.precision)} if spec.precision else {}
    if spec.notation:
        keys = in_letters(keys, cell, spec.notation)
    keys["x"] = _texts(_signs(rng, (spec.steps, spec.inputs)) * rng.integers(1, 5, (spec.steps, spec.inputs)) / 2)
    if spec.backward:
        keys |= _goal(spec, cell, rng, _width(spec, cell, keys))
    return keys


def _layer(cell: Cell, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Any]:
    """One draw of a layer's parameters, by gate where they are stacked."""
    drawn: dict[str, Any] = {}
    for name, stack in cell.stacks.items():
        arrays = {}
        for parameter in stack:
            shape = (sizes[parameter.rows], *([sizes[parameter.columns]] if parameter.columns else []))
            arrays[parameter.gate or ""] = _texts(_weights(rng, shape))
        drawn[name] = arrays if len(stack) > 1 else arrays.popitem()[1]
    return drawn


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
            rows = [row for gate in cell.gate_order(known.library) for row in value[gate]]
            said[whole[name]] = _transposed(rows) if known.rows else rows
        else:
            said[name] = {gate: _transposed(part) if known.rows else part for gate, part in value.items()}
    return {**said, "notation": notation}


def _transposed(value: list[Any]) -> list[Any]:
    return [list(column) for column in zip(*value)] if isinstance(value[0], list) else value


def _width(spec: ExerciseSpec, cell: Cell, keys: dict[str, Any]) -> int:
    """How many entries y has."""
    if cell.outputs and cell.name not in CELLS:  # any of its lines may be y
        return int(read(given.of_python(keys), engine="equations").forward()["y"].shape[-1])
    return spec.outputs or spec.units * (1 + (spec.direction == "both"))


def _goal(spec: ExerciseSpec, cell: Cell, rng: np.random.Generator, width: int) -> dict[str, Any]:
    """Targets and a loss that fits the output, and the learning rate."""
    output = "log_softmax" if cell.name == "i2h_i2o" else spec.output or "identity"
    loss = LOSS_OF.get(output, "half_squared_error")
    targets: list[Any]
    if takes_classes(loss):
        targets = [int(number) for number in rng.integers(0, width, spec.steps)]
    elif LOSSES[loss].right == SIGN:
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


def _title(spec: ExerciseSpec, cell: Cell) -> str:
    name = _(cell.literature.title) if cell.literature else cell.name
    title = (f"{spec.question}. " if spec.question else "") + _("Exercise: {cell}").format(cell=name)
    return _("{title} ({id})").format(title=title, id=spec.person) if spec.person else title
