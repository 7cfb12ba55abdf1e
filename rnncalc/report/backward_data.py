"""Gradients as `--format json` has them: in our names and orientation, by gate or stacked as they were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnncalc.model.layer import DirectionalLayer
from rnncalc.network.clipping import Places
from rnncalc.network.gradient_step import Update, by_place
from rnncalc.network.gradients import Gradients
from rnncalc.network.trace import Trace
from rnncalc.problems.conventions import reordered
from rnncalc.problems.given_layer import GivenDirection
from rnncalc.problems.problem import Problem
from rnncalc.report.letters_of_data import letters
from rnncalc.report.shared import stacked, stepwise


def data(problem: Problem, trace: Trace, gradients: Gradients, update: Update) -> dict[str, Any]:
    """The whole answer."""
    losses, task = gradients.losses, problem.task
    answer: dict[str, Any] = {
        "loss": None if gradients.loss is None else float(gradients.loss),
        "losses": None if losses is None else stepwise(trace, losses),
        "gradients": _in_form(problem, by_place(gradients)),
        "steps": _steps(problem, trace, gradients),
    }
    if update.network is not None:
        answer["updated"] = _in_form(problem, update.parameters)
    if task.clip_norm is not None or task.clip_value is not None:
        answer["clipped"] = _in_form(problem, update.clipped.gradients)
        answer["norm"] = update.clipped.norm
    return {**answer, **letters(problem), "notes": problem.backward_notes}


def _in_form(problem: Problem, places: Places) -> dict[str, Any]:
    """Arrays in the form of the problem: of one layer by name, of a stack layer by layer."""

    def of_direction(layer: DirectionalLayer, given: GivenDirection, number: int, direction: str) -> dict[str, Any]:
        arrays = {name: array for (*place, name), array in places.items() if place == [number, direction]}
        return {name: in_form(layer, given, name, array) for name, array in arrays.items()}

    top = {name: array.tolist() for (number, _direction, name), array in places.items() if number == -1}
    return {**_layer_by_layer(problem, of_direction), **top}


def _layer_by_layer(
    problem: Problem, of_direction: Callable[[DirectionalLayer, GivenDirection, int, str], dict[str, Any]]
) -> dict[str, Any]:
    """What each direction of each layer has: of one layer by name, of a stack in a list under `layers`."""
    layers = []
    for number, (layer, stated) in enumerate(zip(problem.network.layers, problem.layers)):
        by_direction = {
            direction: of_direction(directional, stated[direction], number, direction)
            for direction, directional in layer.passes.items()
        }
        layers.append(next(iter(by_direction.values())) if len(by_direction) == 1 else by_direction)
    return {"layers": layers} if stacked(problem) else layers[0]


def in_form(layer: DirectionalLayer, given: GivenDirection, name: str, array: np.ndarray, axis: int = 0) -> Any:
    """One stacked array, its gates along `axis`, in the problem's form as nested lists."""
    stack = layer.cell.stacks.get(name, [])
    gates = "".join(parameter.gate or "" for parameter in stack)
    if not gates:
        return array.tolist()
    stacked_array = np.moveaxis(array, axis, 0)
    if name in given.by_gate or (name not in given.arrays and given.by_gate):
        parts = np.split(stacked_array, len(gates))
        return {gate: np.moveaxis(part, 0, axis).tolist() for gate, part in zip(gates, parts)}
    order = "".join(gate for gate in given.order or gates if gate in gates)
    return np.moveaxis(reordered(stacked_array, gates, order), 0, axis).tolist()


def _steps(problem: Problem, trace: Trace, gradients: Gradients) -> dict[str, Any]:
    """Every step's gradients; of a stack, layer by layer beside those of the read-out."""

    def listed(array: np.ndarray) -> Any:
        return stepwise(trace, array)

    def of_direction(layer: DirectionalLayer, given: GivenDirection, number: int, direction: str) -> dict[str, Any]:
        steps: dict[str, Any] = {}
        for name, array in gradients.layers[number].passes[direction].steps.items():
            if name == "da" and layer.cell.gates:
                parts = in_form(layer, given, "U", array, array.ndim - 1)
                steps[name] = (
                    {gate: listed(np.asarray(part)) for gate, part in parts.items()}
                    if isinstance(parts, dict)
                    else listed(np.asarray(parts))
                )
            elif name != "dy" or layer.cell.owns_read_out:
                steps[name] = listed(array)
        return steps

    steps = _layer_by_layer(problem, of_direction)
    if gradients.read_out:
        steps["ds"] = listed(gradients.read_out.steps["ds"])
    return {**steps, "dx": listed(gradients.x)}
